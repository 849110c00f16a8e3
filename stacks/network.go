package stacks

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway/configjson"
)

// Network is what stands between a stack's processes and the internet.
type Network struct {
	// Proxy is the HTTP proxy through which gateway and refresher reach the internet, such as http://proxy.example.com:3128. Network
	// policies let them out to its port. Where it asks for a login, keep the URL with that as HTTPS_PROXY in secrets.env, or in
	// gateway.secretRefs, and in refresher.secretRefs: it wins over this one. Default: none.
	Proxy string
	// NoProxy are hosts, domains such as .example.com, addresses and CIDRs that are reached without the proxy: VPC endpoints, for instance.
	// Beside them are always: the machine itself, names below .svc and .cluster.local, private and link-local addresses, the clouds'
	// metadata and credentials endpoints.
	NoProxy []string
	// CaFile is a PEM file with authorities that gateway and refresher trust for HTTPS beside the public ones, such as those of a proxy
	// that opens TLS. Relative paths begin in the folder of Pulumi.yaml. Default: the public ones alone.
	CaFile string
	// CaConfigMap is a key of an existing ConfigMap in the namespace that has them instead. Its changes roll no pods. Kubernetes alone.
	CaConfigMap *kubernetes.ConfigMapKeyRef

	// ca is what caFile holds.
	ca string
}

// Variables by which programs find a proxy. Upper case alone: Go, Python (the AWS CLI and gcloud) and, for HTTPS, curl read it, and
// busybox's wget, by which ECS checks the gateway, reads http_proxy alone, knows no exceptions, and would ask the proxy for 127.0.0.1
// (busybox, networking/wget.c; Go, net/http, ProxyFromEnvironment; Python, urllib.request, getproxies_environment; curl, "Environment
// variables").
const (
	httpsProxyVariable = "HTTPS_PROXY"
	httpProxyVariable  = "HTTP_PROXY"
	noProxyVariable    = "NO_PROXY"
)

// withoutProxy are what no proxy leads to. Programs that know no CIDR (Python's urllib) have the addresses of the clouds' endpoints beside:
// instance metadata, the credentials of tasks (Amazon ECS developer guide, "Task IAM role") and of EKS Pod Identity, Azure's own host.
// CIDRs are compared with addresses, and never with names that have them (Go, httpproxy; curl): private addresses are those of pods,
// Services, tasks and the API server.
var withoutProxy = []string{
	"localhost", "127.0.0.1", "::1", ".svc", ".cluster.local",
	"169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16",
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10",
}

// namesInside are names of a place's own to which no proxy leads: GKE's metadata server (Google Kubernetes Engine, "About Workload Identity
// Federation for GKE").
var namesInside = map[string][]string{onGke.name(): {"metadata.google.internal"}}

// proxyVariables lead a program to the proxy; none where there is no proxy. inside are further names of the stack's own.
func (n *Network) proxyVariables(inside ...string) map[string]string {
	if n.Proxy == "" {
		return nil
	}
	direct := slices.Concat(withoutProxy, inside, n.NoProxy)
	return map[string]string{
		httpsProxyVariable: n.Proxy, httpProxyVariable: n.Proxy, noProxyVariable: strings.Join(direct, ","),
	}
}

// proxyEnv leads the gateway at a place to the proxy. A secret variable takes the place of a plain one: it has the proxy's login.
func (c *Config) proxyEnv(at target) map[string]string {
	inside := slices.Clone(namesInside[at.name()])
	if c.clusterForm(at) == brokerCluster {
		inside = append(inside, at.brokerHost(c))
	}
	plain := c.Network.proxyVariables(inside...)
	secret := c.secretEnv(at)
	maps.DeleteFunc(plain, func(name, _ string) bool {
		_, configured := secret[name]
		_, referred := c.Gateway.SecretRefs[name]
		return configured || referred && at.pods()
	})
	return plain
}

// refresherEnv are the plain variables of the container that fetches the token.
func (c *Config) refresherEnv() map[string]string {
	env, inside := map[string]string{}, []string(nil)
	if on := c.onKubernetes(); on != nil {
		inside = namesInside[on.name()]
	}
	for name, value := range c.Network.proxyVariables(inside...) {
		if _, referred := c.Refresher.SecretRefs[name]; !referred {
			env[name] = value
		}
	}
	maps.Copy(env, c.Refresher.Env)
	return env
}

// withProxy lets every provider of config.json go the way that the variables say: without proxy_config a provider's client reads none of
// them (Bifrost, core/providers/utils, ConfigureProxy; the type environment is the one that does). A provider's own proxy_config stays.
func withProxy(c *Config, _ target, document configjson.Document) configjson.Document {
	if c.Network.Proxy == "" {
		return document
	}
	return configjson.WithEnvironmentProxy(document)
}

// caArgs are the network's authorities for pods; nil where there are none.
func (n *Network) caArgs() *kubernetes.CaArgs {
	if n.ca == "" && n.CaConfigMap == nil {
		return nil
	}
	return &kubernetes.CaArgs{Pem: n.ca, ConfigMap: n.CaConfigMap}
}

// loadFiles reads the network's authorities.
func (n *Network) loadFiles(dir string) field.ErrorList {
	p := field.NewPath("network", "caFile")
	if n.CaFile == "" {
		return nil
	}
	text, problem := readFile(dir, n.CaFile, p)
	if problem != nil {
		return field.ErrorList{problem}
	}
	if wrong := checkAuthorities(text, time.Now()); wrong != "" {
		return field.ErrorList{field.Invalid(p, n.CaFile, wrong)}
	}
	n.ca = string(text)
	return nil
}

// validateNetwork checks the proxy and the authorities, and that nothing else says the same.
func (c *Config) validateNetwork(k *checker) {
	p, n := field.NewPath("network"), &c.Network
	k.add(n.validateProxy(p.Child("proxy"))...)
	for i, host := range n.NoProxy {
		if host == "" || strings.ContainsAny(host, ", \t") {
			k.add(field.Invalid(p.Child("noProxy").Index(i), host, "one host, domain, address or CIDR, without commas and spaces"))
		}
	}
	if n.Proxy == "" && len(n.NoProxy) > 0 {
		k.add(field.Required(p.Child("proxy"), "noProxy are exceptions from it; write it, or remove them"))
	}
	if n.CaFile != "" && n.CaConfigMap != nil {
		k.add(field.Forbidden(p, "caFile and caConfigMap say the same; keep one of them"))
	}
	if ref := n.CaConfigMap; ref != nil {
		k.add(ref.Validate(p.Child("caConfigMap"))...)
		if c.Ecs != nil {
			k.add(field.Forbidden(p.Child("caConfigMap"),
				"tasks of ECS cannot read an object of Kubernetes; write network.caFile, which serves both"))
		}
	}
	c.validateNetworkVariables(k)
}

func (n *Network) validateProxy(p *field.Path) field.ErrorList {
	if n.Proxy == "" {
		return nil
	}
	const want = "the URL of an HTTP proxy with its port, such as http://proxy.example.com:3128"
	u, err := url.Parse(n.Proxy)
	switch {
	case strings.Contains(n.Proxy, "@"):
		return field.ErrorList{field.Forbidden(p, "holds a login, which would stand in git and in the state: change the password where it "+
			"is from, write the URL without it, and run `"+setSecret("env."+httpsProxyVariable)+"` with all of the URL; the refresher "+
			"takes it from a key of an existing Secret, refresher.secretRefs")}
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Port() == "", strings.Trim(u.Path, "/") != "",
		u.RawQuery != "":
		return field.ErrorList{field.Invalid(p, n.Proxy, want)}
	}
	return nil
}

// validateNetworkVariables refuses a second word on the way out among the plain variables. One in small letters is a second word, too.
func (c *Config) validateNetworkVariables(k *checker) {
	plain := c.plainVariables()
	plain["refresher.env"] = c.Refresher.Env
	for _, key := range slices.Sorted(maps.Keys(plain)) {
		for _, name := range slices.Sorted(maps.Keys(plain[key])) {
			p, value := field.NewPath(key).Key(name), plain[key][name]
			switch upper := strings.ToUpper(name); {
			case strings.HasSuffix(upper, "_PROXY") && strings.Contains(value, "@"):
				k.add(field.Forbidden(p, "holds a login; "+c.asSecret(name)))
			case name == "http_proxy" && c.Ecs != nil && key != "refresher.env":
				k.add(field.Forbidden(p, "the check of the tasks, wget, would ask this proxy for the gateway itself; write network.proxy"))
			case c.Network.Proxy == "":
			case upper == httpsProxyVariable, upper == httpProxyVariable:
				k.add(field.Forbidden(p, "network.proxy says it; remove one of them"))
			case upper == noProxyVariable:
				k.add(field.Forbidden(p, "network.noProxy says it; write it there"))
			}
		}
	}
}

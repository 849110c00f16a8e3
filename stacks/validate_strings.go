package stacks

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"bifrost/components/kubernetes"
	"bifrost/internal/check"
)

// validateStrings checks texts that a cloud, a cluster or a client would refuse once something is made, and that belong to no component
// alone.
func (c *Config) validateStrings(k *checker) {
	c.validateOwnNames(k)
	c.validatePullSecretName(k)
	c.validateKubeconfig(k)
	c.validateSecretTexts(k)
	c.validateSizes(k)
	if a := c.written.Aks; a != nil {
		p := field.NewPath("aks")
		k.add(check.Optional(p.Child("tokenAudience"), a.TokenAudience, tokenAudience)...)
		if a.Entra != nil && check.AppIdUri.Pattern.MatchString(a.Entra.AppIdUri) {
			k.add(check.Optional(p.Child("entra", "appIdUri"), a.Entra.AppIdUri, tokenAudience)...)
		}
	}
	for i, host := range c.Network.NoProxy {
		k.add(withoutProxyForm(field.NewPath("network", "noProxy").Index(i), host)...)
	}
	if o := c.Gateway.Otel; o != nil {
		k.add(o.validateHeaders(field.NewPath("gateway", "otel", "headers"))...)
	}
}

// tokenAudience is what a provider of a workload identity pool may list (Google Cloud IAM API, Oidc.allowedAudiences: 256 characters).
var tokenAudience = check.Rule{
	Pattern: regexp.MustCompile(`^[\x21-\x7e]{1,256}$`),
	Want:    "the audience that the provider at Google Cloud allows: at most 256 characters, without spaces",
}

// validateOwnNames refuses one name for two things of this stack. IAM and Azure Resource Manager take capitals for small letters (IAM API
// reference, CreateRole and CreatePolicy; Azure Resource Manager, "Naming rules and restrictions").
func (c *Config) validateOwnNames(k *checker) {
	taken := map[string]string{}
	for _, own := range c.namedIdentities() {
		id := own.kind + " " + strings.ToLower(own.name)
		if other, twice := taken[id]; twice {
			k.add(field.Invalid(field.NewPath(own.key), own.name, fmt.Sprintf("the %s of %s has this name, and there is one of a name, "+
				"in capitals or not; write another one", own.kind, other)))
		}
		taken[id] = own.key
	}
}

// validatePullSecretName refuses the name of a Secret that the stack makes for something else: the API server has one of a name.
func (c *Config) validatePullSecretName(k *checker) {
	on := c.onKubernetes()
	if on == nil {
		return
	}
	if pull := on.pullSecret(c); pull != nil && slices.Contains(kubernetes.MadeSecrets(), pull.SecretName) {
		k.add(field.Invalid(field.NewPath(on.name(), "secretName"), pull.SecretName, "the stack keeps other values of the gateway in a "+
			"Secret of this name; write another one"))
	}
}

// validateKubeconfig refuses what is neither the contents of a kubeconfig nor the path of one, without repeating it (pulumi-kubernetes,
// provider configuration, kubeconfig).
func (c *Config) validateKubeconfig(k *checker) {
	text := c.Secrets.Kubeconfig
	var contents any
	err := yaml.Unmarshal([]byte(text), &contents)
	_, object := contents.(map[string]any)
	if text == "" || err == nil && (object || !strings.ContainsAny(text, " \t\n")) {
		return
	}
	k.add(field.Forbidden(field.NewPath("secrets", "kubeconfig"), "not the contents of a kubeconfig; run `"+setSecret("kubeconfig")+
		" < FILE`"))
}

// proxyless is a host or a domain, with a port or without, as programs compare it (Go, golang.org/x/net/http/httpproxy, config.init; curl,
// "NO_PROXY").
var proxyless = regexp.MustCompile(`^(\*|(\*?\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?)(:\d{1,5})?$`)

// withoutProxyForm refuses an exception that no program would ever find: it would go through the proxy without a word. Spaces and
// commas are refused elsewhere.
func withoutProxyForm(p *field.Path, host string) field.ErrorList {
	if host == "" || strings.ContainsAny(host, ", \t") || proxyless.MatchString(host) {
		return nil
	}
	_, notCidr := netip.ParsePrefix(host)
	_, notAddress := netip.ParseAddr(strings.Trim(host, "[]"))
	_, notPort := netip.ParseAddrPort(host)
	if notCidr == nil || notAddress == nil || notPort == nil {
		return nil
	}
	return field.ErrorList{field.Invalid(p, host, "a host such as db.example.com, a domain such as .example.com, an address or a CIDR "+
		"such as 10.0.0.0/8, without https:// and path")}
}

// grpcHeader and grpcValue are what gRPC takes (grpc-go, internal/metadata, ValidatePair).
var (
	grpcHeader = regexp.MustCompile(`^[0-9A-Za-z_.-]+$`)
	grpcValue  = regexp.MustCompile(`^[\x20-\x7e]*$`)
)

// validateHeaders refuses headers that the collector's client would refuse at the first span, and the gateway would not tell. Values may be
// secret ones, and are not repeated.
func (o *Otel) validateHeaders(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		good, fine := httpguts.ValidHeaderFieldName(name), httpguts.ValidHeaderFieldValue(o.Headers[name])
		if o.Protocol == otelGrpc {
			good, fine = grpcHeader.MatchString(name), grpcValue.MatchString(o.Headers[name])
		}
		if !good {
			errs = append(errs, field.Invalid(p.Key(name), name, "not the name of a header: letters, digits and hyphens, such as "+
				"x-api-key"))
		}
		if !fine {
			errs = append(errs, field.Forbidden(p.Key(name), "the value of a header has no line breaks or other characters that cannot be "+
				"printed; remove them"))
		}
	}
	return errs
}

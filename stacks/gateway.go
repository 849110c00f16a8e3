package stacks

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// Gateway is Bifrost itself. ECS reads Config, Env, ChangeEncryptionKey, AdminUsername, OpenAdministration, Postgres, StartupSeconds,
// MigrationJob, IPFamily, Replicas, Log, Otel and Clustering of it; the rest is Kubernetes. Nested arguments of the component are keys as
// they are, in lower camel case.
type Gateway struct {
	// Namespace and ServiceAccount are made here, unless they are said to exist.
	Namespace              string
	ExistingNamespace      bool
	ServiceAccount         string
	ExistingServiceAccount bool

	// Config is the content of config.json, or ConfigFile the file that has it, relative to the project's folder. SchemaFile is a
	// JSON schema that it must meet.
	Config     map[string]any
	ConfigFile string
	SchemaFile string
	// ExistingConfigSecret has config.json under that key, and is nobody's to check here.
	ExistingConfigSecret string
	// Env are plain environment variables; SecretRefs come from existing Secrets.
	Env        map[string]string
	SecretRefs map[string]kubernetes.SecretKeyRef
	// AdminUsername and secrets.adminPassword are the login to the administration; OpenAdministration says that there is none.
	AdminUsername      string
	OpenAdministration bool
	// ChangeEncryptionKey lets one up change the encryption key, with which the gateway reads nothing that it has stored and is open.
	ChangeEncryptionKey bool
	Postgres            Postgres
	Log                 *kubernetes.WorkloadLogArgs
	Otel                *Otel

	ImagePullPolicy         string
	CpuRequest              string
	MemoryRequest           string
	EphemeralStorageRequest string
	CpuLimit                string
	MemoryLimit             string
	EphemeralStorageLimit   string

	Replicas                *int
	Storage                 *kubernetes.WorkloadStorageArgs
	Autoscaling             *kubernetes.WorkloadAutoscalingArgs
	DisruptionBudget        *kubernetes.WorkloadDisruptionBudgetArgs
	Scheduling              *Scheduling
	PreStopSeconds          int
	TerminationGraceSeconds int
	StartupSeconds          int
	// MigrationJob migrates the database before the rollout; IPFamily is IPv4 or IPv6.
	MigrationJob bool
	IpFamily     string
	Clustering   *Clustering

	Service       *kubernetes.WorkloadServiceArgs
	Ingress       *kubernetes.WorkloadIngressArgs
	HttpRoute     *kubernetes.WorkloadHttpRouteArgs
	NetworkPolicy *NetworkPolicy
	Monitoring    *Monitoring

	Annotations       map[string]string
	PodLabels         map[string]string
	PodAnnotations    map[string]string
	ExtraVolumes      []corev1.Volume
	ExtraVolumeMounts []corev1.VolumeMount
	ExtraContainers   []corev1.Container
	InitContainers    []corev1.Container

	// databaseCA is what postgres.caFile holds.
	databaseCa string
}

// Postgres is what config.json does not say of the database.
type Postgres struct {
	// MaxConnections that it takes; all pools of all processes must fit.
	MaxConnections int
	// AllowInsecure says a second time that ssl_mode may leave the connection in clear.
	AllowInsecure bool
	// CAFile holds the authorities of the databases' certificates, as PEM; relative paths begin in the project's folder.
	CaFile string
	// CAConfigMap or CASecret has them instead, in the gateway's namespace.
	CaConfigMap *kubernetes.ConfigMapKeyRef
	CaSecret    *kubernetes.SecretKeyRef
}

// Otel is the profile of the plugin otel: where traces, and metrics, go.
type Otel struct {
	CollectorUrl          string
	Protocol              string
	TraceType             string
	ServiceName           string
	Headers               map[string]string
	Insecure              bool
	MetricsEndpoint       string
	MetricsPushInterval   int
	DisableContentLogging bool
}

// Scheduling says on which nodes the pods run, in the words of the Kubernetes API.
type Scheduling struct {
	NodeSelector   map[string]string
	Tolerations    []corev1.Toleration
	Affinity       *corev1.Affinity
	PriorityClass  string
	TopologySpread *kubernetes.WorkloadTopologySpreadArgs
}

// NetworkPolicy is of the gateway's pods; ExtraEgress is in the words of the Kubernetes API.
type NetworkPolicy struct {
	Disabled      bool
	From          []kubernetes.NetworkPeer
	FromAnywhere  bool
	MetricsFrom   []kubernetes.NetworkPeer
	DatabasePorts []int
	ExtraEgress   []networkingv1.NetworkPolicyEgressRule
}

// Monitoring is for the Prometheus Operator: ServiceMonitor scrapes the gateway, AlertRules tell of a refresher that fails.
type Monitoring struct {
	ServiceMonitor bool
	Interval       string
	Labels         map[string]string
	BasicAuth      *kubernetes.WorkloadBasicAuthArgs
	AlertRules     bool
	AlertLabels    map[string]string
}

// loadFiles reads what the configuration names as files below dir, and tells what of them is wrong.
func (g *Gateway) loadFiles(dir string) field.ErrorList {
	return append(g.loadDatabaseCa(dir), g.loadConfig(dir)...)
}

func (g *Gateway) loadConfig(dir string) field.ErrorList {
	p := field.NewPath("gateway", "configFile")
	switch {
	case g.ConfigFile == "":
		return nil
	case len(g.Config) > 0:
		return field.ErrorList{field.Forbidden(p, "gateway.config is set, too; keep one of them")}
	}
	text, problem := readFile(dir, g.ConfigFile, p)
	if problem != nil {
		return field.ErrorList{problem}
	}
	document, err := configjson.Parse(text)
	if err != nil {
		return field.ErrorList{field.Invalid(p, g.ConfigFile, err.Error())}
	}
	if len(document) == 0 {
		return field.ErrorList{field.Invalid(p, g.ConfigFile, "an empty object")}
	}
	g.Config = document
	return nil
}

func readFile(dir, name string, p *field.Path) ([]byte, *field.Error) {
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	text, err := os.ReadFile(file)
	var failed *os.PathError
	if errors.As(err, &failed) {
		return nil, field.Invalid(p, name, fmt.Sprintf("cannot be read: %s; relative paths begin in the folder of Pulumi.yaml", failed.Err))
	}
	return text, nil
}

// configPath is the key that config.json comes from.
func (g *Gateway) configPath() *field.Path {
	if g.ConfigFile != "" {
		return field.NewPath("gateway", "configFile")
	}
	return field.NewPath("gateway", "config")
}

// replicas of the gateway: as configured, else 3 with PostgreSQL (two pods lose quorum) and 1 with SQLite.
func (g *Gateway) replicas() int {
	switch {
	case g.Replicas != nil:
		return *g.Replicas
	case g.withoutSQLite():
		return 3
	}
	return 1
}

// withoutSQLite tells whether more than one process may run: every store is on a server, or disabled. What an existing Secret holds
// is not known: storage says that it is SQLite.
func (g *Gateway) withoutSQLite() bool {
	switch {
	case g.ExistingConfigSecret != "":
		return g.Storage == nil
	case g.ConfigFile != "" && len(g.Config) == 0:
		// It could not be read, and that is the problem.
		return true
	}
	return !configjson.UsesSQLite(g.Config)
}

// withTraces adds the plugin that exports traces.
func withTraces(c *Config, _ target, document configjson.Document) configjson.Document {
	if c.Gateway.Otel == nil {
		return document
	}
	return configjson.WithPlugin(document, configjson.OtelPlugin, c.Gateway.Otel.profile())
}

// Defaults of the exported traces: names of the plugin otel.
const (
	otelGrpc      = "grpc"
	otelTraceType = "genai_extension"
)

// profile is the configuration of the plugin otel.
func (o *Otel) profile() map[string]any {
	profile := map[string]any{
		"collector_url": o.CollectorUrl, "protocol": o.Protocol, "trace_type": o.TraceType, "service_name": o.ServiceName,
		// The plugin skips verification by default.
		"insecure": o.Insecure,
	}
	if len(o.Headers) > 0 {
		headers := map[string]any{}
		for k, v := range o.Headers {
			headers[k] = v
		}
		profile["headers"] = headers
	}
	if o.MetricsEndpoint != "" {
		profile["metrics_enabled"], profile["metrics_endpoint"] = true, o.MetricsEndpoint
	}
	if o.MetricsPushInterval != 0 {
		profile["metrics_push_interval"] = o.MetricsPushInterval
	}
	if o.DisableContentLogging {
		profile["disable_content_logging"] = true
	}
	return profile
}

// ports are those of the collector, as far as they are literal; 443 is open anyway.
func (o *Otel) ports() []int {
	var ports []int
	for _, endpoint := range []string{o.CollectorUrl, o.MetricsEndpoint} {
		port, err := strconv.Atoi(portOf(endpoint))
		if err == nil && port != 443 && !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports
}

func portOf(endpoint string) string {
	if _, port, err := net.SplitHostPort(endpoint); err == nil {
		return port
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return ""
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return ""
}

// workloadArgs are the component's arguments as far as they are the configuration's alone.
func (c *Config) workloadArgs(at target) kubernetes.BifrostWorkloadArgs {
	g := &c.Gateway
	args := kubernetes.BifrostWorkloadArgs{
		Image:                   c.Registry.Image,
		ImagePullPolicy:         g.ImagePullPolicy,
		ExistingConfigSecret:    g.ExistingConfigSecret,
		Env:                     c.env(at),
		SecretEnv:               c.secretInputs(at),
		SecretRefs:              g.SecretRefs,
		ChangeEncryptionKey:     g.ChangeEncryptionKey,
		DatabaseCa:              c.databaseCaArgs(),
		ServiceAccount:          g.ServiceAccount,
		ExistingServiceAccount:  g.ExistingServiceAccount,
		CpuRequest:              g.CpuRequest,
		MemoryRequest:           g.MemoryRequest,
		EphemeralStorageRequest: g.EphemeralStorageRequest,
		CpuLimit:                g.CpuLimit,
		MemoryLimit:             g.MemoryLimit,
		EphemeralStorageLimit:   g.EphemeralStorageLimit,
		Storage:                 g.Storage,
		Autoscaling:             g.Autoscaling,
		DisruptionBudget:        g.DisruptionBudget,
		PreStopSeconds:          g.PreStopSeconds,
		TerminationGraceSeconds: g.TerminationGraceSeconds,
		StartupSeconds:          g.StartupSeconds,
		MigrationJob:            g.MigrationJob,
		IpFamily:                g.IpFamily,
		Service:                 g.Service,
		Ingress:                 g.Ingress,
		HttpRoute:               g.HttpRoute,
		NetworkPolicy:           c.networkPolicyArgs(at),
		Labels:                  c.labels(),
		Annotations:             g.Annotations,
		PodLabels:               g.PodLabels,
		PodAnnotations:          g.PodAnnotations,
		ExtraVolumes:            inputs[corev1.VolumeInput, corev1.VolumeOutput](g.ExtraVolumes),
		ExtraVolumeMounts:       inputs[corev1.VolumeMountInput, corev1.VolumeMountOutput](g.ExtraVolumeMounts),
		ExtraContainers:         inputs[corev1.ContainerInput, corev1.ContainerOutput](g.ExtraContainers),
		InitContainers:          inputs[corev1.ContainerInput, corev1.ContainerOutput](g.InitContainers),
	}
	delete(args.SecretEnv, gateway.EncryptionKeyVariable)
	if c.Secrets.EncryptionKey != "" {
		args.EncryptionKey = secretString(c.Secrets.EncryptionKey)
	}
	if !g.withoutSQLite() && args.Storage == nil {
		args.Storage = &kubernetes.WorkloadStorageArgs{}
	}
	if g.Autoscaling == nil {
		args.Replicas = g.replicas()
	}
	if s := g.Scheduling; s != nil {
		args.Scheduling = &kubernetes.WorkloadSchedulingArgs{
			NodeSelector: s.NodeSelector, Tolerations: inputs[corev1.TolerationInput, corev1.TolerationOutput](s.Tolerations),
			PriorityClass: s.PriorityClass, TopologySpread: s.TopologySpread,
		}
		if s.Affinity != nil {
			args.Scheduling.Affinity = resolved[corev1.Affinity, corev1.AffinityOutput](*s.Affinity).ToAffinityPtrOutput()
		}
	}
	if c.clusterForm(at) == meshCluster {
		args.Clustering = &kubernetes.WorkloadClusteringArgs{}
	}
	if m := g.Monitoring; m != nil && m.ServiceMonitor {
		args.Monitoring = &kubernetes.WorkloadMonitoringArgs{Interval: m.Interval, Labels: m.Labels, BasicAuth: m.BasicAuth}
		if m.BasicAuth == nil {
			args.Monitoring.Login = c.scrapeLogin(at)
		}
	}
	return args
}

// networkPolicyArgs opens the ports of the databases, of the collector and of a broker where config.json has them literally.
func (c *Config) networkPolicyArgs(at target) *kubernetes.WorkloadNetworkPolicyArgs {
	g := &c.Gateway
	args := &kubernetes.WorkloadNetworkPolicyArgs{}
	if n := g.NetworkPolicy; n != nil {
		args.Disabled, args.From, args.FromAnywhere, args.MetricsFrom, args.DatabasePorts = n.Disabled, n.From, n.FromAnywhere, n.MetricsFrom, n.DatabasePorts
		args.ExtraEgress = inputs[networkingv1.NetworkPolicyEgressRuleInput, networkingv1.NetworkPolicyEgressRuleOutput](n.ExtraEgress)
	}
	if len(args.DatabasePorts) == 0 {
		args.DatabasePorts = configjson.DatabasePorts(g.Config)
	}
	args.ExtraEgress = append(args.ExtraEgress, c.brokerEgress(at)...)
	if g.Otel != nil {
		for _, port := range g.Otel.ports() {
			args.ExtraEgress = append(args.ExtraEgress, &networkingv1.NetworkPolicyEgressRuleArgs{
				Ports: networkingv1.NetworkPolicyPortArray{&networkingv1.NetworkPolicyPortArgs{Port: pulumi.Int(port), Protocol: pulumi.String("TCP")}},
			})
		}
	}
	return args
}

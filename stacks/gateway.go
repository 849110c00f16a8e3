package stacks

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"

	"bifrost/components/kubernetes"
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

	// databaseCa is what postgres.caFile holds.
	databaseCa string
}

// Postgres is what config.json does not say of the database.
type Postgres struct {
	// MaxConnections that it takes; all pools of all processes must fit.
	MaxConnections int
	// AllowInsecure says a second time that ssl_mode may leave the connection in clear.
	AllowInsecure bool
	// CaFile holds the authorities of the databases' certificates, as PEM; relative paths begin in the project's folder.
	CaFile string
	// CaConfigMap or CASecret has them instead, in the gateway's namespace.
	CaConfigMap *kubernetes.ConfigMapKeyRef
	CaSecret    *kubernetes.SecretKeyRef
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

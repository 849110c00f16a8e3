package stacks

import (
	"cmp"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway/configjson"
)

// Gateway is Bifrost itself. ECS reads Config, ConfigFile, SchemaFile, Env, ChangeEncryptionKey, WeakEncryptionKey, AdminUsername,
// OpenAdministration, Postgres, StartupSeconds, MigrationJob, IpFamily, Replicas, Log, Otel and Clustering of it; the rest is Kubernetes.
// Nested arguments of the component are keys as they are, in lower camel case.
type Gateway struct {
	// Namespace of the gateway. It is made here. With another name the former namespace goes last, with all that is in it. Default bifrost.
	Namespace string
	// ExistingNamespace says that the namespace exists. It is neither made nor changed, and gives a warning where it does not enforce Pod
	// Security restricted. Default false.
	ExistingNamespace bool
	// SuppliedObjects are objects that the configuration names and that are in the namespace although the stack makes it, such as
	// secret/wildcard-tls, configmap/corporate-ca, persistentvolumeclaim/data, serviceaccount/bifrost: something in the cluster puts them
	// into every namespace, or somebody made them after an earlier up. Without it they are refused, since the first up would wait for them
	// in vain.
	SuppliedObjects []string
	// Name of the Deployment or StatefulSet and of its Service; what else is made for the gateway has a name that begins with it. With
	// another name they are made anew. Default bifrost.
	Name string
	// Selector are the labels by which the pods are picked, which they carry: for a Deployment that was made by hand or by the vendor's
	// chart, whose selector can never change (docs/adopt.md). With others the Deployment is made anew. Default: the label app, with the
	// name.
	Selector map[string]string
	// ServiceAccount of the gateway's pods. It is made here. Default bifrost-sa.
	ServiceAccount string
	// ExistingServiceAccount says that the ServiceAccount exists. It is neither made nor changed. Default false.
	ExistingServiceAccount bool

	// Config is the content of config.json, as an object, with secrets as references env.NAME. Exactly one of config, configFile and
	// existingConfigSecret is required with rollout full.
	Config map[string]any
	// ConfigFile is a JSON file with that content. Relative paths begin in the folder of Pulumi.yaml.
	ConfigFile string
	// SchemaFile is a JSON schema that config.json must meet: `bifrostctl schema` fetches the vendor's into the project.
	SchemaFile string
	// ExistingConfigSecret is a Secret in the namespace with the key config.json. Nothing here checks it or adds to it, and its changes
	// roll no pods.
	ExistingConfigSecret string
	// Env are plain environment variables. On ECS, ecs.env wins.
	Env map[string]string
	// SecretRefs are environment variables from keys of existing Secrets. They may also be BIFROST_LICENSE, BIFROST_ENCRYPTION_KEY,
	// BIFROST_SETUP_TOKEN, BIFROST_BROKER_TOKEN, BIFROST_ADMIN_PASSWORD and BIFROST_ADMIN_USERNAME.
	SecretRefs map[string]kubernetes.SecretKeyRef
	// AdminUsername is the name of the administrator whose password is secrets.adminPassword. Default admin.
	AdminUsername string
	// OpenAdministration says that anybody who reaches the gateway may administer it. It is refused beside a login. Default false.
	OpenAdministration bool
	// ChangeEncryptionKey lets one up change the encryption key, which opens inference to everybody until the database is emptied
	// (docs/configuration.md). Remove it afterwards. Default false.
	ChangeEncryptionKey bool
	// WeakEncryptionKey says that secrets.encryptionKey may have fewer than 16 bytes, or fewer than 8 different ones. For a gateway that
	// runs with such a key: it cannot read what it has stored with another one. Default false.
	WeakEncryptionKey bool
	// Postgres is what config.json does not say of its databases.
	Postgres Postgres
	// Log is the gateway's own log.
	Log *kubernetes.WorkloadLogArgs
	// Otel exports traces and metrics by OpenTelemetry: the plugin otel is added to config.json, and the collector's port is opened in the
	// network policy.
	Otel *Otel

	// ImagePullPolicy says when nodes pull the gateway's image. Default IfNotPresent.
	ImagePullPolicy string
	// CpuRequest is the CPU that a pod requests, as a quantity of Kubernetes. Default 250m.
	CpuRequest string
	// MemoryRequest is the memory that a pod requests. Default 512Mi.
	MemoryRequest string
	// EphemeralStorageRequest is the disk space of a node that a pod requests. Default 256Mi.
	EphemeralStorageRequest string
	// CpuLimit is the most CPU of a pod. Default 1.
	CpuLimit string
	// MemoryLimit is the most memory of a pod. GOMEMLIMIT is 90 % of it. Default 2Gi.
	MemoryLimit string
	// EphemeralStorageLimit is the most disk space of a node that a pod may use. Default 2Gi.
	EphemeralStorageLimit string

	// Replicas is the number of pods, and of tasks of ECS where ecs.desiredCount does not say. Default: 3, the fewest that
	// can lose one; 1 with SQLite.
	Replicas *int
	// Storage is the volume of SQLite, at /app/data. With SQLite the gateway is a StatefulSet of one pod.
	Storage *kubernetes.WorkloadStorageArgs
	// Autoscaling changes the number of pods by their load, instead of replicas. An up leaves alone what it decided.
	Autoscaling *kubernetes.WorkloadAutoscalingArgs
	// DisruptionBudget bounds how many pods may be gone while nodes are drained. It is made for two pods or more.
	DisruptionBudget *kubernetes.WorkloadDisruptionBudgetArgs
	// Scheduling says on which nodes the pods run.
	Scheduling *Scheduling
	// PreStopSeconds is how long a pod that goes waits before SIGTERM, 1 to 3600: endpoints forget it, and streams end. Give as many
	// seconds as the longest stream takes. Default: 15, 30 where pods are the targets of a load balancer of AWS, and 60 behind an Ingress
	// of GKE's own.
	PreStopSeconds int
	// TerminationGraceSeconds is what a pod that goes has in all, at least preStopSeconds + 30. Default: preStopSeconds + 45.
	TerminationGraceSeconds int
	// StartupSeconds is how long a start may take, migrations of the database included: 90 to 3600, on ECS at most 600. Less than 450 is
	// refused where several processes may migrate one PostgreSQL. Default 450.
	StartupSeconds int
	// MigrationJob migrates the database before the rollout, and no server migrates. For images that know BIFROST_MIGRATE_ONLY alone.
	// Default false.
	MigrationJob bool
	// IpFamily IPv6 lets the gateway listen on IPv4 and IPv6, and its Services are of IPv6. With another family the Services are made anew,
	// with other addresses. Default: IPv4, and the cluster's own for Services.
	IpFamily string
	// Clustering lets the gateway's processes share their state.
	Clustering *Clustering

	// Service is the gateway's Service.
	Service *kubernetes.WorkloadServiceArgs
	// Ingress exposes the gateway through an ingress controller.
	Ingress *kubernetes.WorkloadIngressArgs
	// HttpRoute exposes the gateway through a Gateway of the Gateway API.
	HttpRoute *kubernetes.WorkloadHttpRouteArgs
	// NetworkPolicy says who may reach the gateway, and whom it reaches.
	NetworkPolicy *NetworkPolicy
	// Monitoring is for the Prometheus Operator.
	Monitoring *Monitoring

	// Annotations of every object of the gateway.
	Annotations map[string]string
	// PodLabels are labels of the pods alone, beside labels, which are of every object.
	PodLabels map[string]string
	// PodAnnotations are annotations of the pods alone.
	PodAnnotations map[string]string
	// ExtraVolumes are volumes of the pods, as in the Kubernetes API.
	ExtraVolumes []corev1.Volume
	// ExtraVolumeMounts are mounts of the gateway's container.
	ExtraVolumeMounts []corev1.VolumeMount
	// ExtraContainers run beside the gateway in each pod. They must meet Pod Security restricted.
	ExtraContainers []corev1.Container
	// InitContainers run before the gateway in each pod. They must meet Pod Security restricted.
	InitContainers []corev1.Container

	// databaseCa is what postgres.caFile holds.
	databaseCa string
}

// Postgres is what config.json does not say of the database.
type Postgres struct {
	// MaxConnections is what the database takes (SHOW max_connections): the preview adds up all pools of all processes. Default: not
	// checked.
	MaxConnections int
	// AllowInsecure confirms an ssl_mode of disable, allow or prefer, which is refused without it. Default false.
	AllowInsecure bool
	// CaFile is a PEM file with the authorities of the databases' certificates. Relative paths begin in the folder of Pulumi.yaml.
	// Default: the image's own authorities.
	CaFile string
	// CaConfigMap is an existing ConfigMap in the namespace that has them instead. Its changes roll no pods. Kubernetes alone.
	CaConfigMap *kubernetes.ConfigMapKeyRef
	// CaSecret is an existing Secret in the namespace that has them instead. Its changes roll no pods. Kubernetes alone.
	CaSecret *kubernetes.SecretKeyRef
}

// Scheduling says on which nodes the pods run, in the words of the Kubernetes API. Nodes of Windows are never among them.
type Scheduling struct {
	// NodeSelector has the labels of the nodes on which the pods may run.
	NodeSelector map[string]string
	// Tolerations of the pods, as in the Kubernetes API.
	Tolerations []corev1.Toleration
	// Affinity of the pods, as in the Kubernetes API.
	Affinity *corev1.Affinity
	// PriorityClass is the priority class of the pods.
	PriorityClass string
	// Architectures are the processors that the gateway's image is built for, amd64 and arm64: its pods run on nodes with one of these
	// alone. Default: any.
	Architectures []string
	// TopologySpread spreads the pods over zones and nodes.
	TopologySpread *kubernetes.WorkloadTopologySpreadArgs
}

// Placement says on which nodes pods run, in the words of the Kubernetes API. Nodes of Windows are never among them.
type Placement struct {
	// NodeSelector has the labels of the nodes on which the pods may run.
	NodeSelector map[string]string
	// Tolerations of the pods, as in the Kubernetes API.
	Tolerations []corev1.Toleration
	// Affinity of the pods, as in the Kubernetes API.
	Affinity *corev1.Affinity
	// PriorityClass is the priority class of the pods.
	PriorityClass string
}

// NetworkPolicy is of the gateway's pods; ExtraEgress is in the words of the Kubernetes API.
type NetworkPolicy struct {
	// Disabled makes no policy for the gateway. Default false.
	Disabled bool
	// From is who may connect to the gateway's port. Behind an ALB or another load balancer it must be given. Default: the pods of the
	// namespace itself, and of the ingress controller's or the Gateway's.
	From []kubernetes.NetworkPeer
	// FromAnywhere opens the gateway's port to everyone. Default false.
	FromAnywhere bool
	// MetricsFrom may use the port, too: Prometheus. Metrics have no port of their own.
	MetricsFrom []kubernetes.NetworkPeer
	// DatabasePorts are the ports of databases that the gateway may reach, beside DNS and HTTPS. Default: those in config.json, else 5432.
	DatabasePorts []int
	// ExtraEgress are further rules, as in the Kubernetes API: Redis, or a model server inside.
	ExtraEgress []networkingv1.NetworkPolicyEgressRule
}

// Monitoring is for the Prometheus Operator: ServiceMonitor scrapes the gateway, AlertRules tell of a refresher that fails.
type Monitoring struct {
	// ServiceMonitor lets the Prometheus Operator scrape /metrics. Its definition must be there. Default false.
	ServiceMonitor bool
	// Interval of scrapes. Default 30s.
	Interval string
	// Labels are those by which a Prometheus picks its ServiceMonitors.
	Labels map[string]string
	// BasicAuth are keys of existing Secrets with which Prometheus signs in. Default: secrets.adminPassword, in a Secret made here.
	BasicAuth *kubernetes.WorkloadBasicAuthArgs
	// AlertRules makes a PrometheusRule with two alerts: the last refresh failed, and the token is older than its life. They read
	// kube-state-metrics. Where the image is pulled without a refresher nothing is made, and a preview says so. Default false.
	AlertRules bool
	// AlertLabels are labels by which a Prometheus picks its rules.
	AlertLabels map[string]string
}

// appLabel is the value of the label app of the gateway's pods.
func (g *Gateway) appLabel() string { return cmp.Or(g.Selector["app"], g.Name) }

// replicas of the gateway: as configured, else 3 with PostgreSQL, the fewest that can lose one (Bifrost, "Clustering"), and 1 with SQLite.
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

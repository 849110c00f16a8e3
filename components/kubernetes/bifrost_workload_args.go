package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Defaults of a BifrostWorkload.
const (
	DefaultGatewayServiceAccount   = "bifrost-sa"
	DefaultCpuRequest              = "250m"
	DefaultMemoryRequest           = "512Mi"
	DefaultEphemeralStorageRequest = "256Mi"
	DefaultCpuLimit                = "1"
	DefaultMemoryLimit             = "2Gi"
	DefaultEphemeralStorageLimit   = "2Gi"
)

// BifrostWorkloadArgs are the arguments of NewBifrostWorkload. The gateway is a Deployment, or with Storage a StatefulSet of one pod.
type BifrostWorkloadArgs struct {
	// Name of the workload and of its Service, and value of the label app. Default bifrost.
	Name string `pulumi:"name,optional"`
	// Selector are the labels by which Services, policies and budgets pick the pods, which carry them: for a Deployment that somebody else
	// made, whose selector can never change. Default: the label app with the name.
	Selector map[string]string `pulumi:"selector,optional"`
	// Namespace of all objects. It must exist. Required.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Image is the reference of the gateway's image, with a tag other than latest or with a digest. Required.
	Image string `pulumi:"image"`
	// ImagePullPolicy is IfNotPresent or Always. Default IfNotPresent.
	ImagePullPolicy string `pulumi:"imagePullPolicy,optional"`
	// PullSecret is the name of the image pull Secret. Give plain text: an output ties the pods to the resource that it comes from, and
	// where that resource is replaced, the provider can delete the pods. Default: none, since the nodes can pull.
	PullSecret pulumi.StringInput `pulumi:"pullSecret,optional"`
	// Replicas is the number of pods: at least 1, exactly 1 with storage, and not given with autoscaling.
	Replicas int `pulumi:"replicas,optional"`

	// Config is the text of config.json. It is kept in a Secret, and a change rolls the pods. Give this or existingConfigSecret.
	Config pulumi.StringInput `pulumi:"config,optional"`
	// ExistingConfigSecret is the name of a Secret that has config.json under the key config.json. Its changes roll no pods. Give this or
	// config.
	ExistingConfigSecret string `pulumi:"existingConfigSecret,optional"`
	// Env are plain environment variables. No variable may be in secretEnv or in secretRefs, too.
	Env map[string]string `pulumi:"env,optional"`
	// SecretEnv are environment variables whose values are kept in a Secret made here. A change rolls the pods.
	SecretEnv map[string]pulumi.StringInput `pulumi:"secretEnv,optional"`
	// SecretRefs are environment variables whose values are in Secrets that exist. A change in such a Secret rolls no pods.
	SecretRefs map[string]SecretKeyRef `pulumi:"secretRefs,optional"`
	// EncryptionKey becomes the variable BIFROST_ENCRYPTION_KEY, from a Secret of its own. A preview or an up that would change the key,
	// remove it or take it from elsewhere stops. Default: the variable of secretRefs; without it the gateway does not encrypt.
	EncryptionKey pulumi.StringInput `pulumi:"encryptionKey,optional"`
	// ChangeEncryptionKey lets the encryption key change. The gateway can then read nothing that it has encrypted with the former key, and
	// serves inference to anybody until its database is emptied. Default false.
	ChangeEncryptionKey bool `pulumi:"changeEncryptionKey,optional"`
	// DatabaseCa are the authorities that sign the certificates of the databases. They are mounted, and the variable PGSSLROOTCERT names
	// their file to the gateway. Default: the authorities in the image.
	DatabaseCa *CaArgs `pulumi:"databaseCa,optional"`
	// NetworkCa are authorities of the network, such as those of a proxy that opens TLS. The gateway trusts them for HTTPS beside those in
	// the image: they are mounted, and the variable SSL_CERT_DIR names their folder. Default: those in the image alone.
	NetworkCa *CaArgs `pulumi:"networkCa,optional"`
	// Log is how much the gateway logs, and in which style. Default: the image's own.
	Log *WorkloadLogArgs `pulumi:"log,optional"`

	// ServiceAccount is the name of the gateway's ServiceAccount, which is made here. It mounts no token, and has no right in the cluster
	// unless clustering needs one. Default bifrost-sa.
	ServiceAccount string `pulumi:"serviceAccount,optional"`
	// ExistingServiceAccount takes a ServiceAccount that exists and does not change it. Its annotations are its owner's: awsRoleArn and
	// ecrRoleArn are refused, and azureClientId only labels the pods. Default false.
	ExistingServiceAccount bool `pulumi:"existingServiceAccount,optional"`
	// AwsRoleArn is the role that the gateway itself has on EKS (IRSA), such as for Amazon Bedrock. It never pulls the image.
	AwsRoleArn pulumi.StringInput `pulumi:"awsRoleArn,optional"`
	// PodIdentity says that EKS Pod Identity gives the gateway its role. The pod identity association belongs among the resources that
	// the workload depends on. Default false.
	PodIdentity bool `pulumi:"podIdentity,optional"`
	// RuntimeIdentity is the cloud's identity as which the containers sign in, as text: pods learn theirs when they are made, so that
	// another text makes new ones, one after the other. Default: azureClientId.
	RuntimeIdentity string `pulumi:"runtimeIdentity,optional"`
	// EcrRoleArn is the role with which kubelets pull the image. They ask for a token of the gateway's ServiceAccount themselves, and the
	// nodes must be configured for it. The containers never hold this role. Default: kubelets pull in another way.
	EcrRoleArn pulumi.StringInput `pulumi:"ecrRoleArn,optional"`
	// AzureClientId is the client id of the identity that the gateway itself has on AKS (workload identity), such as for Azure OpenAI.
	// The webhook of workload identity writes it into pods when they are made: let another one change podAnnotations, too.
	AzureClientId pulumi.StringInput `pulumi:"azureClientId,optional"`
	// GoogleServiceAccount is the email of the service account of Google as which the gateway itself signs in on GKE (workload identity),
	// such as for Vertex AI. It opens the way to the metadata server. An existing ServiceAccount is not annotated with it.
	GoogleServiceAccount pulumi.StringInput `pulumi:"googleServiceAccount,optional"`

	// NamespaceUserIds lets the namespace give the pods their users and groups, as OpenShift does: they state none. Where nothing gives
	// them, a kubelet refuses an image whose user is a name or root. Default: the image's own user, 1000.
	NamespaceUserIds bool `pulumi:"namespaceUserIds,optional"`

	// CpuRequest is the CPU that a pod requests, as a Kubernetes quantity, at most cpuLimit. Default 250m.
	CpuRequest string `pulumi:"cpuRequest,optional"`
	// MemoryRequest is the memory that a pod requests, as a Kubernetes quantity, at most memoryLimit. Default 512Mi.
	MemoryRequest string `pulumi:"memoryRequest,optional"`
	// EphemeralStorageRequest is the disk of the node that a pod requests, as a Kubernetes quantity, at most ephemeralStorageLimit.
	// Default 256Mi.
	EphemeralStorageRequest string `pulumi:"ephemeralStorageRequest,optional"`
	// CpuLimit is the most CPU that a pod gets, as a Kubernetes quantity. Default 1.
	CpuLimit string `pulumi:"cpuLimit,optional"`
	// MemoryLimit is the most memory that a pod gets, as a Kubernetes quantity. The variable GOMEMLIMIT is 90 % of it. Default 2Gi.
	MemoryLimit string `pulumi:"memoryLimit,optional"`
	// EphemeralStorageLimit is the most disk of the node that a pod gets, as a Kubernetes quantity. It limits each of the pod's empty
	// folders, too. Default 2Gi.
	EphemeralStorageLimit string `pulumi:"ephemeralStorageLimit,optional"`
	// Storage keeps the data folder on a volume, for SQLite. Default: the folder is empty in every new pod.
	Storage *WorkloadStorageArgs `pulumi:"storage,optional"`

	// Autoscaling decides about the number of pods, and is refused with storage. When it is taken away again, one up needs the variable
	// PULUMI_K8S_ENABLE_PATCH_FORCE=true, because the number of pods is the autoscaler's until then.
	Autoscaling *WorkloadAutoscalingArgs `pulumi:"autoscaling,optional"`
	// DisruptionBudget says how many pods may be gone while nodes are drained. Default: one, where there are two pods or more.
	DisruptionBudget *WorkloadDisruptionBudgetArgs `pulumi:"disruptionBudget,optional"`
	// Scheduling says on which nodes the pods run. Default: on any, spread over zones and nodes where that is possible.
	Scheduling *WorkloadSchedulingArgs `pulumi:"scheduling,optional"`
	// PreStopSeconds is how long a pod still serves before it gets SIGTERM, 1 to 3600 seconds. Meanwhile clients learn to avoid it, and
	// streams end: give as many seconds as the longest stream takes, because the gateway accounts for no stream that ends later than 30
	// seconds after SIGTERM. Default 15, 30 where pods are the targets of a load balancer of AWS, and 60 behind an ingress of GKE's own.
	PreStopSeconds int `pulumi:"preStopSeconds,optional"`
	// TerminationGraceSeconds is how long a pod may take to end, preStopSeconds included: at least 30 seconds more than these. Default:
	// preStopSeconds and 45 seconds.
	TerminationGraceSeconds int `pulumi:"terminationGraceSeconds,optional"`
	// StartupSeconds is how long a start may take, migrations of the database included, 5 to 3600 seconds. The default is what the gateway
	// waits for others that migrate, and 90 seconds of its own. Default 450.
	StartupSeconds int `pulumi:"startupSeconds,optional"`
	// MigrationJob migrates the database in a Job before the pods roll, and lets no pod migrate. The image must know the variable
	// BIFROST_MIGRATE_ONLY: any other starts a server, and the Job fails at its deadline, startupSeconds and 300 seconds. It is refused
	// with storage. Default false.
	MigrationJob bool `pulumi:"migrationJob,optional"`
	// IpFamily is the family of the Services' addresses, IPv4 or IPv6. With IPv6 the gateway listens on both families (APP_HOST "::").
	// With another family the Services are made anew. Default: the Services have the cluster's own family, and the gateway listens on IPv4.
	IpFamily string `pulumi:"ipFamily,optional"`
	// Clustering lets the pods share their state. Default: they share none.
	Clustering *WorkloadClusteringArgs `pulumi:"clustering,optional"`

	// Service is how clients reach the pods. Default: a Service of type ClusterIP on port 80.
	Service *WorkloadServiceArgs `pulumi:"service,optional"`
	// Ingress leads from outside the cluster to the Service.
	Ingress *WorkloadIngressArgs `pulumi:"ingress,optional"`
	// HttpRoute leads from a Gateway of the Gateway API to the Service. It may be there beside an ingress.
	HttpRoute *WorkloadHttpRouteArgs `pulumi:"httpRoute,optional"`
	// NetworkPolicy says who reaches the pods and whom they reach. Default: the pods of the namespace reach them.
	NetworkPolicy *WorkloadNetworkPolicyArgs `pulumi:"networkPolicy,optional"`
	// Monitoring makes a ServiceMonitor of the Prometheus Operator. Default: none.
	Monitoring *WorkloadMonitoringArgs `pulumi:"monitoring,optional"`

	// Labels of all objects and pods. None of them is in the selector.
	Labels map[string]string `pulumi:"labels,optional"`
	// Annotations of all objects. The pods have podAnnotations.
	Annotations map[string]string `pulumi:"annotations,optional"`
	// PodLabels are further labels of the pods. The label app is refused, as those of selector are: set name instead.
	PodLabels map[string]string `pulumi:"podLabels,optional"`
	// PodAnnotations are annotations of the pods.
	PodAnnotations map[string]string `pulumi:"podAnnotations,optional"`
	// ExtraVolumes are further volumes of the pods.
	ExtraVolumes corev1.VolumeArray `pulumi:"extraVolumes,optional"`
	// ExtraVolumeMounts are further mounts of the gateway's container.
	ExtraVolumeMounts corev1.VolumeMountArray `pulumi:"extraVolumeMounts,optional"`
	// ExtraContainers run beside the gateway's container. They must meet the Pod Security Standard "restricted", and with autoscaling state
	// their requests, because it counts those.
	ExtraContainers corev1.ContainerArray `pulumi:"extraContainers,optional"`
	// InitContainers run before the gateway's container, and before a migration. They must meet the Pod Security Standard "restricted".
	InitContainers corev1.ContainerArray `pulumi:"initContainers,optional"`

	// DependsOn are the resources without which no node can pull the image: what writes the first token into pullSecret, or what gives the
	// nodes the right to pull.
	DependsOn []pulumi.Resource
}

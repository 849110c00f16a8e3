package kubernetes

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// BifrostWorkloadType is the type token of BifrostWorkload.
const BifrostWorkloadType = "bifrost:index:BifrostWorkload"

// Defaults of a BifrostWorkload.
const (
	DefaultGatewayServiceAccount   = "bifrost-sa"
	DefaultCpuRequest              = "250m"
	DefaultMemoryRequest           = "512Mi"
	DefaultEphemeralStorageRequest = "256Mi"
	DefaultCpuLimit                = "1"
	DefaultMemoryLimit             = "2Gi"
	DefaultEphemeralStorageLimit   = "2Gi"

	servicePort = 80
)

// BifrostWorkloadArgs are the arguments of NewBifrostWorkload. The gateway is a Deployment, or with Storage a StatefulSet of one pod.
type BifrostWorkloadArgs struct {
	// Name of the workload and its Service, and value of the label `app`. Default bifrost.
	Name string `pulumi:"name,optional"`
	// Namespace of everything; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Image with a tag or a digest.
	Image string `pulumi:"image"`
	// ImagePullPolicy is IfNotPresent or Always. Default: IfNotPresent.
	ImagePullPolicy string `pulumi:"imagePullPolicy,optional"`
	// PullSecret is the name of the image pull Secret, best in plain text: an output ties the pods to the resource that gives it, and they can
	// go when that is replaced. None: the nodes can pull.
	PullSecret pulumi.StringInput `pulumi:"pullSecret,optional"`
	// Replicas, at least 1; exactly 1 with Storage; 0 with Autoscaling, which decides.
	Replicas int `pulumi:"replicas,optional"`

	// Config is the text of config.json. It becomes a Secret.
	Config pulumi.StringInput `pulumi:"config,optional"`
	// ExistingConfigSecret has config.json under that key; exactly one of it and Config. Its changes roll no pods.
	ExistingConfigSecret string `pulumi:"existingConfigSecret,optional"`
	// Env are plain environment variables; SecretEnv are kept in a Secret; SecretRefs come from existing Secrets, whose changes roll no
	// pods. No name may be in two of them.
	Env        map[string]string             `pulumi:"env,optional"`
	SecretEnv  map[string]pulumi.StringInput `pulumi:"secretEnv,optional"`
	SecretRefs map[string]SecretKeyRef       `pulumi:"secretRefs,optional"`
	// EncryptionKey becomes the variable BIFROST_ENCRYPTION_KEY, from a Secret of its own. An `up`, and its preview, that would change the
	// key, remove it or take it from elsewhere stops. Nil: the variable comes from SecretRefs, or the gateway does not encrypt.
	EncryptionKey pulumi.StringInput `pulumi:"encryptionKey,optional"`
	// ChangeEncryptionKey lets the key change: what the gateway has encrypted with the former one, it cannot read any more, and until
	// its database is emptied it serves inference to anybody.
	ChangeEncryptionKey bool `pulumi:"changeEncryptionKey,optional"`
	// DatabaseCa are the authorities of the databases' certificates, mounted and named to the gateway by PGSSLROOTCERT. Nil: those that the
	// image has.
	DatabaseCa *WorkloadDatabaseCaArgs `pulumi:"databaseCa,optional"`
	// Log of the gateway.
	Log *WorkloadLogArgs `pulumi:"log,optional"`

	// ServiceAccount of the gateway, made here. It mounts no token and has no right in the cluster, but for Clustering. Default bifrost-sa.
	ServiceAccount string `pulumi:"serviceAccount,optional"`
	// ExistingServiceAccount uses one that is there and changes nothing of it: its annotations are its owner's, AwsRoleArn and EcrRoleArn are
	// refused, and AzureClientId only labels the pods.
	ExistingServiceAccount bool `pulumi:"existingServiceAccount,optional"`
	// AwsRoleArn is the gateway's own runtime identity on EKS (IRSA), such as for Amazon Bedrock. It never pulls the image.
	AwsRoleArn pulumi.StringInput `pulumi:"awsRoleArn,optional"`
	// PodIdentity says that EKS Pod Identity gives the gateway its runtime identity: the association should be among DependsOn.
	PodIdentity bool `pulumi:"podIdentity,optional"`
	// EcrRoleArn is the role as which kubelets pull the image, with a token of the gateway's ServiceAccount that they ask for
	// themselves; nodes must be configured for it. The containers never hold it. None: kubelets pull in another way.
	EcrRoleArn pulumi.StringInput `pulumi:"ecrRoleArn,optional"`
	// AzureClientId is the gateway's own runtime identity on AKS (workload identity), such as for Azure OpenAI.
	AzureClientId string `pulumi:"azureClientId,optional"`

	// Resources of the container. Defaults: requests 250m, 512Mi and 256Mi, limits 1, 2Gi and 2Gi. GOMEMLIMIT is 90 % of MemoryLimit.
	CpuRequest              string `pulumi:"cpuRequest,optional"`
	MemoryRequest           string `pulumi:"memoryRequest,optional"`
	EphemeralStorageRequest string `pulumi:"ephemeralStorageRequest,optional"`
	CpuLimit                string `pulumi:"cpuLimit,optional"`
	MemoryLimit             string `pulumi:"memoryLimit,optional"`
	EphemeralStorageLimit   string `pulumi:"ephemeralStorageLimit,optional"`
	// Storage keeps the data folder on a volume, for SQLite. Nil: the folder is empty in every new pod.
	Storage *WorkloadStorageArgs `pulumi:"storage,optional"`

	// Autoscaling decides about the number of pods. Not with Storage. Where it is taken away again, one `up` needs the annotation
	// pulumi.com/patchForce: "true" on the Deployment, whose number of pods is the autoscaler's until then.
	Autoscaling *WorkloadAutoscalingArgs `pulumi:"autoscaling,optional"`
	// DisruptionBudget holds while nodes are drained. Default: at most one pod unavailable, where there are two or more.
	DisruptionBudget *WorkloadDisruptionBudgetArgs `pulumi:"disruptionBudget,optional"`
	// Scheduling says where pods run.
	Scheduling *WorkloadSchedulingArgs `pulumi:"scheduling,optional"`
	// PreStopSeconds pass before SIGTERM, so that endpoints forget the pod and streams end: as many as the longest stream takes, since 30 s
	// after SIGTERM the gateway no longer accounts for one. Default 15. All of a pod's end has TerminationGraceSeconds: at least 30 more, by
	// default 45 more.
	PreStopSeconds          int `pulumi:"preStopSeconds,optional"`
	TerminationGraceSeconds int `pulumi:"terminationGraceSeconds,optional"`
	// StartupSeconds is how long a start, migrations of the database included, may take. Default 450: what the gateway waits for others
	// that migrate, and 90 s of its own.
	StartupSeconds int `pulumi:"startupSeconds,optional"`
	// MigrationJob migrates the database in a Job before the pods roll, and lets no pod migrate. For images that know BIFROST_MIGRATE_ONLY
	// alone: any other starts a server, and the Job fails at its deadline, StartupSeconds and 300 s. Not with Storage.
	MigrationJob bool `pulumi:"migrationJob,optional"`
	// IpFamily is IPv4 or IPv6: of the Services, and with IPv6 the gateway listens on both (APP_HOST "::"). Default: the cluster's own for
	// the Services, and IPv4 alone for the gateway.
	IpFamily string `pulumi:"ipFamily,optional"`
	// Clustering lets the pods share their state.
	Clustering *WorkloadClusteringArgs `pulumi:"clustering,optional"`

	// Service of the gateway. Default: ClusterIP on port 80.
	Service *WorkloadServiceArgs `pulumi:"service,optional"`
	// Ingress or HttpRoute, or both, lead from outside to the Service.
	Ingress   *WorkloadIngressArgs   `pulumi:"ingress,optional"`
	HttpRoute *WorkloadHttpRouteArgs `pulumi:"httpRoute,optional"`
	// NetworkPolicy of the pods. Default: one that lets in the pods of the namespace.
	NetworkPolicy *WorkloadNetworkPolicyArgs `pulumi:"networkPolicy,optional"`
	// Monitoring makes a ServiceMonitor.
	Monitoring *WorkloadMonitoringArgs `pulumi:"monitoring,optional"`

	// Labels and Annotations of all objects; the selector is `app` alone. PodLabels and PodAnnotations are the pods' own.
	Labels         map[string]string `pulumi:"labels,optional"`
	Annotations    map[string]string `pulumi:"annotations,optional"`
	PodLabels      map[string]string `pulumi:"podLabels,optional"`
	PodAnnotations map[string]string `pulumi:"podAnnotations,optional"`
	// ExtraVolumes of the pods, ExtraVolumeMounts of the gateway's container, ExtraContainers and InitContainers beside it: these must
	// meet the Pod Security Standard "restricted" themselves, and with Autoscaling state their requests, which it counts.
	ExtraVolumes      corev1.VolumeArray      `pulumi:"extraVolumes,optional"`
	ExtraVolumeMounts corev1.VolumeMountArray `pulumi:"extraVolumeMounts,optional"`
	ExtraContainers   corev1.ContainerArray   `pulumi:"extraContainers,optional"`
	InitContainers    corev1.ContainerArray   `pulumi:"initContainers,optional"`

	// DependsOn is what must be before the pods' image can be pulled: the first token in PullSecret, or the nodes' right to pull.
	DependsOn []pulumi.Resource
}

// BifrostWorkload is the gateway on Kubernetes: ServiceAccount, config.json and secrets, Deployment or StatefulSet, Service, and what
// keeps it available, leads to it, guards it and watches it. A change of the configuration or of a secret rolls the pods, as a change
// of their own template does. The provider should have enableSecretMutable, so that Secrets change in place. Budget and spread need
// Kubernetes 1.27.
type BifrostWorkload struct {
	pulumi.ResourceState

	// Deployment, or with Storage the StatefulSet, Service and ServiceAccount are the names of the objects; Service is known once the
	// pods are ready.
	Deployment     pulumi.StringOutput `pulumi:"deployment"`
	Service        pulumi.StringOutput `pulumi:"service"`
	ServiceAccount pulumi.StringOutput `pulumi:"serviceAccount"`
}

// Validate reports every problem of the arguments.
func (a *BifrostWorkloadArgs) Validate() field.ErrorList {
	errs := check.Label(field.NewPath("name"), a.name())
	if a.Namespace == nil {
		errs = append(errs, field.Required(field.NewPath("namespace"), "the namespace of the gateway"))
	}
	errs = append(errs, image.Validate(field.NewPath("image"), a.Image)...)
	errs = append(errs, check.OneOf(field.NewPath("imagePullPolicy"), a.ImagePullPolicy, "IfNotPresent", "Always")...)
	errs = append(errs, a.validateConfig()...)
	errs = append(errs, a.validateDatabaseCa()...)
	errs = append(errs, a.validateIdentity()...)
	errs = append(errs, a.validateResources()...)
	errs = append(errs, a.validateStorage()...)
	errs = append(errs, a.validateAvailability()...)
	errs = append(errs, a.validateMigration()...)
	errs = append(errs, gateway.ValidateIpFamily(field.NewPath("ipFamily"), a.IpFamily, a.given())...)
	errs = append(errs, a.validateScheduling()...)
	if a.Clustering != nil {
		errs = append(errs, check.OneOf(field.NewPath("clustering", "discovery"), a.Clustering.Discovery, discoveryKubernetes, discoveryDns)...)
	}
	errs = append(errs, a.validateExposure()...)
	errs = append(errs, a.validateNetwork()...)
	errs = append(errs, a.validateMonitoring()...)
	errs = append(errs, check.Labels(field.NewPath("labels"), a.Labels)...)
	errs = append(errs, check.Labels(field.NewPath("podLabels"), a.PodLabels)...)
	errs = append(errs, check.Annotations(field.NewPath("annotations"), a.Annotations)...)
	errs = append(errs, check.Annotations(field.NewPath("podAnnotations"), a.PodAnnotations)...)
	if _, taken := a.PodLabels["app"]; taken {
		errs = append(errs, field.Forbidden(field.NewPath("podLabels").Key("app"), "it is the selector; set name instead"))
	}
	return errs
}

func (a *BifrostWorkloadArgs) name() string { return cmp.Or(a.Name, DefaultNamespace) }

func (a *BifrostWorkloadArgs) serviceAccount() string {
	return cmp.Or(a.ServiceAccount, DefaultGatewayServiceAccount)
}

// selector is all that Services, policies and budgets pick the pods by.
func (a *BifrostWorkloadArgs) selector() map[string]string { return map[string]string{"app": a.name()} }

func (a *BifrostWorkloadArgs) meta(objectName string) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{
		Name: pulumi.String(objectName), Namespace: a.Namespace,
		Labels: component.Merge(a.Labels, a.selector()), Annotations: component.OptionalMap(a.Annotations),
	}
}

// NewBifrostWorkload makes the gateway.
func NewBifrostWorkload(ctx *pulumi.Context, name string, args *BifrostWorkloadArgs, opts ...pulumi.ResourceOption) (*BifrostWorkload, error) {
	if err := component.Refuse(BifrostWorkloadType, name, args.Validate()); err != nil {
		return nil, err
	}
	c := &BifrostWorkload{}
	if err := ctx.RegisterComponentResource(BifrostWorkloadType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", BifrostWorkloadType, name, err)
	}
	w := &workload{BifrostWorkloadArgs: args, ctx: ctx, parent: c, prefix: name, dependsOn: slices.Clone(args.DependsOn)}

	// What the pods need, then the pods, then what leads to them.
	for _, step := range []struct {
		what string
		make func() error
	}{
		{"service account", w.newServiceAccount},
		{"token audience", w.newTokenAudience},
		{"discovery", w.newDiscovery},
		{"configuration", w.newConfig},
		{"encryption key", w.newEncryptionKey},
		{"environment", w.newEnvironment},
		{"database authorities", w.newDatabaseCa},
		{"network policy", w.newNetworkPolicy},
		{"peers", w.newPeers},
		{"migration", w.newMigration},
		{"pods", w.newPods},
		{"disruption budget", w.newDisruptionBudget},
		{"autoscaler", w.newAutoscaler},
		{"service", w.newService},
		{"ingress", w.newIngress},
		{"route", w.newHttpRoute},
		{"service monitor", w.newServiceMonitor},
	} {
		if err := step.make(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, step.what, err)
		}
	}

	c.Deployment, c.Service, c.ServiceAccount = w.podsName, w.serviceName, w.serviceAccountName
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"deployment": c.Deployment, "service": c.Service, "serviceAccount": c.ServiceAccount,
	})
}

// workload is what the steps of NewBifrostWorkload hand on to each other.
type workload struct {
	*BifrostWorkloadArgs
	ctx    *pulumi.Context
	parent pulumi.Resource
	prefix string

	// dependsOn is what the pods need, named in their template or not.
	dependsOn          []pulumi.Resource
	serviceAccountName pulumi.StringOutput
	configSecret       pulumi.StringOutput
	// encryptionKeySecret and environmentSecret are nil where there is none.
	encryptionKeySecret, environmentSecret *corev1.Secret

	pods                  pulumi.Resource
	podsName, serviceName pulumi.StringOutput
}

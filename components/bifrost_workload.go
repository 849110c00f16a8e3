package components

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

// BifrostWorkloadType is the type token of BifrostWorkload.
const BifrostWorkloadType = "bifrost:index:BifrostWorkload"

// Defaults of a BifrostWorkload.
const (
	DefaultGatewayServiceAccount = "bifrost-sa"
	DefaultCPURequest            = "250m"
	DefaultMemoryRequest         = "512Mi"
	DefaultCPULimit              = "1"
	DefaultMemoryLimit           = "2Gi"

	// GatewayPort is the port the gateway listens on; GatewayDataDir must be writable, or its entrypoint exits.
	GatewayPort    = 8080
	GatewayDataDir = "/app/data"
	gatewayUID     = 1000
	configFile     = "config.json"
	servicePort    = 80

	// The gateway cleans up for up to 30 s after SIGTERM; endpoints take a while to forget the pod before that.
	preStopSeconds          = 15
	terminationGraceSeconds = 60
	deploymentTimeout       = "10m"
)

// EcrRoleAnnotation is the ServiceAccount's annotation from which ecr-credential-provider, the kubelet's plugin, takes the role
// (cloud-provider-aws 1.35). It is not the annotation of IRSA, which serves containers.
const EcrRoleAnnotation = "eks.amazonaws.com/ecr-role-arn"

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
	// PullSecret is the name of the image pull Secret; the pods wait until it is known. None: the nodes can pull.
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
	// EncryptionKey becomes the variable BIFROST_ENCRYPTION_KEY, from a Secret of its own that no `up` changes by accident. Nil: the
	// variable comes from SecretRefs, or the gateway does not encrypt.
	EncryptionKey pulumi.StringInput `pulumi:"encryptionKey,optional"`
	// ChangeEncryptionKey lets this `up` change the key. What the gateway has encrypted with the old one must be readable by it no more.
	ChangeEncryptionKey bool `pulumi:"changeEncryptionKey,optional"`
	// Log of the gateway.
	Log *WorkloadLogArgs `pulumi:"log,optional"`

	// ServiceAccount of the gateway, made here. It mounts no token and has no right in the cluster, but for Clustering. Default bifrost-sa.
	ServiceAccount string `pulumi:"serviceAccount,optional"`
	// ExistingServiceAccount uses it instead; what AwsRoleArn, EcrRoleArn or AzureClientId would annotate is then its owner's.
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

	// Autoscaling decides about the number of pods. Not with Storage.
	Autoscaling *WorkloadAutoscalingArgs `pulumi:"autoscaling,optional"`
	// DisruptionBudget holds while nodes are drained. Default: at most one pod unavailable, where there are two or more.
	DisruptionBudget *WorkloadDisruptionBudgetArgs `pulumi:"disruptionBudget,optional"`
	// Scheduling says where pods run.
	Scheduling *WorkloadSchedulingArgs `pulumi:"scheduling,optional"`
	// PreStopSeconds pass before SIGTERM, so that endpoints forget the pod; all of its end, with the gateway's clean-up of up to 30 s,
	// has TerminationGraceSeconds. Defaults 15 and 60. Streams that are longer need more.
	PreStopSeconds          int `pulumi:"preStopSeconds,optional"`
	TerminationGraceSeconds int `pulumi:"terminationGraceSeconds,optional"`
	// StartupSeconds is how long a start, migrations of the database included, may take. Default 300.
	StartupSeconds int `pulumi:"startupSeconds,optional"`
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
	// meet the Pod Security Standard "restricted" themselves.
	ExtraVolumes      corev1.VolumeArray      `pulumi:"extraVolumes,optional"`
	ExtraVolumeMounts corev1.VolumeMountArray `pulumi:"extraVolumeMounts,optional"`
	ExtraContainers   corev1.ContainerArray   `pulumi:"extraContainers,optional"`
	InitContainers    corev1.ContainerArray   `pulumi:"initContainers,optional"`

	// DependsOn is what the pods need before their image can be pulled, beside PullSecret: the nodes' right to pull.
	DependsOn []pulumi.Resource
}

// BifrostWorkload is the gateway on Kubernetes: ServiceAccount, config.json and secrets, Deployment and Service. A change of
// the configuration or of a secret rolls the pods, as a change of their own template does.
type BifrostWorkload struct {
	pulumi.ResourceState

	// Deployment, Service and ServiceAccount are the names of the objects; Service is known once the Deployment is ready.
	Deployment     pulumi.StringOutput `pulumi:"deployment"`
	Service        pulumi.StringOutput `pulumi:"service"`
	ServiceAccount pulumi.StringOutput `pulumi:"serviceAccount"`
}

// Validate reports every problem of the arguments.
func (a *BifrostWorkloadArgs) Validate() field.ErrorList {
	errs := check.Label(field.NewPath("name"), cmp.Or(a.Name, DefaultNamespace))
	if a.Namespace == nil {
		errs = append(errs, field.Required(field.NewPath("namespace"), "the namespace of the gateway"))
	}
	if a.Config == nil {
		errs = append(errs, field.Required(field.NewPath("config"), "the text of config.json"))
	}
	errs = append(errs, ValidateImage(field.NewPath("image"), a.Image)...)
	if a.Replicas < 1 {
		errs = append(errs, field.Invalid(field.NewPath("replicas"), a.Replicas, "at least 1"))
	}
	errs = append(errs, validateEnv(a.Env, a.SecretEnv)...)
	errs = append(errs, check.Subdomain(field.NewPath("serviceAccount"), cmp.Or(a.ServiceAccount, DefaultGatewayServiceAccount))...)
	errs = append(errs, check.Optional(field.NewPath("azureClientId"), a.AzureClientId, check.UUID)...)
	if a.AwsRoleArn != nil && a.AzureClientId != "" {
		errs = append(errs, field.Invalid(field.NewPath("azureClientId"), a.AzureClientId, "a gateway runs in one cloud: awsRoleArn is set too"))
	}
	errs = append(errs, check.Quantity(field.NewPath("cpuRequest"), a.CpuRequest)...)
	errs = append(errs, check.Quantity(field.NewPath("memoryRequest"), a.MemoryRequest)...)
	errs = append(errs, check.Quantity(field.NewPath("cpuLimit"), a.CpuLimit)...)
	errs = append(errs, check.Quantity(field.NewPath("memoryLimit"), a.MemoryLimit)...)
	errs = append(errs, check.NotAbove(field.NewPath("cpuRequest"), cmp.Or(a.CpuRequest, DefaultCPURequest), cmp.Or(a.CpuLimit, DefaultCPULimit))...)
	errs = append(errs, check.NotAbove(field.NewPath("memoryRequest"), cmp.Or(a.MemoryRequest, DefaultMemoryRequest), cmp.Or(a.MemoryLimit, DefaultMemoryLimit))...)
	return append(errs, check.Labels(field.NewPath("labels"), a.Labels)...)
}

func validateEnv(plain map[string]string, secret map[string]pulumi.StringInput) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		errs = append(errs, check.EnvName(field.NewPath("env").Key(name), name)...)
		if _, both := secret[name]; both {
			errs = append(errs, field.Duplicate(field.NewPath("env").Key(name), name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(secret)) {
		errs = append(errs, check.EnvName(field.NewPath("secretEnv").Key(name), name)...)
	}
	return errs
}

// NewBifrostWorkload makes the gateway.
func NewBifrostWorkload(ctx *pulumi.Context, name string, args *BifrostWorkloadArgs, opts ...pulumi.ResourceOption) (*BifrostWorkload, error) {
	if err := refuse(BifrostWorkloadType, name, args.Validate()); err != nil {
		return nil, err
	}
	c := &BifrostWorkload{}
	if err := ctx.RegisterComponentResource(BifrostWorkloadType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", BifrostWorkloadType, name, err)
	}
	objectName := cmp.Or(args.Name, DefaultNamespace)
	selector := map[string]string{"app": objectName}
	meta := func(n string) *metav1.ObjectMetaArgs {
		return &metav1.ObjectMetaArgs{Name: pulumi.String(n), Namespace: args.Namespace, Labels: merge(args.Labels, selector)}
	}

	saMeta := meta(cmp.Or(args.ServiceAccount, DefaultGatewayServiceAccount))
	annotations := pulumi.StringMap{}
	if args.AwsRoleArn != nil {
		annotations["eks.amazonaws.com/role-arn"] = args.AwsRoleArn
	}
	if args.AzureClientId != "" {
		annotations["azure.workload.identity/client-id"] = pulumi.String(args.AzureClientId)
	}
	if args.EcrRoleArn != nil {
		annotations[EcrRoleAnnotation] = args.EcrRoleArn
	}
	saMeta.Annotations = annotations
	serviceAccount, err := corev1.NewServiceAccount(ctx, name+"-service-account", &corev1.ServiceAccountArgs{
		Metadata:                     saMeta,
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: service account: %w", name, err)
	}

	dependsOn := args.DependsOn
	if args.EcrRoleArn != nil {
		binding, err := allowTokenAudience(ctx, c, name, meta(objectName+"-token-audience"), serviceAccount)
		if err != nil {
			return nil, err
		}
		dependsOn = append(slices.Clone(dependsOn), binding)
	}

	config, err := corev1.NewSecret(ctx, name+"-config", &corev1.SecretArgs{
		Metadata: meta(objectName + "-config"),
		Data:     pulumi.StringMap{configFile: encoded(args.Config)},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: config: %w", name, err)
	}

	secretEnv, data := pulumi.StringMap{}, pulumi.StringMap{}
	for k, v := range args.SecretEnv {
		secretEnv[k], data[k] = v, encoded(v)
	}
	environment, err := corev1.NewSecret(ctx, name+"-env", &corev1.SecretArgs{
		Metadata: meta(objectName + "-env"),
		Data:     data,
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: environment: %w", name, err)
	}

	deployment, err := appsv1.NewDeployment(ctx, name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: meta(objectName),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(args.Replicas),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: merge(selector)},
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{MaxUnavailable: pulumi.Int(0), MaxSurge: pulumi.Int(1)},
			},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{
					Labels: merge(args.Labels, args.identityPodLabels(), selector),
					// A Deployment does not roll when a Secret that it mounts changes.
					Annotations: pulumi.StringMap{"checksum/config": checksum(args.Config, secretEnv)},
				},
				Spec: args.pod(serviceAccount, config, environment),
			},
		},
	}, pulumi.Parent(c), pulumi.DependsOn(dependsOn), pulumi.Timeouts(&pulumi.CustomTimeouts{Create: deploymentTimeout, Update: deploymentTimeout}))
	if err != nil {
		return nil, fmt.Errorf("%s: deployment: %w", name, err)
	}

	// A Service waits ten minutes for endpoints: it would report a failed first token ten minutes late.
	service, err := corev1.NewService(ctx, name+"-service", &corev1.ServiceArgs{
		Metadata: meta(objectName),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: merge(selector),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name: pulumi.String("http"), Port: pulumi.Int(servicePort), TargetPort: pulumi.Int(GatewayPort), Protocol: pulumi.String("TCP"),
			}},
		},
	}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{deployment}))
	if err != nil {
		return nil, fmt.Errorf("%s: service: %w", name, err)
	}

	c.Deployment = deployment.Metadata.Name().Elem()
	c.Service = service.Metadata.Name().Elem()
	c.ServiceAccount = serviceAccount.Metadata.Name().Elem()
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"deployment": c.Deployment, "service": c.Service, "serviceAccount": c.ServiceAccount,
	})
}

// allowTokenAudience lets the nodes ask for tokens of the gateway's ServiceAccount for AWS STS. The API server refuses a node any
// audience that no volume of the pod names, unless RBAC allows this verb; it asks with the audience as the resource, and with the
// namespace and name of the ServiceAccount (admission plugin NodeRestriction).
func allowTokenAudience(ctx *pulumi.Context, c *BifrostWorkload, name string, meta *metav1.ObjectMetaArgs, serviceAccount *corev1.ServiceAccount) (*rbacv1.RoleBinding, error) {
	role, err := rbacv1.NewRole(ctx, name+"-token-audience", &rbacv1.RoleArgs{
		Metadata: meta,
		Rules: rbacv1.PolicyRuleArray{&rbacv1.PolicyRuleArgs{
			ApiGroups:     pulumi.StringArray{pulumi.String("")},
			Resources:     pulumi.StringArray{pulumi.String(iampolicy.STSAudience)},
			ResourceNames: pulumi.StringArray{serviceAccount.Metadata.Name().Elem()},
			Verbs:         pulumi.StringArray{pulumi.String("request-serviceaccounts-token-audience")},
		}},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: role for the token audience: %w", name, err)
	}
	binding, err := rbacv1.NewRoleBinding(ctx, name+"-token-audience-binding", &rbacv1.RoleBindingArgs{
		Metadata: meta,
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("Role"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: rbacv1.SubjectArray{&rbacv1.SubjectArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("Group"),
			Name:     pulumi.String("system:nodes"),
		}},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: role binding for the token audience: %w", name, err)
	}
	return binding, nil
}

// identityPodLabels: the Azure webhook picks pods by their own label, never by the ServiceAccount's.
func (a *BifrostWorkloadArgs) identityPodLabels() map[string]string {
	if a.AzureClientId == "" {
		return nil
	}
	return map[string]string{"azure.workload.identity/use": "true"}
}

func (a *BifrostWorkloadArgs) pod(serviceAccount *corev1.ServiceAccount, config, environment *corev1.Secret) *corev1.PodSpecArgs {
	var pullSecrets corev1.LocalObjectReferenceArray
	if a.PullSecret != nil {
		pullSecrets = corev1.LocalObjectReferenceArray{&corev1.LocalObjectReferenceArgs{Name: a.PullSecret.ToStringOutput().ToStringPtrOutput()}}
	}
	health := func(initialDelay, period int) *corev1.ProbeArgs {
		return &corev1.ProbeArgs{
			InitialDelaySeconds: pulumi.Int(initialDelay),
			PeriodSeconds:       pulumi.Int(period),
		}
	}
	// /health answers 503 when a store is down: that must take the pod out of the Service, not restart it.
	liveness, readiness := health(30, 10), health(10, 5)
	liveness.TcpSocket = &corev1.TCPSocketActionArgs{Port: pulumi.Int(GatewayPort)}
	readiness.HttpGet = &corev1.HTTPGetActionArgs{Path: pulumi.String("/health"), Port: pulumi.Int(GatewayPort)}

	return &corev1.PodSpecArgs{
		ServiceAccountName:            serviceAccount.Metadata.Name(),
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		ImagePullSecrets:              pullSecrets,
		SecurityContext:               restrictedPod(gatewayUID),
		TerminationGracePeriodSeconds: pulumi.Int(terminationGraceSeconds),
		Containers: corev1.ContainerArray{&corev1.ContainerArgs{
			Name:  pulumi.String("bifrost"),
			Image: pulumi.String(a.Image),
			Ports: corev1.ContainerPortArray{&corev1.ContainerPortArgs{
				Name: pulumi.String("http"), ContainerPort: pulumi.Int(GatewayPort), Protocol: pulumi.String("TCP"),
			}},
			Env: a.containerEnv(),
			EnvFrom: corev1.EnvFromSourceArray{&corev1.EnvFromSourceArgs{
				SecretRef: &corev1.SecretEnvSourceArgs{Name: environment.Metadata.Name()},
			}},
			Resources: resources(
				cmp.Or(a.CpuRequest, DefaultCPURequest), cmp.Or(a.MemoryRequest, DefaultMemoryRequest),
				cmp.Or(a.CpuLimit, DefaultCPULimit), cmp.Or(a.MemoryLimit, DefaultMemoryLimit)),
			LivenessProbe:  liveness,
			ReadinessProbe: readiness,
			Lifecycle: &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{
				Exec: &corev1.ExecActionArgs{Command: pulumi.ToStringArray([]string{"sleep", strconv.Itoa(preStopSeconds)})},
			}},
			SecurityContext: restrictedContainer(gatewayUID),
			VolumeMounts: corev1.VolumeMountArray{
				writable("data", GatewayDataDir),
				writable("tmp", "/tmp"),
				&corev1.VolumeMountArgs{
					Name: pulumi.String("config"), MountPath: pulumi.String(GatewayDataDir + "/" + configFile),
					SubPath: pulumi.String(configFile), ReadOnly: pulumi.Bool(true),
				},
			},
		}},
		Volumes: corev1.VolumeArray{
			&corev1.VolumeArgs{Name: pulumi.String("config"), Secret: &corev1.SecretVolumeSourceArgs{SecretName: config.Metadata.Name()}},
			&corev1.VolumeArgs{Name: pulumi.String("data"), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{}},
			&corev1.VolumeArgs{Name: pulumi.String("tmp"), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{}},
		},
	}
}

// containerEnv are the plain variables in a fixed order, so that an unchanged up stays unchanged.
func (a *BifrostWorkloadArgs) containerEnv() corev1.EnvVarArray {
	memory := resource.MustParse(cmp.Or(a.MemoryLimit, DefaultMemoryLimit))
	plain := withMemoryLimit(a.Env, a.SecretEnv, strconv.FormatInt(memory.Value()*9/10, 10))
	vars := corev1.EnvVarArray{}
	for _, k := range slices.Sorted(maps.Keys(plain)) {
		vars = append(vars, env(k, pulumi.String(plain[k])))
	}
	return vars
}

// withMemoryLimit adds Go's soft memory limit to the plain variables, unless the caller sets one of his own.
func withMemoryLimit(plain map[string]string, secret map[string]pulumi.StringInput, limit string) map[string]string {
	all := map[string]string{}
	if _, own := secret["GOMEMLIMIT"]; !own {
		all["GOMEMLIMIT"] = limit
	}
	maps.Copy(all, plain)
	return all
}

// encoded is a value as a Secret's data has it. Not stringData: with server-side apply a key that leaves stringData stays in
// the Secret (kubernetes issue 108008), and a revoked key would go on reaching the pods.
func encoded(value pulumi.StringInput) pulumi.StringOutput {
	return value.ToStringOutput().ApplyT(func(v string) string {
		return base64.StdEncoding.EncodeToString([]byte(v))
	}).(pulumi.StringOutput)
}

// checksum changes with every value that the pods read at start. It is a digest over all of them at once, the encryption key
// included, and stays a Pulumi secret where one of them is.
func checksum(config pulumi.StringInput, secretEnv pulumi.StringMap) pulumi.StringOutput {
	return pulumi.All(config, secretEnv.ToStringMapOutput()).ApplyT(func(v []any) string {
		h := sha256.New()
		values := v[1].(map[string]string)
		fmt.Fprintf(h, "%q\n", v[0])
		for _, k := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(h, "%q=%q\n", k, values[k])
		}
		return hex.EncodeToString(h.Sum(nil))
	}).(pulumi.StringOutput)
}

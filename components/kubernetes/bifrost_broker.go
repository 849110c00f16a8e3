package kubernetes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// BifrostBrokerType is the type token of BifrostBroker.
const BifrostBrokerType = "bifrost:index:BifrostBroker"

// Defaults of a broker, which keeps nothing and reads nothing but its part of config.json.
const (
	brokerCpuRequest, brokerMemoryRequest, brokerStorageRequest = "100m", "128Mi", "64Mi"
	brokerCpuLimit, brokerMemoryLimit, brokerStorageLimit       = "500m", "512Mi", "256Mi"
	// brokerMemory is GOMEMLIMIT: 90 % of the limit.
	brokerMemory = "460MiB"
)

// BifrostBrokerArgs are the arguments of NewBifrostBroker.
type BifrostBrokerArgs struct {
	// Name of the Deployment and its Service, and value of the label `app`. Default bifrost-broker.
	Name string `pulumi:"name,optional"`
	// Namespace of the gateway and of the broker; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Image is the gateway's, with a tag or a digest.
	Image string `pulumi:"image"`
	// ImagePullPolicy is IfNotPresent or Always. Default IfNotPresent.
	ImagePullPolicy string `pulumi:"imagePullPolicy,optional"`
	// PullSecret is the name of the image pull Secret; the pod waits until it is known. None: the nodes can pull.
	PullSecret pulumi.StringInput `pulumi:"pullSecret,optional"`
	// Config is the text of the broker's config.json. It holds no secret.
	Config pulumi.StringInput `pulumi:"config"`
	// SecretEnv are kept in a Secret; SecretRefs come from existing ones. No name may be in both.
	SecretEnv  map[string]pulumi.StringInput `pulumi:"secretEnv,optional"`
	SecretRefs map[string]SecretKeyRef       `pulumi:"secretRefs,optional"`
	// ServiceAccount is an existing one to run as. None: one is made, which has no right and no identity.
	ServiceAccount string `pulumi:"serviceAccount,optional"`
	// Clients are the labels of the pods that may connect, in the same namespace. Default app: bifrost.
	Clients map[string]string `pulumi:"clients,optional"`
	// OpenNetwork makes no NetworkPolicy.
	OpenNetwork bool `pulumi:"openNetwork,optional"`
	// Scheduling says where the pod runs; one pod has no spread.
	Scheduling *WorkloadSchedulingArgs `pulumi:"scheduling,optional"`
	// Labels and Annotations of all objects; the selector is `app` alone.
	Labels      map[string]string `pulumi:"labels,optional"`
	Annotations map[string]string `pulumi:"annotations,optional"`

	// DependsOn is what the pod needs before its image can be pulled, beside PullSecret.
	DependsOn []pulumi.Resource
}

// BifrostBroker is the broker of a cluster of gateways on Kubernetes: one process of the gateway's own image to which all nodes connect,
// without a database (Bifrost Enterprise, "Clustering", "Broker Mode": https://docs.getbifrost.ai/enterprise/clustering). It was read and
// never run. All nodes must meet in one process: a new pod comes when the former one has gone, and the nodes connect again by themselves.
type BifrostBroker struct {
	pulumi.ResourceState

	// Deployment and Service are the names of the objects.
	Deployment pulumi.StringOutput `pulumi:"deployment"`
	Service    pulumi.StringOutput `pulumi:"service"`
}

// Validate reports every problem of the arguments.
func (a *BifrostBrokerArgs) Validate() field.ErrorList {
	errs := check.Label(field.NewPath("name"), a.name())
	if a.Namespace == nil {
		errs = append(errs, field.Required(field.NewPath("namespace"), "the namespace of the gateway"))
	}
	if a.Config == nil {
		errs = append(errs, field.Required(field.NewPath("config"), "the text of the broker's config.json"))
	}
	errs = append(errs, image.Validate(field.NewPath("image"), a.Image)...)
	errs = append(errs, check.OneOf(field.NewPath("imagePullPolicy"), a.ImagePullPolicy, "IfNotPresent", "Always")...)
	errs = append(errs, gateway.ValidateEnv(nil, nil, a.SecretEnv)...)
	for _, name := range slices.Sorted(maps.Keys(a.SecretRefs)) {
		p := field.NewPath("secretRefs").Key(name)
		errs = append(errs, a.SecretRefs[name].validate(p)...)
		if _, both := a.SecretEnv[name]; both {
			errs = append(errs, field.Duplicate(p, name))
		}
	}
	errs = append(errs, check.Labels(field.NewPath("labels"), a.Labels)...)
	return append(errs, check.Annotations(field.NewPath("annotations"), a.Annotations)...)
}

func (a *BifrostBrokerArgs) name() string { return cmp.Or(a.Name, gateway.DefaultBrokerName) }

func (a *BifrostBrokerArgs) selector() map[string]string { return map[string]string{"app": a.name()} }

func (a *BifrostBrokerArgs) meta(objectName string) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{
		Name: pulumi.String(objectName), Namespace: a.Namespace,
		Labels: component.Merge(a.Labels, a.selector()), Annotations: component.OptionalMap(a.Annotations),
	}
}

// NewBifrostBroker makes the broker.
func NewBifrostBroker(ctx *pulumi.Context, name string, args *BifrostBrokerArgs, opts ...pulumi.ResourceOption) (*BifrostBroker, error) {
	if err := component.Refuse(BifrostBrokerType, name, args.Validate()); err != nil {
		return nil, err
	}
	c := &BifrostBroker{}
	if err := ctx.RegisterComponentResource(BifrostBrokerType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", BifrostBrokerType, name, err)
	}
	b := &broker{BifrostBrokerArgs: args, ctx: ctx, parent: c, prefix: name, dependsOn: slices.Clone(args.DependsOn)}
	for _, step := range []struct {
		what string
		make func() error
	}{
		{"service account", b.newServiceAccount},
		{"configuration", b.newConfig},
		{"environment", b.newEnvironment},
		{"network policy", b.newNetworkPolicy},
		{"pod", b.newDeployment},
		{"service", b.newService},
	} {
		if err := step.make(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, step.what, err)
		}
	}
	c.Deployment, c.Service = b.deployment.Metadata.Name().Elem(), b.service.Metadata.Name().Elem()
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"deployment": c.Deployment, "service": c.Service})
}

// newServiceAccount makes one without rights, unless there is one to run as.
func (b *broker) newServiceAccount() error {
	if b.ServiceAccount != "" {
		return nil
	}
	made, err := corev1.NewServiceAccount(b.ctx, b.prefix+"-service-account", &corev1.ServiceAccountArgs{
		Metadata: b.meta(b.name()), AutomountServiceAccountToken: pulumi.Bool(false),
	}, pulumi.Parent(b.parent))
	if err != nil {
		return err
	}
	b.dependsOn = append(b.dependsOn, made)
	return nil
}

func (b *broker) newConfig() error {
	config, err := corev1.NewConfigMap(b.ctx, b.prefix+"-config", &corev1.ConfigMapArgs{
		Metadata: b.meta(b.name() + "-config"), Data: pulumi.StringMap{gateway.ConfigFile: b.Config},
	}, pulumi.Parent(b.parent))
	if err != nil {
		return err
	}
	b.dependsOn = append(b.dependsOn, config)
	return nil
}

func (b *broker) newEnvironment() error {
	if len(b.SecretEnv) == 0 {
		return nil
	}
	data := pulumi.StringMap{}
	for name, value := range b.SecretEnv {
		data[name] = encoded(value)
	}
	secret, err := corev1.NewSecret(b.ctx, b.prefix+"-env", &corev1.SecretArgs{
		Metadata: b.meta(b.name() + "-env"), Data: data,
	}, pulumi.Parent(b.parent))
	if err != nil {
		return err
	}
	b.dependsOn = append(b.dependsOn, secret)
	return nil
}

// newNetworkPolicy lets the nodes in, and out what every pod here may reach.
func (b *broker) newNetworkPolicy() error {
	if b.OpenNetwork {
		return nil
	}
	clients := b.Clients
	if clients == nil {
		clients = map[string]string{"app": DefaultNamespace}
	}
	_, err := networkingv1.NewNetworkPolicy(b.ctx, b.prefix+"-network-policy", &networkingv1.NetworkPolicyArgs{
		Metadata: b.meta(b.name()),
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: &metav1.LabelSelectorArgs{MatchLabels: component.Merge(b.selector())},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress: networkingv1.NetworkPolicyIngressRuleArray{&networkingv1.NetworkPolicyIngressRuleArgs{
				From: networkingv1.NetworkPolicyPeerArray{podsWith(clients)}, Ports: tcp(gateway.BrokerPort),
			}},
			Egress: outward(false),
		},
	}, pulumi.Parent(b.parent))
	return err
}

// newService gives the nodes the name under which they reach the pod.
func (b *broker) newService() error {
	var err error
	b.service, err = corev1.NewService(b.ctx, b.prefix+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(b.name()),
		Spec: &corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: component.Merge(b.selector()),
			Ports: corev1.ServicePortArray{servicePortArgs("grpc", gateway.BrokerPort, "TCP")},
		},
	}, pulumi.Parent(b.parent), pulumi.DependsOn([]pulumi.Resource{b.deployment}))
	return err
}

package kubernetes

import (
	"cmp"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

// BifrostBrokerType is the type token of BifrostBroker.
const BifrostBrokerType = "bifrost:index:BifrostBroker"

// BifrostBrokerArgs are the arguments of NewBifrostBroker.
type BifrostBrokerArgs struct {
	// Name of the Deployment and of its Service, and value of the label app. Default bifrost-broker.
	Name string `pulumi:"name,optional"`
	// Namespace of the gateway and of the broker. It must exist. Required.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// Image is the reference of the gateway's image, with a tag other than latest or with a digest. Required.
	Image string `pulumi:"image"`
	// ImagePullPolicy is IfNotPresent or Always. Default IfNotPresent.
	ImagePullPolicy string `pulumi:"imagePullPolicy,optional"`
	// PullSecret is the name of the image pull Secret. Give plain text: an output ties the pod to the resource that it comes from, and
	// where that resource is replaced, the provider can delete the pod. Default: none, since the nodes can pull.
	PullSecret pulumi.StringInput `pulumi:"pullSecret,optional"`
	// Config is the text of the broker's config.json. It holds no secret. A change rolls the pod. Required.
	Config pulumi.StringInput `pulumi:"config"`
	// SecretEnv are environment variables whose values are kept in a Secret made here. A change rolls the pod. No variable may be in
	// secretRefs, too.
	SecretEnv map[string]pulumi.StringInput `pulumi:"secretEnv,optional"`
	// SecretRefs are environment variables whose values are in Secrets that exist. A change in such a Secret does not roll the pod.
	SecretRefs map[string]SecretKeyRef `pulumi:"secretRefs,optional"`
	// ServiceAccount is the name of an existing ServiceAccount, as which the pod runs. Default: one is made, without rights or identity.
	ServiceAccount string `pulumi:"serviceAccount,optional"`
	// Clients are the labels of the pods that may connect, in the same namespace. Default: the label app with the value bifrost.
	Clients map[string]string `pulumi:"clients,optional"`
	// OpenNetwork makes no NetworkPolicy. Default false.
	OpenNetwork bool `pulumi:"openNetwork,optional"`
	// Scheduling says on which nodes the pod may run. The spread is not read, since there is one pod. Default: on any.
	Scheduling *WorkloadSchedulingArgs `pulumi:"scheduling,optional"`
	// NamespaceUserIds lets the namespace give the pod its user and group, as OpenShift does. Default: the image's own user, 1000.
	NamespaceUserIds bool `pulumi:"namespaceUserIds,optional"`
	// Labels of all objects and of the pod. The selector is the label app alone.
	Labels map[string]string `pulumi:"labels,optional"`
	// Annotations of all objects. The pod has none of them.
	Annotations map[string]string `pulumi:"annotations,optional"`

	// DependsOn are the resources without which no node can pull the image: what writes the first token into pullSecret, or what gives the
	// nodes the right to pull.
	DependsOn []pulumi.Resource
}

// BifrostBroker is the broker of a cluster of gateways on Kubernetes: one process of the gateway's own image to which all nodes connect,
// without a database (Bifrost Enterprise, "Clustering", "Broker Mode": https://docs.getbifrost.ai/enterprise/clustering). This was read
// there, and no broker was run. All nodes must meet in one process. So a new pod comes when the former one has gone, and the nodes connect
// again by themselves.
type BifrostBroker struct {
	pulumi.ResourceState

	// Deployment is the name of the Deployment.
	Deployment pulumi.StringOutput `pulumi:"deployment"`
	// Service is the name of the Service. It is known once the pod is ready.
	Service pulumi.StringOutput `pulumi:"service"`
}

// Validate reports every problem of the arguments, at p and below it.
func (a *BifrostBrokerArgs) Validate(p *field.Path) field.ErrorList {
	errs := a.application().validate(p, a.Image, a.ImagePullPolicy)
	if a.Config == nil {
		errs = append(errs, field.Required(p.Child("config"), "the text of the broker's config.json"))
	}
	errs = append(errs, gateway.ValidateEnv(p, nil, a.SecretEnv)...)
	taken := gateway.Given[SecretKeyRef](nil, a.SecretEnv, nil)
	errs = append(errs, validateSecretRefs(p.Child("secretRefs"), a.SecretRefs, taken)...)
	errs = append(errs, check.IfSet(p.Child("serviceAccount"), a.ServiceAccount, check.Subdomain)...)
	errs = append(errs, check.Labels(p.Child("clients"), a.Clients)...)
	errs = append(errs, a.Scheduling.Validate(p.Child("scheduling"))...)
	errs = append(errs, check.Labels(p.Child("labels"), a.Labels)...)
	return append(errs, check.Annotations(p.Child("annotations"), a.Annotations)...)
}

// application is what the broker's objects share.
func (a *BifrostBrokerArgs) application() application {
	return application{cmp.Or(a.Name, gateway.DefaultBrokerName), nil, a.Namespace, a.Labels, a.Annotations}
}

// NewBifrostBroker makes the broker.
func NewBifrostBroker(ctx *pulumi.Context, name string, args *BifrostBrokerArgs, opts ...pulumi.ResourceOption) (*BifrostBroker, error) {
	if err := component.Refuse(BifrostBrokerType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	c := &BifrostBroker{}
	scope, err := register(ctx, BifrostBrokerType, name, c, opts...)
	if err != nil {
		return nil, err
	}

	made, err := makeNeeds(scope,
		need{"service account", args.newServiceAccount},
		need{"configuration", args.newConfig},
		need{"environment", func(s component.Scope) (pulumi.Resource, error) {
			return args.application().newEnvironment(s, args.SecretEnv)
		}},
	)
	if err != nil {
		return nil, scope.Failed("what the pod needs", err)
	}
	if err := args.newNetworkPolicy(scope); err != nil {
		return nil, scope.Failed("network policy", err)
	}
	pod, err := args.newDeployment(scope, slices.Concat(args.DependsOn, made))
	if err != nil {
		return nil, scope.Failed("pod", err)
	}
	service, err := args.newService(scope, pod.made)
	if err != nil {
		return nil, scope.Failed("service", err)
	}

	c.Deployment, c.Service = pod.name, service.name
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"deployment": c.Deployment, "service": c.Service})
}

// newServiceAccount makes one without rights, unless there is one to run as.
func (a *BifrostBrokerArgs) newServiceAccount(s component.Scope) (pulumi.Resource, error) {
	if a.ServiceAccount != "" {
		return nil, nil
	}
	app := a.application()
	return corev1.NewServiceAccount(s.Ctx, s.Child("service-account"), &corev1.ServiceAccountArgs{
		Metadata: app.meta(app.name), AutomountServiceAccountToken: pulumi.Bool(false),
	}, s.Options()...)
}

func (a *BifrostBrokerArgs) newConfig(s component.Scope) (pulumi.Resource, error) {
	app := a.application()
	watched, err := effects.Watch(s, "config")
	if err != nil {
		return nil, err
	}
	return corev1.NewConfigMap(s.Ctx, s.Child("config"), &corev1.ConfigMapArgs{
		Metadata: app.meta(app.child("config")), Data: pulumi.StringMap{gateway.ConfigFile: a.Config},
	}, s.Options(watched...)...)
}

// newNetworkPolicy lets the nodes in, and out what every pod here may reach.
func (a *BifrostBrokerArgs) newNetworkPolicy(s component.Scope) error {
	if a.OpenNetwork {
		return nil
	}
	clients := a.Clients
	if clients == nil {
		clients = map[string]string{"app": DefaultNamespace}
	}
	app := a.application()
	_, err := networkingv1.NewNetworkPolicy(s.Ctx, s.Child("network-policy"), &networkingv1.NetworkPolicyArgs{
		Metadata: app.meta(app.name),
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: app.pods(),
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress: networkingv1.NetworkPolicyIngressRuleArray{&networkingv1.NetworkPolicyIngressRuleArgs{
				From: networkingv1.NetworkPolicyPeerArray{podsWith(clients)}, Ports: tcp(gateway.BrokerPort),
			}},
			Egress: outward("", nil),
		},
	}, s.Options()...)
	return err
}

// newService gives the nodes the name under which they reach the pod.
func (a *BifrostBrokerArgs) newService(s component.Scope, pod []pulumi.Resource) (object, error) {
	app := a.application()
	service, err := corev1.NewService(s.Ctx, s.Child("service"), &corev1.ServiceArgs{
		Metadata: app.meta(app.name),
		Spec: &corev1.ServiceSpecArgs{
			Type: pulumi.String(clusterIp), Selector: component.Merge(app.selector()),
			Ports: corev1.ServicePortArray{servicePort("grpc", gateway.BrokerPort, "TCP")},
		},
	}, s.Options(pulumi.DependsOn(pod))...)
	if err != nil {
		return object{}, err
	}
	return object{service.Metadata.Name().Elem(), []pulumi.Resource{service}}, nil
}

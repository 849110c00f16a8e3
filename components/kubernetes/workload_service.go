package kubernetes

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// Types of Services, and the port by default.
const (
	clusterIp          = "ClusterIP"
	loadBalancer       = "LoadBalancer"
	defaultServicePort = 80
)

// loadBalancerCertificate is the annotation by which a load balancer of AWS speaks TLS with its clients.
const loadBalancerCertificate = "service.beta.kubernetes.io/aws-load-balancer-ssl-cert"

// internalBalancers are the annotations, with their values, by which the clouds' controllers make a load balancer that the internet does
// not reach: the AWS Load Balancer Controller and the controller in Kubernetes before it, AKS, GKE.
var internalBalancers = map[string]string{
	"service.beta.kubernetes.io/aws-load-balancer-scheme":     "internal",
	"service.beta.kubernetes.io/aws-load-balancer-internal":   "true",
	"service.beta.kubernetes.io/azure-load-balancer-internal": "true",
	"networking.gke.io/load-balancer-type":                    "Internal",
}

// internal tells whether an annotation keeps the internet from the load balancer.
func (a WorkloadServiceArgs) internal() bool {
	for annotation, value := range internalBalancers {
		if a.Annotations[annotation] == value {
			return true
		}
	}
	return false
}

// resolved has the defaults filled in.
func (a *WorkloadServiceArgs) resolved() WorkloadServiceArgs {
	service := ptr.Deref(a, WorkloadServiceArgs{})
	service.Type = cmp.Or(service.Type, clusterIp)
	service.Port = cmp.Or(service.Port, defaultServicePort)
	return service
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadServiceArgs) Validate(p *field.Path) field.ErrorList {
	service := a.resolved()
	errs := check.OneOf(p.Child("type"), service.Type, clusterIp, "NodePort", loadBalancer)
	errs = append(errs, check.Port(p.Child("port"), service.Port)...)
	errs = append(errs, check.Annotations(p.Child("annotations"), service.Annotations)...)
	for i, cidr := range service.SourceRanges {
		errs = append(errs, check.Cidr(p.Child("sourceRanges").Index(i), cidr)...)
	}
	if len(service.SourceRanges) > 0 && service.Type != loadBalancer {
		errs = append(errs, field.Forbidden(p.Child("sourceRanges"), "only with type LoadBalancer"))
	}
	if service.Type == loadBalancer && len(service.SourceRanges) == 0 && !service.internal() {
		errs = append(errs, field.Required(p.Child("sourceRanges"), "who may use the load balancer; everybody is 0.0.0.0/0. Or make it "+
			"internal by an annotation of the cloud: "+strings.Join(slices.Sorted(maps.Keys(internalBalancers)), ", ")))
	}
	_, tls := service.Annotations[loadBalancerCertificate]
	if service.Type != clusterIp && !tls && !service.AllowHttp {
		errs = append(errs, field.Invalid(p.Child("type"), service.Type, "clients would speak clear text: use an ingress or a route, "+
			"on EKS give the annotation "+loadBalancerCertificate+", or set allowHttp"))
	}
	return errs
}

// newService waits for the pods: a Service waits ten minutes for endpoints, and would report a failed first token that late.
func (a *BifrostWorkloadArgs) newService(s component.Scope, pods []pulumi.Resource) (object, error) {
	app, args := a.application(), a.Service.resolved()
	meta := app.meta(app.name)
	meta.Annotations = component.OptionalMap(a.Annotations, a.gceServiceAnnotations(), args.Annotations)
	spec := &corev1.ServiceSpecArgs{
		Type:       pulumi.String(args.Type),
		Selector:   component.Merge(app.selector()),
		IpFamilies: a.serviceFamilies(),
		Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
			Name: pulumi.String("http"), Port: pulumi.Int(args.Port), TargetPort: pulumi.Int(gateway.Port), Protocol: pulumi.String("TCP"),
		}},
	}
	if len(args.SourceRanges) > 0 {
		spec.LoadBalancerSourceRanges = pulumi.ToStringArray(args.SourceRanges)
	}
	service, err := corev1.NewService(s.Ctx, s.Child("service"), &corev1.ServiceArgs{Metadata: meta, Spec: spec},
		// An address that the API server gave stands in what is imported of a Service, and would make another one if it went.
		s.Options(pulumi.DependsOn(pods), a.anewForFamily(), pulumi.IgnoreChanges([]string{"spec.clusterIP", "spec.clusterIPs"}))...)
	if err != nil {
		return object{}, err
	}
	return object{service.Metadata.Name().Elem(), []pulumi.Resource{service}}, nil
}

// anewForFamily makes a Service anew for another family: the API server lets the first one never change (kubernetes,
// pkg/apis/core/validation/validation.go, validateUpgradeDowngradeIPFamilies), and the provider plans an update. IPv4 that is written out
// is no other family than the one by default, and an update which changes nothing. A state without the trigger is of a program that knew
// none.
func (a *BifrostWorkloadArgs) anewForFamily() pulumi.ResourceOption {
	anew := []pulumi.ResourceOption{
		pulumi.ReplacementTrigger(pulumi.String(cmp.Or(a.IpFamily, gateway.IPv4))), pulumi.DeleteBeforeReplace(true),
	}
	if a.IpFamily == gateway.IPv6 {
		anew = append(anew, pulumi.ReplaceOnChanges([]string{"spec.ipFamilies"}))
	}
	return pulumi.Composite(anew...)
}

// serviceFamilies leave the choice to the cluster where none is made.
func (a *BifrostWorkloadArgs) serviceFamilies() pulumi.StringArrayInput {
	if a.IpFamily == "" {
		return nil
	}
	return pulumi.ToStringArray([]string{a.IpFamily})
}

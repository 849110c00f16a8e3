package kubernetes

import (
	"cmp"
	"fmt"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// Values of WorkloadIngressArgs.Controller.
const (
	IngressALB        = "alb"
	IngressNginx      = "nginx"
	IngressAppRouting = "appRouting"
)

// Defaults of exposure.
const (
	DefaultStreamTimeoutSeconds = 3600
	DefaultBodySize             = "100m"
)

// ingressController is what the controllers do not share.
type ingressController struct {
	// class of an Ingress by default, and namespace of the controller's pods, empty where it has none in the cluster's network.
	class, namespace string
	annotations      func(*BifrostWorkloadArgs) map[string]string
}

var ingressControllers = map[string]ingressController{
	IngressALB:        {"alb", "", (*BifrostWorkloadArgs).albAnnotations},
	IngressNginx:      {"nginx", "ingress-nginx", (*BifrostWorkloadArgs).nginxAnnotations},
	IngressAppRouting: {"webapprouting.kubernetes.azure.com", "app-routing-system", (*BifrostWorkloadArgs).nginxAnnotations},
}

// loadBalancerCertificate is the annotation by which a load balancer of AWS speaks TLS with its clients.
const loadBalancerCertificate = "service.beta.kubernetes.io/aws-load-balancer-ssl-cert"

func (a *BifrostWorkloadArgs) service() WorkloadServiceArgs {
	if a.Service == nil {
		return WorkloadServiceArgs{}
	}
	return *a.Service
}

func (a *BifrostWorkloadArgs) serviceType() string { return cmp.Or(a.service().Type, "ClusterIP") }
func (a *BifrostWorkloadArgs) servicePort() int    { return cmp.Or(a.service().Port, servicePort) }

func (a *BifrostWorkloadArgs) validateExposure() field.ErrorList {
	errs := a.validateService(field.NewPath("service"))
	if a.Ingress != nil {
		errs = append(errs, a.Ingress.validate(field.NewPath("ingress"))...)
	}
	if a.HttpRoute != nil {
		errs = append(errs, a.HttpRoute.validate(field.NewPath("httpRoute"))...)
	}
	return errs
}

func (a *BifrostWorkloadArgs) validateService(p *field.Path) field.ErrorList {
	service := a.service()
	errs := check.OneOf(p.Child("type"), service.Type, "ClusterIP", "NodePort", "LoadBalancer")
	errs = append(errs, check.Port(p.Child("port"), a.servicePort())...)
	errs = append(errs, check.Annotations(p.Child("annotations"), service.Annotations)...)
	for i, cidr := range service.SourceRanges {
		errs = append(errs, check.Cidr(p.Child("sourceRanges").Index(i), cidr)...)
	}
	if len(service.SourceRanges) > 0 && a.serviceType() != "LoadBalancer" {
		errs = append(errs, field.Forbidden(p.Child("sourceRanges"), "only with type LoadBalancer"))
	}
	_, tls := service.Annotations[loadBalancerCertificate]
	if a.serviceType() != "ClusterIP" && !tls && !service.AllowHttp {
		errs = append(errs, field.Invalid(p.Child("type"), service.Type,
			"clients would speak clear text: use an ingress or a route, give the annotation "+loadBalancerCertificate+", or set allowHttp"))
	}
	return errs
}

func (a *WorkloadIngressArgs) validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.Controller == "" {
		errs = append(errs, field.Required(p.Child("controller"), "alb, nginx or appRouting"))
	}
	errs = append(errs, check.OneOf(p.Child("controller"), a.Controller, IngressALB, IngressAppRouting, IngressNginx)...)
	if a.ClassName != "" {
		errs = append(errs, check.Subdomain(p.Child("className"), a.ClassName)...)
	}
	errs = append(errs, check.Hosts(p.Child("hosts"), a.Hosts)...)
	errs = append(errs, check.UrlPath(p.Child("path"), a.Path)...)
	errs = append(errs, a.validateTls(p)...)
	longest := 86400
	if a.Controller == IngressALB {
		longest = 4000
		if a.BodySize != "" {
			errs = append(errs, field.Forbidden(p.Child("bodySize"), "an ALB has no such limit"))
		}
	} else if a.Public {
		errs = append(errs, field.Forbidden(p.Child("public"), "only alb makes a load balancer for one Ingress; the controller's own Service decides here"))
	}
	errs = append(errs, check.Between(p.Child("streamTimeoutSeconds"), cmp.Or(a.StreamTimeoutSeconds, DefaultStreamTimeoutSeconds), 1, longest)...)
	errs = append(errs, check.Optional(p.Child("bodySize"), a.BodySize, check.ClientBodySize)...)
	return append(errs, check.Annotations(p.Child("annotations"), a.Annotations)...)
}

// validateTls asks for the certificate in the form that the controller takes.
func (a *WorkloadIngressArgs) validateTls(p *field.Path) field.ErrorList {
	type form struct{ key, value string }
	taken, other := form{"tlsSecret", a.TlsSecret}, form{"certificateArn", a.CertificateArn}
	if a.Controller == IngressALB {
		taken, other = other, taken
	}
	errs := check.Arn(p.Child("certificateArn"), a.CertificateArn, check.CertificateArn)
	if a.TlsSecret != "" {
		errs = append(errs, check.Subdomain(p.Child("tlsSecret"), a.TlsSecret)...)
	}
	if other.value != "" {
		errs = append(errs, field.Forbidden(p.Child(other.key), "controller "+a.Controller+" takes "+taken.key))
	}
	switch {
	case taken.value == "" && !a.AllowHttp:
		errs = append(errs, field.Required(p.Child(taken.key), "clients must speak TLS; set "+p.Child("allowHttp").String()+" where clear text is meant"))
	case taken.value != "" && a.AllowHttp:
		errs = append(errs, field.Forbidden(p.Child("allowHttp"), "there is a certificate; remove one of them"))
	}
	return errs
}

func (a *WorkloadHttpRouteArgs) validate(p *field.Path) field.ErrorList {
	errs := check.Subdomain(p.Child("gateway"), a.Gateway)
	if a.GatewayNamespace != "" {
		errs = append(errs, check.Label(p.Child("gatewayNamespace"), a.GatewayNamespace)...)
	}
	switch {
	case a.Section != "":
		errs = append(errs, check.Subdomain(p.Child("section"), a.Section)...)
	case !a.AllowHttp:
		errs = append(errs, field.Required(p.Child("section"), "the name of the Gateway's HTTPS listener; without it the route joins HTTP listeners, too: set "+
			p.Child("allowHttp").String()+" where that is meant"))
	}
	errs = append(errs, check.Hosts(p.Child("hosts"), a.Hosts)...)
	errs = append(errs, check.UrlPath(p.Child("path"), a.Path)...)
	errs = append(errs, check.Between(p.Child("requestTimeoutSeconds"), cmp.Or(a.RequestTimeoutSeconds, DefaultStreamTimeoutSeconds), 1, 86400)...)
	return append(errs, check.Annotations(p.Child("annotations"), a.Annotations)...)
}

// newService waits for the pods: a Service waits ten minutes for endpoints, and would report a failed first token that late.
func (w *workload) newService() error {
	args := w.service()
	meta := w.meta(w.name())
	meta.Annotations = component.OptionalMap(w.Annotations, args.Annotations)
	spec := &corev1.ServiceSpecArgs{
		Type:     pulumi.String(w.serviceType()),
		Selector: component.Merge(w.selector()), IpFamilies: w.serviceFamilies(),
		Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
			Name: pulumi.String("http"), Port: pulumi.Int(w.servicePort()), TargetPort: pulumi.Int(gateway.Port), Protocol: pulumi.String("TCP"),
		}},
	}
	if len(args.SourceRanges) > 0 {
		spec.LoadBalancerSourceRanges = pulumi.ToStringArray(args.SourceRanges)
	}
	service, err := corev1.NewService(w.ctx, w.prefix+"-service", &corev1.ServiceArgs{Metadata: meta, Spec: spec},
		pulumi.Parent(w.parent), pulumi.DependsOn([]pulumi.Resource{w.pods}))
	if err != nil {
		return err
	}
	w.serviceName = service.Metadata.Name().Elem()
	return nil
}

func (w *workload) newIngress() error {
	a := w.Ingress
	if a == nil {
		return nil
	}
	controller := ingressControllers[a.Controller]
	meta := w.meta(w.name())
	meta.Annotations = component.Merge(w.Annotations, controller.annotations(w.BifrostWorkloadArgs), a.Annotations)
	spec := &networkingv1.IngressSpecArgs{IngressClassName: pulumi.String(cmp.Or(a.ClassName, controller.class))}
	if a.TlsSecret != "" {
		spec.Tls = networkingv1.IngressTLSArray{&networkingv1.IngressTLSArgs{
			Hosts: pulumi.ToStringArray(a.Hosts), SecretName: pulumi.String(a.TlsSecret),
		}}
	}
	var rules networkingv1.IngressRuleArray
	for _, host := range a.Hosts {
		rules = append(rules, &networkingv1.IngressRuleArgs{
			Host: pulumi.String(host),
			Http: &networkingv1.HTTPIngressRuleValueArgs{Paths: networkingv1.HTTPIngressPathArray{&networkingv1.HTTPIngressPathArgs{
				Path: pulumi.String(cmp.Or(a.Path, "/")), PathType: pulumi.String("Prefix"),
				Backend: &networkingv1.IngressBackendArgs{Service: &networkingv1.IngressServiceBackendArgs{
					Name: w.serviceName, Port: &networkingv1.ServiceBackendPortArgs{Name: pulumi.String("http")},
				}},
			}}},
		})
	}
	spec.Rules = rules
	_, err := networkingv1.NewIngress(w.ctx, w.prefix+"-ingress", &networkingv1.IngressArgs{Metadata: meta, Spec: spec}, pulumi.Parent(w.parent))
	return err
}

// nginxAnnotations are those of ingress-nginx, which the application routing add-on of AKS runs, too. Buffering would hold the tokens of
// a stream back.
func (a *BifrostWorkloadArgs) nginxAnnotations() map[string]string {
	seconds := strconv.Itoa(cmp.Or(a.Ingress.StreamTimeoutSeconds, DefaultStreamTimeoutSeconds))
	const prefix = "nginx.ingress.kubernetes.io/"
	return map[string]string{
		prefix + "proxy-read-timeout": seconds,
		prefix + "proxy-send-timeout": seconds,
		prefix + "proxy-body-size":    cmp.Or(a.Ingress.BodySize, DefaultBodySize),
		prefix + "proxy-buffering":    "off",
		prefix + "ssl-redirect":       strconv.FormatBool(!a.Ingress.AllowHttp),
	}
}

// albAnnotations are those of the AWS Load Balancer Controller. A pod that goes keeps its streams as long as it lives.
func (a *BifrostWorkloadArgs) albAnnotations() map[string]string {
	const prefix = "alb.ingress.kubernetes.io/"
	annotations := map[string]string{
		prefix + "scheme":                   "internal",
		prefix + "target-type":              "ip",
		prefix + "backend-protocol":         "HTTP",
		prefix + "healthcheck-path":         "/health",
		prefix + "load-balancer-attributes": fmt.Sprintf("idle_timeout.timeout_seconds=%d", cmp.Or(a.Ingress.StreamTimeoutSeconds, DefaultStreamTimeoutSeconds)),
		prefix + "target-group-attributes":  fmt.Sprintf("deregistration_delay.timeout_seconds=%d", a.terminationGraceSeconds()),
		prefix + "listen-ports":             `[{"HTTP":80}]`,
	}
	if a.Ingress.Public {
		annotations[prefix+"scheme"] = "internet-facing"
	}
	if a.Ingress.CertificateArn != "" {
		annotations[prefix+"listen-ports"] = `[{"HTTP":80},{"HTTPS":443}]`
		annotations[prefix+"ssl-redirect"] = "443"
		annotations[prefix+"ssl-policy"] = gateway.LoadBalancerTlsPolicy
		annotations[prefix+"certificate-arn"] = a.Ingress.CertificateArn
	}
	return annotations
}

const httpRouteCRD = "httproutes.gateway.networking.k8s.io"

func (w *workload) newHttpRoute() error {
	a := w.HttpRoute
	if a == nil {
		return nil
	}
	parent := pulumi.Map{"name": pulumi.String(a.Gateway)}
	if a.GatewayNamespace != "" {
		parent["namespace"] = pulumi.String(a.GatewayNamespace)
	}
	if a.Section != "" {
		parent["sectionName"] = pulumi.String(a.Section)
	}
	timeout := pulumi.String(fmt.Sprintf("%ds", cmp.Or(a.RequestTimeoutSeconds, DefaultStreamTimeoutSeconds)))
	meta := w.meta(w.name())
	meta.Annotations = component.OptionalMap(w.Annotations, a.Annotations)
	return newCustomResource(w.ctx, w.prefix+"-http-route", w.parent, httpRouteCRD, gatewayAPI, "gateway.networking.k8s.io/v1", "HTTPRoute", meta, pulumi.Map{
		"parentRefs": pulumi.Array{parent},
		"hostnames":  pulumi.ToStringArray(a.Hosts),
		"rules": pulumi.Array{pulumi.Map{
			"matches":     pulumi.Array{pulumi.Map{"path": pulumi.Map{"type": pulumi.String("PathPrefix"), "value": pulumi.String(cmp.Or(a.Path, "/"))}}},
			"timeouts":    pulumi.Map{"request": timeout, "backendRequest": timeout},
			"backendRefs": pulumi.Array{pulumi.Map{"name": w.serviceName, "port": pulumi.Int(w.servicePort())}},
		}},
	})
}

// serviceFamilies leave the choice to the cluster where none is made.
func (a *BifrostWorkloadArgs) serviceFamilies() pulumi.StringArrayInput {
	if a.IpFamily == "" {
		return nil
	}
	return pulumi.ToStringArray([]string{a.IpFamily})
}

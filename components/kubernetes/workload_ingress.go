package kubernetes

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// Values of WorkloadIngressArgs.Controller.
const (
	IngressALB        = "alb"
	IngressNginx      = "nginx"
	IngressAppRouting = "appRouting"
	IngressGCE        = "gce"
)

// Defaults of what leads to the gateway.
const (
	DefaultStreamTimeoutSeconds = 3600
	DefaultBodySize             = "100m"
)

// ingressController is what the controllers do not share.
type ingressController struct {
	// class of an Ingress by default; empty where no class makes the controller take it.
	class string
	// namespace of the controller's pods; empty where it has none in the cluster's network.
	namespace string
	// outside is whom the network policy must let in where the load balancer is not in the cluster.
	outside string
	// preStopSeconds is how long a pod still serves by default.
	preStopSeconds int
	// annotations of an Ingress. A pod has graceSeconds to end.
	annotations func(a *WorkloadIngressArgs, graceSeconds int) map[string]string
}

var ingressControllers = map[string]ingressController{
	IngressALB: {"alb", "", "an ALB is not in the cluster: name the cidr of its subnets", DefaultAlbPreStopSeconds,
		(*WorkloadIngressArgs).albAnnotations},
	IngressNginx: {"nginx", "ingress-nginx", "", DefaultPreStopSeconds, (*WorkloadIngressArgs).nginxAnnotations},
	IngressAppRouting: {"webapprouting.kubernetes.azure.com", "app-routing-system", "", DefaultPreStopSeconds,
		(*WorkloadIngressArgs).nginxAnnotations},
	IngressGCE: {"", "", "Google's load balancer is not in the cluster: name the cidrs of its health checks, 35.191.0.0/16 and " +
		"130.211.0.0/22, and of the proxy-only subnet where it is internal", DefaultGcePreStopSeconds,
		(*WorkloadIngressArgs).gceAnnotations},
}

func (a *WorkloadIngressArgs) streamTimeoutSeconds() int {
	return cmp.Or(a.StreamTimeoutSeconds, DefaultStreamTimeoutSeconds)
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadIngressArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if a.Controller == "" {
		errs = append(errs, field.Required(p.Child("controller"), "alb, nginx, appRouting or gce"))
	}
	errs = append(errs, check.OneOf(p.Child("controller"), a.Controller, IngressALB, IngressAppRouting, IngressGCE, IngressNginx)...)
	errs = append(errs, check.IfSet(p.Child("className"), a.ClassName, check.Subdomain)...)
	errs = append(errs, check.Hosts(p.Child("hosts"), a.Hosts)...)
	errs = append(errs, a.validateAlbHosts(p.Child("hosts"))...)
	errs = append(errs, servedPath(p.Child("path"), a.Path)...)
	errs = append(errs, a.validateTls(p)...)
	errs = append(errs, a.validateClearText(p.Child("annotations"))...)
	errs = append(errs, a.validateReach(p)...)
	longest := 86400
	switch {
	case a.Controller == IngressGCE:
		errs = append(errs, a.validateGce(p)...)
	case a.Controller == IngressALB:
		longest = 4000
		if a.BodySize != "" {
			errs = append(errs, field.Forbidden(p.Child("bodySize"), "an ALB has no such limit"))
		}
	case a.Public:
		errs = append(errs, field.Forbidden(p.Child("public"),
			"only alb and gce make a load balancer for one Ingress; the controller's own Service decides here"))
	}
	errs = append(errs, check.Between(p.Child("streamTimeoutSeconds"), a.streamTimeoutSeconds(), 1, longest)...)
	errs = append(errs, check.Optional(p.Child("bodySize"), a.BodySize, check.ClientBodySize)...)
	return append(errs, check.Annotations(p.Child("annotations"), a.Annotations)...)
}

// maxAlbHost is the longest name by which a rule of an ALB tells requests apart, in characters (Elastic Load Balancing API,
// HostHeaderConditionConfig).
const maxAlbHost = 128

func (a *WorkloadIngressArgs) validateAlbHosts(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, host := range a.Hosts {
		if a.Controller == IngressALB && len(host) > maxAlbHost {
			errs = append(errs, field.Invalid(p.Index(i), host, fmt.Sprintf("has %d characters, and an ALB takes %d; write a shorter "+
				"name, or use another controller", len(host), maxAlbHost)))
		}
	}
	return errs
}

// servedPath refuses a path below which the gateway answers nothing: neither controllers nor it itself take the path away again.
func servedPath(p *field.Path, path string) field.ErrorList {
	errs := check.UrlPath(p, path)
	if len(errs) > 0 || gateway.Serves(path) {
		return errs
	}
	return field.ErrorList{field.Invalid(p, path, "the gateway is served from / alone, and answers nothing below another path: remove it "+
		"and give the gateway a host of its own; a part of the gateway is exposed by one of /"+strings.Join(gateway.Served, ", /"))}
}

// validateTls asks for the certificate in the form that the controller takes.
func (a *WorkloadIngressArgs) validateTls(p *field.Path) field.ErrorList {
	type form struct{ key, value string }
	taken, other := form{"tlsSecret", a.TlsSecret}, form{"certificateArn", a.CertificateArn}
	if a.Controller == IngressALB {
		taken, other = other, taken
	}
	errs := check.Arn(p.Child("certificateArn"), a.CertificateArn, check.CertificateArn)
	errs = append(errs, check.IfSet(p.Child("tlsSecret"), a.TlsSecret, check.Subdomain)...)
	if a.Controller == "" {
		return errs
	}
	if other.value != "" {
		errs = append(errs, field.Forbidden(p.Child(other.key), "controller "+a.Controller+" takes "+taken.key))
	}
	if taken.value == "" && a.Controller == IngressGCE {
		taken.value = a.gceCertificate()
	}
	switch {
	case taken.value == "" && !a.AllowHttp:
		errs = append(errs, field.Required(p.Child(taken.key),
			"with controller "+a.Controller+" clients must speak TLS; allowHttp: true where clear text is meant"))
	case taken.value != "" && a.AllowHttp:
		errs = append(errs, field.Forbidden(p.Child("allowHttp"), "there is a certificate; remove one of them"))
	}
	return errs
}

// Annotations with which a user could say what has a key.
const (
	albScheme       = "alb.ingress.kubernetes.io/scheme"
	albInboundCidrs = "alb.ingress.kubernetes.io/inbound-cidrs"
	albTargetGroup  = "alb.ingress.kubernetes.io/target-group-attributes"
	nginxCidrs      = "nginx.ingress.kubernetes.io/whitelist-source-range"
)

// Annotations by which clear text could be served beside TLS.
const (
	albPorts      = "alb.ingress.kubernetes.io/listen-ports"
	nginxRedirect = "nginx.ingress.kubernetes.io/ssl-redirect"
)

// validateClearText refuses annotations that let a client send its key in clear, where nothing says that clear text is meant.
func (a *WorkloadIngressArgs) validateClearText(p *field.Path) field.ErrorList {
	if a.AllowHttp {
		return nil
	}
	var errs field.ErrorList
	if ports := a.Annotations[albPorts]; strings.Contains(ports, `"HTTP"`) {
		errs = append(errs, field.Invalid(p.Key(albPorts), ports, "a client that comes in clear has sent its key before any redirect "+
			"answers; leave HTTP out"))
	}
	if a.Annotations[nginxRedirect] == "false" {
		errs = append(errs, field.Invalid(p.Key(nginxRedirect), "false", "the gateway would be served in clear beside TLS; remove it"))
	}
	return errs
}

// validateReach asks who may come in, wherever the internet may.
func (a *WorkloadIngressArgs) validateReach(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for annotation, key := range map[string]string{albScheme: "public", albInboundCidrs: "allowedCidrs", nginxCidrs: "allowedCidrs"} {
		if value, given := a.Annotations[annotation]; given {
			errs = append(errs, field.Invalid(p.Child("annotations").Key(annotation), value, "write "+p.Child(key).String()+" instead"))
		}
	}
	for i, cidr := range a.AllowedCidrs {
		errs = append(errs, check.Cidr(p.Child("allowedCidrs").Index(i), cidr)...)
	}
	switch cidrs := p.Child("allowedCidrs"); {
	case len(a.AllowedCidrs) > 0:
	case a.Public:
		errs = append(errs, field.Required(cidrs, "who may reach it from the internet; everybody is 0.0.0.0/0"))
	case a.Controller == IngressNginx || a.Controller == IngressAppRouting:
		errs = append(errs, field.Required(cidrs, "who may come in through the controller's own load balancer, which faces the internet "+
			"unless it was made internal; everybody is 0.0.0.0/0"))
	}
	return errs
}

// Class is the class of the Ingress: the one given, or the controller's own; empty where none makes the controller take it.
func (a *WorkloadIngressArgs) Class() string {
	return cmp.Or(a.ClassName, ingressControllers[a.Controller].class)
}

// newIngress makes the Ingress. It returns the host name or the address that its controller gave it; empty without one.
func (a *BifrostWorkloadArgs) newIngress(s component.Scope, service pulumi.StringOutput) (pulumi.StringOutput, error) {
	ingress, app := a.Ingress, a.application()
	if ingress == nil {
		return pulumi.String("").ToStringOutput(), nil
	}
	controller := ingressControllers[ingress.Controller]
	meta := app.meta(app.name)
	meta.Annotations = component.Merge(a.Annotations, controller.annotations(ingress, a.terminationGraceSeconds()), ingress.Annotations)
	spec := &networkingv1.IngressSpecArgs{
		IngressClassName: component.OptionalString(ingress.Class()),
		Rules:            ingress.rules(service),
	}
	if ingress.TlsSecret != "" {
		spec.Tls = networkingv1.IngressTLSArray{&networkingv1.IngressTLSArgs{
			Hosts: pulumi.ToStringArray(ingress.Hosts), SecretName: pulumi.String(ingress.TlsSecret),
		}}
	}
	made, err := networkingv1.NewIngress(s.Ctx, s.Child("ingress"), &networkingv1.IngressArgs{Metadata: meta, Spec: spec}, s.Options()...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return made.Status.ApplyT(addressOf).(pulumi.StringOutput), nil
}

// addressOf is the first host name or address of an Ingress; load balancers of AWS have names, and others addresses.
func addressOf(status *networkingv1.IngressStatus) string {
	if status == nil || status.LoadBalancer == nil || len(status.LoadBalancer.Ingress) == 0 {
		return ""
	}
	first := status.LoadBalancer.Ingress[0]
	return cmp.Or(ptr.Deref(first.Hostname, ""), ptr.Deref(first.Ip, ""))
}

// rules lead all hosts to the Service.
func (a *WorkloadIngressArgs) rules(service pulumi.StringOutput) networkingv1.IngressRuleArray {
	backend := &networkingv1.IngressBackendArgs{Service: &networkingv1.IngressServiceBackendArgs{
		Name: service, Port: &networkingv1.ServiceBackendPortArgs{Name: pulumi.String("http")},
	}}
	paths := networkingv1.HTTPIngressPathArray{&networkingv1.HTTPIngressPathArgs{
		Path: pulumi.String(cmp.Or(a.Path, "/")), PathType: pulumi.String("Prefix"), Backend: backend,
	}}
	var rules networkingv1.IngressRuleArray
	for _, host := range a.Hosts {
		rules = append(rules, &networkingv1.IngressRuleArgs{
			Host: pulumi.String(host), Http: &networkingv1.HTTPIngressRuleValueArgs{Paths: paths},
		})
	}
	return rules
}

// nginxAnnotations are those of ingress-nginx, which the application routing add-on of AKS runs, too. Buffering would hold the tokens of
// a stream back.
func (a *WorkloadIngressArgs) nginxAnnotations(int) map[string]string {
	seconds := strconv.Itoa(a.streamTimeoutSeconds())
	const prefix = "nginx.ingress.kubernetes.io/"
	return map[string]string{
		nginxCidrs:                    strings.Join(a.AllowedCidrs, ","),
		prefix + "proxy-read-timeout": seconds,
		prefix + "proxy-send-timeout": seconds,
		prefix + "proxy-body-size":    cmp.Or(a.BodySize, DefaultBodySize),
		prefix + "proxy-buffering":    "off",
		nginxRedirect:                 strconv.FormatBool(!a.AllowHttp),
	}
}

// albAnnotations are those of the AWS Load Balancer Controller. A pod that goes keeps its streams as long as it lives. With a certificate
// nothing listens on port 80: a client that is set up for HTTP would have sent its key in clear before it was told to come by HTTPS.
func (a *WorkloadIngressArgs) albAnnotations(graceSeconds int) map[string]string {
	const prefix = "alb.ingress.kubernetes.io/"
	annotations := map[string]string{
		albScheme:                   "internal",
		prefix + "target-type":      "ip",
		prefix + "backend-protocol": "HTTP",
		prefix + "healthcheck-path": gateway.HealthPath,
		prefix + "load-balancer-attributes": fmt.Sprintf("idle_timeout.timeout_seconds=%d,"+
			"routing.http.drop_invalid_header_fields.enabled=true", a.streamTimeoutSeconds()),
		albTargetGroup: fmt.Sprintf("deregistration_delay.timeout_seconds=%d", graceSeconds),
		albPorts:       `[{"HTTP":80}]`,
	}
	if a.Public {
		annotations[albScheme] = "internet-facing"
	}
	if len(a.AllowedCidrs) > 0 {
		annotations[albInboundCidrs] = strings.Join(a.AllowedCidrs, ",")
	}
	if a.CertificateArn != "" {
		annotations[albPorts] = `[{"HTTPS":443}]`
		annotations[prefix+"ssl-policy"] = gateway.LoadBalancerTlsPolicy
		annotations[prefix+"certificate-arn"] = a.CertificateArn
	}
	return annotations
}

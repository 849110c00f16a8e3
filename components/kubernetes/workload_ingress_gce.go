package kubernetes

import (
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// DefaultGcePreStopSeconds is how long a pod still serves behind Google's load balancers, which send to pods and take a while to learn that
// one goes (Google Kubernetes Engine, "Container-native load balancing", graceful termination).
const DefaultGcePreStopSeconds = 60

// Annotations of GKE's own controller. It takes an Ingress by the first, and none that has an ingressClassName (ingress-gce,
// pkg/utils/utils.go, IsGCEIngress).
const (
	gceClass     = "kubernetes.io/ingress.class"
	gceAllowHttp = "kubernetes.io/ingress.allow-http"
	// gceBackend of a Service names its BackendConfig, and gceGroups makes its pods the targets.
	gceBackend = "cloud.google.com/backend-config"
	gceGroups  = "cloud.google.com/neg"
)

// gceCertificates are annotations of an Ingress that name its certificates at Google: those that GKE manages, those that exist, and those
// of Certificate Manager (Google Kubernetes Engine, "Use Google-managed SSL certificates" and "Use multiple SSL certificates with
// Ingress").
var gceCertificates = []string{
	"networking.gke.io/managed-certificates", "ingress.gcp.kubernetes.io/pre-shared-cert", "networking.gke.io/certmap",
}

// gceCertificate is what an annotation names; empty where none does.
func (a *WorkloadIngressArgs) gceCertificate() string {
	for _, annotation := range gceCertificates {
		if named := a.Annotations[annotation]; named != "" {
			return named
		}
	}
	return ""
}

// everybody are the CIDRs that keep nobody out.
var everybody = []string{"0.0.0.0/0"}

// validateGce refuses what GKE's controller reads elsewhere or not at all.
func (a *WorkloadIngressArgs) validateGce(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	const backend = "the BackendConfig says it, which the Service's annotation " + gceBackend +
		" names (examples/gke-production/backend.yaml); remove it"
	for _, given := range []struct {
		key, why string
		set      bool
	}{
		{"className", "GKE's controller takes no Ingress that has a class; remove it", a.ClassName != ""},
		{"streamTimeoutSeconds", backend, a.StreamTimeoutSeconds != 0},
		{"bodySize", "Google's load balancers have no such limit", a.BodySize != ""},
	} {
		if given.set {
			errs = append(errs, field.Forbidden(p.Child(given.key), given.why))
		}
	}
	if len(a.AllowedCidrs) > 0 && !slices.Equal(a.AllowedCidrs, everybody) {
		errs = append(errs, field.Forbidden(p.Child("allowedCidrs"), "a Cloud Armor policy keeps others out, which the BackendConfig "+
			"names (securityPolicy); write 0.0.0.0/0 where public is meant, and remove it elsewhere"))
	}
	for _, own := range []struct{ annotation, key string }{{gceClass, "public"}, {gceAllowHttp, "allowHttp"}} {
		if value, given := a.Annotations[own.annotation]; given {
			errs = append(errs, field.Invalid(p.Child("annotations").Key(own.annotation), value, "write "+p.Child(own.key).String()+
				" instead"))
		}
	}
	return errs
}

// validateGceBackend asks for the BackendConfig: without one Google's load balancers cut every answer after 30 seconds (Google Kubernetes
// Engine, "Ingress configuration", backend service timeout).
func (a *BifrostWorkloadArgs) validateGceBackend(p *field.Path) field.ErrorList {
	if a.Ingress == nil || a.Ingress.Controller != IngressGCE || a.Service.resolved().Annotations[gceBackend] != "" {
		return nil
	}
	return field.ErrorList{field.Required(p.Child("service", "annotations").Key(gceBackend), "the BackendConfig of the Service, such as "+
		`{"default": "bifrost"}: without one Google's load balancer cuts every answer after 30 seconds, and streams with it `+
		"(examples/gke-production/backend.yaml)")}
}

// gceAnnotations are those of GKE's controller.
func (a *WorkloadIngressArgs) gceAnnotations(int) map[string]string {
	class := "gce-internal"
	if a.Public {
		class = "gce"
	}
	return map[string]string{gceClass: class, gceAllowHttp: strconv.FormatBool(a.AllowHttp)}
}

// gceServiceAnnotations let GKE's controller send to pods, and not to nodes.
func (a *BifrostWorkloadArgs) gceServiceAnnotations() map[string]string {
	if a.Ingress == nil || a.Ingress.Controller != IngressGCE {
		return nil
	}
	return map[string]string{gceGroups: `{"ingress": true}`}
}

package kubernetes

import (
	"fmt"
	"regexp"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	// targetTypeAnnotation makes pods the targets of a load balancer that the AWS Load Balancer Controller makes of a Service.
	targetTypeAnnotation = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"
	// serviceAttributes are the attributes of such a load balancer's target group.
	serviceAttributes = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes"
)

// TargetsPods tells whether pods are the targets of a load balancer of AWS. Then a pod is out of the Service before it is out of the load
// balancer, and ready before it is in. Either argument may be nil.
func TargetsPods(ingress *WorkloadIngressArgs, service *WorkloadServiceArgs) bool {
	return ingress != nil && ingress.Controller == IngressALB || service != nil && service.Annotations[targetTypeAnnotation] == "ip"
}

var deregistrationDelay = regexp.MustCompile(`(?:^|,)\s*deregistration_delay\.timeout_seconds\s*=\s*(\d+)`)

// validateDeregistration refuses a delay after which the load balancer cuts the streams of a pod that still serves them: it begins when the
// pod is asked to go, as the wait before SIGTERM does (Elastic Load Balancing, "Deregistration delay").
func (a *BifrostWorkloadArgs) validateDeregistration(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	refuse := func(p *field.Path, annotation string, annotations map[string]string) {
		m := deregistrationDelay.FindStringSubmatch(annotations[annotation])
		if m == nil {
			return
		}
		if delay, err := strconv.Atoi(m[1]); err != nil || delay < a.preStopSeconds() {
			errs = append(errs, field.Invalid(p.Child("annotations").Key(annotation), annotations[annotation], fmt.Sprintf(
				"the load balancer would cut streams after %s s, while the pod still serves them for %d s; write at least %[2]d, or lower "+
					"preStopSeconds", m[1], a.preStopSeconds())))
		}
	}
	if a.Ingress != nil && a.Ingress.Controller == IngressALB {
		refuse(p.Child("ingress"), albTargetGroup, a.Ingress.Annotations)
	}
	if a.Service != nil {
		refuse(p.Child("service"), serviceAttributes, a.Service.Annotations)
	}
	return errs
}

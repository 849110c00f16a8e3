package kubernetes

import (
	"cmp"
	"fmt"
	"strconv"

	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// How long a pod still serves before it gets SIGTERM, by default.
const (
	DefaultPreStopSeconds = 15
	// DefaultAlbPreStopSeconds is behind a load balancer of AWS with the pods as its targets: its controller hears of the pod, calls AWS,
	// and the load balancer's nodes learn of it, one after the other, while the pod waits (EKS best practices guide, "Load Balancing": a
	// preStop hook must outlast the deregistration).
	DefaultAlbPreStopSeconds = 30
)

const (
	// cleanUpSeconds is what the gateway takes at most after SIGTERM, with its streams: what ends later is delivered, and not accounted.
	cleanUpSeconds = 30
	// graceMargin is what a pod has after the wait before SIGTERM, unless it says otherwise.
	graceMargin = cleanUpSeconds + 15
)

func (a *BifrostWorkloadArgs) preStopSeconds() int {
	return cmp.Or(a.PreStopSeconds, PreStopSeconds(a.Ingress, a.Service))
}

// PreStopSeconds is how long a pod behind them still serves before it gets SIGTERM, by default. Either may be nil.
func PreStopSeconds(ingress *WorkloadIngressArgs, service *WorkloadServiceArgs) int {
	if TargetsPods(ingress, service) {
		return DefaultAlbPreStopSeconds
	}
	if ingress != nil && ingressControllers[ingress.Controller].preStopSeconds != 0 {
		return ingressControllers[ingress.Controller].preStopSeconds
	}
	return DefaultPreStopSeconds
}

func (a *BifrostWorkloadArgs) terminationGraceSeconds() int {
	return cmp.Or(a.TerminationGraceSeconds, a.preStopSeconds()+graceMargin)
}

func (a *BifrostWorkloadArgs) startupSeconds() int {
	return cmp.Or(a.StartupSeconds, gateway.DefaultStartupSeconds)
}

func (a *BifrostWorkloadArgs) validateTimes(p *field.Path) field.ErrorList {
	const anHour = 3600
	errs := check.Between(p.Child("preStopSeconds"), a.preStopSeconds(), 1, anHour)
	errs = append(errs, check.Between(p.Child("startupSeconds"), a.startupSeconds(), startupPeriodSeconds, anHour)...)
	if least := a.preStopSeconds() + cleanUpSeconds; a.terminationGraceSeconds() < least {
		errs = append(errs, field.Invalid(p.Child("terminationGraceSeconds"), a.terminationGraceSeconds(),
			"at least "+strconv.Itoa(least)+": preStopSeconds and the gateway's clean-up of "+strconv.Itoa(cleanUpSeconds)+" s"))
	}
	return append(errs, a.validateDeregistration(p)...)
}

// replicas are how many pods there are, at least and at most. A rollout adds some.
func (a *BifrostWorkloadArgs) replicas() (least, most int) {
	if a.Autoscaling != nil {
		return a.Autoscaling.MinReplicas, a.Autoscaling.MaxReplicas
	}
	return a.Replicas, a.Replicas
}

// validateReplicas checks how many pods there are, and how many of them may be gone.
func (a *BifrostWorkloadArgs) validateReplicas(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case a.Storage != nil:
		// validateStorage checks the number.
	case a.Autoscaling != nil && a.Replicas != 0:
		errs = append(errs, field.Forbidden(p.Child("replicas"), "autoscaling decides; remove it or autoscaling"))
	case a.Autoscaling == nil && a.Replicas < 1:
		errs = append(errs, field.Invalid(p.Child("replicas"), a.Replicas, "at least 1"))
	}
	errs = append(errs, a.Autoscaling.Validate(p.Child("autoscaling"))...)
	return append(errs, a.validateBudget(p.Child("disruptionBudget"))...)
}

// validateBudget refuses a budget that keeps all pods, too, when there are as few of them as there may be.
func (a *BifrostWorkloadArgs) validateBudget(p *field.Path) field.ErrorList {
	errs := a.DisruptionBudget.Validate(p)
	least, _ := a.replicas()
	if len(errs) > 0 || least < 1 || a.DisruptionBudget == nil || a.DisruptionBudget.Evictable(least) > 0 {
		return errs
	}
	keeps := a.DisruptionBudget.MinAvailable
	return field.ErrorList{field.Invalid(p.Child("minAvailable"), keeps, fmt.Sprintf(
		"Kubernetes rounds up, so that %d of the %d pods that there are at least must stay: %sgive less, or maxUnavailable: 1",
		podsOf(keeps, least), least, neverDrained))}
}

// Evictable is how many pods of all may be gone at once. Kubernetes rounds a percentage up, of those that may be gone and of those that
// must stay (kubernetes, pkg/controller/disruption/disruption.go, getExpectedPodCount). The fewer pods there are, the less a percentage
// that must stay lets go.
func (a *WorkloadDisruptionBudgetArgs) Evictable(all int) int {
	if a.MaxUnavailable != "" {
		return min(all, podsOf(a.MaxUnavailable, all))
	}
	return max(0, all-podsOf(a.MinAvailable, all))
}

// neverDrained is what a budget does that lets no pod go.
const neverDrained = "no node with a pod of the gateway could ever be drained; "

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadDisruptionBudgetArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := check.Count(p.Child("maxUnavailable"), a.MaxUnavailable)
	errs = append(errs, check.Count(p.Child("minAvailable"), a.MinAvailable)...)
	if (a.MaxUnavailable == "") == (a.MinAvailable == "") {
		errs = append(errs, field.Required(p.Child("maxUnavailable"), "give exactly one of maxUnavailable and minAvailable"))
	}
	if len(errs) == 0 && a.MaxUnavailable != "" && podsOf(a.MaxUnavailable, 100) == 0 {
		errs = append(errs, field.Invalid(p.Child("maxUnavailable"), a.MaxUnavailable, neverDrained+"at least 1"))
	}
	return errs
}

// podsOf is a number of pods, or a percentage of all of them, rounded up.
func podsOf(count string, all int) int {
	value := intstr.Parse(count)
	// check.Count lets no other form through.
	n, _ := intstr.GetScaledValueFromIntOrPercent(&value, all, true)
	return n
}

// newDisruptionBudget keeps drains of nodes from taking all pods at once. A pod that is not ready serves nobody: it never holds a
// drain up.
func (a *BifrostWorkloadArgs) newDisruptionBudget(s component.Scope) error {
	budget := a.DisruptionBudget
	if budget == nil {
		if least, _ := a.replicas(); least < 2 {
			return nil
		}
		budget = &WorkloadDisruptionBudgetArgs{MaxUnavailable: "1"}
	}
	app := a.application()
	_, err := policyv1.NewPodDisruptionBudget(s.Ctx, s.Child("disruption-budget"), &policyv1.PodDisruptionBudgetArgs{
		Metadata: app.meta(app.name),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             countOrPercent(budget.MaxUnavailable),
			MinAvailable:               countOrPercent(budget.MinAvailable),
			Selector:                   app.pods(),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, s.Options()...)
	return err
}

// countOrPercent is a number where it is one: the API takes no number in quotes.
func countOrPercent(s string) pulumi.Input {
	if s == "" {
		return nil
	}
	count := intstr.Parse(s)
	if count.Type == intstr.Int {
		return pulumi.Int(count.IntValue())
	}
	return pulumi.String(s)
}

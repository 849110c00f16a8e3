package kubernetes

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

// MaxSurge is how many pods a rollout of the Deployment adds.
const MaxSurge = 1

// newPods makes the Deployment, or the StatefulSet where the pods have storage. They wait for what they need.
func (a *BifrostWorkloadArgs) newPods(s component.Scope, needs []pulumi.Resource) (object, error) {
	if a.Storage != nil {
		return a.newStatefulSet(s, needs)
	}
	return a.newDeployment(s, needs)
}

func (a *BifrostWorkloadArgs) newDeployment(s component.Scope, needs []pulumi.Resource) (object, error) {
	app, opts := a.application(), a.podsOptions(s, needs)
	teller, told, err := effects.Tell(s, effects.Deployment, "deployment")
	if err != nil {
		return object{}, err
	}
	opts = append(opts, told...)
	replicas := a.Replicas
	if a.Autoscaling != nil {
		// With server-side apply the provider does not send an ignored field that another manager holds, as the autoscaler does once it has
		// scaled; until then the field stays ours, for one that nobody holds falls back to 1.
		replicas = a.Autoscaling.MinReplicas
		opts = append(opts, pulumi.IgnoreChanges([]string{"spec.replicas"}))
	}
	deployment, err := appsv1.NewDeployment(s.Ctx, s.Child("deployment"), &appsv1.DeploymentArgs{
		Metadata: app.meta(app.name),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(replicas),
			Selector: app.pods(),
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{MaxUnavailable: pulumi.Int(0), MaxSurge: pulumi.Int(MaxSurge)},
			},
			ProgressDeadlineSeconds: pulumi.Int(a.progressDeadlineSeconds()),
			Template:                a.template(),
		},
	}, opts...)
	if err != nil {
		return object{}, err
	}
	teller.Say(deployment, true, a.Autoscaling != nil)
	return object{deployment.Metadata.Name().Elem(), []pulumi.Resource{deployment}}, nil
}

// progressDeadlineSeconds leave a pod that starts as slowly as it may the time to be scheduled and to pull its image.
func (a *BifrostWorkloadArgs) progressDeadlineSeconds() int {
	return a.startupSeconds() + gateway.ScheduleSeconds
}

// podsOptions wait for a rollout as long as it may take, one pod after the other. What the pods name, they name in plain text, and wait
// for by dependsOn: where a name is another resource's output, the whole spec is unknown while that resource is made anew, and for an
// unknown spec the provider deletes the running Deployment (pulumi-kubernetes, provider.go, Diff).
func (a *BifrostWorkloadArgs) podsOptions(s component.Scope, needs []pulumi.Resource) []pulumi.ResourceOption {
	_, most := a.replicas()
	rollout := minutes(max(a.progressDeadlineSeconds(), 120*most))
	timeouts := &pulumi.CustomTimeouts{Create: rollout, Update: rollout}
	// A delete waits for the pods, and 10 minutes where nothing is said.
	if end := a.terminationGraceSeconds() + 120; end > 600 {
		timeouts.Delete = minutes(end)
	}
	return s.Options(pulumi.DependsOn(needs), pulumi.Timeouts(timeouts))
}

// minutes are whole ones, at least as long as the seconds.
func minutes(seconds int) string { return fmt.Sprintf("%dm", (seconds+59)/60) }

package kubernetes

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// PodProblems returns why the pods of a Deployment or Job would not start, if they were started now, in the words of events. The caller
// holds the world's lock, and the world's network runs.
func PodProblems(ctx context.Context, w *served.World, owner *world.Resource) []string {
	return podProblems(&double.Call{World: w, Context: ctx, Session: &session{server: owner.Scope}}, owner)
}

// RunCronJob runs a CronJob's pod now, once, and returns why it failed; "" when it did not. The caller holds the world's lock, and the
// world's network runs.
func RunCronJob(ctx context.Context, w *served.World, cronJob *world.Resource) string {
	call := &double.Call{World: w, Context: ctx, Session: &session{server: cronJob.Scope}}
	spec, err := decode[batchv1.CronJob](cronJob.State)
	if err != nil {
		return err.Error()
	}
	if why := unscheduled(call, cronJob, spec.Spec.JobTemplate.Spec.Template); len(why) > 0 {
		return why[0]
	}
	return nodeOf(call).Run(podOf(call, cronJob, spec.Spec.JobTemplate.Spec.Template), 1)
}

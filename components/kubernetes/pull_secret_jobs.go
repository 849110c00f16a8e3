package kubernetes

import (
	"slices"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/names"
)

// Tries of a scheduled run and of the first one, which waits for fresh federation, and that takes minutes. An up waits for the first run,
// and so it has a deadline, nodes that must come first included.
const (
	scheduledBackoffLimit   = 2
	firstRunDeadlineSeconds = 600
	firstRunBackoffLimit    = 6
	firstRunTimeout         = "12m"
)

// newCronJob makes the scheduled runs, once all that they depend on is there. What is missed is made up for. A run without a node waits for
// one, since it has no deadline but its pods' own; the next one takes its place, so that a pod of today's template waits, and not one of
// last week's. A run whose time passed while nothing watched the schedule, as in a cluster that was stopped, begins late, as long as a
// token may still be alive; of several such runs the last one does (Kubernetes, cronjob controller, mostRecentScheduleTime). A run that
// failed is followed by the next one.
func (r refresher) newCronJob(s component.Scope, pod *corev1.PodSpecArgs, dependsOn []pulumi.Resource) (*batchv1.CronJob, error) {
	teller, told, err := effects.Tell(s, effects.CronJob, "cron-job")
	if err != nil {
		return nil, err
	}
	job, err := batchv1.NewCronJob(s.Ctx, s.Child("cron-job"), &batchv1.CronJobArgs{
		Metadata: r.meta(pulumi.String(r.source.cronJobName)),
		Spec: &batchv1.CronJobSpecArgs{
			Schedule:                   pulumi.String(r.schedule),
			ConcurrencyPolicy:          pulumi.String("Replace"),
			StartingDeadlineSeconds:    pulumi.Int(int(r.source.tokenLife.Seconds())),
			SuccessfulJobsHistoryLimit: pulumi.Int(1),
			FailedJobsHistoryLimit:     pulumi.Int(3),
			JobTemplate: &batchv1.JobTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: component.Merge(r.labels)},
				Spec: &batchv1.JobSpecArgs{
					BackoffLimit: pulumi.Int(scheduledBackoffLimit),
					Template:     &corev1.PodTemplateSpecArgs{Metadata: r.podMeta(nil), Spec: pod},
				},
			},
		},
	}, append(s.Options(pulumi.DependsOn(dependsOn)), told...)...)
	if err != nil {
		return nil, err
	}
	teller.Say(job, true, false)
	return job, nil
}

// newFirstRun makes the Job that fetches the first token. It is a Job of its own, not one made from the CronJob, whose history limit would
// delete it. Its template is immutable, and has a hash of what the pod reads besides and the Secret's uid: another template is another Job,
// made before the former one goes, and a Secret made again is filled again. Pulumi names it, with random digits: where the new one fails,
// the former one stands until the next up that succeeds, and whoever takes the change back must not find its name taken. It never expires
// by itself, or a refresh of the stack would miss it and the next up run it again.
func (r refresher) newFirstRun(
	s component.Scope, pod *corev1.PodSpecArgs, secret *corev1.Secret, dependsOn []pulumi.Resource,
) (*batchv1.Job, error) {
	inputs := r.source.inputs
	if r.pods.Ca != nil {
		inputs = append(slices.Clone(inputs), pulumi.String(r.pods.Ca.Pem))
	}
	template := &corev1.PodTemplateSpecArgs{
		Metadata: r.podMeta(pulumi.StringMap{
			"bifrost.dev/secret-uid": secret.Metadata.Uid().Elem(),
			"bifrost.dev/reads": inputs.ToStringArrayOutput().ApplyT(func(parts []string) string {
				return names.Hashed("inputs", names.MaxLabel, parts...)
			}).(pulumi.StringOutput),
		}),
		Spec: pod,
	}
	meta := r.meta(nil)
	// Otherwise the next up waits again for the Job that failed (pulumi-kubernetes issue 856).
	meta.Annotations = pulumi.StringMap{"pulumi.com/replaceUnready": pulumi.String("true")}

	teller, told, err := effects.Tell(s, effects.Job, "first-run")
	if err != nil {
		return nil, err
	}
	job, err := batchv1.NewJob(s.Ctx, s.Child("first-run"), &batchv1.JobArgs{
		Metadata: meta,
		Spec: &batchv1.JobSpecArgs{
			ActiveDeadlineSeconds: pulumi.Int(firstRunDeadlineSeconds),
			BackoffLimit:          pulumi.Int(firstRunBackoffLimit),
			Template:              template,
		},
	}, append(s.Options(
		pulumi.DependsOn(dependsOn),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: firstRunTimeout, Update: firstRunTimeout}),
	), told...)...)
	if err != nil {
		return nil, err
	}
	teller.Say(job, false, false)
	return job, nil
}

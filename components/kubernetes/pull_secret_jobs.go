package kubernetes

import (
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/names"
)

// A scheduled run has less than the shortest schedule; the first one waits for fresh federation, which takes minutes.
const (
	scheduledDeadlineSeconds = 300
	scheduledBackoffLimit    = 2
	firstRunDeadlineSeconds  = 600
	firstRunBackoffLimit     = 6
	firstRunTimeout          = "12m"
	// firstRunTemplate changes with the rest of the pod, so that the Job of another revision of this program is made before that one goes.
	firstRunTemplate = "home"
)

// newCronJob makes the scheduled runs, once all that they depend on is there.
func (r refresher) newCronJob(s component.Scope, pod *corev1.PodSpecArgs, dependsOn ...pulumi.Resource) (*batchv1.CronJob, error) {
	return batchv1.NewCronJob(s.Ctx, s.Child("cron-job"), &batchv1.CronJobArgs{
		Metadata: r.meta(pulumi.String(r.source.cronJobName)),
		Spec: &batchv1.CronJobSpecArgs{
			Schedule:                   pulumi.String(r.schedule),
			ConcurrencyPolicy:          pulumi.String("Forbid"),
			StartingDeadlineSeconds:    pulumi.Int(scheduledDeadlineSeconds),
			SuccessfulJobsHistoryLimit: pulumi.Int(1),
			FailedJobsHistoryLimit:     pulumi.Int(3),
			JobTemplate: &batchv1.JobTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: component.Merge(r.labels)},
				Spec: &batchv1.JobSpecArgs{
					ActiveDeadlineSeconds: pulumi.Int(scheduledDeadlineSeconds),
					BackoffLimit:          pulumi.Int(scheduledBackoffLimit),
					Template: &corev1.PodTemplateSpecArgs{
						Metadata: &metav1.ObjectMetaArgs{Labels: component.Merge(r.labels, r.podLabels())},
						Spec:     pod,
					},
				},
			},
		},
	}, s.Options(pulumi.DependsOn(dependsOn))...)
}

// newFirstRun makes the Job that fetches the first token. It is a Job of its own, not one made from the CronJob, whose history limit would
// delete it. Its template is immutable, so its name follows from all that the caller can change in it, from firstRunTemplate, and from the
// Secret's uid: a Secret made again is filled again. It never expires by itself, or a refresh of the stack would miss it and the next up
// run it again.
func (r refresher) newFirstRun(
	s component.Scope, pod *corev1.PodSpecArgs, serviceAccount pulumi.StringPtrOutput, secret *corev1.Secret, dependsOn []pulumi.Resource,
) (*batchv1.Job, error) {
	secretUid := secret.Metadata.Uid().Elem()
	inputs := append(pulumi.StringArray{
		pulumi.String(firstRunTemplate), secretUid, r.namespace, pulumi.String(r.secretName), serviceAccount.Elem(),
		pulumi.String(r.registryHost), pulumi.String(r.source.script), pulumi.String(r.source.image), pulumi.String(r.kubectlImage),
	}, r.source.inputs...)
	jobName := inputs.ToStringArrayOutput().ApplyT(func(parts []string) string {
		return names.Hashed(r.source.cronJobName+"-first", names.MaxLabel, parts...)
	}).(pulumi.StringOutput)
	meta := r.meta(jobName)
	// Otherwise the next up waits again for the Job that failed (pulumi-kubernetes issue 856).
	meta.Annotations = pulumi.StringMap{"pulumi.com/replaceUnready": pulumi.String("true")}

	return batchv1.NewJob(s.Ctx, s.Child("first-run"), &batchv1.JobArgs{
		Metadata: meta,
		Spec: &batchv1.JobSpecArgs{
			ActiveDeadlineSeconds: pulumi.Int(firstRunDeadlineSeconds),
			BackoffLimit:          pulumi.Int(firstRunBackoffLimit),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{
					Labels:      component.Merge(r.podLabels()),
					Annotations: pulumi.StringMap{"bifrost.dev/secret-uid": secretUid},
				},
				Spec: pod,
			},
		},
	}, s.Options(
		pulumi.DependsOn(dependsOn),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: firstRunTimeout, Update: firstRunTimeout}),
	)...)
}

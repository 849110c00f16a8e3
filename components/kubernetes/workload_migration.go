package kubernetes

import (
	"fmt"
	"maps"
	"slices"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/component"
	"bifrost/internal/gateway"
	"bifrost/internal/names"
)

const migrationBackoffLimit = 2

// given are the names of the variables that the pods get.
func (a *BifrostWorkloadArgs) given() map[string]bool {
	return gateway.Given(a.Env, a.SecretEnv, a.SecretRefs)
}

func (a *BifrostWorkloadArgs) validateMigration() field.ErrorList {
	p := field.NewPath("migrationJob")
	errs := gateway.ValidateMigration(p, a.MigrationJob, a.given())
	if a.MigrationJob && a.Storage != nil {
		errs = append(errs, field.Forbidden(p, "SQLite's file is on the volume of the running pod, which migrates it itself; remove this or storage"))
	}
	return errs
}

// migrationApp is the label app of the Job's pods: no Service leads to them.
func (a *BifrostWorkloadArgs) migrationApp() string { return a.name() + "-migrate" }

// newMigration migrates the database before the rollout, in a Job of the pods' own template. Its name follows from what it migrates with,
// so that another image or config.json is another Job; another secret replaces it under its name. The pods wait for it by DependsOn
// alone: a property of theirs that came from a Job would be unknown whenever that is replaced, and have the provider delete them.
func (w *workload) newMigration() error {
	if !w.MigrationJob {
		return nil
	}
	deadline := w.progressDeadlineSeconds()
	hook, err := w.ctx.RegisterErrorHook(w.prefix+"-migration-failed", func(*pulumi.ErrorHookArgs) (bool, error) {
		// The engine shows the Job's own error, and not one of the hook: its words go to the log. Nothing is tried again.
		return false, w.ctx.Log.Error(fmt.Sprintf("the migration did not finish, and the pods that run stay as they are; see `kubectl logs --selector app=%s`. A Job that was active until its deadline of "+
			"%d s has an image that does not know %s and started a server: take a newer image, or remove migrationJob", w.migrationApp(), deadline, gateway.MigrateOnlyVariable), nil)
	})
	if err != nil {
		return err
	}
	meta := w.meta("")
	meta.Name = w.migrationName()
	meta.Labels = component.Merge(w.Labels, map[string]string{"app": w.migrationApp()})
	annotations := component.Merge(w.Annotations)
	// Otherwise the next up waits again for the Job that failed (pulumi-kubernetes issue 856).
	annotations["pulumi.com/replaceUnready"] = pulumi.String("true")
	meta.Annotations = annotations
	timeout := fmt.Sprintf("%dm", (deadline+119)/60)
	job, err := batchv1.NewJob(w.ctx, w.prefix+"-migration", &batchv1.JobArgs{
		Metadata: meta,
		Spec: &batchv1.JobSpecArgs{
			ActiveDeadlineSeconds: pulumi.Int(deadline),
			BackoffLimit:          pulumi.Int(migrationBackoffLimit),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{
					Labels:      component.Merge(w.Labels, w.PodLabels, w.identityPodLabels(), map[string]string{"app": w.migrationApp()}),
					Annotations: w.podAnnotations(),
				},
				Spec: w.migrationPod(),
			},
		},
	}, pulumi.Parent(w.parent), pulumi.DependsOn(slices.Clone(w.dependsOn)),
		pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}}),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: timeout, Update: timeout}))
	if err != nil {
		return err
	}
	w.dependsOn = append(w.dependsOn, job)
	return nil
}

// migrationName has a short hash of image, config.json and plain variables: none of them holds a secret, so that the name is none.
func (w *workload) migrationName() pulumi.StringOutput {
	config := w.Config
	if config == nil {
		config = pulumi.String(w.ExistingConfigSecret)
	}
	return pulumi.Unsecret(config.ToStringOutput().ApplyT(func(config string) string {
		parts := []string{w.Image, config}
		for _, name := range slices.Sorted(maps.Keys(w.Env)) {
			parts = append(parts, name, w.Env[name])
		}
		return names.Hashed(w.migrationApp(), names.MaxLabel, parts...)
	})).(pulumi.StringOutput)
}

// migrationPod is the gateway's pod without what only a server has. ExtraContainers would keep it from ending; a proxy that the database
// needs is an init container with restartPolicy Always.
func (w *workload) migrationPod() *corev1.PodSpecArgs {
	pod := w.pod()
	container := w.container()
	container.Name = pulumi.String("migrate")
	container.Env = w.containerEnv(gateway.MigrateOnlyVariable)
	container.Ports, container.StartupProbe, container.LivenessProbe, container.ReadinessProbe, container.Lifecycle = nil, nil, nil, nil, nil
	container.TerminationMessagePolicy = pulumi.String("FallbackToLogsOnError")
	pod.Containers = corev1.ContainerArray{container}
	pod.RestartPolicy = pulumi.String("Never")
	pod.TerminationGracePeriodSeconds = pulumi.Int(cleanUpSeconds)
	pod.TopologySpreadConstraints = nil
	return pod
}

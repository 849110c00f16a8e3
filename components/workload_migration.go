package components

import (
	"fmt"
	"maps"
	"slices"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/names"
)

// Variables of migrations: with the first a process of the gateway migrates its database and ends, with the second a server does not
// migrate. Images that know neither start a server that migrates.
const (
	MigrateOnlyVariable = "BIFROST_MIGRATE_ONLY"
	NoMigrateVariable   = "BIFROST_NO_MIGRATE"
)

const (
	migrationBackoffLimit = 2
	// scheduleSeconds are what a pod may take to be scheduled and to pull its image.
	scheduleSeconds = 300
)

// validateMigration refuses variables that the migration's own would meet.
func validateMigration(p *field.Path, migrate bool, given ...map[string]bool) field.ErrorList {
	if !migrate {
		return nil
	}
	for _, name := range []string{MigrateOnlyVariable, NoMigrateVariable} {
		for _, variables := range given {
			if variables[name] {
				return field.ErrorList{field.Forbidden(p, "sets "+name+" itself; remove that variable, or this")}
			}
		}
	}
	return nil
}

// keysOf are the names in a map.
func keysOf[V any](m map[string]V) map[string]bool {
	all := map[string]bool{}
	for name := range m {
		all[name] = true
	}
	return all
}

func (a *BifrostWorkloadArgs) validateMigration() field.ErrorList {
	p := field.NewPath("migrationJob")
	errs := validateMigration(p, a.MigrationJob, keysOf(a.Env), keysOf(a.SecretEnv), keysOf(a.SecretRefs))
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
			"%d s has an image that does not know %s and started a server: take a newer image, or remove migrationJob", w.migrationApp(), deadline, MigrateOnlyVariable), nil)
	})
	if err != nil {
		return err
	}
	meta := w.meta("")
	meta.Name = w.migrationName()
	meta.Labels = merge(w.Labels, map[string]string{"app": w.migrationApp()})
	annotations := merge(w.Annotations)
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
					Labels:      merge(w.Labels, w.PodLabels, w.identityPodLabels(), map[string]string{"app": w.migrationApp()}),
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
	container.Env = w.containerEnv(MigrateOnlyVariable)
	container.Ports, container.StartupProbe, container.LivenessProbe, container.ReadinessProbe, container.Lifecycle = nil, nil, nil, nil, nil
	container.TerminationMessagePolicy = pulumi.String("FallbackToLogsOnError")
	pod.Containers = corev1.ContainerArray{container}
	pod.RestartPolicy = pulumi.String("Never")
	pod.TerminationGracePeriodSeconds = pulumi.Int(cleanUpSeconds)
	pod.TopologySpreadConstraints = nil
	return pod
}

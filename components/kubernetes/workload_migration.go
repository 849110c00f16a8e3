package kubernetes

import (
	"fmt"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

const migrationBackoffLimit = 2

func (a *BifrostWorkloadArgs) validateMigration(p *field.Path) field.ErrorList {
	errs := gateway.ValidateMigration(p, a.MigrationJob, a.given())
	if a.MigrationJob && a.Storage != nil {
		errs = append(errs, field.Forbidden(p,
			"SQLite's file is on the volume of the running pod, which migrates it itself; remove this or storage"))
	}
	return errs
}

// migrationApp is the label app of the Job's pods: no Service leads to them.
func (a *BifrostWorkloadArgs) migrationApp() string { return a.application().child("migrate") }

// newMigration migrates the database before the rollout, in a Job of the pods' own template. Meshes leave its pods alone, unless podLabels
// or podAnnotations say otherwise: with a proxy beside it it would not end. Another template is another Job, as another image, config.json
// or secret makes it. Pulumi names it, with random digits: where it fails, the former one stands until the next up that succeeds, and a
// roll-back must not find its name taken. The pods wait for it by DependsOn alone: a property of theirs that came from a Job would be
// unknown whenever that is replaced, and have the provider delete them.
func (a *BifrostWorkloadArgs) newMigration(s component.Scope, needs []pulumi.Resource) ([]pulumi.Resource, error) {
	if !a.MigrationJob {
		return nil, nil
	}
	deadline := a.progressDeadlineSeconds()
	explained, err := s.OnFailure("migration-failed", func(*pulumi.ErrorHookArgs) error {
		// The engine shows the Job's own error, and not one of the hook: its words go to the log.
		return s.Ctx.Log.Error(a.migrationFailed(deadline), nil)
	})
	if err != nil {
		return nil, err
	}
	teller, told, err := effects.Tell(s, effects.Job, "migration")
	if err != nil {
		return nil, err
	}
	app := map[string]string{"app": a.migrationApp()}
	// Without the annotation, the next up waits again for the Job that failed (pulumi-kubernetes issue 856).
	meta := a.application().annotated("", pulumi.StringMap{"pulumi.com/replaceUnready": pulumi.String("true")})
	meta.Name, meta.Labels = nil, component.Merge(a.Labels, app)
	timeout := minutes(deadline + 60)
	job, err := batchv1.NewJob(s.Ctx, s.Child("migration"), &batchv1.JobArgs{
		Metadata: meta,
		Spec: &batchv1.JobSpecArgs{
			ActiveDeadlineSeconds: pulumi.Int(deadline),
			BackoffLimit:          pulumi.Int(migrationBackoffLimit),
			Template:              &corev1.PodTemplateSpecArgs{Metadata: a.podMeta(app, outsideMesh), Spec: a.migratingPod()},
		},
	}, append(s.Options(pulumi.DependsOn(needs), explained,
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: timeout, Update: timeout})), told...)...)
	if err != nil {
		return nil, err
	}
	teller.Say(job, false, false)
	return []pulumi.Resource{job}, nil
}

func (a *BifrostWorkloadArgs) migrationFailed(deadline int) string {
	return fmt.Sprintf("the migration did not finish, and the pods that run stay as they are; see `kubectl logs --selector app=%s`. "+
		"A Job that was active until its deadline of %d s has an image that does not know %s and started a server: take a newer image, or "+
		"remove migrationJob", a.migrationApp(), deadline, gateway.MigrateOnlyVariable)
}

// migratingPod is the gateway's pod without what only a server has. ExtraContainers would keep it from ending; a proxy that the database
// needs is an init container with restartPolicy Always.
func (a *BifrostWorkloadArgs) migratingPod() *corev1.PodSpecArgs {
	container := a.container("migrate")
	container.Env = a.env(gateway.MigrateOnlyVariable)
	container.TerminationMessagePolicy = pulumi.String("FallbackToLogsOnError")
	pod := a.pod()
	pod.Containers = corev1.ContainerArray{container}
	pod.RestartPolicy = pulumi.String("Never")
	pod.TerminationGracePeriodSeconds = pulumi.Int(cleanUpSeconds)
	return pod
}

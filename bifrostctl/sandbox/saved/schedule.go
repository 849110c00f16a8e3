package saved

import (
	"context"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/sandbox/cloud"
	sandbox "bifrost/bifrostctl/sandbox/cloud/kubernetes"
)

// CatchUp lets the CronJobs of a cluster run that should have run, by this machine's clock, since their pull Secret was written. Time by
// which the clouds' clocks are ahead (World.Later) is time in which no CronJob ran. A run that fails changes nothing.
func CatchUp(ctx context.Context, w *cloud.World, server string) error {
	w.Lock()
	defer w.Unlock()
	now := time.Now()
	for _, r := range w.Resources {
		if r.Scope != server || r.Deleted || !strings.HasSuffix(r.Type, ":CronJob") {
			continue
		}
		object, err := decode(r)
		if err != nil {
			return err
		}
		job, ok := object.(*batchv1.CronJob)
		if !ok || job.Spec.Suspend != nil && *job.Spec.Suspend {
			continue
		}
		schedule, err := cron.ParseStandard(job.Spec.Schedule)
		if err != nil {
			return err // the API server has validated it
		}
		written, err := writtenIn(w, server, job.Namespace)
		if err != nil {
			return err
		}
		if !written.IsZero() && schedule.Next(written).Before(now) {
			sandbox.RunCronJob(ctx, w, r)
		}
	}
	return nil
}

// writtenIn is when the refresher wrote its pull Secret of a namespace; zero where there is none.
func writtenIn(w *cloud.World, server, namespace string) (time.Time, error) {
	for _, r := range w.Resources {
		if r.Scope != server || r.Deleted || !strings.HasSuffix(r.Type, ":Secret") {
			continue
		}
		object, err := decode(r)
		if err != nil {
			return time.Time{}, err
		}
		secret, ok := object.(*corev1.Secret)
		if !ok || secret.Namespace != namespace {
			continue
		}
		recordApply(secret)
		for _, entry := range secret.ManagedFields {
			if entry.Manager == refresher {
				return entry.Time.Time, nil
			}
		}
	}
	return time.Time{}, nil
}

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/controlplane"
)

// refresh makes a Job of the CronJob, as `kubectl create job --from` does, changed by edit unless that is nil, and waits until it is complete.
func (s *site) refresh(ctx context.Context, l *login, name string, edit func(*corev1.PodSpec)) error {
	spec, err := s.refresher(ctx, l)
	if err != nil {
		return err
	}
	if edit != nil {
		edit(&spec.Template.Spec)
	}
	jobs := s.client.BatchV1().Jobs(namespace)
	if _, err := jobs.Create(ctx, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := poll(ctx, func(ctx context.Context) error { return s.complete(ctx, name) }); err != nil {
		return fmt.Errorf("job %s: %w", name, err)
	}
	background := metav1.DeletePropagationBackground
	return jobs.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})
}

// refreshed is refresh for a test that has nothing else to do.
func (s *site) refreshed(t *testing.T, l *login, name string) {
	t.Helper()
	require.NoError(t, s.refresh(t.Context(), l, name, nil))
}

// refresher is what the CronJob makes Jobs of.
func (s *site) refresher(ctx context.Context, l *login) (batchv1.JobSpec, error) {
	cronJob, err := s.client.BatchV1().CronJobs(namespace).Get(ctx, l.cronJob, metav1.GetOptions{})
	if err != nil {
		return batchv1.JobSpec{}, err
	}
	return cronJob.Spec.JobTemplate.Spec, nil
}

// refreshByCronJob makes a Job from the CronJob, as a person would, and waits until it is complete.
func refreshByCronJob(t *testing.T, s *site, l *login, name string) {
	t.Helper()
	s.kubectl(t, controlplane.AdminUser, "create", "job", name, "--from=cronjob/"+l.cronJob)
	awaitJob(t, s, name)
}

func awaitJob(t *testing.T, s *site, name string) {
	t.Helper()
	eventually(t, "job "+name, func(ctx context.Context) error { return s.complete(ctx, name) })
}

// complete tells why a Job is not, with the last words of what failed.
func (s *site) complete(ctx context.Context, name string) error {
	job, err := s.client.BatchV1().Jobs(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range job.Status.Conditions {
		if condition.Type == batchv1.JobComplete && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("%+v, %s", job.Status, s.words(ctx))
}

// words are the last words of the containers that failed.
func (s *site) words(ctx context.Context) string {
	pods, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, pod := range pods.Items {
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if ended := status.State.Terminated; ended != nil && ended.ExitCode != 0 {
				words = append(words, fmt.Sprintf("%s/%s: exit code %d: %s", pod.Name, status.Name, ended.ExitCode, ended.Message))
			}
			if waiting := status.State.Waiting; waiting != nil {
				words = append(words, fmt.Sprintf("%s/%s: %s: %s", pod.Name, status.Name, waiting.Reason, waiting.Message))
			}
		}
	}
	return strings.Join(words, "\n")
}

// refresherPod makes a pod as the CronJob's controller would, but for its name, which no second one follows.
func (s *site) refresherPod(t *testing.T, l *login, name string, edit func(*corev1.PodSpec)) *corev1.Pod {
	t.Helper()
	spec, err := s.refresher(t.Context(), l)
	require.NoError(t, err)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: maps.Clone(spec.Template.Labels)}, Spec: spec.Template.Spec}
	require.Equal(t, corev1.RestartPolicyNever, pod.Spec.RestartPolicy)
	if edit != nil {
		edit(&pod.Spec)
	}
	made, err := s.client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { s.gone(t, made) })
	return made
}

// ended waits until a pod has, and returns how.
func (s *site) ended(ctx context.Context, pod *corev1.Pod) (corev1.PodPhase, error) {
	var phase corev1.PodPhase
	err := poll(ctx, func(ctx context.Context) error {
		now, err := s.client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if phase = now.Status.Phase; phase != corev1.PodSucceeded && phase != corev1.PodFailed {
			return fmt.Errorf("pod %s is %s: %s", pod.Name, phase, s.words(ctx))
		}
		return nil
	})
	return phase, err
}

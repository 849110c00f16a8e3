package checks

import (
	"context"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/verify/check"
)

// lastJob looks at the newest Job of the refresher: a first run, or one of the CronJob.
func (p pulls) lastJob(ctx context.Context) check.Result {
	client, err := p.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, p.clusterLogin())
	}
	jobs, err := client.BatchV1().Jobs(p.objects.names.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return unreadable("the Jobs", err, p.clusterLogin())
	}
	job := p.newest(jobs.Items)
	if job == nil {
		return check.Skip("no Job of CronJob %s is there, not even the first run %s, which made-workloads tells of; how fresh the "+
			"token is tells pull-token", p.objects.names.RefreshCronJob, p.objects.names.FirstRunJob)
	}
	for _, c := range job.Status.Conditions {
		switch {
		case c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue:
			return check.Pass("Job %s", job.Name)
		case c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue:
			words := lastWords(ctx, client, job)
			if words == "" {
				words = c.Message
			}
			says, hint := p.translate(words)
			return check.Fail(hint, "Job %s failed: %s\n%s", job.Name, says, words)
		}
	}
	if why := waitsForNode(ctx, client, job); why != "" {
		return check.Warn("let it onto a node: refresher.scheduling, or gateway.scheduling, which it follows; or add a node",
			"the pod of Job %s waits for a node: %s", job.Name, why)
	}
	return check.Warn("bifrostctl verify "+p.Name+" --wait 5m", "Job %s runs still", job.Name)
}

// waitsForNode says why no node takes a pod of a Job; empty where none waits for that.
func waitsForNode(ctx context.Context, client kubernetes.Interface, job *batchv1.Job) string {
	for _, pod := range podsOf(ctx, client, job) {
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
				return c.Message
			}
		}
	}
	return ""
}

// podsOf are the pods of a Job, the newest one first.
func podsOf(ctx context.Context, client kubernetes.Interface, job *batchv1.Job) []corev1.Pod {
	pods, err := client.CoreV1().Pods(job.Namespace).List(ctx, metav1.ListOptions{LabelSelector: batchv1.JobNameLabel + "=" + job.Name})
	if err != nil {
		return nil // the condition's words are left
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	return pods.Items
}

// newest is the youngest Job of the refresher; nil where there is none.
func (p pulls) newest(jobs []batchv1.Job) *batchv1.Job {
	var found *batchv1.Job
	for i := range jobs {
		owner := metav1.GetControllerOf(&jobs[i])
		ours := jobs[i].Name == p.objects.names.FirstRunJob || owner != nil && owner.Name == p.objects.names.RefreshCronJob
		if ours && (found == nil || found.CreationTimestamp.Before(&jobs[i].CreationTimestamp)) {
			found = &jobs[i]
		}
	}
	return found
}

// lastWords are what the failed container of a Job's newest pod ended on: the end of its log, which outlives it in the pod's status.
func lastWords(ctx context.Context, client kubernetes.Interface, job *batchv1.Job) string {
	for _, pod := range podsOf(ctx, client, job) {
		for _, c := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
			if ended := c.State.Terminated; ended != nil && ended.ExitCode != 0 && strings.TrimSpace(ended.Message) != "" {
				return strings.TrimSpace(ended.Message)
			}
		}
	}
	return ""
}

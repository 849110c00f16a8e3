package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// worker lives one pod's life.
type worker struct {
	agent *Agent
	pod   *corev1.Pod // as it was when it was first seen; its spec does not change

	ctx  context.Context // ends when the pod has to
	stop context.CancelFunc

	deleteOnce sync.Once
	deleted    chan struct{}

	mu     sync.Mutex
	status corev1.PodStatus
}

func newWorker(a *Agent, pod *corev1.Pod) *worker {
	w := &worker{agent: a, pod: pod, deleted: make(chan struct{}), status: *pod.Status.DeepCopy()}
	w.ctx, w.stop = context.WithCancel(a.ctx)
	return w
}

// delete ends the pod's containers; then the worker deletes the pod.
func (w *worker) delete() {
	w.deleteOnce.Do(func() {
		close(w.deleted)
		w.stop()
	})
}

func (w *worker) run() {
	defer w.stop()
	finished := w.pod.Status.Phase == corev1.PodSucceeded || w.pod.Status.Phase == corev1.PodFailed
	if !finished && w.pod.DeletionTimestamp == nil {
		w.live()
	}
	<-w.ctx.Done()
	select {
	case <-w.deleted:
		w.remove()
	default: // the pod is gone already, or the agent stops
	}
}

// live brings the pod from Pending to its end.
func (w *worker) live() {
	run, err := w.agent.newRun(w.agent.client, w.pod, RunOptions{})
	if err != nil {
		w.agent.config.Logf("pod %s/%s: %v", w.pod.Namespace, w.pod.Name, err)
		return
	}
	defer run.clean()
	w.begin(run.ip)
	mounted := w.retry(func() error {
		err := run.mount(w.ctx)
		if err != nil {
			w.warn("FailedMount", err)
		}
		return err
	})
	if mounted && w.initialise(run) {
		var group sync.WaitGroup
		for i := range run.pod.Spec.Containers {
			group.Go(func() { w.container(run, &run.pod.Spec.Containers[i], &w.status.ContainerStatuses[i]) })
		}
		group.Wait()
	}
	w.end()
}

// initialise runs the init containers, one after the other.
func (w *worker) initialise(run *podRun) bool {
	for i := range run.pod.Spec.InitContainers {
		if w.container(run, &run.pod.Spec.InitContainers[i], &w.status.InitContainerStatuses[i]) != nil {
			return false
		}
	}
	return true
}

// errEnded is a container that will not start again and did not succeed.
var errEnded = fmt.Errorf("the container has failed")

// container runs a container until it needs no other start.
func (w *worker) container(run *podRun, c *corev1.Container, status *corev1.ContainerStatus) error {
	isInit := slices.ContainsFunc(run.pod.Spec.InitContainers, func(i corev1.Container) bool { return i.Name == c.Name })
	for {
		if !w.pull(c, status) {
			return errEnded
		}
		var made *prepared
		if !w.retry(func() (err error) {
			if made, err = run.prepare(w.ctx, c); err != nil {
				w.wait(status, "CreateContainerConfigError", err.Error())
			}
			return err
		}) {
			return errEnded
		}
		started := metav1.Now()
		w.change(func() {
			status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}
			status.ImageID = c.Image
			status.ContainerID = fmt.Sprintf("jail://%s/%s/%d", w.pod.UID, c.Name, status.RestartCount)
			up := true
			status.Started, status.Ready = &up, !isInit
		})
		if w.agent.config.Starting != nil {
			w.agent.config.Starting(w.pod, c.Name)
		}
		o := run.execute(w.ctx, c, made)
		terminated := &corev1.ContainerStateTerminated{
			ExitCode: int32(o.code), Reason: o.reason, Message: o.message, StartedAt: started, FinishedAt: metav1.Now(),
			ContainerID: status.ContainerID,
		}
		again := w.ctx.Err() == nil && w.startsAgain(o.code, isInit)
		w.change(func() {
			down := false
			status.Started, status.Ready = &down, isInit && o.code == 0
			status.State = corev1.ContainerState{Terminated: terminated}
			if again {
				status.LastTerminationState, status.RestartCount = status.State, status.RestartCount+1
				status.State = waiting("CrashLoopBackOff", fmt.Sprintf("back-off %v restarting failed container=%s",
					backOff(int(status.RestartCount)),
					c.Name))
			}
		})
		switch {
		case again && pause(w.ctx, backOff(int(status.RestartCount))):
		case !again && o.code == 0:
			return nil
		default:
			return errEnded
		}
	}
}

func (w *worker) startsAgain(code int, isInit bool) bool {
	switch w.pod.Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return code != 0
	}
	return !isInit || code != 0
}

// backOff is a kubelet's, in miniature.
func backOff(n int) time.Duration {
	return min(firstBackOff<<min(n, 10), lastBackOff)
}

const (
	firstBackOff = 250 * time.Millisecond
	lastBackOff  = 5 * time.Second
	// pollInterval is how soon a change of a pull Secret is noticed: nodes may not watch Secrets in general.
	pollInterval = 250 * time.Millisecond
)

// retry tries until it succeeds; false when the pod has to end before.
func (w *worker) retry(try func() error) bool {
	for n := 0; w.ctx.Err() == nil; n++ {
		if try() == nil {
			return true
		}
		pause(w.ctx, min(backOff(n), time.Second))
	}
	return false
}

// pull tries until the image is there; at once when a pull Secret changes.
func (w *worker) pull(c *corev1.Container, status *corev1.ContainerStatus) bool {
	for n := 0; w.ctx.Err() == nil; n++ {
		secrets, err := w.pullSecrets()
		if err == nil {
			if len(secrets.missing) > 0 && n == 0 {
				w.warn("FailedToRetrieveImagePullSecret", fmt.Errorf("unable to retrieve some image pull secrets (%s); attempting to pull "+
					"the image "+
					"may not succeed", strings.Join(secrets.missing, ", ")))
			}
			err = w.agent.pull(w.ctx, c, secrets.found)
		}
		if err == nil {
			return true
		}
		if w.ctx.Err() != nil {
			return false
		}
		w.warn("Failed", err)
		w.wait(status, "ErrImagePull", err.Error())
		for until := time.Now().Add(backOff(n)); time.Now().Before(until) && pause(w.ctx, pollInterval); {
			w.wait(status, "ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %v", c.Image, err))
			if now, err := w.pullSecrets(); err == nil && now.version != secrets.version {
				break
			}
		}
	}
	return false
}

// remove deletes the pod for good, as a kubelet does when its containers have ended.
func (w *worker) remove() {
	now := int64(0)
	for n := 0; ; n++ {
		err := w.agent.client.CoreV1().Pods(w.pod.Namespace).Delete(w.agent.ctx, w.pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(w.pod.UID)),
		})
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || !pause(w.agent.ctx, min(backOff(n), time.Second)) {
			return
		}
		w.agent.config.Logf("delete pod %s/%s: %v", w.pod.Namespace, w.pod.Name, err)
	}
}

func (w *worker) warn(reason string, err error) {
	w.agent.events.Event(w.pod, corev1.EventTypeWarning, reason, err.Error())
	w.agent.config.Logf("pod %s/%s: %s: %v", w.pod.Namespace, w.pod.Name, reason, err)
}

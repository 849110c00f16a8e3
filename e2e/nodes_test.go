package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// cordon closes the nodes to pods that have none yet, or opens them again.
func (s *site) cordon(t *testing.T, closed bool) {
	t.Helper()
	for _, node := range s.nodes {
		_, err := s.client.CoreV1().Nodes().Patch(context.Background(), node.Name, types.StrategicMergePatchType,
			fmt.Appendf(nil, `{"spec":{"unschedulable":%t}}`, closed), metav1.PatchOptions{})
		require.NoError(t, err)
	}
}

// podAt is the pod of the stack's namespace with an address, as its node has told it.
func (s *site) podAt(ctx context.Context, remote string) (string, error) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return "", err
	}
	var name string
	err = poll(ctx, func(ctx context.Context) error {
		pods, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{FieldSelector: "status.podIP=" + host})
		if err != nil {
			return err
		}
		for _, pod := range pods.Items {
			if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
				name = pod.Name
				return nil
			}
		}
		return fmt.Errorf("no pod has the address %s", host)
	})
	return name, err
}

// processes are those of a pod's container that runs.
func (s *site) processes(ctx context.Context, pod *corev1.Pod, container string) ([]int, error) {
	var id string
	err := poll(ctx, func(ctx context.Context) error {
		now, err := s.client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, status := range slices.Concat(now.Status.InitContainerStatuses, now.Status.ContainerStatuses) {
			if status.Name == container && status.State.Running != nil {
				_, id, _ = strings.Cut(status.ContainerID, "://")
				return nil
			}
		}
		return fmt.Errorf("%s/%s does not run", pod.Name, container)
	})
	if err != nil {
		return nil, err
	}
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, file := range groups {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), id) {
			continue // the process is gone, or another container's
		}
		process, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		found = append(found, process)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s/%s: no process has the control group of container %s", pod.Name, container, id)
	}
	return found, nil
}

// kill ends the processes of a pod's container that runs, as the kernel does when memory is short: nobody in it can do anything about it.
func (s *site) kill(ctx context.Context, pod *corev1.Pod, container string) error {
	processes, err := s.processes(ctx, pod, container)
	if err != nil {
		return err
	}
	killed := 0
	for _, process := range processes {
		if err := syscall.Kill(process, syscall.SIGKILL); err == nil {
			killed++
		}
	}
	if killed == 0 {
		return fmt.Errorf("%s/%s: its processes have ended", pod.Name, container)
	}
	return nil
}

// gone deletes a pod at once and waits until it is no more, whatever became of the test.
func (s *site) gone(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	ctx, now := context.Background(), int64(0)
	pods := s.client.CoreV1().Pods(pod.Namespace)
	if err := pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		require.True(t, apierrors.IsNotFound(err), "%v", err)
	}
	eventuallyIn(ctx, t, "pod "+pod.Name+" is gone", func(ctx context.Context) error {
		_, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		return errors.New("still there")
	})
}

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	provisioner = "e2e.bifrost.dev/disk"
	// selectedNode is where the scheduler writes the node of a claim's first pod.
	selectedNode = "volume.kubernetes.io/selected-node"
)

// storage gives the cluster StorageClasses, and the claims of their pods folders on this machine: what a CSI driver does. It ends with the test.
func (s *site) storage(t *testing.T, classes ...string) {
	t.Helper()
	wait, drop := storagev1.VolumeBindingWaitForFirstConsumer, corev1.PersistentVolumeReclaimDelete
	for _, name := range classes {
		_, err := s.client.StorageV1().StorageClasses().Create(t.Context(), &storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner, VolumeBindingMode: &wait, ReclaimPolicy: &drop,
		}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			_ = s.provision(ctx) // it looks again
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() {
		stop()
		group.Wait()
		for _, name := range classes {
			require.NoError(t, s.client.StorageV1().StorageClasses().Delete(context.Background(), name, metav1.DeleteOptions{}))
		}
	})
}

// provision makes the volumes that the scheduler has asked for, and deletes those that are released.
func (s *site) provision(ctx context.Context) error {
	claims, err := s.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, claim := range claims.Items {
		if claim.Annotations["volume.kubernetes.io/storage-provisioner"] != provisioner || claim.Spec.VolumeName != "" || claim.Annotations[selectedNode] == "" {
			continue
		}
		if err := s.makeVolume(ctx, &claim); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	volumes, err := s.client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, volume := range volumes.Items {
		if volume.Status.Phase != corev1.VolumeReleased {
			continue
		}
		if err := s.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{}); err != nil {
			return err
		}
		_ = os.RemoveAll(volume.Spec.Local.Path)
	}
	return nil
}

func (s *site) makeVolume(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	name := "pvc-" + string(claim.UID)
	dir := filepath.Join(s.dir, "disks", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	_, err := s.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: *claim.Spec.StorageClassName, AccessModes: claim.Spec.AccessModes, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			Capacity:               corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			ClaimRef:               &corev1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: dir}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{claim.Annotations[selectedNode]},
				}},
			}}}},
		},
	}, metav1.CreateOptions{})
	return err
}

// testKeepsItsData: the gateway's one pod has a volume, which stays under a changed configuration, one pod after the other.
func testKeepsItsData(t *testing.T, s *site, settings []string) {
	set := func() (string, string) {
		s.readyPods(t, namespace, 1)
		found, err := s.client.AppsV1().StatefulSets(namespace).Get(t.Context(), gateway, metav1.GetOptions{})
		require.NoError(t, err)
		require.EqualValues(t, 1, *found.Spec.Replicas)
		claim, err := s.client.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), "data-"+gateway+"-0", metav1.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, corev1.ClaimBound, claim.Status.Phase)
		pod, err := s.client.CoreV1().Pods(namespace).Get(t.Context(), gateway+"-0", metav1.GetOptions{})
		require.NoError(t, err)
		return string(pod.UID), claim.Spec.VolumeName
	}
	pod, volume := set()
	again := s.must(t, "up", settings...)
	unchanged(t, again)
	same, _ := set()
	require.Equal(t, pod, same, "an unchanged up rolls nothing")

	s.must(t, "up", append(settings, "--set", "gateway.config.client.enforce_auth_on_inference=false")...)
	rolled, kept := set()
	require.NotEqual(t, pod, rolled, "a changed configuration rolls the pod")
	require.Equal(t, volume, kept, "and keeps its volume")
	report.add("SQLite on a volume", fmt.Sprintf("StatefulSet %s: another pod after a changed configuration, the same volume; none after an unchanged up\n", gateway))
}

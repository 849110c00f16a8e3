package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// addClaim puts the volume that a claim is bound to in the place of a volume of the pod. The node knows volumes of type hostPath, which
// outlive their pods.
func (p *podRun) addClaim(ctx context.Context, volume, name string) error {
	claim, err := p.client.CoreV1().PersistentVolumeClaims(p.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if claim.Spec.VolumeName == "" {
		return fmt.Errorf("persistentvolumeclaim %q is not bound", name)
	}
	bound, err := p.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if bound.Spec.HostPath == nil {
		return fmt.Errorf("persistentvolume %q: this node knows volumes of type hostPath only", bound.Name)
	}
	if err := os.MkdirAll(bound.Spec.HostPath.Path, 0o700); err != nil {
		return err
	}
	if err := p.own(bound.Spec.HostPath.Path, 0o777); err != nil {
		return err
	}
	place := p.volume(volume)
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		return err
	}
	if err := os.Remove(place); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(bound.Spec.HostPath.Path, place)
}

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"

	"bifrost/e2e/controlplane"
)

// gatewayPods returns the uids of the gateway's pods once all that should be there are available, and no others are left: the controllers
// made them, in a namespace that enforces restricted, and their image could be pulled. An up that waited for them is over by then, but a pod
// may miss a probe on a machine that has much to do.
func gatewayPods(t *testing.T, s *site) []types.UID {
	t.Helper()
	var uids []types.UID
	eventually(t, "the gateway's pods are available, and the former ones gone", func(ctx context.Context) error {
		deployment, err := s.client.AppsV1().Deployments(namespace).Get(ctx, gateway, metav1.GetOptions{})
		if err != nil {
			return err
		}
		status := deployment.Status
		if deployment.Generation != status.ObservedGeneration || *deployment.Spec.Replicas != status.AvailableReplicas {
			return fmt.Errorf("%d of %d replicas are available: %+v", status.AvailableReplicas, *deployment.Spec.Replicas, status)
		}
		list, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{
			LabelSelector: metav1.FormatLabelSelector(deployment.Spec.Selector),
		})
		if err != nil {
			return err
		}
		uids = nil
		for _, pod := range list.Items {
			uids = append(uids, pod.UID)
		}
		if len(uids) != int(*deployment.Spec.Replicas) {
			return fmt.Errorf("%d pods", len(uids))
		}
		return nil
	})
	slices.Sort(uids)
	return uids
}

// pullSecret returns the pull Secret, which holds one login, for the right host and user, as the kubelet reads it.
func pullSecret(t *testing.T, s *site, want *login) *corev1.Secret {
	t.Helper()
	secret, err := s.client.CoreV1().Secrets(namespace).Get(t.Context(), want.secret, metav1.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, want.check(secret))
	return secret
}

// check tells what is wrong with a pull Secret, without its content.
func (l *login) check(secret *corev1.Secret) error {
	if secret.Type != corev1.SecretTypeDockerConfigJson {
		return fmt.Errorf("type %s", secret.Type)
	}
	var document struct {
		Auths map[string]struct{ Username, Password, Auth string }
	}
	if err := json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &document); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	entry, found := document.Auths[l.host]
	switch {
	case len(document.Auths) != 1 || !found:
		return fmt.Errorf("%d logins, and one for %s: %t", len(document.Auths), l.host, found)
	case entry.Username != l.user:
		return fmt.Errorf("user %q", entry.Username)
	case entry.Password == "":
		return fmt.Errorf("no password")
	case entry.Auth != base64.StdEncoding.EncodeToString([]byte(entry.Username+":"+entry.Password)):
		return fmt.Errorf("auth is not user and password")
	}
	return nil
}

// kubectl runs the real one, as a user, in the stack's namespace.
func (s *site) kubectl(t *testing.T, user string, args ...string) string {
	t.Helper()
	out, err := s.tryKubectl(t.Context(), s.plane.KubeconfigOf(user), args...)
	require.NoError(t, err, "%s", out)
	return out
}

func (s *site) tryKubectl(ctx context.Context, kubeconfig string, args ...string) (string, error) {
	bin, err := controlplane.Binaries()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "kubectl"), append([]string{"--kubeconfig", kubeconfig, "--namespace", namespace}, args...)...)
	cmd.Env = []string{"HOME=" + s.dir}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// inventory names every object of the cluster but those that come and go by themselves, once no other is about to go: what an earlier test
// deleted is not there.
func inventory(t *testing.T, s *site) []string {
	t.Helper()
	var found []string
	eventually(t, "what was deleted is gone", func(ctx context.Context) error {
		var going []string
		var err error
		if found, going, err = s.objects(ctx); err == nil && len(going) > 0 {
			err = fmt.Errorf("still there: %v", going)
		}
		return err
	})
	return found
}

// objects are those of inventory at this moment, and which of them are being deleted. It fails while the API server forgets a kind.
func (s *site) objects(ctx context.Context) (found, going []string, err error) {
	lists, err := s.client.Discovery().ServerPreferredResources()
	if err != nil {
		return nil, nil, err
	}
	objects, err := metadata.NewForConfig(s.plane.As(controlplane.AdminUser))
	if err != nil {
		return nil, nil, err
	}
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "get"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, nil, err
		}
		for _, resource := range list.APIResources {
			if slices.Contains([]string{"events", "leases", "componentstatuses", "endpoints", "nodes"}, resource.Name) {
				continue
			}
			items, err := objects.Resource(version.WithResource(resource.Name)).List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, nil, err
			}
			for _, item := range items.Items {
				name := resource.Name + " " + item.Namespace + "/" + item.Name
				found = append(found, name)
				if item.DeletionTimestamp != nil {
					going = append(going, name)
				}
			}
		}
	}
	slices.Sort(found)
	return found, going, nil
}

// leftNothing waits until all that came since is gone again: pods end in their own time.
func leftNothing(t *testing.T, s *site, before []string) {
	t.Helper()
	eventually(t, "destroy leaves nothing", func(ctx context.Context) error {
		now, _, err := s.objects(ctx)
		if err != nil || slices.Equal(before, now) {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(now), func(object string) bool { return slices.Contains(before, object) })
		return fmt.Errorf("%d objects before, %d after: %v", len(before), len(now), left)
	})
}

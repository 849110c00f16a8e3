package pulls

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/outside/outsidetest"
)

const namespace = "default"

// acme is an image of a repository of its own, so that no other test's pull counts for it.
func acme(repository string) string {
	return outsidetest.Registry + "/" + repository + ":" + outsidetest.Tag
}

// secret writes a pull Secret, which is there or not.
func (c *cluster) secret(t *testing.T, name, password string) {
	t.Helper()
	content, err := json.Marshal(map[string]any{"auths": map[string]any{outsidetest.Registry: map[string]string{"username": "AWS", "password": password}}})
	require.NoError(t, err)
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: content}}
	secrets := c.Client.CoreV1().Secrets(namespace)
	if _, err := secrets.Get(t.Context(), name, metav1.GetOptions{}); err == nil {
		_, err = secrets.Update(t.Context(), s, metav1.UpdateOptions{})
		require.NoError(t, err)
		return
	}
	_, err = secrets.Create(t.Context(), s, metav1.CreateOptions{})
	require.NoError(t, err)
}

// pod makes one with the image, which does nothing. Secrets are those that it pulls with. It asks the registry each time, where nothing else
// is said.
func (c *cluster) pod(t *testing.T, name, image string, secrets ...string) {
	t.Helper()
	c.podWith(t, name, corev1.Container{Image: image, Command: []string{"/bin/sleep", "86400"}, ImagePullPolicy: corev1.PullAlways}, secrets...)
}

func (c *cluster) podWith(t *testing.T, name string, container corev1.Container, secrets ...string) {
	t.Helper()
	container.Name = "c"
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{
		TerminationGracePeriodSeconds: new(int64), RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{container},
	}}
	for _, secret := range secrets {
		p.Spec.ImagePullSecrets = append(p.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: secret})
	}
	_, err := c.Client.CoreV1().Pods(namespace).Create(t.Context(), p, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = c.Client.CoreV1().Pods(namespace).Delete(context.Background(), name, metav1.DeleteOptions{})
	})
}

func (c *cluster) runs(ctx context.Context, name string) error {
	p, err := c.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if p.Status.Phase != corev1.PodRunning {
		return notYet("%s: %s %s", p.Status.Phase, p.Status.ContainerStatuses, c.words(ctx, name))
	}
	return nil
}

// words are what the kubelet's events of a pod say of its image.
func (c *cluster) words(ctx context.Context, pod string) string {
	events, err := c.Client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod})
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, e := range events.Items {
		if e.Type == corev1.EventTypeWarning {
			all = append(all, e.Reason+": "+e.Message)
		}
	}
	return strings.Join(all, "\n")
}

// TestRefusedPulls: what the kubelet says of each refusal.
func TestRefusedPulls(t *testing.T) {
	c := started(t)
	c.clouds.Login("valid", "")
	c.clouds.Login("old", outsidetest.Expired)
	c.clouds.Login("stranger", outsidetest.Denied)
	for name, password := range map[string]string{"valid": "valid", "old": "old", "stranger": "stranger", "wrong": "guess"} {
		c.secret(t, name, password)
	}
	for _, refused := range []struct {
		name, image, secret string
		words               []string
	}{
		{"no-secret", acme("no-secret"), "", []string{"no basic auth credentials", "pull access denied, repository does not exist or may require authorization"}},
		{"missing-secret", acme("missing-secret"), "nosuch", []string{
			"FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (nosuch)", "no basic auth credentials"}},
		{"wrong-password", acme("wrong-password"), "wrong", []string{"401 Unauthorized"}},
		{"expired-token", acme("expired-token"), "old", []string{"403 Forbidden"}},
		{"not-allowed", acme("not-allowed"), "stranger", []string{"403 Forbidden"}},
		{"no-such-tag", outsidetest.Registry + "/no-such-tag:9.9.9", "valid", []string{"not found"}},
	} {
		t.Run(refused.name, func(t *testing.T) {
			var secrets []string
			if refused.secret != "" {
				secrets = append(secrets, refused.secret)
			}
			c.pod(t, refused.name, refused.image, secrets...)
			eventually(t, "the events", func(ctx context.Context) error {
				words := c.words(ctx, refused.name)
				for _, word := range refused.words {
					if !strings.Contains(words, word) {
						return notYet("%s", words)
					}
				}
				return nil
			})
		})
	}
}

// TestPullWithSecret: containerd asks without a login, is told to show one, and shows the pod's.
func TestPullWithSecret(t *testing.T) {
	c := started(t)
	c.clouds.Login("valid", "")
	c.secret(t, "valid", "valid")
	c.took()
	c.pod(t, "with-secret", acme("with-secret"), "valid")
	eventually(t, "the pod runs", func(ctx context.Context) error { return c.runs(ctx, "with-secret") })
	got := map[string]string{}
	for _, p := range c.took() {
		switch {
		case p.Repository != "with-secret":
		case p.Scheme == "":
			require.Equal(t, http.StatusUnauthorized, p.Status, "nothing is there without a login: %+v", p)
		default:
			require.Equal(t, []any{"Basic", "AWS", http.StatusOK}, []any{p.Scheme, p.User, p.Status}, "%+v", p)
			got[p.Reference] = p.Kind
		}
	}
	require.Equal(t, "manifests", got[outsidetest.Tag])
	require.Contains(t, slices.Collect(maps.Values(got)), "blobs")
}

// TestPodTellsItsDigest: verify compares it with what the tag means now.
func TestPodTellsItsDigest(t *testing.T) {
	c := started(t)
	c.clouds.Login("valid", "")
	c.secret(t, "valid", "valid")
	c.pod(t, "tells", acme("tells"), "valid")
	eventually(t, "the pod runs", func(ctx context.Context) error { return c.runs(ctx, "tells") })
	p, err := c.Client.CoreV1().Pods(namespace).Get(t.Context(), "tells", metav1.GetOptions{})
	require.NoError(t, err)
	digest, err := c.Images.Digest(acme("tells"))
	require.NoError(t, err)
	require.Equal(t, acme("tells"), p.Status.ContainerStatuses[0].Image)
	require.Equal(t, outsidetest.Registry+"/tells@"+digest, p.Status.ContainerStatuses[0].ImageID)
}

// TestLoginExpires: pods come and go while the Secret is refreshed in place and every token expires, and none of them fails. Without a
// refresh a pull is refused, and succeeds by itself after the next one; what is on the node is given to pods with a login that was good.
func TestLoginExpires(t *testing.T) {
	c := started(t)
	token := func(n int) string { return fmt.Sprint("token-", n) }
	last := 0
	refresh := func() {
		last++
		c.clouds.Login(token(last), "")
		c.secret(t, "refreshed", token(last))
		c.clouds.Login(token(last-2), outsidetest.Expired) // the one before is good for another while
	}
	refresh()
	for n := range 6 {
		name := fmt.Sprint("coming-", n)
		refresh()
		c.pod(t, name, acme("expires"), "refreshed")
		eventually(t, name, func(ctx context.Context) error { return c.runs(ctx, name) })
		require.NotContains(t, c.words(t.Context(), name), "Failed to pull image")
		require.NoError(t, c.Client.CoreV1().Pods(namespace).Delete(t.Context(), name, metav1.DeleteOptions{}))
	}

	c.clouds.Login(token(last), outsidetest.Expired)
	c.pod(t, "late", acme("expires"), "refreshed")
	eventually(t, "the refusal", func(ctx context.Context) error {
		if words := c.words(ctx, "late"); !strings.Contains(words, outsidetest.Expired) {
			return notYet("%s", words)
		}
		return nil
	})
	c.podWith(t, "kept", corev1.Container{Image: acme("expires"), Command: []string{"/bin/sleep", "86400"}}, "refreshed")
	eventually(t, "the image that is there already", func(ctx context.Context) error { return c.runs(ctx, "kept") })
	c.podWith(t, "stranger", corev1.Container{Image: acme("expires"), Command: []string{"/bin/sleep", "86400"}})
	eventually(t, "a pod without a login", func(ctx context.Context) error {
		if words := c.words(ctx, "stranger"); !strings.Contains(words, "no basic auth credentials") {
			return notYet("%s", words)
		}
		return nil
	})
	refresh()
	eventually(t, "the pull after the refresh", func(ctx context.Context) error { return c.runs(ctx, "late") })
}

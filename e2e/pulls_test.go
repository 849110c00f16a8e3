package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// template is that of the gateway's pods, of a Deployment or a StatefulSet.
func (s *site) template(ctx context.Context) (*corev1.PodSpec, error) {
	deployment, err := s.client.AppsV1().Deployments(namespace).Get(ctx, gateway, metav1.GetOptions{})
	if err == nil {
		return &deployment.Spec.Template.Spec, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, err
	}
	stateful, err := s.client.AppsV1().StatefulSets(namespace).Get(ctx, gateway, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return &stateful.Spec.Template.Spec, nil
}

// puller is a pod with the gateway's image and user, and a pull Secret, that asks the registry for the image whatever the node has, and ends. It
// meets the level restricted, whoever made the gateway's pods.
func (s *site) puller(ctx context.Context, name, secret string) (*corev1.Pod, error) {
	template, err := s.template(ctx)
	if err != nil {
		return nil, err
	}
	serving := template.Containers[0]
	return s.client.CoreV1().Pods(namespace).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "puller"}},
		Spec: corev1.PodSpec{
			ServiceAccountName: template.ServiceAccountName, AutomountServiceAccountToken: template.AutomountServiceAccountToken,
			ImagePullSecrets: []corev1.LocalObjectReference{{Name: secret}}, SecurityContext: restrictedPod(1000), RestartPolicy: corev1.RestartPolicyNever,
			Containers: []corev1.Container{{
				Name: "pull", Image: serving.Image, ImagePullPolicy: corev1.PullAlways, Command: []string{"sleep", "0"}, SecurityContext: restrictedContainer(),
			}},
		},
	}, metav1.CreateOptions{})
}

// pullers is how many pods pull at the same time.
const pullers = 2

// pullAllAlong lets pods come, pull and go until what it returns is called: that tells how many did, and fails where a pull was refused.
func (s *site) pullAllAlong(t *testing.T, l *login) (stop func() int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	before := pullSecret(t, s, l)
	var pulled atomic.Int64
	var pulling errgroup.Group
	for p := range pullers {
		pulling.Go(func() error {
			for n := 0; ctx.Err() == nil; n++ {
				if err := s.pullOnce(t.Context(), l, fmt.Sprintf("puller-%d-%d", p, n)); err != nil {
					return err
				}
				pulled.Add(1)
			}
			return nil
		})
	}
	return func() int64 {
		cancel()
		require.NoError(t, pulling.Wait())
		require.Equal(t, before.UID, pullSecret(t, s, l).UID, "the Secret was there all along")
		require.Empty(t, s.denied(t, "puller-"))
		require.Positive(t, pulled.Load())
		return pulled.Load()
	}
}

// pullOnce is one pod's life. denied tells whether it needed a second try.
func (s *site) pullOnce(ctx context.Context, l *login, name string) error {
	pod, err := s.puller(ctx, name, l.secret)
	if err != nil {
		return err
	}
	phase, err := s.ended(ctx, pod)
	if err == nil && phase != corev1.PodSucceeded {
		err = fmt.Errorf("pod %s is %s: %s", name, phase, s.words(ctx))
	}
	now := int64(0)
	return errors.Join(err, s.client.CoreV1().Pods(namespace).Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
}

// refusals are the kubelets' reasons for pulls that failed, of pods whose names begin so, by pod.
func (s *site) refusals(t *testing.T, prefix string) map[string][]corev1.Event {
	t.Helper()
	events, err := s.client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "type=Warning"})
	require.NoError(t, err)
	refused := map[string][]corev1.Event{}
	for _, e := range events.Items {
		if strings.HasPrefix(e.InvolvedObject.Name, prefix) && (strings.HasPrefix(e.Message, "Failed to pull image") || e.Reason == secretNotRead) {
			refused[e.InvolvedObject.Name] = append(refused[e.InvolvedObject.Name], e)
		}
	}
	return refused
}

// secretNotRead is the kubelet's event for a pull Secret that is not there, or that it could not read in time.
const secretNotRead = "FailedToRetrieveImagePullSecret"

// noLogin are containerd's words for a registry that wants a login where the pull came without one.
const noLogin = "no basic auth credentials"

// denied are the refusals of pulls with the pull Secret. For a Secret that it has not read before a kubelet waits one second
// (objectCache.Get in its util/manager), which is too short on a machine with much else to do: it pulls without a login then, and tries
// again. Such a pull tells nothing of a Secret that is there all along; what comes after it does.
func (s *site) denied(t *testing.T, prefix string) []string {
	t.Helper()
	refused := s.refusals(t, prefix)
	for pod, events := range refused {
		if slices.ContainsFunc(events, func(e corev1.Event) bool { return e.Reason == secretNotRead }) {
			refused[pod] = slices.DeleteFunc(events, func(e corev1.Event) bool {
				return e.Reason == secretNotRead || strings.Contains(e.Message, noLogin)
			})
		}
	}
	return sentences(refused)
}

// sentences are refusals in the kubelets' words.
func sentences(refused map[string][]corev1.Event) []string {
	var said []string
	for pod, events := range refused {
		for _, e := range events {
			said = append(said, pod+": "+e.Reason+": "+e.Message)
		}
	}
	return said
}

// refusals are pull Secrets that the registry does not take, and the words that the kubelet has for it, which docs and verify quote.
var refusals = []struct {
	name string
	// holds is the login of the Secret, for a host and a user; nil: there is no Secret.
	holds func(host, user string) []byte
	says  []string
}{
	{"missing", nil, []string{"Unable to retrieve some image pull secrets", noLogin}},
	{"another-registry", func(_, user string) []byte { return loginFor("example.com", user, "x") }, []string{noLogin}},
	{"wrong-password", func(host, user string) []byte { return loginFor(host, user, "wrong") }, []string{"unexpected status from HEAD request to https://", "401 Unauthorized"}},
}

// loginFor is the content of a pull Secret with one login.
func loginFor(host, user, password string) []byte {
	return fmt.Appendf(nil, `{"auths":{%q:{"username":%q,"password":%q}}}`, host, user, password)
}

// testRefusedPulls: what a pod's events say when the registry does not let it have the image, and that it gets it once its Secret is whole.
func testRefusedPulls(t *testing.T, s *site, l *login) {
	secrets := s.client.CoreV1().Secrets(namespace)
	pods := map[string]*corev1.Pod{}
	for _, r := range refusals {
		name := "refused-" + r.name
		if r.holds != nil {
			_, err := secrets.Create(t.Context(), pullSecretOf(name, r.holds(l.host, l.user)), metav1.CreateOptions{})
			require.NoError(t, err)
		}
		pod, err := s.puller(t.Context(), name, name)
		require.NoError(t, err)
		t.Cleanup(func() {
			s.gone(t, pod)
			require.NoError(t, secrets.Delete(context.Background(), name, metav1.DeleteOptions{}))
		})
		pods[r.name] = pod
	}
	var table strings.Builder
	for _, r := range refusals {
		var said string
		eventually(t, r.name, func(context.Context) error {
			said = strings.Join(sentences(s.refusals(t, pods[r.name].Name)), "\n")
			for _, words := range r.says {
				if !strings.Contains(said, words) {
					return fmt.Errorf("not said: %s\n%s", words, said)
				}
			}
			return nil
		})
		fmt.Fprintln(&table, said)
	}
	good := pullSecret(t, s, l).Data[corev1.DockerConfigJsonKey]
	for _, r := range refusals {
		_, err := secrets.Update(t.Context(), pullSecretOf("refused-"+r.name, good), metav1.UpdateOptions{})
		if r.holds == nil {
			_, err = secrets.Create(t.Context(), pullSecretOf("refused-"+r.name, good), metav1.CreateOptions{})
		}
		require.NoError(t, err)
	}
	for _, pod := range pods {
		phase, err := s.ended(t.Context(), pod)
		require.NoError(t, err)
		require.Equal(t, corev1.PodSucceeded, phase, "%s: it is pulled at the next try", pod.Name)
	}
	report.add("Refused pulls, "+s.stack, table.String())
}

func pullSecretOf(name string, content []byte) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{corev1.DockerConfigJsonKey: content}}
}

// testExpiredToken: once the login has expired pods that come are refused, and those that run go on.
func testExpiredToken(t *testing.T, s *site, l *login) {
	running := gatewayPods(t, s)
	s.clocks(t, "13h")
	stop := s.serve(t)
	pod, err := s.puller(t.Context(), "expired", l.secret)
	require.NoError(t, err)
	defer s.gone(t, pod)
	var said []string
	eventually(t, "the expired login is refused", func(context.Context) error {
		if said = sentences(s.refusals(t, pod.Name)); len(said) == 0 {
			return errors.New(s.words(t.Context()))
		}
		return nil
	})
	require.Equal(t, running, gatewayPods(t, s))
	stop()
	s.clocks(t, "0s")
	defer s.serve(t)()
	phase, err := s.ended(t.Context(), pod)
	require.NoError(t, err)
	require.Equal(t, corev1.PodSucceeded, phase, "%s", s.words(t.Context()))
	report.add("A login that has expired, "+s.stack, strings.Join(said, "\n"))
}

// clocks puts those of the clouds ahead, while nobody serves them.
func (s *site) clocks(t *testing.T, later string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), bifrostctl, "sandbox", "change", s.argument(), "sandbox:clock", "all", "later="+later,
		"--dir", repository, "--state", s.state).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

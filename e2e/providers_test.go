package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/kubelet"
)

// Names of one executable: a kubelet asks each provider under a name of its own.
const (
	amiProvider   = "ecr-credential-provider"
	stackProvider = "ecr-credential-provider-bifrost"
)

type providers struct {
	metav1.TypeMeta `json:",inline"`
	Providers       []map[string]any `json:"providers"`
}

// asAMI is the provider that EKS AMIs bring, by which nodes pull as their own role.
func asAMI(hosts ...string) map[string]any {
	return map[string]any{"name": amiProvider, "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "matchImages": hosts, "defaultCacheDuration": "12h"}
}

// providerFiles are what the kubelets of the cluster are told at their start: the folder of providers, and the file that names them. At
// first they ask for nobody's images.
func (s *site) providerFiles() (folder, config string, err error) {
	programs, err := controlplane.Binaries()
	if err != nil {
		return "", "", err
	}
	folder, config = filepath.Join(s.dir, "providers"), filepath.Join(s.dir, "providers.yaml")
	errs := []error{os.MkdirAll(folder, 0o755), s.writeProviders(asAMI("nobody.invalid"))}
	for _, name := range []string{amiProvider, stackProvider} {
		errs = append(errs, os.Symlink(filepath.Join(programs, amiProvider), filepath.Join(folder, name)))
	}
	return folder, config, errors.Join(errs...)
}

func (s *site) writeProviders(all ...map[string]any) error {
	text, err := yaml.Marshal(providers{metav1.TypeMeta{Kind: "CredentialProviderConfig", APIVersion: "kubelet.config.k8s.io/v1"}, all})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "providers.yaml"), text, 0o600)
}

// ask has the kubelets ask providers until the test ends.
func (s *site) ask(t *testing.T, all ...map[string]any) {
	t.Helper()
	require.NoError(t, s.writeProviders(all...))
	s.restartKubelets(t)
	t.Cleanup(func() {
		require.NoError(t, s.writeProviders(asAMI("nobody.invalid")))
		s.restartKubelets(t)
	})
}

// restartKubelets makes them read their providers anew, and forget what those have told them.
func (s *site) restartKubelets(t *testing.T) {
	t.Helper()
	for _, node := range s.nodes {
		node.Kill(kubelet.Kubelet)
		require.NoError(t, node.Launch(kubelet.Kubelet))
	}
	for _, node := range s.nodes {
		eventuallyIn(context.Background(), t, "the kubelet of "+node.Name, func(ctx context.Context) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+netip.AddrPortFrom(node.Host.Address, 10248).String()+"/healthz", http.NoBody)
			if err != nil {
				return err
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return errors.New(answer.Status)
			}
			return nil
		})
	}
}

// nodesAskWithTokens configures the nodes as docs/kubelet-pull.md says, with the provider that the stack prints beside the AMI's own.
func nodesAskWithTokens(t *testing.T, s *site, w way) {
	foreseen := s.begin(t, "preview", append(s.set(w), "--set", "rollout=identity")...)()
	require.NoError(t, foreseen.err, "%s\n%s", foreseen.Error, foreseen.stderr)
	text, _ := foreseen.Outputs["eks"].(map[string]any)["kubelet"].(string)
	var printed providers
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &printed))
	require.Len(t, printed.Providers, 1)
	require.Equal(t, amiProvider, printed.Providers[0]["name"])
	printed.Providers[0]["name"] = stackProvider
	s.ask(t, asAMI("602401143452.dkr.ecr.*.amazonaws.com"), printed.Providers[0])
}

// nodesAskAsThemselves is what EKS AMIs do, with the credentials of the node's role from EC2's metadata service.
func nodesAskAsThemselves(t *testing.T, s *site, _ way) {
	world, err := theWorld()
	require.NoError(t, err)
	for _, node := range s.nodes {
		world.metadata.Serve(s.internet, netip.PrefixFrom(node.Host.Address, 32))
	}
	s.ask(t, asAMI("*.dkr.ecr.*.amazonaws.com"))
}

// nodesPull: a pod of the gateway pulls with what its node is told, another's does not where the stack is not asked for it.
func nodesPull(t *testing.T, s *site) {
	nodesGetNoToken(t, s)
	defer s.serve(t)()
	s.pullsAs(t, "as-the-node", "default")
	report.add("Pulls without a Secret, "+s.stack+", pull: node", "by the kubelet's credential provider as the node, from the cloud's metadata service\n")
}

// kubeletsPull: with the audience rule that the stack makes a kubelet gets a token, and the provider a login for it. Without it neither does,
// and its log alone says why. A pod of another ServiceAccount gets nothing in either case.
func kubeletsPull(t *testing.T, s *site) {
	nodesGetTokenForECR(t, s)
	defer s.serve(t)()
	s.pullsAs(t, "with-rule", gatewaySA)
	other := s.asks(t, "of-another", "default")
	require.Contains(t, s.refusedPull(t, other), "no basic auth credentials")

	ctx, name := t.Context(), gateway+"-token-audience"
	bindings := s.client.RbacV1().RoleBindings(namespace)
	rule, err := bindings.Get(ctx, name, metav1.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, bindings.Delete(ctx, name, metav1.DeleteOptions{}))
	s.restartKubelets(t)
	without := s.asks(t, "without-rule", gatewaySA)
	event := s.refusedPull(t, without)
	require.Contains(t, event, "no basic auth credentials")
	why := s.logged(t, "not authorized to request tokens for this audience")

	rule.ResourceVersion, rule.UID = "", ""
	_, err = bindings.Create(ctx, rule, metav1.CreateOptions{})
	require.NoError(t, err)
	phase, err := s.ended(ctx, without)
	require.NoError(t, err)
	require.Equal(t, corev1.PodSucceeded, phase, "it is pulled at the next try")
	report.add("Pulls with a token of the ServiceAccount, eks.pull: kubelet, by the real ecr-credential-provider", fmt.Sprintf(
		"with the audience rule: pulled\nwithout it, the pod's event: %s\nwithout it, the kubelet's log: %s\nthe rule back: pulled at the next try\n", event, why))
}

// asks is a pod with the gateway's image that asks the registry for it, without a Secret, and ends.
func (s *site) asks(t *testing.T, name, account string) *corev1.Pod {
	t.Helper()
	template, err := s.template(t.Context())
	require.NoError(t, err)
	serving := template.Containers[0]
	require.Empty(t, template.ImagePullSecrets)
	pod, err := s.client.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "puller"}},
		Spec: corev1.PodSpec{
			ServiceAccountName: account, SecurityContext: template.SecurityContext, RestartPolicy: corev1.RestartPolicyNever,
			Containers: []corev1.Container{{
				Name: "pull", Image: serving.Image, ImagePullPolicy: corev1.PullAlways, Command: []string{"sleep", "0"}, SecurityContext: serving.SecurityContext,
			}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { s.gone(t, pod) })
	return pod
}

func (s *site) pullsAs(t *testing.T, name, account string) {
	t.Helper()
	phase, err := s.ended(t.Context(), s.asks(t, name, account))
	require.NoError(t, err)
	require.Equal(t, corev1.PodSucceeded, phase)
}

// refusedPull waits for the event of a pod whose image is refused, and returns its words.
func (s *site) refusedPull(t *testing.T, pod *corev1.Pod) string {
	t.Helper()
	var words string
	eventually(t, "a refused pull of "+pod.Name, func(ctx context.Context) error {
		events, err := s.client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Failed,involvedObject.uid=" + string(pod.UID)})
		if err != nil {
			return err
		}
		for _, event := range events.Items {
			if strings.HasPrefix(event.Message, "Failed to pull image") {
				words = event.Message
				return nil
			}
		}
		return fmt.Errorf("%d other events", len(events.Items))
	})
	return words
}

// logged waits until a kubelet says something with these words, and returns it without what stands before its error.
func (s *site) logged(t *testing.T, words string) (said string) {
	t.Helper()
	eventually(t, "a kubelet says "+words, func(context.Context) error {
		for _, node := range s.nodes {
			text, err := os.ReadFile(node.Log(kubelet.Kubelet))
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(text)) {
				if _, why, found := strings.Cut(line, "err="); found && strings.Contains(why, words) {
					said = strings.TrimSpace(why)
					return nil
				}
			}
		}
		return errNotYet
	})
	return said
}

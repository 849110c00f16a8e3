package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
	"bifrost/e2e/runbook"
)

// keyLogin is the pull Secret with a key of the vendor's, which nothing refreshes.
var keyLogin = &login{secret: "bifrost-pull-secret", host: arLogin.host, user: "_json_key"}

// serviceAccountKey is a key as the vendor gives it, in base64.
func serviceAccountKey(t *testing.T, id string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "bifrost-dist", "private_key_id": id,
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": "bifrost-pull@bifrost-dist.iam.gserviceaccount.com", "client_id": "123456789012345678901",
		"auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
	})
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(text)
}

// forLoad are settings of a stack that answers the load generator.
const forLoad = "pulumi config set-all --path --secret bifrost:secrets.env.LOAD_KEY=" + loadKey +
	" --plaintext 'bifrost:gateway.networkPolicy.from[0].namespace=bifrost'" +
	" --plaintext 'bifrost:gateway.config.providers.openai.keys[0].name=openai'" +
	" --plaintext 'bifrost:gateway.config.providers.openai.keys[0].value=env.OPENAI_API_KEY'" +
	" --plaintext 'bifrost:gateway.config.providers.openai.keys[0].models[0]=*'" +
	" --plaintext 'bifrost:gateway.config.providers.openai.keys[0].weight=1'" +
	" --plaintext 'bifrost:gateway.config.governance.virtual_keys[0].id=load'" +
	" --plaintext 'bifrost:gateway.config.governance.virtual_keys[0].name=load'" +
	" --plaintext 'bifrost:gateway.config.governance.virtual_keys[0].value=env.LOAD_KEY'" +
	" --plaintext 'bifrost:gateway.config.governance.virtual_keys[0].provider_configs[0].provider=openai'" +
	" --plaintext 'bifrost:gateway.config.governance.virtual_keys[0].provider_configs[0].allowed_models[0]=*'" +
	" --plaintext 'bifrost:gateway.config.governance.virtual_keys[0].provider_configs[0].key_ids[0]=*'" +
	" --plaintext 'bifrost:gateway.config.governance.virtual_keys[0].provider_configs[0].weight=1'"

// testStaticKey: another key takes the place of the one in the pull Secret while pods pull with it and clients ask, and then the former one
// is deleted: no pull is refused, no request fails, and no pod is made anew.
func testStaticKey(t *testing.T, s *site) {
	first, second := serviceAccountKey(t, strings.Repeat("1", 40)), serviceAccountKey(t, strings.Repeat("2", 40))
	before := inventory(t, s)
	s.defaultStorage(t)
	s.pace.Store(1e9)
	d := newDesk(t, map[string]bool{}, "Pulumi.local-dev.yaml", s, "pulumi config set --path bifrost:kubernetes.context e2e", forLoad)
	setKey := func(key string) {
		d.shell(t, "", "pulumi config set --path bifrost:secrets.registryKey --plaintext "+key)
	}
	// The sandbox has the vendor give the key that it finds in the stack file.
	for _, key := range []string{second, first} {
		d.Stop()
		setKey(key)
		d.serve(t)
	}
	d.page(t, runbook.Up)
	pods := s.readyPods(t, namespace, 1)
	had := pullSecret(t, s, keyLogin)
	clients := s.startClients(t, s.nodes[0].Name)
	pulled := s.pullAllAlong(t, keyLogin)
	setKey(second)
	d.page(t, runbook.Up)
	has := pullSecret(t, s, keyLogin)
	require.Equal(t, had.UID, has.UID, "in place")
	require.NotEqual(t, had.Data, has.Data)
	pulls := pulled()
	d.Stop()
	d.edit(t, func(clouds map[string]any) {
		resources := clouds["resources"].(map[string]any)
		maps.DeleteFunc(resources, func(id string, _ any) bool {
			return strings.Contains(id, "serviceaccount/key:Key") && strings.Contains(id, strings.Repeat("1", 40))
		})
	})
	d.serve(t)
	require.NoError(t, s.pullOnce(t.Context(), keyLogin, "puller-after"))
	require.Empty(t, s.refusals(t, "puller-"))
	require.Equal(t, pods, s.readyPods(t, namespace, 1), "nothing is rolled")
	clients.stop(t, "another key of the registry")
	same(t, d.page(t, runbook.Up))
	d.page(t, runbook.Destroy)
	leftNothing(t, s, before)
	report.add("A key of the vendor's, rotated", fmt.Sprintf("%d pods pulled the image meanwhile, none was refused; the Secret is the same, and so is the gateway's pod\n", pulls))
}

// defaultStorage has claims that name no class served, until the test ends.
func (s *site) defaultStorage(t *testing.T) {
	t.Helper()
	s.storage(t, "standard")
	s.kubectl(t, controlplane.AdminUser, "annotate", "storageclass", "standard", "storageclass.kubernetes.io/is-default-class=true")
}

// testOpenshift: where pods get the ids of their namespace, as on OpenShift, the stack asks for none, and the gateway writes to its volume.
func testOpenshift(t *testing.T, s *site) {
	before := inventory(t, s)
	s.defaultStorage(t)
	s.on(t, "local-dev")
	const first = 1000680000
	s.internet.UserIDs(first, 10000)
	t.Cleanup(func() { s.internet.UserIDs(0, 0) })
	settings := set(append([]string{"kubernetes.openshift=true"}, brief...))
	s.must(t, "up", settings...)
	s.readyPods(t, namespace, 1)
	pullSecret(t, s, keyLogin)
	require.Regexp(t, fmt.Sprintf(`^uid=%d gid=0 groups=.*%d`, first, first), s.in(t, gateway+"-0", "id"))
	require.Contains(t, s.in(t, gateway+"-0", "stat", "-c", "%u %g", "/app/data/config.db"), fmt.Sprintf("%d %d", first, first))
	unchanged(t, s.must(t, "up", settings...))
	_, err := s.client.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "with-an-id-of-its-own"},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsUser: ptr.To(int64(1000))},
			Containers:      []corev1.Container{{Name: "c", Image: images.Tool}},
		},
	}, metav1.CreateOptions{})
	require.ErrorContains(t, err, "must be in the ranges: [1000680000, 1000689999]")
	s.must(t, "destroy")
	leftNothing(t, s, before)
	report.add("OpenShift's ids, in a namespace that enforces restricted", fmt.Sprintf("user and group %d, which own the gateway's files\n", first))
}

// on has another stack on the cluster until the test ends.
func (s *site) on(t *testing.T, stack string) {
	t.Helper()
	s.fresh(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.stack
	s.stack = stack
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stack = own
	})
}

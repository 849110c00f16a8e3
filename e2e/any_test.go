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
	"os"
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
	s.defaultStorage(t)
	before := inventory(t, s)
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
		all := len(resources)
		maps.DeleteFunc(resources, func(id string, _ any) bool {
			return strings.Contains(id, "serviceaccount/key:Key") && strings.Contains(id, strings.Repeat("1", 40))
		})
		require.Len(t, resources, all-1, "the vendor had given the first key")
	})
	d.serve(t)
	require.NoError(t, s.pullOnce(t.Context(), keyLogin, "puller-after"))
	require.Empty(t, s.denied(t, "puller-"))
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

// anyExamples are tried on the cluster that stands for GKE's: which cluster it is nobody asks.
var anyExamples = []example{
	{
		name: "openshift", definitions: []string{"httproutes"}, pods: 2, rest: true,
		// The keys that it uploads are of no cluster.
		settings: []string{"kubernetes.pull=key", "kubernetes.issuer=null", "kubernetes.jwks=null", "gcp=null"},
		prepare: func(t *testing.T, s *site) {
			s.internet.UserIDs(firstID, 10000)
			t.Cleanup(func() { s.internet.UserIDs(0, 0) })
		},
		more: testOpenshift,
	},
	{
		name: "on-premises", definitions: []string{"httproutes", "servicemonitors"}, pods: 3, rest: true,
		settings: []string{"gateway.ipFamily=null"}, // the tests' clusters have IPv4 alone
		prepare: func(t *testing.T, s *site) {
			s.space(t, namespace)
			s.kubectl(t, controlplane.AdminUser, "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
			authority, err := os.ReadFile(s.database.Authority())
			require.NoError(t, err)
			_, err = s.client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: "internal-ca"}, Data: map[string]string{"ca.crt": string(authority)},
			}, metav1.CreateOptions{})
			require.NoError(t, err)
		},
	},
	{
		name: "gke-production", definitions: []string{"httproutes", "servicemonitors", "prometheusrules"}, pods: 3, authorities: true, rest: true,
		settings: []string{namedDatabase}, prepare: func(t *testing.T, s *site) { s.inProject(t, "acme-production") },
	},
}

// firstID is the first of a namespace of OpenShift's, for users and groups.
const firstID = 1000680000

// testOpenshift: where pods get the ids of their namespace the gateway runs with them, and may write to its folders. A pod that asks for an id
// of its own is refused.
func testOpenshift(t *testing.T, s *site, _ example) {
	list, err := s.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + gateway})
	require.NoError(t, err)
	pod := list.Items[0].Name
	require.Regexp(t, fmt.Sprintf(`^uid=%d gid=0\S* groups=.*%d`, firstID, firstID), s.in(t, pod, "id"))
	s.in(t, pod, "touch", "/app/data/written", "/tmp/written")
	require.Equal(t, fmt.Sprintf("%d %d\n", firstID, firstID), s.in(t, pod, "stat", "-c", "%u %g", "/app/data/written"))
	_, err = s.client.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "with-an-id-of-its-own"},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsUser: ptr.To(int64(1000))},
			Containers:      []corev1.Container{{Name: "c", Image: images.Tool}},
		},
	}, metav1.CreateOptions{})
	require.ErrorContains(t, err, "must be in the ranges: [1000680000, 1000689999]")
	report.add("OpenShift's ids, in a namespace that enforces restricted", fmt.Sprintf("user and group %d, which own the gateway's files\n", firstID))
}

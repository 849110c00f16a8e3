package e2e

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/reach"
)

// example is one of the examples, as it is tried on a real control plane.
type example struct {
	name     string
	settings []string
	// definitions are the files of those CustomResourceDefinitions that its cluster must have.
	definitions []string
	classes     []string // StorageClasses
	namespace   string   // its own, where it is not the default
	pods        int32
	injected    bool // the refresher, by EKS Pod Identity
	// authorities: it has a file of those that sign for its database.
	authorities bool
	// mirrored: it names its image by the digest in a registry of its own, which asks for a login.
	mirrored bool
	rest     bool // run by make e2e-all alone
	// prepare makes what others keep; more is looked at while the example is up; both may be nil.
	prepare func(t *testing.T, s *site)
	more    func(t *testing.T, s *site, e example)
}

var (
	eksExamples = []example{
		{name: "minimal", classes: []string{"gp2", "gp3"}, pods: 1, more: func(t *testing.T, s *site, e example) {
			testOwnsItsVolume(t, s)
			testKeepsItsData(t, s, set(e.all(t, s)))
		}},
		{name: "eks-production", definitions: []string{"servicemonitors", "prometheusrules"}, pods: 3, authorities: true, settings: lightLoad, more: func(t *testing.T, s *site, e example) {
			// The balancer is in a subnet that is named, and the collector in a namespace.
			balancer := s.address(t, "balancer", "10.0.17.4")
			testNetwork(t, s, []reach.Place{balancer}, crossing{"gateway", "prometheus", tcp, 4317, true},
				crossing{"gateway", "stranger", tcp, 4317, false}, crossing{"refresher", "agent", tcp, 80, false},
				crossing{"gateway", "gateway", tcp, 8080, false})
			testEviction(t, s)
			testAutoscaler(t, s, balancer, set(e.all(t, s)))
		}},
		{name: "clustered", definitions: []string{"httproutes", "servicemonitors"}, pods: 3, injected: true, more: func(t *testing.T, s *site, _ example) {
			// Members at each other's 8080 are not asked about: the way out has no such port, but kube-router takes what one policy opens
			// inwards, here to all pods of the namespace, for its way out as well.
			testNetwork(t, s, balancerPods(t, s), crossing{"refresher", "agent", tcp, 80, true})
			testDiscovery(t, s)
		}},
	}
	aksExamples = []example{
		// Of EKS, but nobody asks for its issuer: the two clusters share the work.
		{name: "air-gapped", namespace: "llm", pods: 3, mirrored: true, prepare: othersObjects},
		{name: "aks-production", definitions: []string{"httproutes", "servicemonitors", "prometheusrules"}, pods: 3, authorities: true},
	}
)

// lightLoad is much for these pods, so that they are busy on a machine that has much else to do.
var lightLoad = []string{"gateway.cpuRequest=50m"}

// all are its settings: with authorities that sign for the tests' database, and pods that fit on two nodes of any size.
func (e example) all(t *testing.T, s *site) []string {
	t.Helper()
	settings := slices.Concat([]string{"protectIdentities=false", "gateway.cpuRequest=100m", "gateway.memoryRequest=64Mi"}, brief, e.settings)
	if e.authorities {
		settings = append(settings, "gateway.postgres.caFile="+s.database.Authority())
	}
	if e.mirrored {
		world, err := theWorld()
		require.NoError(t, err)
		digest, err := world.catalog.Digest(mirror + ":2.1.0")
		require.NoError(t, err)
		settings = append(settings, "registry.image="+mirror+"@"+digest)
	}
	return settings
}

// mirror is the image's place in the network of the air-gapped example.
const mirror = "registry.internal.example.com/mirror/acme-hub"

// testExample: every object of the example is accepted without a warning, in a namespace that enforces restricted; its pods are made; a second
// up changes nothing; a changed configuration rolls them; nothing is left.
func testExample(t *testing.T, s *site, e example) {
	if e.rest {
		onlyAll(t)
	}
	s.fresh(t)
	s.mu.Lock()
	s.folder, s.mode = "examples/"+e.name, "example "+e.name
	s.injected = map[string]bool{namespace + "/" + refresherSA: e.injected}
	s.mu.Unlock()
	defer func() {
		if t.Failed() {
			s.begin(t, "destroy")() // others use the cluster
		}
	}()
	s.storage(t, e.classes...)
	if e.prepare != nil {
		e.prepare(t, s)
	}
	if len(e.definitions) > 0 {
		refused := s.begin(t, "preview", set(e.all(t, s))...)()
		require.Error(t, refused.err)
		require.Contains(t, refused.Error+refused.stderr, "does not exist", "the definitions are looked up, not assumed")
		s.define(t, e.definitions)
	}
	before := inventory(t, s)
	made := s.must(t, "up", set(e.all(t, s))...)
	place := cmp.Or(e.namespace, namespace)
	enforced, err := s.client.CoreV1().Namespaces().Get(t.Context(), place, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "restricted", enforced.Labels["pod-security.kubernetes.io/enforce"])
	first := s.readyPods(t, place, e.pods)
	unchanged(t, s.must(t, "up", set(e.all(t, s))...))
	require.Equal(t, first, s.readyPods(t, place, e.pods), "an unchanged up rolls nothing")
	if e.more != nil {
		t.Run("behaviour", func(t *testing.T) { e.more(t, s, e) })
	}
	s.must(t, "destroy")
	leftNothing(t, s, before)
	report.add("Example "+e.name+" on the real control plane", fmt.Sprintf("%d resources, %d ready pods; no warning; the second up changed nothing; destroy left nothing\n", len(made.Resources), e.pods))
}

// readyPods returns the uids of the gateway's pods when as many as there should be are ready and no others are left.
func (s *site) readyPods(t *testing.T, place string, want int32) []string {
	t.Helper()
	var uids []string
	eventually(t, "the gateway's pods", func(ctx context.Context) error {
		list, err := s.client.CoreV1().Pods(place).List(ctx, metav1.ListOptions{LabelSelector: "app=" + gateway})
		if err != nil {
			return err
		}
		uids = nil
		for _, pod := range list.Items {
			for _, c := range pod.Status.Conditions {
				if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
					uids = append(uids, string(pod.UID))
				}
			}
		}
		if len(list.Items) != int(want) || len(uids) != int(want) {
			return fmt.Errorf("%d pods, %d ready", len(list.Items), len(uids))
		}
		return nil
	})
	slices.Sort(uids)
	return uids
}

// define installs CustomResourceDefinitions until the test ends, as their projects released them.
func (s *site) define(t *testing.T, names []string) {
	t.Helper()
	programs, err := controlplane.Binaries()
	require.NoError(t, err)
	for _, name := range names {
		file := filepath.Join(programs, "definitions", name+".yaml")
		s.kubectl(t, controlplane.AdminUser, "apply", "--server-side", "-f", file)
		s.kubectl(t, controlplane.AdminUser, "wait", "--for=condition=Established", "-f", file, "--timeout=60s")
		t.Cleanup(func() {
			out, err := s.tryKubectl(context.Background(), s.plane.KubeconfigOf(controlplane.AdminUser), "delete", "-f", file)
			require.NoError(t, err, out)
		})
	}
}

// othersObjects are those that the air-gapped example finds in its namespace.
func othersObjects(t *testing.T, s *site) {
	ctx := context.Background()
	const place = "llm"
	s.internet.Login("registry.internal.example.com", "u", "p")
	_, err := s.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: place, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { s.drop(t, place) })
	_, err = s.client.CoreV1().ServiceAccounts(place).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "llm-gateway"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	for _, secret := range []*corev1.Secret{
		{ObjectMeta: metav1.ObjectMeta{Name: "registry-internal"}, Type: corev1.SecretTypeDockerConfigJson, StringData: map[string]string{corev1.DockerConfigJsonKey: `{"auths":{"registry.internal.example.com":{"auth":"dTpw"}}}`}},
		{ObjectMeta: metav1.ObjectMeta{Name: "bifrost-secrets"}, StringData: map[string]string{"license": "l", "encryption-key": "k", "admin-password": "a"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "bifrost-database"}, StringData: map[string]string{"password": databasePassword}},
	} {
		_, err = s.client.CoreV1().Secrets(place).Create(ctx, secret, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	authority, err := os.ReadFile(s.database.Authority())
	require.NoError(t, err)
	_, err = s.client.CoreV1().ConfigMaps(place).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "internal-ca"}, Data: map[string]string{"ca.crt": string(authority)}}, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "what controllers make in every namespace", func(ctx context.Context) error {
		_, err := s.client.CoreV1().ConfigMaps(place).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		return err
	})
}

// testDiscovery: the token of a clustered gateway reads the pods of its own namespace, and nothing else.
func testDiscovery(t *testing.T, s *site) {
	_, err := s.client.CoreV1().ServiceAccounts("default").Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "anybody"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	defer func() {
		require.NoError(t, s.client.CoreV1().ServiceAccounts("default").Delete(context.Background(), "anybody", metav1.DeleteOptions{}))
	}()
	anybody, _ := s.as(t, "default", "anybody")
	secrets := []string{"bifrost-config", "bifrost-encryption-key", ecrLogin.secret}
	everyone, asked := rights(t, s, anybody, secrets)
	account, _ := s.as(t, namespace, gatewaySA)
	own, _ := rights(t, s, account, secrets)
	maps.DeleteFunc(own, func(right string, _ bool) bool { return everyone[right] })
	granted := slices.Sorted(maps.Keys(own))
	require.Equal(t, []string{"get pods " + namespace, "list pods " + namespace, "watch pods " + namespace}, granted)

	pods, err := account.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + gateway})
	require.NoError(t, err)
	require.Len(t, pods.Items, 3, "its members")
	_, err = account.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	require.ErrorContains(t, err, "forbidden")
	_, err = account.CoreV1().Secrets(namespace).Get(t.Context(), "bifrost-encryption-key", metav1.GetOptions{})
	require.ErrorContains(t, err, "forbidden")
	report.add("Rights of a clustered gateway", fmt.Sprintf("%d questions: may %s, beyond what everybody may\n", asked, strings.Join(granted, ", ")))
}

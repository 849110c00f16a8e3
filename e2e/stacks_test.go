package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"

	"bifrost/e2e/controlplane"
)

// The names that the stacks give.
const (
	namespace   = "bifrost"
	gateway     = "bifrost"
	refresherSA = "bifrost-pull"
	gatewaySA   = "bifrost-sa"
)

// login is what a pull Secret must hold.
type login struct{ secret, cronJob, host, user string }

var (
	ecrLogin = &login{"ecr-pull-secret", "refresh-ecr-secret", "444455556666.dkr.ecr.us-east-1.amazonaws.com", "AWS"}
	arLogin  = &login{"ar-pull-secret", "refresh-ar-secret", "europe-west1-docker.pkg.dev", "oauth2accesstoken"}
)

// way is a way in which a stack's image is pulled.
type way struct {
	name     string
	settings []string
	login    *login // nil: there is no pull Secret
	injected bool   // by EKS Pod Identity
	thorough bool   // configuration is changed, too
	// more is looked at while the stack is up; may be nil.
	more func(t *testing.T, s *site)
}

var (
	irsa = way{name: "refresh, IRSA", settings: []string{"ecs=null"}, login: ecrLogin, thorough: true}
	// The others on EKS.
	eksWays = []way{
		{name: "refresh, Pod Identity", settings: []string{"ecs=null", "eks.auth=podIdentity"}, login: ecrLogin, injected: true},
		{name: "node", settings: []string{"ecs=null", "eks.pull=node", "eks.nodeRoleArns=[arn:aws:iam::111122223333:role/dev-node]"}, more: nodesGetNoToken},
		{name: "kubelet", settings: []string{"ecs=null", "eks.pull=kubelet"}, more: nodesGetTokenForECR},
	}
	entra      = []string{"aks.trust=entra", "aks.entra.appIdUri=api://00000000-0000-4000-8000-000000000b1f", "aks.entra.tokenVersion=2"}
	federation = []string{
		"gcp.credentialConfig=null", "gcp.federation.projectId=acme-mirror", "gcp.federation.poolId=bifrost-azure",
		"gcp.federation.providerId=bifrost-aks", "gcp.federation.serviceAccountId=bifrost-pull",
	}
	aksWays = []way{
		{name: "trust aks", login: arLogin, thorough: true},
		{name: "trust entra", settings: entra, login: arLogin},
		{name: "trust aks, own federation", settings: federation, login: arLogin},
		{name: "trust entra, own federation", settings: slices.Concat(entra, federation), login: arLogin},
	}
)

func TestEKS(t *testing.T) {
	t.Parallel()
	s := eks.started(t)
	for _, w := range eksWays {
		t.Run(w.name, func(t *testing.T) { life(t, s, w) })
	}
	t.Run(irsa.name, func(t *testing.T) { life(t, s, irsa) })
	t.Run("refresher", func(t *testing.T) { testRefresher(t, s, irsa) })
	t.Run("example any-app", func(t *testing.T) { testAnyApp(t, s) })
	for _, e := range eksExamples {
		t.Run("example "+e.name, func(t *testing.T) { testExample(t, s, e) })
	}
	t.Run("API server restarted during up", func(t *testing.T) { testRestartDuringUp(t, s, irsa) })
}

func TestAKS(t *testing.T) {
	t.Parallel()
	s := aks.started(t)
	for _, w := range aksWays {
		t.Run(w.name, func(t *testing.T) { life(t, s, w) })
	}
	t.Run("refresher", func(t *testing.T) {
		testRefresher(t, s, aksWays[0], check{"delete then create", testDeleteThenCreate}) // the recipe for AKS refreshes so
	})
	for _, e := range aksExamples {
		t.Run("example "+e.name, func(t *testing.T) { testExample(t, s, e) })
	}
}

// check is one look at the refresher of a stack that is up, while its clouds are served.
type check struct {
	name string
	test func(*testing.T, *site, *login)
}

// checks are in this order: the audit log is read before others than the refresher ask.
var checks = []check{
	{"in place", testInPlace}, {"killed", testKilled}, {"vendor CLI", testVendorCLI}, {"heals", testHeals},
	{"API server restarted", testRestartDuringRefresh}, {"without a node", testWaitsForNode}, {"audit", testAudit}, {"rights", testRights},
	{"escalation", testEscalation}, {"left over", testLeftOver},
}

// testRefresher looks at the refresher of a stack that is up: what it may, what it does, and what becomes of a disturbed one.
func testRefresher(t *testing.T, s *site, w way, more ...check) {
	s.fresh(t)
	s.deploy(t, w)
	defer s.must(t, "destroy")
	defer s.serve(t)()
	for _, c := range append(slices.Clone(checks), more...) {
		t.Run(c.name, func(t *testing.T) { c.test(t, s, w.login) })
	}
}

// testRestartDuringUp: the API server crashes at two moments of an up, and is back later. The same up ends well.
func testRestartDuringUp(t *testing.T, s *site, w way) {
	for moment, reached := range map[string]func(context.Context) error{
		"objects are made": func(ctx context.Context) error {
			_, err := s.client.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
			return err
		},
		"the first refresh is awaited": func(ctx context.Context) error {
			jobs, err := s.client.BatchV1().Jobs(namespace).List(ctx, metav1.ListOptions{})
			if err == nil && len(jobs.Items) == 0 {
				err = errors.New("no job yet")
			}
			return err
		},
	} {
		t.Run(moment, func(t *testing.T) {
			s.fresh(t)
			finished := s.begin(t, "up", w.set()...)
			eventually(t, moment, reached)
			s.plane.KillAPIServer()
			require.NoError(t, s.plane.StartAPIServer(t.Context()))
			o := finished()
			require.NoError(t, o.err, "%s\n%s", o.Error, o.stderr)
			pullSecret(t, s, w.login)
			gatewayPods(t, s)
			again := s.must(t, "up", w.set()...)
			unchanged(t, again)
			s.must(t, "destroy")
		})
	}
}

// life is a stack's life in one way: up, refreshed, unchanged, changed, gone.
func life(t *testing.T, s *site, w way) {
	s.fresh(t)
	before := inventory(t, s)
	s.deploy(t, w)
	enforced, err := s.client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "restricted", enforced.Labels["pod-security.kubernetes.io/enforce"])
	pods := gatewayPods(t, s)
	if w.more != nil {
		w.more(t, s)
	}

	var token *corev1.Secret
	if w.login != nil {
		first := pullSecret(t, s, w.login)
		stop := s.serve(t)
		refreshByCronJob(t, s, w.login, "by-hand")
		stop()
		token = pullSecret(t, s, w.login)
		require.NotEqual(t, first.ResourceVersion, token.ResourceVersion, "refreshed")
		require.Equal(t, first.UID, token.UID, "in place")
	}

	again := s.must(t, "up", w.set()...)
	unchanged(t, again)
	require.Equal(t, pods, gatewayPods(t, s), "an unchanged up rolls nothing")
	if w.login != nil {
		require.Equal(t, token.ResourceVersion, pullSecret(t, s, w.login).ResourceVersion, "and reverts no token")
	}

	if w.thorough {
		change(t, s, w, pods, token)
	}
	s.must(t, "destroy")
	require.Equal(t, before, inventory(t, s), "destroy leaves nothing")
}

// change edits configuration and labels of a stack that is up: both arrive. The label is on the first run's pods, too: another one runs, and
// writes a token into the same Secret.
func change(t *testing.T, s *site, w way, pods []types.UID, token *corev1.Secret) {
	s.must(t, "up", append(w.set(), set([]string{"gateway.config.client.enforce_auth_on_inference=false", "labels.team=platform"})...)...)
	rolled := gatewayPods(t, s)
	require.Len(t, rolled, len(pods))
	for _, pod := range pods {
		require.NotContains(t, rolled, pod, "a changed configuration rolls every pod")
	}
	relabelled := pullSecret(t, s, w.login)
	require.NotEqual(t, token.Data, relabelled.Data, "another first run fetches a token of its own")
	require.Equal(t, token.UID, relabelled.UID, "the Secret stays")
	require.Equal(t, "platform", relabelled.Labels["team"])
}

// deploy brings the whole stack up.
func (s *site) deploy(t *testing.T, w way) {
	t.Helper()
	s.mu.Lock()
	s.nodePulls = w.login == nil
	s.injected = map[string]bool{namespace + "/" + refresherSA: w.injected}
	s.mu.Unlock()
	s.must(t, "up", w.set()...)
}

// noRunNow is as often as Google's default and ten minutes from now: the controller makes no run while a test looks at its own.
var noRunNow = func() string {
	minute := time.Now().Minute()
	return fmt.Sprintf("%d,%d,%d * * * *", (minute+10)%60, (minute+30)%60, (minute+50)%60)
}()

// set are the arguments of an up in this way.
func (w way) set() []string {
	if w.login == nil {
		return set(w.settings)
	}
	return set(append(slices.Clone(w.settings), "refresher.schedule="+noRunNow))
}

func set(settings []string) []string {
	var args []string
	for _, setting := range settings {
		args = append(args, "--set", setting)
	}
	return args
}

// gatewayPods returns the uids of the gateway's pods, all of which are ready: the controllers made them, in a namespace that
// enforces restricted, and their image could be pulled.
func gatewayPods(t *testing.T, s *site) []types.UID {
	t.Helper()
	deployment, err := s.client.AppsV1().Deployments(namespace).Get(t.Context(), gateway, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, *deployment.Spec.Replicas, deployment.Status.AvailableReplicas)
	require.Equal(t, deployment.Generation, deployment.Status.ObservedGeneration)
	var uids []types.UID
	// What was rolled away may take a moment longer than the Deployment's status says.
	eventually(t, "the old pods go", func(ctx context.Context) error {
		list, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(deployment.Spec.Selector)})
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

// refreshByCronJob makes a Job from the CronJob, as a person would, and waits until it is complete.
func refreshByCronJob(t *testing.T, s *site, l *login, name string) {
	t.Helper()
	s.kubectl(t, controlplane.AdminUser, "create", "job", name, "--from=cronjob/"+l.cronJob)
	awaitJob(t, s, name)
}

func awaitJob(t *testing.T, s *site, name string) {
	t.Helper()
	eventually(t, "job "+name, func(ctx context.Context) error {
		job, err := s.client.BatchV1().Jobs(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range job.Status.Conditions {
			if condition.Type == batchv1.JobComplete && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("%+v, %s", job.Status, s.words(ctx))
	})
}

// words are the last words of the containers that failed.
func (s *site) words(ctx context.Context) string {
	pods, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, pod := range pods.Items {
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if ended := status.State.Terminated; ended != nil && ended.ExitCode != 0 {
				words = append(words, fmt.Sprintf("%s/%s: exit code %d: %s", pod.Name, status.Name, ended.ExitCode, ended.Message))
			}
			if waiting := status.State.Waiting; waiting != nil {
				words = append(words, fmt.Sprintf("%s/%s: %s: %s", pod.Name, status.Name, waiting.Reason, waiting.Message))
			}
		}
	}
	return strings.Join(words, "\n")
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

// inventory names every object of the cluster but those that come and go by themselves.
func inventory(t *testing.T, s *site) []string {
	t.Helper()
	lists, err := s.client.Discovery().ServerPreferredResources()
	require.NoError(t, err)
	objects, err := metadata.NewForConfig(s.plane.As(controlplane.AdminUser))
	require.NoError(t, err)
	var found []string
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "get"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		require.NoError(t, err)
		for _, resource := range list.APIResources {
			if slices.Contains([]string{"events", "leases", "componentstatuses", "endpoints", "nodes"}, resource.Name) {
				continue
			}
			items, err := objects.Resource(version.WithResource(resource.Name)).List(t.Context(), metav1.ListOptions{})
			require.NoError(t, err)
			for _, item := range items.Items {
				found = append(found, resource.Name+" "+item.Namespace+"/"+item.Name)
			}
		}
	}
	slices.Sort(found)
	return found
}

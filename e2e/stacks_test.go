package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

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
	rest     bool   // run by make e2e-all alone
	// prepare comes before the stack, more is looked at while it is up; both may be nil.
	prepare func(t *testing.T, s *site, w way)
	more    func(t *testing.T, s *site)
}

var (
	irsa        = way{name: "refresh, IRSA", settings: []string{"ecs=null"}, login: ecrLogin, thorough: true}
	podIdentity = way{
		name: "refresh, Pod Identity", settings: []string{"ecs=null", "eks.auth=podIdentity"}, login: ecrLogin, injected: true, rest: true,
	}
	// What a node has found for a registry it keeps, so they come last.
	withoutSecret = []way{
		{name: "kubelet", settings: []string{"ecs=null", "eks.pull=kubelet"}, prepare: nodesAskWithTokens, more: kubeletsPull},
		{
			name: "node", settings: []string{"ecs=null", "eks.pull=node", "eks.nodeRoleArns=[arn:aws:iam::111122223333:role/dev-node]"},
			prepare: nodesAskAsThemselves, more: nodesPull,
		},
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
	t.Cleanup(eks.stop)
	s := eks.started(t)
	t.Run(irsa.name, func(t *testing.T) {
		looked := irsa
		looked.more = func(t *testing.T, s *site) { lookAtRefresher(t, s, irsa.login) }
		life(t, s, looked)
	})
	t.Run(podIdentity.name, func(t *testing.T) { life(t, s, podIdentity) })
	t.Run("example any-app", func(t *testing.T) { testAnyApp(t, s) })
	t.Run("API server restarted during up", func(t *testing.T) { testRestartDuringUp(t, s, irsa) })
}

func TestExamples(t *testing.T) {
	onlyAll(t)
	t.Parallel()
	t.Cleanup(exemplary.stop)
	s := exemplary.started(t)
	for _, e := range eksExamples {
		t.Run("example "+e.name, func(t *testing.T) { testExample(t, s, e) })
	}
	t.Run("adopted after "+recipeEKS.name, func(t *testing.T) { testAdopt(t, s, recipeEKS) })
	for _, w := range withoutSecret {
		t.Run(w.name, func(t *testing.T) { life(t, s, w) })
	}
}

func TestAKS(t *testing.T) {
	onlyAll(t)
	t.Parallel()
	t.Cleanup(aks.stop)
	s := aks.started(t)
	for _, w := range aksWays {
		t.Run(w.name, func(t *testing.T) { life(t, s, w) })
	}
	t.Run("refresher", func(t *testing.T) {
		testRefresher(t, s, aksWays[0], check{name: "delete then create", test: testDeleteThenCreate}) // the recipe for AKS refreshes so
	})
	for _, e := range aksExamples {
		t.Run("example "+e.name, func(t *testing.T) { testExample(t, s, e) })
	}
	t.Run("adopted after "+recipeAKS.name, func(t *testing.T) { testAdopt(t, s, recipeAKS) })
}

// check is one look at the refresher of a stack that is up, while its clouds are served.
type check struct {
	name string
	test func(*testing.T, *site, *login)
	long bool // not run by make e2e without LONG
}

// checks are in this order: the audit log is read before others than the refresher ask.
var checks = []check{
	{name: "in place", test: testInPlace}, {name: "refused pulls", test: testRefusedPulls},
	{name: "killed", test: testKilled, long: true}, {name: "vendor CLI", test: testVendorCLI, long: true}, {name: "heals", test: testHeals},
	{name: "API server restarted", test: testRestartDuringRefresh, long: true}, {name: "without a node", test: testWaitsForNode, long: true},
	{name: "audit", test: testAudit}, {name: "rights", test: testRights}, {name: "escalation", test: testEscalation, long: true},
	{name: "left over", test: testLeftOver},
}

// testRefresher looks at the refresher of a stack of its own.
func testRefresher(t *testing.T, s *site, w way, more ...check) {
	s.fresh(t)
	s.deploy(t, w)
	defer s.must(t, "destroy")
	lookAtRefresher(t, s, w.login, more...)
}

// lookAtRefresher looks at the refresher of a stack that is up: what it may, what it does, and what becomes of a disturbed one.
func lookAtRefresher(t *testing.T, s *site, l *login, more ...check) {
	t.Run("expired", func(t *testing.T) { testExpiredToken(t, s, l) })
	defer s.serve(t)()
	for _, c := range append(slices.Clone(checks), more...) {
		t.Run(c.name, func(t *testing.T) {
			if c.long {
				onlyLong(t)
			}
			c.test(t, s, l)
		})
	}
}

// testRestartDuringUp: the API server crashes at two moments of an up, and is back later. An up that waits goes on; one that makes objects
// fails, as with Pulumi's own provider, and the next one ends well.
func testRestartDuringUp(t *testing.T, s *site, w way) {
	onlyAll(t)
	const making = "objects are made"
	for moment, reached := range map[string]func(context.Context) error{
		making: func(ctx context.Context) error {
			_, err := s.client.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
			return err
		},
		"the first refresh is awaited": func(context.Context) error { return s.awaitsFirstRun() },
	} {
		t.Run(moment, func(t *testing.T) {
			s.fresh(t)
			s.puts(w)
			back := make(chan struct{})
			s.internet.Before(func(r *http.Request) { // no refresh is over sooner
				if s.fromPod(r) {
					_ = within(r.Context(), back)
				}
			})
			defer s.internet.Before(nil)
			finished := s.begin(t, "up", s.set(w)...)
			eventually(t, moment, reached)
			s.plane.KillAPIServer()
			require.NoError(t, s.plane.StartAPIServer(t.Context()))
			close(back)
			o := finished()
			if moment == making {
				require.Error(t, o.err)
				o = s.upAgain(t, w)
			}
			require.NoError(t, o.err, "%s\n%s", o.Error, o.stderr)
			pullSecret(t, s, w.login)
			gatewayPods(t, s)
			again := s.must(t, "up", s.set(w)...)
			unchanged(t, again)
			s.must(t, "destroy")
		})
	}
}

// awaitsFirstRun tells by Pulumi's state whether an up waits for the first refresh, and asks the API server for nothing else meanwhile.
func (s *site) awaitsFirstRun() error {
	type resource struct{ Type string }
	var state struct {
		Checkpoint struct {
			Latest struct {
				Resources []resource
				Pending   []struct{ Resource resource } `json:"pending_operations"`
			}
		}
	}
	written, err := os.ReadFile(filepath.Join(s.state, s.stack, "pulumi", ".pulumi", "stacks", "bifrost", s.stack+".json"))
	if err == nil {
		err = json.Unmarshal(written, &state)
	}
	if err != nil {
		return err
	}
	now := state.Checkpoint.Latest
	if len(now.Pending) != 1 || now.Pending[0].Resource.Type != "kubernetes:batch/v1:Job" ||
		!slices.Contains(now.Resources, resource{"kubernetes:batch/v1:CronJob"}) {
		return fmt.Errorf("made: %v, being made: %v", now.Resources, now.Pending)
	}
	return nil
}

// takenIn is the command by which an error says that an object becomes the stack's: its kind, and its name behind that of its namespace.
var takenIn = regexp.MustCompile("`pulumi import kubernetes:[^:` ]+:([A-Za-z]+) \\S+ (?:(\\S+)/)?(\\S+) ")

// upAgain does what docs/operations.md says of an up that the end of the API server has ended: that one may have stored objects and lost the
// answers.
func (s *site) upAgain(t *testing.T, w way) outcome {
	t.Helper()
	for {
		o := s.begin(t, "up", s.set(w)...)()
		lost := takenIn.FindStringSubmatch(o.Error)
		if o.err == nil || lost == nil {
			return o
		}
		require.Contains(t, o.Error, "already exists")
		s.kubectl(t, controlplane.AdminUser, "delete", lost[1], lost[3], "--namespace="+cmp.Or(lost[2], namespace))
	}
}

// life is a stack's life in one way: up, refreshed, unchanged, changed, gone.
func life(t *testing.T, s *site, w way) {
	if w.rest {
		onlyAll(t)
	}
	s.fresh(t)
	if w.prepare != nil {
		w.prepare(t, s, w)
	}
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

	again := s.must(t, "up", s.set(w)...)
	unchanged(t, again)
	require.Equal(t, pods, gatewayPods(t, s), "an unchanged up rolls nothing")
	if w.login != nil {
		require.Equal(t, token.ResourceVersion, pullSecret(t, s, w.login).ResourceVersion, "and reverts no token")
	}

	if w.thorough {
		change(t, s, w, pods, token)
	}
	s.must(t, "destroy")
	leftNothing(t, s, before)
}

// change edits configuration and labels of a stack that is up: both arrive. The label is on the first run's pods, too: another one runs, and
// writes a token into the same Secret.
func change(t *testing.T, s *site, w way, pods []types.UID, token *corev1.Secret) {
	s.must(t, "up", append(s.set(w), set([]string{"gateway.config.client.enforce_auth_on_inference=false", "labels.team=platform"})...)...)
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

// puts tells the cluster how the image will be pulled.
func (s *site) puts(w way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode, s.injected = w.name, map[string]bool{namespace + "/" + refresherSA: w.injected}
}

// deploy brings the whole stack up.
func (s *site) deploy(t *testing.T, w way) {
	t.Helper()
	s.puts(w)
	s.must(t, "up", s.set(w)...)
}

// noRunNow is as often as Google's default, and the next time 18 minutes from now: the controller makes no run while a test looks at its own.
func noRunNow() string {
	minute := time.Now().Minute()
	return fmt.Sprintf("%d,%d,%d * * * *", (minute+19)%60, (minute+39)%60, (minute+59)%60)
}

// brief are settings with which pods go as soon as they may: what happens in the seconds before is tried elsewhere.
var brief = []string{"gateway.preStopSeconds=1"}

// set are the arguments of an up in this way.
func (s *site) set(w way) []string {
	settings := slices.Concat(w.settings, brief)
	if w.login != nil {
		settings = append(settings, "refresher.schedule="+s.schedule)
	}
	return set(settings)
}

func set(settings []string) []string {
	var args []string
	for _, setting := range settings {
		args = append(args, "--set", setting)
	}
	return args
}

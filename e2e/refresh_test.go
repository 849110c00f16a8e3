package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/node"
)

// refreshes is how often each design refreshes while readers poll.
const refreshes = 100

// refresher is a pod of the CronJob, as its controller would make it.
func refresher(t *testing.T, s *site, l *login) *corev1.Pod {
	t.Helper()
	cronJob, err := s.client.BatchV1().CronJobs(namespace).Get(t.Context(), l.cronJob, metav1.GetOptions{})
	require.NoError(t, err)
	template := cronJob.Spec.JobTemplate.Spec.Template
	template.ObjectMeta.Namespace, template.ObjectMeta.Name = namespace, l.cronJob+"-e2e"
	return &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
}

// readings are what the readers of a Secret saw.
type readings struct {
	began, ended            time.Time
	reads, missing, damaged atomic.Int64
	mu                      sync.Mutex
	uids                    map[types.UID]bool
	versions                map[string]bool
}

// poll reads a Secret with several readers, again and again until stop is called.
func poll(t *testing.T, s *site, place, name string, check func(*corev1.Secret) error) (r *readings, stop func()) {
	t.Helper()
	r = &readings{began: time.Now(), uids: map[types.UID]bool{}, versions: map[string]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				secret, err := s.client.CoreV1().Secrets(place).Get(ctx, name, metav1.GetOptions{})
				if ctx.Err() != nil {
					return
				}
				r.reads.Add(1)
				switch {
				case apierrors.IsNotFound(err):
					r.missing.Add(1)
					continue
				case err != nil || check(secret) != nil:
					r.damaged.Add(1)
					continue
				}
				r.mu.Lock()
				r.uids[secret.UID], r.versions[secret.ResourceVersion] = true, true
				r.mu.Unlock()
			}
		})
	}
	return r, func() {
		r.ended = time.Now()
		cancel()
		readers.Wait()
	}
}

// String tells the figures, and how long a refresh leaves readers without a Secret on average: the share of misses, of the time of one
// refresh.
func (r *readings) String() string {
	gap := time.Duration(float64(r.ended.Sub(r.began)) / refreshes * float64(r.missing.Load()) / float64(r.reads.Load()))
	return fmt.Sprintf("%d refreshes: %d reads, %d found no Secret (a gap of %v in each refresh), %d found no valid login; %d versions, %d UIDs",
		refreshes, r.reads.Load(), r.missing.Load(), gap.Round(time.Millisecond), r.damaged.Load(), len(r.versions), len(r.uids))
}

// testInPlace: the Secret is there and whole at every moment of a hundred refreshes. Meanwhile the CronJob's own controller makes some
// more, every minute.
func testInPlace(t *testing.T, s *site, l *login) {
	pod := refresher(t, s, l)
	before := pullSecret(t, s, l)
	s.kubectl(t, controlplane.AdminUser, "patch", "cronjob", l.cronJob, "--patch", `{"spec":{"schedule":"* * * * *"}}`)
	seen, stop := poll(t, s, namespace, l.secret, l.check)
	for range refreshes {
		require.NoError(t, s.agent.Run(t.Context(), pod, node.RunOptions{}).Failure())
	}
	awaitScheduled(t, s, l)
	stop()
	after := pullSecret(t, s, l)
	require.Zero(t, seen.missing.Load())
	require.Zero(t, seen.damaged.Load())
	require.Equal(t, map[types.UID]bool{before.UID: true}, seen.uids)
	require.NotEqual(t, before.Data, after.Data)
	require.Greater(t, len(seen.versions), refreshes/2, "the readers saw most of the tokens")
	require.Greater(t, seen.reads.Load(), int64(refreshes), "the readers were faster than the refreshes")
	report.add("Refresh in place, as the CronJob's container commands do it, "+s.stack, seen.String())
}

// awaitScheduled waits for a Job of the CronJob's own, and lets no other begin.
func awaitScheduled(t *testing.T, s *site, l *login) {
	t.Helper()
	complete := func(ctx context.Context) error {
		cronJob, err := s.client.BatchV1().CronJobs(namespace).Get(ctx, l.cronJob, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if cronJob.Status.LastSuccessfulTime == nil || len(cronJob.Status.Active) > 0 {
			return fmt.Errorf("%+v: %s", cronJob.Status, s.words(ctx))
		}
		return nil
	}
	eventually(t, "a scheduled refresh", complete)
	s.kubectl(t, controlplane.AdminUser, "patch", "cronjob", l.cronJob, "--patch", `{"spec":{"suspend":true}}`)
	eventually(t, "the last scheduled refresh", complete)
}

// testDeleteThenCreate measures the recipe's commands in the same way. Its Secret is elsewhere, so that ours stays whole.
func testDeleteThenCreate(t *testing.T, s *site, l *login) {
	const place, account, name = "recipe-refresh", "bifrost-sa", "pull"
	ctx := t.Context()
	_, err := s.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: place}}, metav1.CreateOptions{})
	require.NoError(t, err)
	defer func() {
		require.NoError(t, s.client.CoreV1().Namespaces().Delete(context.Background(), place, metav1.DeleteOptions{}))
	}()
	_, err = s.client.CoreV1().ServiceAccounts(place).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account}}, metav1.CreateOptions{})
	require.NoError(t, err)
	grant(t, s, place, account, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "create", "delete"}})
	kubeconfig := s.kubeconfigOf(t, place, account)
	refresh := func() {
		for _, args := range [][]string{
			{"delete", "secret", name, "--ignore-not-found"},
			{"create", "secret", "docker-registry", name, "--docker-server=" + l.host, "--docker-username=" + l.user, "--docker-password=a-token"},
		} {
			out, err := s.tryKubectl(ctx, kubeconfig, append(args, "--namespace="+place)...)
			require.NoError(t, err, out)
		}
	}
	refresh()
	seen, stop := poll(t, s, place, name, l.check)
	for range refreshes {
		refresh()
	}
	stop()
	require.Positive(t, seen.missing.Load(), "readers met the gap")
	require.Greater(t, len(seen.uids), refreshes/2, "each refresh makes another Secret")
	report.add("Refresh by the recipe's kubectl delete and create, "+s.stack, seen.String())
}

// kubeconfigOf writes a kubeconfig with a ServiceAccount's token.
func (s *site) kubeconfigOf(t *testing.T, place, account string) string {
	t.Helper()
	_, config := s.as(t, place, account)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(clientcmdapi.Config{
		CurrentContext: "x",
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "x", AuthInfo: "x"}},
		Clusters:       map[string]*clientcmdapi.Cluster{"x": {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"x": {Token: config.BearerToken}},
	}, file))
	return file
}

// testKilled: a refresh that is killed, whatever it was about to do, leaves the old content.
func testKilled(t *testing.T, s *site, l *login) {
	pod := refresher(t, s, l)
	// A refresh that nobody disturbs tells how many steps there are.
	clouds, api := s.cloudsGate(t), s.apiGate(t)
	require.NoError(t, s.agent.Run(t.Context(), pod, clouds.options(api)).Failure())
	require.Positive(t, clouds.passed())
	require.Positive(t, api.passed())

	unharmed := func(what string, run func(ctx context.Context, kill context.CancelFunc) node.Result) {
		before := pullSecret(t, s, l)
		ctx, kill := context.WithCancel(t.Context())
		defer kill()
		require.Error(t, run(ctx, kill).Failure(), what)
		require.Equal(t, before.ResourceVersion, pullSecret(t, s, l).ResourceVersion, what)
	}
	for n := range clouds.passed() {
		unharmed(fmt.Sprintf("killed before request %d to the clouds", n+1), func(ctx context.Context, kill context.CancelFunc) node.Result {
			clouds, api := s.cloudsGate(t), s.apiGate(t)
			clouds.killBefore(n, kill)
			return s.agent.Run(ctx, pod, clouds.options(api))
		})
	}
	unharmed("killed between the containers", func(ctx context.Context, kill context.CancelFunc) node.Result {
		return s.agent.Run(ctx, pod, node.RunOptions{BeforeContainer: func(name string) error {
			if name == pod.Spec.Containers[0].Name {
				kill()
				return errors.New("killed")
			}
			return nil
		}})
	})
	for n := range api.passed() {
		unharmed(fmt.Sprintf("killed before request %d to the API server", n+1), func(ctx context.Context, kill context.CancelFunc) node.Result {
			clouds, api := s.cloudsGate(t), s.apiGate(t)
			api.killBefore(n, kill)
			return s.agent.Run(ctx, pod, clouds.options(api))
		})
	}
	require.NoError(t, s.agent.Run(t.Context(), pod, node.RunOptions{}).Failure(), "the next one succeeds")
	report.add("Killed refreshes, "+s.stack, fmt.Sprintf("killed before each of %d requests to the clouds, between the containers, and before each of %d requests to the API server: the old content every time\n",
		clouds.passed(), api.passed()))
}

// testHeals: somebody deletes the Secret, and the next refresh makes it again.
func testHeals(t *testing.T, s *site, l *login) {
	before := pullSecret(t, s, l)
	require.NoError(t, s.client.CoreV1().Secrets(namespace).Delete(t.Context(), l.secret, metav1.DeleteOptions{}))
	require.NoError(t, s.agent.Run(t.Context(), refresher(t, s, l), node.RunOptions{}).Failure())
	require.NotEqual(t, before.UID, pullSecret(t, s, l).UID)
}

// testRestartDuringRefresh: the API server crashes between the two containers of a refresh, and is back later. The Job gets done.
func testRestartDuringRefresh(t *testing.T, s *site, l *login) {
	before := pullSecret(t, s, l)
	const name = "over-a-restart"
	crashed := make(chan struct{})
	var once sync.Once
	s.watch(func(pod *corev1.Pod, container string) {
		if strings.HasPrefix(pod.Name, name) && container == "apply" {
			once.Do(func() {
				s.plane.KillAPIServer()
				close(crashed)
			})
		}
	})
	defer s.watch(nil)
	s.kubectl(t, controlplane.AdminUser, "create", "job", name, "--from=cronjob/"+l.cronJob)
	<-crashed
	require.NoError(t, s.plane.StartAPIServer(t.Context()))
	awaitJob(t, s, name)
	after := pullSecret(t, s, l)
	require.Equal(t, before.UID, after.UID)
	require.NotEqual(t, before.Data, after.Data)
}

// testWaitsForNode: a refresh that finds no node waits for one, and is done once there is one.
func testWaitsForNode(t *testing.T, s *site, l *login) {
	before := pullSecret(t, s, l)
	s.cordon(t, true)
	defer s.cordon(t, false)
	const name = "without-a-node"
	s.kubectl(t, controlplane.AdminUser, "create", "job", name, "--from=cronjob/"+l.cronJob)
	eventually(t, "a pod that waits for a node", func(ctx context.Context) error {
		pods, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "batch.kubernetes.io/job-name=" + name})
		if err != nil {
			return err
		}
		for _, pod := range pods.Items {
			for _, c := range pod.Status.Conditions {
				if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
					return nil
				}
			}
		}
		return errors.New("no pod of the Job waits yet")
	})
	require.Equal(t, before.Data, pullSecret(t, s, l).Data)
	s.cordon(t, false)
	awaitJob(t, s, name)
	after := pullSecret(t, s, l)
	require.Equal(t, before.UID, after.UID)
	require.NotEqual(t, before.Data, after.Data)
}

// testVendorCLI: the refresh works with the vendor's own CLI, where this machine has it.
func testVendorCLI(t *testing.T, s *site, l *login) {
	path := l.vendorCLI()
	if path == "" {
		t.Skip("neither AWS CLI version 2 (for aws-dev) nor the Google Cloud CLI (for azure-dev) is installed here: only the stand-in was tried")
	}
	before := pullSecret(t, s, l)
	require.NoError(t, s.agent.Run(t.Context(), refresher(t, s, l), node.RunOptions{VendorCLI: path}).Failure())
	require.NotEqual(t, before.Data, pullSecret(t, s, l).Data)
	version, err := exec.Command(path, "--version").Output()
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(version), "\n")
	report.add("Refreshed with the vendor's own CLI, "+s.stack, first)
}

// vendorCLI finds a vendor's CLI of the version that the image holds; "" where there is none. Version 1 of the AWS CLI reads other variables.
func (l *login) vendorCLI() string {
	candidates := []string{"gcloud"}
	if l == ecrLogin {
		candidates = []string{"aws", "/usr/local/bin/aws", "/usr/bin/aws"}
	}
	for _, candidate := range candidates {
		path, err := exec.LookPath(candidate)
		if err != nil {
			continue
		}
		version, err := exec.Command(path, "--version").Output()
		if err == nil && (strings.HasPrefix(string(version), "aws-cli/2.") || strings.HasPrefix(string(version), "Google Cloud SDK ")) {
			return path
		}
	}
	return ""
}

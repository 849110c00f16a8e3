package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"bifrost/e2e/controlplane"
)

// refreshes is how often each design refreshes while readers read.
func refreshes() int {
	switch {
	case everything:
		return 100
	case testing.Short():
		return atOnce
	}
	return 12
}

const (
	// atOnce is how many Jobs refresh at the same time: more than a schedule ever starts.
	atOnce = 6
	// readPause is how long each reader waits between two reads: less than kubectl needs to start.
	readPause = 20 * time.Millisecond
)

// readings are what the readers of a Secret saw.
type readings struct {
	began, ended            time.Time
	reads, missing, damaged atomic.Int64
	mu                      sync.Mutex
	uids                    map[types.UID]bool
	versions                map[string]bool
}

// read reads a Secret with several readers, again and again until stop is called.
func read(t *testing.T, s *site, place, name string, check func(*corev1.Secret) error) (r *readings, stop func()) {
	t.Helper()
	r = &readings{began: time.Now(), uids: map[types.UID]bool{}, versions: map[string]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			pause := time.NewTicker(readPause)
			defer pause.Stop()
			for ; ctx.Err() == nil; <-pause.C {
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
	gap := time.Duration(float64(r.ended.Sub(r.began)) / float64(refreshes()) * float64(r.missing.Load()) / float64(r.reads.Load()))
	return fmt.Sprintf("%d refreshes: %d reads, %d found no Secret (a gap of %v in each refresh), %d found no valid login; %d versions, %d UIDs",
		refreshes(), r.reads.Load(), r.missing.Load(), gap.Round(time.Millisecond), r.damaged.Load(), len(r.versions), len(r.uids))
}

// testInPlace: the Secret is there and whole at every moment of many refreshes, several at a time, and whoever pulls with it meanwhile gets
// the image. The CronJob's own controller makes one more.
func testInPlace(t *testing.T, s *site, l *login) {
	before := pullSecret(t, s, l)
	s.scheduleOne(t, l)
	seen, stop := read(t, s, namespace, l.secret, l.check)
	pulled := s.pullAllAlong(t, l)
	jobs, ctx := errgroup.WithContext(t.Context())
	jobs.SetLimit(atOnce)
	for n := range refreshes() {
		jobs.Go(func() error { return s.refresh(ctx, l, fmt.Sprintf("refresh-%d", n), nil) })
	}
	require.NoError(t, jobs.Wait())
	awaitScheduled(t, s, l)
	pulls := pulled()
	stop()
	after := pullSecret(t, s, l)
	require.Zero(t, seen.missing.Load())
	require.Zero(t, seen.damaged.Load())
	require.Equal(t, map[types.UID]bool{before.UID: true}, seen.uids)
	require.NotEqual(t, before.Data, after.Data)
	require.Greater(t, len(seen.versions), refreshes()/2, "the readers saw most of the tokens")
	require.Greater(t, seen.reads.Load(), int64(refreshes()), "the readers were faster than the refreshes")
	report.add("Refresh in place, by Jobs of the CronJob, "+s.stack, fmt.Sprintf("%v\n%d pods pulled the image meanwhile, none was refused\n", seen, pulls))
}

// scheduleOne has the CronJob's controller make one Job. No other follows: it would replace one that takes more than a minute.
func (s *site) scheduleOne(t *testing.T, l *login) {
	t.Helper()
	patch := func(spec string) {
		s.kubectl(t, controlplane.AdminUser, "patch", "cronjob", l.cronJob, "--patch", `{"spec":`+spec+`}`)
	}
	patch(`{"schedule":"* * * * *"}`)
	defer patch(`{"suspend":true}`)
	eventually(t, "a scheduled refresh begins", func(ctx context.Context) error {
		cronJob, err := s.client.BatchV1().CronJobs(namespace).Get(ctx, l.cronJob, metav1.GetOptions{})
		if err == nil && cronJob.Status.LastScheduleTime == nil {
			err = errNotYet
		}
		return err
	})
}

// awaitScheduled waits for the Job that the CronJob's controller made.
func awaitScheduled(t *testing.T, s *site, l *login) {
	t.Helper()
	eventually(t, "a scheduled refresh", func(ctx context.Context) error {
		cronJob, err := s.client.BatchV1().CronJobs(namespace).Get(ctx, l.cronJob, metav1.GetOptions{})
		if err == nil && (cronJob.Status.LastSuccessfulTime == nil || len(cronJob.Status.Active) > 0) {
			err = fmt.Errorf("%+v: %s", cronJob.Status, s.words(ctx))
		}
		return err
	})
}

// testDeleteThenCreate measures the recipe's commands in the same way. Its Secret is elsewhere, so that ours stays whole.
func testDeleteThenCreate(t *testing.T, s *site, l *login) {
	const place, account, name = "recipe-refresh", "bifrost-sa", "pull"
	ctx := t.Context()
	s.space(t, place)
	_, err := s.client.CoreV1().ServiceAccounts(place).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account}}, metav1.CreateOptions{})
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
	seen, stop := read(t, s, place, name, l.check)
	for range refreshes() {
		refresh()
	}
	stop()
	require.Positive(t, seen.missing.Load(), "readers met the gap")
	require.Greater(t, len(seen.uids), refreshes()/2, "each refresh makes another Secret")
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

// testHeals: somebody deletes the Secret, and the next refresh makes it again.
func testHeals(t *testing.T, s *site, l *login) {
	before := pullSecret(t, s, l)
	require.NoError(t, s.client.CoreV1().Secrets(namespace).Delete(t.Context(), l.secret, metav1.DeleteOptions{}))
	s.refreshed(t, l, "heals")
	require.NotEqual(t, before.UID, pullSecret(t, s, l).UID)
}

// testRestartDuringRefresh: the API server crashes in the middle of a refresh, and is back later. The Job gets done.
func testRestartDuringRefresh(t *testing.T, s *site, l *login) {
	before := pullSecret(t, s, l)
	const name = "over-a-restart"
	crashed := make(chan struct{})
	var once sync.Once
	s.internet.Before(func(r *http.Request) {
		if s.fromPod(r) {
			once.Do(func() {
				s.plane.KillAPIServer()
				close(crashed)
			})
		}
	})
	defer s.internet.Before(nil)
	s.kubectl(t, controlplane.AdminUser, "create", "job", name, "--from=cronjob/"+l.cronJob)
	require.NoError(t, within(t.Context(), crashed))
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

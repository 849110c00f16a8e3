package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// gate counts the requests of one pod to one side, and holds the one before which the pod is killed.
type gate struct {
	mu     sync.Mutex
	passed int
	last   int           // how many pass; -1: all
	held   chan struct{} // closed when one is held
}

func newGate(last int) *gate { return &gate{last: last, held: make(chan struct{})} }

// pass returns once a request may go on; false: whoever asked is gone.
func (g *gate) pass(r *http.Request) bool {
	g.mu.Lock()
	if g.last < 0 || g.passed < g.last {
		g.passed++
		g.mu.Unlock()
		return true
	}
	select {
	case <-g.held:
	default:
		close(g.held)
	}
	g.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
	<-r.Context().Done()
	return false
}

// await waits until a request is held.
func (g *gate) await(ctx context.Context) error { return within(ctx, g.held) }

// within waits until a channel is closed, not longer than poll.
func within(ctx context.Context, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, pollLimit)
	defer cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gates are those of each pod, by its name: to the clouds and to the API server.
type gates struct {
	site *site
	mu   sync.Mutex
	of   map[string]struct{ clouds, api *gate }
}

func (g *gates) add(pod string, clouds, api *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.of[pod] = struct{ clouds, api *gate }{clouds, api}
}

// find returns the gates of the pod that asks; nil, nil where it has none.
func (g *gates) find(r *http.Request) (clouds, api *gate) {
	pod, err := g.site.podAt(r.Context(), r.RemoteAddr)
	if err != nil {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.of[pod].clouds, g.of[pod].api
}

// fromPod tells whether a pod asks, and not its node.
func (s *site) fromPod(r *http.Request) bool {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && s.network.Pods.Contains(address.Addr())
}

// gates puts a gate before the clouds and one before the API server, whose address it returns, until the test ends.
func (s *site) gates(t *testing.T) (*gates, *net.TCPAddr) {
	t.Helper()
	g := &gates{site: s, of: map[string]struct{ clouds, api *gate }{}}
	s.internet.Before(func(r *http.Request) {
		if !s.fromPod(r) {
			return
		}
		if clouds, _ := g.find(r); clouds != nil {
			clouds.pass(r)
		}
	})
	t.Cleanup(func() { s.internet.Before(nil) })
	authority := x509.NewCertPool()
	require.True(t, authority.AppendCertsFromPEM(s.plane.WithToken("").CAData))
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "https", Host: s.plane.Address}) },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority}},
	}
	certificate, err := s.plane.ServerCertificate()
	require.NoError(t, err)
	// A port that the refresher's NetworkPolicy opens for API servers.
	listener, err := tls.Listen("tcp", net.JoinHostPort(s.network.Gateway.String(), "6443"), &tls.Config{Certificates: []tls.Certificate{certificate}})
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, api := g.find(r); api == nil || api.pass(r) {
			forward.ServeHTTP(w, r)
		}
	})}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	return g, listener.Addr().(*net.TCPAddr)
}

// killing is a refresh that is killed, and what holds it at the moment.
type killing struct {
	what, pod, container string
	gate                 *gate
}

// testKilled: a refresh that is killed, whatever it was about to do, leaves the old content.
func testKilled(t *testing.T, s *site, l *login) {
	all, address := s.gates(t)
	begin := func(name string, clouds, api *gate) *corev1.Pod {
		all.add(name, clouds, api)
		return s.refresherPod(t, l, name, func(p *corev1.PodSpec) {
			c := &p.Containers[0]
			c.Env = append(c.Env, corev1.EnvVar{Name: "KUBERNETES_SERVICE_HOST", Value: address.IP.String()},
				corev1.EnvVar{Name: "KUBERNETES_SERVICE_PORT", Value: fmt.Sprint(address.Port)})
		})
	}
	undisturbed := func(name string) (clouds, api int) {
		toClouds, toAPI := newGate(-1), newGate(-1)
		phase, err := s.ended(t.Context(), begin(name, toClouds, toAPI))
		require.NoError(t, err)
		require.Equal(t, corev1.PodSucceeded, phase, "%s", s.words(t.Context()))
		return toClouds.passed, toAPI.passed
	}
	// A refresh that nobody disturbs tells how many requests there are.
	clouds, api := undisturbed("undisturbed")
	require.Positive(t, clouds)
	require.Positive(t, api)

	var killings []killing
	for n := range clouds {
		killings = append(killings, killing{fmt.Sprintf("before request %d to the clouds", n+1), fmt.Sprintf("killed-clouds-%d", n), "token", newGate(n)})
	}
	for n := range api {
		killings = append(killings, killing{fmt.Sprintf("before request %d to the API server", n+1), fmt.Sprintf("killed-api-%d", n), "apply", newGate(n)})
	}
	before := pullSecret(t, s, l)
	dying, ctx := errgroup.WithContext(t.Context())
	for _, k := range killings {
		toClouds, toAPI := newGate(-1), newGate(-1)
		if k.container == "token" {
			toClouds = k.gate
		} else {
			toAPI = k.gate
		}
		pod := begin(k.pod, toClouds, toAPI)
		dying.Go(func() error { return s.die(ctx, k, pod) })
	}
	require.NoError(t, dying.Wait())
	require.Equal(t, before.ResourceVersion, pullSecret(t, s, l).ResourceVersion)
	s.goneBetween(t, l)
	require.Equal(t, before.ResourceVersion, pullSecret(t, s, l).ResourceVersion, "between the containers")
	undisturbed("the-next-one")
	require.NotEqual(t, before.Data, pullSecret(t, s, l).Data)
	report.add("Killed refreshes, "+s.stack, fmt.Sprintf("killed before each of %d requests to the clouds, between the containers, and before each of %d requests to the API server: the old content every time\n",
		clouds, api))
}

// die kills a refresh that a gate holds.
func (s *site) die(ctx context.Context, k killing, pod *corev1.Pod) error {
	if err := k.gate.await(ctx); err != nil {
		return fmt.Errorf("%s: %w", k.what, err)
	}
	if err := s.kill(ctx, pod, k.container); err != nil {
		return fmt.Errorf("%s: %w", k.what, err)
	}
	phase, err := s.ended(ctx, pod)
	if err == nil && phase != corev1.PodFailed {
		err = fmt.Errorf("the pod is %s", phase)
	}
	if err != nil {
		return fmt.Errorf("killed %s: %w", k.what, err)
	}
	return nil
}

// goneBetween deletes a refresh that has its token, while the node waits for the image of the second container.
func (s *site) goneBetween(t *testing.T, l *login) {
	t.Helper()
	waiting, given := newGate(0), make(chan struct{})
	var once sync.Once
	s.internet.Before(func(r *http.Request) {
		if !s.fromPod(r) && strings.Contains(r.URL.Path, "kubectl/manifests/") {
			waiting.pass(r)
			once.Do(func() { close(given) })
		}
	})
	defer s.internet.Before(nil)
	pod := s.refresherPod(t, l, "gone-between", func(p *corev1.PodSpec) { p.Containers[0].ImagePullPolicy = corev1.PullAlways })
	require.NoError(t, waiting.await(t.Context()), "the node does not ask for the image")
	eventually(t, "the token is there", func(ctx context.Context) error {
		now, err := s.client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err == nil && (len(now.Status.InitContainerStatuses) == 0 || now.Status.InitContainerStatuses[0].State.Terminated == nil) {
			err = fmt.Errorf("%+v", now.Status.InitContainerStatuses)
		}
		return err
	})
	s.gone(t, pod)
	require.NoError(t, within(t.Context(), given), "the node gives the image up")
}

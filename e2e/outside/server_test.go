package outside_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"bifrost/e2e/images"
	"bifrost/e2e/outside"
	"bifrost/e2e/outside/outsidetest"
)

const image = outsidetest.Registry + "/acme-hub:" + outsidetest.Tag

func startClouds(t *testing.T) *outsidetest.Clouds {
	t.Helper()
	clouds, err := outsidetest.Start(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(clouds.Close)
	clouds.Login("good", "")
	clouds.Login("expired", outsidetest.Expired)
	return clouds
}

// served is what is outside, with a client that finds every host there, as with a resolver that knows one address.
type served struct {
	*outside.Server
	authority *outside.Authority
	catalog   *images.Catalog
	client    *http.Client
}

// start serves a catalog of images without programs.
func start(t *testing.T, c outside.Config) *served {
	t.Helper()
	s := &served{catalog: images.New(images.Config{})}
	s.catalog.Add(``, images.Spec{Texts: map[string]string{"/app/main": "the program"}}.Build)
	var err error
	s.authority, err = outside.NewAuthority()
	require.NoError(t, err)
	c.Address, c.Authority, c.Images = "127.0.0.1:0", s.authority, s.catalog
	s.Server, err = outside.Start(c)
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(s.authority.PEM()))
	way := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Address())
		},
		TLSClientConfig: &tls.Config{RootCAs: pool},
	}
	t.Cleanup(way.CloseIdleConnections)
	s.client = &http.Client{Transport: way}
	return s
}

func pull(t *testing.T, s *served, reference string, auth authn.Authenticator) error {
	t.Helper()
	parsed, err := name.ParseReference(reference)
	require.NoError(t, err)
	pulled, err := remote.Image(parsed, remote.WithTransport(s.client.Transport), remote.WithAuth(auth), remote.WithContext(t.Context()),
		remote.WithRetryPredicate(func(error) bool { return false }))
	if err != nil {
		return err
	}
	layers, err := pulled.Layers()
	require.NoError(t, err)
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, content)
		require.NoError(t, err)
		require.NoError(t, content.Close())
	}
	_, err = pulled.RawConfigFile()
	return err
}

func basic(user, password string) authn.Authenticator {
	return &authn.Basic{Username: user, Password: password}
}

func text(t *testing.T, answer *http.Response, err error) (int, string) {
	t.Helper()
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(body)
}

// TestCloudsJudgePulls: whoever pulls is asked for a login by the sandbox, and gets what the sandbox says at every step.
func TestCloudsJudgePulls(t *testing.T) {
	clouds := startClouds(t)
	var pulls []outside.Pull
	s := start(t, outside.Config{Network: clouds.File, Pulled: func(p outside.Pull) { pulls = append(pulls, p) }})
	require.NoError(t, pull(t, s, image, basic("AWS", "good")))
	for _, asked := range clouds.Asked() {
		require.Contains(t, []string{"GET " + outsidetest.Registry + "/v2/", "GET " + outsidetest.Registry + "/v2/acme-hub/manifests/2.1.0"}, asked)
	}
	kinds := map[string]int{}
	for _, p := range pulls {
		require.Equal(t, []string{outsidetest.Registry, "acme-hub", "Basic", "AWS"}, []string{p.Host, p.Repository, p.Scheme, p.User})
		require.Equal(t, http.StatusOK, p.Status)
		kinds[p.Kind]++
	}
	require.Equal(t, map[string]int{"manifests": 1, "blobs": 2}, kinds)

	for password, status := range map[string]int{"expired": http.StatusForbidden, "wrong": http.StatusUnauthorized} {
		var refused *transport.Error
		require.ErrorAs(t, pull(t, s, image, basic("AWS", password)), &refused)
		require.Equal(t, status, refused.StatusCode)
		if password == "expired" {
			require.ErrorContains(t, refused, "Your authorization token has expired")
		}
	}
	require.ErrorContains(t, pull(t, s, image, authn.Anonymous), "Not Authorized")
	require.ErrorContains(t, pull(t, s, outsidetest.Registry+"/acme-hub:9.9.9", basic("AWS", "good")), "Requested image not found")

	// By digest: what a tag was pulled as is judged as that tag, anything else by itself.
	digest, err := s.catalog.Digest(image)
	require.NoError(t, err)
	require.NoError(t, pull(t, s, outsidetest.Registry+"/acme-hub@"+digest, basic("AWS", "good")))
	require.ErrorContains(t, pull(t, s, outsidetest.Registry+"/other@"+digest, basic("AWS", "good")), "Requested image not found")

	require.NoError(t, os.Remove(clouds.File()))
	require.ErrorContains(t, pull(t, s, image, basic("AWS", "good")), "no command of the sandbox serves the clouds")
	require.NoError(t, pull(t, s, "registry.k8s.io/kubectl:v1.34.3", authn.Anonymous), "public registries are not the clouds'")
}

// TestMirrorsLogin: a registry of nobody's cloud may want a login of its own.
func TestMirrorsLogin(t *testing.T) {
	s := start(t, outside.Config{})
	require.NoError(t, pull(t, s, "registry.internal.example.com/mirror/acme-hub:1", authn.Anonymous))
	s.Login("registry.internal.example.com", "u", "p")
	require.ErrorContains(t, pull(t, s, "registry.internal.example.com/mirror/acme-hub:1", authn.Anonymous), "authentication required")
	require.ErrorContains(t, pull(t, s, "registry.internal.example.com/mirror/acme-hub:1", basic("u", "q")), "authentication required")
	require.NoError(t, pull(t, s, "registry.internal.example.com/mirror/acme-hub:1", basic("u", "p")))
}

// TestEveryHost: each host answers under its own certificate, with what the sandbox says as it is now; handlers come before it.
func TestEveryHost(t *testing.T) {
	clouds := startClouds(t)
	s := start(t, outside.Config{Network: clouds.File})
	post := func(address string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("a token"))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer x")
		answer, err := s.client.Do(request)
		return text(t, answer, err)
	}
	for range 2 {
		status, body := post("https://sts.us-east-1.amazonaws.com/path")
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "sts.us-east-1.amazonaws.com /path Bearer x a token", body)
		require.NoError(t, clouds.Restart()) // another password, another authority
	}
	status, body := post("https://nowhere.example/")
	require.Equal(t, http.StatusBadGateway, status)
	require.Contains(t, body, "nowhere.example does not answer outside of this cluster")
	s.Handle("*.openai.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "a model at "+r.Host) }))
	_, body = post("https://api.openai.com/v1/chat")
	require.Equal(t, "a model at api.openai.com", body)
	require.NoError(t, os.Remove(clouds.File()))
	status, body = post("https://sts.us-east-1.amazonaws.com/")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "no command of the sandbox serves the clouds")
}

// TestHook counts requests, and holds one until its client is gone: it is never answered.
func TestHook(t *testing.T) {
	clouds := startClouds(t)
	s := start(t, outside.Config{Network: clouds.File})
	var hosts []string
	s.Before(func(r *http.Request) { hosts = append(hosts, r.Host) })
	require.NoError(t, pull(t, s, "registry.k8s.io/kubectl:v1.34.3", authn.Anonymous))
	require.Contains(t, hosts, "registry.k8s.io")
	clouds.Asked()

	held := make(chan struct{})
	s.Before(func(r *http.Request) {
		close(held)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-held
		cancel()
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://sts.amazonaws.com/", strings.NewReader("held"))
	require.NoError(t, err)
	_, err = s.client.Do(request)
	require.ErrorIs(t, err, context.Canceled)
	s.Before(nil)
	status, _ := text(t, must(s.client.Get("https://sts.amazonaws.com/after")), nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"GET sts.amazonaws.com/after"}, clouds.Asked(), "the held request came nowhere")
}

func must(answer *http.Response, _ error) *http.Response { return answer }

// TestPodMetadata: the pod that asks is found by its address, and its ServiceAccount's token goes along, under the name that the clouds know.
func TestPodMetadata(t *testing.T) {
	clouds := startClouds(t)
	s := start(t, outside.Config{Network: clouds.File})
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "pulls", Annotations: map[string]string{"iam.gke.io/gcp-service-account": "a@p.iam.gserviceaccount.com"},
	}}
	cluster := fake.NewClientset(account)
	agent, err := outside.StartAgent("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(agent.Stop)
	agent.Handle(s.PodMetadata(cluster, func() string { return "p.svc.id.goog" }), netip.MustParsePrefix("127.0.0.0/8"))
	ask := func() (int, string) {
		answer, err := http.Get("http://" + agent.Address() + "/computeMetadata/v1/instance/service-accounts/default/token")
		return text(t, answer, err)
	}
	status, body := ask()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "no pod has the address 127.0.0.1")

	_, err = cluster.CoreV1().Pods("ns").Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", UID: "u"}, Spec: corev1.PodSpec{ServiceAccountName: "pulls"}, Status: corev1.PodStatus{PodIP: "127.0.0.1"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	var bound *authenticationv1.TokenRequest
	cluster.PrependReactor("create", "serviceaccounts", func(action clienttesting.Action) (bool, runtime.Object, error) {
		bound = action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenRequest)
		return true, &authenticationv1.TokenRequest{Status: authenticationv1.TokenRequestStatus{Token: "the token"}}, nil
	})
	status, body = ask()
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "metadata.google.internal /computeMetadata/v1/instance/service-accounts/default/token")
	require.Equal(t, []string{"p.svc.id.goog"}, bound.Spec.Audiences)
	require.Equal(t, "p", bound.Spec.BoundObjectRef.Name)
}

// TestAgent: the cluster that a request comes from has its own clouds answer, in clear.
func TestAgent(t *testing.T) {
	clouds := startClouds(t)
	s := start(t, outside.Config{Network: clouds.File})
	agent, err := outside.StartAgent("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(agent.Stop)
	ask := func() (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+agent.Address()+"/v1/credentials", http.NoBody)
		require.NoError(t, err)
		request.Host = "169.254.170.23"
		request.Header.Set("Authorization", "the token")
		answer, err := http.DefaultClient.Do(request)
		return text(t, answer, err)
	}
	agent.Serve(s.Server, netip.MustParsePrefix("10.101.0.0/16"))
	status, _ := ask()
	require.Equal(t, http.StatusForbidden, status, "an address of no cluster")
	agent.Serve(s.Server, netip.MustParsePrefix("127.0.0.0/8"))
	status, body := ask()
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "169.254.170.23 /v1/credentials the token ", body)
}

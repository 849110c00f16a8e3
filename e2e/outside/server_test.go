package outside

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/stretchr/testify/require"

	"bifrost/e2e/images"
)

const (
	registryHost = "444455556666.dkr.ecr.us-east-1.amazonaws.com"
	image        = registryHost + "/acme-hub:2.1.0"
)

// sandbox stands for a command of the sandbox: a proxy with a password, and services behind it with an authority of their own.
type sandbox struct {
	file string // network.json

	mu    sync.Mutex
	asked []string
}

// startSandbox lets the registry give the image to AWS:good and refuse AWS:expired; all other hosts say who they are.
func startSandbox(t *testing.T) *sandbox {
	t.Helper()
	s := &sandbox{file: filepath.Join(t.TempDir(), "network.json")}
	s.restart(t)
	return s
}

func (s *sandbox) restart(t *testing.T) {
	t.Helper()
	authority, err := NewAuthority()
	require.NoError(t, err)
	services := httptest.NewUnstartedServer(http.HandlerFunc(s.answer))
	services.TLS = authority.tls()
	services.StartTLS()
	t.Cleanup(services.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") == "" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			s.answer(w, r)
			return
		}
		if strings.HasPrefix(r.Host, "nowhere.") {
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		server, err := net.Dial("tcp", services.Listener.Addr().String())
		if err != nil {
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(server, client) }()
		_, _ = io.Copy(client, server)
	}))
	t.Cleanup(proxy.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, authority.PEM(), 0o600))
	text, err := json.Marshal(map[string]string{"proxy": strings.Replace(proxy.URL, "http://", "http://sandbox:password@", 1), "ca": ca})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.file, text, 0o600))
}

func (s *sandbox) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.Host+r.URL.Path)
	s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if r.Host != registryHost {
		fmt.Fprintf(w, "%s %s %s %s", r.Host, r.URL.Path, r.Header.Get("Authorization"), body)
		return
	}
	user, password, given := r.BasicAuth()
	switch {
	case !given:
		w.Header().Set("WWW-Authenticate", `Basic realm="https://registry/"`)
		w.WriteHeader(http.StatusUnauthorized)
	case password == "expired":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}`)
	case user != "AWS" || password != "good":
		w.WriteHeader(http.StatusUnauthorized)
	case !strings.HasSuffix(r.URL.Path, "/manifests/2.1.0") && r.URL.Path != "/v2/":
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *sandbox) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// start serves a catalog of images without programs.
func start(t *testing.T, c Config) *Server {
	t.Helper()
	var err error
	c.Authority, err = NewAuthority()
	require.NoError(t, err)
	c.Address, c.Images = "127.0.0.1:0", images.New(images.Config{})
	c.Images.Add(``, images.Spec{Texts: map[string]string{"/app/main": "the program"}}.Build)
	s, err := Start(c)
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return s
}

// client finds every host at the server, as a resolver that knows one address.
func client(t *testing.T, s *Server) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(s.config.Authority.PEM()))
	way := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Address())
		},
		TLSClientConfig: &tls.Config{RootCAs: pool},
	}
	t.Cleanup(way.CloseIdleConnections)
	return &http.Client{Transport: way}
}

func pull(t *testing.T, s *Server, reference string, auth authn.Authenticator) error {
	t.Helper()
	parsed, err := name.ParseReference(reference)
	require.NoError(t, err)
	pulled, err := remote.Image(parsed, remote.WithTransport(client(t, s).Transport), remote.WithAuth(auth), remote.WithContext(t.Context()),
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
	clouds := startSandbox(t)
	var pulls []Pull
	s := start(t, Config{Network: func() string { return clouds.file }, Pulled: func(p Pull) { pulls = append(pulls, p) }})
	require.NoError(t, pull(t, s, image, basic("AWS", "good")))
	for _, asked := range clouds.took() {
		require.Contains(t, []string{"GET " + registryHost + "/v2/", "GET " + registryHost + "/v2/acme-hub/manifests/2.1.0"}, asked)
	}
	kinds := map[string]int{}
	for _, p := range pulls {
		require.Equal(t, []string{registryHost, "acme-hub", "Basic", "AWS"}, []string{p.Host, p.Repository, p.Scheme, p.User})
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
	require.ErrorContains(t, pull(t, s, image, authn.Anonymous), "401")
	require.ErrorContains(t, pull(t, s, registryHost+"/acme-hub:9.9.9", basic("AWS", "good")), "404")

	// By digest: what a tag was pulled as is judged as that tag, anything else by itself.
	digest, err := s.config.Images.Digest(image)
	require.NoError(t, err)
	require.NoError(t, pull(t, s, registryHost+"/acme-hub@"+digest, basic("AWS", "good")))
	require.ErrorContains(t, pull(t, s, registryHost+"/other@"+digest, basic("AWS", "good")), "404")

	require.NoError(t, os.Remove(clouds.file))
	require.ErrorContains(t, pull(t, s, image, basic("AWS", "good")), "503")
	require.NoError(t, pull(t, s, "registry.k8s.io/kubectl:v1.34.3", authn.Anonymous), "public registries are not the clouds'")
}

// TestMirrorsLogin: a registry of nobody's cloud may want a login of its own.
func TestMirrorsLogin(t *testing.T) {
	s := start(t, Config{})
	require.NoError(t, pull(t, s, "registry.internal.example.com/mirror/acme-hub:1", authn.Anonymous))
	s.Login("registry.internal.example.com", "u", "p")
	require.ErrorContains(t, pull(t, s, "registry.internal.example.com/mirror/acme-hub:1", authn.Anonymous), "authentication required")
	require.ErrorContains(t, pull(t, s, "registry.internal.example.com/mirror/acme-hub:1", basic("u", "q")), "authentication required")
	require.NoError(t, pull(t, s, "registry.internal.example.com/mirror/acme-hub:1", basic("u", "p")))
}

// TestEveryHost: each host answers under its own certificate, with what the sandbox says as it is now; handlers come before it.
func TestEveryHost(t *testing.T) {
	clouds := startSandbox(t)
	s := start(t, Config{Network: func() string { return clouds.file }})
	c := client(t, s)
	post := func(address string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("a token"))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer x")
		answer, err := c.Do(request)
		return text(t, answer, err)
	}
	for range 2 {
		status, body := post("https://sts.us-east-1.amazonaws.com/path")
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "sts.us-east-1.amazonaws.com /path Bearer x a token", body)
		clouds.restart(t) // another password, another authority
	}
	status, body := post("https://nowhere.example/")
	require.Equal(t, http.StatusBadGateway, status)
	require.Contains(t, body, "nowhere.example does not answer outside of this cluster")
	s.Handle("*.openai.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "a model at "+r.Host) }))
	_, body = post("https://api.openai.com/v1/chat")
	require.Equal(t, "a model at api.openai.com", body)
	require.NoError(t, os.Remove(clouds.file))
	status, body = post("https://sts.us-east-1.amazonaws.com/")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "no command of the sandbox serves the clouds")
}

// TestHook counts requests, and holds one until its client is gone: it is never answered.
func TestHook(t *testing.T) {
	clouds := startSandbox(t)
	s := start(t, Config{Network: func() string { return clouds.file }})
	c := client(t, s)
	var hosts []string
	s.Before(func(r *http.Request) { hosts = append(hosts, r.Host) })
	require.NoError(t, pull(t, s, "registry.k8s.io/kubectl:v1.34.3", authn.Anonymous))
	require.Contains(t, hosts, "registry.k8s.io")
	clouds.took()

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
	_, err = c.Do(request)
	require.ErrorIs(t, err, context.Canceled)
	s.Before(nil)
	status, _ := text(t, must(c.Get("https://sts.amazonaws.com/after")), nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"GET sts.amazonaws.com/after"}, clouds.took(), "the held request came nowhere")
}

func must(answer *http.Response, _ error) *http.Response { return answer }

// TestAgent: the cluster that a request comes from has its own clouds answer, in clear.
func TestAgent(t *testing.T) {
	clouds := startSandbox(t)
	s := start(t, Config{Network: func() string { return clouds.file }})
	agent, err := StartAgent("127.0.0.1:0")
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
	agent.Serve(s, netip.MustParsePrefix("10.101.0.0/16"))
	status, _ := ask()
	require.Equal(t, http.StatusForbidden, status, "an address of no cluster")
	agent.Serve(s, netip.MustParsePrefix("127.0.0.0/8"))
	status, body := ask()
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "169.254.170.23 /v1/credentials the token ", body)
}

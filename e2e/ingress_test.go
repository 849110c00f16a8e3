package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/addons"
	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
	"bifrost/e2e/upstream"
)

// entered is a cluster of its own, with a controller of Ingresses.
var entered = &site{index: 7, stack: "aws-dev", issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/E2E0123456789ABCDEF0123456789AB4"}

const (
	enteredHost     = "llm.example.com"
	enteredKey      = "sk-bf-entered-0123456789"
	enteredPassword = "fake-admin-password"
	enteredAddress  = "192.0.2.10" // as testdata/traefik.yaml has it
)

// enteredStack are the settings of its stack. What nginx makes of the annotations, Traefik does by itself.
var enteredStack = []string{
	"ecs=null", "registry.mirror=true", "registry.image=registry.internal.example.com/mirror/acme-hub:2.1.0", "gateway.replicas=2", "gateway.preStopSeconds=1",
	"gateway.ingress={controller: nginx, className: traefik, hosts: [" + enteredHost + "], tlsSecret: llm-tls, allowedCidrs: [0.0.0.0/0]}",
	"gateway.suppliedObjects=[secret/llm-tls]", "gateway.networkPolicy.from=[{namespace: ingress}]",
	`gateway.config.providers.openai.keys=[{name: openai, value: env.OPENAI_API_KEY, models: ["*"], weight: 1}]`,
	`gateway.config.governance.virtual_keys=[{id: app, name: app, value: env.APP_KEY,
	provider_configs: [{provider: openai, allowed_models: ["*"], key_ids: ["*"], weight: 1}]}]`,
	"secrets.env.OPENAI_API_KEY=sk-0123456789", "secrets.env.APP_KEY=" + enteredKey, "secrets.adminPassword=" + enteredPassword,
}

// TestIngress: a controller leads to the gateway by the stack's Ingress, with its certificate; streams come through chunk by chunk, and
// WebSockets stay.
func TestIngress(t *testing.T) {
	onlyAll(t)
	t.Parallel()
	s := entered.started(t)
	t.Cleanup(s.stop)
	address := s.startTraefik(t)
	s.fresh(t)
	s.pace.Store(int64(2 * time.Second))
	made := s.must(t, "up", set(enteredStack)...)
	require.NotEmpty(t, made.Resources)
	s.certify(t)
	door := s.door(t, address)
	eventually(t, "the gateway through its Ingress", func(ctx context.Context) error {
		response, err := door.get(ctx, enteredHost, "/health")
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s", response.Status)
		}
		return err
	})
	ingress, err := s.client.NetworkingV1().Ingresses(namespace).Get(t.Context(), gateway, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, enteredAddress, ingress.Status.LoadBalancer.Ingress[0].IP)
	t.Run("another host", func(t *testing.T) {
		_, err := door.get(t.Context(), "another.example.com", "/health")
		require.ErrorAs(t, err, new(x509.HostnameError), "it has no certificate here")
	})
	t.Run("stream", func(t *testing.T) { testStreamThrough(t, door) })
	t.Run("WebSocket", func(t *testing.T) { testWebSocketThrough(t, door) })
	t.Run("again", func(t *testing.T) {
		unchanged(t, s.must(t, "up", set(enteredStack)...))
	})
	s.must(t, "destroy")
}

// startTraefik starts the controller, and returns where it listens.
func (s *site) startTraefik(t *testing.T) string {
	t.Helper()
	world, err := theWorld()
	require.NoError(t, err)
	programs, err := controlplane.Binaries()
	require.NoError(t, err)
	world.catalog.Add("^registry.test/traefik$", images.Spec{
		Files: map[string]string{"/bin/traefik": filepath.Join(programs, "traefik")}, Entrypoint: []string{"/bin/traefik"}, User: "65532:65532",
	}.Build)
	text, err := os.ReadFile("testdata/traefik.yaml")
	require.NoError(t, err)
	require.NoError(t, addons.Apply(t.Context(), s.plane.As(controlplane.AdminUser), string(text)))
	var address string
	eventually(t, "Traefik", func(ctx context.Context) error {
		pod, err := s.client.CoreV1().Pods("ingress").Get(ctx, "traefik", metav1.GetOptions{})
		if err == nil && (len(pod.Status.ContainerStatuses) == 0 || !pod.Status.ContainerStatuses[0].Ready) {
			err = fmt.Errorf("%+v", pod.Status)
		}
		if err == nil {
			address = net.JoinHostPort(pod.Status.PodIP, "8443")
		}
		return err
	})
	return address
}

// certify makes the Secret that the Ingress names.
func (s *site) certify(t *testing.T) {
	t.Helper()
	world, err := theWorld()
	require.NoError(t, err)
	certificate, err := world.authority.Certificate(enteredHost)
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	require.NoError(t, err)
	_, err = s.client.CoreV1().Secrets(namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "llm-tls"}, Type: corev1.SecretTypeTLS, Data: map[string][]byte{
			corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}),
			corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// door is the controller as clients outside of the cluster reach it: every name is its address.
type door struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	trust *tls.Config
}

func (s *site) door(t *testing.T, address string) door {
	t.Helper()
	world, err := theWorld()
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(world.authority.PEM()))
	return door{trust: &tls.Config{RootCAs: pool}, dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
}

// do asks on a connection of its own.
func (d door) do(request *http.Request) (*http.Response, error) {
	transport := &http.Transport{DialContext: d.dial, TLSClientConfig: d.trust, DisableKeepAlives: true}
	return (&http.Client{Transport: transport, Timeout: time.Minute}).Do(request)
}

func (d door) get(ctx context.Context, host, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := d.do(request)
	if err == nil {
		err = response.Body.Close()
	}
	return response, err
}

// testStreamThrough: the provider waits two seconds before each of three chunks. A controller that collects an answer would hand them over
// together.
func testStreamThrough(t *testing.T, d door) {
	body := `{"model": "openai/` + upstream.Model + `", "stream": true, "messages": [{"role": "user", "content": "hello"}]}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+enteredHost+"/v1/chat/completions", strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+enteredKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := d.do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	var first, last time.Time
	chunks := 0
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "data: ") {
			continue
		}
		last = time.Now()
		if first.IsZero() {
			first = last
		}
		chunks++
	}
	require.GreaterOrEqual(t, chunks, len(upstream.Chunks))
	require.Greater(t, last.Sub(first), time.Second, "the first chunk came before the others")
}

// testWebSocketThrough: the gateway answers a ping long after the upgrade, and asks for its login before.
func testWebSocketThrough(t *testing.T, d door) {
	dialer := &websocket.Dialer{NetDialContext: d.dial, TLSClientConfig: d.trust}
	_, refused, err := dialer.DialContext(t.Context(), "wss://"+enteredHost+"/ws", nil)
	require.Error(t, err)
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
	login := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+enteredPassword))
	connection, _, err := dialer.DialContext(t.Context(), "wss://"+enteredHost+"/ws", http.Header{"Authorization": {login}})
	require.NoError(t, err)
	defer connection.Close()
	answered := make(chan string, 1)
	connection.SetPongHandler(func(text string) error {
		answered <- text
		return nil
	})
	go func() { _, _, _ = connection.NextReader() }()
	require.NoError(t, connection.WriteControl(websocket.PingMessage, []byte("here"), time.Now().Add(time.Minute)))
	select {
	case text := <-answered:
		require.Equal(t, "here", text)
	case <-time.After(time.Minute):
		t.Fatal("no answer to a ping")
	}
}

package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	registryHost = "444455556666.dkr.ecr.us-east-1.amazonaws.com"
	privateImage = registryHost + "/bifrost:v1"
)

// registry is a private one behind a proxy. It knows one password.
func registry(t *testing.T, password *string, requests *int) Network {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{registryHost}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests++
		if user, given, _ := r.BasicAuth(); user != "AWS" || given != *password {
			w.Header().Set("WWW-Authenticate", `Basic realm="https://`+registryHost+`/"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		w.Header().Set("Docker-Content-Digest", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
		w.Header().Set("Content-Length", "7")
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil || r.Method != http.MethodConnect || r.Host != registryHost+":443" {
			http.Error(w, "not for this proxy", http.StatusBadGateway)
			return
		}
		down, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(up, down); up.Close() }()
		_, _ = io.Copy(down, up)
		down.Close()
	}))
	t.Cleanup(proxy.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	return Network{Proxy: proxy.URL, CAFile: ca}
}

func pullSecret(uid, password string) *corev1.Secret {
	auth := base64.StdEncoding.EncodeToString([]byte("AWS:" + password))
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "pull", UID: types.UID(uid)},
		Data:       map[string][]byte{corev1.DockerConfigJsonKey: fmt.Appendf(nil, `{"auths":{"https://%s/":{"auth":%q}}}`, registryHost, auth)},
	}
}

func TestPull(t *testing.T) {
	password, requests, down := "good", 0, error(nil)
	network := registry(t, &password, &requests)
	a, _ := agent(t, func(c *Config) { c.Network = func() (Network, error) { return network, down } })
	pull := func(policy corev1.PullPolicy, secrets ...*corev1.Secret) error {
		return a.pull(t.Context(), &corev1.Container{Image: privateImage, ImagePullPolicy: policy}, secrets)
	}
	// The order matters: what has been pulled stays.
	require.ErrorContains(t, pull(corev1.PullIfNotPresent), "the node itself has no login for "+registryHost)
	require.ErrorContains(t, pull(corev1.PullIfNotPresent, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "empty"}}), "secret empty holds no login for "+registryHost)
	require.ErrorContains(t, pull(corev1.PullIfNotPresent, pullSecret("1", "bad")), "401 Unauthorized")
	require.NoError(t, pull(corev1.PullIfNotPresent, pullSecret("1", "bad"), pullSecret("1", "good")))

	asked := requests
	require.NoError(t, pull(corev1.PullIfNotPresent, pullSecret("1", "another")), "the same Secret")
	require.NoError(t, pull(corev1.PullIfNotPresent, pullSecret("2", "good")), "the same login")
	require.Equal(t, asked, requests)
	require.NoError(t, pull(corev1.PullAlways, pullSecret("1", "good")))
	require.Greater(t, requests, asked)
	require.Error(t, pull(corev1.PullIfNotPresent, pullSecret("3", "bad")), "neither")

	down = errors.New("no sandbox runs")
	require.NoError(t, pull(corev1.PullIfNotPresent, pullSecret("1", "good")), "pulled already")
	require.ErrorContains(t, pull(corev1.PullAlways, pullSecret("1", "good")), "no sandbox runs")
	require.NoError(t, a.pull(t.Context(), &corev1.Container{Image: "maximhq/bifrost:v1.4", ImagePullPolicy: corev1.PullAlways}, nil), "public")
}

func TestNodePull(t *testing.T) {
	allowed := errors.New("the node's role may not")
	a, _ := agent(t, func(c *Config) { c.NodePull = func(string) error { return allowed } })
	container := &corev1.Container{Image: "europe-docker.pkg.dev/p/r/bifrost:v1", ImagePullPolicy: corev1.PullIfNotPresent}
	require.ErrorContains(t, a.pull(t.Context(), container, nil), "the node's role may not")
	allowed = nil
	require.NoError(t, a.pull(t.Context(), container, nil))
	allowed = errors.New("no more")
	require.NoError(t, a.pull(t.Context(), container, nil), "pulled already")
}

func TestPrivateHosts(t *testing.T) {
	for image, want := range map[string]bool{
		privateImage: true, "444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn/x@sha256:abc": true, "us-central1-docker.pkg.dev/p/r/x:1": true,
		"public.ecr.aws/aws-cli/aws-cli:2": false, "gcr.io/x/y:1": false, "maximhq/bifrost:v1": false, "evil.example/444455556666.dkr.ecr.us-east-1.amazonaws.com/x": false,
	} {
		require.Equal(t, want, privateHost.MatchString(image), image)
	}
}

package loopback

import (
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOtherProcessesComeIn lets an ordinary client in through the proxy, which knows nothing but its URL and the authority.
func TestOtherProcessesComeIn(t *testing.T) {
	n, err := New()
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Close()) }()
	require.Empty(t, n.Proxy())

	var lock sync.Mutex
	n.Handle("*.oidc.example", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.False(t, lock.TryLock(), "held while a handler runs")
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		// What a handler itself asks for does not come through the entrance.
		inner, err := n.Client().Get("https://inner.example/keys")
		require.NoError(t, err)
		keys, err := io.ReadAll(inner.Body)
		require.NoError(t, err)
		_, _ = io.WriteString(w, r.Host+" got "+string(body)+", "+string(keys))
	}))
	n.Handle("inner.example", say("inner"))
	n.Handle("169.254.170.23", say("agent"))
	require.NoError(t, n.Open(func(handle func()) {
		lock.Lock()
		defer lock.Unlock()
		handle()
	}))

	proxy, err := url.Parse(n.Proxy())
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", proxy.Hostname())
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(n.CA()))
	transport := &http.Transport{Proxy: http.ProxyURL(proxy)}
	transport.TLSClientConfig = n.tls().Clone()
	transport.TLSClientConfig.GetCertificate, transport.TLSClientConfig.RootCAs = nil, pool
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()

	answer, err := client.Post("https://a.oidc.example/x", "text/plain", strings.NewReader("a token"))
	require.NoError(t, err)
	require.Equal(t, "a.oidc.example got a token, inner inner.example /keys", read(t, answer))
	answer, err = client.Get("http://169.254.170.23/v1/credentials")
	require.NoError(t, err)
	require.Equal(t, "agent 169.254.170.23 /v1/credentials", read(t, answer))

	// Who does not know the password gets nothing, whatever host and way.
	for _, user := range []*url.Userinfo{nil, url.UserPassword(proxyUser, "guess")} {
		stranger := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", User: user, Host: proxy.Host}), DisableKeepAlives: true}
		_, err = (&http.Client{Transport: stranger}).Get("https://a.oidc.example/x")
		require.ErrorContains(t, err, "Proxy Authentication Required")
		answer, err = (&http.Client{Transport: stranger}).Get("http://169.254.170.23/v1/credentials")
		require.NoError(t, err)
		require.Equal(t, http.StatusProxyAuthRequired, answer.StatusCode)
		require.NotContains(t, read(t, answer), "agent")
	}

	_, err = client.Get("https://elsewhere.example/")
	require.ErrorContains(t, err, "Bad Gateway")
	_, err = client.Get("https://127.0.0.2:26443/")
	require.ErrorContains(t, err, "Bad Gateway", "no way to other servers of the machine")
	answer, err = client.Get("http://elsewhere.example/")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadGateway, answer.StatusCode)
	require.Equal(t, "no such host\n", read(t, answer))
	answer, err = client.Post("http://169.254.170.23/", "text/plain", strings.NewReader(strings.Repeat("x", maxRequest+1)))
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	require.Contains(t, read(t, answer), "too large")
}

func read(t *testing.T, answer *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return string(body)
}

package real

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/verify/service"
)

// TestBehind: a load balancer is asked by its own name, over a certificate that somebody trusted must have signed.
func TestBehind(t *testing.T) {
	_, err := behind("")
	require.ErrorIs(t, err, service.ErrNotFound)

	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, r.URL.Path)
	})
	plain := httptest.NewServer(handler)
	defer plain.Close()
	gateway, err := behind(plain.URL)
	require.NoError(t, err)
	answer, err := gateway.Ask(t.Context(), service.Request{Path: "/health"})
	require.NoError(t, err)
	require.Equal(t, service.Answer{Status: http.StatusServiceUnavailable, Body: []byte("/health")}, answer)

	strange := httptest.NewTLSServer(handler)
	defer strange.Close()
	gateway, err = behind(strange.URL)
	require.NoError(t, err)
	_, err = gateway.Ask(t.Context(), service.Request{Path: "/health"})
	require.ErrorContains(t, err, "certificate signed by unknown authority")

	trusted := x509.NewCertPool()
	trusted.AddCert(strange.Certificate())
	require.NoError(t, verifyButName(trusted)(tls.ConnectionState{ServerName: "lb.elb.amazonaws.com", PeerCertificates: []*x509.Certificate{strange.Certificate()}}))
}

func TestGatewayURL(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }))
	gateway, err := At(server.URL + "/base/")
	require.NoError(t, err)
	got, err := gateway.Ask(t.Context(), service.Request{Path: "/health"})
	require.NoError(t, err)
	require.Equal(t, "/base/health", string(got.Body))
	server.Close()
	_, err = gateway.Ask(t.Context(), service.Request{Path: "/health"})
	require.Error(t, err)
	for _, url := range []string{"gateway.example.com", "ftp://gateway.example.com", "https://", "://"} {
		_, err = At(url)
		require.ErrorContains(t, err, "--url "+url+": write http:// or https://")
	}
}

// TestSecrets: a login and a virtual key are sent where nobody else reads them, and nowhere else.
func TestSecrets(t *testing.T) {
	login := &service.Login{User: "admin", Password: "hush"}
	for url, want := range map[string]string{
		"http://gateway.example.com": "nothing secret is sent: everybody on the way reads http; give --url https://NAME",
		"http://10.0.0.1:8080":       "nothing secret is sent: everybody on the way reads http; give --url https://NAME",
	} {
		gateway, err := At(url)
		require.NoError(t, err)
		for _, request := range []service.Request{{Path: "/metrics", Login: login}, {Path: "/v1/models", VirtualKey: "sk-bf-hush"}} {
			_, err = gateway.Ask(t.Context(), request)
			require.EqualError(t, err, want)
			require.ErrorIs(t, err, service.ErrExposed)
		}
	}
	balancer, err := behind("https://lb.elb.amazonaws.com")
	require.NoError(t, err)
	_, err = balancer.Ask(t.Context(), service.Request{Path: "/metrics", Login: login})
	require.ErrorIs(t, err, service.ErrExposed)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Content-Type")+" "+string(body))
	}))
	defer server.Close()
	gateway, err := At(server.URL)
	require.NoError(t, err)
	for want, request := range map[string]service.Request{
		"GET   ":                       {},
		"GET Basic YWRtaW46aHVzaA==  ": {Login: login},
		"POST Bearer sk-bf-hush application/json {}": {VirtualKey: "sk-bf-hush", Body: []byte("{}")},
	} {
		answer, err := gateway.Ask(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, want, string(answer.Body))
	}
}

// TestRedirects: the page of a sign-in on another host is no answer of the gateway.
func TestRedirects(t *testing.T) {
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/own":
			http.Redirect(w, r, server.URL+"/there", http.StatusFound)
		case "/other":
			http.Redirect(w, r, "http://signin.example.com/", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		}
	}))
	defer server.Close()
	gateway, err := At(server.URL)
	require.NoError(t, err)
	for path, want := range map[string]int{"/own": 200, "/other": 302, "/round": 302} {
		answer, err := gateway.Ask(t.Context(), service.Request{Path: path})
		require.NoError(t, err)
		require.Equal(t, want, answer.Status, path)
	}
}

// TestPieces: the body of an answer is handed over as it arrives.
func TestPieces(t *testing.T) {
	next := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "one ")
		_ = http.NewResponseController(w).Flush()
		<-next
		_, _ = io.WriteString(w, "two")
	}))
	defer server.Close()
	gateway, err := At(server.URL)
	require.NoError(t, err)
	var pieces []string
	answer, err := gateway.Ask(t.Context(), service.Request{Path: "/", Arrived: func(piece []byte) {
		if pieces = append(pieces, string(piece)); len(pieces) == 1 {
			close(next)
		}
	}})
	require.NoError(t, err)
	require.Equal(t, []string{"one ", "two"}, pieces)
	require.Equal(t, "one two", string(answer.Body))
}

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
	answer, err := gateway.Get(t.Context(), "/health")
	require.NoError(t, err)
	require.Equal(t, service.Answer{Status: http.StatusServiceUnavailable, Body: []byte("/health")}, answer)

	strange := httptest.NewTLSServer(handler)
	defer strange.Close()
	gateway, err = behind(strange.URL)
	require.NoError(t, err)
	_, err = gateway.Get(t.Context(), "/health")
	require.ErrorContains(t, err, "certificate signed by unknown authority")

	trusted := x509.NewCertPool()
	trusted.AddCert(strange.Certificate())
	require.NoError(t, verifyButName(trusted)(tls.ConnectionState{ServerName: "lb.elb.amazonaws.com", PeerCertificates: []*x509.Certificate{strange.Certificate()}}))
}

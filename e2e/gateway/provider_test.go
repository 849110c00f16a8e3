package gateway

import (
	"context"
	"net/http/httptest"
	"testing"

	"bifrost/e2e/upstream"
)

// provider is one on loopback.
type provider struct {
	*upstream.Upstream
	*httptest.Server
	// next lets one chunk of a stream go.
	next chan struct{}
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	p := &provider{next: make(chan struct{})}
	p.Upstream = upstream.New(func(ctx context.Context) {
		select {
		case <-p.next:
		case <-ctx.Done():
		}
	})
	p.Server = httptest.NewServer(p.Upstream)
	t.Cleanup(p.Close)
	return p
}

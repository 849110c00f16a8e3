package e2e

import (
	"context"
	"time"

	"bifrost/e2e/upstream"
)

// serveUpstreams answers for those that the gateways ask: a provider, and who has the price lists.
func (s *site) serveUpstreams() {
	answers := upstream.New(func(ctx context.Context) {
		select {
		case <-time.After(time.Duration(s.pace.Load())):
		case <-ctx.Done():
		}
	})
	for _, host := range []string{"api.openai.com", "getbifrost.ai", "artifacts.internal.example.com"} {
		s.internet.Handle(host, answers)
	}
}

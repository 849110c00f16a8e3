package mint

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/world"
)

// Entra's and AKS's issuers end in a slash, EKS's do not; discovery compares them verbatim.
func TestVerifyThroughDiscovery(t *testing.T) {
	n, err := loopback.New()
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Close()) }()
	w := world.New()
	verifier := token.Verifier{Client: n.Client(), Now: w.Now}
	for _, issuer := range []string{"https://oidc.eks.example/id/A", "https://westeurope.oic.example/tenant/guid/"} {
		handler, err := Discovery(w, issuer)
		require.NoError(t, err)
		cluster := &world.Cluster{Name: "dev", Issuer: issuer}
		n.Handle(hostOf(t, issuer), handler)

		raw, err := OfServiceAccount(w, cluster, ServiceAccount{Namespace: "bifrost", Name: "bifrost-pull"}, "sts.amazonaws.com", time.Hour)
		require.NoError(t, err)
		claims, err := verifier.Verify(context.Background(), issuer, raw)
		require.NoError(t, err)
		require.Equal(t, "system:serviceaccount:bifrost:bifrost-pull", claims["sub"])
		require.Equal(t, []any{"sts.amazonaws.com"}, claims["aud"])
		require.Equal(t, issuer, claims["iss"])

		w.Later = 2 * time.Hour
		_, err = verifier.Verify(context.Background(), issuer, raw)
		require.ErrorIs(t, err, token.ErrExpired)
		w.Later = 0

		_, err = verifier.Verify(context.Background(), issuer, raw+"x")
		require.Error(t, err, "a changed signature")
		forged, err := Sign(world.New(), "https://forger.example", map[string]any{"sub": "x"}, time.Hour)
		require.NoError(t, err)
		_, err = verifier.Verify(context.Background(), issuer, forged)
		require.ErrorContains(t, err, "https://forger.example", "another issuer's token names it")
	}
}

func TestSealedTokens(t *testing.T) {
	w := world.New()
	raw, err := Sign(w, "https://ecr", map[string]any{"principal": "arn"}, 12*time.Hour)
	require.NoError(t, err)
	var claims struct {
		Principal string `json:"principal"`
	}
	require.NoError(t, Open(w, "https://ecr", raw, &claims))
	require.Equal(t, "arn", claims.Principal)

	w.Later = 13 * time.Hour
	require.ErrorIs(t, Open(w, "https://ecr", raw, &claims), token.ErrExpired)
	require.ErrorContains(t, Open(w, "https://other", raw, &claims), "https://other")
}

func hostOf(t *testing.T, issuer string) string {
	t.Helper()
	const scheme = "https://"
	host := issuer[len(scheme):]
	for i, c := range host {
		if c == '/' {
			return host[:i]
		}
	}
	return host
}

package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-jose/go-jose/v4"

	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/mint"
)

// verify checks a subject token of an issuer: with the keys that were uploaded with the provider, where there are any, and Google asks no
// issuer then; else through the issuer's discovery, which it must reach (Google Cloud, "Configure Workload Identity Federation with
// Kubernetes" and "Troubleshoot Workload Identity Federation").
func (g *cloud) verify(ctx context.Context, issuer, raw, uploaded string) (map[string]any, error) {
	verifier := token.Verifier{Client: g.network.Client(), Now: g.world.Now}
	of := g.world.OfIssuer(issuer)
	if uploaded == "" {
		if of != nil && !of.Reachable() {
			return nil, fmt.Errorf("%w: Google cannot reach %s, and its keys are not uploaded", token.ErrUnreachable, issuer)
		}
		return verifier.Verify(ctx, issuer, raw)
	}
	keys, err := g.uploaded(issuer, uploaded)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", token.ErrUnreachable, err)
	}
	claims, err := verifier.VerifyWith(ctx, keys, issuer, raw)
	if err != nil && !errors.Is(err, token.ErrExpired) {
		// Google blames the issuer, which it has not asked.
		return nil, fmt.Errorf("%w: none of the keys that were uploaded for %s has signed the token", token.ErrUnreachable, issuer)
	}
	return claims, err
}

// uploaded are keys that were uploaded for an issuer. Those of which a cluster's owner says that they are the cluster's are what the
// sandbox's cluster signs with: nobody has the private halves of theirs.
func (g *cloud) uploaded(issuer, text string) (keys jose.JSONWebKeySet, err error) {
	if of := g.world.OfIssuer(issuer); of != nil && of.API == nil && sameJSON(text, of.Jwks) {
		return mint.Keys(g.world.World, issuer)
	}
	if json.Unmarshal([]byte(text), &keys) != nil || len(keys.Keys) == 0 {
		return keys, fmt.Errorf("what was uploaded for %s is no JWK set", issuer)
	}
	return keys, nil
}

func sameJSON(a, b string) bool {
	var first, second any
	return json.Unmarshal([]byte(a), &first) == nil && json.Unmarshal([]byte(b), &second) == nil && reflect.DeepEqual(first, second)
}

// uploadedWith are the keys that came with a provider's settings; empty where none did.
func uploadedWith(oidc map[string]any) string {
	text, _ := oidc["jwksJson"].(string)
	return text
}

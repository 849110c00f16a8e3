// Package token decides whether a token is its issuer's: tokens are JWTs, and the issuer's OIDC discovery tells its keys.
package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// ErrExpired means that a token was good once.
var ErrExpired = errors.New("the token has expired")

// Verifier checks tokens with a client that reaches their issuers, at the time of a clock.
type Verifier struct {
	Client *http.Client
	Now    func() time.Time
}

// ErrUnreachable means that nobody could ask the issuer for its keys.
var ErrUnreachable = errors.New("the issuer's discovery cannot be read")

// Verify checks a token through the discovery of the issuer that the verifier trusts, and returns the token's claims. The audience is the
// caller's to check. An expired token is ErrExpired; a token of another issuer is an error that names both; one whose issuer does not
// answer is ErrUnreachable.
func (v Verifier) Verify(ctx context.Context, issuer, raw string) (map[string]any, error) {
	if err := isOf(issuer, raw); err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, v.Client)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: issuer %s: %w", ErrUnreachable, issuer, err)
	}
	return v.verified(ctx, raw, provider.VerifierContext(ctx, v.config()))
}

// VerifyWith checks a token as Verify does, with keys that the issuer's owner gave instead of its discovery.
func (v Verifier) VerifyWith(ctx context.Context, keys jose.JSONWebKeySet, issuer, raw string) (map[string]any, error) {
	if err := isOf(issuer, raw); err != nil {
		return nil, err
	}
	given := &oidc.StaticKeySet{}
	for _, key := range keys.Keys {
		given.PublicKeys = append(given.PublicKeys, key.Key)
	}
	return v.verified(ctx, raw, oidc.NewVerifier(issuer, given, v.config()))
}

func (v Verifier) config() *oidc.Config { return &oidc.Config{SkipClientIDCheck: true, Now: v.Now} }

func isOf(issuer, raw string) error {
	unchecked, err := Claims(raw)
	if err != nil {
		return err
	}
	if unchecked["iss"] != issuer {
		return fmt.Errorf("a token of issuer %v, not of %s", unchecked["iss"], issuer)
	}
	return nil
}

func (Verifier) verified(ctx context.Context, raw string, by *oidc.IDTokenVerifier) (map[string]any, error) {
	verified, err := by.Verify(ctx, raw)
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return nil, ErrExpired
	}
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	return claims, verified.Claims(&claims)
}

// Claims returns what a token says, without checking it: for looking up whom to trust, and for messages.
func Claims(raw string) (map[string]any, error) {
	parsed, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, fmt.Errorf("not a JWT: %w", err)
	}
	var claims map[string]any
	return claims, parsed.UnsafeClaimsWithoutVerification(&claims)
}

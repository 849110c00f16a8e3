// Package mint makes the tokens of the sandbox's clouds. They are JWTs, signed with a key for each issuer that the world keeps.
// Tokens that a party outside the issuer has to check (of ServiceAccounts, of Microsoft Entra) are verified through the issuer's OIDC
// discovery (judge/token); those that a service gives to itself (registry tokens) are sealed and opened by it.
package mint

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"k8s.io/kubernetes/pkg/serviceaccount"

	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/world"
)

// processKeys are the keys of this process: making one takes a tenth of a second, and the same issuer has the same key in
// every world that does not know another.
var processKeys sync.Map

// key returns the private key of an issuer, and makes it where the world has none.
func key(w *world.World, issuer string) (*rsa.PrivateKey, error) {
	if text, known := w.Keys[issuer]; known {
		return parseKey(issuer, text)
	}
	text, known := processKeys.Load(issuer)
	if !known {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("key of issuer %s: %w", issuer, err)
		}
		block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}
		text, _ = processKeys.LoadOrStore(issuer, string(pem.EncodeToMemory(block)))
	}
	w.Keys[issuer] = text.(string)
	return parseKey(issuer, text.(string))
}

func parseKey(issuer, text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("key of issuer %s: not PEM", issuer)
	}
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}

// Sign returns a JWT of the issuer with these claims beside jti, iss, iat, nbf and exp, which lives from now on. No two are alike.
func Sign(w *world.World, issuer string, claims map[string]any, lifetime time.Duration) (string, error) {
	private, err := key(w, issuer)
	if err != nil {
		return "", err
	}
	public, err := published(private)
	if err != nil {
		return "", fmt.Errorf("tokens of issuer %s: %w", issuer, err)
	}
	// Under the key id by which the issuer's discovery publishes the key.
	keyID := public.GetPublicKeys(context.Background(), "")[0].KeyID
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: keyID}}, nil)
	if err != nil {
		return "", fmt.Errorf("tokens of issuer %s: %w", issuer, err)
	}
	now := w.Now()
	standard := jwt.Claims{
		ID: uuid.NewString(), Issuer: issuer, IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now),
		Expiry: jwt.NewNumericDate(now.Add(lifetime)),
	}
	return jwt.Signed(signer).Claims(claims).Claims(standard).Serialize()
}

// published is an issuer's key as Kubernetes' own discovery serves it.
func published(private *rsa.PrivateKey) (serviceaccount.PublicKeysGetter, error) {
	return serviceaccount.StaticPublicKeysGetter([]any{private.Public()})
}

// ServiceAccount is whom a cluster's token is for.
type ServiceAccount struct {
	Namespace, Name, UID string
	// PodName and PodUID bind the token to a pod.
	PodName, PodUID string
}

// Subject is the token's sub.
func (s ServiceAccount) Subject() string {
	return "system:serviceaccount:" + s.Namespace + ":" + s.Name
}

// OfServiceAccount returns a token of the cluster's issuer, with the claims that Kubernetes gives.
func OfServiceAccount(w *world.World, cluster *world.Cluster, s ServiceAccount, audience string, lifetime time.Duration) (string, error) {
	if cluster.Issuer == "" {
		return "", fmt.Errorf("cluster %s has no OIDC issuer", cluster.Name)
	}
	private := map[string]any{"namespace": s.Namespace, "serviceaccount": map[string]any{"name": s.Name, "uid": s.UID}}
	if s.PodName != "" {
		private["pod"] = map[string]any{"name": s.PodName, "uid": s.PodUID}
	}
	return Sign(w, cluster.Issuer, map[string]any{"sub": s.Subject(), "aud": []string{audience}, "kubernetes.io": private}, lifetime)
}

// Open checks a token that a service signed for itself, and fills claims. An expired token is token.ErrExpired, with claims filled.
func Open(w *world.World, issuer, raw string, claims any) error {
	private, err := key(w, issuer)
	if err != nil {
		return err
	}
	parsed, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return fmt.Errorf("not a token of %s: %w", issuer, err)
	}
	var standard jwt.Claims
	if err := parsed.Claims(private.Public(), &standard, claims); err != nil {
		return fmt.Errorf("not a token of %s: %w", issuer, err)
	}
	if standard.Issuer != issuer {
		return fmt.Errorf("a token of %s, not of %s", standard.Issuer, issuer)
	}
	if standard.Expiry == nil || !w.Now().Before(standard.Expiry.Time()) {
		return token.ErrExpired
	}
	return nil
}

// Keys are an issuer's, as its discovery shows them.
func Keys(w *world.World, issuer string) (jose.JSONWebKeySet, error) {
	private, err := key(w, issuer)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public()}}}, nil
}

// Discovery serves an issuer's OIDC discovery document and keys, below the issuer's path.
func Discovery(w *world.World, issuer string) (http.Handler, error) {
	private, err := key(w, issuer)
	if err != nil {
		return nil, err
	}
	keys, err := published(private)
	if err != nil {
		return nil, fmt.Errorf("keys of issuer %s: %w", issuer, err)
	}
	base := strings.TrimSuffix(issuer, "/")
	metadata, err := serviceaccount.NewOpenIDMetadataProvider(issuer, base+serviceaccount.JWKSPath, "", keys)
	if err != nil {
		return nil, fmt.Errorf("discovery of issuer %s: %w", issuer, err)
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var body []byte
		switch {
		case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
			body, _ = metadata.GetConfigJSON()
		case strings.HasSuffix(r.URL.Path, serviceaccount.JWKSPath):
			body, _ = metadata.GetKeysetJSON()
		default:
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(body)
	}), nil
}

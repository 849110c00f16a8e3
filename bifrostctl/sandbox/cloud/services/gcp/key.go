package gcp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/internal/registrykey"
)

// scope is what all of Google Cloud is asked with.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// TokenOfKey is an access token of a service account for who has its key: a JWT that is signed with the key, given to Google's token
// endpoint (Google, "Using OAuth 2.0 for Server to Server Applications").
func TokenOfKey(ctx context.Context, w *served.World, document []byte) (string, error) {
	read, private, err := mint.ReadAccountKey(document)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: read.PrivateKeyID}}, nil)
	if err != nil {
		return "", err
	}
	now := w.Now()
	assertion, err := jwt.Signed(signer).Claims(map[string]any{"scope": scope}).Claims(jwt.Claims{
		Issuer: read.ClientEmail, Audience: jwt.Audience{registrykey.TokenUri}, IssuedAt: jwt.NewNumericDate(now),
		Expiry: jwt.NewNumericDate(now.Add(longest)),
	}).Serialize()
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {assertionGrant}, "assertion": {assertion}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, registrykey.TokenUri, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := w.Network.Client().Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	var said struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	text, err := io.ReadAll(answer.Body)
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	switch {
	case err != nil:
		return "", err
	case said.Error != "":
		return "", fmt.Errorf("%s: %s", said.Error, said.Description)
	}
	return said.AccessToken, nil
}

// logins are the users under which Artifact Registry takes a password, and what it makes of it (Artifact Registry, "Configure
// authentication to Artifact Registry for Docker"): an access token, or the key of a service account, as it is or in base64.
var logins = map[string]func(g *cloud, ctx context.Context, password string) (access string, err error){
	"oauth2accesstoken": accessToken,
	// GKE's own kubelets (cloud-provider-gcp, cmd/auth-provider-gcp).
	"_token": accessToken,
	"_json_key": func(g *cloud, ctx context.Context, password string) (string, error) {
		return TokenOfKey(ctx, g.world, []byte(password))
	},
	"_json_key_base64": func(g *cloud, ctx context.Context, password string) (string, error) {
		document, err := base64.StdEncoding.DecodeString(strings.TrimSpace(password))
		if err != nil {
			return "", errors.New("the password is no base64")
		}
		return TokenOfKey(ctx, g.world, document)
	},
}

func accessToken(_ *cloud, _ context.Context, password string) (string, error) { return password, nil }

// login is whose login a request for an image has.
func (g *cloud) login(ctx context.Context, r registry.Request) (holder, *registry.Answer) {
	refused := func(message string, why *hop.Refusal) (holder, *registry.Answer) {
		return holder{}, &registry.Answer{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Message: message, Refusal: why}
	}
	const anonymous = `Unauthenticated request. Unauthenticated requests do not have permission ` +
		`"artifactregistry.repositories.downloadArtifacts" (or it may not exist)`
	exchange := logins[r.User]
	if exchange == nil {
		return refused(anonymous, hop.Refuse(hop.ArtifactRegistry, hop.Invalid, "the login is not one that Google gave (user %q)", r.User))
	}
	access, err := exchange(g, ctx, r.Password)
	if err != nil {
		return refused("authentication failed", hop.Refuse(hop.ArtifactRegistry, hop.Invalid, "the key of the login (user %q): %v", r.User,
			err))
	}
	var h holder
	err = mint.Open(g.world.World, issuer, access, &h)
	switch {
	case errors.Is(err, token.ErrExpired):
		return refused(anonymous, hop.Refuse(hop.ArtifactRegistry, hop.Expired, "the access token is older than %s", accessLifetime))
	case err != nil:
		return refused(anonymous, hop.Refuse(hop.ArtifactRegistry, hop.Invalid, "the login is not one that Google gave (user %q)", r.User))
	}
	return h, nil
}

// longest is how long an assertion may live.
const longest = time.Hour

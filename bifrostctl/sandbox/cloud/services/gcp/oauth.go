package gcp

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/world"
	"bifrost/internal/registrykey"
)

const assertionGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// assertionAudiences are those of the token endpoint, its former addresses included.
var assertionAudiences = []string{
	registrykey.TokenUri, "https://accounts.google.com/o/oauth2/token", "https://www.googleapis.com/oauth2/v4/token",
}

// oauth answers RFC 7523 requests of who has a service account's key (Google, "Using OAuth 2.0 for Server to Server Applications", with
// "JWT error codes"; the words are those that clients report).
func (g *cloud) oauth(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/token" {
		http.NotFound(w, r)
		return
	}
	email, failed := g.assertion(r)
	g.grant(w, hop.KeyToken, holder{Email: email}, failed, map[string]any{"expires_in": int(accessLifetime.Seconds()) - 1})
}

// assertion decides whose a signed assertion is.
func (g *cloud) assertion(r *http.Request) (email string, failed *failure) {
	refuse := func(code, message string, reason hop.Reason, format string, args ...any) (string, *failure) {
		return "", &failure{code, message, hop.Refuse(hop.KeyToken, reason, format, args...)}
	}
	if grant := r.FormValue("grant_type"); grant != assertionGrant {
		return refuse("unsupported_grant_type", "Invalid grant_type: "+grant, hop.Invalid, "grant_type %q", grant)
	}
	parsed, err := jwt.ParseSigned(r.FormValue("assertion"), []jose.SignatureAlgorithm{jose.RS256})
	var claims struct {
		jwt.Claims
		Scope string `json:"scope"`
	}
	if err == nil {
		err = parsed.UnsafeClaimsWithoutVerification(&claims)
	}
	if err != nil {
		return refuse("invalid_grant", "Invalid JWT.", hop.Invalid, "the assertion is no JWT that is signed with RS256")
	}
	account := g.account(claims.Issuer)
	if account == nil {
		return refuse("invalid_grant", "Invalid grant: account not found", hop.Missing, "there is no service account %s", claims.Issuer)
	}
	const badSignature = "Invalid JWT Signature."
	public, why := g.publicKey(account, parsed.Headers[0].KeyID)
	if why != nil {
		return "", &failure{"invalid_grant", badSignature, why}
	}
	if parsed.Claims(public) != nil {
		return refuse("invalid_grant", badSignature, hop.Invalid, "the assertion is not signed with the key %s of %s",
			parsed.Headers[0].KeyID, claims.Issuer)
	}
	now := g.world.Now()
	if claims.IssuedAt == nil || claims.Expiry == nil || claims.Expiry.Time().Sub(claims.IssuedAt.Time()) > longest ||
		claims.IssuedAt.Time().After(now.Add(skew)) || !now.Before(claims.Expiry.Time()) {
		return refuse("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check "+
			"your iat and exp values in the JWT claim.", hop.Expired, "the assertion's iat and exp: the clock of who signed it is wrong")
	}
	if !slices.ContainsFunc(claims.Audience, func(a string) bool { return slices.Contains(assertionAudiences, a) }) {
		return refuse("invalid_grant", "Invalid JWT: Failed audience check. The right audience is "+registrykey.TokenUri,
			hop.AudienceMismatch, "the assertion is for %v", claims.Audience)
	}
	if claims.Scope == "" {
		return refuse("invalid_scope", "Invalid OAuth scope or ID token audience provided.", hop.Invalid, "the assertion asks for no scope")
	}
	if account.State["disabled"] == true {
		return refuse("invalid_grant", "Robot is disabled.", hop.Revoked, "the service account %s is disabled", claims.Issuer)
	}
	return claims.Issuer, nil
}

// skew is by how much a clock may be wrong.
const skew = 5 * time.Minute

// publicKey is the key with which a service account's assertions are verified: one that is neither deleted nor disabled, and has not ended.
func (g *cloud) publicKey(account *world.Resource, id string) (*rsa.PublicKey, *hop.Refusal) {
	email := fmt.Sprint(account.State["email"])
	for _, r := range mint.AccountKeys(g.world.World, email) {
		if id != "" && !strings.HasSuffix(r.ID, "/keys/"+id) {
			continue
		}
		end, err := time.Parse(time.RFC3339, fmt.Sprint(r.State["validBefore"]))
		switch {
		case r.Deleted:
			return nil, hop.Refuse(hop.KeyToken, hop.Revoked, "the key %s of %s is deleted", id, email)
		case r.State["disabled"] == true:
			return nil, hop.Refuse(hop.KeyToken, hop.Revoked, "the key %s of %s is disabled", id, email)
		case err == nil && !g.world.Now().Before(end):
			return nil, hop.Refuse(hop.KeyToken, hop.Expired, "the key %s of %s was valid until %s", id, email, end.Format(time.RFC3339))
		}
		public, err := publicKeyOf(r)
		if err != nil {
			return nil, hop.Refuse(hop.KeyToken, hop.Invalid, "the key %s of %s: %v", id, email, err)
		}
		return public, nil
	}
	return nil, hop.Refuse(hop.KeyToken, hop.Missing, "%s has no key %s", email, id)
}

func publicKeyOf(r *world.Resource) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(fmt.Sprint(r.State["publicKey"])))
	if block == nil {
		return nil, errors.New("its public half is no PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	public, isRSA := parsed.(*rsa.PublicKey)
	if err != nil || !isRSA {
		return nil, errors.New("its public half is no RSA key")
	}
	return public, nil
}

// account finds a service account of any project by its address.
func (g *cloud) account(email string) *world.Resource {
	for _, r := range g.world.Resources {
		if r.Type == pulumitype.GcpServiceAccount && !r.Deleted && r.State["email"] == email {
			return r
		}
	}
	return nil
}

// Package gcp is the part of Google Cloud that a pull passes through: the token exchange of workload identity federation, the metadata
// server of GKE's nodes, generateAccessToken, and Artifact Registry. It evaluates the pools, service accounts and bindings of the world.
package gcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/cel"
	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/bifrostctl/world"
)

const (
	// issuer seals access tokens, which live an hour.
	issuer         = "https://accounts.google.com/sandbox"
	accessLifetime = time.Hour

	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// subjectTokenTypes are those of tokens that an OIDC provider takes.
var subjectTokenTypes = []string{"urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"}

type cloud struct {
	network *loopback.Network
	world   *served.World
}

// Register lets the network answer for Google Cloud.
func Register(n *loopback.Network, w *served.World) error {
	g := &cloud{n, w}
	n.Handle("sts.googleapis.com", http.HandlerFunc(g.sts))
	n.Handle("iamcredentials.googleapis.com", http.HandlerFunc(g.credentials))
	n.Handle(MetadataHost, g.metadata())
	n.Handle("oauth2.googleapis.com", http.HandlerFunc(g.oauth))
	for _, host := range []string{"*-docker.pkg.dev", "docker.*.rep.pkg.dev", "gcr.io", "*.gcr.io"} {
		n.Handle(host, registry.Handler(n, g.pull))
	}
	return nil
}

// holder is whom an access token is for: a federated principal with its attributes, or a service account.
type holder struct {
	Principal  string            `json:"principal"`
	Pool       string            `json:"pool"`
	Attributes map[string]string `json:"attributes,omitempty"`
	// Former is the principal of a GKE cluster's ServiceAccount in its former form.
	Former string `json:"former,omitempty"`
	Email  string `json:"email"`
	// Node is the node pool whose nodes have the service account, where the token is theirs.
	Node string `json:"node,omitempty"`
}

func (g *cloud) seal(h holder) (string, error) {
	return mint.Sign(g.world.World, issuer, map[string]any{"principal": h.Principal, "pool": h.Pool, "attributes": h.Attributes,
		"former": h.Former, "email": h.Email, "node": h.Node}, accessLifetime)
}

// failure is an error of the token exchange (RFC 8693, RFC 6749).
type failure struct {
	code, message string
	why           *hop.Refusal
}

// sts answers RFC 8693 exchanges.
func (g *cloud) sts(w http.ResponseWriter, r *http.Request) {
	h, failed := g.exchange(r)
	g.grant(w, hop.GoogleSTS, h, failed, map[string]any{
		"issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "expires_in": int(accessLifetime.Seconds()),
	})
}

// grant answers as a token endpoint does (RFC 6749, sections 5.1 and 5.2): with an access token of h and what is said of it, or with what
// failed at the hop.
func (g *cloud) grant(w http.ResponseWriter, at hop.Hop, h holder, failed *failure, said map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	var access string
	if failed == nil {
		var err error
		if access, err = g.seal(h); err != nil {
			failed = &failure{"server_error", err.Error(), hop.Refuse(at, hop.Invalid, "%v", err)}
		}
	}
	if failed != nil {
		g.network.Refusals.Add(failed.why)
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": failed.code, "error_description": failed.message})
		return
	}
	said["access_token"], said["token_type"] = access, "Bearer"
	_ = json.NewEncoder(w).Encode(said)
}

var audiencePattern = regexp.MustCompile(`^//iam\.googleapis\.com/projects/(\d+)/locations/global/workloadIdentityPools/([^/]+)/` +
	`providers/([^/]+)$`)

// exchange decides whether a subject token is good for a pool's provider (Google Cloud, "Configure Workload Identity Federation with
// other identity providers").
func (g *cloud) exchange(r *http.Request) (holder, *failure) {
	const at = hop.GoogleSTS
	refuse := func(code, message string, reason hop.Reason, format string, args ...any) (holder, *failure) {
		return holder{}, &failure{code, message, hop.Refuse(at, reason, format, args...)}
	}
	if kind := r.FormValue("subject_token_type"); r.FormValue("grant_type") != exchangeGrant || !slices.Contains(subjectTokenTypes, kind) {
		return refuse("invalid_request", "Invalid grant or subject token type.", hop.Invalid, "grant_type %q, subject_token_type %q",
			r.FormValue("grant_type"), kind)
	}
	target := r.FormValue("audience")
	provider, number, pool := g.provider(target)
	if provider == nil {
		return refuse("invalid_target", "The target service indicated by the \"audience\" parameters is invalid. This might either be "+
			"because the pool or provider is disabled or deleted or because it doesn't exist.",
			hop.Missing, "no usable provider %s", target)
	}
	if !g.world.Ready(provider.ID) {
		return refuse("invalid_target", "The target service indicated by the \"audience\" parameters is invalid. This might either be "+
			"because the pool or provider is disabled or deleted or because it doesn't exist.",
			hop.NotReady, "the provider %s is fresh", provider.ID)
	}
	raw := r.FormValue("subject_token")
	oidc, _ := provider.State["oidc"].(map[string]any)
	expected := fmt.Sprint(oidc["issuerUri"])
	claims, err := token.Claims(raw)
	if err != nil {
		return refuse("invalid_grant", "Unable to parse the ID Token.", hop.Invalid, "the subject token is %v", err)
	}
	if claims["iss"] != expected {
		return refuse("invalid_grant", fmt.Sprintf("The issuer in ID Token %v does not match the expected ones: %s.", claims["iss"],
			expected),
			hop.IssuerMismatch, "the token has %v, the provider trusts %s", claims["iss"], expected)
	}
	claims, err = g.verify(r.Context(), expected, raw, uploadedWith(oidc))
	switch {
	case errors.Is(err, token.ErrExpired):
		return refuse("invalid_grant", "ID Token is stale.", hop.Expired, "the subject token")
	case errors.Is(err, token.ErrUnreachable):
		return refuse("invalid_grant", "Error connecting to the given credential's issuer.", hop.Missing, "%v", err)
	case err != nil:
		return refuse("invalid_grant", "Error verifying the signature of the ID Token.", hop.Invalid, "%v", err)
	}
	allowed, _ := oidc["allowedAudiences"].([]any)
	if len(allowed) == 0 {
		allowed = []any{"https:" + target}
	}
	if !slices.ContainsFunc(audiences(claims), func(a any) bool { return slices.Contains(allowed, a) }) {
		return refuse("invalid_grant", fmt.Sprintf("The audience in ID Token %v does not match the expected audience %v.",
			audiences(claims), allowed),
			hop.AudienceMismatch, "the token has %v, the provider allows %v", audiences(claims), allowed)
	}
	attributes, err := cel.Map(mappingOf(provider), claims)
	if err != nil {
		return refuse("invalid_grant", err.Error(), hop.Invalid, "the attribute mapping of %s: %v", provider.ID, err)
	}
	condition, _ := provider.State["attributeCondition"].(string)
	holds, err := cel.Holds(condition, claims, attributes)
	if err != nil {
		return refuse("invalid_grant", err.Error(), hop.Invalid, "the attribute condition of %s: %v", provider.ID, err)
	}
	if !holds {
		return refuse("unauthorized_client", "The given credential is rejected by the attribute condition.",
			hop.ConditionFailed, "the token (sub %v) does not meet %s", claims["sub"], condition)
	}
	name := fmt.Sprintf("iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s", number, pool)
	return holder{Principal: "principal://" + name + "/subject/" + attributes[cel.Subject], Pool: "principalSet://" + name,
		Attributes: attributes}, nil
}

// provider finds a provider that is usable, with its pool: neither deleted nor disabled.
func (g *cloud) provider(audience string) (provider *world.Resource, number, pool string) {
	names := audiencePattern.FindStringSubmatch(audience)
	if names == nil {
		return nil, "", ""
	}
	for _, project := range g.world.GCP {
		if project.Number != names[1] {
			continue
		}
		poolID := "projects/" + project.ID + "/locations/global/workloadIdentityPools/" + names[2]
		if usable(g.world.Get(pulumitype.GcpPool, project.ID, poolID)) {
			found := g.world.Get(pulumitype.GcpPoolProvider, project.ID, poolID+"/providers/"+names[3])
			if usable(found) {
				return found, names[1], names[2]
			}
		}
	}
	return nil, "", ""
}

// mappingOf is a provider's attribute mapping.
func mappingOf(provider *world.Resource) map[string]string {
	mapping := map[string]string{}
	expressions, _ := provider.State["attributeMapping"].(map[string]any)
	for name, expression := range expressions {
		mapping[name] = fmt.Sprint(expression)
	}
	return mapping
}

func usable(r *world.Resource) bool {
	return r != nil && r.State["state"] != "DELETED" && r.State["disabled"] != true
}

func audiences(claims map[string]any) []any {
	if list, isList := claims["aud"].([]any); isList {
		return list
	}
	return []any{claims["aud"]}
}

// Package azure is Microsoft Entra's token endpoint, as far as a managed identity with federated credentials uses it, and the
// discovery of the two issuers of its tokens.
package azure

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

const (
	assertionType   = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	accessLifetime  = time.Hour
	host            = "login.microsoftonline.com"
	hostOfVersion1  = "sts.windows.net"
	defaultAudience = "/.default"
)

// Issuer is the issuer of a tenant's access tokens of version 1 or 2 (Microsoft identity platform, "Access token claims reference").
func Issuer(tenant string, version int) string {
	if version == 2 {
		return "https://" + host + "/" + tenant + "/v2.0"
	}
	return "https://" + hostOfVersion1 + "/" + tenant + "/"
}

type entra struct {
	network *loopback.Network
	world   *served.World
}

// Register lets the network answer for Entra.
func Register(n *loopback.Network, w *served.World) error {
	e := &entra{n, w}
	n.Handle(host, http.HandlerFunc(e.serve))
	n.Handle(hostOfVersion1, http.HandlerFunc(e.serve))
	return nil
}

func (e *entra) serve(w http.ResponseWriter, r *http.Request) {
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !e.hasTenant(tenant) {
		http.NotFound(w, r)
		return
	}
	if r.Host == host && rest == "oauth2/v2.0/token" && r.Method == http.MethodPost {
		e.token(w, r, tenant)
		return
	}
	version := 1
	if r.Host == host {
		version = 2
	}
	discovery, err := mint.Discovery(e.world.World, Issuer(tenant, version))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	discovery.ServeHTTP(w, r)
}

func (e *entra) hasTenant(tenant string) bool {
	for _, s := range e.world.Azure {
		if strings.EqualFold(s.Tenant, tenant) {
			return true
		}
	}
	return false
}

// failure is an error of the token endpoint.
type failure struct {
	code    int // AADSTS...
	name    string
	message string
	why     *hop.Refusal
}

func (e *entra) token(w http.ResponseWriter, r *http.Request, tenant string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	access, failed := e.exchange(r, tenant)
	if failed != nil {
		e.network.Refusals.Add(failed.why)
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"error": failed.name, "error_codes": []int{failed.code},
			"error_description": fmt.Sprintf("AADSTS%d: %s", failed.code, failed.message),
		})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": int(accessLifetime.Seconds()) - 1,
		"access_token": access})
}

// exchange gives the managed identity's token for an assertion of its federated credential (Microsoft identity platform, "Access token
// request with a federated credential"; error codes: "Microsoft Entra authentication and authorization error codes").
func (e *entra) exchange(r *http.Request, tenant string) (string, *failure) {
	const at = hop.Entra
	if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_assertion_type") != assertionType {
		return "", &failure{900144, "invalid_request", "The request body must contain the parameters grant_type and client_assertion_type.",
			hop.Refuse(at, hop.Invalid, "grant_type %q, client_assertion_type %q", r.FormValue("grant_type"),
				r.FormValue("client_assertion_type"))}
	}
	client := r.FormValue("client_id")
	identity := e.identity(tenant, client)
	if identity == nil {
		return "", &failure{700016, "unauthorized_client",
			fmt.Sprintf("Application with identifier '%s' was not found in the directory '%s'.", client, tenant),
			hop.Refuse(at, hop.Missing, "no managed identity of tenant %s has the client id %s", tenant, client)}
	}
	if failed := e.assertion(r, identity); failed != nil {
		return "", failed
	}
	resource, isDefault := strings.CutSuffix(r.FormValue("scope"), defaultAudience)
	application := e.world.Get(pulumitype.AzureApplication, tenant, resource)
	if !isDefault || application == nil {
		return "", &failure{500011, "invalid_resource",
			fmt.Sprintf("The resource principal named %s was not found in the tenant named %s.", resource, tenant),
			hop.Refuse(at, hop.Missing, "tenant %s has no app registration %s", tenant, resource)}
	}
	access, err := e.accessToken(tenant, identity, application)
	if err != nil {
		return "", &failure{90033, "temporarily_unavailable", err.Error(), hop.Refuse(at, hop.Invalid, "%v", err)}
	}
	return access, nil
}

func (e *entra) identity(tenant, client string) *world.Resource {
	for _, r := range e.world.Resources {
		if r.Type == pulumitype.AzureManagedIdentity && !r.Deleted && r.State["clientId"] == client && r.State["tenantId"] == tenant {
			return r
		}
	}
	return nil
}

// assertion checks a token against the identity's federated credentials: issuer, subject and audience are compared verbatim.
func (e *entra) assertion(r *http.Request, identity *world.Resource) *failure {
	const at = hop.Entra
	raw := r.FormValue("client_assertion")
	claims, err := token.Claims(raw)
	if err != nil {
		return &failure{50027, "invalid_client", "JWT token is invalid or malformed.",
			hop.Refuse(at, hop.Invalid, "the assertion is %v", err)}
	}
	issuer, subject, audience := fmt.Sprint(claims["iss"]), fmt.Sprint(claims["sub"]), claims["aud"]
	credentials := slices.DeleteFunc(e.world.List(pulumitype.AzureFederatedCredential, identity.Scope), func(c *world.Resource) bool {
		return !strings.HasPrefix(strings.ToLower(c.ID), strings.ToLower(identity.ID)+"/")
	})
	if len(credentials) == 0 {
		return &failure{70025, "invalid_client", "The client has no configured federated identity credentials.",
			hop.Refuse(at, hop.Missing, "%s has no federated credential", identity.ID)}
	}
	// The reason is that of the credential that comes nearest.
	failed := &failure{700211, "invalid_client",
		fmt.Sprintf("No matching federated identity record found for presented assertion issuer '%s'.", issuer),
		hop.Refuse(at, hop.IssuerMismatch, "the token has %s, the federated credential wants %v", issuer, credentials[0].State["issuer"])}
	nearest := 0
	for _, c := range credentials {
		audiences, _ := c.State["audiences"].([]any)
		switch {
		case c.State["issuer"] != issuer:
		case c.State["subject"] != subject && nearest > 1:
		case c.State["subject"] != subject:
			nearest = 1
			failed = &failure{700213, "invalid_client",
				fmt.Sprintf("No matching federated identity record found for presented assertion subject '%s'.", subject),
				hop.Refuse(at, hop.SubjectMismatch, "the token has %s, the federated credential wants %v", subject, c.State["subject"])}
		case !slices.ContainsFunc(audiences, func(want any) bool { return has(audience, want) }):
			nearest = 2
			failed = &failure{700212, "invalid_client",
				fmt.Sprintf("No matching federated identity record found for presented assertion audience '%v'.", audience),
				hop.Refuse(at, hop.AudienceMismatch, "the token has %v, the federated credential wants %v", audience, audiences)}
		case !e.world.Ready(c.ID):
			return &failure{70025, "invalid_client", "The client has no configured federated identity credentials.",
				hop.Refuse(at, hop.NotReady, "the federated credential %s is fresh", c.ID)}
		default:
			return e.verify(r, raw, issuer)
		}
	}
	return failed
}

func (e *entra) verify(r *http.Request, raw, issuer string) *failure {
	_, err := token.Verifier{Client: e.network.Client(), Now: e.world.Now}.Verify(r.Context(), issuer, raw)
	switch {
	case errors.Is(err, token.ErrExpired):
		return &failure{700024, "invalid_client", "Client assertion is not within its valid time range.",
			hop.Refuse(hop.Entra, hop.Expired, "the ServiceAccount's token")}
	case err != nil:
		return &failure{7000272, "invalid_client", "The assertion's signature could not be validated.",
			hop.Refuse(hop.Entra, hop.Invalid, "%v", err)}
	}
	return nil
}

// has tells whether a token's audience, one or a list, holds another.
func has(audience, want any) bool {
	if list, isList := audience.([]any); isList {
		return slices.Contains(list, want)
	}
	return audience == want
}

func (e *entra) accessToken(tenant string, identity, application *world.Resource) (string, error) {
	claims := map[string]any{"tid": tenant, "oid": identity.State["principalId"], "sub": identity.State["principalId"]}
	version := 1
	if n, ok := application.State["requestedAccessTokenVersion"].(float64); ok && n == 2 ||
		application.State["requestedAccessTokenVersion"] == 2 {
		version = 2
	}
	if version == 2 {
		claims["ver"], claims["azp"], claims["aud"] = "2.0", identity.State["clientId"], application.State["clientId"]
	} else {
		claims["ver"], claims["appid"], claims["aud"] = "1.0", identity.State["clientId"], application.ID
	}
	return mint.Sign(e.world.World, Issuer(tenant, version), claims, accessLifetime)
}

package world

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
)

// ECRRepository is a repository, of any account.
type ECRRepository struct {
	Account, Region, Name string
	// Allowlist are the principals of other accounts that may pull from it.
	Allowlist []string
	// Cached says that it lies behind a pull-through cache, and nobody has pulled from it yet.
	Cached bool
}

// ARN returns the repository's ARN.
func (r ECRRepository) ARN() string {
	return fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", Partition(r.Region), r.Region, r.Account, r.Name)
}

// PullActions are what a pull from ECR needs on the repository.
var PullActions = []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}

// ImportActions are what the first pull through a cache needs, too (Amazon ECR user guide, "IAM permissions required to sync an upstream
// registry with an Amazon ECR private registry"); ecr:TagResource only where a template gives the repository tags, and none does here.
var ImportActions = []string{"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"}

// SeedECR makes the repository exist, with every tag, and its policy where somebody is on its allowlist.
func (w *World) SeedECR(r ECRRepository) {
	w.mu.Lock()
	defer w.mu.Unlock()
	scope := r.Account + "/" + r.Region
	state := map[string]any{"name": r.Name, "arn": r.ARN(), "registryId": r.Account}
	if r.Cached {
		state["cached"] = true
	}
	w.settleRepository(&Resource{Type: pulumitype.AwsEcrRepository, Scope: scope, ID: r.Name, State: state})
	if len(r.Allowlist) > 0 {
		w.Settle(&Resource{Type: pulumitype.AwsEcrRepositoryPolicy, Scope: scope, ID: r.Name, State: map[string]any{
			"repository": r.Name, "policy": allowlistPolicy(r.Allowlist),
		}})
	}
}

// repositoryPolicy is the form of an allowlist.
type repositoryPolicy struct {
	Version   string
	Statement []repositoryStatement
}

type repositoryStatement struct {
	Sid, Effect string
	Principal   struct{ AWS []string }
	Action      []string
}

func allowlistPolicy(principals []string) string {
	statement := repositoryStatement{Sid: "AllowlistedPull", Effect: "Allow", Action: PullActions}
	statement.Principal.AWS = principals
	text, err := json.Marshal(repositoryPolicy{Version: "2012-10-17", Statement: []repositoryStatement{statement}})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text)
}

// Allowlist returns the principals of an ECR repository's policy.
func (w *World) Allowlist(policy *Resource) ([]string, error) {
	var document repositoryPolicy
	text, _ := policy.State["policy"].(string)
	if err := json.Unmarshal([]byte(text), &document); err != nil || len(document.Statement) != 1 {
		return nil, fmt.Errorf("the policy of repository %s is not of the allowlist's form: change it with its whole text", policy.ID)
	}
	return document.Statement[0].Principal.AWS, nil
}

// SetAllowlist replaces them. A principal that is new, or named again after it was taken away, is the one that has the name now.
func (w *World) SetAllowlist(policy *Resource, principals []string) {
	before, _ := w.Allowlist(policy)
	for _, principal := range before {
		if !slices.Contains(principals, principal) {
			w.ForgetPrincipal(principal)
		}
	}
	policy.State["policy"], policy.Edited = allowlistPolicy(principals), true
}

// ForgetPrincipal lets the vendor know a principal anew, as the one that has the name now.
func (w *World) ForgetPrincipal(arn string) {
	for key := range w.Grants {
		if strings.HasSuffix(key, "|"+arn) {
			delete(w.Grants, key)
		}
	}
}

// ForgetGrants lets the vendor's allowlists be resolved anew: who asks next under an allowlisted name is let in. It is what happens
// when a stack is destroyed whole and onboarded again.
func (w *World) ForgetGrants() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.Grants)
	for key, r := range w.Resources {
		if r.Type == pulumitype.GcpServiceAccountMember && r.Seeded && !r.Edited {
			delete(w.Resources, key)
		}
	}
}

// Federation is Google's side of a workload identity federation.
type Federation struct {
	// Project and Number are the project of pool and service account.
	Project, Number string
	Pool, Provider  string
	// Email is the service account's.
	Email string
	// Issuer, Audience and Condition are what the provider trusts.
	Issuer, Audience, Condition string
	// Jwks are the issuer's keys, as JSON, where they were uploaded.
	Jwks string
	// Subject may act as the service account; empty where it is not known yet.
	Subject string
}

var (
	wifAudience = regexp.MustCompile(
		`^//iam\.googleapis\.com/projects/(\d+)/locations/global/workloadIdentityPools/([^/]+)/providers/([^/]+)$`)
	impersonation = regexp.MustCompile(`/serviceAccounts/([^/@]+@([^/.]+)\.iam\.gserviceaccount\.com):generateAccessToken$`)
)

// ReadCredentialConfig reads the names of Google's side off the credential configuration that the vendor sent. It is false where the
// document does not have them all.
func ReadCredentialConfig(sent map[string]any) (Federation, bool) {
	audience, _ := sent["audience"].(string)
	url, _ := sent["service_account_impersonation_url"].(string)
	names, account := wifAudience.FindStringSubmatch(audience), impersonation.FindStringSubmatch(url)
	if names == nil || account == nil {
		return Federation{}, false
	}
	return Federation{Project: account[2], Number: names[1], Pool: names[2], Provider: names[3], Email: account[1]}, true
}

func (f Federation) poolID() string {
	return fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", f.Project, f.Pool)
}

// SeedProject makes a Google Cloud project exist.
func (w *World) SeedProject(id, number string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.GCP[id] == nil {
		w.GCP[id] = &GCPProject{ID: id, Number: number}
	}
}

// SeedFederation makes pool, provider, service account and, where the subject is known, its membership exist.
func (w *World) SeedFederation(f Federation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pool := f.poolID()
	oidc := map[string]any{"issuerUri": f.Issuer, "allowedAudiences": []any{f.Audience}}
	if f.Jwks != "" {
		oidc["jwksJson"] = f.Jwks
	}
	w.Settle(&Resource{Type: pulumitype.GcpPool, Scope: f.Project, ID: pool, State: map[string]any{
		"project": f.Project, "workloadIdentityPoolId": f.Pool, "state": "ACTIVE", "disabled": false,
	}})
	w.Settle(&Resource{Type: pulumitype.GcpPoolProvider, Scope: f.Project, ID: pool + "/providers/" + f.Provider, State: map[string]any{
		"project": f.Project, "workloadIdentityPoolId": f.Pool, "workloadIdentityPoolProviderId": f.Provider,
		"state": "ACTIVE", "disabled": false, "attributeCondition": f.Condition,
		"attributeMapping": map[string]any{"google.subject": "assertion.sub"},
		"oidc":             oidc,
	}})
	w.addServiceAccount(f.Project, f.Email)
	if f.Subject != "" {
		w.addMember(f)
	}
}

func (w *World) addMember(f Federation) {
	w.addAccountMember(f.Project, f.Email, "roles/iam.workloadIdentityUser",
		fmt.Sprintf("principal://iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s/subject/%s", f.Number, f.Pool,
			f.Subject))
}

func (w *World) addAccountMember(project, email, role, member string) {
	account := AccountPath(project, email)
	w.Settle(&Resource{Type: pulumitype.GcpServiceAccountMember, Scope: project, ID: account + "/" + role + "/" + member,
		State: map[string]any{"serviceAccountId": account, "role": role, "member": member}})
}

// SeedApplication makes an app registration of a tenant exist.
func (w *World) SeedApplication(tenant, identifierURI, clientID string, tokenVersion int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Settle(&Resource{Type: pulumitype.AzureApplication, Scope: tenant, ID: identifierURI, State: map[string]any{
		"identifierUris": []any{identifierURI}, "clientId": clientID, "requestedAccessTokenVersion": float64(tokenVersion),
	}})
}

// EntraTrust is a federation that trusts one managed identity, whose ids nobody knows before it exists.
type EntraTrust struct {
	Federation
	// Tenant and ClientClaim (appid or azp) are for the condition.
	Tenant, ClientClaim string
}

// AwaitIdentity seeds a federation for a managed identity. Its owner learns the identity's ids once, from the hand-off: an identity
// that is made again has others, and is a stranger.
func (w *World) AwaitIdentity(id string, trust EntraTrust) {
	w.mu.Lock()
	known := w.Grants[strings.ToLower(id)]
	client, principal, told := strings.Cut(known, "|")
	if !told {
		for _, r := range w.Resources {
			if r.Type == pulumitype.AzureManagedIdentity && strings.EqualFold(r.ID, id) && !r.Deleted {
				client, _ = r.State["clientId"].(string)
				principal, _ = r.State["principalId"].(string)
			}
		}
	}
	w.Awaited[strings.ToLower(id)] = trust
	w.mu.Unlock()
	trust.Condition = trust.condition(client)
	trust.Subject = principal
	w.SeedFederation(trust.Federation)
	if principal != "" {
		w.Grants[strings.ToLower(id)] = client + "|" + principal
	}
}

func (t EntraTrust) condition(clientID string) string {
	return fmt.Sprintf("assertion.tid == '%s' && assertion.%s == '%s'", t.Tenant, t.ClientClaim, clientID)
}

// Introduce tells who awaits a managed identity what its ids are. The caller holds the lock.
func (w *World) Introduce(id, clientID, principalID string) {
	id = strings.ToLower(id)
	trust, awaited := w.Awaited[id]
	if _, told := w.Grants[id]; !awaited || told {
		return
	}
	w.Grants[id] = clientID + "|" + principalID
	trust.Subject = principalID
	w.addMember(trust.Federation)
	provider := w.Resources[Key(pulumitype.GcpPoolProvider, trust.Project, trust.poolID()+"/providers/"+trust.Provider)]
	if provider != nil && provider.Seeded && !provider.Edited {
		provider.State["attributeCondition"] = trust.condition(clientID)
	}
}

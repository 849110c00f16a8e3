package stacks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/gcp"
	"bifrost/components/kubernetes"
	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

// placeholder matches what the vendor's recipes leave to the reader.
var placeholder = regexp.MustCompile(`YOUR_[A-Z_]+|BIFROST_ACCOUNT_ID|BIFROST_PROJECT(_NUMBER)?\b|BIFROST_SA\b|\bOIDC_ID\b|\bREGION-docker\.pkg\.dev|\b(subnet|sg)-x+\b|^(NAMESPACE|REGION|your-cluster)$`)

// free are texts of the customer's own, in which anything may stand.
var free = []string{"gateway.config", "gateway.env", "ecs.env", "tags", "labels"}

// placeholders finds what the recipes leave open, outside free texts; values of secrets are not repeated.
func placeholders(values map[string]any) field.ErrorList {
	var problems field.ErrorList
	var walk func(p *field.Path, secret bool, v any)
	walk = func(p *field.Path, secret bool, v any) {
		if slices.Contains(free, p.String()) {
			return
		}
		switch v := v.(type) {
		case string:
			switch found := placeholder.FindString(v); {
			case found == "":
			case secret:
				problems = append(problems, field.Forbidden(p, "still holds the placeholder "+found))
			default:
				problems = append(problems, field.Invalid(p, v, fmt.Sprintf("still holds the placeholder %s; write the value that the Bifrost team or your cloud gave you", found)))
			}
		case []any:
			for i, e := range v {
				walk(p.Index(i), secret, e)
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(p.Child(k), secret, v[k])
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		walk(field.NewPath(key), key == "secrets", values[key])
	}
	return problems
}

// What a credential configuration of type external_account holds (Google Cloud, "Workload identity federation").
var (
	wifAudience = check.Rule{
		Pattern: regexp.MustCompile(`^//iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}/providers/[a-z0-9-]{4,32}$`),
		Want:    "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER",
	}
	impersonationUrl = check.Rule{
		Pattern: regexp.MustCompile(`^https://iamcredentials\.googleapis\.com/v1/projects/-/serviceAccounts/[^/@]+@[^/]+\.iam\.gserviceaccount\.com:generateAccessToken$`),
		Want:    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken",
	}
	tokenUrl = check.Rule{Pattern: regexp.MustCompile(`^https://sts\.googleapis\.com/v1/token$`), Want: "https://sts.googleapis.com/v1/token"}
)

// checker collects problems.
type checker struct{ problems field.ErrorList }

func (k *checker) add(problems ...*field.Error) { k.problems = append(k.problems, problems...) }

// ifSet checks a value that may be absent.
func (k *checker) ifSet(value string, check func(*field.Path, string) field.ErrorList, p *field.Path) {
	if value != "" {
		k.add(check(p, value)...)
	}
}

// forbid refuses the keys below parent that are set, in their order.
func (k *checker) forbid(parent, why string, keys map[string]bool) {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] {
			k.add(field.Forbidden(field.NewPath(parent).Child(key), why))
		}
	}
}

// validate reports every problem of what decoded.
func (c *Config) validate() field.ErrorList {
	k := &checker{}
	platform, known := platforms[c.Platform]
	switch {
	case c.Platform == "":
		k.add(field.Required(field.NewPath("platform"), "one of "+strings.Join(platformNames(), ", ")))
	case !known:
		k.add(field.NotSupported(field.NewPath("platform"), c.Platform, platformNames()))
	default:
		platform.validate(c, k)
	}
	if c.Rollout == "" {
		k.add(field.Required(field.NewPath("rollout"), strings.Join(c.Rollout.Values(), " or ")))
	}
	k.add(oneOf(field.NewPath("rollout"), c.Rollout)...)
	k.add(check.Labels(field.NewPath("labels"), c.Labels)...)
	c.validateMirror(k)
	c.validateRefresher(k)
	c.validateGateway(k)
	return k.problems
}

// checkImage checks the image, and that its registry is of the kind that the platform pulls from.
func (c *Config) checkImage(k *checker, required bool, fits func(image.Reference) bool, want string) {
	p := field.NewPath("registry", "image")
	if c.Registry.Image == "" {
		if required {
			k.add(field.Required(p, want))
		}
		return
	}
	switch {
	case c.imageProblem != nil:
		k.add(field.Invalid(p, c.Registry.Image, c.imageProblem.Error()))
	case !c.Registry.Mirror && !fits(c.image):
		k.add(field.Invalid(p, c.Registry.Image, "not of this platform's registry; write "+want))
	}
}

// unused refuses objects that the platform does not read.
func (k *checker) unused(platform string, objects map[string]bool) {
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if objects[name] {
			k.add(field.Forbidden(field.NewPath(name), "platform "+platform+" does not read it; remove it"))
		}
	}
}

func validateAws(c *Config, k *checker) {
	k.unused("aws", map[string]bool{"azure": c.Azure != nil, "aks": c.Aks != nil, "gcp": c.Gcp != nil})
	p := field.NewPath("aws")
	if c.Aws == nil {
		k.add(field.Required(p, "give region and accountId"))
	} else {
		k.add(check.Required(p.Child("region"), c.Aws.Region, check.Region)...)
		k.add(check.Required(p.Child("accountId"), c.Aws.AccountId, check.AccountId)...)
		k.add(check.Arn(p.Child("assumeRoleArn"), c.Aws.AssumeRoleArn, check.RoleArn)...)
		k.add(check.Optional(p.Child("iamPath"), c.Aws.IamPath, check.IamPath)...)
		k.add(check.Arn(p.Child("permissionsBoundary"), c.Aws.PermissionsBoundary, check.PolicyArn)...)
	}
	// The identity needs it too: its policy names the repository.
	c.checkImage(k, true, func(i image.Reference) bool { _, ok := i.Ecr(); return ok },
		"ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG, or set registry.mirror to true for a registry of your own")
	for i, r := range c.Registry.AdditionalRepositoryArns {
		k.add(check.Arn(field.NewPath("registry", "additionalRepositoryArns").Index(i), r, check.RepositoryArn)...)
	}
	if c.Eks == nil && c.Ecs == nil {
		k.add(field.Required(field.NewPath("eks"), "give eks or ecs or both: where the gateway runs"))
	}
	if c.Eks != nil {
		c.validateEks(k)
	}
	if c.Ecs != nil {
		c.validateEcs(k)
	}
}

func (c *Config) validateEks(k *checker) {
	p := field.NewPath("eks")
	k.add(check.Required(p.Child("clusterName"), c.Eks.ClusterName, check.EksCluster)...)
	k.add(oneOf(p.Child("pull"), c.Eks.Pull)...)
	k.add(oneOf(p.Child("auth"), c.Eks.Auth)...)
	c.eksPull().validate(c, k)
	c.validateOidcProvider(k)
	k.add(oneOf(p.Child("oidcProvider"), c.Eks.OidcProvider)...)
	k.add(check.RoleName(p.Child("roleName"), c.Eks.RoleName)...)
	k.add(check.PolicyName(p.Child("policyName"), c.Eks.PolicyName)...)
	k.ifSet(c.Eks.SecretName, check.Subdomain, p.Child("secretName"))
	c.validateEksGateway(k)
	c.validateContext(k, p.Child("context"), c.Eks.Context)
	c.validateSchedule(k, 12*time.Hour, "an ECR token")
}

// validateEKSGateway checks the gateway's runtime identity: a role that is given, or one that is made with given policies.
func (c *Config) validateEksGateway(k *checker) {
	p, e := field.NewPath("eks"), c.written.Eks
	k.add(check.Arn(p.Child("gatewayRoleArn"), e.GatewayRoleArn, check.RoleArn)...)
	seen := map[string]bool{}
	for i, policy := range e.GatewayPolicyArns {
		at := p.Child("gatewayPolicyArns").Index(i)
		k.add(check.Arn(at, policy, check.PolicyArn)...)
		switch {
		case policy == "":
			k.add(field.Required(at, "the ARN of a policy"))
		case seen[policy]:
			k.add(field.Duplicate(at, policy))
		}
		seen[policy] = true
	}
	k.add(oneOf(p.Child("gatewayAuth"), e.GatewayAuth)...)
	k.add(check.RoleName(p.Child("gatewayRoleName"), e.GatewayRoleName)...)
	made := len(e.GatewayPolicyArns) > 0
	if made && e.GatewayRoleArn != "" {
		k.add(field.Forbidden(p.Child("gatewayRoleArn"), "eks.gatewayPolicyArns makes a role; remove one of them"))
	}
	if !made && e.GatewayRoleName != "" {
		k.add(field.Forbidden(p.Child("gatewayRoleName"), "only eks.gatewayPolicyArns makes a role; remove it, or list policies"))
	}
	if !made && e.GatewayRoleArn == "" && e.GatewayAuth != "" {
		k.add(field.Forbidden(p.Child("gatewayAuth"), "the gateway has no role; remove it, or give eks.gatewayPolicyArns or eks.gatewayRoleArn"))
	}
}

// validateMirror refuses what a registry of one's own does not need: identities that the vendor would allowlist, and the refresher.
func (c *Config) validateMirror(k *checker) {
	p, r := field.NewPath("registry"), c.Registry
	if !r.Mirror {
		if r.PullSecret != "" {
			k.add(field.Forbidden(p.Child("pullSecret"), "the pull Secret of the vendor's registry is made here; remove it, or set registry.mirror to true for a registry of your own"))
		}
		return
	}
	k.ifSet(r.PullSecret, check.Subdomain, p.Child("pullSecret"))
	if c.Rollout == RolloutIdentity {
		k.add(field.Invalid(field.NewPath("rollout"), c.Rollout, "with registry.mirror there is no identity that the vendor would allowlist; write full"))
	}
	const why = "registry.mirror needs nothing of the vendor's registry; remove it"
	k.forbid("registry", why, map[string]bool{"additionalRepositoryArns": len(r.AdditionalRepositoryArns) > 0})
	if c.Gcp != nil {
		k.add(field.Forbidden(field.NewPath("gcp"), why))
	}
	if c.written.Refresher != (Refresher{}) {
		k.add(field.Forbidden(field.NewPath("refresher"), why))
	}
	if e := c.written.Eks; e != nil {
		k.forbid("eks", why, map[string]bool{
			"pull": e.Pull != "", "auth": e.Auth != "", "nodeRoleArns": len(e.NodeRoleArns) > 0,
			"roleName": e.RoleName != "", "policyName": e.PolicyName != "", "secretName": e.SecretName != "",
		})
	}
	if a := c.written.Aks; a != nil {
		k.forbid("aks", why, map[string]bool{
			"identityName": a.IdentityName != "", "federatedCredentialName": a.FederatedCredentialName != "", "secretName": a.SecretName != "",
			"tokenAudience": a.TokenAudience != "", "tokenFile": a.TokenFile != "", "trust": a.Trust != "", "entra": a.Entra != nil,
		})
	}
	if c.Ecs != nil {
		k.add(field.Forbidden(p.Child("mirror"), "tasks of ECS pull from Amazon ECR with their execution role; remove it, or ecs"))
	}
}

// validateOidcProvider refuses a choice that nothing depends on.
func (c *Config) validateOidcProvider(k *checker) {
	if !c.webIdentity() && c.written.Eks.OidcProvider != "" {
		k.add(field.Forbidden(field.NewPath("eks", "oidcProvider"), "nothing here signs in through the cluster's OIDC issuer; "+
			"remove it, or eks.pull node, eks.auth podIdentity and registry.mirror"))
	}
}

func validateAzure(c *Config, k *checker) {
	k.unused("azure", map[string]bool{"aws": c.Aws != nil, "eks": c.Eks != nil, "ecs": c.Ecs != nil})
	p := field.NewPath("azure")
	if c.Azure == nil {
		k.add(field.Required(p, "give subscriptionId, tenantId, location and resourceGroup"))
	} else {
		k.add(check.Required(p.Child("subscriptionId"), c.Azure.SubscriptionId, check.UUID)...)
		k.add(check.Required(p.Child("tenantId"), c.Azure.TenantId, check.UUID)...)
		k.add(check.Required(p.Child("location"), c.Azure.Location, check.AzureLocation)...)
		k.add(check.Required(p.Child("resourceGroup"), c.Azure.ResourceGroup, check.ResourceGroup)...)
	}
	// The federation needs it too: its service account reads the repository.
	c.checkImage(k, c.Rollout != RolloutIdentity || c.federated(), image.Reference.ArtifactRegistry, "REGION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE:TAG with Google's region, or set registry.mirror to true for a registry of your own")
	if len(c.Registry.AdditionalRepositoryArns) > 0 {
		k.add(field.Forbidden(field.NewPath("registry", "additionalRepositoryArns"), "platform azure does not read it; remove it"))
	}
	if c.Aks == nil {
		k.add(field.Required(field.NewPath("aks"), "give clusterName: where the gateway runs"))
		return
	}
	c.validateAks(k)
	switch {
	case c.federated():
		c.validateFederation(k)
	case c.Rollout != RolloutIdentity && !c.Registry.Mirror:
		c.validateCredentialConfig(k)
	}
}

func (c *Config) validateAks(k *checker) {
	p, a := field.NewPath("aks"), c.Aks
	k.add(check.Required(p.Child("clusterName"), a.ClusterName, check.AksCluster)...)
	k.add(check.Optional(p.Child("resourceGroup"), a.ResourceGroup, check.ResourceGroup)...)
	k.add(oneOf(p.Child("login"), a.Login)...)
	k.add(check.Optional(p.Child("identityName"), a.IdentityName, check.ManagedIdentity)...)
	k.add(check.Optional(p.Child("federatedCredentialName"), a.FederatedCredentialName, check.FederatedCredential)...)
	k.ifSet(a.SecretName, check.Subdomain, p.Child("secretName"))
	k.add(check.Optional(p.Child("gatewayClientId"), a.GatewayClientId, check.UUID)...)
	k.add(kubernetes.ValidateTokenFile(p.Child("tokenFile"), a.TokenFile)...)
	k.add(oneOf(p.Child("trust"), a.Trust)...)
	if a.Trust == TrustEntra {
		c.validateEntra(k)
	} else {
		c.validateSubject(k)
		if a.Entra != nil {
			k.add(field.Forbidden(p.Child("entra"), "only aks.trust entra exchanges a token there; remove it, or set aks.trust to entra"))
		}
	}
	c.validateContext(k, p.Child("context"), a.Context)
	c.validateSchedule(k, time.Hour, "a Google access token")
}

// validateEntra checks the app registration. Tokens of version 1.0 carry its Application ID URI as audience, those of 2.0 its client id
// (Microsoft identity platform, "Access token claims reference").
func (c *Config) validateEntra(k *checker) {
	p := field.NewPath("aks")
	if c.written.Aks.TokenAudience != "" {
		k.add(field.Forbidden(p.Child("tokenAudience"), "with aks.trust entra the audience is the app registration; remove it"))
	}
	e := c.Aks.Entra
	if e == nil {
		k.add(field.Required(p.Child("entra"), "appIdUri and tokenVersion of the app registration that the managed identity's tokens are for"))
		return
	}
	p = p.Child("entra")
	k.add(check.Required(p.Child("appIdUri"), e.AppIdUri, check.AppIdUri)...)
	k.add(check.Optional(p.Child("appId"), c.written.Aks.Entra.AppId, check.UUID)...)
	const where = "see `az ad app show --id APP --query api.requestedAccessTokenVersion`, where null is 1"
	switch e.TokenVersion {
	case 0:
		k.add(field.Required(p.Child("tokenVersion"), "1 or 2; "+where))
	case 1:
	case 2:
		if e.AppId == "" {
			k.add(field.Required(p.Child("appId"), "tokens of version 2 carry the app registration's client id as audience, and aks.entra.appIdUri does not hold it; see `az ad app show --id APP --query appId`"))
		}
	default:
		k.add(field.Invalid(p.Child("tokenVersion"), e.TokenVersion, "1 or 2; "+where))
	}
}

// validateSubject refuses a name that Google cannot take as google.subject, which it maps the token's subject to.
func (c *Config) validateSubject(k *checker) {
	subject := iampolicy.ServiceAccountSubject(c.Gateway.Namespace, c.Refresher.ServiceAccount)
	if len(subject) > gcp.MaxGoogleSubject {
		k.add(field.Invalid(field.NewPath("refresher", "serviceAccount"), c.Refresher.ServiceAccount, fmt.Sprintf(
			"the token's subject %s has %d bytes, and Google takes %d; shorten this or gateway.namespace", subject, len(subject), gcp.MaxGoogleSubject)))
	}
}

func (c *Config) federated() bool { return c.Gcp != nil && c.Gcp.Federation != nil }

func (c *Config) validateFederation(k *checker) {
	p, f := field.NewPath("gcp", "federation"), c.Gcp.Federation
	if len(c.Gcp.CredentialConfig) > 0 {
		k.add(field.Forbidden(field.NewPath("gcp", "credentialConfig"), "gcp.federation makes the credential configuration; remove one of them"))
	}
	if c.imageProblem == nil {
		if _, ok := c.image.ArtifactRegistryRepository(); !ok {
			k.add(field.Invalid(field.NewPath("registry", "image"), c.Registry.Image, "names no repository that gcp.federation could open; write REGION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE:TAG"))
		}
	}
	k.add(check.Required(p.Child("projectId"), f.ProjectId, check.GcpProject)...)
	k.add(check.GcpPool(p.Child("poolId"), f.PoolId)...)
	k.add(check.GcpPool(p.Child("providerId"), f.ProviderId)...)
	k.add(check.Required(p.Child("serviceAccountId"), f.ServiceAccountId, check.GcpServiceAccount)...)
}

func (c *Config) validateContext(k *checker, p *field.Path, context string) {
	if context != "" && c.Secrets.Kubeconfig == "" {
		k.add(field.Invalid(p, context, "names a context of secrets.kubeconfig, which is not set; set that or remove this"))
	}
}

// validateCredentialConfig checks the vendor's document: the refresher hands it to gcloud as it is.
func (c *Config) validateCredentialConfig(k *checker) {
	p := field.NewPath("gcp", "credentialConfig")
	if c.Gcp == nil || len(c.Gcp.CredentialConfig) == 0 {
		k.add(field.Required(p, "the credential configuration that the Bifrost team sends after allowlisting; before that set rollout to identity, or give gcp.federation to make Google's side here"))
		return
	}
	config := c.Gcp.CredentialConfig
	text := func(key string) string { s, _ := config[key].(string); return s }
	if t := text("type"); t != "external_account" {
		k.add(field.NotSupported(p.Child("type"), t, []string{"external_account"}))
		return
	}
	k.add(check.Required(p.Child("audience"), text("audience"), wifAudience)...)
	// The audience that a provider without a list of its own allows (Google Cloud IAM API, Oidc.allowedAudiences).
	if own := "https:" + text("audience"); strings.HasPrefix(c.Aks.TokenAudience, "https://iam.googleapis.com/") && c.Aks.TokenAudience != own {
		k.add(field.Invalid(field.NewPath("aks", "tokenAudience"), c.Aks.TokenAudience, "names another provider than gcp.credentialConfig.audience; write "+own))
	}
	k.add(check.Optional(p.Child("service_account_impersonation_url"), text("service_account_impersonation_url"), impersonationUrl)...)
	if t := text("subject_token_type"); t != "urn:ietf:params:oauth:token-type:jwt" {
		k.add(field.NotSupported(p.Child("subject_token_type"), t, []string{"urn:ietf:params:oauth:token-type:jwt"}))
	}
	k.add(check.Required(p.Child("token_url"), text("token_url"), tokenUrl)...)
	source, _ := config["credential_source"].(map[string]any)
	file, _ := source["file"].(string)
	if want := c.Aks.TokenFile; file != want {
		k.add(field.Invalid(p.Child("credential_source", "file"), file,
			fmt.Sprintf("the token is mounted at %s; write that here, or set aks.tokenFile to this path", want)))
	}
	if format, ok := source["format"].(map[string]any); ok && format["type"] != "text" {
		k.add(field.NotSupported(p.Child("credential_source", "format", "type"), fmt.Sprint(format["type"]), []string{"text"}))
	}
}

func (c *Config) validateRefresher(k *checker) {
	p := field.NewPath("refresher")
	k.ifSet(c.Refresher.ServiceAccount, check.Subdomain, p.Child("serviceAccount"))
	k.ifSet(c.Refresher.Images.Aws, image.Validate, p.Child("images", "aws"))
	k.ifSet(c.Refresher.Images.Gcloud, image.Validate, p.Child("images", "gcloud"))
	k.ifSet(c.Refresher.Images.Kubectl, image.Validate, p.Child("images", "kubectl"))
	if puller := c.Refresher.ServiceAccount; puller == c.Gateway.ServiceAccount {
		k.add(field.Invalid(p.Child("serviceAccount"), puller, "the gateway's ServiceAccount has this name, and must not be able to write the pull Secret; rename one, gateway.serviceAccount for instance"))
	}
}

// validateSchedule refuses a cron expression that lets tokens expire between two runs, over a year of runs or the first thousand.
func (c *Config) validateSchedule(k *checker, life time.Duration, token string) {
	p, text := field.NewPath("refresher", "schedule"), c.Refresher.Schedule
	if text == "" {
		return
	}
	if problems := check.Cron(p, text); len(problems) > 0 {
		k.add(problems...)
		return
	}
	// Cron has just parsed it.
	schedule, _ := cron.ParseStandard(text)
	const runs = 1000
	at := schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for range runs {
		next := schedule.Next(at)
		if at.IsZero() || next.IsZero() || next.Sub(at) >= life {
			k.add(field.Invalid(p, text, fmt.Sprintf("leaves more than %s between two runs, and %s lives %s", life, token, life)))
			return
		}
		at = next
	}
}

package gcp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/artifactregistry"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/component"
)

// GcpFederationType is the type token of GcpFederation.
const GcpFederationType = "bifrost:index:GcpFederation"

// MaxGoogleSubject is the longest google.subject, in bytes (Google Cloud, "Workload identity federation", attribute mappings).
const MaxGoogleSubject = 127

// MaxFederatedSubject is the longest claim sub that a GcpFederation takes, in bytes: the rest of google.subject tells its issuer.
const MaxFederatedSubject = MaxGoogleSubject - issuerDigits - len("/")

// issuerDigits are hexadecimal: no two issuers of one pool have the same.
const issuerDigits = 16

// GcpFederationArgs are the arguments of NewGcpFederation.
type GcpFederationArgs struct {
	// ProjectId is where pool, provider and service account are made; ProjectNumber is the same project's number, of which the
	// names of principals are made.
	ProjectId     string             `pulumi:"projectId"`
	ProjectNumber pulumi.StringInput `pulumi:"projectNumber"`
	// PoolId and ProviderId are 4 to 32 lowercase letters, digits and hyphens, not beginning with gcp-. Google keeps a deleted
	// one for 30 days.
	PoolId     string `pulumi:"poolId"`
	ProviderId string `pulumi:"providerId"`
	// ServiceAccountId is the part before @: 6 to 30 lowercase letters, digits and hyphens.
	ServiceAccountId string `pulumi:"serviceAccountId"`
	// Issuer, Subject and Audience are the token's claims iss, sub and aud, verbatim; the subject has at most MaxFederatedSubject bytes.
	Issuer   pulumi.StringInput `pulumi:"issuer"`
	Subject  pulumi.StringInput `pulumi:"subject"`
	Audience pulumi.StringInput `pulumi:"audience"`
	// Condition is a CEL expression over the token's claims (assertion.NAME) that must hold. Without one, every token of a shared
	// issuer for this audience would be let into the pool.
	Condition pulumi.StringInput `pulumi:"condition"`
	// Jwks is the issuer's set of public keys, a JSON document, where Google cannot fetch it from the issuer. Default: Google does.
	Jwks string `pulumi:"jwks,optional"`
	// Repository is what the service account may read.
	Repository image.ArtifactRegistryRepository `pulumi:"repository"`
	// TokenFile is the absolute path of the token, as the credential configuration shall name it.
	TokenFile string `pulumi:"tokenFile"`
	// Adopt imports the pool and the provider, which exist already, instead of making them: after an undelete, for instance.
	Adopt bool `pulumi:"adopt,optional"`
	// Protect keeps Pulumi from deleting the pool and the service account.
	Protect bool `pulumi:"protect,optional"`
}

// GcpFederation lets the holder of one token of an outside issuer pull from one repository of Google's Artifact Registry: a workload
// identity pool with one OIDC provider, and a service account that reads the repository and that only this token's subject may act
// as. No key exists.
type GcpFederation struct {
	pulumi.ResourceState

	// CredentialConfig is the document of type external_account that turns the token into the service account's access token. It
	// holds no secret, and is known once both bindings exist.
	CredentialConfig pulumi.StringOutput `pulumi:"credentialConfig"`
	// ServiceAccountEmail is the service account's address.
	ServiceAccountEmail pulumi.StringOutput `pulumi:"serviceAccountEmail"`
	// Member is the principal that may act as the service account.
	Member pulumi.StringOutput `pulumi:"member"`
	// ProviderName is projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER.
	ProviderName pulumi.StringOutput `pulumi:"providerName"`
}

// Validate reports every problem of the arguments, below the path.
func (a *GcpFederationArgs) Validate(p *field.Path) field.ErrorList {
	const condition = "a CEL expression over the token's claims, such as assertion.sub == 'system:serviceaccount:NAMESPACE:NAME'"
	var errs field.ErrorList
	for _, input := range []struct {
		name, want string
		value      pulumi.StringInput
	}{
		{"projectNumber", "the project's number", a.ProjectNumber},
		{"issuer", "the token's claim iss", a.Issuer},
		{"subject", "the token's claim sub", a.Subject},
		{"audience", "the token's claim aud", a.Audience},
		{"condition", condition, a.Condition},
	} {
		if input.value == nil {
			errs = append(errs, field.Required(p.Child(input.name), input.want))
		}
	}
	errs = append(errs, check.Required(p.Child("projectId"), a.ProjectId, check.GcpProject)...)
	errs = append(errs, check.GcpPool(p.Child("poolId"), a.PoolId)...)
	errs = append(errs, check.GcpPool(p.Child("providerId"), a.ProviderId)...)
	errs = append(errs, check.Required(p.Child("serviceAccountId"), a.ServiceAccountId, check.GcpServiceAccount)...)
	errs = append(errs, a.Repository.Validate(p.Child("repository"))...)
	if a.TokenFile == "" {
		errs = append(errs, field.Required(p.Child("tokenFile"), "where the token is"))
	}
	return append(errs, check.File(p.Child("tokenFile"), a.TokenFile)...)
}

// NewGcpFederation makes the pool, the provider, the service account and its two bindings.
func NewGcpFederation(ctx *pulumi.Context, name string, args *GcpFederationArgs, opts ...pulumi.ResourceOption) (*GcpFederation, error) {
	if err := component.Refuse(GcpFederationType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	c := &GcpFederation{}
	s, err := component.Register(ctx, GcpFederationType, name, c, opts...)
	if err != nil {
		return nil, err
	}

	existing, err := args.existing(s)
	if err != nil {
		return nil, err
	}
	poolName := fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", args.ProjectId, args.PoolId)
	pool, err := iam.NewWorkloadIdentityPool(ctx, s.Child("pool"), &iam.WorkloadIdentityPoolArgs{
		Project:                pulumi.String(args.ProjectId),
		WorkloadIdentityPoolId: pulumi.String(args.PoolId),
	}, s.Options(pulumi.Protect(args.Protect), existing(poolName))...)
	if err != nil {
		return nil, s.Failed("workload identity pool", err)
	}

	account, err := newAccount(s, args.ProjectId, args.ServiceAccountId, "Pulls Bifrost images, through workload identity federation",
		pulumi.Protect(args.Protect))
	if err != nil {
		return nil, err
	}

	reader, err := artifactregistry.NewRepositoryIamMember(ctx, s.Child("reader"), &artifactregistry.RepositoryIamMemberArgs{
		Project:    pulumi.String(args.Repository.Project),
		Location:   pulumi.String(args.Repository.Location),
		Repository: pulumi.String(args.Repository.Name),
		Role:       pulumi.String("roles/artifactregistry.reader"),
		Member:     account.Member,
	}, s.Options()...)
	if err != nil {
		return nil, s.Failed("reader of the repository", err)
	}

	issuer := args.Issuer.ToStringOutput()
	c.Member = pulumi.All(args.ProjectNumber, pool.WorkloadIdentityPoolId, issuer, args.Subject).ApplyT(func(v []any) (string, error) {
		return member(v[0].(string), v[1].(string), v[2].(string), v[3].(string))
	}).(pulumi.StringOutput)
	user, err := newUser(s, account.Name, c.Member)
	if err != nil {
		return nil, err
	}

	// Another mapping holds only once the member of that name may act as the service account.
	provider, err := iam.NewWorkloadIdentityPoolProvider(ctx, s.Child("provider"), &iam.WorkloadIdentityPoolProviderArgs{
		Project: pulumi.String(args.ProjectId),
		// The id of the argument's name, not the resource's: that is a path (pulumi-gcp issue 1080).
		WorkloadIdentityPoolId:         pool.WorkloadIdentityPoolId,
		WorkloadIdentityPoolProviderId: pulumi.String(args.ProviderId),
		AttributeMapping:               pulumi.StringMap{"google.subject": issuer.ApplyT(mapping).(pulumi.StringOutput)},
		AttributeCondition:             args.Condition.ToStringOutput().ToStringPtrOutput(),
		Oidc:                           args.oidc(),
	}, s.Options(pulumi.DependsOn([]pulumi.Resource{user}), existing(poolName+"/providers/"+args.ProviderId))...)
	if err != nil {
		return nil, s.Failed("workload identity pool provider", err)
	}

	c.ServiceAccountEmail, c.ProviderName = account.Email, provider.Name
	// The bindings' ids are in it so that whoever uses it waits for them: the first token needs both.
	c.CredentialConfig = pulumi.All(provider.Name, account.Email, reader.ID(), user.ID()).ApplyT(func(v []any) (string, error) {
		return credentialConfig(v[0].(string), v[1].(string), args.TokenFile)
	}).(pulumi.StringOutput)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"credentialConfig": c.CredentialConfig, "serviceAccountEmail": c.ServiceAccountEmail,
		"member": c.Member, "providerName": c.ProviderName,
	})
}

// oidc is what the provider trusts. An uploaded set of keys is used instead of the issuer's own (Google Cloud IAM API, Oidc.jwksJson).
func (a *GcpFederationArgs) oidc() *iam.WorkloadIdentityPoolProviderOidcArgs {
	oidc := &iam.WorkloadIdentityPoolProviderOidcArgs{IssuerUri: a.Issuer, AllowedAudiences: pulumi.StringArray{a.Audience}}
	if a.Jwks != "" {
		oidc.JwksJson = pulumi.String(a.Jwks)
	}
	return oidc
}

// existing says, for a resource's id, what to do where it exists already: import it or, when its creation fails for that, tell how to
// go on. Google keeps a deleted id for 30 days, and the provider's look-up calls it not found (its read takes state DELETED
// for gone), so that only the failed creation shows it. Error hooks need a Pulumi CLI of 3.218 or newer.
func (a *GcpFederationArgs) existing(s component.Scope) (func(id string) pulumi.ResourceOption, error) {
	if a.Adopt {
		return func(id string) pulumi.ResourceOption { return pulumi.Import(pulumi.ID(id)) }, nil
	}
	hook, err := s.Ctx.RegisterErrorHook(s.Child("taken"), a.taken)
	if err != nil {
		return nil, s.Failed("error hook", err)
	}
	return func(string) pulumi.ResourceOption {
		return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}})
	}, nil
}

// taken explains a creation that failed because the id is in use; any other failure speaks for itself. Nothing is tried again.
func (a *GcpFederationArgs) taken(failed *pulumi.ErrorHookArgs) (bool, error) {
	if failed.FailedOperation != "create" || len(failed.Errors) == 0 || !strings.Contains(failed.Errors[0], "already exists") {
		return false, nil
	}
	return false, fmt.Errorf("%[1]s: the id is in use, or was within the last 30 days; restore what was deleted with "+
		"`gcloud iam workload-identity-pools undelete %[2]s --project %[3]s --location global` and "+
		"`gcloud iam workload-identity-pools providers undelete %[4]s --workload-identity-pool %[2]s --project %[3]s --location global`, "+
		"and set adopt to true (of a stack gcp.federation.adopt, and agreed.adopted to %[3]s/%[2]s/%[4]s), which imports pool and "+
		"provider; or choose other ids",
		failed.Errors[0], a.PoolId, a.ProjectId, a.ProviderId)
}

// mapping is the CEL expression of google.subject. A principal names pool and subject, and not the provider: another cluster's provider in
// the same pool may map the same namespace and ServiceAccount, and its token would pass for this one's. So the issuer is in the subject.
func mapping(issuer string) string {
	return fmt.Sprintf("'%s/' + assertion.sub", issuerKey(issuer))
}

// issuerKey stands for the issuer, whose URL alone would fill google.subject.
func issuerKey(issuer string) string {
	sum := sha256.Sum256([]byte(issuer))
	return hex.EncodeToString(sum[:])[:issuerDigits]
}

// member is the principal of one subject of an issuer in a pool.
func member(projectNumber, pool, issuer, subject string) (string, error) {
	if len(subject) > MaxFederatedSubject {
		return "", fmt.Errorf("the subject %s has %d bytes, and google.subject has room for %d beside its issuer; "+
			"shorten the namespace or the ServiceAccount's name",
			subject, len(subject), MaxFederatedSubject)
	}
	return fmt.Sprintf("principal://iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s/subject/%s/%s",
		projectNumber, pool, issuerKey(issuer), subject), nil
}

// credentialConfig renders the document that `gcloud iam workload-identity-pools create-cred-config` writes for a token in a file.
func credentialConfig(provider, serviceAccount, tokenFile string) (string, error) {
	const impersonation = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
	b, err := json.MarshalIndent(map[string]any{
		"type":                              "external_account",
		"audience":                          "//iam.googleapis.com/" + provider,
		"subject_token_type":                "urn:ietf:params:oauth:token-type:jwt",
		"token_url":                         "https://sts.googleapis.com/v1/token",
		"service_account_impersonation_url": impersonation + serviceAccount + ":generateAccessToken",
		"credential_source":                 map[string]any{"file": tokenFile, "format": map[string]any{"type": "text"}},
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("rendering the credential configuration: %w", err)
	}
	return string(b), nil
}

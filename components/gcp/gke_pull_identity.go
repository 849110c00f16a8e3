package gcp

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
)

// GkePullIdentityType is the type token of GkePullIdentity.
const GkePullIdentityType = "bifrost:index:GkePullIdentity"

// DefaultPullServiceAccountId is the id of the service account that pulls on GKE.
const DefaultPullServiceAccountId = "bifrost-pull-sa"

// GkePullIdentityArgs are the arguments of NewGkePullIdentity.
type GkePullIdentityArgs struct {
	// ProjectId is where the service account is made, or where the existing one is.
	ProjectId string `pulumi:"projectId"`
	// WorkloadPool is the cluster's, PROJECT.svc.id.goog. Another cluster of the same pool with the same namespace and ServiceAccount may
	// act as the service account, too: Google does not tell them apart.
	WorkloadPool string `pulumi:"workloadPool"`
	// Namespace and ServiceAccount are who may act as the service account.
	Namespace      string `pulumi:"namespace"`
	ServiceAccount string `pulumi:"serviceAccount"`
	// ServiceAccountId is the part before @: 6 to 30 lowercase letters, digits and hyphens. Default bifrost-pull-sa.
	ServiceAccountId string `pulumi:"serviceAccountId,optional"`
	// ServiceAccountEmail is an existing service account of the project instead, which only gets the member.
	ServiceAccountEmail string `pulumi:"serviceAccountEmail,optional"`
	// DisplayName of the service account that is made, at most 100 letters. Default: what it does.
	DisplayName string `pulumi:"displayName,optional"`
	// Protect keeps Pulumi from deleting the service account, which the vendor allowlists by its email.
	Protect bool `pulumi:"protect,optional"`
}

// GkePullIdentity is a service account of Google as which one ServiceAccount of GKE clusters may act, and nobody else by this. It has no
// right of its own: the vendor lets it read the repository. No key exists.
type GkePullIdentity struct {
	pulumi.ResourceState
	component.Rights

	// ServiceAccountEmail is what the vendor allowlists, and what the ServiceAccount's annotation names.
	ServiceAccountEmail pulumi.StringOutput `pulumi:"serviceAccountEmail"`
	// Member is who may act as it: serviceAccount:POOL[NAMESPACE/SERVICEACCOUNT].
	Member pulumi.StringOutput `pulumi:"member"`
}

// Validate reports every problem of the arguments, below the path.
func (a *GkePullIdentityArgs) Validate(p *field.Path) field.ErrorList {
	errs := check.Required(p.Child("projectId"), a.ProjectId, check.GcpProject)
	errs = append(errs, check.Required(p.Child("workloadPool"), a.WorkloadPool, check.GkeWorkloadPool)...)
	errs = append(errs, check.Label(p.Child("namespace"), a.Namespace)...)
	errs = append(errs, check.Subdomain(p.Child("serviceAccount"), a.ServiceAccount)...)
	errs = append(errs, check.Optional(p.Child("serviceAccountId"), a.ServiceAccountId, check.GcpServiceAccount)...)
	errs = append(errs, check.Optional(p.Child("displayName"), a.DisplayName, check.GcpDisplayName)...)
	if a.ServiceAccountEmail == "" {
		return errs
	}
	if a.ServiceAccountId != "" {
		errs = append(errs, field.Forbidden(p.Child("serviceAccountId"), "serviceAccountEmail is an existing one; remove one of them"))
	}
	return append(errs, ValidateProjectAccount(p.Child("serviceAccountEmail"), a.ServiceAccountEmail, a.ProjectId)...)
}

// ValidateProjectAccount refuses what is no service account of the project: nothing else of another project is changed.
func ValidateProjectAccount(p *field.Path, email, project string) field.ErrorList {
	if problems := check.Required(p, email, check.GcpServiceAccountEmail); len(problems) > 0 {
		return problems
	}
	if of, own := AccountProject(email); own && of != project {
		return field.ErrorList{field.Invalid(p, email, fmt.Sprintf("is of project %s, and this is for %s", of, project))}
	}
	return nil
}

// Member is the ServiceAccount of a workload pool, as IAM knows who may act as a service account.
func Member(workloadPool, namespace, serviceAccount string) string {
	return fmt.Sprintf("serviceAccount:%s[%s/%s]", workloadPool, namespace, serviceAccount)
}

// Principal is the same ServiceAccount, as IAM knows it where it has rights of its own (IAM, "Principal identifiers"). The number is that
// of the pool's project.
func Principal(projectNumber, workloadPool, namespace, serviceAccount string) string {
	return fmt.Sprintf("principal://iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s/subject/ns/%s/sa/%s",
		projectNumber, workloadPool, namespace, serviceAccount)
}

// NewGkePullIdentity makes the service account, unless it exists, and lets the ServiceAccount act as it.
func NewGkePullIdentity(
	ctx *pulumi.Context, name string, args *GkePullIdentityArgs, opts ...pulumi.ResourceOption,
) (*GkePullIdentity, error) {
	if err := component.Refuse(GkePullIdentityType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	c := &GkePullIdentity{}
	s, err := component.Register(ctx, GkePullIdentityType, name, c, opts...)
	if err != nil {
		return nil, err
	}
	of, err := args.serviceAccount(s)
	if err != nil {
		return nil, err
	}
	c.Member = pulumi.String(Member(args.WorkloadPool, args.Namespace, args.ServiceAccount)).ToStringOutput()
	user, err := newUser(s, of.name, c.Member)
	if err != nil {
		return nil, err
	}
	c.Resources = []pulumi.Resource{user}
	c.ServiceAccountEmail = of.email
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"serviceAccountEmail": c.ServiceAccountEmail, "member": c.Member})
}

// account is a service account, by the name that IAM has for it and by its email.
type account struct{ name, email pulumi.StringOutput }

func (a *GkePullIdentityArgs) serviceAccount(s component.Scope) (account, error) {
	if email := a.ServiceAccountEmail; email != "" {
		return account{
			pulumi.Sprintf("projects/%s/serviceAccounts/%s", a.ProjectId, email), pulumi.String(email).ToStringOutput(),
		}, nil
	}
	made, err := newAccount(s, a.ProjectId, cmp.Or(a.ServiceAccountId, DefaultPullServiceAccountId),
		cmp.Or(a.DisplayName, "Pulls Bifrost images on GKE"), pulumi.Protect(a.Protect))
	if err != nil {
		return account{}, err
	}
	return account{made.Name, made.Email}, nil
}

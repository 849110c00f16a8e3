package gcp

import (
	"cmp"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/names"
)

// GkeGatewayIdentityType is the type token of GkeGatewayIdentity.
const GkeGatewayIdentityType = "bifrost:index:GkeGatewayIdentity"

// DefaultGatewayServiceAccountId is the id of the gateway's own service account on GKE.
const DefaultGatewayServiceAccountId = "bifrost-gateway-sa"

// GkeGatewayIdentityArgs are the arguments of NewGkeGatewayIdentity.
type GkeGatewayIdentityArgs struct {
	// ProjectId is where the service account is made, and has its roles.
	ProjectId string `pulumi:"projectId"`
	// WorkloadPool is the cluster's, PROJECT.svc.id.goog.
	WorkloadPool string `pulumi:"workloadPool"`
	// Namespace and ServiceAccount are who may act as the service account.
	Namespace      string `pulumi:"namespace"`
	ServiceAccount string `pulumi:"serviceAccount"`
	// ServiceAccountId is the part before @: 6 to 30 lowercase letters, digits and hyphens. Default bifrost-gateway-sa.
	ServiceAccountId string `pulumi:"serviceAccountId,optional"`
	// DisplayName of the service account, at most 100 letters. Default: what it is for.
	DisplayName string `pulumi:"displayName,optional"`
	// Roles that it has in the project, such as roles/aiplatform.user. Default: none.
	Roles []string `pulumi:"roles,optional"`
}

// GkeGatewayIdentity is the gateway's own runtime identity on GKE: a service account that its ServiceAccount may act as, and no other. It
// has nothing to do with the one that pulls the image, and no right beside the given roles.
type GkeGatewayIdentity struct {
	pulumi.ResourceState
	component.Rights

	// ServiceAccountEmail is what the ServiceAccount's annotation names. It has its rights once Ready is there, for which pods wait.
	ServiceAccountEmail pulumi.StringOutput `pulumi:"serviceAccountEmail"`
}

// Validate reports every problem of the arguments, below the path.
func (a *GkeGatewayIdentityArgs) Validate(p *field.Path) field.ErrorList {
	errs := check.Required(p.Child("projectId"), a.ProjectId, check.GcpProject)
	errs = append(errs, check.Required(p.Child("workloadPool"), a.WorkloadPool, check.GkeWorkloadPool)...)
	errs = append(errs, check.Label(p.Child("namespace"), a.Namespace)...)
	errs = append(errs, check.Subdomain(p.Child("serviceAccount"), a.ServiceAccount)...)
	errs = append(errs, check.Optional(p.Child("serviceAccountId"), a.ServiceAccountId, check.GcpServiceAccount)...)
	errs = append(errs, check.Optional(p.Child("displayName"), a.DisplayName, check.GcpDisplayName)...)
	return append(errs, check.OptionalIds(p.Child("roles"), a.Roles, check.GcpRole)...)
}

// NewGkeGatewayIdentity makes the service account, lets the ServiceAccount act as it, and gives it its roles.
func NewGkeGatewayIdentity(
	ctx *pulumi.Context, name string, args *GkeGatewayIdentityArgs, opts ...pulumi.ResourceOption,
) (*GkeGatewayIdentity, error) {
	if err := component.Refuse(GkeGatewayIdentityType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	c := &GkeGatewayIdentity{}
	s, err := component.Register(ctx, GkeGatewayIdentityType, name, c, opts...)
	if err != nil {
		return nil, err
	}
	of, err := newAccount(s, args.ProjectId, cmp.Or(args.ServiceAccountId, DefaultGatewayServiceAccountId),
		cmp.Or(args.DisplayName, "The Bifrost gateway on GKE"))
	if err != nil {
		return nil, err
	}
	user, err := newUser(s, of.Name, pulumi.String(Member(args.WorkloadPool, args.Namespace, args.ServiceAccount)))
	if err != nil {
		return nil, err
	}
	c.Resources = []pulumi.Resource{user}
	for _, role := range args.Roles {
		bound, err := projects.NewIAMMember(ctx, s.Child(names.Hashed("role", names.MaxLabel, role)), &projects.IAMMemberArgs{
			Project: pulumi.String(args.ProjectId), Role: pulumi.String(role), Member: of.Member,
		}, s.Options()...)
		if err != nil {
			return nil, s.Failed("role "+role, err)
		}
		c.Resources = append(c.Resources, bound)
	}
	c.ServiceAccountEmail = of.Email
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"serviceAccountEmail": c.ServiceAccountEmail})
}

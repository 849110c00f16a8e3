package stacks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/aws"
	"bifrost/components/azure"
	"bifrost/components/gcp"
	"bifrost/internal/iampolicy"
)

// rolloutNone is that of a place which the stack file does not have.
const rolloutNone = "none"

// standing is what others count on at a place: the gateway's clients, the vendor with its allowlist, and whoever protects identities.
type standing struct {
	rollout string
	// principals are who pulls, as the vendor knows them.
	principals []string
	// kept are the names of what protectIdentities keeps, by their logical names.
	kept map[string]string
	// protected tells whether it does.
	protected bool
}

// The inputs of a place's guard.
const (
	standingRollout    = "rollout"
	standingPrincipals = "principals"
	standingKept       = "kept"
	standingProtected  = "protectIdentities"
	// standingLater has those of the places whose guards come after.
	standingLater = "later"
)

func (s standing) inputs() pulumi.Map {
	return pulumi.Map{
		standingRollout: pulumi.String(s.rollout), standingPrincipals: pulumi.ToStringArray(s.principals),
		standingKept: pulumi.ToStringMap(s.kept), standingProtected: pulumi.Bool(s.protected),
	}
}

// standingOf reads what inputs say. None of them is a secret, and each is known in a preview.
func standingOf(inputs resource.PropertyMap) standing {
	s := standing{kept: map[string]string{}}
	if v := inputs[standingRollout]; v.IsString() {
		s.rollout = v.StringValue()
	}
	if v := inputs[standingPrincipals]; v.IsArray() {
		for _, principal := range v.ArrayValue() {
			s.principals = append(s.principals, principal.StringValue())
		}
	}
	if v := inputs[standingKept]; v.IsObject() {
		for name, is := range v.ObjectValue() {
			s.kept[string(name)] = is.StringValue()
		}
	}
	if v := inputs[standingProtected]; v.IsBool() {
		s.protected = v.BoolValue()
	}
	return s
}

// standingLaterOf reads what inputs say of a place whose guard comes after; false where they are of a program that did not note it.
func standingLaterOf(inputs resource.PropertyMap, place string) (standing, bool) {
	if v := inputs[standingLater]; v.IsObject() && v.ObjectValue()[resource.PropertyKey(place)].IsObject() {
		return standingOf(v.ObjectValue()[resource.PropertyKey(place)].ObjectValue()), true
	}
	return standing{}, false
}

// keptThing is one that protectIdentities keeps.
type keptThing struct {
	what, typ, parent string
	// keys are those that give it, and its name.
	keys string
}

// keptThings are all of them, by their logical names.
var keptThings = map[string]keptThing{
	"eks-ecr-role": {"the role", "aws:iam/role:Role", aws.EcrPullRoleType,
		"eks, eks.pull, registry.mirror, eks.roleName and aws.iamPath"},
	"eks-oidc-provider": {"the IAM OIDC provider of", "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "",
		"eks.oidcProvider, eks.clusterName and what signs in through it"},
	"ecs-execution-role": {"the role", "aws:iam/role:Role", aws.EcrPullRoleType, "ecs, ecs.roleName and aws.iamPath"},
	"aks-identity": {"the managed identity", "azure-native:managedidentity:UserAssignedIdentity", azure.AksWorkloadIdentityType,
		"registry.mirror"},
	"gke-pull-account": {"the service account", "gcp:serviceaccount/account:Account", gcp.GkePullIdentityType,
		"google.projectId, gke.pull, gke.auth, gke.serviceAccountId and registry.mirror"},
	"gcp-pool": {"the workload identity pool", "gcp:iam/workloadIdentityPool:WorkloadIdentityPool", gcp.GcpFederationType,
		"gcp.federation and registry.mirror"},
	"gcp-account": {"the service account", "gcp:serviceaccount/account:Account", gcp.GcpFederationType,
		"gcp.federation and registry.mirror"},
}

// urn is that of the kept thing of a logical name.
func (t keptThing) urn(ctx *pulumi.Context, name string) urn.URN {
	return urn.New(tokens.QName(ctx.Stack()), tokens.PackageName(ctx.Project()), tokens.Type(t.parent), tokens.Type(t.typ), name)
}

// roleArn is the ARN of a role that is made here, before it is.
func (c *Config) roleArn(name string) string { return c.iamArn("role", name) }

// iamArn is the ARN of a role or a policy that is made here.
func (c *Config) iamArn(kind, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s%s%s", iampolicy.Partition(c.Aws.Region), c.Aws.AccountId, kind, cmp.Or(c.Aws.IamPath, "/"), name)
}

func (d *eksDeployment) standing() standing {
	s := standing{rollout: string(d.Rollout), protected: d.ProtectIdentities, kept: map[string]string{}}
	for _, role := range d.cluster.nodeRoles {
		s.principals = append(s.principals, role.Arn)
	}
	slices.Sort(s.principals)
	if d.eksPull().makesRole() {
		role := d.roleArn(d.Eks.RoleName)
		s.principals, s.kept["eks-ecr-role"] = []string{role}, role
	}
	if d.makesOidcProvider() {
		s.kept["eks-oidc-provider"] = d.cluster.issuer
	}
	return s
}

func (d *ecsDeployment) standing() standing {
	role := d.roleArn(d.Ecs.RoleName)
	return standing{
		rollout: string(d.Rollout), principals: []string{role}, protected: d.ProtectIdentities,
		kept: map[string]string{"ecs-execution-role": role},
	}
}

func (d *gkeDeployment) standing() standing {
	s := standing{
		rollout: string(d.Rollout), principals: d.gkePull().principals(d.Config, d.cluster),
		protected: d.ProtectIdentities, kept: map[string]string{},
	}
	if d.makesPullAccount() {
		s.kept["gke-pull-account"] = d.gkePullEmail()
	}
	return s
}

// standing on AKS: whoever makes Google's side here gives the rights there, and the vendor knows nobody. Another place or name of the
// managed identity is told by its component.
func (d *aksDeployment) standing() standing {
	s := standing{rollout: string(d.Rollout), protected: d.ProtectIdentities, kept: map[string]string{}}
	if d.Registry.Mirror {
		return s
	}
	s.kept["aks-identity"] = "of the stack"
	if d.federated() {
		s.keepFederation(d.Gcp.Federation)
		return s
	}
	s.principals = []string{d.aksPrincipal()}
	return s
}

// aksPrincipal is whose token the vendor's side at Google must trust.
func (d *aksDeployment) aksPrincipal() string {
	if e := d.Aks.Entra; d.Aks.Trust == TrustEntra && e != nil {
		return fmt.Sprintf("managed identity %s of resource group %s in %s, with tokens of version %d for %s",
			d.Aks.IdentityName, d.Azure.ResourceGroup, d.Azure.Location, e.TokenVersion, e.AppIdUri)
	}
	return d.tokenPrincipal(d.cluster.issuer)
}

// tokenPrincipal is the refresher's ServiceAccount, as the vendor's side at Google knows it by its token.
func (c *Config) tokenPrincipal(issuer string) string {
	return fmt.Sprintf("%s of %s, with tokens for %s", iampolicy.ServiceAccountSubject(c.Gateway.Namespace, c.Refresher.ServiceAccount),
		issuer, c.googleToken().audience)
}

// keepFederation keeps what gcp.federation makes.
func (s standing) keepFederation(f *Federation) {
	s.kept["gcp-pool"], s.kept["gcp-account"] = f.ProjectId+"/"+f.PoolId, f.ProjectId+"/"+f.ServiceAccountId
}

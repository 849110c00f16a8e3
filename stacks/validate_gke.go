package stacks

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/gcp"
	"bifrost/image"
	"bifrost/internal/check"
)

func validateGoogle(c *Config, k *checker) {
	p := field.NewPath("google")
	if c.written.Google == nil {
		k.add(field.Required(p, "give projectId"))
	} else {
		k.add(check.Required(p.Child("projectId"), c.Google.ProjectId, check.GcpProject)...)
		k.add(check.Optional(p.Child("impersonateServiceAccount"), c.Google.ImpersonateServiceAccount, check.GcpServiceAccountEmail)...)
	}
	if len(c.Tags) > 0 {
		k.add(field.Forbidden(field.NewPath("tags"), "nothing that is made at Google Cloud has labels; remove it, or write labels for the "+
			"objects of Kubernetes"))
	}
	c.checkImage(k, c.Rollout != RolloutIdentity, image.Reference.ArtifactRegistry,
		"REGION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE:TAG with Google's region, "+
			"or set registry.mirror to true for a registry of your own")
	k.forbid("registry", "platform google does not read it; remove it", map[string]bool{
		"additionalRepositoryArns": len(c.Registry.AdditionalRepositoryArns) > 0, "pullThroughCache": c.Registry.PullThroughCache,
	})
	if c.Gke == nil {
		k.add(field.Required(field.NewPath("gke"), "give clusterName and location: where the gateway runs"))
		return
	}
	c.validateGke(k)
}

func (c *Config) validateGke(k *checker) {
	p, g := field.NewPath("gke"), c.Gke
	k.add(check.Required(p.Child("clusterName"), g.ClusterName, check.GkeCluster)...)
	k.add(check.Required(p.Child("location"), g.Location, check.GkeLocation)...)
	k.add(check.Optional(p.Child("projectId"), c.written.Gke.ProjectId, check.GcpProject)...)
	k.add(oneOf(p.Child("pull"), g.Pull)...)
	k.add(oneOf(p.Child("auth"), g.Auth)...)
	k.add(check.Optional(p.Child("vendorServiceAccount"), g.VendorServiceAccount, check.GcpServiceAccountEmail)...)
	c.gkePull().validate(c, k)
	c.validateGkeGateway(k)
	c.validateContext(k, p.Child("context"), g.Context)
}

// gkeGatewayKeys are where the arguments of the gateway's own service account come from. What it shares with the one that pulls is checked
// there.
var gkeGatewayKeys = keys{
	"projectId": "", "workloadPool": "", "namespace": "", "serviceAccount": "gateway.serviceAccount",
	"serviceAccountId": "gke.gatewayServiceAccount.id", "roles": "gke.gatewayServiceAccount.roles",
}

// validateGkeGateway checks the gateway's runtime identity: one that is given, or one that is made.
func (c *Config) validateGkeGateway(k *checker) {
	p, g := field.NewPath("gke"), c.Gke
	k.add(check.Optional(p.Child("gatewayServiceAccountEmail"), g.GatewayServiceAccountEmail, check.GcpServiceAccountEmail)...)
	pulls := onGke.refreshes(c) && g.Auth == GkeSignInServiceAccount
	if pulls && g.GatewayServiceAccountEmail != "" && g.GatewayServiceAccountEmail == c.gkePullEmail() {
		k.add(field.Invalid(p.Child("gatewayServiceAccountEmail"), g.GatewayServiceAccountEmail, twoAccounts))
	}
	own := g.GatewayServiceAccount
	if own == nil {
		return
	}
	k.arguments(c.gkeGatewayArgs("project.svc.id.goog").Validate(nil), gkeGatewayKeys)
	if g.GatewayServiceAccountEmail != "" {
		k.add(field.Forbidden(p.Child("gatewayServiceAccountEmail"), "gke.gatewayServiceAccount makes one; remove one of "+
			"them"))
	}
	if pulls && gcp.Email(own.Id, c.googleProject()) == c.gkePullEmail() {
		k.add(field.Invalid(p.Child("gatewayServiceAccount", "id"), own.Id, twoAccounts))
	}
	if c.Gateway.ExistingServiceAccount {
		k.add(field.Forbidden(p.Child("gatewayServiceAccount"), "the existing ServiceAccount is not changed, and another account's email "+
			"cannot be written into it here: make the service account yourself, annotate the ServiceAccount, and write "+
			"gke.gatewayServiceAccountEmail"))
	}
}

const twoAccounts = "is the service account that pulls; they must be two, or the gateway could pull and the refresher use the gateway's " +
	"rights"

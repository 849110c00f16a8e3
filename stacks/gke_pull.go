package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/gcp"
	"bifrost/components/kubernetes"
)

// gkePull is who pulls the image on GKE. All that tells one way from another stands in its methods; a further way is a type with these,
// and a row in gkePulls.
type gkePull interface {
	// refreshes tells whether there is a pull Secret that is kept fresh; its refresher signs in through the workload pool.
	refreshes() bool
	// validate refuses what does not go with it.
	validate(*Config, *checker)
	// principals are who pulls, as the vendor knows them.
	principals(*Config, *gkeCluster) []string
	// make makes who pulls.
	make(*pulumi.Context, *Config, *gkeCluster) (*pulled, error)
}

var gkePulls = map[GkePull]gkePull{GkePullRefresh: gkeRefresh{}, GkePullNode: gkeNode{}}

// gkePull is the stack's. One that is refused counts as the default, so that its neighbours are checked as well.
func (c *Config) gkePull() gkePull {
	if c.Registry.Mirror {
		return gkeMirror{}
	}
	if way, known := gkePulls[c.Gke.Pull]; known {
		return way
	}
	return gkeRefresh{}
}

// gkeMirror: nobody pulls whom the vendor would know.
type gkeMirror struct{}

func (gkeMirror) refreshes() bool { return false }

func (gkeMirror) validate(*Config, *checker) {}

func (gkeMirror) principals(*Config, *gkeCluster) []string { return nil }

func (gkeMirror) make(*pulumi.Context, *Config, *gkeCluster) (*pulled, error) { return &pulled{}, nil }

// gkeRefresh: kubelets pull with a pull Secret, and a CronJob keeps that fresh with tokens of the metadata server.
type gkeRefresh struct{}

func (gkeRefresh) refreshes() bool { return true }

// notWithPrincipal are keys of a service account, which auth principal has none of.
const notWithPrincipal = "with gke.auth principal there is no service account; remove it, or gke.auth"

func (gkeRefresh) validate(c *Config, k *checker) {
	written := c.written.Gke
	if c.Gke.Auth == GkeSignInPrincipal {
		k.forbid("gke", notWithPrincipal, map[string]bool{
			"serviceAccountId": written.ServiceAccountId != "", "serviceAccountEmail": written.ServiceAccountEmail != "",
		})
		return
	}
	if written.ServiceAccountEmail != "" && written.ServiceAccountId != "" {
		k.add(field.Forbidden(field.NewPath("gke", "serviceAccountId"), "gke.serviceAccountEmail is an existing one; remove one of them"))
	}
	k.arguments(c.gkePullIdentityArgs("project.svc.id.goog").Validate(nil), gkePullKeys)
}

// gkePullKeys are where the arguments of the service account that pulls come from.
var gkePullKeys = keys{
	"serviceAccountId": "gke.serviceAccountId", "serviceAccountEmail": "gke.serviceAccountEmail",
	"serviceAccount": "refresher.serviceAccount",
}

// gkePullIdentityArgs are those of the service account that pulls.
func (c *Config) gkePullIdentityArgs(workloadPool string) *gcp.GkePullIdentityArgs {
	args := &gcp.GkePullIdentityArgs{
		ProjectId: c.googleProject(), WorkloadPool: workloadPool,
		Namespace: c.Gateway.Namespace, ServiceAccount: c.Refresher.ServiceAccount,
		ServiceAccountId: c.Gke.ServiceAccountId, ServiceAccountEmail: c.Gke.ServiceAccountEmail, DisplayName: c.displayName(pullsOnGke),
		Protect: c.ProtectIdentities,
	}
	if args.ServiceAccountEmail != "" {
		args.ServiceAccountId = ""
	}
	return args
}

// makesPullAccount tells whether the service account that pulls is made here.
func (c *Config) makesPullAccount() bool {
	return onGke.refreshes(c) && c.Gke.Auth == GkeSignInServiceAccount && c.Gke.ServiceAccountEmail == ""
}

// gkePullEmail is the service account that the refresher acts as.
func (c *Config) gkePullEmail() string {
	if c.Gke.ServiceAccountEmail != "" {
		return c.Gke.ServiceAccountEmail
	}
	return gcp.Email(c.Gke.ServiceAccountId, c.googleProject())
}

// principals: whom the vendor's own service account is for must be known there, too.
func (gkeRefresh) principals(c *Config, cluster *gkeCluster) []string {
	who := c.gkePullEmail()
	if c.Gke.Auth == GkeSignInPrincipal {
		who = cluster.principal(c)
	}
	if vendors := c.Gke.VendorServiceAccount; vendors != "" {
		who += " as " + vendors
	}
	return []string{who}
}

func (gkeRefresh) make(ctx *pulumi.Context, c *Config, cluster *gkeCluster) (*pulled, error) {
	entry := pulumi.Map{
		"platform": pulumi.String("gke"), "purpose": pulumi.String("refreshes the pull Secret on GKE"),
		"pull": pulumi.String(c.Gke.Pull), "auth": pulumi.String(c.Gke.Auth),
	}
	if c.Gke.VendorServiceAccount != "" {
		entry["impersonates"] = pulumi.String(c.Gke.VendorServiceAccount)
	}
	if c.Gke.Auth == GkeSignInPrincipal {
		entry["projectId"], entry["projectNumber"] = pulumi.String(cluster.poolProject), pulumi.String(cluster.poolNumber)
		entry["principal"] = pulumi.String(cluster.principal(c))
		return &pulled{secret: c.gkePullSecretArgs(nil, nil), handoff: pulumi.Array{entry}}, nil
	}
	identity, err := gcp.NewGkePullIdentity(ctx, "gke-pull", c.gkePullIdentityArgs(cluster.workloadPool),
		pulumi.Providers(cluster.provider))
	if err != nil {
		return nil, err
	}
	entry["projectId"], entry["projectNumber"] = pulumi.String(c.googleProject()), pulumi.String(cluster.projectNumber)
	entry["serviceAccountEmail"] = identity.ServiceAccountEmail
	return &pulled{
		secret:  c.gkePullSecretArgs(identity.ServiceAccountEmail, identity.Ready()),
		handoff: pulumi.Array{entry},
	}, nil
}

// gkePullSecretArgs are those of the pull Secret that tokens of the metadata server keep fresh.
func (c *Config) gkePullSecretArgs(email pulumi.StringInput, ready []pulumi.Resource) *kubernetes.PullSecretArgs {
	token := &kubernetes.ArtifactRegistryTokenArgs{
		Image: c.Refresher.Images.Gcloud,
		Metadata: &kubernetes.MetadataServerArgs{
			ServiceAccountEmail: email, ImpersonateServiceAccount: c.Gke.VendorServiceAccount,
		},
	}
	return &kubernetes.PullSecretArgs{SecretName: c.Gke.SecretName, ArtifactRegistry: token, DependsOn: ready}
}

// gkeNode: kubelets pull as the service accounts of their node pools.
type gkeNode struct{}

func (gkeNode) refreshes() bool { return false }

func (gkeNode) validate(c *Config, k *checker) {
	const why = "with gke.pull node the nodes pull with their own service accounts, and nothing is made for it; remove it, or gke.pull"
	written := c.written.Gke
	k.forbid("gke", why, map[string]bool{
		"auth": written.Auth != "", "serviceAccountId": written.ServiceAccountId != "",
		"serviceAccountEmail": written.ServiceAccountEmail != "", "vendorServiceAccount": written.VendorServiceAccount != "",
		"secretName": written.SecretName != "",
	})
}

func (gkeNode) principals(_ *Config, cluster *gkeCluster) []string { return cluster.nodeAccounts }

func (gkeNode) make(_ *pulumi.Context, c *Config, cluster *gkeCluster) (*pulled, error) {
	if len(cluster.nodeAccounts) == 0 {
		return nil, fmt.Errorf("gke.pull: GKE cluster %s says of no node pool as whom its nodes run; set gke.pull to refresh",
			c.Gke.ClusterName)
	}
	return &pulled{handoff: pulumi.Array{pulumi.Map{
		"platform": pulumi.String("gke"), "purpose": pulumi.String("pulls on the nodes of GKE"), "pull": pulumi.String(c.Gke.Pull),
		"projectId": pulumi.String(c.Gke.ProjectId), "projectNumber": pulumi.String(cluster.clusterProjectNumber),
		"nodeServiceAccounts": pulumi.ToStringArray(cluster.nodeAccounts),
	}}}, nil
}

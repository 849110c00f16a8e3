package verify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/world"
)

// The ways of GKE.
var (
	onGKE, gkeExisting, gkePrincipal = stacktest.OnGKE, stacktest.GKEExisting, stacktest.GKEPrincipal
	gkeImpersonate, gkeNode          = stacktest.GKEImpersonate, stacktest.GKENode

	gkeGateway = way{Name: "GKE, the gateway's own account", Stack: "google-dev", Settings: []string{"gke.gatewayServiceAccount.roles=[roles/aiplatform.user]"}}
	gkeGiven   = way{Name: "GKE, an account for the gateway", Stack: "google-dev", Settings: []string{"gke.gatewayServiceAccountEmail=existing-gateway-sa@acme-dev.iam.gserviceaccount.com"}}

	onGoogle = []way{onGKE, gkeExisting, gkePrincipal, gkeImpersonate, gkeNode, gkeGateway, gkeGiven}
)

const (
	upGoogle    = "pulumi up --refresh --stack google-dev"
	pullAccount = "bifrost-pull-sa@acme-dev.iam.gserviceaccount.com"
)

// onCluster changes the GKE cluster.
func onCluster(change func(*world.GKECluster)) edits.Edit {
	return func(t testing.TB, w *cloud.World) {
		require.NotEmpty(t, w.GCP["acme-dev"].GKE)
		change(&w.GCP["acme-dev"].GKE[0])
	}
}

// TestGKE: whatever link of GKE is broken, its check alone is red.
func TestGKE(t *testing.T) {
	t.Parallel()
	for _, b := range []breakage{
		{way: onGKE, what: "no cluster", edit: func(_ testing.TB, w *cloud.World) { w.GCP["acme-dev"].GKE[0].Name = "other" }, code: "gke-cluster", error: "there is no GKE cluster dev in europe-west1 of project acme-dev", hint: "gcloud container clusters list --project acme-dev"},
		{way: onGKE, what: "the workload pool is off", edit: onCluster(func(c *world.GKECluster) { c.WorkloadIdentity = false }), code: "gke-workload-pool", error: "the workload pool of GKE cluster dev is off", hint: "gcloud container clusters update dev --location europe-west1 --project acme-dev --workload-pool=acme-dev.svc.id.goog"},
		{way: onGKE, what: "the nodes' own metadata", edit: onCluster(func(c *world.GKECluster) { c.NodePools[0].Exposed = true }), code: "gke-metadata-server", error: "pods on node pools default-pool get the tokens of their node", hint: "--workload-metadata=GKE_METADATA"},
		{way: onGKE, what: "some nodes' own metadata", edit: onCluster(func(c *world.GKECluster) {
			c.NodePools = append(c.NodePools, world.GKENodePool{Name: "old", Exposed: true})
		}), code: "gke-metadata-server", error: "pods on node pools old", hint: "node-pools update old", status: check.Warning},
		{way: onGKE, what: "the service account is deleted", edit: edits.Removed(pulumitype.GcpServiceAccount, pullAccount), code: "gke-account", error: "there is no service account " + pullAccount, hint: handOff + "google-dev"},
		{way: onGKE, what: "the service account is disabled", edit: edits.With(pulumitype.GcpServiceAccount, pullAccount, "disabled=true"), code: "gke-account", error: "is disabled", hint: "gcloud iam service-accounts enable " + pullAccount},
		{way: onGKE, what: "the service account was made again", edit: edits.With(pulumitype.GcpServiceAccount, pullAccount, "uniqueId=x111"), code: "gke-account", error: "was made again: its unique id is x111", hint: handOff + "google-dev"},
		{way: onGKE, what: "nobody may act as it", edit: edits.Removed(pulumitype.GcpServiceAccountMember, pullAccount), code: "gke-member", error: "serviceAccount:acme-dev.svc.id.goog[bifrost/bifrost-pull] does not have roles/iam.workloadIdentityUser", hint: upGoogle},
		{way: onGKE, what: "the ServiceAccount does not name it", edit: edits.With(edits.AccountKind, "bifrost-pull", "metadata.annotations={}"), code: "gke-annotation", error: "iam.gke.io/gcp-service-account", hint: upGoogle},
		{way: onGKE, what: "the vendor has not let it in", edit: edits.Removed(pulumitype.GcpRepositoryMember, ""), code: "pull-manifest", error: "may not read the repository", hint: handOff + "google-dev"},
		{way: onGKE, what: "the token is old", edit: edits.Later(2 * time.Hour), code: "pull-token", error: "it has expired", hint: "kubectl create job refresh-now --from=cronjob/refresh-ar-secret -n bifrost"},
		{way: onGKE, what: "nothing enforces policies", edit: onCluster(func(c *world.GKECluster) { c.NetworkPolicies = world.NoEngine }), code: policiesCode, error: "neither Dataplane V2 nor network policy enforcement", hint: "gcloud container clusters update"},
		{way: gkeExisting, what: "nobody may act as it", edit: edits.Removed(pulumitype.GcpServiceAccountMember, "existing-pull-sa"), code: "gke-member", error: "existing-pull-sa@acme-dev", hint: upGoogle},
		{way: gkePrincipal, what: "the vendor has not let it in", edit: edits.Removed(pulumitype.GcpRepositoryMember, ""), code: "pull-manifest", error: "may not read the repository", hint: handOff + "google-dev"},
		{way: gkeImpersonate, what: "the vendor lets nobody impersonate", edit: edits.Removed(pulumitype.GcpServiceAccountMember, "hub-pull-sa"), code: "gke-impersonation", error: "does not have roles/iam.serviceAccountTokenCreator on the vendor's hub-pull-sa@bifrost-dist.iam.gserviceaccount.com", hint: handOff + "google-dev"},
		{way: gkeNode, what: "another node pool", edit: onCluster(func(c *world.GKECluster) {
			c.NodePools = append(c.NodePools, world.GKENodePool{Name: "gpu", ServiceAccount: "gpu@acme-dev.iam.gserviceaccount.com"})
		}), code: "gke-node-accounts", error: "gpu@acme-dev.iam.gserviceaccount.com (node pool gpu)", hint: handOff + "google-dev"},
		{way: gkeNode, what: "the scopes do not do", edit: onCluster(func(c *world.GKECluster) { c.NodePools[0].Scopes = []string{"logging.write"} }), code: "gke-node-scopes", error: "the nodes of pool default-pool may not read from Artifact Registry", hint: "--scopes=cloud-platform"},
		{way: gkeGateway, what: "its role is taken", edit: edits.Removed(pulumitype.GcpProjectMember, ""), code: "made-gcp", error: "roles/aiplatform.user", hint: upGoogle},
		{way: gkeGateway, what: "nobody may act as it", edit: edits.Removed(pulumitype.GcpServiceAccountMember, "bifrost-gateway-sa"), code: "gke-gateway-member", error: "[bifrost/bifrost-sa] does not have", hint: upGoogle},
		{way: gkeGateway, what: "its service account is deleted", edit: edits.Removed(pulumitype.GcpServiceAccount, "bifrost-gateway-sa"), code: "made-gcp", error: "bifrost-gateway-sa@acme-dev.iam.gserviceaccount.com is gone", hint: upGoogle},
		{way: gkeGiven, what: "nobody may act as it", edit: edits.Removed(pulumitype.GcpServiceAccountMember, "existing-gateway-sa"), code: "gke-gateway-member", error: "[bifrost/bifrost-sa] does not have", hint: "gcloud iam service-accounts add-iam-policy-binding existing-gateway-sa@acme-dev.iam.gserviceaccount.com --project=acme-dev"},
		{way: gkeGiven, what: "the gateway's ServiceAccount does not name it", edit: edits.With(edits.AccountKind, "bifrost-sa", "metadata.annotations={}"), code: "workload-identity", error: "iam.gke.io/gcp-service-account", hint: upGoogle},
	} {
		t.Run(b.way.Name+"/"+b.what, func(t *testing.T) {
			t.Parallel()
			r := stand(t, b.way)
			b.edit(t, r.World)
			b.isOnly(t, bad(r.document(verify.Options{})))
		})
	}
}

// TestGKEBefore: what must hold before the first up on GKE.
func TestGKEBefore(t *testing.T) {
	t.Parallel()
	for _, b := range []breakage{
		{way: onGKE, what: "another project", edit: func(_ testing.TB, w *cloud.World) { delete(w.GCP, "acme-dev") }, code: "google-project", error: "there is no project acme-dev, or the credentials do not reach it", hint: "gcloud auth application-default login", status: check.Unknown},
		{way: onGKE, what: "the workload pool is off", edit: onCluster(func(c *world.GKECluster) { c.WorkloadIdentity = false }), code: "gke-workload-pool", error: "is off", hint: "--workload-pool=acme-dev.svc.id.goog"},
		{way: gkeNode, what: "the scopes do not do", edit: onCluster(func(c *world.GKECluster) { c.NodePools[0].Scopes = []string{"logging.write"} }), code: "gke-node-scopes", error: "default-pool", hint: "--scopes=cloud-platform"},
		{way: gkeExisting, what: "no such service account", edit: edits.Removed(pulumitype.GcpServiceAccount, "existing-pull-sa"), code: "gke-given-accounts", error: "there is no service account existing-pull-sa@", hint: "gcloud iam service-accounts list"},
		{way: onGKE, what: "nothing enforces policies", edit: onCluster(func(c *world.GKECluster) { c.NetworkPolicies = world.NoEngine }), code: "pre-network-policies", error: "neither Dataplane V2", hint: "gcloud container clusters update"},
	} {
		t.Run(b.way.Name+"/"+b.what, func(t *testing.T) {
			t.Parallel()
			r := rehearse(t, b.way)
			b.edit(t, r.World)
			b.isOnly(t, bad(r.document(verify.Options{Before: true})))
		})
	}
}

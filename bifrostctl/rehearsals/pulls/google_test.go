package pulls_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/services/gcp"
	"bifrost/bifrostctl/world"
)

const (
	gsa          = "bifrost-pull-sa@acme-dev.iam.gserviceaccount.com"
	gsaPolicy    = "serviceAccounts/" + gsa + "/"
	vendorPolicy = "serviceAccounts/" + stacktest.GoogleVendor + "/"
	nodeAccount  = "-compute@developer"
	strangers    = "other-nodes@acme-dev.iam.gserviceaccount.com"
	poolMember   = "member=serviceAccount:acme-dev.svc.id.goog"
)

// googleCases are those of GKE.
var googleCases = []pullCase{
	{mode: stacktest.OnGKE, changed: "the service account is not on the vendor's allowlist", edit: edits.Removed(pulumitype.GcpRepositoryMember, gsa), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.OnGKE, changed: "the service account was made again under its name", afterUp: true, edit: edits.With(pulumitype.GcpServiceAccount, gsa, "uniqueId=another"), settings: []string{newARTag, newRun}, hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.OnGKE, changed: "the ServiceAccount's annotation is taken off", afterUp: true, edit: edits.With(edits.AccountKind, "bifrost-pull", "metadata.annotations={}"), settings: []string{newARTag, newRun}, hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.OnGKE, changed: "a node pool has not GKE's metadata server, and the pods land there", edit: exposedPool, hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.OnGKE, changed: "the workload identity user is deleted", edit: edits.Removed(pulumitype.GcpServiceAccountMember, gsaPolicy), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.OnGKE, changed: "another ServiceAccount may act as the service account", edit: edits.With(pulumitype.GcpServiceAccountMember, gsaPolicy, poolMember+"[bifrost/somebody-else]"), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.OnGKE, changed: "the same ServiceAccount of another namespace may", edit: edits.With(pulumitype.GcpServiceAccountMember, gsaPolicy, poolMember+"[default/bifrost-pull]"), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.OnGKE, changed: "the member has another role", edit: edits.With(pulumitype.GcpServiceAccountMember, gsaPolicy, "role=roles/iam.serviceAccountUser"), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.OnGKE, changed: "the service account is disabled", edit: edits.With(pulumitype.GcpServiceAccount, gsa, "disabled=true"), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.OnGKE, changed: "the service account is deleted", edit: edits.Removed(pulumitype.GcpServiceAccount, gsa), hop: hop.Impersonation, reason: hop.Missing},
	{mode: stacktest.OnGKE, changed: "the metadata server does not come to know the pods", edit: metadataUnready(1 << 20), hop: hop.Metadata, reason: hop.NotReady},
	{mode: stacktest.OnGKE, changed: "the vendor has no such repository", edit: edits.Removed(pulumitype.GcpRepository, ""), hop: hop.ArtifactRegistry, reason: hop.ImageNotFound},
	{mode: stacktest.OnGKE, changed: "the registry has no such tag", edit: edits.With(pulumitype.GcpRepository, "", "tags=[2.0.9]"), hop: hop.ArtifactRegistry, reason: hop.ImageNotFound},
	{mode: stacktest.OnGKE, changed: "no refresh for 2 hours", afterUp: true, edit: edits.Later(2 * time.Hour), settings: []string{newARTag}, hop: hop.ArtifactRegistry, reason: hop.Expired},
	{mode: stacktest.OnGKE, changed: "the pull Secret is deleted", afterUp: true, edit: edits.Removed(edits.SecretKind, "ar-pull-secret"), settings: []string{newARTag}, hop: hop.PullSecret, reason: hop.SecretMissing},
	{mode: stacktest.OnGKE, changed: "the refresher's Role lacks patch", afterUp: true, edit: edits.With(edits.RoleKind, "secret-manager", "rules[0].verbs=[create]"), settings: []string{newRun}, hop: hop.APIServer, reason: hop.Forbidden},

	{mode: stacktest.GKEExisting, changed: "the service account is not on the vendor's allowlist", edit: edits.Removed(pulumitype.GcpRepositoryMember, stacktest.GooglePuller), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.GKEExisting, changed: "the workload identity user is deleted", edit: edits.Removed(pulumitype.GcpServiceAccountMember, "serviceAccounts/"+stacktest.GooglePuller+"/"), hop: hop.Impersonation, reason: hop.NoImpersonation},

	{mode: stacktest.GKEPrincipal, changed: "the principal is not on the vendor's allowlist", edit: edits.Removed(pulumitype.GcpRepositoryMember, "principal://"), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.GKEPrincipal, changed: "the vendor allowlisted the pool under another project's number", edit: edits.With(pulumitype.GcpRepositoryMember, "principal://", "member=principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/acme-dev.svc.id.goog/subject/ns/bifrost/sa/bifrost-pull"), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.GKEPrincipal, changed: "the refresher has another ServiceAccount", settings: []string{"refresher.serviceAccount=somebody-else"}, hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.GKEPrincipal, changed: "the gateway has another namespace", settings: []string{"gateway.namespace=other"}, hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},

	{mode: stacktest.GKEImpersonate, changed: "the vendor's service account lets nobody make its tokens", edit: edits.Removed(pulumitype.GcpServiceAccountMember, vendorPolicy), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.GKEImpersonate, changed: "the vendor's service account is of another name", settings: []string{"gke.vendorServiceAccount=other-pull@bifrost-dist.iam.gserviceaccount.com"}, hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.GKEImpersonate, changed: "the vendor's service account may not read the repository", edit: edits.Removed(pulumitype.GcpRepositoryMember, stacktest.GoogleVendor), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},

	{mode: stacktest.GKENode, changed: "the nodes' service account is not on the vendor's allowlist", edit: edits.Removed(pulumitype.GcpRepositoryMember, nodeAccount), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.GKENode, changed: "the cluster has nodes of another service account", edit: anotherPool(world.GKENodePool{Name: "gpu", ServiceAccount: strangers}), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.GKENode, changed: "the nodes' service account is disabled", edit: edits.With(pulumitype.GcpServiceAccount, nodeAccount, "disabled=true"), hop: hop.Kubelet, reason: hop.Missing},
	{mode: stacktest.GKENode, changed: "the registry has no such tag", edit: edits.With(pulumitype.GcpRepository, "", "tags=[2.0.9]"), hop: hop.ArtifactRegistry, reason: hop.ImageNotFound},
}

// anotherPool gives the cluster a node pool, whose service account the vendor does not know.
func anotherPool(pool world.GKENodePool) edits.Edit {
	return func(t testing.TB, w *cloud.World) {
		w.SeedServiceAccount("acme-dev", strangers)
		edits.GKE(func(c *world.GKECluster) { c.NodePools = append(c.NodePools, pool) })(t, w)
	}
}

var exposedPool = anotherPool(world.GKENodePool{Name: "old", ServiceAccount: strangers, Scopes: []string{"cloud-platform"}, Exposed: true})

// metadataUnready lets the metadata servers not know the pods for that many requests.
func metadataUnready(requests int) edits.Edit {
	return func(_ testing.TB, w *cloud.World) {
		for server := range w.Clusters {
			w.Unready[gcp.UnreadyMetadata(server)] = requests
		}
	}
}

// TestSlowMetadataServer: the refresher waits for the metadata server, and gives up in the end, when its Job does.
func TestSlowMetadataServer(t *testing.T) {
	t.Parallel()
	s := stacktest.OnGKE.Start(t).Set("rollout=identity")
	s.Engine.MustUp()
	metadataUnready(1<<20)(t, s.World)
	require.Contains(t, s.Set().Engine.Up().Messages(), fmt.Sprintf("%s: %s: ", hop.Metadata, hop.NotReady))
	metadataUnready(20)(t, s.World)
	s.Engine.MustUp()
}

// TestExposedPoolAvoided: pods that ask for nodes with GKE's metadata server get tokens of their own, whatever other nodes there are.
func TestExposedPoolAvoided(t *testing.T) {
	t.Parallel()
	s := stacktest.OnGKE.Start(t)
	exposedPool(t, s.World)
	const selector = "scheduling.nodeSelector={iam.gke.io/gke-metadata-server-enabled: 'true'}"
	s.Set("gateway."+selector, "refresher."+selector).Engine.MustUp()
}

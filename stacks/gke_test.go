package stacks_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

const (
	gatewayType = "kubernetes:apps/v1:Deployment"
	policyType  = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	gkeCluster  = "gcp:container/getCluster:getCluster"
	gkeSelfLink = "https://container.googleapis.com/v1/projects/acme-dev/locations/europe-west1/clusters/dev"
)

// gkeLookup is a cluster of Standard with Dataplane V2, a workload pool and one node pool, changed as asked for.
func gkeLookup(changes ...func(map[string]any)) map[string]any {
	cluster := map[string]any{
		"id": "projects/acme-dev/locations/europe-west1/clusters/dev", "selfLink": gkeSelfLink, "endpoint": "203.0.113.10",
		"masterVersion": "1.34.1-gke.1431000", "datapathProvider": "ADVANCED_DATAPATH", "enableAutopilot": false,
		"masterAuths":             []any{map[string]any{"clusterCaCertificate": base64.StdEncoding.EncodeToString([]byte("ca"))}},
		"workloadIdentityConfigs": []any{map[string]any{"workloadPool": "acme-dev.svc.id.goog"}},
		"nodePools":               []any{nodePool("default-pool", "GKE_METADATA", "default")},
	}
	for _, change := range changes {
		change(cluster)
	}
	return cluster
}

func nodePool(name, metadata, account string, scopes ...any) map[string]any {
	return map[string]any{"name": name, "nodeConfigs": []any{map[string]any{
		"serviceAccount": account, "oauthScopes": scopes, "workloadMetadataConfigs": []any{map[string]any{"mode": metadata}},
	}}}
}

// inGke is a change of the look-up.
func inGke(key string, value any) func(map[string]any) {
	return func(c map[string]any) { c[key] = value }
}

// gkeStack is the dev stack with keys changed: dotted paths and values by turns.
func gkeStack(t *testing.T, changes ...any) settings {
	t.Helper()
	s := stackFile(t, "google-dev")
	for i := 0; i < len(changes); i += 2 {
		s.set(changes[i].(string), changes[i+1])
	}
	return s
}

// gkeUp deploys on a cluster that looks like that.
func gkeUp(t *testing.T, s settings, cluster map[string]any) error {
	t.Helper()
	g := s.graph(t, "google-dev")
	g.Answers[gkeCluster] = always(cluster)
	return g.Run(program(g))
}

// TestGkeLookUp: what is not as the stack needs it stops it before anything is made, with the command that mends it.
func TestGkeLookUp(t *testing.T) {
	t.Parallel()
	flags := "dev --location europe-west1 --project acme-dev"
	for name, c := range map[string]struct {
		set     []any
		cluster map[string]any
		wants   []string
	}{
		"too old": {nil, gkeLookup(inGke("masterVersion", "1.26.5-gke.1200")),
			[]string{"GKE cluster dev runs Kubernetes 1.26.5-gke.1200", "1.27 or newer", "gcloud container clusters upgrade " + flags + " --master"}},
		"too old for the identity": {[]any{"rollout", "identity"}, gkeLookup(inGke("masterVersion", "1.23.17-gke.100")), []string{"1.24 or newer"}},
		"no workload pool": {nil, gkeLookup(inGke("workloadIdentityConfigs", []any{})),
			[]string{"no workload pool, through which the refresher signs in", "gcloud container clusters update " + flags + " --workload-pool=acme-dev.svc.id.goog",
				"--workload-metadata=GKE_METADATA"}},
		"no workload pool for the gateway": {[]any{"gke.pull", "node", "gke.gatewayServiceAccountEmail", "vertex@acme-dev.iam.gserviceaccount.com"},
			gkeLookup(inGke("workloadIdentityConfigs", []any{})), []string{"through which the gateway signs in as its own service account"}},
		"no metadata server": {nil, gkeLookup(inGke("nodePools", []any{nodePool("old", "GCE_METADATA", "default")})),
			[]string{"node pools old have not GKE's metadata server", "gcloud container node-pools update old --cluster " + flags}},
		"nodes that may not read": {[]any{"gke.pull", "node"}, gkeLookup(inGke("nodePools", []any{
			nodePool("small", "GKE_METADATA", "default", "https://www.googleapis.com/auth/logging.write")})),
			[]string{"gke.pull: the nodes of node pool small", "logging.write", "--scopes=cloud-platform"}},
		"nodes of whom nothing is said": {[]any{"gke.pull", "node"}, gkeLookup(inGke("nodePools", []any{})), []string{"gke.pull", "set gke.pull to refresh"}},
		"no endpoint":                   {nil, gkeLookup(inGke("endpoint", "")), []string{"no endpoint", "gcloud container clusters describe " + flags}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := gkeUp(t, gkeStack(t, c.set...), c.cluster)
			for _, want := range c.wants {
				require.ErrorContains(t, err, want)
			}
		})
	}
	for name, c := range map[string]struct {
		set     []any
		cluster map[string]any
	}{
		"an old cluster for the identity": {[]any{"rollout", "identity"}, gkeLookup(inGke("masterVersion", "1.24.17-gke.100"))},
		"Autopilot says nothing of its pools": {nil, gkeLookup(inGke("enableAutopilot", true), inGke("nodePools", []any{
			nodePool("hidden", "", "default")}))},
		"some pools without the metadata server": {nil, gkeLookup(inGke("nodePools", []any{
			nodePool("old", "GCE_METADATA", "default"), nodePool("new", "GKE_METADATA", "default")}))},
		"nodes pull without a workload pool":  {[]any{"gke.pull", "node"}, gkeLookup(inGke("workloadIdentityConfigs", []any{}))},
		"mirrors need no workload pool":       {[]any{"registry.mirror", true}, gkeLookup(inGke("workloadIdentityConfigs", []any{}))},
		"the given kubeconfig has its own CA": {[]any{"secrets.kubeconfig", "apiVersion: v1"}, gkeLookup(inGke("masterAuths", []any{}))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, gkeUp(t, gkeStack(t, c.set...), c.cluster))
		})
	}

	for key, wants := range map[string][]string{
		gkeCluster: {"gke.clusterName: there is no cluster dev in europe-west1 of project acme-dev", "gcloud container clusters list --project acme-dev"},
		"gcp:organizations/getProject:getProject": {"google.projectId: there is no project acme-dev, or it cannot be read", "gcloud auth application-default login"},
	} {
		g := gkeStack(t).graph(t, "google-dev")
		g.Answers[key] = never("denied")
		err := g.Run(program(g))
		for _, want := range wants {
			require.ErrorContains(t, err, want)
		}
		for _, r := range g.Resources {
			require.NotContains(t, r.Type, "serviceaccount", "nothing is made")
		}
	}
}

// gkeHandoff is the one entry of vendorHandoff.
func gkeHandoff(t *testing.T, s settings, cluster map[string]any) map[string]any {
	t.Helper()
	g := s.graph(t, "google-dev")
	g.Answers[gkeCluster] = always(cluster)
	handoff := outputOf(t, g, "vendorHandoff").([]any)
	require.Len(t, handoff, 1)
	return handoff[0].(map[string]any)
}

// told is all that a resource is made of, as text.
func told(r graphtest.Resource) string { return fmt.Sprint(graphtest.Plain(r.Inputs).Mappable()) }

// TestGkeWays: whom the vendor is told of, what is made for it and what the workload gets, way by way.
func TestGkeWays(t *testing.T) {
	t.Parallel()
	const (
		principal = "principal://iam.googleapis.com/projects/210987654321/locations/global/workloadIdentityPools/acme-dev.svc.id.goog/subject/" +
			"ns/bifrost/sa/bifrost-pull"
		vendors = "acme-hub-pull@bifrost-dist.iam.gserviceaccount.com"
		own     = "puller@acme-dev.iam.gserviceaccount.com"
	)
	refreshes := map[string]any{
		"platform": "gke", "purpose": "refreshes the pull Secret on GKE", "pull": "refresh", "auth": "serviceAccount",
		"projectId": "acme-dev", "projectNumber": "210987654321", "serviceAccountEmail": "gke-pull-account@test.iam.gserviceaccount.com",
	}
	with := func(changes ...any) map[string]any {
		entry := map[string]any{}
		for key, value := range refreshes {
			entry[key] = value
		}
		for i := 0; i < len(changes); i += 2 {
			if entry[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
				delete(entry, changes[i].(string))
			}
		}
		return entry
	}
	for name, c := range map[string]struct {
		set     []any
		handoff map[string]any
		// accounts and users are how many service accounts and members of them are made.
		accounts, users int
		annotation      any
		impersonates    any
	}{
		"a service account":          {nil, refreshes, 1, 1, "gke-pull-account@test.iam.gserviceaccount.com", nil},
		"an existing one":            {[]any{"gke.serviceAccountEmail", own}, with("serviceAccountEmail", own), 0, 1, own, nil},
		"a principal":                {[]any{"gke.auth", "principal"}, with("auth", "principal", "serviceAccountEmail", nil, "principal", principal), 0, 0, nil, nil},
		"the vendor's":               {[]any{"gke.vendorServiceAccount", vendors}, with("impersonates", vendors), 1, 1, "gke-pull-account@test.iam.gserviceaccount.com", vendors},
		"the vendor's, by principal": {[]any{"gke.auth", "principal", "gke.vendorServiceAccount", vendors}, with("auth", "principal", "serviceAccountEmail", nil, "principal", principal, "impersonates", vendors), 0, 0, nil, vendors},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.handoff, gkeHandoff(t, gkeStack(t, c.set...), gkeLookup()))
			g := record(t, "google-dev", gkeStack(t, c.set...))
			require.Len(t, g.Of("gcp:serviceaccount/account:Account"), c.accounts)
			users := g.Of("gcp:serviceaccount/iAMMember:IAMMember")
			require.Len(t, users, c.users)
			for _, user := range users {
				require.Equal(t, "serviceAccount:acme-dev.svc.id.goog[bifrost/bifrost-pull]", user.Input(t, "member"), "the refresher alone")
				require.Equal(t, "roles/iam.workloadIdentityUser", user.Input(t, "role"))
				require.True(t, g.DependsOn(g.Named(t, "kubernetes:batch/v1:Job", "gke-pull-first-run"), user))
			}
			account := g.Named(t, "kubernetes:core/v1:ServiceAccount", "gke-pull-service-account")
			if c.annotation == nil {
				require.False(t, account.Has("metadata.annotations"))
			} else {
				require.Equal(t, c.annotation, account.Input(t, `metadata.annotations["`+kubernetes.GoogleAccountAnnotation+`"]`))
			}
			gateways := g.Named(t, "kubernetes:core/v1:ServiceAccount", "gke-gateway-service-account")
			require.NotContains(t, told(gateways), "iam.gke.io", "the gateway never pulls")
			cron := told(g.Named(t, "kubernetes:batch/v1:CronJob", "gke-pull-cron-job"))
			require.Equal(t, c.impersonates != nil, strings.Contains(cron, "IMPERSONATE_SERVICE_ACCOUNT"))
		})
	}

	nodes := gkeLookup(inGke("nodePools", []any{
		nodePool("a", "GKE_METADATA", "default"), nodePool("b", "GKE_METADATA", "nodes@acme-dev.iam.gserviceaccount.com", "https://www.googleapis.com/auth/cloud-platform"),
		nodePool("c", "GCE_METADATA", "default"),
	}), inGke("clusterAutoscalings", []any{map[string]any{"enabled": true, "autoProvisioningDefaults": []any{
		map[string]any{"serviceAccount": "auto@acme-dev.iam.gserviceaccount.com", "oauthScopes": []any{}}}}}))
	node := gkeStack(t, "gke.pull", "node")
	require.Equal(t, map[string]any{
		"platform": "gke", "purpose": "pulls on the nodes of GKE", "pull": "node", "projectId": "acme-dev", "projectNumber": "210987654321",
		"nodeServiceAccounts": []any{"210987654321-compute@developer.gserviceaccount.com", "auto@acme-dev.iam.gserviceaccount.com", "nodes@acme-dev.iam.gserviceaccount.com"},
	}, gkeHandoff(t, node, nodes))
	g := record(t, "google-dev", node)
	require.Empty(t, g.Of("kubernetes:batch/v1:CronJob"))
	require.False(t, g.One(t, gatewayType).Has("spec.template.spec.imagePullSecrets"))

	mirror := gkeStack(t, "registry", map[string]any{"image": "registry.example.com/bifrost:2.1.0", "mirror": true}).graph(t, "google-dev")
	require.Empty(t, outputOf(t, mirror, "vendorHandoff"))
	require.Empty(t, mirror.Of("gcp:serviceaccount/account:Account"))
}

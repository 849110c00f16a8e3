package stacks_test

import (
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// TestGkeRefuses: every problem at once, each at its key.
func TestGkeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  []any
		keys []string
	}{
		"another cloud's": {[]any{"aws", map[string]any{"region": "us-east-1"}, "azure", map[string]any{"location": "x"}, "tags", map[string]any{"a": "b"}},
			[]string{"aws", "azure", "tags"}},
		"the far side of a federation":  {[]any{"gcp", map[string]any{"credentialConfig": map[string]any{"type": "external_account"}}}, []string{"gcp"}},
		"a cluster of another platform": {[]any{"platform", "azure", "google", nil, "gke.gatewayServiceAccount", map[string]any{}}, []string{"azure", "aks", "gke"}},
		"nothing":                       {[]any{"google", nil, "gke", nil}, []string{"google", "gke"}},
		"no project":                    {[]any{"google.projectId", ""}, []string{"google.projectId"}},
		"principal and accounts": {[]any{"gke.auth", "principal", "gke.serviceAccountId", "puller", "gke.serviceAccountEmail", "puller@acme-dev.iam.gserviceaccount.com"},
			[]string{"gke.serviceAccountId", "gke.serviceAccountEmail"}},
		"two accounts": {[]any{"gke.serviceAccountId", "puller", "gke.serviceAccountEmail", "puller@acme-dev.iam.gserviceaccount.com"}, []string{"gke.serviceAccountId"}},
		"an account of another project": {[]any{"gke.serviceAccountEmail", "puller@acme-central.iam.gserviceaccount.com"},
			[]string{"gke.serviceAccountEmail"}},
		"nodes and a refresher": {[]any{"gke.pull", "node", "gke.auth", "principal", "gke.secretName", "s", "gke.vendorServiceAccount", "a@acme-hub.iam.gserviceaccount.com",
			"gke.serviceAccountId", "puller", "gke.serviceAccountEmail", "puller@acme-dev.iam.gserviceaccount.com"},
			[]string{"gke.auth", "gke.secretName", "gke.serviceAccountEmail", "gke.serviceAccountId", "gke.vendorServiceAccount"}},
		"one account for both":     {[]any{"gke.gatewayServiceAccount", map[string]any{"id": "bifrost-pull-sa"}}, []string{"gke.gatewayServiceAccount.id"}},
		"a given one for both":     {[]any{"gke.gatewayServiceAccountEmail", "bifrost-pull-sa@acme-dev.iam.gserviceaccount.com"}, []string{"gke.gatewayServiceAccountEmail"}},
		"given and made":           {[]any{"gke.gatewayServiceAccount", map[string]any{}, "gke.gatewayServiceAccountEmail", "v@acme-dev.iam.gserviceaccount.com"}, []string{"gke.gatewayServiceAccountEmail"}},
		"made for an existing KSA": {[]any{"gke.gatewayServiceAccount", map[string]any{"roles": []any{"roles/aiplatform.user"}}, "gateway.existingServiceAccount", true, "gateway.existingNamespace", true}, []string{"gke.gatewayServiceAccount"}},
		"ECR":                      {[]any{"registry.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:1.5.2"}, []string{"registry.image"}},
		"a mirror and its keys": {[]any{"registry.mirror", true, "gke.pull", "node", "gke.auth", "principal", "gke.secretName", "s", "gke.vendorServiceAccount", "a@acme-hub.iam.gserviceaccount.com"},
			[]string{"gke.auth", "gke.pull", "gke.secretName", "gke.vendorServiceAccount"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range refusedIn(t, gkeStack(t, c.set...)).Problems {
				got = append(got, p.Field)
			}
			require.ElementsMatch(t, c.keys, got)
		})
	}
}

// TestGkeGateway: the gateway's own service account, given or made, is the gateway's alone.
func TestGkeGateway(t *testing.T) {
	t.Parallel()
	annotation := `metadata.annotations["` + kubernetes.GoogleAccountAnnotation + `"]`
	given := record(t, "google-dev", gkeStack(t, "gke.gatewayServiceAccountEmail", "vertex@acme-dev.iam.gserviceaccount.com"))
	require.Equal(t, "vertex@acme-dev.iam.gserviceaccount.com", given.Named(t, "kubernetes:core/v1:ServiceAccount", "gke-gateway-service-account").Input(t, annotation))
	require.Len(t, given.Of("gcp:serviceaccount/account:Account"), 1, "the one that pulls")

	made := record(t, "google-dev", gkeStack(t, "gke.gatewayServiceAccount", map[string]any{"roles": []any{"roles/aiplatform.user", "projects/acme-dev/roles/logs"}}))
	account := made.Named(t, "gcp:serviceaccount/account:Account", "gke-gateway-identity-account")
	require.Equal(t, "bifrost-gateway-sa", account.Input(t, "accountId"))
	require.False(t, account.Request.GetProtect())
	user := made.Named(t, "gcp:serviceaccount/iAMMember:IAMMember", "gke-gateway-identity-user")
	require.Equal(t, "serviceAccount:acme-dev.svc.id.goog[bifrost/bifrost-sa]", user.Input(t, "member"))
	roles := made.Of("gcp:projects/iAMMember:IAMMember")
	require.Len(t, roles, 2)
	pods := made.Named(t, gatewayType, "gke-gateway-deployment")
	for _, r := range append(roles, user) {
		require.True(t, made.DependsOn(pods, r), "pods come once the rights are there")
	}
	require.Equal(t, "gke-gateway-identity-account@test.iam.gserviceaccount.com", made.Named(t, "kubernetes:core/v1:ServiceAccount", "gke-gateway-service-account").Input(t, annotation))
	policy := told(made.Named(t, policyType, "gke-gateway-network-policy"))
	require.Contains(t, policy, "169.254.169.252/32")

	none := record(t, "google-dev", gkeStack(t))
	require.NotContains(t, told(none.Named(t, policyType, "gke-gateway-network-policy")), "169.254.169.252/32",
		"a gateway without an identity asks no metadata server")
	refresher := told(none.Named(t, policyType, "gke-pull-network-policy"))
	require.Contains(t, refresher, "169.254.169.252/32")
	require.Contains(t, refresher, "169.254.169.254/32")
}

// TestGkeKubeconfig: the stack signs in to the cluster as it does to Google.
func TestGkeKubeconfig(t *testing.T) {
	t.Parallel()
	plain := record(t, "google-dev", gkeStack(t)).Named(t, "pulumi:providers:kubernetes", "gke")
	text := plain.Input(t, "kubeconfig").(string)
	for _, want := range []string{"server: https://203.0.113.10", "command: gke-gcloud-auth-plugin", "--use_application_default_credentials", "provideClusterInfo: true", "interactiveMode: Never"} {
		require.Contains(t, text, want)
	}
	require.Equal(t, gkeSelfLink, plain.Input(t, "clusterIdentifier"))

	s := gkeStack(t, "google.impersonateServiceAccount", "deployer@acme-dev.iam.gserviceaccount.com")
	g := record(t, "google-dev", s)
	text = g.Named(t, "pulumi:providers:kubernetes", "gke").Input(t, "kubeconfig").(string)
	require.NotContains(t, text, "application_default", "they know no impersonation")
	require.Contains(t, text, "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT")
	require.Contains(t, text, "deployer@acme-dev.iam.gserviceaccount.com")
	require.Equal(t, "deployer@acme-dev.iam.gserviceaccount.com", g.Named(t, "pulumi:providers:gcp", "google").Input(t, "impersonateServiceAccount"))

	cluster, ok := parsed(t, "google-dev", s).Cluster()
	require.True(t, ok)
	require.Equal(t, "gcloud container clusters get-credentials dev --location europe-west1 --project acme-dev "+
		"--impersonate-service-account deployer@acme-dev.iam.gserviceaccount.com", cluster.SignIn)
	require.Equal(t, stacks.RolloutFull, parsed(t, "google-dev", s).Rollout)
}

// TestGkeConnector: what the example's page shows for the Cloud SQL connector is accepted over the example.
func TestGkeConnector(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../examples/gke-production/README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	require.True(t, found)
	block, _, _ := strings.Cut(rest, "```")
	var shown struct {
		Config map[string]map[string]any `json:"config"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(block), &shown))
	s := example(t, "gke-production").set("gateway.postgres", nil).
		set("gateway.config.config_store.config.ssl_mode", "disable").set("gateway.config.logs_store.config.ssl_mode", "disable")
	for object, keys := range shown.Config {
		for key, value := range keys {
			at := strings.TrimPrefix(object, stacks.Project+":") + "." + key
			below, nested := value.(map[string]any)
			if !nested {
				s.set(at, value)
			}
			for name, text := range below {
				s.set(at+"."+name, text)
			}
		}
	}
	g := record(t, "gke-production", s)
	pods := g.Named(t, gatewayType, "gke-gateway-deployment")
	require.Equal(t, "cloud-sql", pods.Input(t, "spec.template.spec.initContainers[0].name"))
	require.Contains(t, told(g.Named(t, policyType, "gke-gateway-network-policy")), "3307")
}

// TestGkeWithoutProxy: no proxy leads to the metadata server, by its name or by its address; other places have no such name.
func TestGkeWithoutProxy(t *testing.T) {
	t.Parallel()
	for stack, has := range map[string]bool{"google-dev": true, "azure-dev": false} {
		prefix := map[string]string{"google-dev": "gke", "azure-dev": "aks"}[stack]
		g := record(t, stack, stackFile(t, stack).set("network.proxy", "http://proxy.example.com:3128"))
		for _, r := range []graphtest.Resource{g.Named(t, gatewayType, prefix+"-gateway-deployment"), g.Named(t, "kubernetes:batch/v1:CronJob", prefix+"-pull-cron-job")} {
			require.Equal(t, has, strings.Contains(told(r), "metadata.google.internal"), "%s: %s", stack, r.Name)
			require.Contains(t, told(r), "169.254.169.254")
		}
	}
}

// TestGkeWarnings: of mighty roles, and of a location that is none.
func TestGkeWarnings(t *testing.T) {
	t.Parallel()
	require.Empty(t, parsed(t, "google-dev", gkeStack(t, "gke.location", "europe-west1-b", "gke.gatewayServiceAccount", map[string]any{"roles": []any{"roles/aiplatform.user"}})).Warnings())
	told := strings.Join(parsed(t, "google-dev", gkeStack(t, "gke.location", "europe-west11", "gke.gatewayServiceAccount", map[string]any{"roles": []any{"roles/editor"}})).Warnings(), "\n")
	require.Contains(t, told, "gke.location: europe-west11 is none of the regions")
	require.Contains(t, told, "gke.gatewayServiceAccount.roles: whoever takes the gateway over may change everything in project acme-dev, or act as others there (roles/editor)")
}

// TestGkeTaken: a service account of this name that another stack has made is not taken over; of one's own nothing is said.
func TestGkeTaken(t *testing.T) {
	t.Parallel()
	display := func(of string) answer { return always(map[string]any{"displayName": of, "email": "x"}) }
	for name, c := range map[string]struct {
		answer answer
		wants  string
	}{
		"of nobody known":   {display("Puller"), "gke.serviceAccountId: the service account acme-dev/bifrost-pull-sa exists, and nothing shows that it is of this stack"},
		"of another stack":  {display("Pulls Bifrost images, of Pulumi stack other"), "--display-name 'Pulls Bifrost images, of Pulumi stack google-dev'"},
		"of this stack":     {display("Pulls Bifrost images, of Pulumi stack google-dev"), ""},
		"not there":         {never("Error 404: Unknown service account"), ""},
		"may not be looked": {never("googleapi: Error 403: Permission denied"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gkeStack(t).graph(t, "google-dev")
			g.Answers["gcp:serviceaccount/getAccount:getAccount"] = c.answer
			config := gkeStack(t).parsed(t, "google-dev")
			// The engine alone calls the hook that asks.
			err := g.Run(func(ctx *pulumi.Context) error { return config.RefuseTaken(ctx) })
			if c.wants == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wants)
		})
	}
}

// TestGkeEnforcement: a cluster whose policies nothing enforces is warned of once it counts, with the commands; Dataplane V2 is silent.
func TestGkeEnforcement(t *testing.T) {
	t.Parallel()
	config := parsed(t, "google-dev", gkeStack(t))
	require.True(t, config.MakesNetworkPolicies())
	require.Contains(t, config.EnforceOnGke(), "gcloud container clusters update dev --location europe-west1 --project acme-dev --enable-network-policy")
	require.NoError(t, gkeUp(t, gkeStack(t), gkeLookup(inGke("datapathProvider", "LEGACY_DATAPATH"))), "a warning stops nothing")
}

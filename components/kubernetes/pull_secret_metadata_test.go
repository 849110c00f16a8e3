package kubernetes_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

func metadataArgs() *kubernetes.PullSecretArgs {
	args := arArgs()
	args.ArtifactRegistry = &kubernetes.ArtifactRegistryTokenArgs{Metadata: &kubernetes.MetadataServerArgs{
		ServiceAccountEmail: pulumi.String("bifrost-pull-sa@acme-dev.iam.gserviceaccount.com"),
	}}
	return args
}

func impersonatingArgs() *kubernetes.PullSecretArgs {
	args := metadataArgs()
	args.ArtifactRegistry.Metadata.ImpersonateServiceAccount = "pull@acme-hub.iam.gserviceaccount.com"
	return args
}

// TestMetadataServer: the ServiceAccount says as whom it signs in, and nothing else is mounted or trusted.
func TestMetadataServer(t *testing.T) {
	t.Parallel()
	const annotation = `metadata.annotations["` + kubernetes.GoogleAccountAnnotation + `"]`
	g := recordPullSecret(t, metadataArgs())
	require.Equal(t, "ar-pull-secret", g.One(t, "kubernetes:core/v1:Secret").Input(t, "metadata.name"))
	require.Equal(t, "refresh-ar-secret", g.One(t, "kubernetes:batch/v1:CronJob").Input(t, "metadata.name"))
	require.Equal(t, "bifrost-pull-sa@acme-dev.iam.gserviceaccount.com", g.One(t, "kubernetes:core/v1:ServiceAccount").Input(t, annotation))
	require.Empty(t, g.Of("kubernetes:core/v1:ConfigMap"), "there is no file to sign in with")
	job := g.One(t, "kubernetes:batch/v1:Job")
	require.NotContains(t, envOf(t, job, "spec.template.spec.initContainers[0]"), "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE")
	require.Len(t, job.Input(t, "spec.template.spec.volumes"), 3, "work, home and the API server's token")

	var ways []string
	for _, rule := range g.One(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy").Input(t, "spec.egress").([]any) {
		for _, peer := range listIn(rule, "to") {
			if block, ok := peer.(map[string]any)["ipBlock"].(map[string]any); ok && block["except"] == nil {
				ways = append(ways, block["cidr"].(string))
			}
		}
	}
	require.Equal(t, []string{"169.254.169.252/32", "169.254.169.254/32"}, ways)

	itself := metadataArgs()
	itself.ArtifactRegistry.Metadata.ServiceAccountEmail = nil
	require.False(t, recordPullSecret(t, itself).One(t, "kubernetes:core/v1:ServiceAccount").Has("metadata.annotations"))

	template := func(change func(*kubernetes.MetadataServerArgs)) any {
		args := metadataArgs()
		change(args.ArtifactRegistry.Metadata)
		return recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job").Input(t, "spec.template")
	}
	same := template(func(*kubernetes.MetadataServerArgs) {})
	for what, change := range map[string]func(*kubernetes.MetadataServerArgs){
		"account": func(m *kubernetes.MetadataServerArgs) {
			m.ServiceAccountEmail = pulumi.String("b@acme-dev.iam.gserviceaccount.com")
		},
		"itself": func(m *kubernetes.MetadataServerArgs) { m.ServiceAccountEmail = nil },
		"impersonates": func(m *kubernetes.MetadataServerArgs) {
			m.ImpersonateServiceAccount = "c@acme-hub.iam.gserviceaccount.com"
		},
	} {
		require.NotEqual(t, same, template(change), "the first token comes anew with another %s", what)
	}
}

func listIn(rule any, key string) []any {
	list, _ := rule.(map[string]any)[key].([]any)
	return list
}

func TestMetadataServerRefuses(t *testing.T) {
	t.Parallel()
	both := entraArgs()
	both.ArtifactRegistry.TokenAudience, both.ArtifactRegistry.TokenFile, both.ArtifactRegistry.TokenLifeSeconds = "a", "/run/t/token", 700
	both.ArtifactRegistry.Metadata = &kubernetes.MetadataServerArgs{
		ServiceAccountEmail: pulumi.String("bifrost"), ImpersonateServiceAccount: "acme",
	}
	graphtest.RequireRefused(t, both.Validate(nil), []string{
		"artifactRegistry.credentialConfig", "artifactRegistry.tokenAudience", "artifactRegistry.tokenAudience", "artifactRegistry.tokenFile",
		"artifactRegistry.tokenLifeSeconds", "artifactRegistry.entra", "artifactRegistry.metadata.serviceAccountEmail",
		"artifactRegistry.metadata.impersonateServiceAccount",
	}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := kubernetes.NewPullSecret(ctx, "x", both, on)
		return err
	})
}

// TestMetadataScript runs the script against a metadata server that does not know the pod at first.
func TestMetadataScript(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl")
	}
	for name, c := range map[string]struct {
		args *kubernetes.PullSecretArgs
		// unready is how many answers refuse.
		unready int32
		gcloud  string
		// fails is what the output ends with; empty when there is a token.
		fails string
	}{
		"ready":        {metadataArgs(), 0, `[ "$*" = "auth print-access-token" ] && echo google-token`, ""},
		"ready later":  {metadataArgs(), 2, `[ "$*" = "auth print-access-token" ] && echo google-token`, ""},
		"never ready":  {metadataArgs(), 100, "echo google-token", "GKE's metadata server gave no token: curl: (22) The requested URL returned error: 403"},
		"impersonated": {impersonatingArgs(), 0, `[ "$*" = "auth print-access-token --impersonate-service-account=pull@acme-hub.iam.gserviceaccount.com" ] && echo google-token`, ""},
		"may not impersonate": {impersonatingArgs(), 0, "echo 'Permission iam.serviceAccounts.getAccessToken denied' >&2; exit 1",
			"denied\nimpersonating the service account pull@acme-hub.iam.gserviceaccount.com failed\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Metadata-Flavor") != "Google" || r.URL.Path != "/computeMetadata/v1/instance/service-accounts/default/token" {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				if asked.Add(1) <= c.unready {
					w.WriteHeader(http.StatusForbidden)
					_, _ = w.Write([]byte("Unable to generate access token"))
					return
				}
				_, _ = w.Write([]byte(`{"access_token":"` + graphtest.Canary + `","expires_in":3599}`))
			}))
			defer server.Close()
			manifest, output, err := tokenContainer(t, c.args)(t, map[string]string{"gcloud": c.gcloud},
				"GCE_METADATA_ROOT="+strings.TrimPrefix(server.URL, "http://"), "METADATA_TRIES=5", "METADATA_WAIT_SECONDS=0")
			require.NotContains(t, output, graphtest.Canary, "a token is in the log")
			if c.fails != "" {
				require.Error(t, err)
				require.Contains(t, output, c.fails)
				require.Empty(t, manifest)
				return
			}
			require.NoError(t, err, output)
			require.Equal(t, c.unready+1, asked.Load())
			require.Contains(t, string(manifest), "dockerconfigjson")
		})
	}
}

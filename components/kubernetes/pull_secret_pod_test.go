package kubernetes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

func TestPullSecretPod(t *testing.T) {
	t.Parallel()
	job := recordPullSecret(t, ecrArgs()).One(t, "kubernetes:batch/v1:Job")
	const pod = "spec.template.spec"
	require.Equal(t, "bifrost-pull", job.Input(t, pod+".serviceAccountName"))
	require.Equal(t, false, job.Input(t, pod+".automountServiceAccountToken"))
	require.Equal(t, "Never", job.Input(t, pod+".restartPolicy"))
	for _, c := range []string{pod + ".initContainers[0]", pod + ".containers[0]"} {
		require.Equal(t, true, job.Input(t, c+".securityContext.readOnlyRootFilesystem"))
		require.Equal(t, false, job.Input(t, c+".securityContext.allowPrivilegeEscalation"))
		require.EqualValues(t, 65532, job.Input(t, c+".securityContext.runAsUser"))
		require.Equal(t, []any{"ALL"}, job.Input(t, c+".securityContext.capabilities.drop"))
		require.True(t, job.Has(c+".resources.limits.memory"))
		require.Equal(t, "FallbackToLogsOnError", job.Input(t, c+".terminationMessagePolicy"), "the failed hop is in the pod's status")
	}
	require.Equal(t, "RuntimeDefault", job.Input(t, pod+".securityContext.seccompProfile.type"))

	vars := envOf(t, job, pod+".initContainers[0]")
	require.Equal(t, "arn:aws:iam::111122223333:role/R", vars["AWS_ROLE_ARN"])
	require.Equal(t, "/var/run/secrets/bifrost/aws/token", vars["AWS_WEB_IDENTITY_TOKEN_FILE"])
	require.Equal(t, "eu-west-1", vars["AWS_REGION"])
	require.Equal(t, "true", vars["AWS_EC2_METADATA_DISABLED"], "a broken web identity never becomes the node's role")

	volumes := map[string]map[string]any{}
	for _, v := range job.Input(t, pod+".volumes").([]any) {
		volumes[v.(map[string]any)["name"].(string)] = v.(map[string]any)
	}
	for _, folder := range []string{"work", "home"} {
		require.Equal(t, "Memory", volumes[folder]["emptyDir"].(map[string]any)["medium"], "the token never touches a disk")
	}
	require.Equal(t, "/home/token", vars["HOME"], "what the cloud's CLI keeps, kubectl does not see")
	require.Equal(t, "/home/token", vars["TMPDIR"])
	token := volumes["aws-token"]["projected"].(map[string]any)["sources"].([]any)[0].(map[string]any)["serviceAccountToken"].(map[string]any)
	require.Equal(t, "sts.amazonaws.com", token["audience"])

	mounts := func(c string) (names []string) {
		for _, m := range job.Input(t, c+".volumeMounts").([]any) {
			names = append(names, m.(map[string]any)["name"].(string))
		}
		return names
	}
	require.ElementsMatch(t, []string{"work", "home", "aws-token"}, mounts(pod+".initContainers[0]"), "the cloud's CLI has no token of the cluster")
	require.ElementsMatch(t, []string{"work", "kubernetes-token"}, mounts(pod+".containers[0]"), "kubectl has no token of the cloud")
	require.Equal(t, []any{"kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager=bifrost-pull", "--filename=/work/secret.json"},
		job.Input(t, pod+".containers[0].command"))
}

func TestPullSecretFromArtifactRegistry(t *testing.T) {
	t.Parallel()
	args := arArgs()
	args.ArtifactRegistry.TokenAudience, args.ArtifactRegistry.TokenFile = "aud", "/run/t/file"
	g := recordPullSecret(t, args)
	require.Equal(t, `{"type":"external_account"}`, g.One(t, "kubernetes:core/v1:ConfigMap").Input(t, `data["credential-config.json"]`))
	job := g.One(t, "kubernetes:batch/v1:Job")
	vars := envOf(t, job, "spec.template.spec.initContainers[0]")
	require.Equal(t, "/etc/gcp/credential-config.json", vars["CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"])
	require.NotContains(t, vars, "GOOGLE_APPLICATION_CREDENTIALS", "gcloud does not read it")
	require.Equal(t, "/home/token/gcloud", vars["CLOUDSDK_CONFIG"])
	require.False(t, job.Has(`spec.template.metadata.labels["azure.workload.identity/use"]`), "the webhook would mount a token of its own")
	volumes := job.Input(t, "spec.template.spec.volumes").([]any)
	token := volumes[len(volumes)-1].(map[string]any)["projected"].(map[string]any)["sources"].([]any)[0].(map[string]any)["serviceAccountToken"].(map[string]any)
	require.Equal(t, map[string]any{"audience": "aud", "expirationSeconds": 3600.0, "path": "file"}, token)
}

func TestPullSecretWithPodIdentity(t *testing.T) {
	t.Parallel()
	job := recordPullSecret(t, injectedArgs()).One(t, "kubernetes:batch/v1:Job")
	vars := envOf(t, job, "spec.template.spec.initContainers[0]")
	require.NotContains(t, vars, "AWS_ROLE_ARN")
	require.NotContains(t, vars, "AWS_WEB_IDENTITY_TOKEN_FILE")
	require.Equal(t, "eu-west-1", vars["AWS_REGION"])
	require.Equal(t, "true", vars["AWS_EC2_METADATA_DISABLED"], "the node's role never pulls")
	for _, v := range job.Input(t, "spec.template.spec.volumes").([]any) {
		require.NotEqual(t, "aws-token", v.(map[string]any)["name"])
	}

	run := tokenContainer(t, injectedArgs())
	injected := "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials"
	manifest, output, err := run(t, map[string]string{"aws": "echo " + graphtest.Canary}, injected)
	require.NoError(t, err, output)
	require.NotEmpty(t, manifest)

	manifest, output, err = run(t, map[string]string{"aws": "echo " + graphtest.Canary})
	require.Error(t, err, "the CLI would go on to the node's role")
	require.Contains(t, output, "EKS Pod Identity has not injected credentials")
	require.Contains(t, output, "eks-pod-identity-agent")
	require.Empty(t, manifest)
}

func TestPullSecretThroughEntra(t *testing.T) {
	t.Parallel()
	job := recordPullSecret(t, entraArgs()).One(t, "kubernetes:batch/v1:Job")
	const pod = "spec.template.spec"
	volumes := map[string]map[string]any{}
	for _, v := range job.Input(t, pod+".volumes").([]any) {
		volumes[v.(map[string]any)["name"].(string)] = v.(map[string]any)
	}
	token := volumes["azure-token"]["projected"].(map[string]any)["sources"].([]any)[0].(map[string]any)["serviceAccountToken"].(map[string]any)
	require.Equal(t, map[string]any{"audience": "api://AzureADTokenExchange", "expirationSeconds": 3600.0, "path": "token"}, token)
	require.Equal(t, "Memory", volumes["gcp-token"]["emptyDir"].(map[string]any)["medium"], "the token never touches a disk")
	for _, m := range job.Input(t, pod+".initContainers[0].volumeMounts").([]any) {
		at := m.(map[string]any)
		switch at["name"] {
		case "gcp-token":
			require.Equal(t, "/var/run/secrets/azure/tokens", at["mountPath"])
			require.NotEqual(t, true, at["readOnly"])
		case "azure-token":
			require.Equal(t, "/var/run/secrets/bifrost/azure", at["mountPath"])
			require.Equal(t, true, at["readOnly"])
		}
	}
	vars := envOf(t, job, pod+".initContainers[0]")
	require.Equal(t, "https://login.microsoftonline.com", vars["AZURE_AUTHORITY_HOST"])
	require.Equal(t, "/var/run/secrets/bifrost/azure/token", vars["AZURE_FEDERATED_TOKEN_FILE"])
	require.Equal(t, "/var/run/secrets/azure/tokens/azure-identity-token", vars["SUBJECT_TOKEN_FILE"], "where the credential configuration looks")
}

// TestRefresherResources: every container has requests and limits of all three, and every folder a limit.
func TestRefresherResources(t *testing.T) {
	t.Parallel()
	for _, args := range []*kubernetes.PullSecretArgs{ecrArgs(), entraArgs()} {
		job := recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job")
		for _, container := range []string{"initContainers[0]", "containers[0]"} {
			for _, kind := range []string{"requests", "limits"} {
				amounts := job.Input(t, "spec.template.spec."+container+".resources."+kind).(map[string]any)
				require.Len(t, amounts, 3)
				require.Contains(t, amounts, "ephemeral-storage")
			}
		}
		for _, v := range job.Input(t, "spec.template.spec.volumes").([]any) {
			if empty, ok := v.(map[string]any)["emptyDir"].(map[string]any); ok {
				require.NotEmpty(t, empty["sizeLimit"])
			}
		}
	}
}

package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation"

	"bifrost/components/aws"
	"bifrost/internal/graphtest"
)

func ecrArgs() *PullSecretArgs {
	return &PullSecretArgs{
		Namespace: pulumi.String("bifrost"), RegistryHost: "444455556666.dkr.ecr.eu-west-1.amazonaws.com",
		Ecr: &EcrTokenArgs{RoleArn: pulumi.String("arn:aws:iam::111122223333:role/R"), Region: "eu-west-1"},
	}
}

func arArgs() *PullSecretArgs {
	return &PullSecretArgs{
		Namespace: pulumi.String("bifrost"), RegistryHost: "europe-west1-docker.pkg.dev",
		ArtifactRegistry: &ArtifactRegistryTokenArgs{CredentialConfig: pulumi.String(`{"type":"external_account"}`)},
	}
}

func entraArgs() *PullSecretArgs {
	args := arArgs()
	args.ArtifactRegistry.Entra = &EntraExchangeArgs{
		TenantId: pulumi.String("tenant"), ClientId: pulumi.String("client"), AppIdUri: "api://app",
	}
	return args
}

func injectedArgs() *PullSecretArgs {
	args := ecrArgs()
	args.Ecr.RoleArn, args.Ecr.PodIdentity = nil, true
	return args
}

// TestPullSecretReady: who uses the Secret waits for its first token, and takes nothing from the Job.
func TestPullSecretReady(t *testing.T) {
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		pull, err := NewPullSecret(ctx, "x", ecrArgs(), on)
		if err != nil {
			return err
		}
		args := workloadArgs()
		args.PullSecret, args.DependsOn = pull.SecretName, pull.Ready()
		_, err = NewBifrostWorkload(ctx, "y", args, on)
		return err
	})
	pods := g.One(t, deploymentType)
	require.Equal(t, "ecr-pull-secret", pods.Input(t, "spec.template.spec.imagePullSecrets[0].name"))
	require.True(t, g.DependsOn(pods, g.One(t, "kubernetes:batch/v1:Job")))
	require.True(t, g.DependsOn(pods, g.Named(t, "kubernetes:core/v1:Secret", "x-secret")))
	require.Empty(t, pods.Request.GetPropertyDependencies()["spec"].GetUrns())
}

func recordPullSecret(t *testing.T, args *PullSecretArgs) *graphtest.Graph {
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewPullSecret(ctx, "x", args, on)
		return err
	})
}

// envOf are the variables of a container.
func envOf(t *testing.T, r graphtest.Resource, container string) map[string]any {
	t.Helper()
	vars := map[string]any{}
	for _, v := range r.Input(t, container+".env").([]any) {
		vars[v.(map[string]any)["name"].(string)] = v.(map[string]any)["value"]
	}
	return vars
}

func TestPullSecretObjects(t *testing.T) {
	for name, c := range map[string]struct {
		args                      *PullSecretArgs
		secret, cronJob, schedule string
	}{
		"ecr":               {ecrArgs(), "ecr-pull-secret", "refresh-ecr-secret", "0 */6 * * *"},
		"artifact registry": {arArgs(), "ar-pull-secret", "refresh-ar-secret", "*/20 * * * *"},
	} {
		t.Run(name, func(t *testing.T) {
			g := recordPullSecret(t, c.args)
			s := g.One(t, "kubernetes:core/v1:Secret")
			require.Equal(t, c.secret, s.Input(t, "metadata.name"))
			require.Equal(t, "kubernetes.io/dockerconfigjson", s.Input(t, "type"))
			seed, err := base64.StdEncoding.DecodeString(s.Input(t, `data[".dockerconfigjson"]`).(string))
			require.NoError(t, err)
			require.JSONEq(t, `{"auths":{}}`, string(seed))
			require.Equal(t, []string{"data"}, s.Request.GetIgnoreChanges(), "a refreshed token is never reverted")

			rule := g.One(t, "kubernetes:rbac.authorization.k8s.io/v1:Role").Input(t, "rules")
			require.Equal(t, []any{map[string]any{
				"apiGroups": []any{""}, "resources": []any{"secrets"}, "resourceNames": []any{c.secret}, "verbs": []any{"create", "patch"},
			}}, rule)
			binding := g.One(t, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
			require.Equal(t, "bifrost-pull", binding.Input(t, "subjects[0].name"))
			require.Equal(t, "secret-manager", binding.Input(t, "roleRef.name"))

			cron := g.One(t, "kubernetes:batch/v1:CronJob")
			require.Equal(t, c.cronJob, cron.Input(t, "metadata.name"))
			require.Equal(t, c.schedule, cron.Input(t, "spec.schedule"))
			require.Equal(t, "Forbid", cron.Input(t, "spec.concurrencyPolicy"))
			require.EqualValues(t, 300, cron.Input(t, "spec.startingDeadlineSeconds"))
			require.EqualValues(t, 300, cron.Input(t, "spec.jobTemplate.spec.activeDeadlineSeconds"))
			require.EqualValues(t, 2, cron.Input(t, "spec.jobTemplate.spec.backoffLimit"))

			job := g.One(t, "kubernetes:batch/v1:Job")
			require.Equal(t, "true", job.Input(t, `metadata.annotations["pulumi.com/replaceUnready"]`))
			require.Equal(t, "uid-of-x-secret", job.Input(t, `spec.template.metadata.annotations["bifrost.dev/secret-uid"]`))
			require.False(t, job.Has("spec.ttlSecondsAfterFinished"), "a Job that vanishes runs again")
			require.Empty(t, validation.IsDNS1123Label(job.Input(t, "metadata.name").(string)))
			require.True(t, g.DependsOn(job, binding))
			require.True(t, g.DependsOn(job, s))
			require.True(t, g.DependsOn(cron, s))

			require.Equal(t, cron.Input(t, "spec.jobTemplate.spec.template.spec"), job.Input(t, "spec.template.spec"), "both run the same pod")
			for _, r := range g.Resources {
				if r.Request.GetCustom() && strings.HasPrefix(r.Type, "kubernetes:") {
					require.Equal(t, g.One(t, PullSecretType).URN, r.Parent())
				}
			}
		})
	}
}

func TestPullSecretPod(t *testing.T) {
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
		require.Equal(t, "/work", envOf(t, job, c)["HOME"])
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
	require.Equal(t, "Memory", volumes["work"]["emptyDir"].(map[string]any)["medium"], "the token never touches a disk")
	token := volumes["aws-token"]["projected"].(map[string]any)["sources"].([]any)[0].(map[string]any)["serviceAccountToken"].(map[string]any)
	require.Equal(t, "sts.amazonaws.com", token["audience"])

	mounts := func(c string) (names []string) {
		for _, m := range job.Input(t, c+".volumeMounts").([]any) {
			names = append(names, m.(map[string]any)["name"].(string))
		}
		return names
	}
	require.ElementsMatch(t, []string{"work", "aws-token"}, mounts(pod+".initContainers[0]"), "the cloud's CLI has no token of the cluster")
	require.ElementsMatch(t, []string{"work", "kubernetes-token"}, mounts(pod+".containers[0]"), "kubectl has no token of the cloud")
	require.Equal(t, []any{"kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager=bifrost-pull", "--filename=/work/secret.json"},
		job.Input(t, pod+".containers[0].command"))
}

func TestPullSecretFromArtifactRegistry(t *testing.T) {
	args := arArgs()
	args.ArtifactRegistry.TokenAudience, args.ArtifactRegistry.TokenFile = "aud", "/run/t/file"
	g := recordPullSecret(t, args)
	require.Equal(t, `{"type":"external_account"}`, g.One(t, "kubernetes:core/v1:ConfigMap").Input(t, `data["credential-config.json"]`))
	job := g.One(t, "kubernetes:batch/v1:Job")
	vars := envOf(t, job, "spec.template.spec.initContainers[0]")
	require.Equal(t, "/etc/gcp/credential-config.json", vars["CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"])
	require.NotContains(t, vars, "GOOGLE_APPLICATION_CREDENTIALS", "gcloud does not read it")
	require.Equal(t, "/work/gcloud", vars["CLOUDSDK_CONFIG"])
	require.False(t, job.Has(`spec.template.metadata.labels["azure.workload.identity/use"]`), "the webhook would mount a token of its own")
	volumes := job.Input(t, "spec.template.spec.volumes").([]any)
	token := volumes[len(volumes)-1].(map[string]any)["projected"].(map[string]any)["sources"].([]any)[0].(map[string]any)["serviceAccountToken"].(map[string]any)
	require.Equal(t, map[string]any{"audience": "aud", "expirationSeconds": 3600.0, "path": "file"}, token)
}

func TestPullSecretWithPodIdentity(t *testing.T) {
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

// TestEntraExchange runs the script against a token endpoint.
func TestEntraExchange(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl")
	}
	const assertion, subject = "assertion-" + graphtest.Canary, "subject-" + graphtest.Canary
	for name, c := range map[string]struct {
		status int
		body   string
		// fails is what the output says; empty when the exchange is fine.
		fails string
	}{
		"an access token":    {http.StatusOK, `{"token_type":"Bearer","expires_in":3599,"access_token":"` + subject + `"}`, ""},
		"spaces and lines":   {http.StatusOK, "{\n  \"access_token\" :\n \"" + subject + "\",\n  \"token_type\": \"Bearer\"\n}", ""},
		"a refusal":          {http.StatusUnauthorized, `{"error":"invalid_client","error_description":"AADSTS700213: No matching federated identity record"}`, "AADSTS700213"},
		"no token in it":     {http.StatusOK, `{"id_token":"` + subject + `"}`, "no access_token"},
		"an empty token":     {http.StatusOK, `{"access_token":""}`, "access_token is empty"},
		"not the right JSON": {http.StatusBadGateway, `<html>bad gateway</html>`, "502"},
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Request
			entra := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				got = *r
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer entra.Close()
			dir := t.TempDir()
			assertionFile, subjectFile := filepath.Join(dir, "assertion"), filepath.Join(dir, "subject")
			require.NoError(t, os.WriteFile(assertionFile, []byte(assertion), 0o600))

			// The stand-in for gcloud answers with the token that it finds.
			manifest, output, err := tokenContainer(t, entraArgs())(t, map[string]string{"gcloud": `read -r t < "$SUBJECT_TOKEN_FILE" || [ -n "$t" ]; echo "google-$t"`},
				"AZURE_AUTHORITY_HOST="+entra.URL, "AZURE_FEDERATED_TOKEN_FILE="+assertionFile, "SUBJECT_TOKEN_FILE="+subjectFile)
			require.NotContains(t, output, graphtest.Canary, "a token is in the log")
			require.Equal(t, "/tenant/oauth2/v2.0/token", got.URL.Path)
			require.Equal(t, url.Values{
				"grant_type": {"client_credentials"}, "client_id": {"client"}, "scope": {"api://app/.default"},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
			}, got.PostForm)
			if c.fails != "" {
				require.Error(t, err)
				require.Contains(t, output, "exchange at Microsoft Entra failed")
				require.Contains(t, output, c.fails)
				require.Empty(t, manifest)
				return
			}
			require.NoError(t, err, output)
			written, err := os.ReadFile(subjectFile)
			require.NoError(t, err)
			require.Equal(t, subject, string(written))
			mode, err := os.Stat(subjectFile)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), mode.Mode())
			require.Contains(t, string(manifest), "dockerconfigjson")
		})
	}
}

// TestFirstRunName: the Job runs again when something that decides the token changes, and at no other change.
func TestFirstRunName(t *testing.T) {
	job := func(change func(*PullSecretArgs)) graphtest.Resource {
		args := ecrArgs()
		change(args)
		return recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job")
	}
	name := func(change func(*PullSecretArgs)) any { return job(change).Input(t, "metadata.name") }
	same := name(func(*PullSecretArgs) {})
	for what, change := range map[string]func(*PullSecretArgs){
		"role":    func(a *PullSecretArgs) { a.Ecr.RoleArn = pulumi.String("arn:aws:iam::111122223333:role/Other") },
		"region":  func(a *PullSecretArgs) { a.Ecr.Region = "us-east-1" },
		"host":    func(a *PullSecretArgs) { a.RegistryHost = "777788889999.dkr.ecr.us-east-1.amazonaws.com" },
		"image":   func(a *PullSecretArgs) { a.Ecr.Image = "mirror.example.com/aws-cli:1" },
		"kubectl": func(a *PullSecretArgs) { a.KubectlImage = "mirror.example.com/kubectl:1" },
		"secret":  func(a *PullSecretArgs) { a.SecretName = "other" },
		"account": func(a *PullSecretArgs) { a.ServiceAccount = "other" },
		"place":   func(a *PullSecretArgs) { a.Namespace = pulumi.String("other") },
	} {
		require.NotEqual(t, same, name(change), what)
	}
	entra := func(change func(*EntraExchangeArgs)) any {
		args := entraArgs()
		change(args.ArtifactRegistry.Entra)
		return recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job").Input(t, "metadata.name")
	}
	unchanged := entra(func(*EntraExchangeArgs) {})
	for what, change := range map[string]func(*EntraExchangeArgs){
		"tenant":    func(e *EntraExchangeArgs) { e.TenantId = pulumi.String("other") },
		"client":    func(e *EntraExchangeArgs) { e.ClientId = pulumi.String("other") },
		"app":       func(e *EntraExchangeArgs) { e.AppIdUri = "api://other" },
		"authority": func(e *EntraExchangeArgs) { e.AuthorityHost = "https://login.microsoftonline.us" },
	} {
		require.NotEqual(t, unchanged, entra(change), what)
	}
	before := job(func(*PullSecretArgs) {})
	for what, change := range map[string]func(*PullSecretArgs){
		"schedule": func(a *PullSecretArgs) { a.Schedule = "0 */2 * * *" },
		"labels":   func(a *PullSecretArgs) { a.Labels = map[string]string{"a": "b"} },
	} {
		after := job(change)
		require.Equal(t, same, after.Input(t, "metadata.name"), what)
		require.Equal(t, before.Input(t, "spec"), after.Input(t, "spec"), "%s: a changed template replaces the Job", what)
	}
}

func TestPullSecretWaitsForTheIdentity(t *testing.T) {
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		role, err := aws.NewEcrPullRole(ctx, "r", &aws.EcrPullRoleArgs{
			RepositoryArns: []string{graphtest.Repository},
			Irsa: &aws.IrsaTrustArgs{
				OidcProviderArn: pulumi.String("arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC"),
				Issuer:          "https://oidc.eks.us-east-1.amazonaws.com/id/ABC", Namespace: "bifrost", ServiceAccount: "bifrost-pull",
			},
		}, on)
		if err != nil {
			return err
		}
		args := ecrArgs()
		args.DependsOn = role.Ready()
		_, err = NewPullSecret(ctx, "x", args, on)
		return err
	})
	require.True(t, g.DependsOn(g.One(t, "kubernetes:batch/v1:Job"), g.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")),
		"a token that is asked for before the policy is attached cannot pull")
}

// tokenContainer returns what runs the script of the init container, with stand-ins for the CLIs by name and further variables.
func tokenContainer(t *testing.T, args *PullSecretArgs) func(t *testing.T, clis map[string]string, vars ...string) (manifest []byte, output string, err error) {
	job := recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job")
	const container = "spec.template.spec.initContainers[0]"
	command := job.Input(t, container+".command").([]any)
	require.Equal(t, []any{"/bin/sh", "-c"}, command[:2])

	return func(t *testing.T, clis map[string]string, vars ...string) (manifest []byte, output string, err error) {
		dir := t.TempDir()
		for name, script := range clis {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755))
		}
		file := filepath.Join(dir, "secret.json")
		c := exec.Command("/bin/sh", "-c", command[2].(string))
		for k, v := range envOf(t, job, container) {
			c.Env = append(c.Env, k+"="+v.(string))
		}
		c.Env = append(append(c.Env, "PATH="+dir+":/usr/bin:/bin", "MANIFEST="+file), vars...)
		out, err := c.CombinedOutput()
		manifest, _ = os.ReadFile(file)
		return manifest, string(out), err
	}
}

// TestTokenScript runs the script of the init container with a stand-in for the cloud's CLI.
func TestTokenScript(t *testing.T) {
	run := tokenContainer(t, ecrArgs())
	manifest, output, err := run(t, map[string]string{"aws": `[ "$*" = "ecr get-login-password" ] && echo ` + graphtest.Canary})
	require.NoError(t, err, output)
	require.NotContains(t, output, graphtest.Canary, "the token is in the log")
	var s struct {
		Kind, Type string
		Metadata   struct{ Name, Namespace string }
		Data       map[string][]byte
	}
	require.NoError(t, json.Unmarshal(manifest, &s))
	require.Equal(t, "Secret", s.Kind)
	require.Equal(t, "kubernetes.io/dockerconfigjson", s.Type)
	require.Equal(t, "ecr-pull-secret", s.Metadata.Name)
	require.Equal(t, "bifrost", s.Metadata.Namespace)
	auth := base64.StdEncoding.EncodeToString([]byte("AWS:" + graphtest.Canary))
	require.JSONEq(t, `{"auths":{"444455556666.dkr.ecr.eu-west-1.amazonaws.com":{"username":"AWS","password":"`+graphtest.Canary+`","auth":"`+auth+`"}}}`,
		string(s.Data[".dockerconfigjson"]))

	for name, aws := range map[string]string{"the CLI fails": "echo denied >&2; exit 254", "the CLI prints nothing": "exit 0"} {
		manifest, _, err := run(t, map[string]string{"aws": aws})
		require.Error(t, err, name)
		require.Empty(t, manifest, "%s: a manifest without a token would replace a good one", name)
	}
}

// TestFailedHop: the last line says which hop failed, behind what the CLI said.
func TestFailedHop(t *testing.T) {
	for want, c := range map[string]struct {
		args *PullSecretArgs
		cli  string
	}{
		"getting a token of Amazon ECR with the role arn:aws:iam::111122223333:role/R failed\n":               {ecrArgs(), "aws"},
		"exchange at Google Cloud (security token service, then the service account's access token) failed\n": {arArgs(), "gcloud"},
	} {
		_, output, err := tokenContainer(t, c.args)(t, map[string]string{c.cli: "echo denied >&2; exit 1"})
		require.Error(t, err)
		require.Equal(t, "denied\n"+want, output)
	}
}

func TestPullSecretRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		args  *PullSecretArgs
		paths []string
	}{
		"nothing":     {&PullSecretArgs{}, []string{"namespace", "registryHost", "ecr"}},
		"two sources": {&PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r.example.com", Ecr: ecrArgs().Ecr, ArtifactRegistry: arArgs().ArtifactRegistry}, []string{"ecr"}},
		"ecr": {&PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r", Ecr: &EcrTokenArgs{Region: "x"}, SecretName: "A", ServiceAccount: "B", Schedule: "x", KubectlImage: "kubectl:latest"},
			[]string{"registryHost", "ecr.roleArn", "ecr.region", "secretName", "serviceAccount", "schedule", "kubectlImage"}},
		"artifact registry": {&PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r.example.com", ArtifactRegistry: &ArtifactRegistryTokenArgs{TokenFile: "/x"}},
			[]string{"artifactRegistry.credentialConfig", "artifactRegistry.tokenFile"}},
		"pod identity with a role": {&PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r.example.com", Ecr: &EcrTokenArgs{Region: "us-east-1", PodIdentity: true, RoleArn: pulumi.String("r")}},
			[]string{"ecr.roleArn"}},
		"entra": {&PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r.example.com", ArtifactRegistry: &ArtifactRegistryTokenArgs{
			CredentialConfig: pulumi.String("{}"), TokenAudience: "other", TokenFile: "/var/run/secrets/bifrost/azure/token",
			Entra: &EntraExchangeArgs{AppIdUri: "app", AuthorityHost: "https://login.microsoftonline.com/"},
		}}, []string{
			"artifactRegistry.tokenAudience", "artifactRegistry.tokenFile", "artifactRegistry.entra.tenantId", "artifactRegistry.entra.clientId",
			"artifactRegistry.entra.appIdUri", "artifactRegistry.entra.authorityHost",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.RequireRefused(t, c.args.Validate(), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := NewPullSecret(ctx, "x", c.args, on)
				return err
			})
		})
	}
}

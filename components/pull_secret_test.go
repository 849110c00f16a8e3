package components

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation"

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

func recordPullSecret(t *testing.T, args *PullSecretArgs) *graphtest.Graph {
	return record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
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
	}
	require.Equal(t, "RuntimeDefault", job.Input(t, pod+".securityContext.seccompProfile.type"))

	vars := envOf(t, job, pod+".initContainers[0]")
	require.Equal(t, "arn:aws:iam::111122223333:role/R", vars["AWS_ROLE_ARN"])
	require.Equal(t, "/var/run/secrets/bifrost/aws/token", vars["AWS_WEB_IDENTITY_TOKEN_FILE"])
	require.Equal(t, "eu-west-1", vars["AWS_REGION"])

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
	g := record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		role, err := NewEcrPullRole(ctx, "r", irsaArgs(), on)
		if err != nil {
			return err
		}
		args := ecrArgs()
		args.DependsOn = []pulumi.Resource{role}
		_, err = NewPullSecret(ctx, "x", args, on)
		return err
	})
	require.True(t, g.DependsOn(g.One(t, "kubernetes:batch/v1:Job"), g.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")),
		"a token that is asked for before the policy is attached cannot pull")
}

// TestTokenScript runs the script of the init container with a stand-in for the cloud's CLI.
func TestTokenScript(t *testing.T) {
	job := recordPullSecret(t, ecrArgs()).One(t, "kubernetes:batch/v1:Job")
	const container = "spec.template.spec.initContainers[0]"
	command := job.Input(t, container+".command").([]any)
	require.Equal(t, []any{"/bin/sh", "-c"}, command[:2])

	run := func(t *testing.T, aws string) (manifest []byte, output string, err error) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "aws"), []byte("#!/bin/sh\n"+aws), 0o755))
		file := filepath.Join(dir, "secret.json")
		c := exec.Command("/bin/sh", "-c", command[2].(string))
		for k, v := range envOf(t, job, container) {
			c.Env = append(c.Env, k+"="+v.(string))
		}
		c.Env = append(c.Env, "PATH="+dir+":/usr/bin:/bin", "MANIFEST="+file)
		out, err := c.CombinedOutput()
		manifest, _ = os.ReadFile(file)
		return manifest, string(out), err
	}

	manifest, output, err := run(t, `[ "$*" = "ecr get-login-password" ] && echo `+canary)
	require.NoError(t, err, output)
	require.NotContains(t, output, canary, "the token is in the log")
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
	auth := base64.StdEncoding.EncodeToString([]byte("AWS:" + canary))
	require.JSONEq(t, `{"auths":{"444455556666.dkr.ecr.eu-west-1.amazonaws.com":{"username":"AWS","password":"`+canary+`","auth":"`+auth+`"}}}`,
		string(s.Data[".dockerconfigjson"]))

	for name, aws := range map[string]string{"the CLI fails": "echo denied >&2; exit 254", "the CLI prints nothing": "exit 0"} {
		manifest, _, err := run(t, aws)
		require.Error(t, err, name)
		require.Empty(t, manifest, "%s: a manifest without a token would replace a good one", name)
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
	} {
		t.Run(name, func(t *testing.T) {
			requireRefused(t, c.args.Validate(), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := NewPullSecret(ctx, "x", c.args, on)
				return err
			})
		})
	}
}

package kubernetes_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

func ecrArgs() *kubernetes.PullSecretArgs {
	return &kubernetes.PullSecretArgs{
		Namespace: pulumi.String("bifrost"), RegistryHost: "444455556666.dkr.ecr.eu-west-1.amazonaws.com",
		Ecr: &kubernetes.EcrTokenArgs{RoleArn: pulumi.String("arn:aws:iam::111122223333:role/R"), Region: "eu-west-1"},
	}
}

func arArgs() *kubernetes.PullSecretArgs {
	return &kubernetes.PullSecretArgs{
		Namespace: pulumi.String("bifrost"), RegistryHost: "europe-west1-docker.pkg.dev",
		ArtifactRegistry: &kubernetes.ArtifactRegistryTokenArgs{CredentialConfig: pulumi.String(`{"type":"external_account"}`)},
	}
}

func entraArgs() *kubernetes.PullSecretArgs {
	args := arArgs()
	args.ArtifactRegistry.Entra = &kubernetes.EntraExchangeArgs{
		TenantId: pulumi.String("tenant"), ClientId: pulumi.String("client"), AppIdUri: "api://app",
	}
	return args
}

func injectedArgs() *kubernetes.PullSecretArgs {
	args := ecrArgs()
	args.Ecr.RoleArn, args.Ecr.PodIdentity = nil, true
	return args
}

func recordPullSecret(t *testing.T, args *kubernetes.PullSecretArgs) *graphtest.Graph {
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := kubernetes.NewPullSecret(ctx, "x", args, on)
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

// TestPullSecretReady: who uses the Secret waits for its first token, and takes nothing from the Job.
func TestPullSecretReady(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		pull, err := kubernetes.NewPullSecret(ctx, "x", ecrArgs(), on)
		if err != nil {
			return err
		}
		args := workloadArgs()
		args.PullSecret, args.DependsOn = pull.SecretName, pull.Ready()
		_, err = kubernetes.NewBifrostWorkload(ctx, "y", args, on)
		return err
	})
	pods := g.One(t, deploymentType)
	require.Equal(t, "ecr-pull-secret", pods.Input(t, "spec.template.spec.imagePullSecrets[0].name"))
	require.True(t, g.DependsOn(pods, g.One(t, "kubernetes:batch/v1:Job")))
	require.True(t, g.DependsOn(pods, g.Named(t, "kubernetes:core/v1:Secret", "x-secret")))
	require.Empty(t, pods.Request.GetPropertyDependencies()["spec"].GetUrns())
}

func TestPullSecretObjects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args                      *kubernetes.PullSecretArgs
		secret, cronJob, schedule string
	}{
		"ecr":               {ecrArgs(), "ecr-pull-secret", "refresh-ecr-secret", "0 * * * *"},
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
			require.EqualValues(t, 2, cron.Input(t, "spec.jobTemplate.spec.backoffLimit"))

			job := g.One(t, "kubernetes:batch/v1:Job")
			require.Equal(t, "true", job.Input(t, `metadata.annotations["pulumi.com/replaceUnready"]`))
			require.Equal(t, "uid-of-x-secret", job.Input(t, `spec.template.metadata.annotations["bifrost.dev/secret-uid"]`))
			require.False(t, job.Has("spec.ttlSecondsAfterFinished"), "a Job that vanishes runs again")
			require.True(t, g.DependsOn(job, binding))
			require.True(t, g.DependsOn(job, s))
			require.True(t, g.DependsOn(cron, s))

			require.Equal(t, cron.Input(t, "spec.jobTemplate.spec.template.spec"), job.Input(t, "spec.template.spec"), "both run the same pod")
			for _, r := range g.Resources {
				if r.Request.GetCustom() && strings.HasPrefix(r.Type, "kubernetes:") {
					require.Equal(t, g.One(t, kubernetes.PullSecretType).URN, r.Parent())
				}
			}
		})
	}
}

// TestFirstRunTemplate: the Job is another one, when something that decides the token changes, and at no other change.
func TestFirstRunTemplate(t *testing.T) {
	t.Parallel()
	job := func(change func(*kubernetes.PullSecretArgs)) graphtest.Resource {
		args := ecrArgs()
		change(args)
		return recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job")
	}
	template := func(change func(*kubernetes.PullSecretArgs)) any {
		made := job(change)
		require.False(t, made.Has("metadata.name"), "a name would be taken where an up has failed")
		return made.Input(t, "spec.template")
	}
	same := template(func(*kubernetes.PullSecretArgs) {})
	for what, change := range map[string]func(*kubernetes.PullSecretArgs){
		"role": func(a *kubernetes.PullSecretArgs) {
			a.Ecr.RoleArn = pulumi.String("arn:aws:iam::111122223333:role/Other")
		},
		"region":  func(a *kubernetes.PullSecretArgs) { a.Ecr.Region = "us-east-1" },
		"host":    func(a *kubernetes.PullSecretArgs) { a.RegistryHost = "777788889999.dkr.ecr.us-east-1.amazonaws.com" },
		"image":   func(a *kubernetes.PullSecretArgs) { a.Ecr.Image = "mirror.example.com/aws-cli:1" },
		"kubectl": func(a *kubernetes.PullSecretArgs) { a.KubectlImage = "mirror.example.com/kubectl:1" },
		"secret":  func(a *kubernetes.PullSecretArgs) { a.SecretName = "other" },
		"account": func(a *kubernetes.PullSecretArgs) { a.ServiceAccount = "other" },
		"place":   func(a *kubernetes.PullSecretArgs) { a.Namespace = pulumi.String("other") },
		"labels":  func(a *kubernetes.PullSecretArgs) { a.Labels = map[string]string{"a": "b"} },
		"variables": func(a *kubernetes.PullSecretArgs) {
			a.Pods = &kubernetes.PullSecretPodArgs{Env: map[string]string{"HTTPS_PROXY": "http://proxy:3128"}}
		},
		"tolerations": func(a *kubernetes.PullSecretArgs) {
			a.Pods = &kubernetes.PullSecretPodArgs{Scheduling: &kubernetes.WorkloadSchedulingArgs{Tolerations: tolerateAll}}
		},
		"authorities": func(a *kubernetes.PullSecretArgs) { a.Pods = withCa("PEM") },
	} {
		require.NotEqual(t, same, template(change), what)
	}
	require.NotEqual(t, template(func(a *kubernetes.PullSecretArgs) { a.Pods = withCa("PEM") }),
		template(func(a *kubernetes.PullSecretArgs) { a.Pods = withCa("OTHER") }), "the same file with other authorities in it")
	entra := func(change func(*kubernetes.EntraExchangeArgs)) any {
		args := entraArgs()
		change(args.ArtifactRegistry.Entra)
		return recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job").Input(t, "spec.template")
	}
	unchanged := entra(func(*kubernetes.EntraExchangeArgs) {})
	for what, change := range map[string]func(*kubernetes.EntraExchangeArgs){
		"tenant":    func(e *kubernetes.EntraExchangeArgs) { e.TenantId = pulumi.String("other") },
		"client":    func(e *kubernetes.EntraExchangeArgs) { e.ClientId = pulumi.String("other") },
		"app":       func(e *kubernetes.EntraExchangeArgs) { e.AppIdUri = "api://other" },
		"authority": func(e *kubernetes.EntraExchangeArgs) { e.AuthorityHost = "https://login.microsoftonline.us" },
	} {
		require.NotEqual(t, unchanged, entra(change), what)
	}
	before, after := job(func(*kubernetes.PullSecretArgs) {}), job(func(a *kubernetes.PullSecretArgs) { a.Schedule = "0 */2 * * *" })
	require.Equal(t, same, after.Input(t, "spec.template"))
	require.Equal(t, before.Input(t, "spec"), after.Input(t, "spec"))
}

func TestPullSecretRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args  *kubernetes.PullSecretArgs
		paths []string
	}{
		"nothing":     {&kubernetes.PullSecretArgs{}, []string{"namespace", "registryHost", "ecr"}},
		"two sources": {&kubernetes.PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r.example.com", Ecr: ecrArgs().Ecr, ArtifactRegistry: arArgs().ArtifactRegistry}, []string{"ecr"}},
		"ecr": {&kubernetes.PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r", Ecr: &kubernetes.EcrTokenArgs{Region: "x"}, SecretName: "A", ServiceAccount: "B", Schedule: "x", KubectlImage: "kubectl:latest"},
			[]string{"registryHost", "ecr.roleArn", "ecr.region", "secretName", "serviceAccount", "schedule", "kubectlImage"}},
		"artifact registry": {&kubernetes.PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r.example.com", ArtifactRegistry: &kubernetes.ArtifactRegistryTokenArgs{TokenFile: "/x"}},
			[]string{"artifactRegistry.credentialConfig", "artifactRegistry.tokenFile"}},
		"pod identity with a role": {&kubernetes.PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r.example.com", Ecr: &kubernetes.EcrTokenArgs{Region: "us-east-1", PodIdentity: true, RoleArn: pulumi.String("r")}},
			[]string{"ecr.roleArn"}},
		"entra": {&kubernetes.PullSecretArgs{Namespace: pulumi.String("n"), RegistryHost: "r.example.com", ArtifactRegistry: &kubernetes.ArtifactRegistryTokenArgs{
			CredentialConfig: pulumi.String("{}"), TokenAudience: "other", TokenFile: "/var/run/secrets/bifrost/azure/token",
			Entra: &kubernetes.EntraExchangeArgs{AppIdUri: "app", AuthorityHost: "https://login.microsoftonline.com/"},
		}}, []string{
			"artifactRegistry.tokenAudience", "artifactRegistry.tokenFile", "artifactRegistry.entra.tenantId", "artifactRegistry.entra.clientId",
			"artifactRegistry.entra.appIdUri", "artifactRegistry.entra.authorityHost",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.RequireRefused(t, c.args.Validate(nil), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := kubernetes.NewPullSecret(ctx, "x", c.args, on)
				return err
			})
		})
	}
}

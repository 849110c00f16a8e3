package kubernetes

import (
	"cmp"
	_ "embed" // the scripts
	"encoding/base64"
	"fmt"
	"path"
	"slices"
	"time"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/iampolicy"
	"bifrost/internal/names"
)

// PullSecretType is the type token of PullSecret.
const PullSecretType = "bifrost:index:PullSecret"

// Defaults of a PullSecret.
const (
	DefaultPullServiceAccount = "bifrost-pull"

	DefaultEcrSecretName  = "ecr-pull-secret"
	DefaultEcrCronJobName = "refresh-ecr-secret"
	// An ECR token lives 12 hours: the schedule survives one missed run.
	DefaultEcrSchedule = "0 */6 * * *"

	DefaultArSecretName  = "ar-pull-secret"
	DefaultArCronJobName = "refresh-ar-secret"
	// A Google access token lives 60 minutes: the schedule survives one missed run.
	DefaultArSchedule = "*/20 * * * *"

	DefaultAwsImage     = "public.ecr.aws/aws-cli/aws-cli:2.37.1"
	DefaultGcloudImage  = "gcr.io/google.com/cloudsdktool/google-cloud-cli:573.0.0-stable"
	DefaultKubectlImage = "registry.k8s.io/kubectl:v1.34.3"

	// DefaultGcpTokenFile is where the vendor's credential configurations look for the ServiceAccount token. The
	// workload-identity webhook leaves these pods alone: they do not carry its label.
	DefaultGcpTokenFile = "/var/run/secrets/azure/tokens/azure-identity-token"

	// DefaultEntraAuthority is the host of Microsoft Entra's token endpoint in Azure's public cloud.
	DefaultEntraAuthority = "https://login.microsoftonline.com"

	roleName        = "secret-manager"
	roleBindingName = "secret-manager-binding"

	credentialConfigMap  = "gcp-credential-config"
	credentialConfigKey  = "credential-config.json"
	credentialConfigDir  = "/etc/gcp"
	awsTokenDir          = "/var/run/secrets/bifrost/aws"
	azureTokenDir        = "/var/run/secrets/bifrost/azure"
	kubernetesTokenDir   = "/var/run/secrets/kubernetes.io/serviceaccount"
	workDir              = "/work"
	refresherUid         = 65532
	tokenLifetimeSeconds = 3600
	emptyDockerConfig    = `{"auths":{}}`

	// A scheduled run has less than the shortest schedule; the first one waits for fresh federation, which takes minutes.
	scheduledDeadlineSeconds = 300
	scheduledBackoffLimit    = 2
	firstRunDeadlineSeconds  = 600
	firstRunBackoffLimit     = 6
	firstRunTimeout          = "12m"
)

// PullSecretArgs are the arguments of NewPullSecret. Exactly one of Ecr and ArtifactRegistry says where tokens come from.
type PullSecretArgs struct {
	// Namespace of everything; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// RegistryHost is the registry that the Secret is for, such as 444455556666.dkr.ecr.us-east-1.amazonaws.com.
	RegistryHost string `pulumi:"registryHost"`
	// Ecr takes tokens from Amazon ECR.
	Ecr *EcrTokenArgs `pulumi:"ecr,optional"`
	// ArtifactRegistry takes tokens from Google Cloud through workload identity federation.
	ArtifactRegistry *ArtifactRegistryTokenArgs `pulumi:"artifactRegistry,optional"`
	// SecretName of the pull Secret. Default ecr-pull-secret or ar-pull-secret.
	SecretName string `pulumi:"secretName,optional"`
	// ServiceAccount of the refresher, made here: the subject that clouds trust. Default bifrost-pull.
	ServiceAccount string `pulumi:"serviceAccount,optional"`
	// Schedule in cron's five fields, in the cluster's time zone. Default every 6 hours for ECR, every 20 minutes for Artifact Registry.
	Schedule string `pulumi:"schedule,optional"`
	// KubectlImage writes the Secret.
	KubectlImage string `pulumi:"kubectlImage,optional"`
	// NetworkPolicy of the refresher's pods. Default: nothing in; DNS, HTTPS and the API server out.
	NetworkPolicy *PullSecretNetworkPolicyArgs `pulumi:"networkPolicy,optional"`
	// AlertRules make a PrometheusRule.
	AlertRules *PullSecretAlertRulesArgs `pulumi:"alertRules,optional"`
	// Labels of all objects.
	Labels map[string]string `pulumi:"labels,optional"`
	// DependsOn is what must exist before a token can be had: the role with its policies, the federated credential.
	DependsOn []pulumi.Resource
}

// EcrTokenArgs take tokens from Amazon ECR, as a role that trusts the refresher's ServiceAccount: through the cluster's OIDC
// issuer (IRSA) or through EKS Pod Identity.
type EcrTokenArgs struct {
	// RoleArn is assumed with a projected token of the refresher's own. Nothing depends on the EKS webhook, which can
	// miss a pod made right after its ServiceAccount (amazon-eks-pod-identity-webhook issue 174). Nil with PodIdentity.
	RoleArn pulumi.StringInput `pulumi:"roleArn,optional"`
	// PodIdentity takes the credentials that EKS injects for the ServiceAccount's pod identity association, which
	// PullSecretArgs.DependsOn should hold. A pod without them fails, and does not fall back to its node's role.
	PodIdentity bool `pulumi:"podIdentity,optional"`
	// Region of the registry.
	Region string `pulumi:"region"`
	// Image with the AWS CLI.
	Image string `pulumi:"image,optional"`
}

// ArtifactRegistryTokenArgs take tokens from Google Cloud with a credential configuration of type external_account. Google is
// shown the ServiceAccount's own token or, with Entra, the managed identity's.
type ArtifactRegistryTokenArgs struct {
	// CredentialConfig is the JSON document; its credential_source.file must be TokenFile. It holds no secret.
	CredentialConfig pulumi.StringInput `pulumi:"credentialConfig"`
	// TokenAudience of the projected ServiceAccount token. Default api://AzureADTokenExchange; with Entra it is always that.
	TokenAudience string `pulumi:"tokenAudience,optional"`
	// TokenFile is the absolute path at which Google's side is shown a token, in a folder of its own. Default
	// /var/run/secrets/azure/tokens/azure-identity-token.
	TokenFile string `pulumi:"tokenFile,optional"`
	// Entra first exchanges the ServiceAccount's token for a managed identity's.
	Entra *EntraExchangeArgs `pulumi:"entra,optional"`
	// Image with the Google Cloud CLI, and with Entra curl.
	Image string `pulumi:"image,optional"`
}

// EntraExchangeArgs say which managed identity's token Google's side is shown. A federated credential of the identity must trust
// the refresher's ServiceAccount, with the audience api://AzureADTokenExchange.
type EntraExchangeArgs struct {
	// TenantId and ClientId are the managed identity's.
	TenantId pulumi.StringInput `pulumi:"tenantId"`
	ClientId pulumi.StringInput `pulumi:"clientId"`
	// AppIdUri is the Application ID URI of the app registration that the token is for.
	AppIdUri string `pulumi:"appIdUri"`
	// AuthorityHost is the token endpoint's, without a slash at its end. Default https://login.microsoftonline.com.
	AuthorityHost string `pulumi:"authorityHost,optional"`
}

// PullSecretNetworkPolicyArgs say what the refresher's pods reach.
type PullSecretNetworkPolicyArgs struct {
	// Disabled makes no policy.
	Disabled bool `pulumi:"disabled,optional"`
	// ExtraEgress are further rules, such as for a proxy on the way out.
	ExtraEgress networkingv1.NetworkPolicyEgressRuleArray `pulumi:"extraEgress,optional"`
}

// PullSecretAlertRulesArgs warn of a refresh that fails and of a token that is older than its life, by the metrics of kube-state-metrics.
// The Prometheus Operator's CRD must be there: `up` stops before the rules where it is not.
type PullSecretAlertRulesArgs struct {
	// Labels by which a Prometheus picks its rules.
	Labels map[string]string `pulumi:"labels,optional"`
}

// PullSecret is an image pull Secret whose content never outlives a registry token, and what keeps it fresh: a
// ServiceAccount that may create and patch this one Secret and nothing else, a CronJob, and a Job for the first token. The
// Secret is written in place, so that pulls never meet a missing one, and Pulumi never reverts its content. It is ready to be used once it
// holds its first token: pods that name it depend on Ready.
type PullSecret struct {
	pulumi.ResourceState
	component.Rights

	// SecretName is the Secret's name and waits for nothing. A Job that failed is replaced by the next up: were the name an output of it, the
	// spec of a running Deployment would be unknown meanwhile, and the provider would delete the Deployment first.
	SecretName pulumi.StringOutput `pulumi:"secretName"`
	// FirstRun is the name of the Job that fetched the first token.
	FirstRun pulumi.StringOutput `pulumi:"firstRun"`
	// CronJob is the name of the CronJob.
	CronJob pulumi.StringOutput `pulumi:"cronJob"`
}

// Validate reports every problem of the arguments.
func (a *PullSecretArgs) Validate() field.ErrorList {
	var errs field.ErrorList
	if a.Namespace == nil {
		errs = append(errs, field.Required(field.NewPath("namespace"), "the namespace of the Secret"))
	}
	errs = append(errs, check.Required(field.NewPath("registryHost"), a.RegistryHost, check.RegistryHost)...)
	switch {
	case (a.Ecr == nil) == (a.ArtifactRegistry == nil):
		errs = append(errs, field.Required(field.NewPath("ecr"), "give exactly one of ecr and artifactRegistry"))
	case a.Ecr != nil:
		errs = append(errs, a.Ecr.validateRole(field.NewPath("ecr", "roleArn"))...)
		errs = append(errs, check.Required(field.NewPath("ecr", "region"), a.Ecr.Region, check.Region)...)
	default:
		errs = append(errs, a.ArtifactRegistry.validate(field.NewPath("artifactRegistry"))...)
	}
	if a.SecretName != "" {
		errs = append(errs, check.Subdomain(field.NewPath("secretName"), a.SecretName)...)
	}
	if a.ServiceAccount != "" {
		errs = append(errs, check.Subdomain(field.NewPath("serviceAccount"), a.ServiceAccount)...)
	}
	errs = append(errs, check.Cron(field.NewPath("schedule"), a.Schedule)...)
	errs = append(errs, a.validateImages()...)
	if a.AlertRules != nil {
		errs = append(errs, check.Labels(field.NewPath("alertRules", "labels"), a.AlertRules.Labels)...)
	}
	return append(errs, check.Labels(field.NewPath("labels"), a.Labels)...)
}

func (a *EcrTokenArgs) validateRole(p *field.Path) field.ErrorList {
	switch {
	case a.PodIdentity && a.RoleArn != nil:
		return field.ErrorList{field.Forbidden(p, "the pod identity association names the role; remove it or podIdentity")}
	case !a.PodIdentity && a.RoleArn == nil:
		return field.ErrorList{field.Required(p, "the role that may pull")}
	}
	return nil
}

func (a *ArtifactRegistryTokenArgs) validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.CredentialConfig == nil {
		errs = append(errs, field.Required(p.Child("credentialConfig"), "the credential configuration that the vendor sent"))
	}
	errs = append(errs, ValidateTokenFile(p.Child("tokenFile"), a.TokenFile)...)
	if a.Entra == nil {
		return errs
	}
	if a.TokenAudience != "" && a.TokenAudience != iampolicy.AzureTokenExchangeAudience {
		errs = append(errs, field.Invalid(p.Child("tokenAudience"), a.TokenAudience, "with entra the token goes to Microsoft Entra, and its audience is "+iampolicy.AzureTokenExchangeAudience))
	}
	p = p.Child("entra")
	if a.Entra.TenantId == nil {
		errs = append(errs, field.Required(p.Child("tenantId"), "the tenant of the managed identity"))
	}
	if a.Entra.ClientId == nil {
		errs = append(errs, field.Required(p.Child("clientId"), "the client id of the managed identity"))
	}
	errs = append(errs, check.Required(p.Child("appIdUri"), a.Entra.AppIdUri, check.AppIdUri)...)
	return append(errs, check.Optional(p.Child("authorityHost"), a.Entra.AuthorityHost, check.Origin)...)
}

// ValidateTokenFile checks the path at which a token is mounted; an empty one is absent. Its folder becomes a volume, which must
// not cover another.
func ValidateTokenFile(p *field.Path, file string) field.ErrorList {
	if problems := check.File(p, file); len(problems) > 0 {
		return problems
	}
	taken := []string{workDir, credentialConfigDir, azureTokenDir}
	if slices.Contains(taken, path.Dir(file)) {
		return field.ErrorList{field.Invalid(p, file, "something else is mounted at "+path.Dir(file)+"; write the path of a file in a folder of its own")}
	}
	return nil
}

func (a *PullSecretArgs) validateImages() field.ErrorList {
	errs := image.Validate(field.NewPath("kubectlImage"), cmp.Or(a.KubectlImage, DefaultKubectlImage))
	if a.Ecr != nil {
		errs = append(errs, image.Validate(field.NewPath("ecr", "image"), cmp.Or(a.Ecr.Image, DefaultAwsImage))...)
	}
	if a.ArtifactRegistry != nil {
		errs = append(errs, image.Validate(field.NewPath("artifactRegistry", "image"), cmp.Or(a.ArtifactRegistry.Image, DefaultGcloudImage))...)
	}
	return errs
}

// tokenSource is what tells the two registries apart: all values below are decided by Validate's exclusive choice.
type tokenSource struct {
	secretName, cronJobName, schedule string
	image, script, user               string
	tokenLife                         time.Duration
	// inputs are the values besides the script that decide which token comes out.
	inputs  pulumi.StringArray
	env     corev1.EnvVarArray
	mounts  corev1.VolumeMountArray
	volumes corev1.VolumeArray
}

// podLabels are what the refresher's pods are picked by, of a scheduled run and of the first one.
func (s tokenSource) podLabels() map[string]string { return map[string]string{"app": s.cronJobName} }

var (
	//go:embed scripts/write_secret.sh
	writeSecretScript string
	//go:embed scripts/pod_identity.sh
	podIdentityScript string
	//go:embed scripts/entra.sh
	entraScript string
)

// tokenScript gets a token with a CLI's command, in a shell without pipefail, and writes the Secret's manifest. First is
// what the command needs done before it; hop is what has failed when the command fails, behind the CLI's own words.
func tokenScript(first, command, hop string) string {
	return "set -eu\numask 077\n" + first +
		"token=$(" + command + ") || { echo \"" + hop + " failed\" >&2; exit 1; }\n" + writeSecretScript
}

func ecrSource(a *EcrTokenArgs) tokenSource {
	source := tokenSource{
		secretName: DefaultEcrSecretName, cronJobName: DefaultEcrCronJobName, schedule: DefaultEcrSchedule,
		image: cmp.Or(a.Image, DefaultAwsImage), user: "AWS", tokenLife: ecrTokenLife,
		env: corev1.EnvVarArray{
			env("AWS_REGION", pulumi.String(a.Region)),
			env("AWS_STS_REGIONAL_ENDPOINTS", pulumi.String("regional")),
			// The node's role is no way to a token here, whatever the CLI finds missing.
			env("AWS_EC2_METADATA_DISABLED", pulumi.String("true")),
		},
	}
	const command = "aws ecr get-login-password"
	if a.PodIdentity {
		source.script = tokenScript(podIdentityScript, command, "getting a token of Amazon ECR with EKS Pod Identity")
		source.inputs = pulumi.StringArray{pulumi.String(a.Region)}
		return source
	}
	source.script = tokenScript("", command, "getting a token of Amazon ECR with the role $AWS_ROLE_ARN")
	source.inputs = pulumi.StringArray{a.RoleArn, pulumi.String(a.Region)}
	source.env = append(source.env,
		env("AWS_ROLE_ARN", a.RoleArn),
		env("AWS_WEB_IDENTITY_TOKEN_FILE", pulumi.String(awsTokenDir+"/token")),
		env("AWS_ROLE_SESSION_NAME", pulumi.String("bifrost-pull")),
	)
	source.mounts = corev1.VolumeMountArray{mount("aws-token", awsTokenDir)}
	source.volumes = corev1.VolumeArray{tokenVolume("aws-token", iampolicy.STSAudience, "token")}
	return source
}

func artifactRegistrySource(a *ArtifactRegistryTokenArgs, configMap pulumi.StringInput) tokenSource {
	tokenFile := cmp.Or(a.TokenFile, DefaultGcpTokenFile)
	audience := cmp.Or(a.TokenAudience, iampolicy.AzureTokenExchangeAudience)
	source := tokenSource{
		secretName: DefaultArSecretName, cronJobName: DefaultArCronJobName, schedule: DefaultArSchedule,
		image: cmp.Or(a.Image, DefaultGcloudImage), user: "oauth2accesstoken", tokenLife: googleTokenLife,
		inputs: pulumi.StringArray{a.CredentialConfig, pulumi.String(audience), pulumi.String(tokenFile)},
		env: corev1.EnvVarArray{
			// gcloud does not read GOOGLE_APPLICATION_CREDENTIALS; this property it does.
			env("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", pulumi.String(credentialConfigDir+"/"+credentialConfigKey)),
			env("CLOUDSDK_CONFIG", pulumi.String(workDir+"/gcloud")),
			env("CLOUDSDK_CORE_DISABLE_PROMPTS", pulumi.String("1")),
		},
		mounts: corev1.VolumeMountArray{mount("gcp-credential-config", credentialConfigDir)},
		volumes: corev1.VolumeArray{
			&corev1.VolumeArgs{Name: pulumi.String("gcp-credential-config"), ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: configMap}},
		},
	}
	const (
		command = "gcloud auth print-access-token"
		hop     = "exchange at Google Cloud (security token service, then the service account's access token)"
	)
	if a.Entra == nil {
		source.script = tokenScript("", command, hop)
		source.mounts = append(source.mounts, mount("gcp-token", path.Dir(tokenFile)))
		source.volumes = append(source.volumes, tokenVolume("gcp-token", audience, path.Base(tokenFile)))
		return source
	}

	authority, scope := cmp.Or(a.Entra.AuthorityHost, DefaultEntraAuthority), a.Entra.AppIdUri+"/.default"
	source.script = tokenScript(entraScript, command, hop)
	source.inputs = append(source.inputs, a.Entra.TenantId, a.Entra.ClientId, pulumi.String(authority), pulumi.String(scope))
	// The first four have the names that Azure's workload identity gives them; its webhook leaves these pods alone.
	source.env = append(source.env,
		env("AZURE_AUTHORITY_HOST", pulumi.String(authority)),
		env("AZURE_TENANT_ID", a.Entra.TenantId),
		env("AZURE_CLIENT_ID", a.Entra.ClientId),
		env("AZURE_FEDERATED_TOKEN_FILE", pulumi.String(azureTokenDir+"/token")),
		env("ENTRA_SCOPE", pulumi.String(scope)),
		env("SUBJECT_TOKEN_FILE", pulumi.String(tokenFile)),
	)
	source.mounts = append(source.mounts, mount("azure-token", azureTokenDir), writable("gcp-token", path.Dir(tokenFile)))
	source.volumes = append(source.volumes, tokenVolume("azure-token", iampolicy.AzureTokenExchangeAudience, "token"), memory("gcp-token", "1Mi"))
	return source
}

// NewPullSecret makes the Secret and what keeps it fresh.
func NewPullSecret(ctx *pulumi.Context, name string, args *PullSecretArgs, opts ...pulumi.ResourceOption) (*PullSecret, error) {
	if err := component.Refuse(PullSecretType, name, args.Validate()); err != nil {
		return nil, err
	}
	c := &PullSecret{}
	if err := ctx.RegisterComponentResource(PullSecretType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", PullSecretType, name, err)
	}
	meta := func(objectName pulumi.StringInput) *metav1.ObjectMetaArgs {
		return &metav1.ObjectMetaArgs{Name: objectName, Namespace: args.Namespace, Labels: component.Merge(args.Labels)}
	}

	var source tokenSource
	if args.Ecr != nil {
		source = ecrSource(args.Ecr)
	} else {
		configMap, err := corev1.NewConfigMap(ctx, name+"-credential-config", &corev1.ConfigMapArgs{
			Metadata: meta(pulumi.String(credentialConfigMap)),
			Data:     pulumi.StringMap{credentialConfigKey: args.ArtifactRegistry.CredentialConfig},
		}, pulumi.Parent(c))
		if err != nil {
			return nil, fmt.Errorf("%s: credential configuration: %w", name, err)
		}
		source = artifactRegistrySource(args.ArtifactRegistry, configMap.Metadata.Name().Elem())
	}
	secretName := cmp.Or(args.SecretName, source.secretName)

	serviceAccount, err := corev1.NewServiceAccount(ctx, name+"-service-account", &corev1.ServiceAccountArgs{
		Metadata:                     meta(pulumi.String(cmp.Or(args.ServiceAccount, DefaultPullServiceAccount))),
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: service account: %w", name, err)
	}

	// The type cannot change later and the content must be valid JSON from the start. Seeded through data, not
	// stringData, so that ignoring changes of data covers everything a refresh writes.
	secret, err := corev1.NewSecret(ctx, name+"-secret", &corev1.SecretArgs{
		Metadata: meta(pulumi.String(secretName)),
		Type:     pulumi.String("kubernetes.io/dockerconfigjson"),
		Data:     pulumi.StringMap{".dockerconfigjson": pulumi.String(base64.StdEncoding.EncodeToString([]byte(emptyDockerConfig)))},
	}, pulumi.Parent(c), pulumi.IgnoreChanges([]string{"data"}))
	if err != nil {
		return nil, fmt.Errorf("%s: secret: %w", name, err)
	}

	// Server-side apply needs patch alone; create lets it heal a Secret that was deleted. No get or list: only the answer to its
	// own patch shows it this one Secret (docs/e2e.md, "What is left").
	role, err := rbacv1.NewRole(ctx, name+"-role", &rbacv1.RoleArgs{
		Metadata: meta(pulumi.String(roleName)),
		Rules: rbacv1.PolicyRuleArray{&rbacv1.PolicyRuleArgs{
			ApiGroups:     pulumi.StringArray{pulumi.String("")},
			Resources:     pulumi.StringArray{pulumi.String("secrets")},
			ResourceNames: pulumi.StringArray{pulumi.String(secretName)},
			Verbs:         pulumi.StringArray{pulumi.String("create"), pulumi.String("patch")},
		}},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: role: %w", name, err)
	}

	binding, err := rbacv1.NewRoleBinding(ctx, name+"-role-binding", &rbacv1.RoleBindingArgs{
		Metadata: meta(pulumi.String(roleBindingName)),
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("Role"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: rbacv1.SubjectArray{&rbacv1.SubjectArgs{
			Kind:      pulumi.String("ServiceAccount"),
			Name:      serviceAccount.Metadata.Name().Elem(),
			Namespace: args.Namespace,
		}},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: role binding: %w", name, err)
	}

	if err := args.newNetworkPolicy(ctx, name, c, meta(pulumi.String(DefaultPullServiceAccount)), source); err != nil {
		return nil, fmt.Errorf("%s: network policy: %w", name, err)
	}
	if err := args.newAlertRules(ctx, name, c, meta(pulumi.String(alertRulesName)), source); err != nil {
		return nil, fmt.Errorf("%s: alert rules: %w", name, err)
	}

	pod := args.refresherPod(source, secretName, serviceAccount.Metadata.Name())

	// Not before the Secret: a run would heal it into being, and Pulumi's create would then meet an existing name.
	cronJob, err := batchv1.NewCronJob(ctx, name+"-cron-job", &batchv1.CronJobArgs{
		Metadata: meta(pulumi.String(source.cronJobName)),
		Spec: &batchv1.CronJobSpecArgs{
			Schedule:                   pulumi.String(cmp.Or(args.Schedule, source.schedule)),
			ConcurrencyPolicy:          pulumi.String("Forbid"),
			StartingDeadlineSeconds:    pulumi.Int(scheduledDeadlineSeconds),
			SuccessfulJobsHistoryLimit: pulumi.Int(1),
			FailedJobsHistoryLimit:     pulumi.Int(3),
			JobTemplate: &batchv1.JobTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: component.Merge(args.Labels)},
				Spec: &batchv1.JobSpecArgs{
					ActiveDeadlineSeconds: pulumi.Int(scheduledDeadlineSeconds),
					BackoffLimit:          pulumi.Int(scheduledBackoffLimit),
					Template: &corev1.PodTemplateSpecArgs{
						Metadata: &metav1.ObjectMetaArgs{Labels: component.Merge(args.Labels, source.podLabels())},
						Spec:     pod,
					},
				},
			},
		},
	}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{secret, binding}))
	if err != nil {
		return nil, fmt.Errorf("%s: cron job: %w", name, err)
	}

	// A Job of its own, not one made from the CronJob, whose history limit would delete it. Its template is immutable, so its
	// name follows from all that the caller can change in it, and from the Secret's uid: a Secret made again is filled
	// again. It never expires by itself, or a refresh of the stack would miss it and the next up run it again.
	secretUid := secret.Metadata.Uid().Elem()
	inputs := append(pulumi.StringArray{
		secretUid, args.Namespace, pulumi.String(secretName), serviceAccount.Metadata.Name().Elem(), pulumi.String(args.RegistryHost),
		pulumi.String(source.script), pulumi.String(source.image), pulumi.String(cmp.Or(args.KubectlImage, DefaultKubectlImage)),
	}, source.inputs...)
	jobName := inputs.ToStringArrayOutput().ApplyT(func(parts []string) string {
		return names.Hashed(source.cronJobName+"-first", names.MaxLabel, parts...)
	}).(pulumi.StringOutput)
	jobMeta := meta(jobName)
	// Otherwise the next up waits again for the Job that failed (pulumi-kubernetes issue 856).
	jobMeta.Annotations = pulumi.StringMap{"pulumi.com/replaceUnready": pulumi.String("true")}
	firstRun, err := batchv1.NewJob(ctx, name+"-first-run", &batchv1.JobArgs{
		Metadata: jobMeta,
		Spec: &batchv1.JobSpecArgs{
			ActiveDeadlineSeconds: pulumi.Int(firstRunDeadlineSeconds),
			BackoffLimit:          pulumi.Int(firstRunBackoffLimit),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{
					Labels:      component.Merge(source.podLabels()),
					Annotations: pulumi.StringMap{"bifrost.dev/secret-uid": secretUid},
				},
				Spec: pod,
			},
		},
	}, pulumi.Parent(c), pulumi.DependsOn(append([]pulumi.Resource{binding}, args.DependsOn...)),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: firstRunTimeout, Update: firstRunTimeout}))
	if err != nil {
		return nil, fmt.Errorf("%s: first run: %w", name, err)
	}

	c.FirstRun = firstRun.Metadata.Name().Elem()
	c.CronJob = cronJob.Metadata.Name().Elem()
	c.SecretName = pulumi.String(secretName).ToStringOutput()
	c.Resources = []pulumi.Resource{secret, firstRun}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"secretName": c.SecretName, "firstRun": c.FirstRun, "cronJob": c.CronJob,
	})
}

// refresherPod runs two containers in order: the cloud's CLI writes the Secret's manifest to memory, kubectl applies it. The
// two never share a token: the first has only the cloud's, the second only the API server's.
func (a *PullSecretArgs) refresherPod(source tokenSource, secretName string, serviceAccount pulumi.StringPtrInput) *corev1.PodSpecArgs {
	tokenEnv := append(corev1.EnvVarArray{
		env("HOME", pulumi.String(workDir)),
		env("TMPDIR", pulumi.String(workDir)),
		env("REGISTRY_HOST", pulumi.String(a.RegistryHost)),
		env("REGISTRY_USER", pulumi.String(source.user)),
		env("SECRET_NAME", pulumi.String(secretName)),
		env("SECRET_NAMESPACE", a.Namespace),
		env("MANIFEST", pulumi.String(workDir+"/secret.json")),
	}, source.env...)
	return &corev1.PodSpecArgs{
		ServiceAccountName:           serviceAccount,
		AutomountServiceAccountToken: pulumi.Bool(false),
		// Never: a retry is a new pod, and the failed one keeps its log.
		RestartPolicy:      pulumi.String("Never"),
		EnableServiceLinks: pulumi.Bool(false),
		SecurityContext:    restrictedPod(refresherUid),
		InitContainers: corev1.ContainerArray{&corev1.ContainerArgs{
			Name:            pulumi.String("token"),
			Image:           pulumi.String(source.image),
			Command:         pulumi.StringArray{pulumi.String("/bin/sh"), pulumi.String("-c"), pulumi.String(source.script)},
			Env:             tokenEnv,
			VolumeMounts:    append(corev1.VolumeMountArray{writable("work", workDir)}, source.mounts...),
			Resources:       resources(amounts{"50m", "128Mi", "64Mi"}, amounts{"500m", "512Mi", "512Mi"}),
			SecurityContext: restrictedContainer(refresherUid),
			// The reason is then in the pod's status, where it outlives the log.
			TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
		}},
		Containers: corev1.ContainerArray{&corev1.ContainerArgs{
			Name:  pulumi.String("apply"),
			Image: pulumi.String(cmp.Or(a.KubectlImage, DefaultKubectlImage)),
			// The image has no shell. Apply writes in place, so the Secret is never missing and keeps its uid.
			Command: pulumi.ToStringArray([]string{
				"kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager=bifrost-pull", "--filename=" + workDir + "/secret.json",
			}),
			Env:                      corev1.EnvVarArray{env("HOME", pulumi.String(workDir))},
			VolumeMounts:             corev1.VolumeMountArray{writable("work", workDir), mount("kubernetes-token", kubernetesTokenDir)},
			Resources:                resources(amounts{"50m", "64Mi", "64Mi"}, amounts{"500m", "256Mi", "256Mi"}),
			SecurityContext:          restrictedContainer(refresherUid),
			TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
		}},
		Volumes: append(corev1.VolumeArray{
			memory("work", "64Mi"),
			kubernetesTokenVolume("kubernetes-token"),
		}, source.volumes...),
	}
}

func mount(volume, dir string) *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(dir), ReadOnly: pulumi.Bool(true)}
}

func writable(volume, dir string) *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(dir)}
}

// memory is an empty folder that never touches a disk.
func memory(name, limit string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{Name: pulumi.String(name), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{
		Medium: pulumi.String("Memory"), SizeLimit: pulumi.String(limit),
	}}
}

// tokenVolume projects a token of the pod's ServiceAccount for an audience outside the cluster.
func tokenVolume(name, audience, file string) *corev1.VolumeArgs {
	return projected(name, &corev1.VolumeProjectionArgs{ServiceAccountToken: &corev1.ServiceAccountTokenProjectionArgs{
		Audience:          pulumi.String(audience),
		ExpirationSeconds: pulumi.Int(tokenLifetimeSeconds),
		Path:              pulumi.String(file),
	}})
}

// kubernetesTokenVolume is what automounting would mount, for one container instead of all.
func kubernetesTokenVolume(name string) *corev1.VolumeArgs {
	return projected(name,
		&corev1.VolumeProjectionArgs{ServiceAccountToken: &corev1.ServiceAccountTokenProjectionArgs{
			ExpirationSeconds: pulumi.Int(tokenLifetimeSeconds), Path: pulumi.String("token"),
		}},
		&corev1.VolumeProjectionArgs{ConfigMap: &corev1.ConfigMapProjectionArgs{
			Name:  pulumi.String("kube-root-ca.crt"),
			Items: corev1.KeyToPathArray{&corev1.KeyToPathArgs{Key: pulumi.String("ca.crt"), Path: pulumi.String("ca.crt")}},
		}},
		&corev1.VolumeProjectionArgs{DownwardAPI: &corev1.DownwardAPIProjectionArgs{
			Items: corev1.DownwardAPIVolumeFileArray{&corev1.DownwardAPIVolumeFileArgs{
				Path: pulumi.String("namespace"), FieldRef: &corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String("metadata.namespace")},
			}},
		}},
	)
}

func projected(name string, sources ...corev1.VolumeProjectionInput) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:      pulumi.String(name),
		Projected: &corev1.ProjectedVolumeSourceArgs{Sources: corev1.VolumeProjectionArray(sources), DefaultMode: pulumi.Int(0o440)},
	}
}

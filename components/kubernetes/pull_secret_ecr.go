package kubernetes

import (
	"cmp"
	_ "embed" // the script

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

// Defaults of a PullSecret for Amazon ECR.
const (
	DefaultEcrSecretName  = "ecr-pull-secret"
	DefaultEcrCronJobName = "refresh-ecr-secret"
	// DefaultEcrSchedule leaves a token 11 hours at least, of the 12 that ECR gives it, wherever runs stop: for a night without nodes, or
	// for an outage.
	DefaultEcrSchedule = "0 * * * *"
	DefaultAwsImage    = "public.ecr.aws/aws-cli/aws-cli:2.37.1"
	awsTokenDir        = "/var/run/secrets/bifrost/aws"
)

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

// Validate reports every problem of the arguments, below the path.
func (a *EcrTokenArgs) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch roleArn := p.Child("roleArn"); {
	case a.PodIdentity && a.RoleArn != nil:
		errs = append(errs, field.Forbidden(roleArn, "the pod identity association names the role; remove it or podIdentity"))
	case !a.PodIdentity && a.RoleArn == nil:
		errs = append(errs, field.Required(roleArn, "the role that may pull"))
	}
	errs = append(errs, check.Required(p.Child("region"), a.Region, check.Region)...)
	return append(errs, validateImage(p.Child("image"), a.Image)...)
}

//go:embed scripts/pod_identity.sh
var podIdentityScript string

func (a *EcrTokenArgs) tokenSource() tokenSource {
	source := tokenSource{
		secretName: DefaultEcrSecretName, cronJobName: DefaultEcrCronJobName, schedule: DefaultEcrSchedule,
		image: cmp.Or(a.Image, DefaultAwsImage), user: EcrUser, tokenLife: EcrTokenLife,
		env: corev1.EnvVarArray{
			env("AWS_REGION", pulumi.String(a.Region)),
			env("AWS_STS_REGIONAL_ENDPOINTS", pulumi.String("regional")),
			// The node's role is no way to a token here, whatever the CLI finds missing.
			env("AWS_EC2_METADATA_DISABLED", pulumi.String("true")),
		},
	}
	const command = "aws ecr get-login-password"
	if a.PodIdentity {
		source.agents = podIdentityAgents
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

package edits

import "bifrost/bifrostctl/internal/pulumitype"

// Types of things that tests change or look for, as tests name them. Package pulumitype has the rest.
const (
	RoleType        = pulumitype.AwsRole
	PolicyType      = pulumitype.AwsPolicy
	RolePolicyType  = pulumitype.AwsRolePolicy
	AttachmentType  = pulumitype.AwsRolePolicyAttachment
	AssociationType = pulumitype.AwsPodIdentityAssociation
	ServiceType     = pulumitype.AwsEcsService
	TaskType        = pulumitype.AwsTaskDefinition

	CredentialType = pulumitype.AzureFederatedCredential

	NamespaceKind  = pulumitype.KubernetesNamespace
	AccountKind    = pulumitype.KubernetesServiceAccount
	SecretKind     = pulumitype.KubernetesSecret
	ConfigMapKind  = pulumitype.KubernetesConfigMap
	ServiceKind    = pulumitype.KubernetesService
	ClaimKind      = pulumitype.KubernetesVolumeClaim
	DeploymentKind = pulumitype.KubernetesDeployment
	StatefulKind   = pulumitype.KubernetesStatefulSet
	JobKind        = pulumitype.KubernetesJob
	CronJobKind    = pulumitype.KubernetesCronJob
	RoleKind       = pulumitype.KubernetesRole
	BindingKind    = pulumitype.KubernetesRoleBinding
)

// Names that the dev stacks give.
const (
	PullRole      = "BifrostECRPullRole"
	ExecutionRole = "BifrostECSExecutionRole"
)

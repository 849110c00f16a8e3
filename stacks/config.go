// Package stacks is the program: it reads a stack's configuration once, checks all of it, and composes the components for the
// stack's platform.
package stacks

import (
	"bifrost/internal/gateway/configjson"
)

// Project is the name of the Pulumi project and so the prefix of every configuration key.
const Project = "bifrost"

// Rollouts of a stack.
const (
	// RolloutIdentity makes only the identities and prints what the vendor must allowlist.
	RolloutIdentity = "identity"
	// RolloutFull adds the workload; it changes no identity.
	RolloutFull = "full"
)

// Config is a stack's configuration, parsed and checked by Parse. The keys are those of Pulumi.<stack>.yaml, described
// in Pulumi.yaml and in the README's reference.
type Config struct {
	// Platform is aws or azure.
	Platform string `config:"platform"`
	// Rollout is identity or full.
	Rollout string `config:"rollout"`
	// ProtectIdentities keeps Pulumi from deleting what the vendor allowlisted.
	ProtectIdentities bool `config:"protectIdentities"`
	// Tags of AWS and Azure resources, Labels of Kubernetes objects.
	Tags   map[string]string `config:"tags"`
	Labels map[string]string `config:"labels"`

	AWS       *AWS      `config:"aws"`
	Azure     *Azure    `config:"azure"`
	Registry  Registry  `config:"registry"`
	EKS       *EKS      `config:"eks"`
	ECS       *ECS      `config:"ecs"`
	AKS       *AKS      `config:"aks"`
	GCP       *GCP      `config:"gcp"`
	Refresher Refresher `config:"refresher"`
	Gateway   Gateway   `config:"gateway"`
	Secrets   Secrets   `config:"secrets"`

	// stack is its name.
	stack string
	// schema is what gateway.schemaFile holds.
	schema *configjson.Schema
}

// AWS says which account and how to sign in.
type AWS struct {
	Region              string `config:"region"`
	AccountID           string `config:"accountId"`
	Profile             string `config:"profile"`
	AssumeRoleArn       string `config:"assumeRoleArn"`
	IamPath             string `config:"iamPath"`
	PermissionsBoundary string `config:"permissionsBoundary"`
}

// Azure says which subscription and where.
type Azure struct {
	SubscriptionID string `config:"subscriptionId"`
	TenantID       string `config:"tenantId"`
	Location       string `config:"location"`
	ResourceGroup  string `config:"resourceGroup"`
}

// Registry says which image.
type Registry struct {
	// Image is the full reference, with tag or digest.
	Image string `config:"image"`
	// Mirror says that the image is in a registry of one's own: no identity is made to pull it, and no pull Secret.
	Mirror bool `config:"mirror"`
	// PullSecret is an existing Secret in the gateway's namespace with which a mirror is pulled from.
	PullSecret string `config:"pullSecret"`
	// AdditionalRepositoryArns may be pulled from as well, beside the image's own repository.
	AdditionalRepositoryArns []string `config:"additionalRepositoryArns"`
}

// EKS is an existing cluster and who pulls the image there.
type EKS struct {
	ClusterName string `config:"clusterName"`
	// Pull is refresh, node or kubelet: who pulls.
	Pull string `config:"pull"`
	// Auth is irsa or podIdentity: how the refresher signs in.
	Auth string `config:"auth"`
	// NodeRoleArns are the existing roles that pull, where Pull is node.
	NodeRoleArns []string `config:"nodeRoleArns"`
	// OidcProvider is existing or create: whether the account has the cluster's IAM OIDC provider.
	OidcProvider string `config:"oidcProvider"`
	// Context in secrets.kubeconfig, where that is given.
	Context    string `config:"context"`
	RoleName   string `config:"roleName"`
	PolicyName string `config:"policyName"`
	SecretName string `config:"secretName"`
	// The gateway's runtime identity is a given role, or one made here with given policies; GatewayAuth is irsa or podIdentity.
	GatewayRoleArn    string   `config:"gatewayRoleArn"`
	GatewayPolicyArns []string `config:"gatewayPolicyArns"`
	GatewayRoleName   string   `config:"gatewayRoleName"`
	GatewayAuth       string   `config:"gatewayAuth"`
}

// AKS is an existing cluster and the identity of its refresher.
type AKS struct {
	ClusterName string `config:"clusterName"`
	// ResourceGroup of the cluster, where it is another than azure.resourceGroup.
	ResourceGroup string `config:"resourceGroup"`
	// Login is how kubelogin signs in: azurecli, workloadidentity or spn.
	Login                   string `config:"login"`
	Context                 string `config:"context"`
	IdentityName            string `config:"identityName"`
	FederatedCredentialName string `config:"federatedCredentialName"`
	SecretName              string `config:"secretName"`
	TokenAudience           string `config:"tokenAudience"`
	TokenFile               string `config:"tokenFile"`
	GatewayClientID         string `config:"gatewayClientId"`
	// Trust is aks or entra: whose token Google's side is shown.
	Trust string `config:"trust"`
	// Entra is the app registration that tokens are for, where Trust is entra.
	Entra *Entra `config:"entra"`
}

// Entra is an existing app registration.
type Entra struct {
	AppIDURI string `config:"appIdUri"`
	// TokenVersion is 1 or 2: the version of the access tokens for it.
	TokenVersion int `config:"tokenVersion"`
	// AppID is its client id, where AppIDURI does not hold it.
	AppID string `config:"appId"`
}

// GCP is how the refresher signs in at Google Cloud: with what the vendor sends after allowlisting, or with what is made here.
type GCP struct {
	CredentialConfig map[string]any `config:"credentialConfig"`
	Federation       *Federation    `config:"federation"`
}

// Federation is the Google side made in this stack.
type Federation struct {
	ProjectID        string `config:"projectId"`
	PoolID           string `config:"poolId"`
	ProviderID       string `config:"providerId"`
	ServiceAccountID string `config:"serviceAccountId"`
	// Adopt imports a pool and a provider that exist already.
	Adopt bool `config:"adopt"`
}

// Refresher is what keeps the pull Secret fresh.
type Refresher struct {
	ServiceAccount string          `config:"serviceAccount"`
	Schedule       string          `config:"schedule"`
	Images         RefresherImages `config:"images"`
}

// RefresherImages replace the refresher's images, for clusters with restricted egress.
type RefresherImages struct {
	AWS     string `config:"aws"`
	Gcloud  string `config:"gcloud"`
	Kubectl string `config:"kubectl"`
}

// Secrets is the only place of secret values.
type Secrets struct {
	License       string `config:"license"`
	EncryptionKey string `config:"encryptionKey"`
	SetupToken    string `config:"setupToken"`
	AdminPassword string `config:"adminPassword"`
	// BrokerToken is what nodes show to the broker of their cluster.
	BrokerToken string            `config:"brokerToken"`
	Env         map[string]string `config:"env"`
	// EcsEnv overlays Env for the tasks of ECS alone.
	EcsEnv     map[string]string `config:"ecsEnv"`
	Kubeconfig string            `config:"kubeconfig"`
}

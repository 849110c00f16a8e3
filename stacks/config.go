// Package stacks is the program: it reads a stack's configuration once, checks all of it, and composes the components for the
// stack's platform.
package stacks

import (
	"bifrost/image"
	"bifrost/internal/gateway/configjson"
)

// Project is the name of the Pulumi project and so the prefix of every configuration key.
const Project = "bifrost"

// Config is a stack's configuration: parsed, checked and resolved by Parse. A field is a key of Pulumi.<stack>.yaml, in lower camel case,
// and after Parse it holds the default where the file leaves the key out. Nobody changes it then.
type Config struct {
	// Platform is aws or azure.
	Platform string
	// Rollout is identity or full.
	Rollout Rollout
	// ProtectIdentities keeps Pulumi from deleting what the vendor allowlisted.
	ProtectIdentities bool
	// Tags of AWS and Azure resources, Labels of Kubernetes objects.
	Tags   map[string]string
	Labels map[string]string

	Aws       *Aws
	Azure     *Azure
	Registry  Registry
	Eks       *Eks
	Ecs       *Ecs
	Aks       *Aks
	Gcp       *Gcp
	Refresher Refresher
	Gateway   Gateway
	Secrets   Secrets

	// stack is its name.
	stack string
	// schema is what gateway.schemaFile holds.
	schema *configjson.Schema
	// image is registry.image taken apart, and imageProblem why it could not be.
	image        image.Reference
	imageProblem error
	// written is the same without defaults.
	written *Config
}

// newConfig has what a stack file without any key says.
func newConfig(stack string) *Config {
	return &Config{stack: stack, Rollout: RolloutFull, ProtectIdentities: true}
}

// Image is the image to run.
func (c *Config) Image() image.Reference { return c.image }

// Aws says which account and how to sign in.
type Aws struct {
	Region              string
	AccountId           string
	Profile             string
	AssumeRoleArn       string
	IamPath             string
	PermissionsBoundary string
}

// Azure says which subscription and where.
type Azure struct {
	SubscriptionId string
	TenantId       string
	Location       string
	ResourceGroup  string
}

// Registry says which image.
type Registry struct {
	// Image is the full reference, with tag or digest.
	Image string
	// Mirror says that the image is in a registry of one's own: no identity is made to pull it, and no pull Secret.
	Mirror bool
	// PullSecret is an existing Secret in the gateway's namespace with which a mirror is pulled from.
	PullSecret string
	// AdditionalRepositoryArns may be pulled from as well, beside the image's own repository.
	AdditionalRepositoryArns []string
}

// Eks is an existing cluster and who pulls the image there.
type Eks struct {
	ClusterName string
	// Pull is refresh, node or kubelet: who pulls.
	Pull PullMode
	// Auth is irsa or podIdentity: how the refresher signs in.
	Auth SignIn
	// NodeRoleArns are the existing roles that pull, where Pull is node.
	NodeRoleArns []string
	// OidcProvider is existing or create: whether the account has the cluster's IAM OIDC provider.
	OidcProvider OidcProvider
	// Context in secrets.kubeconfig, where that is given.
	Context    string
	RoleName   string
	PolicyName string
	SecretName string
	// The gateway's runtime identity is a given role, or one made here with given policies; GatewayAuth is irsa or podIdentity.
	GatewayRoleArn    string
	GatewayPolicyArns []string
	GatewayRoleName   string
	GatewayAuth       SignIn
}

// Aks is an existing cluster and the identity of its refresher.
type Aks struct {
	ClusterName string
	// ResourceGroup of the cluster, where it is another than azure.resourceGroup.
	ResourceGroup string
	// Login is how kubelogin signs in: azurecli, workloadidentity or spn.
	Login                   Login
	Context                 string
	IdentityName            string
	FederatedCredentialName string
	SecretName              string
	TokenAudience           string
	TokenFile               string
	GatewayClientId         string
	// Trust is aks or entra: whose token Google's side is shown.
	Trust Trust
	// Entra is the app registration that tokens are for, where Trust is entra.
	Entra *Entra
}

// Entra is an existing app registration.
type Entra struct {
	AppIdUri string
	// TokenVersion is 1 or 2: the version of the access tokens for it.
	TokenVersion int
	// AppId is its client id, where AppIDURI does not hold it.
	AppId string
}

// Gcp is how the refresher signs in at Google Cloud: with what the vendor sends after allowlisting, or with what is made here.
type Gcp struct {
	CredentialConfig map[string]any
	Federation       *Federation
}

// Federation is the Google side made in this stack.
type Federation struct {
	ProjectId        string
	PoolId           string
	ProviderId       string
	ServiceAccountId string
	// Adopt imports a pool and a provider that exist already.
	Adopt bool
}

// Refresher is what keeps the pull Secret fresh.
type Refresher struct {
	ServiceAccount string
	Schedule       string
	Images         RefresherImages
}

// RefresherImages replace the refresher's images, for clusters with restricted egress.
type RefresherImages struct {
	Aws     string
	Gcloud  string
	Kubectl string
}

// Secrets is the only place of secret values.
type Secrets struct {
	License       string
	EncryptionKey string
	SetupToken    string
	AdminPassword string
	// BrokerToken is what nodes show to the broker of their cluster.
	BrokerToken string
	Env         map[string]string
	// EcsEnv overlays Env for the tasks of ECS alone.
	EcsEnv     map[string]string
	Kubeconfig string
}

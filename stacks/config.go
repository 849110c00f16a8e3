// Package stacks is the program: it reads a stack's configuration once, checks all of it, and composes the components for the
// stack's platform.
package stacks

import (
	"bifrost/image"
	"bifrost/internal/gateway/configjson"
	"bifrost/internal/registrykey"
)

// Project is the name of the Pulumi project and so the prefix of every configuration key.
const Project = "bifrost"

// Config is a stack's configuration: parsed, checked and resolved by Parse. A field is a key of Pulumi.<stack>.yaml, in lower camel case,
// and after Parse it holds the default where the file leaves the key out. Nobody changes it then.
//
// The comments of the fields are the reference: make docs writes docs/reference and Pulumi.yaml from them. In them "Default 30." gives a
// value, "Default: the cluster's own." tells one in words, and "Required." or "Required with pull node." demands the key.
type Config struct {
	// Platform is where the gateway runs: aws (EKS, ECS or both), azure (AKS), google (GKE) or kubernetes (any cluster that a kubeconfig
	// reaches). Required.
	Platform string
	// Rollout identity makes only the identities and prints what the vendor must allowlist; full adds the workload and changes no
	// identity. Default full.
	Rollout Rollout
	// ProtectIdentities keeps Pulumi from deleting the role, identity or service account that the vendor allowlisted, and pool and service
	// account of gcp.federation. What would replace one of them is refused, too. Default true.
	ProtectIdentities bool
	// NamePrefix begins every name that is not given, of what an account or a cluster has once: roles, policies, managed identities and
	// service accounts, the service of ECS with its alarms, log group and secrets, and the namespace. With one each, several stacks live in
	// one account. Another one renames all of them.
	NamePrefix string
	// Tags of the resources at AWS and Azure, 48 at most: two come to them. What is made at Google Cloud can have none, and platform
	// kubernetes refuses them.
	Tags map[string]string
	// Labels of all Kubernetes objects.
	Labels map[string]string

	// Aws says which account of AWS is used, and how to sign in. Required on platform aws.
	Aws *Aws
	// Azure says which subscription of Azure is used, and where. Required on platform azure.
	Azure *Azure
	// Google says which project of Google Cloud is used, and as whom. Required on platform google.
	Google *Google
	// Registry has the image of the gateway. Required.
	Registry Registry
	// Eks is an existing EKS cluster on which the gateway runs, and who pulls the image there. Required on platform aws, unless ecs is
	// given.
	Eks *Eks
	// Ecs is an existing ECS cluster, and the Fargate service that is made in it. Required on platform aws, unless eks is given.
	Ecs *Ecs
	// Aks is an existing AKS cluster on which the gateway runs, and the identity that pulls the image there. Required on platform azure.
	Aks *Aks
	// Gke is an existing GKE cluster on which the gateway runs, and who pulls the image there. Required on platform google.
	Gke *Gke
	// Gcp is how the refresher signs in at Google Cloud: with credentialConfig, which the vendor sends after allowlisting, or with
	// federation, which makes Google's side here. Required on platform azure with rollout full, and with kubernetes.pull federation.
	Gcp *Gcp
	// Kubernetes is an existing cluster of any kind on which the gateway runs, and how the image is pulled there. Required on platform
	// kubernetes.
	Kubernetes *Kubernetes
	// Refresher is what keeps the pull Secret fresh on Kubernetes.
	Refresher Refresher
	// Network is what stands between the gateway, its refresher and the internet: a proxy, and authorities of its own.
	Network Network
	// Gateway is Bifrost itself: its config.json, its variables and what runs it.
	Gateway Gateway
	// Secrets is the only place of secret values. Set them with --secret --path.
	Secrets Secrets
	// Adopt are things that exist already and are taken into the stack as they are, instead of being made: ids, as `pulumi import` takes
	// them, by the names of the resources in a preview. The same up changes them to what the stack says, in place; what would replace one
	// is refused. `bifrostctl adopt` writes it (docs/adopt.md). What the stack has already stays as it is.
	Adopt map[string]string
	// Agreed are changes of a running stack that take something away, or that the vendor must know of: an up makes them only once they are
	// confirmed here. Each names what it agrees to; the up that stops has the command.
	Agreed *Agreed

	// stack is its name.
	stack string
	// dir is the project's folder, where relative paths begin.
	dir string
	// schema is what gateway.schemaFile holds.
	schema *configjson.Schema
	// image is registry.image taken apart, and imageProblem why it could not be.
	image        image.Reference
	imageProblem error
	// registryKey is secrets.registryKey read, and registryKeyProblem why it could not be.
	registryKey        registrykey.Key
	registryKeyProblem error
	// written is the same without defaults.
	written *Config
}

// newConfig has what a stack file without any key says.
func newConfig(stack string) *Config {
	return &Config{stack: stack, Rollout: RolloutFull, ProtectIdentities: true}
}

// Image is the image to run.
func (c *Config) Image() image.Reference { return c.image }

// Aws says which account is used, and how to sign in.
type Aws struct {
	// Region of the cluster, such as eu-central-1. Required.
	Region string
	// AccountId is the only account that the stack may change: 12 digits, in quotes where they begin with 0. Required.
	AccountId string
	// Profile of the AWS configuration files that signs in, for AWS and for the EKS cluster.
	Profile string
	// AssumeRoleArn is a role to assume after signing in, for AWS and for the EKS cluster.
	AssumeRoleArn string
	// IamPath is the path of the roles and policies that are made here, such as /teams/ai/. Default: AWS's own, /.
	IamPath string
	// PermissionsBoundary is the ARN of a policy that bounds the roles that are made here.
	PermissionsBoundary string
}

// Azure says which subscription is used, and where.
type Azure struct {
	// SubscriptionId is the only subscription that the stack may change. Required.
	SubscriptionId string
	// TenantId is the only tenant allowed. Required.
	TenantId string
	// Location where the managed identity is made, such as westeurope; it need not be that of the cluster. Another one deletes the identity
	// and makes one with other ids (docs/identity.md). Required.
	Location string
	// ResourceGroup in which the managed identity is made. Another one deletes and makes it, as another location does. Required.
	ResourceGroup string
}

// Registry says which image is run.
type Registry struct {
	// Image is HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST. A digest wins over a tag, and latest is refused. Every host of Amazon
	// ECR and of Artifact Registry will do (docs/identity.md). Required.
	Image string
	// Mirror says that the image is in a registry of your own, of any host: nothing is made for the vendor to allowlist, and no refresher.
	// Not on ECS. Default false.
	Mirror bool
	// PullThroughCache says that registry.image lies behind a pull-through cache of Amazon ECR: who pulls may import the image, and make
	// its repository where it is not there yet, too. Default false.
	PullThroughCache bool
	// PullSecret is an existing Secret in the gateway's namespace with which a mirror is pulled from, where it needs one.
	PullSecret string
	// AdditionalRepositoryArns are further ECR repositories that the role may pull from.
	AdditionalRepositoryArns []string
}

// Eks is an existing cluster, and who pulls the image there.
type Eks struct {
	// ClusterName is an existing cluster: Kubernetes 1.27 or newer, 1.34 with pull kubelet. For rollout identity 1.23 will do, and 1.24
	// with auth podIdentity. Required.
	ClusterName string
	// Pull is who pulls the image: refresh, with a pull Secret that is kept fresh; node, as the role of the node; kubelet, as a role of
	// the gateway's ServiceAccount (docs/kubelet-pull.md). A running stack can go from each to each (docs/identity.md). Default refresh.
	Pull PullMode
	// Auth is how the refresher signs in. With podIdentity the cluster needs the add-on eks-pod-identity-agent and no OIDC provider.
	// Default irsa.
	Auth SignIn
	// NodeRoleArns are existing roles of nodes or of Fargate pod execution, of this account. Required with pull node.
	NodeRoleArns []string
	// OidcProvider create makes the account's IAM OIDC provider for the cluster. Not with pull node or auth podIdentity. Default existing.
	OidcProvider OidcProvider
	// Context of secrets.kubeconfig. Default: the current one.
	Context string
	// RoleName is the name of the role that pulls. With another name the role goes before the new one comes, and the vendor must allowlist
	// that. Default BifrostECRPullRole.
	RoleName string
	// PolicyName is the name of the policy with the rights to pull. With another name nobody can pull until it is there. Default
	// BifrostECRPullPolicy.
	PolicyName string
	// SecretName is the name of the pull Secret. Default ecr-pull-secret.
	SecretName string
	// GatewayRoleArn is an existing role of the gateway's own, for Bedrock for instance. It must trust the gateway's ServiceAccount, and
	// it never pulls.
	GatewayRoleArn string
	// GatewayPolicyArns are existing policies: a role of the gateway's own is made with them, for its ServiceAccount alone. It never
	// pulls. AWS's own for administrators give a warning.
	GatewayPolicyArns []string
	// GatewayRoleName is the name of the role that gatewayPolicyArns make. With another name the role of the running pods goes before the
	// new one comes. Default BifrostGatewayRole.
	GatewayRoleName string
	// GatewayAuth is how the gateway signs in as its own role. With pull kubelet only podIdentity tells the two roles apart, and irsa is
	// refused. Default irsa.
	GatewayAuth SignIn
}

// Aks is an existing cluster, and the identity of its refresher.
type Aks struct {
	// ClusterName is an existing cluster with OIDC issuer and workload identity on: Kubernetes 1.27 or newer, 1.24 for rollout identity.
	// Required.
	ClusterName string
	// ResourceGroup of the cluster. Default: azure.resourceGroup.
	ResourceGroup string
	// Login is how kubelogin signs in to the cluster. Default azurecli.
	Login Login
	// LocalAccount says that the stack may sign in with the certificate that Azure gives for a cluster without Entra integration. It
	// administers the whole cluster, nobody can take it back but by making all of the cluster's certificates anew, and it is in the
	// stack's state, encrypted. Default false.
	LocalAccount bool
	// Context of secrets.kubeconfig. Default: the current one.
	Context string
	// IdentityName is the name of the managed identity that the vendor allowlists. With another name the identity goes before the new one
	// comes, and the vendor must allowlist that. Default bifrost-pull-identity.
	IdentityName string
	// FederatedCredentialName is the name of that identity's federated credential. With another name nobody can sign in until it is there.
	// Default bifrost-federated-credential.
	FederatedCredentialName string
	// SecretName is the name of the pull Secret. Default ar-pull-secret.
	SecretName string
	// TokenAudience is the audience of the token that Google's side is shown. With trust entra it is the app registration, and this is
	// refused. Default api://AzureADTokenExchange.
	TokenAudience string
	// TokenFile is where the credential configuration finds the token that Google's side is shown. Default
	// /var/run/secrets/azure/tokens/azure-identity-token.
	TokenFile string
	// GatewayClientId is the client id of an existing identity of the gateway's own, for Azure OpenAI for instance. It never pulls. It
	// needs a federated credential for the gateway's ServiceAccount, which verify looks for.
	GatewayClientId string
	// GatewayIdentity makes an identity of the gateway's own instead, with its federated credential and given roles.
	GatewayIdentity *GatewayIdentity
	// Trust is whose token Google's side is shown: aks, the ServiceAccount's own; entra, the managed identity's
	// (docs/decisions/0005-azure-trust.md). Default aks.
	Trust Trust
	// Entra is the app registration that the managed identity's tokens are for. Required with trust entra.
	Entra *Entra
}

// Entra is an existing app registration.
type Entra struct {
	// AppIdUri is the Application ID URI of an existing app registration, such as api://CLIENT_ID. Required.
	AppIdUri string
	// TokenVersion is the version of its access tokens, 1 or 2. Required.
	TokenVersion int
	// AppId is its client id, which tokens of version 2 carry as audience. Default: the one in an appIdUri of the form api://CLIENT_ID.
	AppId string
}

// Gcp is how the refresher signs in at Google Cloud: with what the vendor sends after allowlisting, or with what is made here.
type Gcp struct {
	// CredentialConfig is the external_account document that the vendor sends after allowlisting, as an object.
	CredentialConfig map[string]any
	// Federation makes Google's side in this stack: pool, provider, service account and its right to read the repository.
	Federation *Federation
}

// Federation is the Google side made in this stack.
type Federation struct {
	// ProjectId is the id of the Google Cloud project. Required.
	ProjectId string
	// PoolId is the id of the workload identity pool. Required.
	PoolId string
	// ProviderId is the id of the provider in the pool. Required.
	ProviderId string
	// ServiceAccountId is the id of the service account that pulls. Required.
	ServiceAccountId string
	// Adopt imports a pool and a provider that exist already, after an undelete for instance: Google keeps deleted ids for 30 days. A
	// provider of another cluster is taken from it, as a warning says. Default false.
	Adopt bool
}

// Secrets is the only place of secret values.
type Secrets struct {
	// License is BIFROST_LICENSE. Required for image tags of 2.0 and later.
	License string
	// EncryptionKey is BIFROST_ENCRYPTION_KEY, the same for all replicas and never changed: an up that would change it stops. At least 16
	// bytes, 8 of them different; openssl rand -base64 32 makes one. Required with rollout full, here or in gateway.secretRefs.
	EncryptionKey string
	// SetupToken is BIFROST_SETUP_TOKEN: whoever makes the first administrator must know it.
	SetupToken string
	// AdminPassword is BIFROST_ADMIN_PASSWORD, of 72 bytes at most. It closes the administration: /api/* and /metrics. Required with
	// rollout full, here, in gateway.secretRefs or as a login of config.json's own, unless gateway.openAdministration says otherwise.
	AdminPassword string
	// BrokerToken is BIFROST_BROKER_TOKEN: what the gateway's processes show to the broker. Required with gateway.clustering.type broker.
	BrokerToken string
	// Env are secret environment variables by name: one for each env.NAME of config.json, such as the database's password and the keys of
	// providers.
	Env map[string]string
	// EcsEnv are those of the tasks of ECS alone. They win over env there.
	EcsEnv map[string]string
	// RegistryKey is the key of a service account of the vendor's, as the JSON document or as base64 of it. It is the one long-lived
	// credential that a stack may have, and stands in the pull Secret alone. Required with kubernetes.pull key.
	RegistryKey string
	// Kubeconfig is used instead of the cluster's own login. Default: the login of the cloud's CLI.
	Kubeconfig string
}

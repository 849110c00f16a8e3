package stacks

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// enum is a value of the configuration that is one of a few.
type enum interface {
	~string
	// Values are all of them.
	Values() []string
}

// oneOf refuses another value; an empty one is absent.
func oneOf[E enum](p *field.Path, value E) field.ErrorList {
	return check.OneOf(p, string(value), value.Values()...)
}

// Rollout says how much of a stack is made.
type Rollout string

const (
	// RolloutIdentity makes only the identities and prints what the vendor must allowlist.
	RolloutIdentity Rollout = "identity"
	// RolloutFull adds the workload; it changes no identity.
	RolloutFull Rollout = "full"
)

// Values implements enum.
func (Rollout) Values() []string { return []string{string(RolloutIdentity), string(RolloutFull)} }

// PullMode says who pulls the image on EKS.
type PullMode string

const (
	// PullRefresh: the kubelet, with a pull Secret that a CronJob keeps fresh.
	PullRefresh PullMode = "refresh"
	// PullNode: the kubelet, as the role of its node or of Fargate pod execution.
	PullNode PullMode = "node"
	// PullKubelet: the kubelet, as a role that trusts the gateway's ServiceAccount (KEP-4412).
	PullKubelet PullMode = "kubelet"
)

// Values implements enum.
func (PullMode) Values() []string {
	return []string{string(PullRefresh), string(PullNode), string(PullKubelet)}
}

// SignIn says how a ServiceAccount of EKS takes a role.
type SignIn string

const (
	// SignInIrsa: through the cluster's OIDC issuer.
	SignInIrsa SignIn = "irsa"
	// SignInPodIdentity: through the EKS Pod Identity Agent.
	SignInPodIdentity SignIn = "podIdentity"
)

// Values implements enum.
func (SignIn) Values() []string { return []string{string(SignInIrsa), string(SignInPodIdentity)} }

// OidcProvider says whether the account has the cluster's IAM OIDC provider.
type OidcProvider string

const (
	// OidcExisting: it is looked up.
	OidcExisting OidcProvider = "existing"
	// OidcCreate: the stack makes it.
	OidcCreate OidcProvider = "create"
)

// Values implements enum.
func (OidcProvider) Values() []string { return []string{string(OidcExisting), string(OidcCreate)} }

// Trust says whose token Google's side is shown.
type Trust string

const (
	// TrustAks: the ServiceAccount's own, of the cluster's OIDC issuer.
	TrustAks Trust = "aks"
	// TrustEntra: the managed identity's, of Microsoft Entra.
	TrustEntra Trust = "entra"
)

// Values implements enum.
func (Trust) Values() []string { return []string{string(TrustAks), string(TrustEntra)} }

// ClusterPull says with what the image is pulled on any cluster of Kubernetes.
type ClusterPull string

const (
	// ClusterPullKey: with a key of a service account of the vendor's, which does not expire by itself.
	ClusterPullKey ClusterPull = "key"
	// ClusterPullFederation: with a pull Secret that a CronJob keeps fresh; Google's side trusts the issuer of the cluster's tokens.
	ClusterPullFederation ClusterPull = "federation"
)

// Values implements enum.
func (ClusterPull) Values() []string {
	return []string{string(ClusterPullKey), string(ClusterPullFederation)}
}

// Login says how kubelogin signs in without a person.
type Login string

const (
	// LoginAzureCLI: as the Azure CLI is signed in.
	LoginAzureCLI Login = "azurecli"
	// LoginWorkloadIdentity: with the federated token of a pod or of a pipeline.
	LoginWorkloadIdentity Login = "workloadidentity"
	// LoginServicePrincipal: as a service principal, from the environment.
	LoginServicePrincipal Login = "spn"
)

// Values implements enum.
func (Login) Values() []string {
	return []string{string(LoginAzureCLI), string(LoginWorkloadIdentity), string(LoginServicePrincipal)}
}

// GkePull says who pulls the image on GKE.
type GkePull string

const (
	// GkePullRefresh: the kubelet, with a pull Secret that a CronJob keeps fresh.
	GkePullRefresh GkePull = "refresh"
	// GkePullNode: the kubelet, as the service account of its node pool.
	GkePullNode GkePull = "node"
)

// Values implements enum.
func (GkePull) Values() []string { return []string{string(GkePullRefresh), string(GkePullNode)} }

// GkeSignIn says as whom the refresher signs in on GKE.
type GkeSignIn string

const (
	// GkeSignInServiceAccount: as a service account of Google that trusts its ServiceAccount.
	GkeSignInServiceAccount GkeSignIn = "serviceAccount"
	// GkeSignInPrincipal: as its ServiceAccount itself.
	GkeSignInPrincipal GkeSignIn = "principal"
)

// Values implements enum.
func (GkeSignIn) Values() []string {
	return []string{string(GkeSignInServiceAccount), string(GkeSignInPrincipal)}
}

// SingleZone says whether subnets of one zone are enough for tasks.
type SingleZone string

// SingleZoneAllow says that they are.
const SingleZoneAllow SingleZone = "allow"

// Values implements enum.
func (SingleZone) Values() []string { return []string{string(SingleZoneAllow)} }

package stacks

import (
	"bifrost/components/kubernetes"
)

// Kubernetes is an existing cluster of any kind, and how the image is pulled there.
type Kubernetes struct {
	// Pull is with what the image is pulled: key, a key of a service account that the vendor gives; federation, a pull Secret that is
	// kept fresh, for which Google's side trusts the issuer of the cluster's own tokens. Neither with registry.mirror. Default key.
	Pull ClusterPull
	// KubeconfigFile is the path of the kubeconfig that reaches the cluster, such as ~/.kube/config. Default: secrets.kubeconfig, else
	// the file that KUBECONFIG names, else ~/.kube/config.
	KubeconfigFile string
	// Context of the kubeconfig. Required unless secrets.kubeconfig is given, whose current one is the default: nobody deploys into
	// whatever a file has as current.
	Context string
	// ClusterName is what the stack knows the cluster by: another one is another cluster, where everything is made anew. Give it where
	// the cluster's address differs between those who deploy. Default: the address of its API server, as the kubeconfig has it.
	ClusterName string
	// Issuer of the cluster's ServiceAccount tokens, verbatim. Required with pull federation.
	Issuer string
	// Jwks is the issuer's set of keys, the JSON document that the cluster serves at /openid/v1/jwks, for an issuer that Google cannot
	// reach. With gcp.federation it is uploaded to the provider; otherwise vendorHandoff carries it. Another one must be given once the
	// cluster's keys change. Default: Google fetches it from the issuer.
	Jwks string
	// TokenAudience is the audience of the token that Google's side is shown. Default sts.googleapis.com.
	TokenAudience string
	// TokenFile is where the credential configuration finds the token that Google's side is shown. Default
	// /var/run/service-account/token.
	TokenFile string
	// SecretName is the name of the pull Secret. From one way to pull to the other pods are to go with the former Secret until the new one
	// has its content, so that the two have names of their own. Default: bifrost-pull-secret with pull key, ar-pull-secret with federation.
	SecretName string
	// Openshift leaves the ids of users and groups to the namespace's range, as OpenShift's default SecurityContextConstraints demand:
	// the pods ask for none. Default false.
	Openshift bool
}

func (a *Kubernetes) resolve() {
	fill(&a.Pull, ClusterPullKey)
	fill(&a.TokenAudience, kubernetes.GoogleTokenAudience)
	fill(&a.TokenFile, kubernetes.DefaultClusterTokenFile)
	switch a.Pull {
	case ClusterPullFederation:
		fill(&a.SecretName, kubernetes.DefaultArSecretName)
	default:
		fill(&a.SecretName, kubernetes.DefaultRegistryKeySecretName)
	}
}

package stacks

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/kubernetes"
)

// federates is a cluster whose refresher shows Google's side a token of its own.
type federates interface {
	cluster
	googleToken(*Config) googleToken
}

// googleToken is what the stack file says of the token that a cluster shows Google's side, and of the pull Secret that comes of it.
type googleToken struct {
	// place is the key of the object with these keys, and cluster what people call the cluster.
	place, cluster string
	// audience of the token, file where it is found, and secretName the pull Secret's.
	audience, file, secretName string
	// entra is the app registration for which Microsoft Entra exchanges the token first; nil where Google is shown the cluster's own.
	entra *Entra
}

// googleToken is that of the stack's cluster; nothing where it shows none.
func (c *Config) googleToken() googleToken {
	on, federated := c.onKubernetes().(federates)
	if !federated {
		return googleToken{}
	}
	return on.googleToken(c)
}

// tokenHolder is the managed identity whose token may be shown to Google's side.
type tokenHolder struct {
	tenantId, clientId pulumi.StringInput
	// ready is what must be before it can have one.
	ready []pulumi.Resource
}

// arPullSecretArgs are those of the pull Secret that Google's tokens keep fresh.
func (c *Config) arPullSecretArgs(credentialConfig pulumi.StringInput, identity tokenHolder) *kubernetes.PullSecretArgs {
	shown := c.googleToken()
	token := &kubernetes.ArtifactRegistryTokenArgs{
		CredentialConfig: credentialConfig,
		TokenAudience:    shown.audience,
		TokenFile:        shown.file,
		Image:            c.Refresher.Images.Gcloud,
		TokenLifeSeconds: c.Gcp.tokenLifeSeconds(),
	}
	if entra := shown.entra; entra != nil {
		token.Entra = &kubernetes.EntraExchangeArgs{TenantId: identity.tenantId, ClientId: identity.clientId, AppIdUri: entra.AppIdUri}
	}
	return &kubernetes.PullSecretArgs{SecretName: shown.secretName, ArtifactRegistry: token, DependsOn: identity.ready}
}

// arTokenLife is how long Google's tokens live, as the vendor's document asks for it.
func (c *Config) arTokenLife() time.Duration {
	if asked := c.Gcp.tokenLifeSeconds(); asked > 0 {
		return time.Duration(asked) * time.Second
	}
	return kubernetes.ArTokenLife
}

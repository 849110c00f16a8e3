package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/kubernetes"
	"bifrost/internal/iampolicy"
)

// clusterPull is a way in which the image is pulled on any cluster. All that tells one way from another stands in its methods; a further
// way is a type with these, and a row in clusterPulls.
type clusterPull interface {
	// refreshes tells whether the pull Secret is kept fresh.
	refreshes() bool
	// login is what the verifier needs to know of what is in it.
	login(*Config) Cluster
	// validate refuses the keys that this way does not read, and checks those that it does.
	validate(*Config, *checker)
	// pullSecret are the arguments of the pull Secret, with what is not known before the look-ups made up; nil where none is made.
	pullSecret(*Config) *kubernetes.PullSecretArgs
	// make makes the identities.
	make(*pulumi.Context, *Config) (*pulled, error)
}

var clusterPulls = map[ClusterPull]clusterPull{ClusterPullKey: keyPull{}, ClusterPullFederation: federatedPull{}}

// clusterPull is the stack's way. One that does not exist is refused, and looked at as the default meanwhile.
func (c *Config) clusterPull() clusterPull {
	if c.Registry.Mirror {
		return ownMirror{}
	}
	if pull, known := clusterPulls[c.Kubernetes.Pull]; known {
		return pull
	}
	return keyPull{}
}

// holdsKey tells whether the stack's pull Secret holds the vendor's key.
func (c *Config) holdsKey() bool {
	return c.Kubernetes != nil && !c.Registry.Mirror && c.Kubernetes.Pull == ClusterPullKey
}

// ownMirror: nobody pulls whom the vendor would know. What it does not read is refused with the other platforms' keys.
type ownMirror struct{}

func (ownMirror) refreshes() bool { return false }

func (ownMirror) login(*Config) Cluster { return Cluster{} }

func (ownMirror) validate(*Config, *checker) {}

func (ownMirror) pullSecret(*Config) *kubernetes.PullSecretArgs { return nil }

func (ownMirror) make(*pulumi.Context, *Config) (*pulled, error) { return &pulled{}, nil }

// keyPull: the vendor has made who pulls, and is told of nothing.
type keyPull struct{}

func (keyPull) refreshes() bool { return false }

func (keyPull) login(*Config) Cluster {
	return Cluster{StaticKey: true, RegistryUser: kubernetes.RegistryKeyUser, Token: "the vendor's key"}
}

func (keyPull) pullSecret(c *Config) *kubernetes.PullSecretArgs {
	key := &kubernetes.RegistryKeyArgs{Key: secretString(c.registryKey.Document)}
	return &kubernetes.PullSecretArgs{SecretName: c.Kubernetes.SecretName, RegistryKey: key}
}

func (w keyPull) make(_ *pulumi.Context, c *Config) (*pulled, error) {
	return &pulled{secret: w.pullSecret(c)}, nil
}

// federatedPull: Google's side trusts the cluster's own tokens, and the vendor, or gcp.federation, makes that side.
type federatedPull struct{}

func (federatedPull) refreshes() bool { return true }

func (federatedPull) login(c *Config) Cluster {
	return Cluster{
		RegistryUser: kubernetes.ArUser, TokenLife: c.arTokenLife(), Token: "a Google access token",
		TokenAudience: c.Kubernetes.TokenAudience,
	}
}

func (federatedPull) pullSecret(c *Config) *kubernetes.PullSecretArgs {
	return c.arPullSecretArgs(madeUp, tokenHolder{})
}

func (federatedPull) make(ctx *pulumi.Context, c *Config) (*pulled, error) {
	shown := c.clusterToken()
	entry := pulumi.Map{
		"platform": pulumi.String("kubernetes"), "purpose": pulumi.String("refreshes the pull Secret on a cluster of its own"),
		"issuer": shown.issuer, "subject": shown.subject, "audience": shown.audience, "attributeCondition": shown.condition,
	}
	if shown.jwks != "" {
		entry["jwks"] = pulumi.String(shown.jwks)
	}
	credentials, err := c.googleCredentials(ctx, shown)
	if err != nil {
		return nil, err
	}
	if credentials.serviceAccount != nil {
		entry["serviceAccountEmail"] = credentials.serviceAccount
	} else {
		entry["pool"] = pulumi.String(onePool)
	}
	return &pulled{secret: c.arPullSecretArgs(credentials.config, tokenHolder{}), handoff: pulumi.Array{entry}}, nil
}

// clusterToken is the refresher's ServiceAccount token.
func (c *Config) clusterToken() shownToken {
	subject := iampolicy.ServiceAccountSubject(c.Gateway.Namespace, c.Refresher.ServiceAccount)
	return shownToken{
		issuer: pulumi.String(c.Kubernetes.Issuer), subject: pulumi.String(subject), audience: pulumi.String(c.Kubernetes.TokenAudience),
		condition: pulumi.String(fmt.Sprintf("assertion.sub == '%s'", subject)), jwks: c.Kubernetes.Jwks,
	}
}

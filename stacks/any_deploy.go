package stacks

import (
	"cmp"
	"fmt"

	pulumikubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/kubernetes"
	"bifrost/internal/enforcement"
)

// anyDeployment is the stack's part on any cluster.
type anyDeployment struct {
	*Config
	// cluster is how the cluster is reached; nil in rollout identity, which asks it for nothing.
	cluster *reached
	pull    *pulled
}

// lookUp reads the kubeconfig. What runs in the cluster the provider alone could ask, and it has no look-up of the version or of who
// enforces network policies: bifrostctl verify asks.
func (anyTarget) lookUp(ctx *pulumi.Context, c *Config, _ pulumi.ProviderResource) (deployment, error) {
	d := &anyDeployment{Config: c}
	if c.Rollout == RolloutIdentity {
		return d, nil
	}
	var err error
	if d.cluster, err = c.reach(); err != nil {
		return nil, err
	}
	if d.cluster.masters && c.Secrets.Kubeconfig == "" {
		const masters = "kubernetes.context: its certificate is of the group system:masters, which may do everything in the cluster; " +
			"docs/ci.md lists the rights that a stack needs"
		if err := ctx.Log.Info(masters, nil); err != nil {
			return nil, err
		}
	}
	if c.MakesNetworkPolicies() {
		unknown := enforcement.Verdict{Unknown: "no cloud says it of a cluster of its own"}
		if err := c.tellEnforcement(ctx, "cluster "+c.Kubernetes.known(), unknown, ""); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// identities are Google's side, where the cluster's own tokens are trusted there and it is made here.
func (d *anyDeployment) identities(ctx *pulumi.Context) (handoff pulumi.Array, outputs pulumi.Map, err error) {
	if d.pull, err = d.clusterPull().make(ctx, d.Config); err != nil {
		return nil, nil, err
	}
	return d.pull.handoff, nil, nil
}

func (d *anyDeployment) workload(ctx *pulumi.Context) (pulumi.Map, error) {
	identifier := cmp.Or(d.Kubernetes.ClusterName, d.cluster.server)
	onCluster, err := pulumikubernetes.NewProvider(ctx, onAny.name(), kubernetesProviderArgs(d.cluster.kubeconfig, d.Kubernetes.Context,
		identifier))
	if err != nil {
		return nil, fmt.Errorf("kubernetes provider: %w", err)
	}
	return d.deployKubernetes(ctx, kubernetesParts{
		at: onAny, provider: onCluster, pull: d.pull.secret,
		identity: func(workload *kubernetes.BifrostWorkloadArgs) { onAny.runtime(d.Config, workload) },
	})
}

// standing: the vendor allowlists a cluster's token, and knows its own keys.
func (d *anyDeployment) standing() standing {
	s := standing{rollout: string(d.Rollout), protected: d.ProtectIdentities, kept: map[string]string{}}
	switch {
	case !onAny.refreshes(d.Config):
	case d.federated():
		s.keepFederation(d.Gcp.Federation)
	default:
		s.principals = []string{d.tokenPrincipal(d.Kubernetes.Issuer)}
	}
	return s
}

package stacks

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/azureaks"
	"bifrost/internal/enforcement"
	"bifrost/internal/googlegke"
)

// MakesNetworkPolicies tells whether the stack makes network policies that it relies on: nobody who wants none for the gateway asks whether
// the cluster enforces any.
func (c *Config) MakesNetworkPolicies() bool {
	n := c.Gateway.NetworkPolicy
	return c.Rollout == RolloutFull && c.onKubernetes() != nil && (n == nil || !n.Disabled)
}

// enforcementOnAks is what Azure says of the cluster that was looked up.
func enforcementOnAks(found *azureaks.ManagedCluster) enforcement.Verdict {
	if found.NetworkProfile == nil {
		return enforcement.AKS("", "", "")
	}
	n := found.NetworkProfile
	return enforcement.AKS(n.NetworkPlugin, n.NetworkPolicy, n.NetworkDataplane)
}

// enforcementOnGke is what Google says of the cluster that was looked up.
func enforcementOnGke(found *googlegke.Cluster) enforcement.Verdict {
	return enforcement.GKE(found.DatapathProvider, found.EnforcesPolicies())
}

// EnforceOnGke lets the cluster enforce network policies. Google makes all nodes anew for it (Google Kubernetes Engine, "Control
// communication between Pods and Services using network policies").
func (c *Config) EnforceOnGke() string {
	return fmt.Sprintf("`gcloud container clusters update %[1]s --update-addons=NetworkPolicy=ENABLED`, then `gcloud container clusters "+
		"update %[1]s --enable-network-policy`, which makes all nodes anew", c.Gke.flags())
}

// automatic tells whether the cluster is one of EKS Auto Mode, which brings its own agents and network plugin.
func automatic(cluster *eks.LookupClusterResult) bool {
	return slices.ContainsFunc(cluster.ComputeConfigs, func(compute eks.GetClusterComputeConfig) bool { return compute.Enabled })
}

// enforcementOnEks asks for the add-on that networks pods. The look-up fails where the cluster has no such add-on
// (terraform-provider-aws 5.x, internal/service/eks/addon_data_source.go); then the network plugin is somebody's own.
func (c *Config) enforcementOnEks(
	ctx *pulumi.Context, provider pulumi.ProviderResource, cluster *eks.LookupClusterResult,
) enforcement.Verdict {
	if automatic(cluster) {
		return enforcement.Verdict{Unknown: "AWS does not say it of EKS Auto Mode"}
	}
	wanted := &eks.LookupAddonArgs{ClusterName: c.Eks.ClusterName, AddonName: enforcement.EKSAddon}
	addon, err := eks.LookupAddon(ctx, wanted, pulumi.Provider(provider))
	if err != nil {
		return enforcement.Verdict{Unknown: fmt.Sprintf("its add-on %s is not there or cannot be read (%v)", enforcement.EKSAddon, err)}
	}
	return enforcement.EKS(addon.ConfigurationValues)
}

// EnforceOnAks and EnforceOnEks let the cluster enforce network policies. Azure makes all nodes anew for it (Microsoft, "Secure traffic
// between pods by using network policies in AKS"); values of the add-on that are not given again are lost (Amazon EKS API reference,
// UpdateAddon).
func (c *Config) EnforceOnAks() string {
	return fmt.Sprintf("`az aks update --resource-group %s --name %s --network-policy calico`, which makes all nodes anew",
		c.Aks.ResourceGroup, c.Aks.ClusterName)
}

func (c *Config) EnforceOnEks() string {
	return fmt.Sprintf("`aws eks update-addon --region %s --cluster-name %s --addon-name %s --resolve-conflicts PRESERVE "+
		"--configuration-values '{\"enableNetworkPolicy\": \"true\"}'`, with the add-on's other values beside it",
		c.Aws.region(), c.Eks.ClusterName, enforcement.EKSAddon)
}

// enforcementTold is what a preview says of a verdict: a warning, or a note where nobody can say yet.
func (c *Config) enforcementTold(cluster string, verdict enforcement.Verdict, mend string) (warning, note string) {
	const ask = "`bifrostctl verify` asks the cluster itself"
	switch {
	case verdict.Lacking != "":
		return fmt.Sprintf("gateway.networkPolicy: nothing enforces network policies on %s: %s. Whoever is in the cluster reaches the "+
			"gateway, and the gateway whatever its nodes reach. Run %s. Where Calico or Cilium was installed by somebody else, %s", cluster,
			verdict.Lacking, mend, ask), ""
	case verdict.Unknown != "":
		return "", fmt.Sprintf("gateway.networkPolicy: whether %s enforces network policies is not known here: %s; once it is up, %s",
			cluster, verdict.Unknown, ask)
	}
	return "", ""
}

func (c *Config) tellEnforcement(ctx *pulumi.Context, cluster string, verdict enforcement.Verdict, mend string) error {
	warning, note := c.enforcementTold(cluster, verdict, mend)
	switch {
	case warning != "":
		return ctx.Log.Warn(warning, nil)
	case note != "":
		return ctx.Log.Info(note, nil)
	}
	return nil
}

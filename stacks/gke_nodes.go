package stacks

import (
	"fmt"
	"slices"
	"strings"

	"bifrost/internal/googlegke"
)

// pullScopes are the OAuth scopes of a node of which one is enough to read from Artifact Registry (Artifact Registry, "Requirements for
// GKE").
var pullScopes = []string{
	"https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/devstorage.read_only",
	"https://www.googleapis.com/auth/devstorage.read_write", "https://www.googleapis.com/auth/devstorage.full_control",
}

// MayPull tells whether access scopes let a node read from Artifact Registry; none are said of nodes that may.
func MayPull(scopes []string) bool {
	return len(scopes) == 0 || slices.ContainsFunc(pullScopes, func(s string) bool { return slices.Contains(scopes, s) })
}

// NodeAccount is the service account as which nodes run of which account is said; number is that of the cluster's project. Nodes of which
// nothing is said run as Compute Engine's default one (Compute Engine, "Service accounts", default service account).
func NodeAccount(account, number string) string {
	if account == "" || account == "default" {
		return number + "-compute@developer.gserviceaccount.com"
	}
	return account
}

// gkeNodeAccounts are the service accounts as which the nodes run, sorted, where nodes pull; number is that of the cluster's project.
func (c *Config) gkeNodeAccounts(found *googlegke.Cluster, number string) ([]string, error) {
	if c.Registry.Mirror || c.Gke.Pull != GkePullNode {
		return nil, nil
	}
	var accounts []string
	add := func(pool, account string, scopes []string) error {
		if !MayPull(scopes) {
			return fmt.Errorf("gke.pull: the nodes of %s in GKE cluster %s may not read from Artifact Registry, whatever their service "+
				"account may: their scopes are %s, and cannot be changed; make another node pool with `gcloud container node-pools create "+
				"POOL --cluster %s --scopes=cloud-platform` and remove this one, or set gke.pull to refresh",
				pool, c.Gke.ClusterName, strings.Join(scopes, ", "), c.Gke.flags())
		}
		accounts = append(accounts, NodeAccount(account, number))
		return nil
	}
	for _, pool := range found.NodePools {
		for _, node := range pool.NodeConfigs {
			if err := add("node pool "+pool.Name, node.ServiceAccount, node.OauthScopes); err != nil {
				return nil, err
			}
		}
	}
	for _, scaling := range found.ClusterAutoscalings {
		if !scaling.Enabled && !found.EnableAutopilot {
			continue
		}
		for _, made := range scaling.AutoProvisioningDefaults {
			if err := add("node auto-provisioning", made.ServiceAccount, made.OauthScopes); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(accounts)
	return slices.Compact(accounts), nil
}

// Package googlegke is the little of Google Kubernetes Engine that the program needs: a look-up of the gcp provider, typed by hand. The
// SDK's own package is too large to compile for it (docs/decisions/0010-compile-cost.md).
package googlegke

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// getCluster is the look-up's token. The explicit provider decides the provider's version.
const getCluster = "gcp:container/getCluster:getCluster"

type clusterArgs struct {
	Location *string `pulumi:"location"`
	Name     string  `pulumi:"name"`
	Project  *string `pulumi:"project"`
}

// Cluster is what a look-up says of a cluster. Each list is an object or nothing.
type Cluster struct {
	Id               string `pulumi:"id"`
	SelfLink         string `pulumi:"selfLink"`
	Endpoint         string `pulumi:"endpoint"`
	MasterVersion    string `pulumi:"masterVersion"`
	DatapathProvider string `pulumi:"datapathProvider"`
	// EnableAutopilot: Google has the nodes, and the metadata server is on all of them.
	EnableAutopilot         bool               `pulumi:"enableAutopilot"`
	ClusterAutoscalings     []Autoscaling      `pulumi:"clusterAutoscalings"`
	MasterAuths             []MasterAuth       `pulumi:"masterAuths"`
	NetworkPolicies         []NetworkPolicy    `pulumi:"networkPolicies"`
	NodePools               []NodePool         `pulumi:"nodePools"`
	WorkloadIdentityConfigs []WorkloadIdentity `pulumi:"workloadIdentityConfigs"`
}

// MasterAuth has the certificate authority of the API server, in Base64.
type MasterAuth struct {
	ClusterCaCertificate string `pulumi:"clusterCaCertificate"`
}

// NetworkPolicy says whether Calico enforces network policies.
type NetworkPolicy struct {
	Enabled  bool   `pulumi:"enabled"`
	Provider string `pulumi:"provider"`
}

// WorkloadIdentity names the pool of the cluster's ServiceAccounts, PROJECT.svc.id.goog.
type WorkloadIdentity struct {
	WorkloadPool string `pulumi:"workloadPool"`
}

// Autoscaling makes node pools by itself.
type Autoscaling struct {
	Enabled                  bool           `pulumi:"enabled"`
	AutoProvisioningDefaults []Provisioning `pulumi:"autoProvisioningDefaults"`
}

// Provisioning is what such node pools have.
type Provisioning struct {
	ServiceAccount string   `pulumi:"serviceAccount"`
	OauthScopes    []string `pulumi:"oauthScopes"`
}

// NodePool is a pool of nodes of one kind.
type NodePool struct {
	Name        string       `pulumi:"name"`
	NodeConfigs []NodeConfig `pulumi:"nodeConfigs"`
}

// NodeConfig is what the nodes of a pool have.
type NodeConfig struct {
	// ServiceAccount is default for that of Compute Engine.
	ServiceAccount          string             `pulumi:"serviceAccount"`
	OauthScopes             []string           `pulumi:"oauthScopes"`
	WorkloadMetadataConfigs []WorkloadMetadata `pulumi:"workloadMetadataConfigs"`
}

// WorkloadMetadata says which metadata server pods see: GKE_METADATA is GKE's, GCE_METADATA the node's own.
type WorkloadMetadata struct {
	Mode string `pulumi:"mode"`
}

// MetadataServer is the mode of node pools on which pods get tokens of their own.
const MetadataServer = "GKE_METADATA"

// WorkloadPool is PROJECT.svc.id.goog; empty where workload identity is off.
func (c *Cluster) WorkloadPool() string {
	if len(c.WorkloadIdentityConfigs) == 0 {
		return ""
	}
	return c.WorkloadIdentityConfigs[0].WorkloadPool
}

// CaCertificate is the API server's certificate authority, in Base64; empty where the look-up has none.
func (c *Cluster) CaCertificate() string {
	if len(c.MasterAuths) == 0 {
		return ""
	}
	return c.MasterAuths[0].ClusterCaCertificate
}

// EnforcesPolicies tells whether Calico does.
func (c *Cluster) EnforcesPolicies() bool {
	return slices.ContainsFunc(c.NetworkPolicies, func(p NetworkPolicy) bool { return p.Enabled })
}

// HasMetadataServer tells whether pods of the pool get tokens of their own.
func (p *NodePool) HasMetadataServer() bool {
	return slices.ContainsFunc(p.NodeConfigs, func(n NodeConfig) bool {
		return slices.Contains(n.WorkloadMetadataConfigs, WorkloadMetadata{MetadataServer})
	})
}

// LookUpCluster finds a cluster by name. Where there is none the provider gives an error of its own (terraform-provider-google,
// services/container/data_source_google_container_cluster.go).
func LookUpCluster(ctx *pulumi.Context, project, location, name string, opts ...pulumi.InvokeOption) (*Cluster, error) {
	found := &Cluster{}
	if err := ctx.Invoke(getCluster, clusterArgs{&location, name, &project}, found, opts...); err != nil {
		return nil, err
	}
	return found, nil
}

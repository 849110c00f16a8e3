package gcp

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// clusterArgs are those of getCluster. The SDK's package, which has them, has four million letters of other things.
type clusterArgs struct {
	Location *string `pulumi:"location"`
	Name     string  `pulumi:"name"`
	Project  *string `pulumi:"project"`
}

// getCluster answers as terraform-provider-google 5.44.1 does (google/services/container/data_source_google_container_cluster.go, and
// resource_container_cluster.go, resourceContainerClusterRead): a cluster that is not there is an error of the look-up's own, and what the
// API leaves out is an empty list, or says that it is off.
func getCluster(c *double.Call, args double.Object) (double.Object, error) {
	s := c.Session.(*session)
	location := cmp.Or(double.String(args, "location"), s.region, s.zone)
	if location == "" {
		//lint:ignore ST1005 the words are not ours
		return nil, fmt.Errorf("Unable to determine location: region/zone not configured in resource/provider config")
	}
	id, name := project(c, args), double.String(args, "name")
	of := c.World.GCP[id]
	if of == nil {
		//lint:ignore ST1005 the words are not ours
		return nil, fmt.Errorf("Error when reading or editing Container Cluster %q: googleapi: Error 403: Permission denied on resource "+
			"project %s (or it may not exist)", name, id)
	}
	cluster := of.GKECluster(location, name)
	if cluster == nil {
		return nil, fmt.Errorf("projects/%s/locations/%s/clusters/%s not found", id, location, name)
	}
	return describe(cluster, id, c.World.Clusters[cluster.Endpoint(id)].CA), nil
}

func describe(c *world.GKECluster, project, ca string) double.Object {
	endpoint := strings.TrimPrefix(c.Endpoint(project), "https://")
	datapath, calico := datapathOf(c.NetworkPolicies)
	policies := double.Object{"enabled": calico, "provider": "PROVIDER_UNSPECIFIED"}
	if calico {
		policies["provider"] = "CALICO"
	}
	return double.Object{
		"id": c.Path(project), "name": c.Name, "location": c.Location, "project": project,
		"selfLink": "https://container.googleapis.com/v1/" + c.Path(project),
		"endpoint": endpoint, "masterVersion": c.Version, "nodeVersion": c.Version, "minMasterVersion": "",
		"masterAuths": []any{double.Object{
			"clusterCaCertificate": base64.StdEncoding.EncodeToString([]byte(ca)), "clientCertificate": "", "clientKey": "",
			"clientCertificateConfigs": []any{double.Object{"issueClientCertificate": false}},
		}},
		"workloadIdentityConfigs": workloadIdentity(c, project), "nodePools": nodePools(c), "enableAutopilot": c.Autopilot,
		"clusterAutoscalings": []any{autoscaling(c)},
		"networkPolicies":     []any{policies}, "datapathProvider": datapath,
		"addonsConfigs": []any{double.Object{
			"networkPolicyConfigs":      []any{double.Object{"disabled": !calico}},
			"httpLoadBalancings":        []any{double.Object{"disabled": false}},
			"horizontalPodAutoscalings": []any{double.Object{"disabled": false}},
		}},
		"privateClusterConfigs": []any{double.Object{
			"enablePrivateEndpoint": false, "enablePrivateNodes": true, "publicEndpoint": endpoint, "privateEndpoint": "10.0.0.2",
			"masterGlobalAccessConfigs": []any{double.Object{"enabled": false}},
		}},
		"releaseChannels":  []any{double.Object{"channel": "REGULAR"}},
		"enableLegacyAbac": false, "resourceLabels": double.Object{}, "nodeLocations": []any{},
	}
}

// datapathOf is how Google tells what enforces network policies (Google Kubernetes Engine, "Control communication between Pods").
func datapathOf(engine world.PolicyEngine) (datapath string, calico bool) {
	if engine == "" {
		return "ADVANCED_DATAPATH", false
	}
	return "LEGACY_DATAPATH", engine == world.Calico
}

// workloadIdentity is an empty list where it is off (flattenWorkloadIdentityConfig).
func workloadIdentity(c *world.GKECluster, project string) []any {
	if !c.WorkloadIdentity {
		return []any{}
	}
	return []any{double.Object{"workloadPool": (&world.GCPProject{ID: project}).WorkloadPool()}}
}

// nodePools: without workload identity the nodes say nothing of a metadata server (flattenWorkloadMetadataConfig). A service account that
// nobody chose is "default".
func nodePools(c *world.GKECluster) []any {
	pools := []any{}
	for _, pool := range c.NodePools {
		metadata := []any{}
		if c.WorkloadIdentity {
			mode := "GKE_METADATA"
			if pool.Exposed {
				mode = "GCE_METADATA"
			}
			metadata = append(metadata, double.Object{"mode": mode})
		}
		scopes := []any{}
		for _, url := range pool.ScopeURLs() {
			scopes = append(scopes, url)
		}
		pools = append(pools, double.Object{
			"name": pool.Name, "version": c.Version, "nodeConfigs": []any{double.Object{
				"serviceAccount": cmp.Or(pool.ServiceAccount, "default"), "oauthScopes": scopes, "workloadMetadataConfigs": metadata,
				"machineType": "e2-standard-4", "imageType": "COS_CONTAINERD",
			}},
		})
	}
	return pools
}

// autoscaling: nodes of an Autopilot cluster, which its user has no node pools of, are as the defaults of node auto-provisioning say.
func autoscaling(c *world.GKECluster) double.Object {
	defaults := []any{}
	if c.Autopilot {
		defaults = append(defaults, double.Object{"serviceAccount": "default",
			"oauthScopes": []any{"https://www.googleapis.com/auth/cloud-platform"}})
	}
	return double.Object{"enabled": c.Autopilot, "autoProvisioningDefaults": defaults, "autoscalingProfile": "BALANCED"}
}

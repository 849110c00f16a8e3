package azure

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/containerservice/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	kubeconfig "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

const clusterKind = "Microsoft.ContainerService/managedClusters"

// The applications of AKS's Entra integration, the same in every tenant (kubelogin's documentation).
const (
	aksServerApp = "6dae42f8-4368-4678-94ff-3960e28e3630"
	aksClientApp = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
)

func functions() map[string]*double.Function {
	return map[string]*double.Function{
		pulumitype.AzureGetManagedCluster: {
			Args: containerservice.LookupManagedClusterArgs{}, Call: getManagedCluster,
		},
		pulumitype.AzureGetManagedIdentity: {
			Args: managedidentity.LookupUserAssignedIdentityArgs{}, Call: getUserAssignedIdentity,
		},
		pulumitype.AzureListUserCredentials: {
			Args: containerservice.ListManagedClusterUserCredentialsArgs{}, Call: listUserCredentials,
		},
	}
}

// getUserAssignedIdentity finds an identity by its resource group and its name, whatever their case (Azure Resource Manager, "Naming rules
// and restrictions for Azure resources").
func getUserAssignedIdentity(c *double.Call, args double.Object) (double.Object, error) {
	if err := ready(c); err != nil {
		return nil, err
	}
	group, name := double.String(args, "resourceGroupName"), double.String(args, "resourceName")
	id := identityID(c, group, name)
	for _, r := range c.World.List(pulumitype.AzureManagedIdentity, subscription(c)) {
		if strings.EqualFold(r.ID, id) {
			answer := double.Clone(r.State)
			answer["id"] = r.ID
			return answer, nil
		}
	}
	return nil, notFound(identityKind, name, group)
}

func findCluster(c *double.Call, args double.Object) (*world.AKSCluster, error) {
	if err := ready(c); err != nil {
		return nil, err
	}
	group, name := double.String(args, "resourceGroupName"), double.String(args, "resourceName")
	sub := c.World.Azure[subscription(c)]
	if !sub.HasResourceGroup(group) {
		return nil, fmt.Errorf("Status=404 Code=\"ResourceGroupNotFound\" Message=\"Resource group '%s' could not be found\"", group)
	}
	cluster := sub.AKSCluster(group, name)
	if cluster == nil {
		return nil, notFound(clusterKind, name, group)
	}
	return cluster, nil
}

func getManagedCluster(c *double.Call, args double.Object) (double.Object, error) {
	cluster, err := findCluster(c, args)
	if err != nil {
		return nil, err
	}
	tenant := sessionOf(c).tenant
	issuer := double.Object{"enabled": cluster.OIDCIssuer}
	if cluster.OIDCIssuer {
		issuer["issuerURL"] = cluster.Issuer(tenant)
	}
	answer := double.Object{
		"id": fmt.Sprintf("/subscriptions/%s/resourcegroups/%s/providers/%s/%s", subscription(c), cluster.ResourceGroup, clusterKind,
			cluster.Name),
		"name": cluster.Name, "type": clusterKind, "location": cluster.Location, "provisioningState": "Succeeded",
		"kubernetesVersion": cluster.Version, "currentKubernetesVersion": cluster.Version,
		"fqdn": cluster.FQDN(tenant), "azurePortalFQDN": "portal-" + cluster.FQDN(tenant), "dnsPrefix": cluster.Name,
		"enableRBAC": true, "disableLocalAccounts": !cluster.LocalAccount, "maxAgentPools": 100.0,
		"identity": double.Object{"type": "SystemAssigned", "tenantId": tenant,
			"principalId": world.GUID("cluster identity", tenant, cluster.Name)},
		"nodeResourceGroup": fmt.Sprintf("MC_%s_%s_%s", cluster.ResourceGroup, cluster.Name, cluster.Location),
		"aadProfile":        double.Object{"managed": true, "enableAzureRBAC": true, "tenantID": tenant},
		"oidcIssuerProfile": issuer,
		"powerState":        double.Object{"code": "Running"},
		"securityProfile":   double.Object{"workloadIdentity": double.Object{"enabled": cluster.WorkloadIdentity}},
	}
	plugin, policy, dataplane := cluster.NetworkProfile()
	answer["networkProfile"] = double.Object{"networkPlugin": plugin, "networkPolicy": policy, "networkDataplane": dataplane}
	if cluster.LocalAccount {
		delete(answer, "aadProfile")
	}
	return answer, nil
}

// listUserCredentials answers as `az aks get-credentials --format exec` does: in a cluster with Entra integration the user logs in by
// device code, which a program cannot; in one without, with a certificate that all its users share (AKS, "Manage local accounts").
func listUserCredentials(c *double.Call, args double.Object) (double.Object, error) {
	cluster, err := findCluster(c, args)
	if err != nil {
		return nil, err
	}
	if format := double.String(args, "format"); !strings.EqualFold(format, "exec") {
		return nil, fmt.Errorf("the sandbox models user credentials of format \"exec\" only, not %q", format)
	}
	text, err := userKubeconfig(c, cluster)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig of AKS cluster %s: %w", cluster.Name, err)
	}
	value := base64.StdEncoding.EncodeToString(text)
	return double.Object{"kubeconfigs": []any{double.Object{"name": "clusterUser", "value": value}}}, nil
}

func userKubeconfig(c *double.Call, cluster *world.AKSCluster) ([]byte, error) {
	tenant := sessionOf(c).tenant
	server := cluster.Endpoint(tenant)
	user := fmt.Sprintf("clusterUser_%s_%s", cluster.ResourceGroup, cluster.Name)
	login := kubeconfig.AuthInfo{Exec: &kubeconfig.ExecConfig{
		APIVersion: "client.authentication.k8s.io/v1beta1",
		Command:    "kubelogin",
		Args: []string{
			"get-token", "--environment", "AzurePublicCloud", "--server-id", aksServerApp, "--client-id", aksClientApp,
			"--tenant-id", tenant, "--login", "devicecode",
		},
		InteractiveMode: kubeconfig.IfAvailableExecInteractiveMode,
	}}
	if cluster.LocalAccount {
		login = kubeconfig.AuthInfo{ClientCertificateData: []byte("certificate"), ClientKeyData: []byte("key")}
	}
	return yaml.Marshal(kubeconfig.Config{
		APIVersion:     "v1",
		Kind:           "Config",
		CurrentContext: cluster.Name,
		Clusters: []kubeconfig.NamedCluster{{Name: cluster.Name, Cluster: kubeconfig.Cluster{
			Server: server, CertificateAuthorityData: []byte(c.World.Clusters[server].CA),
		}}},
		Contexts:  []kubeconfig.NamedContext{{Name: cluster.Name, Context: kubeconfig.Context{Cluster: cluster.Name, AuthInfo: user}}},
		AuthInfos: []kubeconfig.NamedAuthInfo{{Name: user, AuthInfo: login}},
	})
}

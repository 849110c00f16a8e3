package sandbox

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"

	"k8s.io/utils/ptr"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/stacks"
)

// kubernetesVersion is the version of the clusters that stand in the sandbox.
const kubernetesVersion = "1.34"

// Where a stack file leaves the choice to the credentials, the sandbox's user is signed in here.
const (
	defaultAccount      = "111122223333"
	defaultRegion       = "us-east-1"
	defaultSubscription = "00000000-0000-0000-0000-000000000001"
	defaultTenant       = "00000000-0000-0000-0000-000000000002"
	defaultLocation     = "eastus"
	defaultProject      = "sandbox-project"
	defaultPlace        = "us-central1"
)

// seed makes everything that the stack takes for granted exist in the world: the account or subscription, the resource group, the clusters
// with what they hold, and the vendor's side with its allowlist. For the clouds it is given the file's values without any overlay, so that
// a wrong name in an overlay fails as it would in life; of the overlaid values, chosen, it takes there only which trust the vendor was told
// of. What the cluster of Kubernetes must hold it takes from chosen, and tells in World.Given. It returns the URL of that cluster's API
// server, or "" where the stack has none.
func seed(world *cloud.World, values, chosen map[string]any, say settings) (server string) {
	file, overlaid := lenient(values), lenient(chosen)
	server = seedPlatform(world, file, overlaid)
	in := clusterContents(overlaid)
	in.Nodes, in.Architectures = say.Nodes, say.Architectures
	if image := overlaid.Image(); image.Path != "" {
		in.Image = image.Host + "/" + image.Path
	}
	kubernetes.Furnish(world, server, in)
	return server
}

// lenient are a stack file's values as the program resolves them, whether it would refuse them or not. No file that they name is read.
func lenient(values map[string]any) *stacks.Config { return stacks.Lenient("", "", values) }

// seeders make what a stack takes for granted on each platform, and return the URL of its cluster's API server, or "".
var seeders = map[string]func(world *cloud.World, file, chosen *stacks.Config) (server string){
	"aws": seedAWS, "azure": seedAzure, "google": seedGoogle, "kubernetes": seedKubernetes,
}

func seedPlatform(world *cloud.World, file, chosen *stacks.Config) (server string) {
	if seeder := seeders[file.Platform]; seeder != nil {
		return seeder(world, file, chosen)
	}
	return ""
}

func seedAWS(world *cloud.World, file, _ *stacks.Config) (server string) {
	account := awsSeed(file, world.API())
	world.SeedAWS(account)
	seedNamed(world, file, account.ID)
	seedECR(world, file, account)
	seedECS(world, file, account)
	if len(account.EKS) == 0 {
		return ""
	}
	return account.EKS[0].Endpoint(account.ID)
}

func seedAzure(world *cloud.World, file, chosen *stacks.Config) (server string) {
	subscription := azureSeed(file, world.API())
	world.SeedAzure(subscription)
	seedGCP(world, file, chosen, subscription)
	if len(subscription.AKS) == 0 {
		return ""
	}
	return subscription.AKS[0].Endpoint(subscription.Tenant)
}

// awsSeed is the account with its clusters; api is the real API server of the Kubernetes cluster, or nil.
func awsSeed(file *stacks.Config, api *cloud.APIServer) cloud.AWSAccount {
	on := orEmpty(file.Aws)
	account := cloud.AWSAccount{ID: cmp.Or(on.AccountId, defaultAccount)}
	region := cmp.Or(on.Region, defaultRegion)
	if eks := orEmpty(file.Eks); eks.ClusterName != "" {
		account.EKS = []cloud.EKSCluster{{
			Name: eks.ClusterName, Region: region, Version: minor(versionOf(api)), API: api,
			OIDCProvider: eks.OidcProvider != stacks.OidcCreate,
			NodeRoles:    []string{eks.ClusterName + "-node"}, PodIdentityAgent: true, CredentialProvider: true,
		}}
	}
	if ecs := orEmpty(file.Ecs); ecs.ClusterName != "" {
		account.ECS = []cloud.ECSCluster{{Name: ecs.ClusterName, Region: region, ContainerInsights: "enabled"}}
	}
	return account
}

// orEmpty is what p points to, or an empty value.
func orEmpty[T any](p *T) T { return ptr.Deref(p, *new(T)) }

// azureSeed is the subscription with its clusters; api is the real API server of the Kubernetes cluster, or nil.
func azureSeed(file *stacks.Config, api *cloud.APIServer) cloud.AzureSubscription {
	on, aks := orEmpty(file.Azure), orEmpty(file.Aks)
	subscription := cloud.AzureSubscription{
		ID: cmp.Or(on.SubscriptionId, defaultSubscription), Tenant: cmp.Or(on.TenantId, defaultTenant),
	}
	if on.ResourceGroup != "" {
		subscription.ResourceGroups = []string{on.ResourceGroup}
	}
	if aks.ClusterName != "" {
		subscription.AKS = []cloud.AKSCluster{{
			Name: aks.ClusterName, ResourceGroup: aks.ResourceGroup,
			Location: cmp.Or(on.Location, defaultLocation), Version: versionOf(api),
			OIDCIssuer: true, WorkloadIdentity: true, API: api,
		}}
	}
	return subscription
}

func versionOf(api *cloud.APIServer) string {
	if api == nil {
		return kubernetesVersion + ".0"
	}
	return api.Version
}

// minor is a version without its patch, as EKS tells it.
func minor(version string) string { return version[:strings.LastIndex(version, ".")] }

// fakeSecret returns the function that makes up the value of a secret from its path. Every fake says what it is, but those that must still
// be what they are: a kubeconfig leads to the cluster at server, and a key is the last one that the vendor gave.
func fakeSecret(world *cloud.World, values map[string]any, server string) func(path string) string {
	return func(path string) string {
		fake := "sandbox-fake-" + strings.TrimPrefix(path, secretsKey+".")
		if key, made := mint.NewestAccountKey(world.World); made && path == secretsKey+".registryKey" {
			return key
		}
		if cluster := world.Clusters[server]; cluster != nil && path == secretsKey+".kubeconfig" {
			on, _ := lenient(values).Cluster()
			context := cmp.Or(on.Context, "sandbox")
			return fmt.Sprintf(kubeconfig, context, cluster.Server, base64.StdEncoding.EncodeToString([]byte(cluster.CA)), fake)
		}
		return fake
	}
}

// kubeconfig takes a context's name, a server, its certificate authority and a token.
const kubeconfig = `apiVersion: v1
kind: Config
current-context: %[1]q
contexts: [{name: %[1]q, context: {cluster: sandbox, user: sandbox}}]
clusters: [{name: sandbox, cluster: {server: %[2]q, certificate-authority-data: %[3]q}}]
users: [{name: sandbox, user: {token: %[4]q}}]
`

package sandbox

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes"
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
)

// seed makes everything that the stack file takes for granted exist in the world: the account or subscription, the
// resource group, the clusters with what they hold, and the vendor's side with its allowlist. It is given the file's values without any overlay, so
// that a wrong name in an overlay fails as it would in life; of the overlaid values, chosen, it takes only which trust the
// vendor was told of. It returns the URL of the Kubernetes cluster's API server, or "" where the stack has none.
func seed(world *cloud.World, values, chosen map[string]any) (server string) {
	server = seedPlatform(world, values, chosen)
	kubernetes.Furnish(world, server, clusterContents(values))
	return server
}

func seedPlatform(world *cloud.World, values, chosen map[string]any) (server string) {
	switch text(values, "platform") {
	case "aws":
		account := awsSeed(values, world.API())
		world.SeedAWS(account)
		seedPolicies(world, values, account.ID)
		seedECR(world, values, account)
		seedECS(world, values, account)
		if len(account.EKS) > 0 {
			return account.EKS[0].Endpoint(account.ID)
		}
	case "azure":
		subscription := azureSeed(values, world.API())
		world.SeedAzure(subscription)
		seedGCP(world, values, chosen, subscription)
		if len(subscription.AKS) > 0 {
			return subscription.AKS[0].Endpoint(subscription.Tenant)
		}
	}
	return ""
}

// seedPolicies makes the account's own policies that the gateway's role is to have.
func seedPolicies(world *cloud.World, values map[string]any, account string) {
	eks, _ := values["eks"].(map[string]any)
	policies, _ := eks["gatewayPolicyArns"].([]any)
	for _, policy := range policies {
		if arn, ok := policy.(string); ok && strings.Contains(arn, ":iam::"+account+":policy/") {
			world.SeedPolicy(account, arn)
		}
	}
}

// awsSeed is the account with its clusters; api is the real API server of the Kubernetes cluster, or nil.
func awsSeed(values map[string]any, api *cloud.APIServer) cloud.AWSAccount {
	account := cloud.AWSAccount{ID: cmp.Or(text(values, "aws", "accountId"), defaultAccount)}
	region := cmp.Or(text(values, "aws", "region"), defaultRegion)
	if name := text(values, "eks", "clusterName"); name != "" {
		account.EKS = []cloud.EKSCluster{{
			Name: name, Region: region, Version: minor(versionOf(api)), API: api,
			OIDCProvider: text(values, "eks", "oidcProvider") != "create",
			NodeRoles:    []string{name + "-node"}, PodIdentityAgent: true, CredentialProvider: true,
		}}
	}
	if name := text(values, "ecs", "clusterName"); name != "" {
		account.ECS = []cloud.ECSCluster{{Name: name, Region: region, ContainerInsights: "enabled"}}
	}
	return account
}

// azureSeed is the subscription with its clusters; api is the real API server of the Kubernetes cluster, or nil.
func azureSeed(values map[string]any, api *cloud.APIServer) cloud.AzureSubscription {
	subscription := cloud.AzureSubscription{
		ID:     cmp.Or(text(values, "azure", "subscriptionId"), defaultSubscription),
		Tenant: cmp.Or(text(values, "azure", "tenantId"), defaultTenant),
	}
	group := text(values, "azure", "resourceGroup")
	if group != "" {
		subscription.ResourceGroups = []string{group}
	}
	if name := text(values, "aks", "clusterName"); name != "" {
		subscription.AKS = []cloud.AKSCluster{{
			Name: name, ResourceGroup: cmp.Or(text(values, "aks", "resourceGroup"), group),
			Location: cmp.Or(text(values, "azure", "location"), defaultLocation), Version: versionOf(api),
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

// fakeSecret returns the function that makes up the value of a secret from its path. Every fake says what it is. A
// kubeconfig must still be one: it leads to the cluster at server.
func fakeSecret(world *cloud.World, values map[string]any, server string) func(path string) string {
	return func(path string) string {
		fake := "sandbox-fake-" + strings.TrimPrefix(path, secretsKey+".")
		if cluster := world.Clusters[server]; cluster != nil && path == secretsKey+".kubeconfig" {
			context := cmp.Or(text(values, "eks", "context"), text(values, "aks", "context"), "sandbox")
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

// text returns the text at a path of keys, or "" where there is none.
func text(values map[string]any, path ...string) string {
	found, _ := at(values, path...).(string)
	return found
}

// at returns what is at a path of keys, or nil.
func at(values map[string]any, path ...string) any {
	for _, key := range path[:len(path)-1] {
		values, _ = values[key].(map[string]any)
	}
	return values[path[len(path)-1]]
}

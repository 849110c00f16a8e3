package sandbox

import (
	"cmp"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var values map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &values))
	return values
}

func TestSeedAWS(t *testing.T) {
	tests := map[string]struct {
		config string
		want   cloud.AWSAccount
	}{
		"everything named": {
			`{aws: {accountId: "999988887777", region: eu-west-1}, eks: {clusterName: a}, ecs: {clusterName: b}}`,
			cloud.AWSAccount{
				ID:  "999988887777",
				EKS: []cloud.EKSCluster{{Name: "a", Region: "eu-west-1", Version: "1.34", OIDCProvider: true, NodeRoles: []string{"a-node"}, PodIdentityAgent: true, CredentialProvider: true}},
				ECS: []cloud.ECSCluster{{Name: "b", Region: "eu-west-1", ContainerInsights: "enabled"}},
			},
		},
		"the account left to the credentials": {`{aws: {region: eu-west-1}}`, cloud.AWSAccount{ID: "111122223333"}},
		"the OIDC provider is the stack's": {
			`{aws: {region: eu-west-1}, eks: {clusterName: a, oidcProvider: create}}`,
			cloud.AWSAccount{ID: "111122223333", EKS: []cloud.EKSCluster{{Name: "a", Region: "eu-west-1", Version: "1.34", NodeRoles: []string{"a-node"}, PodIdentityAgent: true, CredentialProvider: true}}},
		},
		"values of wrong types": {`{aws: 5, eks: [x], ecs: {clusterName: [7]}}`, cloud.AWSAccount{ID: "111122223333"}},
		"digits without quotes": {
			`{aws: {accountId: 123456789012}, ecs: {clusterName: 7}}`,
			cloud.AWSAccount{ID: "123456789012", ECS: []cloud.ECSCluster{{Name: "7", Region: "us-east-1", ContainerInsights: "enabled"}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, awsSeed(lenient(parse(t, test.config)), nil)) })
	}
}

func TestSeedAzure(t *testing.T) {
	tests := map[string]struct {
		config string
		want   cloud.AzureSubscription
	}{
		"the cluster in the stack's resource group": {
			`{azure: {subscriptionId: s, tenantId: t, location: westeurope, resourceGroup: rg}, aks: {clusterName: c}}`,
			cloud.AzureSubscription{ID: "s", Tenant: "t", ResourceGroups: []string{"rg"}, AKS: []cloud.AKSCluster{{
				Name: "c", ResourceGroup: "rg", Location: "westeurope", Version: "1.34.0", OIDCIssuer: true, WorkloadIdentity: true,
			}}},
		},
		"the cluster elsewhere": {
			`{azure: {subscriptionId: s, tenantId: t, resourceGroup: rg}, aks: {clusterName: c, resourceGroup: other}}`,
			cloud.AzureSubscription{ID: "s", Tenant: "t", ResourceGroups: []string{"rg"}, AKS: []cloud.AKSCluster{{
				Name: "c", ResourceGroup: "other", Location: "eastus", Version: "1.34.0", OIDCIssuer: true, WorkloadIdentity: true,
			}}},
		},
		"nothing named": {`{}`, cloud.AzureSubscription{ID: defaultSubscription, Tenant: defaultTenant}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, azureSeed(lenient(parse(t, test.config)), nil)) })
	}
}

func TestSeedTwiceChangesNothing(t *testing.T) {
	for _, config := range []string{
		`{platform: aws, aws: {region: eu-west-1}, eks: {clusterName: a}, ecs: {clusterName: b}}`,
		`{platform: azure, azure: {subscriptionId: s, tenantId: t, resourceGroup: rg}, aks: {clusterName: c}}`,
	} {
		world := cloud.NewWorld()
		server := seed(world, parse(t, config), nil, settings{})
		require.Contains(t, world.Clusters, server)
		first, err := json.Marshal(world)
		require.NoError(t, err)
		require.Equal(t, server, seed(world, parse(t, config), nil, settings{}))
		second, err := json.Marshal(world)
		require.NoError(t, err)
		require.JSONEq(t, string(first), string(second))
	}
}

func TestSeedOfUnknownPlatformIsLeftToTheProgram(t *testing.T) {
	world := cloud.NewWorld()
	require.Empty(t, seed(world, parse(t, `{platform: moon}`), nil, settings{}))
	require.Empty(t, world.AWS)
	require.Empty(t, world.Azure)
}

func TestFakeSecrets(t *testing.T) {
	world := cloud.NewWorld()
	values := parse(t, `{platform: aws, aws: {region: eu-west-1}, eks: {clusterName: a, context: prod}}`)
	server := seed(world, values, values, settings{})
	fake := fakeSecret(world, values, server)
	require.Equal(t, "sandbox-fake-env.PG_PASSWORD", fake("secrets.env.PG_PASSWORD"))
	require.Equal(t, "sandbox-fake-aws.region", fake("aws.region"))

	kubeconfig := parse(t, fake("secrets.kubeconfig"))
	require.Equal(t, "prod", kubeconfig["current-context"])
	require.Contains(t, fake("secrets.kubeconfig"), server)
	require.Contains(t, fake("secrets.kubeconfig"), "sandbox-fake-kubeconfig")
}

func TestSeedGoogle(t *testing.T) {
	own := projectNumber("acme")
	pools := []world.GKENodePool{{Name: "default-pool"}}
	for name, c := range map[string]struct {
		config string
		want   cloud.GCPProject
	}{
		"the cluster in the stack's project": {`{google: {projectId: acme}, gke: {clusterName: c, location: europe-west1}}`,
			cloud.GCPProject{ID: "acme", Number: own, GKE: []cloud.GKECluster{{Name: "c", Location: "europe-west1", Version: "1.34.0-gke.1000000", WorkloadIdentity: true, NodePools: pools}}}},
		"the cluster elsewhere": {`{google: {projectId: acme}, gke: {clusterName: c, projectId: other}}`,
			cloud.GCPProject{ID: "other", Number: projectNumber("other"), GKE: []cloud.GKECluster{{Name: "c", Location: "us-central1", Version: "1.34.0-gke.1000000", WorkloadIdentity: true, NodePools: pools}}}},
		"no cluster":            {`{google: {projectId: acme}}`, cloud.GCPProject{ID: "acme", Number: own}},
		"values of wrong types": {`{google: 5, gke: [x]}`, cloud.GCPProject{ID: "sandbox-project", Number: projectNumber("sandbox-project")}},
	} {
		t.Run(name, func(t *testing.T) {
			file := lenient(parse(t, c.config))
			require.Equal(t, c.want, googleSeed(file, cmp.Or(orEmpty(file.Google).ProjectId, defaultProject), nil))
		})
	}
}

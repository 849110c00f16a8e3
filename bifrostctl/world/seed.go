package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
)

// AWSAccount is an account with the clusters that stand in it already.
type AWSAccount struct {
	// ID is the account's id, twelve digits.
	ID string `json:"id"`
	// EKS and ECS are the clusters of the account, of any region.
	EKS []EKSCluster `json:"eks,omitempty"`
	ECS []ECSCluster `json:"ecs,omitempty"`
}

// EKSCluster is an existing EKS cluster.
type EKSCluster struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	// Version is the Kubernetes version, as "1.33".
	Version string `json:"version"`
	// OIDCProvider says that the account has an IAM OIDC provider for the cluster's issuer.
	OIDCProvider bool `json:"oidcProvider,omitempty"`
	// NodeRoles are the names of the roles of the cluster's nodes. A pod may land on a node of any of them.
	NodeRoles []string `json:"nodeRoles,omitempty"`
	// Fargate are the cluster's Fargate profiles.
	Fargate []FargateProfile `json:"fargate,omitempty"`
	// PodIdentityAgent says that the add-on eks-pod-identity-agent is there.
	PodIdentityAgent bool `json:"podIdentityAgent,omitempty"`
	// CredentialProvider says that the nodes' kubelets ask ecr-credential-provider with a token of the pod's ServiceAccount.
	CredentialProvider bool `json:"credentialProvider,omitempty"`
	// NetworkPolicies is what enforces network policies; empty is the add-on vpc-cni.
	NetworkPolicies PolicyEngine `json:"networkPolicies,omitempty"`
	// API is the real API server that is the cluster's; nil for one of the sandbox's own.
	API *APIServer `json:"api,omitempty"`
}

// APIServer is a real Kubernetes API server, as the clouds' look-ups report it.
type APIServer struct {
	// Server is its URL, CA the PEM text of the authority that signed its certificate.
	Server string `json:"server"`
	CA     string `json:"ca"`
	// Version is its version, as "1.36.3".
	Version string `json:"version"`
	// Issuer is the issuer of its ServiceAccounts' tokens.
	Issuer string `json:"issuer"`
}

// FargateProfile says which pods of an EKS cluster run on Fargate: those of a namespace. The kubelets there pull with the pod
// execution role of that name.
type FargateProfile struct {
	Namespace        string `json:"namespace"`
	PodExecutionRole string `json:"podExecutionRole"`
}

// ECSCluster is an existing ECS cluster.
type ECSCluster struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	// ContainerInsights is the cluster's setting: enhanced, enabled or disabled; empty means disabled.
	ContainerInsights string `json:"containerInsights,omitempty"`
}

// Insights is the value of the cluster's setting containerInsights.
func (c ECSCluster) Insights() string { return cmp.Or(c.ContainerInsights, "disabled") }

// AzureSubscription is a subscription with the clusters that stand in it already.
type AzureSubscription struct {
	// ID and Tenant are GUIDs.
	ID     string `json:"id"`
	Tenant string `json:"tenant"`
	// ResourceGroups are names of existing resource groups. Those of the clusters need not be named.
	ResourceGroups []string `json:"resourceGroups,omitempty"`
	// AKS are the clusters of the subscription.
	AKS []AKSCluster `json:"aks,omitempty"`
}

// AKSCluster is an existing AKS cluster.
type AKSCluster struct {
	Name          string `json:"name"`
	ResourceGroup string `json:"resourceGroup"`
	Location      string `json:"location"`
	// Version is the Kubernetes version, as "1.33.2".
	Version string `json:"version"`
	// OIDCIssuer and WorkloadIdentity say which of the two features are on.
	OIDCIssuer       bool `json:"oidcIssuer"`
	WorkloadIdentity bool `json:"workloadIdentity"`
	// LocalAccount says that the cluster has no Entra integration: its users sign in with one certificate.
	LocalAccount bool `json:"localAccount,omitempty"`
	// NetworkPolicies is what enforces network policies; empty is Azure CNI powered by Cilium.
	NetworkPolicies PolicyEngine `json:"networkPolicies,omitempty"`
	// API is the real API server that is the cluster's; nil for one of the sandbox's own.
	API *APIServer `json:"api,omitempty"`
}

// Cluster is a Kubernetes API server that clients of the sandbox can reach.
type Cluster struct {
	// Server is the URL of the API server.
	Server string `json:"server"`
	// CA is the PEM text of the certificate authority that signed the server's certificate.
	CA string `json:"ca"`
	// Name is the name by which the cloud, or a kubeconfig, knows the cluster; Cloud is "eks", "aks", "gke" or "kubernetes".
	Name  string `json:"name"`
	Cloud string `json:"cloud"`
	// Account is the AWS account or the project of Google Cloud, with Region, or the Azure tenant of the cluster.
	Account string `json:"account"`
	Region  string `json:"region,omitempty"`
	// Issuer is the issuer of the cluster's service account tokens, an https URL; empty where the feature is off.
	Issuer string `json:"issuer,omitempty"`
}

// SeedAWS adds what is missing of the account and its clusters, and signs the user in to the account. What exists
// already stays as it is, but that a real API server takes the place of the one before.
func (w *World) SeedAWS(seed AWSAccount) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.SignedIn.AWSAccount = seed.ID
	account := w.AWS[seed.ID]
	if account == nil {
		account = &AWSAccount{ID: seed.ID}
		w.AWS[seed.ID] = account
	}
	for _, c := range seed.EKS {
		known := account.EKSCluster(c.Region, c.Name)
		switch {
		case known == nil:
			account.EKS = append(account.EKS, c)
			w.addCluster(c.cluster(seed.ID))
		case c.API != nil:
			w.moveCluster(known.Endpoint(seed.ID), c.cluster(seed.ID))
			known.API, known.Version = c.API, c.Version
		}
		if c.OIDCProvider {
			w.addOIDCProvider(seed.ID, c)
		}
		for _, name := range c.NodeRoles {
			w.addNodeRole(seed.ID, c, name)
		}
	}
	for _, c := range seed.ECS {
		if !slices.ContainsFunc(account.ECS, func(known ECSCluster) bool { return known.Name == c.Name && known.Region == c.Region }) {
			account.ECS = append(account.ECS, c)
		}
	}
}

// SeedAzure adds what is missing of the subscription and its clusters, and signs the user in to the subscription. What
// exists already stays as it is, but that a real API server takes the place of the one before.
func (w *World) SeedAzure(seed AzureSubscription) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.SignedIn.AzureSubscription = seed.ID
	sub := w.Azure[seed.ID]
	if sub == nil {
		sub = &AzureSubscription{ID: seed.ID, Tenant: seed.Tenant}
		w.Azure[seed.ID] = sub
	}
	for _, name := range seed.ResourceGroups {
		sub.addResourceGroup(name)
	}
	for _, c := range seed.AKS {
		sub.addResourceGroup(c.ResourceGroup)
		known := sub.AKSCluster(c.ResourceGroup, c.Name)
		switch {
		case known == nil:
			sub.AKS = append(sub.AKS, c)
			w.addCluster(c.cluster(seed.Tenant))
		case c.API != nil:
			w.moveCluster(known.Endpoint(seed.Tenant), c.cluster(seed.Tenant))
			known.API, known.Version = c.API, c.Version
		}
	}
}

// EKSCluster returns the account's cluster of that region and name, or nil.
func (a *AWSAccount) EKSCluster(region, name string) *EKSCluster {
	i := slices.IndexFunc(a.EKS, func(c EKSCluster) bool { return c.Region == region && c.Name == name })
	if i < 0 {
		return nil
	}
	return &a.EKS[i]
}

// AKSCluster returns the subscription's cluster of that resource group and name, or nil. Azure does not tell upper from
// lower case in names.
func (s *AzureSubscription) AKSCluster(resourceGroup, name string) *AKSCluster {
	i := slices.IndexFunc(s.AKS, func(c AKSCluster) bool {
		return strings.EqualFold(c.ResourceGroup, resourceGroup) && strings.EqualFold(c.Name, name)
	})
	if i < 0 {
		return nil
	}
	return &s.AKS[i]
}

// HasResourceGroup tells whether the subscription has a resource group of that name, in any case.
func (s *AzureSubscription) HasResourceGroup(name string) bool {
	return slices.ContainsFunc(s.ResourceGroups, func(g string) bool { return strings.EqualFold(g, name) })
}

func (s *AzureSubscription) addResourceGroup(name string) {
	if !s.HasResourceGroup(name) {
		s.ResourceGroups = append(s.ResourceGroups, name)
	}
}

func (w *World) addCluster(c *Cluster) { w.Clusters[c.Server] = c }

// moveCluster puts a cluster in the place of that at another URL, with the objects in it.
func (w *World) moveCluster(from string, c *Cluster) {
	delete(w.Clusters, from)
	w.addCluster(c)
	for key, r := range w.Resources {
		if r.Scope == from {
			delete(w.Resources, key)
			r.Scope = c.Server
			w.Put(r)
		}
	}
}

// addOIDCProvider makes the IAM OIDC provider that somebody registered for the cluster before.
func (w *World) addOIDCProvider(account string, c EKSCluster) {
	host := strings.TrimPrefix(c.Issuer(account), "https://")
	arn := fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", Partition(c.Region), account, host)
	inputs := map[string]any{"url": "https://" + host, "clientIdLists": []any{"sts.amazonaws.com"}}
	state := map[string]any{"arn": arn, "url": host, "clientIdLists": []any{"sts.amazonaws.com"}, "thumbprintLists": []any{},
		"tagsAll": map[string]any{}}
	w.Settle(&Resource{Type: pulumitype.AwsOidcProvider, Scope: account, ID: arn, Inputs: inputs, State: state})
}

// addNodeRole makes a role of the cluster's nodes. It may pull from no ECR repository: what nodes are usually allowed beside,
// the sandbox does not need.
func (w *World) addNodeRole(account string, c EKSCluster, name string) {
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},` +
		`"Action":"sts:AssumeRole"}]}`
	w.addRole(account, name, c.NodeRoleARN(account, name), trust)
}

func (w *World) addRole(account, name, arn, trust string) {
	inputs := map[string]any{"name": name, "assumeRolePolicy": trust}
	w.Settle(&Resource{Type: pulumitype.AwsRole, Scope: account, ID: name, Inputs: inputs, State: map[string]any{
		"name": name, "path": "/", "arn": arn, "assumeRolePolicy": trust,
		"uniqueId": "AROA" + strings.ToUpper(Hex(17, "node role", account, name)), "createDate": "2025-01-01T00:00:00Z",
		"maxSessionDuration": 3600.0, "tags": map[string]any{}, "tagsAll": map[string]any{},
	}})
}

// SeedPolicy makes a managed policy of the account's own exist that lets its role call models of Amazon Bedrock.
func (w *World) SeedPolicy(account, arn string) {
	w.seedPolicy(account, arn, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",`+
		`"Action":["bedrock:InvokeModel","bedrock:InvokeModelWithResponseStream"]}]}`)
}

// SeedBoundary makes a managed policy of the account's own exist that as a permissions boundary takes nothing away.
func (w *World) SeedBoundary(account, arn string) {
	w.seedPolicy(account, arn, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":"*"}]}`)
}

func (w *World) seedPolicy(account, arn, document string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := arn[strings.LastIndex(arn, "/")+1:]
	inputs := map[string]any{"name": name, "policy": document}
	w.Settle(&Resource{Type: pulumitype.AwsPolicy, Scope: account, ID: arn, Inputs: inputs, State: map[string]any{
		"name": name, "arn": arn, "path": "/", "policy": document, "policyId": "ANPA" + strings.ToUpper(Hex(17, "policy", arn)),
		"attachmentCount": 0.0, "description": "", "tags": map[string]any{}, "tagsAll": map[string]any{},
	}})
}

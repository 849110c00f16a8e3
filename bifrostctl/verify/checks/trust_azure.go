package checks

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components/azure"
	"bifrost/internal/iampolicy"
	"bifrost/stacks"
)

// aksTrust is whom Azure trusts.
type aksTrust struct {
	Stack
	Principal
	identities service.ManagedIdentity
	cluster    func(context.Context) (*service.AKSCluster, error)
	credential func(context.Context) (*service.FederatedCredential, error)
	objects    *objects // nil before there is a workload
}

func (s Stack) aksTrust(c service.Clouds, o *objects) []check.Check {
	t := aksTrust{
		Stack: s, Principal: s.principal("aks"), identities: c.Identity, objects: o,
		cluster: shared(func(ctx context.Context) (*service.AKSCluster, error) {
			return c.AKS.Cluster(ctx, s.Config.Aks.ResourceGroup, s.Config.Aks.ClusterName)
		}),
	}
	t.credential = shared(func(ctx context.Context) (*service.FederatedCredential, error) {
		return c.Identity.Credential(ctx, s.Config.Azure.ResourceGroup, t.identityName(), t.credentialName())
	})
	if s.Config.Registry.Mirror {
		return append(t.mirrorChecks(), t.gatewayChecks()...)
	}
	checks := append(t.clusterChecks(), []check.Check{
		{Code: "aks-identity", Description: "the managed identity is the one that the vendor was told of", Run: t.identity},
		{Code: "aks-credential", Description: "the identity has its federated credential", Needs: []string{"aks-identity"}, Run: t.exists},
		{Code: "aks-credential-issuer", Description: "the federated credential names the cluster's issuer",
			Needs: []string{"aks-credential", "aks-issuer"}, Run: t.sameIssuer},
		{Code: "aks-credential-subject", Description: "the federated credential names the ServiceAccount in use",
			Needs: []string{"aks-credential"}, Run: t.sameSubject},
		{Code: "aks-credential-audience", Description: "the federated credential names the audience of its tokens",
			Needs: []string{"aks-credential"}, Run: t.sameAudience},
	}...)
	checks = append(checks, t.gatewayChecks()...)
	if s.Config.Gcp != nil && s.Config.Gcp.Federation != nil {
		checks = append(checks, s.gcpTrust(c, t.Principal)...)
	}
	return checks
}

// clusterChecks are those of the cluster, which somebody else has made.
func (t aksTrust) clusterChecks() []check.Check {
	return []check.Check{
		{Code: "aks-cluster", Description: "the AKS cluster runs", Fatal: true, Run: t.running},
		{Code: "aks-issuer", Description: "the cluster's OIDC issuer is on", Run: t.issuer},
		{Code: "aks-workload-identity", Description: "the cluster's workload identity is on", Run: t.workloadIdentity},
	}
}

// mirrorChecks are what of that a stack needs which nobody pulls for: the gateway's own identity takes issuer and webhook.
func (t aksTrust) mirrorChecks() []check.Check {
	if t.Config.Aks.GatewayClientId != "" || t.Config.Aks.GatewayIdentity != nil {
		return t.clusterChecks()
	}
	return t.clusterChecks()[:1]
}

func (t aksTrust) identityName() string {
	return cmp.Or(t.Config.Aks.IdentityName, azure.DefaultIdentityName)
}

func (t aksTrust) credentialName() string {
	return cmp.Or(t.Config.Aks.FederatedCredentialName, azure.DefaultFederatedCredentialName)
}

func (t aksTrust) running(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	clusterName, group := t.Config.Aks.ClusterName, t.Config.Aks.ResourceGroup
	switch {
	case missing(err):
		return check.Fail(fmt.Sprintf("az aks list --subscription %s --output table, then pulumi config set --stack %s --path "+
			"'bifrost:aks.clusterName' NAME", t.Config.Azure.SubscriptionId, t.Name),
			"there is no AKS cluster %s in resource group %s", clusterName, group)
	case err != nil:
		return unreadable("the AKS cluster "+clusterName, err, t.azureLogin())
	case cluster.PowerState != "Running":
		return check.Fail(fmt.Sprintf("az aks start --resource-group %s --name %s", group, clusterName), "the AKS cluster %s is %s",
			clusterName, cluster.PowerState)
	}
	return check.Pass("%s, Kubernetes %s", clusterName, cluster.Version)
}

func (t aksTrust) enable() string {
	return fmt.Sprintf("az aks update --resource-group %s --name %s --enable-oidc-issuer --enable-workload-identity",
		t.Config.Aks.ResourceGroup, t.Config.Aks.ClusterName)
}

func (t aksTrust) issuer(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the AKS cluster", err, t.azureLogin())
	}
	if cluster.Issuer == "" {
		return check.Fail(t.enable(), "the OIDC issuer of AKS cluster %s is off", t.Config.Aks.ClusterName)
	}
	return check.Pass("%s", cluster.Issuer)
}

func (t aksTrust) workloadIdentity(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the AKS cluster", err, t.azureLogin())
	}
	if !cluster.WorkloadIdentity {
		return check.Fail(t.enable(), "the workload identity of AKS cluster %s is off", t.Config.Aks.ClusterName)
	}
	return check.Pass("on")
}

func (t aksTrust) identity(ctx context.Context) check.Result {
	found, err := t.identities.Identity(ctx, t.Config.Azure.ResourceGroup, t.identityName())
	switch {
	case missing(err):
		return check.Fail(t.introduce("the ids that "+t.up()+" prints as it makes the identity"),
			"there is no managed identity %s in resource group %s", t.identityName(), t.Config.Azure.ResourceGroup)
	case err != nil:
		return unreadable("the managed identity "+t.identityName(), err, t.azureLogin())
	case found.ClientID != t.ClientID || found.PrincipalID != t.PrincipalID:
		return check.Fail(t.introduce(fmt.Sprintf("client id %s and principal id %s", found.ClientID, found.PrincipalID)),
			"the managed identity %s was made again: its client id is %s and its principal id %s, and the vendor was told of %s and %s",
			t.identityName(), found.ClientID, found.PrincipalID, t.ClientID, t.PrincipalID)
	}
	return check.Pass("%s, client id %s", t.identityName(), found.ClientID)
}

// introduce is how the vendor learns the ids of another managed identity. Where it trusts them, the next `up` fails at the first token, and
// its outputs keep the former ids: those of the new identity come from elsewhere.
func (t aksTrust) introduce(ids string) string {
	if t.Config.Aks.Trust == stacks.TrustEntra && (t.Config.Gcp == nil || t.Config.Gcp.Federation == nil) {
		return "send the vendor " + ids + ", ask to allowlist them in place of the former ones, then " + t.up()
	}
	return t.toldAnew()
}

func (t aksTrust) exists(ctx context.Context) check.Result {
	_, err := t.credential(ctx)
	if missing(err) {
		return check.Fail(t.up(), "the managed identity %s has no federated credential %s", t.identityName(), t.credentialName())
	}
	if err != nil {
		return unreadable("the federated credential "+t.credentialName(), err, t.azureLogin())
	}
	return check.Pass("%s", t.credentialName())
}

// mend is the command that sets one property of the federated credential.
func (t aksTrust) mend(flag, value string) string {
	return fmt.Sprintf("az identity federated-credential update --resource-group %s --identity-name %s --name %s --%s '%s'",
		t.Config.Azure.ResourceGroup, t.identityName(), t.credentialName(), flag, value)
}

func (t aksTrust) sameIssuer(ctx context.Context) check.Result {
	credential, err := t.credential(ctx)
	if err != nil {
		return unreadable("the federated credential", err, t.azureLogin())
	}
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the AKS cluster", err, t.azureLogin())
	}
	if credential.Issuer != cluster.Issuer { // verbatim: Entra compares the trailing slash, too
		return check.Fail(t.mend("issuer", cluster.Issuer), "issuer mismatch: the federated credential trusts %s, and the cluster is %s",
			credential.Issuer, cluster.Issuer)
	}
	return check.Pass("%s", credential.Issuer)
}

func (t aksTrust) sameSubject(ctx context.Context) check.Result {
	credential, err := t.credential(ctx)
	if err != nil {
		return unreadable("the federated credential", err, t.azureLogin())
	}
	if have := iampolicy.ServiceAccountSubject(t.Config.Gateway.Namespace,
		t.objects.account(ctx, t.Config.Refresher.ServiceAccount)); credential.Subject != have {
		return check.Fail(t.mend("subject", have), "subject mismatch: the federated credential trusts %s, and the token has %s",
			credential.Subject, have)
	}
	return check.Pass("%s", credential.Subject)
}

func (t aksTrust) sameAudience(ctx context.Context) check.Result {
	credential, err := t.credential(ctx)
	if err != nil {
		return unreadable("the federated credential", err, t.azureLogin())
	}
	if !slices.Contains(credential.Audiences, iampolicy.AzureTokenExchangeAudience) {
		return check.Fail(t.mend("audiences", iampolicy.AzureTokenExchangeAudience),
			"audience mismatch: the federated credential trusts %s, and the token has %s", quoted(credential.Audiences),
			iampolicy.AzureTokenExchangeAudience)
	}
	return check.Pass("%s", quoted(credential.Audiences))
}

package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/iampolicy"
)

// gatewayChecks are of the gateway's own identity, given or made, once there is one.
func (t aksTrust) gatewayChecks() []check.Check {
	if t.gatewayClient() == "" {
		return nil
	}
	return []check.Check{{
		Code: "aks-gateway-credential", Description: "the gateway's own identity trusts its ServiceAccount", Needs: []string{"aks-issuer"},
		Run: t.gatewayCredential,
	}}
}

// gatewayClient is the client id of the gateway's own identity; empty where it has none, or it is not made yet.
func (t aksTrust) gatewayClient() string {
	if made := t.Outputs.AKS; made != nil {
		return cmp.Or(t.Config.Aks.GatewayClientId, made.GatewayClientID)
	}
	return t.Config.Aks.GatewayClientId
}

// gatewayCredential looks for the credential with which Entra takes a token of the gateway's ServiceAccount: the one of its issuer and its
// subject.
func (t aksTrust) gatewayCredential(ctx context.Context) check.Result {
	client, subject := t.gatewayClient(), iampolicy.ServiceAccountSubject(t.Config.Gateway.Namespace, t.Config.Gateway.ServiceAccount)
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the AKS cluster", err, t.azureLogin())
	}
	credentials, err := t.identities.Credentials(ctx, client)
	if errors.Is(err, service.ErrNotFound) {
		return t.noGatewayIdentity(client)
	}
	if err != nil {
		return unreadable("the federated credentials of client id "+client, err, t.azureLogin())
	}
	mend := t.mendGatewayCredential(cluster.Issuer, subject)
	var subjects []string
	for _, c := range credentials {
		subjects = append(subjects, c.Subject)
		if c.Subject != subject {
			continue
		}
		switch {
		case c.Issuer != cluster.Issuer: // verbatim: Entra compares the trailing slash, too
			return check.Fail(mend, "issuer mismatch: the credential of client id %s for %s trusts %s, and the cluster is %s", client,
				subject, c.Issuer, cluster.Issuer)
		case !slices.Contains(c.Audiences, iampolicy.AzureTokenExchangeAudience):
			return check.Fail(mend, "audience mismatch: the credential of client id %s for %s trusts %s, and the token has %s", client,
				subject, quoted(c.Audiences), iampolicy.AzureTokenExchangeAudience)
		}
		return check.Pass("client id %s, %s", client, subject)
	}
	return check.Fail(mend, "client id %s has no federated credential for %s, but for %s: the gateway cannot sign in with it", client,
		subject, quoted(subjects))
}

// mendGatewayCredential is what makes the credential right, where the stack makes it or somebody else has.
func (t aksTrust) mendGatewayCredential(issuer, subject string) string {
	if t.Config.Aks.GatewayIdentity != nil {
		return "pulumi refresh --stack " + t.Name + ", then " + t.up()
	}
	return fmt.Sprintf("az identity federated-credential create --resource-group GROUP --identity-name IDENTITY --name bifrost-gateway "+
		"--issuer '%s' --subject '%s' --audiences '%s'", issuer, subject, iampolicy.AzureTokenExchangeAudience)
}

// noGatewayIdentity: an identity that is given may be of another subscription, or an app registration.
func (t aksTrust) noGatewayIdentity(client string) check.Result {
	if t.Config.Aks.GatewayIdentity != nil {
		return check.Fail("pulumi refresh --stack "+t.Name+", then "+t.up(), "subscription %s has no managed identity with client id %s",
			t.Config.Azure.SubscriptionId, client)
	}
	return check.Warn(fmt.Sprintf("az identity list --query \"[?clientId=='%s']\", with the subscription that has it", client),
		"subscription %s has no managed identity with client id %s: whether it trusts the gateway's ServiceAccount was not looked at",
		t.Config.Azure.SubscriptionId, client)
}

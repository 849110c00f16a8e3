package stacks

import (
	"fmt"
	"regexp"
	"strings"

	pulumiaws "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// otherAccount is what the AWS provider says of credentials of an account that the stack does not allow (terraform-provider-aws 5.100,
// internal/conns/config.go, VerifyAccountIDAllowed). Its first call fails with it, whatever that call asks for.
var otherAccount = regexp.MustCompile(`account ID not allowed: (\d{12})`)

// signedInAws asks whose credentials the provider has, before anything is looked up: what another account lacks is not missing. Everybody
// may ask (AWS STS API reference, GetCallerIdentity).
func signedInAws(ctx *pulumi.Context, c *Config, provider pulumi.ProviderResource) error {
	caller, err := pulumiaws.GetCallerIdentity(ctx, &pulumiaws.GetCallerIdentityArgs{}, pulumi.Provider(provider))
	if err == nil {
		return c.requireAccount(caller.AccountId)
	}
	if other := otherAccount.FindStringSubmatch(err.Error()); other != nil {
		return c.requireAccount(other[1])
	}
	return fmt.Errorf("aws: the AWS provider cannot sign in to account %s: %w; sign in with `aws sso login%s`, or set AWS_PROFILE, "+
		"%s:aws.profile or %s:aws.assumeRoleArn, and look with `aws sts get-caller-identity%s`",
		c.Aws.AccountId, err, c.Aws.profileFlag(), Project, Project, c.Aws.profileFlag())
}

// requireAccount refuses credentials of another account than the stack's.
func (c *Config) requireAccount(signedIn string) error {
	if signedIn == c.Aws.AccountId {
		return nil
	}
	return fmt.Errorf("aws.accountId: the credentials are of account %s, and this stack is for account %s; set AWS_PROFILE, "+
		"%s:aws.profile or %s:aws.assumeRoleArn to sign in there, look with `aws sts get-caller-identity%s`, or mend %s:aws.accountId",
		signedIn, c.Aws.AccountId, Project, Project, c.Aws.profileFlag(), Project)
}

// profileFlag is the AWS CLI's flag for the stack's profile, after a blank; empty where it has none.
func (a *Aws) profileFlag() string {
	if a.Profile == "" {
		return ""
	}
	return " --profile " + a.Profile
}

// wrongLogins are the codes of Azure Resource Manager for a login that does not reach the stack's subscription, and the key that names
// what it does not reach (Azure Resource Manager, "Troubleshoot common Azure deployment errors").
var wrongLogins = []struct{ code, key string }{
	{"SubscriptionNotFound", "azure.subscriptionId"},
	{"InvalidSubscriptionId", "azure.subscriptionId"},
	{"InvalidAuthenticationTokenTenant", "azure.tenantId"},
}

// wrongLogin tells of a login to another subscription or tenant, where the failed first request to Azure says so.
func (c *Config) wrongLogin(err error) error {
	for _, wrong := range wrongLogins {
		if strings.Contains(err.Error(), wrong.code) {
			return fmt.Errorf("%s: the login does not reach subscription %s in tenant %s, which this stack is for: %w; sign in with "+
				"`az login --tenant %s`, see `az account list --output table`, or mend %s:azure.subscriptionId or %s:azure.tenantId",
				wrong.key, c.Azure.SubscriptionId, c.Azure.TenantId, err, c.Azure.TenantId, Project, Project)
		}
	}
	return nil
}

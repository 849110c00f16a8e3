// Package azure is the double of the Pulumi Azure Native provider (v2): managed identities with their federated
// credentials, and the look-ups of AKS clusters that exist already.
//
// The words of errors are those of Azure Resource Manager.
package azure

import (
	"fmt"
	"strings"

	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Provider returns the double.
func Provider() *double.Provider {
	return &double.Provider{
		Package:        "azure-native",
		Schema:         providerSchema,
		ComparesInputs: true,
		Stable:         []string{"name", "location"}, // provider/pkg/provider/provider.go, Update, stableOutputs
		Config:         azurenative.ProviderArgs{},
		Configure:      configure,
		Ready:          ready,
		Types: providerSchema.Describe(map[string]*double.Type{
			pulumitype.AzureManagedIdentity:     userAssignedIdentity(),
			pulumitype.AzureFederatedCredential: federatedIdentityCredential(),
			pulumitype.AzureRoleAssignment:      roleAssignment(),
		}),
		Functions: functions(),
	}
}

// session is one configured instance of the provider.
type session struct {
	// subscription and tenant are those of the provider's configuration, or the login's.
	subscription, tenant string
	location             string
}

func sessionOf(c *double.Call) *session { return c.Session.(*session) }

func configure(w *served.World, config double.Object) (any, error) {
	login := w.Azure[w.SignedIn.AzureSubscription]
	if login == nil {
		return nil, fmt.Errorf("please run 'az login' to setup account: nobody is signed in to an Azure subscription of the sandbox")
	}
	s := &session{subscription: login.ID, tenant: login.Tenant, location: double.String(config, "location")}
	if id := double.String(config, "subscriptionId"); id != "" {
		s.subscription = id
	}
	if id := double.String(config, "tenantId"); id != "" {
		s.tenant = id
	}
	return s, nil
}

// ready refuses every request to a subscription that the login does not reach.
func ready(c *double.Call) error {
	s := sessionOf(c)
	sub := c.World.Azure[s.subscription]
	if sub == nil {
		return fmt.Errorf("Code=\"SubscriptionNotFound\" Message=\"The subscription '%s' could not be found\"", s.subscription)
	}
	if !strings.EqualFold(sub.Tenant, s.tenant) {
		return fmt.Errorf("Code=\"InvalidAuthenticationTokenTenant\" Message=\"The access token is from the wrong issuer: it must match "+
			"the tenant %s of the subscription %s, not %s\"", sub.Tenant, sub.ID, s.tenant)
	}
	return nil
}

func subscription(c *double.Call) string { return sessionOf(c).subscription }

// find looks under the whole id, which names its subscription: what exists is read and deleted there, whichever subscription the provider
// is configured with by now (provider.go, Read and Delete).
func find(c *double.Call, id string) (*world.Resource, error) {
	return c.World.Get(c.Type, subscriptionOf(id), id), nil
}

func subscriptionOf(id string) string {
	_, rest, _ := strings.Cut(id, "/subscriptions/")
	of, _, _ := strings.Cut(rest, "/")
	return of
}

// sameSubscription stops an update of what is in another subscription than the provider's.
func sameSubscription(c *double.Call, id string) error {
	if subscriptionOf(id) == subscription(c) {
		return nil
	}
	return fmt.Errorf("azure-native would write this change into the subscription %s, where there is no %s, and leave that one as it is "+
		"(provider.go, Update: the path is made of the inputs): the sandbox does not model what comes of it", subscription(c), id)
}

// sameLocation and sameGroup are the provider's comparisons of these properties (provider/pkg/provider/diff.go, applyAzureSpecificDiff).
func sameLocation(before, after any) bool { return normalLocation(before) == normalLocation(after) }

func normalLocation(location any) string {
	text, _ := location.(string)
	return strings.ToLower(strings.ReplaceAll(text, " ", ""))
}

func sameGroup(before, after any) bool {
	was, _ := before.(string)
	is, _ := after.(string)
	return strings.EqualFold(was, is)
}

// existing is the provider's answer where the path of a create is taken (provider/pkg/azure/client_azcore.go, CanCreate).
func existing(path string) error {
	return fmt.Errorf("cannot create already existing resource '%s'", path)
}

// notFound is the answer 404 of Azure Resource Manager.
func notFound(kind, name, resourceGroup string) error {
	return fmt.Errorf("Status=404 Code=\"ResourceNotFound\" Message=\"The Resource '%s/%s' under resource group '%s' was not found\"", kind,
		name, resourceGroup)
}

// named returns the provider's way to name: eight digits right after the logical name.
func named(path string) double.AutoName { return double.AutoName{Path: path, Digits: 8} }

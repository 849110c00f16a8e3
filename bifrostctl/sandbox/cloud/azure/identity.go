package azure

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

const (
	identityKind = "Microsoft.ManagedIdentity/userAssignedIdentities"
)

// Names (Azure Resource Manager, "Naming rules and restrictions for Azure resources": Microsoft.ManagedIdentity and
// Microsoft.Resources; for credentials Microsoft Entra, "Important considerations and restrictions for federated identity
// credentials").
var (
	groupPattern      = regexp.MustCompile(`^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$`)
	identityPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$`)
	credentialPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`)
)

func userAssignedIdentity() *double.Type {
	return &double.Type{
		Args:         managedidentity.UserAssignedIdentityArgs{},
		Name:         named("resourceName"),
		DeletesFirst: true,
		Equal:        map[string]func(before, after any) bool{"location": sameLocation, "resourceGroupName": sameGroup},
		Scope:        subscription,
		Find:         find,
		Check: func(c *double.Call, in double.Object, fail double.Fail) {
			if in["location"] == nil && sessionOf(c).location != "" {
				in["location"] = sessionOf(c).location
			}
			if in["location"] == nil {
				// The real provider would ask the resource group; the sandbox's groups have no location.
				fail("location", "missing required property %q: neither the resource nor the provider has one", "location")
			}
			checkName(in, "resourceGroupName", groupPattern, fail)
			checkName(in, "resourceName", identityPattern, fail)
			checkTags(in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			group, name := double.String(in, "resourceGroupName"), double.String(in, "resourceName")
			if !c.World.Azure[subscription(c)].HasResourceGroup(group) {
				return "", nil, fmt.Errorf("Status=404 Code=\"ResourceGroupNotFound\" Message=\"Resource group '%s' could not be found\"",
					group)
			}
			id := identityID(c, group, name)
			if c.World.Get(pulumitype.AzureManagedIdentity, subscription(c), id) != nil {
				return "", nil, existing(asked(id))
			}
			made := c.World.Next()
			client, principal := world.GUID("client", id, made), world.GUID("principal", id, made)
			c.World.Introduce(id, client, principal)
			return id, answer(in, name, identityKind, double.Object{
				"clientId": client, "principalId": principal, "tenantId": sessionOf(c).tenant,
			}), nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := sameSubscription(c, r.ID); err != nil {
				return nil, err
			}
			state := double.Overlay(r.State, r.Inputs, in)
			state["location"] = normalLocation(in["location"])
			return withoutPath(state), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			for _, credential := range credentialsOf(c, r.ID) {
				c.World.Remove(credential)
			}
			return nil
		},
	}
}

func federatedIdentityCredential() *double.Type {
	return &double.Type{
		Args:         managedidentity.FederatedIdentityCredentialArgs{},
		Name:         named("federatedIdentityCredentialResourceName"),
		DeletesFirst: true,
		Equal:        map[string]func(before, after any) bool{"resourceGroupName": sameGroup},
		Scope:        subscription,
		Find:         find,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkName(in, "resourceGroupName", groupPattern, fail)
			checkName(in, "resourceName", identityPattern, fail)
			checkName(in, "federatedIdentityCredentialResourceName", credentialPattern, fail)
			checkClaims(in, fail)
			if audiences, known := in["audiences"].([]any); known && len(audiences) != 1 {
				fail("audiences", "exactly one audience is allowed, got %d", len(audiences))
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			group, identity := double.String(in, "resourceGroupName"), double.String(in, "resourceName")
			parent := identityID(c, group, identity)
			if c.World.Get(pulumitype.AzureManagedIdentity, subscription(c), parent) == nil {
				return "", nil, notFound(identityKind, identity, group)
			}
			name := double.String(in, "federatedIdentityCredentialResourceName")
			id := parent + "/federatedIdentityCredentials/" + name
			if c.World.Get(pulumitype.AzureFederatedCredential, subscription(c), id) != nil {
				return "", nil, existing(asked(id))
			}
			siblings := credentialsOf(c, parent)
			if len(siblings) >= credentialsPerIdentity {
				return "", nil, fmt.Errorf("Status=400 Code=\"BadRequest\" Message=\"Too many Federated Identity Credentials: the "+
					"managed identity '%s' can have at most %d\"", identity, credentialsPerIdentity)
			}
			if err := unique(siblings, id, in); err != nil {
				return "", nil, err
			}
			return id, answer(in, name, identityKind+"/federatedIdentityCredentials", nil), nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := sameSubscription(c, r.ID); err != nil {
				return nil, err
			}
			if err := unique(credentialsOf(c, parentOf(r.ID)), r.ID, in); err != nil {
				return nil, err
			}
			return withoutPath(double.Overlay(r.State, r.Inputs, in)), nil
		},
		Exclusive: &double.Exclusive{Place: identityWritten, Refuse: tooManyWrites},
	}
}

// identityID returns a managed identity's resource id, with the lower case that its API gives the group's segment.
func identityID(c *double.Call, group, name string) string {
	return fmt.Sprintf("/subscriptions/%s/resourcegroups/%s/providers/%s/%s", subscription(c), group, identityKind, name)
}

// asked is an id as the provider writes it into its requests: Azure answers with another case.
func asked(id string) string { return strings.Replace(id, "/resourcegroups/", "/resourceGroups/", 1) }

// answer returns what Azure answers: the body's properties, without the names in the path, and what is computed.
func answer(in double.Object, name, kind string, computed double.Object) double.Object {
	state := withoutPath(double.Clone(in))
	for key, v := range computed {
		state[key] = v
	}
	if in["location"] != nil {
		state["location"] = normalLocation(in["location"])
	}
	state["name"], state["type"] = name, kind
	return state
}

func withoutPath(state double.Object) double.Object {
	for _, key := range []string{"resourceGroupName", "resourceName", "federatedIdentityCredentialResourceName"} {
		delete(state, key)
	}
	return state
}

func checkName(in double.Object, property string, pattern *regexp.Regexp, fail double.Fail) {
	if name := double.String(in, property); name != "" && !pattern.MatchString(name) {
		fail(property, "%q must match %s", name, pattern)
	}
}

package stacks

import (
	"path"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/utils/ptr"
)

// identitiesOnAks: a federated credential has its name in an identity of the stack, and a role assignment has one that is made of its
// identity.
func (c *Config) identitiesOnAks() []namedThing {
	identity := func(key, name, resource string, full bool) namedThing {
		return namedThing{key: key, kind: "managed identity", name: name, tags: tagsOfIdentity, full: full, resource: resource,
			within: ptr.Deref(c.Azure, Azure{}).ResourceGroup + "/"}
	}
	var all []namedThing
	if !c.Registry.Mirror {
		all = append(all, identity("aks.identityName", c.Aks.IdentityName, "aks-identity", false))
	}
	if g := c.Aks.GatewayIdentity; g != nil {
		all = append(all, identity("aks.gatewayIdentity.name", g.Name, "aks-gateway-identity-identity", true))
	}
	return all
}

// tagsOfIdentity takes RESOURCE GROUP/IDENTITY.
func tagsOfIdentity(ctx *pulumi.Context, _ *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	group, identity := path.Split(name)
	found, err := managedidentity.LookupUserAssignedIdentity(ctx, &managedidentity.LookupUserAssignedIdentityArgs{
		ResourceGroupName: path.Clean(group), ResourceName: identity,
	}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

package stacks

import (
	"path"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// namedOnAks: a federated credential has its name in an identity of the stack, and a role assignment has one that is made of its identity.
func (c *Config) namedOnAks() []namedThing {
	var all []namedThing
	group := c.Azure.ResourceGroup + "/"
	if !c.Registry.Mirror {
		all = append(all, namedThing{"aks.identityName", "managed identity", group + c.Aks.IdentityName, tagsOfIdentity})
	}
	if g := c.Aks.GatewayIdentity; g != nil && c.Rollout == RolloutFull {
		all = append(all, namedThing{"aks.gatewayIdentity.name", "managed identity", group + g.Name, tagsOfIdentity})
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

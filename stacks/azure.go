package stacks

import (
	"fmt"

	pulumiazure "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newAzureProvider guards the subscription and the tenant.
func newAzureProvider(ctx *pulumi.Context, c *Config) (pulumi.ProviderResource, error) {
	provider, err := pulumiazure.NewProvider(ctx, "azure", &pulumiazure.ProviderArgs{
		SubscriptionId: pulumi.String(c.Azure.SubscriptionId),
		TenantId:       pulumi.String(c.Azure.TenantId),
		Location:       pulumi.String(c.Azure.Location),
	})
	if err != nil {
		return nil, fmt.Errorf("azure-native provider: %w", err)
	}
	return provider, nil
}

package real

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/service"
)

// resourceVersions are versions of Resource Manager's API with which types are read by their ids (Azure REST API reference, "Role
// Assignments - Get", "User Assigned Identities - Get").
var resourceVersions = map[string]string{
	pulumitype.AzureRoleAssignment: "2022-04-01", pulumitype.AzureManagedIdentity: "2023-01-31",
	pulumitype.AzureFederatedCredential: "2023-01-31",
}

// azure adds the ways to ask Resource Manager: every resource is read by its id.
func (a asked) azure(credential azcore.TokenCredential, options *arm.ClientOptions) error {
	client, err := arm.NewClient("bifrostctl", "v1.0.0", credential, options)
	if err != nil {
		return err
	}
	for typ, version := range resourceVersions {
		a[typ] = func(ctx context.Context, t service.Thing) error {
			request, err := runtime.NewRequest(ctx, http.MethodGet, runtime.JoinPaths(client.Endpoint(), t.ID))
			if err != nil {
				return err
			}
			query := request.Raw().URL.Query()
			query.Set("api-version", version)
			request.Raw().URL.RawQuery = query.Encode()
			answer, err := client.Pipeline().Do(request)
			if err != nil {
				return err
			}
			defer answer.Body.Close() //nolint:errcheck // nothing is written
			if !runtime.HasStatusCode(answer, http.StatusOK) {
				return azureNotFound(t.ID, runtime.NewResponseError(answer))
			}
			return nil
		}
	}
	return nil
}

// forbiddenByAzure tells whether Resource Manager refuses who lacks a right.
func forbiddenByAzure(err error) error {
	var answer *azcore.ResponseError
	if errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden {
		return fmt.Errorf("%w: %w", service.ErrForbidden, err)
	}
	return err
}

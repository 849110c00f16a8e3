package real

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/container/v1"

	"bifrost/stacks"
)

var azureFinds = map[string]finds{
	"azure.subscriptionId": azureSubscriptions,
	"azure.tenantId":       azureTenants,
	"aks.clusterName":      aksClusters,
}

// azureAccount is one of what `az account list` prints.
type azureAccount struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	TenantID string `json:"tenantId"`
}

// azureAccounts are the subscriptions that the Azure CLI is signed in to.
func azureAccounts(ctx context.Context) ([]azureAccount, error) {
	text, err := exec.CommandContext(ctx, "az", "account", "list", "--output", "json").Output()
	if err != nil {
		return nil, fmt.Errorf("az account list: %w", err)
	}
	var accounts []azureAccount
	if err := json.Unmarshal(text, &accounts); err != nil {
		return nil, fmt.Errorf("az account list printed no JSON: %w", err)
	}
	if len(accounts) == 0 {
		return nil, errors.New("the Azure CLI is not signed in")
	}
	return accounts, nil
}

func azureSubscriptions(ctx context.Context, _ *stacks.Config) ([]Choice, error) {
	accounts, err := azureAccounts(ctx)
	var found []Choice
	for _, each := range accounts {
		found = append(found, Choice{Value: each.ID, About: each.Name, And: map[string]string{"azure.tenantId": each.TenantID}})
	}
	return found, err
}

func azureTenants(ctx context.Context, c *stacks.Config) ([]Choice, error) {
	accounts, err := azureAccounts(ctx)
	var found []Choice
	for _, each := range accounts {
		if c.Azure == nil || c.Azure.SubscriptionId == "" || c.Azure.SubscriptionId == each.ID {
			found = append(found, Choice{Value: each.TenantID, About: "of " + each.Name})
		}
	}
	return found, err
}

func aksClusters(ctx context.Context, c *stacks.Config) ([]Choice, error) {
	if c.Azure == nil || c.Azure.SubscriptionId == "" {
		return nil, nil
	}
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{TenantID: c.Azure.TenantId})
	if err != nil {
		return nil, err
	}
	clusters, err := newAKS(c.Azure.SubscriptionId, credential, nil)
	if err != nil {
		return nil, err
	}
	return clusters.all(ctx)
}

// all are the clusters of the subscription.
func (a azureAKS) all(ctx context.Context) ([]Choice, error) {
	var found []Choice
	for pages := a.client.NewListPager(nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, forbiddenByAzure(err)
		}
		for _, each := range page.Value {
			id, err := arm.ParseResourceID(deref(each.ID))
			if err != nil {
				return nil, err
			}
			found = append(found, Choice{Value: deref(each.Name), About: id.ResourceGroupName + ", " + deref(each.Location),
				And: map[string]string{"aks.resourceGroup": id.ResourceGroupName, "azure.location": deref(each.Location)}})
		}
	}
	return found, nil
}

var googleFinds = map[string]finds{
	"google.projectId": googleProjects,
	"gke.clusterName":  gkeClusters,
}

// googleProjects is the project of the application default credentials, or the one that pays for their calls.
func googleProjects(ctx context.Context, _ *stacks.Config) ([]Choice, error) {
	credentials, err := google.FindDefaultCredentials(ctx, cloudPlatform)
	if err != nil {
		return nil, err
	}
	project := credentials.ProjectID
	if project == "" {
		var file struct {
			Project string `json:"quota_project_id"`
		}
		if json.Unmarshal(credentials.JSON, &file) == nil {
			project = file.Project
		}
	}
	if project == "" {
		return nil, nil
	}
	return []Choice{{Value: project, About: "of the credentials"}}, nil
}

func gkeClusters(ctx context.Context, c *stacks.Config) ([]Choice, error) {
	if c.Google == nil || c.Google.ProjectId == "" {
		return nil, nil
	}
	return googleGKE{googleOptions(c.Google)}.all(ctx, c.Google.ProjectId)
}

// all are the clusters of a project, everywhere.
func (g googleGKE) all(ctx context.Context, project string) ([]Choice, error) {
	client, err := container.NewService(ctx, g.options...)
	if err != nil {
		return nil, err
	}
	answer, err := client.Projects.Locations.Clusters.List(fmt.Sprintf("projects/%s/locations/-", project)).Context(ctx).Do()
	if err != nil {
		return nil, gcpNotFound("project "+project, err)
	}
	var found []Choice
	for _, each := range answer.Clusters {
		found = append(found, Choice{Value: each.Name, About: each.Location, And: map[string]string{"gke.location": each.Location}})
	}
	return found, nil
}

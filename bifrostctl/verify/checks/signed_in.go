package checks

import (
	"context"
	"strings"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

// The codes of the checks of credentials, without which a cloud can be asked nothing.
const (
	awsAccount  = "aws-account"
	azureTenant = "azure-tenant"
	// googleProject is that of platform google. A federation of another platform has no check of its own.
	googleProject = "google-project"
)

// signedIn are the checks of the credentials, of a stack that has any cloud.
func (s Stack) signedIn(c service.Clouds) []check.Category {
	b := newBefore(s, c)
	var credentials []check.Check
	if s.Config.Aws != nil {
		credentials = append(credentials, check.Check{
			Code: awsAccount, Description: "the AWS credentials are of the configured account", Run: b.awsAccount,
		})
	}
	if s.Config.Azure != nil {
		credentials = append(credentials, check.Check{
			Code: azureTenant, Description: "the Azure credentials reach the configured subscription and tenant", Run: b.aks.tenant,
		})
	}
	if s.Config.Google != nil {
		credentials = append(credentials, check.Check{
			Code: googleProject, Description: "the Google credentials reach the configured project", Run: b.googleProject,
		})
	}
	if len(credentials) == 0 {
		return nil // a cluster of no cloud's, whose API server tells
	}
	return []check.Category{{Name: "credentials", Checks: credentials}}
}

// signInOf is the check of the credentials that a check of a cloud needs.
func signInOf(code string) []string {
	switch of, _, _ := strings.Cut(code, "-"); of {
	case "eks", "ecs":
		return []string{awsAccount}
	case "aks":
		return []string{azureTenant}
	case "gke":
		return []string{googleProject}
	}
	return nil
}

// googleProject: Google says of a project that is not there what it says of one that may not be read.
func (b before) googleProject(ctx context.Context) check.Result {
	project := b.Config.Google.ProjectId
	number, err := b.clouds.GCP.ProjectNumber(ctx, project)
	if err != nil {
		return check.Unasked(b.googleLogin()+"; gcloud projects list shows what google.projectId may be",
			"there is no project %s, or the credentials do not reach it: %v", project, err)
	}
	return check.Pass("project %s, number %s", project, number)
}

func (b before) awsAccount(ctx context.Context) check.Result {
	account, caller, err := b.clouds.STS.Caller(ctx)
	profile := ""
	if b.Config.Aws.Profile != "" {
		profile = " --profile " + b.Config.Aws.Profile
	}
	if err != nil {
		return check.Unasked("aws sso login"+profile+", or set AWS_PROFILE", "there are no usable AWS credentials: %v", err)
	}
	if account != b.Config.Aws.AccountId {
		return check.Unasked(
			"export AWS_PROFILE=..., or set aws.profile or aws.assumeRoleArn; look with aws sts get-caller-identity"+profile,
			"the credentials are of account %s (%s), and aws.accountId is %s", account, caller, b.Config.Aws.AccountId)
	}
	return check.Pass("%s", caller)
}

// tenant reads the cluster: the first request to Azure tells whether the login reaches subscription and tenant.
func (t aksTrust) tenant(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	switch {
	case missing(err):
		return check.Pass("subscription %s", t.Config.Azure.SubscriptionId) // it answered; the next category tells
	case err != nil:
		return unreadable("subscription "+t.Config.Azure.SubscriptionId, err, t.azureLogin())
	case cluster.TenantID != "" && !strings.EqualFold(cluster.TenantID, t.Config.Azure.TenantId):
		return check.Unasked(t.azureLogin(), "the cluster is of tenant %s, and azure.tenantId is %s", cluster.TenantID,
			t.Config.Azure.TenantId)
	}
	return check.Pass("subscription %s", t.Config.Azure.SubscriptionId)
}

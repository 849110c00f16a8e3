package sandbox

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"bifrost/components/aws"
	"bifrost/components/azure"
	"bifrost/components/kubernetes"
	"bifrost/image"
	"bifrost/internal/iampolicy"
)

// seedECR makes the image's repository exist. One of another account has allowlisted every principal that the stack file may hand
// off: the pull role, the execution role, and the roles of the cluster's nodes.
func seedECR(w *cloud.World, values map[string]any, account cloud.AWSAccount) {
	image, err := image.Parse(text(values, "registry", "image"))
	if err != nil {
		return // the program refuses it
	}
	ecr, ok := image.Ecr()
	if !ok {
		return
	}
	repository := world.ECRRepository{Account: ecr.AccountId, Region: ecr.Region, Name: image.Path}
	if ecr.AccountId != account.ID {
		repository.Allowlist = allowlist(values, account)
	}
	w.SeedECR(repository)
}

func allowlist(values map[string]any, account cloud.AWSAccount) []string {
	region := cmp.Or(text(values, "aws", "region"), defaultRegion)
	role := func(name string) string {
		return fmt.Sprintf("arn:%s:iam::%s:role%s%s", world.Partition(region), account.ID, cmp.Or(text(values, "aws", "iamPath"), "/"), name)
	}
	var principals []string
	for _, cluster := range account.EKS {
		principals = append(principals, role(cmp.Or(text(values, "eks", "roleName"), aws.DefaultEcrPullRoleName)))
		for _, node := range cluster.NodeRoles {
			principals = append(principals, cluster.NodeRoleARN(account.ID, node))
		}
	}
	if len(account.ECS) > 0 {
		principals = append(principals, role(cmp.Or(text(values, "ecs", "roleName"), aws.DefaultEcsExecutionName)))
	}
	return principals
}

var (
	wifAudience   = regexp.MustCompile(`^//iam\.googleapis\.com/projects/(\d+)/locations/global/workloadIdentityPools/([^/]+)/providers/([^/]+)$`)
	impersonation = regexp.MustCompile(`/serviceAccounts/([^/@]+@([^/.]+)\.iam\.gserviceaccount\.com):generateAccessToken$`)
)

// Where the stack file names no app registration, the sandbox's tenants have this one, whose tokens are of version 2.
const (
	sandboxApplication  = "api://00000000-0000-4000-8000-000000000b1f"
	sandboxTokenVersion = 2
)

// seedGCP makes Google's side exist: that which the vendor's credential configuration names, or, where the stack makes its own,
// the project and the repository.
func seedGCP(w *cloud.World, values, chosen map[string]any, subscription cloud.AzureSubscription) {
	application := cmp.Or(text(values, "aks", "entra", "appIdUri"), sandboxApplication)
	client := cmp.Or(text(values, "aks", "entra", "appId"), strings.TrimPrefix(application, "api://"))
	w.SeedApplication(subscription.Tenant, application, client, cmp.Or(number(values, "aks", "entra", "tokenVersion"), sandboxTokenVersion))

	reader := ""
	if f, ok := vendorFederation(values); ok && len(subscription.AKS) > 0 {
		w.SeedProject(f.Project, f.Number)
		reader = f.Email
		if text(chosen, "aks", "trust") == "entra" {
			seedEntraTrust(w, f, values, chosen, subscription, application, client)
		} else {
			f.Issuer = subscription.AKS[0].Issuer(subscription.Tenant)
			f.Audience = cmp.Or(text(values, "aks", "tokenAudience"), iampolicy.AzureTokenExchangeAudience)
			f.Subject = subject(values)
			f.Condition = fmt.Sprintf("assertion.sub == '%s'", f.Subject)
			w.SeedFederation(f)
		}
	}
	if project := text(chosen, "gcp", "federation", "projectId"); project != "" {
		w.SeedProject(project, projectNumber(project))
	}
	seedARRepository(w, values, reader)
}

// vendorFederation reads the vendor's side off the credential configuration that the vendor sent.
func vendorFederation(values map[string]any) (world.Federation, bool) {
	names := wifAudience.FindStringSubmatch(text(values, "gcp", "credentialConfig", "audience"))
	account := impersonation.FindStringSubmatch(text(values, "gcp", "credentialConfig", "service_account_impersonation_url"))
	if names == nil || account == nil {
		return world.Federation{}, false
	}
	return world.Federation{Project: account[2], Number: names[1], Pool: names[2], Provider: names[3], Email: account[1]}, true
}

// seedEntraTrust makes the vendor trust the managed identity of the stack file's name, as the hand-off describes it.
func seedEntraTrust(w *cloud.World, f world.Federation, values, chosen map[string]any, s cloud.AzureSubscription, application, client string) {
	trust := world.EntraTrust{Federation: f, Tenant: s.Tenant, ClientClaim: "appid"}
	trust.Issuer, trust.Audience = "https://sts.windows.net/"+s.Tenant+"/", application
	if number(chosen, "aks", "entra", "tokenVersion") == 2 {
		trust.ClientClaim = "azp"
		trust.Issuer, trust.Audience = "https://login.microsoftonline.com/"+s.Tenant+"/v2.0", client
	}
	w.AwaitIdentity(fmt.Sprintf("/subscriptions/%s/resourcegroups/%s/providers/Microsoft.ManagedIdentity/userAssignedIdentities/%s",
		s.ID, text(values, "azure", "resourceGroup"), cmp.Or(text(values, "aks", "identityName"), azure.DefaultIdentityName)), trust)
}

// seedARRepository makes the image's repository exist: LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE.
func seedARRepository(w *cloud.World, values map[string]any, reader string) {
	image, err := image.Parse(text(values, "registry", "image"))
	if err != nil {
		return // the program refuses it
	}
	r, ok := image.ArtifactRegistryRepository()
	if !ok {
		return
	}
	w.SeedProject(r.Project, projectNumber(r.Project))
	w.SeedARRepository(r.Project, r.Location, r.Name, reader)
}

func subject(values map[string]any) string {
	return "system:serviceaccount:" + cmp.Or(text(values, "gateway", "namespace"), kubernetes.DefaultNamespace) +
		":" + cmp.Or(text(values, "refresher", "serviceAccount"), kubernetes.DefaultPullServiceAccount)
}

// projectNumber makes up the number of a project that nothing names.
func projectNumber(id string) string {
	digits := strings.Map(func(r rune) rune { return '0' + (r-'0')%10 }, world.Hex(11, "project", id))
	return "9" + digits
}

// number returns the whole number at a path of keys, or 0.
func number(values map[string]any, path ...string) int {
	n, _ := at(values, path...).(int)
	return n
}

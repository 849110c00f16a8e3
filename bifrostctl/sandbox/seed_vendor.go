package sandbox

import (
	"cmp"
	"fmt"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"bifrost/internal/iampolicy"
	"bifrost/stacks"
)

// seedECR makes the image's repository exist. One of another account has allowlisted every principal that the stack file may hand
// off: the pull role, the execution role, and the roles of the cluster's nodes.
func seedECR(w *cloud.World, file *stacks.Config, account cloud.AWSAccount) {
	ecr, ok := file.Image().Ecr()
	if !ok {
		return // the program refuses it
	}
	repository := world.ECRRepository{
		Account: ecr.AccountId, Region: ecr.Region, Name: file.Image().Path, Cached: file.Registry.PullThroughCache,
	}
	if ecr.AccountId != account.ID {
		repository.Allowlist = allowlist(file, account)
	}
	w.SeedECR(repository)
}

func allowlist(file *stacks.Config, account cloud.AWSAccount) []string {
	on := orEmpty(file.Aws)
	role := func(name string) string {
		return fmt.Sprintf("arn:%s:iam::%s:role%s%s", world.Partition(cmp.Or(on.Region, defaultRegion)), account.ID,
			cmp.Or(on.IamPath, "/"), name)
	}
	var principals []string
	for _, cluster := range account.EKS {
		principals = append(principals, role(file.Eks.RoleName))
		for _, node := range cluster.NodeRoles {
			principals = append(principals, cluster.NodeRoleARN(account.ID, node))
		}
	}
	if len(account.ECS) > 0 {
		principals = append(principals, role(file.Ecs.RoleName))
	}
	return principals
}

// Where the stack file names no app registration, the sandbox's tenants have this one, whose tokens are of version 2.
const (
	sandboxApplication  = "api://00000000-0000-4000-8000-000000000b1f"
	sandboxTokenVersion = 2
)

// seedGCP makes Google's side exist: that which the vendor's credential configuration names, or, where the stack makes its own,
// the project and the repository.
func seedGCP(w *cloud.World, file, chosen *stacks.Config, subscription cloud.AzureSubscription) {
	entra := orEmpty(orEmpty(file.Aks).Entra)
	application := cmp.Or(entra.AppIdUri, sandboxApplication)
	client := cmp.Or(entra.AppId, strings.TrimPrefix(application, "api://"))
	w.SeedApplication(subscription.Tenant, application, client, cmp.Or(entra.TokenVersion, sandboxTokenVersion))

	var readers []string
	if f, ok := world.ReadCredentialConfig(orEmpty(file.Gcp).CredentialConfig); ok && len(subscription.AKS) > 0 {
		w.SeedProject(f.Project, f.Number)
		readers = append(readers, "serviceAccount:"+f.Email)
		if orEmpty(chosen.Aks).Trust == stacks.TrustEntra {
			seedEntraTrust(w, f, file, chosen, subscription, application, client)
		} else {
			f.Issuer = subscription.AKS[0].Issuer(subscription.Tenant)
			f.Audience = file.Aks.TokenAudience
			f.Subject = iampolicy.ServiceAccountSubject(file.Gateway.Namespace, file.Refresher.ServiceAccount)
			f.Condition = fmt.Sprintf("assertion.sub == '%s'", f.Subject)
			w.SeedFederation(f)
		}
	}
	seedOwnFederation(w, chosen)
	seedARRepository(w, file, readers)
}

// seedOwnFederation makes the project exist in which the stack makes Google's side itself.
func seedOwnFederation(w *cloud.World, chosen *stacks.Config) {
	if project := orEmpty(orEmpty(chosen.Gcp).Federation).ProjectId; project != "" {
		w.SeedProject(project, projectNumber(project))
	}
}

// seedEntraTrust makes the vendor trust the managed identity of the stack file's name, as the hand-off describes it.
func seedEntraTrust(w *cloud.World, f world.Federation, file, chosen *stacks.Config, s cloud.AzureSubscription, application,
	client string) {
	trust := world.EntraTrust{Federation: f, Tenant: s.Tenant, ClientClaim: "appid"}
	trust.Issuer, trust.Audience = "https://sts.windows.net/"+s.Tenant+"/", application
	if orEmpty(orEmpty(chosen.Aks).Entra).TokenVersion == 2 {
		trust.ClientClaim = "azp"
		trust.Issuer, trust.Audience = "https://login.microsoftonline.com/"+s.Tenant+"/v2.0", client
	}
	w.AwaitIdentity(fmt.Sprintf("/subscriptions/%s/resourcegroups/%s/providers/Microsoft.ManagedIdentity/userAssignedIdentities/%s",
		s.ID, orEmpty(file.Azure).ResourceGroup, file.Aks.IdentityName), trust)
}

// seedARRepository makes the image's repository exist: LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE.
func seedARRepository(w *cloud.World, file *stacks.Config, readers []string) {
	r, ok := file.Image().ArtifactRegistryRepository()
	if !ok {
		return // the program refuses it
	}
	w.SeedProject(r.Project, projectNumber(r.Project))
	w.SeedARRepository(r.Project, r.Location, r.Name, readers...)
}

// projectNumber makes up the number of a project that nothing names.
func projectNumber(id string) string {
	digits := strings.Map(func(r rune) rune { return '0' + (r-'0')%10 }, world.Hex(11, "project", id))
	return "9" + digits
}

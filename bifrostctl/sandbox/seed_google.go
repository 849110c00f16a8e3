package sandbox

import (
	"cmp"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"bifrost/components/gcp"
	"bifrost/stacks"
)

// What stands around every GKE cluster of the sandbox, whether the stack file names it or not, so that overlays can use it too. Projects
// are the stack's own, and the vendor's is that of the image.
const (
	sandboxNodePool       = "default-pool"
	sandboxPullAccount    = "existing-pull-sa"
	sandboxGatewayAccount = "existing-gateway-sa"
	sandboxVendorAccount  = "hub-pull-sa"
)

// seedGoogle makes the projects exist with the cluster, service accounts that others made, and the vendor's side, which was told who pulls
// in the way that is chosen.
func seedGoogle(w *cloud.World, file, chosen *stacks.Config) (server string) {
	own := cmp.Or(orEmpty(file.Google).ProjectId, defaultProject)
	w.SeedGoogle(cloud.GCPProject{ID: own, Number: projectNumber(own)})
	of := googleSeed(file, own, w.API())
	w.SeedGoogle(of)
	gke := orEmpty(file.Gke)
	user := gcp.Member(of.WorkloadPool(), file.Gateway.Namespace, file.Gateway.ServiceAccount)
	for _, each := range []struct {
		email string
		users []string
	}{
		{gke.ServiceAccountEmail, nil}, {gcp.Email(sandboxPullAccount, own), nil},
		{gke.GatewayServiceAccountEmail, []string{user}}, {gcp.Email(sandboxGatewayAccount, own), []string{user}},
	} {
		if each.email != "" {
			w.SeedServiceAccount(world.ProjectOf(each.email, own), each.email, each.users...)
		}
	}
	seedGoogleVendor(w, file, googlePrincipals(file, orEmpty(chosen.Gke), own, &of))
	if len(of.GKE) == 0 {
		return ""
	}
	return of.GKE[0].Endpoint(of.ID)
}

// googleSeed is the cluster's project; api is the real API server of the cluster, or nil.
func googleSeed(file *stacks.Config, own string, api *cloud.APIServer) cloud.GCPProject {
	gke := orEmpty(file.Gke)
	id := cmp.Or(gke.ProjectId, own)
	project := cloud.GCPProject{ID: id, Number: projectNumber(id)}
	if gke.ClusterName == "" {
		return project
	}
	version := versionOf(api)
	if api == nil {
		version += "-gke.1000000"
	}
	project.GKE = []cloud.GKECluster{{
		Name: gke.ClusterName, Location: cmp.Or(gke.Location, defaultPlace), Version: version, WorkloadIdentity: true, API: api,
		NodePools: []world.GKENodePool{{Name: sandboxNodePool}},
	}}
	return project
}

// googlePrincipals are the members of IAM that the vendor was told of: who pulls in the way that is chosen. A kubelet of GKE whose login of
// the pull Secret is refused pulls as its node, and so the vendor knows the nodes only where these pull.
func googlePrincipals(file *stacks.Config, chosen stacks.Gke, own string, of *cloud.GCPProject) []string {
	gke := orEmpty(file.Gke)
	var emails []string
	switch {
	case chosen.Pull == stacks.GkePullNode:
		for _, cluster := range of.GKE {
			for _, pool := range cluster.NodePools {
				emails = append(emails, pool.Account(of))
			}
		}
	case chosen.Auth == stacks.GkeSignInPrincipal:
		return []string{gcp.Principal(of.Number, of.WorkloadPool(), file.Gateway.Namespace, file.Refresher.ServiceAccount)}
	default:
		emails = []string{gcp.Email(cmp.Or(gke.ServiceAccountId, gcp.DefaultPullServiceAccountId), own), gcp.Email(sandboxPullAccount, own)}
		if gke.ServiceAccountEmail != "" {
			emails = append(emails, gke.ServiceAccountEmail)
		}
	}
	var members []string
	for _, email := range emails {
		members = append(members, "serviceAccount:"+email)
	}
	return members
}

// seedGoogleVendor makes the image's repository exist, which the principals may read, and service accounts of the vendor's that they may
// impersonate: one of the sandbox's, and the one that the stack file names.
func seedGoogleVendor(w *cloud.World, file *stacks.Config, principals []string) {
	repository, private := file.Image().ArtifactRegistryRepository()
	if !private {
		return // the program refuses it, or nobody pulls there
	}
	w.SeedProject(repository.Project, projectNumber(repository.Project))
	readers := principals
	for _, email := range []string{gcp.Email(sandboxVendorAccount, repository.Project), orEmpty(file.Gke).VendorServiceAccount} {
		if email == "" {
			continue
		}
		project := world.ProjectOf(email, repository.Project)
		w.SeedProject(project, projectNumber(project))
		w.SeedImpersonation(project, email, principals...)
		readers = append(readers, "serviceAccount:"+email)
	}
	seedARRepository(w, file, readers)
}

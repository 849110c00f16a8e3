package sandbox

import (
	"cmp"
	"fmt"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/world"
	"bifrost/internal/iampolicy"
	"bifrost/internal/registrykey"
	"bifrost/stacks"
)

// seedKubernetes makes the cluster exist that a kubeconfig leads to, and the vendor's side of the way to pull there. Of what the file
// leaves open, the issuer and its keys, the first overlay that says it is taken for right.
func seedKubernetes(w *cloud.World, file, chosen *stacks.Config) (server string) {
	if file.Kubernetes == nil {
		return ""
	}
	at := w.SeedKubernetes(kubernetesSeed(file.Kubernetes, orEmpty(chosen.Kubernetes), w.API()))
	var readers []string
	if email, ok := seedKey(w, file, chosen); ok {
		readers = append(readers, "serviceAccount:"+email)
	}
	if f, ok := world.ReadCredentialConfig(orEmpty(file.Gcp).CredentialConfig); ok {
		w.SeedProject(f.Project, f.Number)
		f.Issuer, f.Jwks, f.Audience = at.Issuer(), file.Kubernetes.Jwks, file.Kubernetes.TokenAudience
		f.Subject = iampolicy.ServiceAccountSubject(file.Gateway.Namespace, file.Refresher.ServiceAccount)
		f.Condition = fmt.Sprintf("assertion.sub == '%s'", f.Subject)
		w.SeedFederation(f)
		readers = append(readers, "serviceAccount:"+f.Email)
	}
	seedOwnFederation(w, chosen)
	seedARRepository(w, file, readers)
	return at.Endpoint()
}

// kubernetesSeed is the cluster; api is the real API server, or nil.
func kubernetesSeed(file *stacks.Kubernetes, chosen stacks.Kubernetes, api *cloud.APIServer) world.KubernetesCluster {
	jwks := cmp.Or(file.Jwks, chosen.Jwks)
	return world.KubernetesCluster{
		Name: cmp.Or(file.Context, file.ClusterName, "sandbox"), Version: versionOf(api), API: api,
		OIDCIssuer: cmp.Or(file.Issuer, chosen.Issuer), Jwks: jwks, IssuerHidden: jwks != "", OpenShift: file.Openshift,
	}
}

// seedKey makes the service account whose key the vendor gives, with a key: that of the stack file, where it is written there in clear, or
// one of the sandbox's. It is false where the stack pulls with no key.
func seedKey(w *cloud.World, file, chosen *stacks.Config) (email string, ok bool) {
	repository, private := file.Image().ArtifactRegistryRepository()
	if !private || !holdsKey(file) && !holdsKey(chosen) {
		return "", false
	}
	email = "bifrost-pull@" + repository.Project + ".iam.gserviceaccount.com"
	own, err := registrykey.Parse(file.Secrets.RegistryKey)
	if err == nil {
		email = own.ClientEmail
	}
	project := world.ProjectOf(email, repository.Project)
	w.SeedProject(project, projectNumber(project))
	w.SeedServiceAccount(project, email)
	w.Lock()
	defer w.Unlock()
	switch {
	case err == nil:
		_, err = mint.Admit(w.World, project, email, own.Id, own.Private)
	case len(mint.AccountKeys(w.World, email)) == 0:
		_, err = mint.NewAccountKey(w.World, project, email)
	default:
		err = nil
	}
	if err != nil {
		w.Warn(err.Error())
	}
	return email, true
}

// holdsKey tells whether a stack pulls with a key of the vendor's.
func holdsKey(config *stacks.Config) bool {
	on, _ := config.Cluster()
	return on.StaticKey
}

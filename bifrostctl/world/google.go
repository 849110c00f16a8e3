package world

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
)

// GCPProject is a project of Google Cloud with the clusters that stand in it already.
type GCPProject struct {
	ID string `json:"id"`
	// Number is what principals, audiences and the default service account of Compute Engine name.
	Number string `json:"number"`
	// GKE are the clusters of the project.
	GKE []GKECluster `json:"gke,omitempty"`
}

// GKECluster is an existing GKE cluster.
type GKECluster struct {
	Name string `json:"name"`
	// Location is the region or the zone.
	Location string `json:"location"`
	// Version is the version of the control plane, as "1.34.1-gke.1829001".
	Version string `json:"version"`
	// WorkloadIdentity says that the cluster has the workload pool of its project.
	WorkloadIdentity bool `json:"workloadIdentity"`
	// Autopilot clusters have no node pools of their user's.
	Autopilot bool `json:"autopilot,omitempty"`
	// NodePools are those of the cluster. A pod may land on a node of any of them.
	NodePools []GKENodePool `json:"nodePools,omitempty"`
	// NetworkPolicies is what enforces network policies; empty is Dataplane V2.
	NetworkPolicies PolicyEngine `json:"networkPolicies,omitempty"`
	// API is the real API server that is the cluster's; nil for one of the sandbox's own.
	API *APIServer `json:"api,omitempty"`
}

// GKENodePool is a node pool of a GKE cluster.
type GKENodePool struct {
	Name string `json:"name"`
	// ServiceAccount is the email of the nodes' service account; empty or "default" is Compute Engine's default one.
	ServiceAccount string `json:"serviceAccount,omitempty"`
	// Scopes are the last parts of the URLs of the nodes' access scopes, as "cloud-platform". Empty is GKE's own default.
	Scopes []string `json:"scopes,omitempty"`
	// Exposed says that pods reach the node's own metadata (GCE_METADATA) instead of GKE's metadata server.
	Exposed bool `json:"exposed,omitempty"`
}

// DefaultScopes are those of the node pools that name none (gcloud container node-pools create, --scopes, gke-default).
var DefaultScopes = []string{
	"devstorage.read_only", "logging.write", "monitoring", "service.management.readonly", "servicecontrol", "trace.append",
}

// ScopeURLs are the URLs of the nodes' access scopes.
func (n GKENodePool) ScopeURLs() []string {
	scopes := n.Scopes
	if len(scopes) == 0 {
		scopes = DefaultScopes
	}
	var urls []string
	for _, scope := range scopes {
		urls = append(urls, "https://www.googleapis.com/auth/"+scope)
	}
	return urls
}

// Account is the email of the nodes' service account in the project.
func (n GKENodePool) Account(p *GCPProject) string {
	if n.ServiceAccount == "" || n.ServiceAccount == "default" {
		return p.DefaultAccount()
	}
	return n.ServiceAccount
}

// DefaultAccount is the email of Compute Engine's default service account.
func (p *GCPProject) DefaultAccount() string {
	return p.Number + "-compute@developer.gserviceaccount.com"
}

// WorkloadPool is the name of the workload identity pool that all clusters of the project share.
func (p *GCPProject) WorkloadPool() string { return p.ID + ".svc.id.goog" }

// HasWorkloadPool tells whether the pool exists: it does once a cluster of the project uses it.
func (p *GCPProject) HasWorkloadPool() bool {
	return slices.ContainsFunc(p.GKE, func(c GKECluster) bool { return c.WorkloadIdentity })
}

// GKECluster returns the project's cluster of that location and name, or nil.
func (p *GCPProject) GKECluster(location, name string) *GKECluster {
	i := slices.IndexFunc(p.GKE, func(c GKECluster) bool { return c.Location == location && c.Name == name })
	if i < 0 {
		return nil
	}
	return &p.GKE[i]
}

// Path is the cluster's resource name in Google's API.
func (c GKECluster) Path(project string) string {
	return fmt.Sprintf("projects/%s/locations/%s/clusters/%s", project, c.Location, c.Name)
}

// Issuer returns the URL of the cluster's OIDC issuer, which every cluster has.
func (c GKECluster) Issuer(project string) string {
	if c.API != nil {
		return c.API.Issuer
	}
	return "https://container.googleapis.com/v1/" + c.Path(project)
}

// Endpoint returns the URL of the cluster's API server.
func (c GKECluster) Endpoint(project string) string {
	if c.API != nil {
		return c.API.Server
	}
	sum := sha256.Sum256([]byte("gke " + c.Path(project)))
	return fmt.Sprintf("https://34.%d.%d.%d", 64+sum[0]%64, sum[1], sum[2])
}

func (c GKECluster) cluster(project string) *Cluster {
	return &Cluster{Server: c.Endpoint(project), CA: c.API.authority(c.Endpoint(project)), Name: c.Name, Cloud: "gke", Account: project,
		Region: c.Location, Issuer: c.Issuer(project)}
}

// SeedGoogle adds what is missing of the project, its clusters and the service accounts of their nodes, and signs the user in to the
// project. What exists already stays as it is, but that a real API server takes the place of the one before.
func (w *World) SeedGoogle(seed GCPProject) {
	w.SeedProject(seed.ID, seed.Number)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.SignedIn.GCPProject = cmp.Or(w.SignedIn.GCPProject, seed.ID)
	project := w.GCP[seed.ID]
	w.addServiceAccount(project.ID, project.DefaultAccount())
	for _, c := range seed.GKE {
		known := project.GKECluster(c.Location, c.Name)
		switch {
		case known == nil:
			project.GKE = append(project.GKE, c)
			w.addCluster(c.cluster(project.ID))
		case c.API != nil:
			w.moveCluster(known.Endpoint(project.ID), c.cluster(project.ID))
			known.API, known.Version = c.API, c.Version
		}
		for _, pool := range c.NodePools {
			w.addServiceAccount(ProjectOf(pool.Account(project), project.ID), pool.Account(project))
		}
	}
}

// SeedServiceAccount makes a service account of a project exist, as which ServiceAccounts of clusters may act: members as IAM writes them.
func (w *World) SeedServiceAccount(project, email string, users ...string) {
	w.seedAccount(project, email, "roles/iam.workloadIdentityUser", users)
}

func (w *World) seedAccount(project, email, role string, members []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addServiceAccount(project, email)
	for _, member := range members {
		w.addAccountMember(project, email, role, member)
	}
}

func (w *World) addServiceAccount(project, email string) {
	accountID, _, _ := strings.Cut(email, "@")
	id := AccountPath(project, email)
	w.Settle(&Resource{Type: pulumitype.GcpServiceAccount, Scope: project, ID: id, State: map[string]any{
		"accountId": accountID, "email": email, "name": id, "member": "serviceAccount:" + email, "project": project,
		"uniqueId": Hex(20, "service account", email), "disabled": false,
	}})
}

// AccountPath is a service account's resource name.
func AccountPath(project, email string) string {
	return fmt.Sprintf("projects/%s/serviceAccounts/%s", project, email)
}

// ProjectOf is the project in a service account's email; other where the email names none.
func ProjectOf(email, other string) string {
	_, domain, _ := strings.Cut(email, "@")
	if project, ofProject := strings.CutSuffix(domain, ".iam.gserviceaccount.com"); ofProject {
		return project
	}
	return other
}

// standing: a cluster of GKE may have its location in front of its name.
func (p *GCPProject) standing() []Standing {
	var all []Standing
	for i := range p.GKE {
		c := &p.GKE[i]
		id := c.Location + "/" + c.Name
		var accounts []string
		for _, pool := range c.NodePools {
			accounts = append(accounts, pool.Account(p))
		}
		all = append(all, Standing{
			Type: pulumitype.GcpCluster, Scope: p.ID, ID: id, Names: []string{c.Name, id}, Cluster: c,
			State: map[string]any{
				"version": c.Version, "endpoint": c.Endpoint(p.ID), "issuer": c.Issuer(p.ID), "workloadIdentity": c.WorkloadIdentity,
				"nodeServiceAccounts": accounts, "networkPolicies": cmp.Or(c.NetworkPolicies, "Dataplane V2"),
			},
			Pods: &Pods{Cloud: "gke", Server: c.Endpoint(p.ID), Version: c.Version, API: c.API, NetworkPolicies: c.NetworkPolicies},
		})
	}
	return all
}

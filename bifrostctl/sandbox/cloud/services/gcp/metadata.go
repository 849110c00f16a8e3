package gcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/world"
)

// MetadataHost is the name of the metadata server on every node of Google Cloud's. Its address is another cloud's on other nodes.
const MetadataHost = "metadata.google.internal"

// Headers by which a node tells whose request it passes on. gke-metadata-server finds the pod by its address, asks the API server for a
// token of its ServiceAccount, and reads the ServiceAccount's annotation.
const (
	// PodTokenHeader is a token of the pod's ServiceAccount for the workload pool.
	PodTokenHeader = "Bifrost-Sandbox-Pod-Token"
	// PodAccountHeader is the service account of Google that the ServiceAccount's annotation names; empty where it names none.
	PodAccountHeader = "Bifrost-Sandbox-Pod-Account"
	// NodePoolHeader is the node pool of a request that counts as the node's own: of the kubelet, or of a pod where there is no metadata
	// server of GKE's. Without any of the headers it is the first pool of the first cluster.
	NodePoolHeader = "Bifrost-Sandbox-Node-Pool"
)

// UnreadyMetadata is the id of a cluster's metadata servers in World.Unready: for seconds after a pod has begun they do not know it (Google
// Kubernetes Engine, "Troubleshoot authentication", pods that start at once).
func UnreadyMetadata(server string) string { return "metadata server of " + server }

const accountsPath = "/computeMetadata/v1/instance/service-accounts/"

// metadata answers as the metadata server does (Compute Engine, "About VM metadata"; Google Kubernetes Engine, "About Workload Identity
// Federation for GKE").
func (g *cloud) metadata() http.Handler {
	mux := http.NewServeMux()
	asked := func(pattern string, answer func(http.ResponseWriter, *http.Request, asker)) {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Metadata-Flavor") != "Google" {
				http.Error(w, "Missing required header Metadata-Flavor: Google", http.StatusForbidden)
				return
			}
			by, known := g.asker(w, r)
			if known {
				answer(w, r, by)
			}
		})
	}
	text := func(of func(asker) string) func(http.ResponseWriter, *http.Request, asker) {
		return func(w http.ResponseWriter, _ *http.Request, by asker) { _, _ = w.Write([]byte(of(by))) }
	}
	asked("/computeMetadata/v1/project/project-id", text(func(by asker) string { return by.project.ID }))
	asked("/computeMetadata/v1/project/numeric-project-id", text(func(by asker) string { return by.project.Number }))
	asked(accountsPath+"{$}", text(func(by asker) string { return "default/\n" + by.email() + "/\n" }))
	asked(accountsPath+"{account}/email", text(asker.email))
	asked(accountsPath+"{account}/token", g.metadataToken)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		mux.ServeHTTP(w, r)
	})
}

// asker is who asks the metadata server.
type asker struct {
	project *world.GCPProject
	// holder is the pod's ServiceAccount, or the node's service account.
	holder holder
	// account is the service account of Google as which the ServiceAccount is to act.
	account string
}

// email is what the server says of the default account: of a ServiceAccount that is to act as none the name of its pool.
func (a asker) email() string {
	switch {
	case a.account != "":
		return a.account
	case a.holder.Email != "":
		return a.holder.Email
	}
	return a.project.WorkloadPool()
}

// asker finds out who asks; false where it has answered itself.
func (g *cloud) asker(w http.ResponseWriter, r *http.Request) (asker, bool) {
	refuse := func(status int, message string, why *hop.Refusal) (asker, bool) {
		g.network.Refusals.Add(why)
		http.Error(w, message, status)
		return asker{}, false
	}
	raw := r.Header.Get(PodTokenHeader)
	if raw == "" {
		node, found := g.node(r.Header.Get(NodePoolHeader))
		if !found {
			return refuse(http.StatusNotFound, "Not Found", hop.Refuse(hop.Metadata, hop.Missing, "no node of GKE's asks"))
		}
		return node, true
	}
	claims, err := token.Claims(raw)
	if err != nil {
		return refuse(http.StatusInternalServerError, "Internal Server Error",
			hop.Refuse(hop.Metadata, hop.Invalid, "the ServiceAccount's token: %v", err))
	}
	project, cluster := g.clusterOf(fmt.Sprint(claims["iss"]))
	if cluster == nil {
		return refuse(http.StatusInternalServerError, "Internal Server Error",
			hop.Refuse(hop.Metadata, hop.IssuerMismatch, "%v is no GKE cluster's issuer", claims["iss"]))
	}
	if !g.world.Ready(UnreadyMetadata(cluster.Endpoint(project.ID))) {
		return refuse(http.StatusServiceUnavailable, "GKE Metadata Server encountered an error: pod not found",
			hop.Refuse(hop.Metadata, hop.NotReady, "the metadata server does not know the pod yet"))
	}
	h, why := g.serviceAccount(r.Context(), project, cluster, raw)
	if why != nil {
		return refuse(http.StatusForbidden, "Unable to generate access token; STS returned 403 Forbidden", why)
	}
	return asker{project, h, r.Header.Get(PodAccountHeader)}, true
}

func (g *cloud) clusterOf(issuer string) (*world.GCPProject, *world.GKECluster) {
	for _, project := range g.world.GCP {
		for i := range project.GKE {
			if project.GKE[i].Issuer(project.ID) == issuer {
				return project, &project.GKE[i]
			}
		}
	}
	return nil, nil
}

// serviceAccount is the principal of a cluster's ServiceAccount, for which Google's token service exchanges its token: all clusters of a
// project share a pool, and so are the same to IAM (IAM, "Principal identifiers"; Google Kubernetes Engine, "About Workload Identity
// Federation for GKE", identity sameness).
func (g *cloud) serviceAccount(ctx context.Context, p *world.GCPProject, c *world.GKECluster, raw string) (holder, *hop.Refusal) {
	if !c.WorkloadIdentity {
		return holder{}, hop.Refuse(hop.Metadata, hop.Missing, "GKE cluster %s has no workload pool", c.Name)
	}
	claims, err := token.Verifier{Client: g.network.Client(), Now: g.world.Now}.Verify(ctx, c.Issuer(p.ID), raw)
	if err != nil {
		return holder{}, hop.Refuse(hop.Metadata, hop.Invalid, "the ServiceAccount's token: %v", err)
	}
	if !slices.Contains(audiences(claims), any(p.WorkloadPool())) {
		return holder{}, hop.Refuse(hop.Metadata, hop.AudienceMismatch, "the ServiceAccount's token has %v, the workload pool is %s",
			audiences(claims), p.WorkloadPool())
	}
	namespace, name, _ := strings.Cut(strings.TrimPrefix(fmt.Sprint(claims["sub"]), "system:serviceaccount:"), ":")
	pool := fmt.Sprintf("iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s", p.Number, p.WorkloadPool())
	return holder{
		Principal: fmt.Sprintf("principal://%s/subject/ns/%s/sa/%s", pool, namespace, name), Pool: "principalSet://" + pool,
		Former:     fmt.Sprintf("serviceAccount:%s[%s/%s]", p.WorkloadPool(), namespace, name),
		Attributes: map[string]string{"namespace": namespace, "kubernetes.cluster": "https://container.googleapis.com/v1/" + c.Path(p.ID)},
	}, nil
}

// node is a node of the pool of that name, or of any where it is empty.
func (g *cloud) node(pool string) (asker, bool) {
	for _, project := range g.world.GCP {
		for _, c := range project.GKE {
			for _, each := range c.NodePools {
				if pool == "" || each.Name == pool {
					return asker{project: project, holder: holder{Email: each.Account(project), Node: each.Name}}, true
				}
			}
		}
	}
	return asker{}, false
}

// metadataToken gives a token of who asks or, where the ServiceAccount is to act as a service account of Google, of that one.
func (g *cloud) metadataToken(w http.ResponseWriter, r *http.Request, by asker) {
	fail := func(status int, message string, why *hop.Refusal) {
		g.network.Refusals.Add(why)
		http.Error(w, message, status)
	}
	if account := r.PathValue("account"); account != "default" && account != by.email() {
		fail(http.StatusNotFound, "Not Found", hop.Refuse(hop.Metadata, hop.Missing, "the account %s, where the default one is %s", account,
			by.email()))
		return
	}
	for _, email := range []string{by.account, by.holder.Email} {
		if email != "" && g.account(email) == nil {
			fail(http.StatusNotFound, "Unable to generate access token; IAM returned 404 Not Found: Not found; Gaia id not found for "+
				"email "+email, hop.Refuse(hop.Impersonation, hop.Missing, "the service account %s does not exist", email))
			return
		}
	}
	h := by.holder
	if by.account != "" {
		if why := g.mayImpersonate(h, by.account); why != nil {
			fail(http.StatusForbidden, "Unable to generate access token; IAM returned 403 Forbidden: Permission "+
				"'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).\nThis error could be caused by a missing "+
				"IAM policy binding on the target IAM service account.", why)
			return
		}
		h = holder{Email: by.account}
	}
	access, err := g.seal(h)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": access, "expires_in": int(accessLifetime.Seconds()) - 1,
		"token_type": "Bearer"})
}

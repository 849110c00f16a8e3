package saved

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

type gke struct{ w *cloud.World }

// Cluster implements service.GKE.
func (g gke) Cluster(_ context.Context, project, location, name string) (*service.GKECluster, error) {
	g.w.Lock()
	defer g.w.Unlock()
	of := g.w.GCP[project]
	if of == nil {
		return nil, fmt.Errorf("project %s: %w", project, service.ErrNotFound)
	}
	found := of.GKECluster(location, name)
	if found == nil {
		return nil, fmt.Errorf("GKE cluster %s: %w", name, service.ErrNotFound)
	}
	cluster := &service.GKECluster{Status: "RUNNING", Version: found.Version, Autopilot: found.Autopilot}
	if found.WorkloadIdentity {
		cluster.WorkloadPool = of.WorkloadPool()
	}
	switch found.NetworkPolicies {
	case "":
		cluster.Datapath = "ADVANCED_DATAPATH"
	case world.Calico:
		cluster.Calico = true
	}
	for _, pool := range found.NodePools {
		cluster.NodePools = append(cluster.NodePools, service.GKENodePool{Name: pool.Name, ServiceAccount: pool.ServiceAccount,
			Scopes: pool.ScopeURLs(), MetadataServer: found.WorkloadIdentity && !pool.Exposed})
	}
	return cluster, nil
}

// ProjectNumber implements service.GCP.
func (g gcp) ProjectNumber(_ context.Context, project string) (string, error) {
	g.w.Lock()
	defer g.w.Unlock()
	if known := g.w.GCP[project]; known != nil {
		return known.Number, nil
	}
	return "", fmt.Errorf("project %s: %w", project, service.ErrForbidden)
}

// Account implements service.GCP.
func (g gcp) Account(_ context.Context, _, email string) (*service.ServiceAccount, error) {
	g.w.Lock()
	defer g.w.Unlock()
	found, err := only(g.w, pulumitype.GcpServiceAccount, email, func(r *world.Resource) bool { return text(r, "email") == email })
	if err != nil {
		return nil, err
	}
	return &service.ServiceAccount{UniqueID: text(found, "uniqueId"), Disabled: found.State["disabled"] == true}, nil
}

// ProjectMembers implements service.GCP.
func (g gcp) ProjectMembers(_ context.Context, project, role string) ([]string, error) {
	g.w.Lock()
	defer g.w.Unlock()
	return g.members(pulumitype.GcpProjectMember, role, func(r *world.Resource) bool { return text(r, "project") == project }), nil
}

// KeyCertificate implements service.GCP: Google publishes none of a key that is disabled.
func (g gcp) KeyCertificate(_ context.Context, email, key string) (*service.KeyCertificate, error) {
	g.w.Lock()
	defer g.w.Unlock()
	suffix := "/serviceAccounts/" + email + "/keys/" + key
	found, err := only(g.w, pulumitype.GcpServiceAccountKey, key, func(r *world.Resource) bool {
		return strings.HasSuffix(r.ID, suffix) && r.State["disabled"] != true
	})
	if err != nil {
		return nil, err
	}
	at := func(key string) time.Time {
		t, _ := time.Parse(time.RFC3339, text(found, key)) // zero where it is none
		return t
	}
	return &service.KeyCertificate{From: at("validAfter"), Until: at("validBefore")}, nil
}

// issuerOf is the issuer of the cluster at server. Its keys are those that the cluster's owner has told of: the sandbox's stand for them.
func issuerOf(w *cloud.World, server string) func(context.Context) (*service.Issuer, error) {
	return func(context.Context) (*service.Issuer, error) {
		w.Lock()
		defer w.Unlock()
		cluster := w.Clusters[server]
		if cluster == nil {
			return nil, fmt.Errorf("the API server %q: %w", server, service.ErrNotFound)
		}
		found := &service.Issuer{URL: cluster.Issuer}
		if standing := w.OnServer(server); standing != nil {
			var told struct {
				Keys []struct {
					ID string `json:"kid"`
				} `json:"keys"`
			}
			if err := json.Unmarshal([]byte(standing.Jwks), &told); err == nil {
				for _, key := range told.Keys {
					found.Keys = append(found.Keys, key.ID)
				}
			}
		}
		return found, nil
	}
}

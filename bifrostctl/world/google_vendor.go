package world

import (
	"fmt"
	"maps"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
)

// SeedImpersonation makes a service account of the vendor's exist, whose tokens others may take: members as IAM writes them.
func (w *World) SeedImpersonation(project, email string, members ...string) {
	w.seedAccount(project, email, "roles/iam.serviceAccountTokenCreator", members)
}

// SeedARRepository makes an Artifact Registry repository exist, with every tag, that some may read: members as IAM writes them.
func (w *World) SeedARRepository(project, location, name string, readers ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := fmt.Sprintf("projects/%s/locations/%s/repositories/%s", project, location, name)
	w.settleRepository(&Resource{Type: pulumitype.GcpRepository, Scope: project, ID: id, State: map[string]any{
		"project": project, "location": location, "repositoryId": name, "format": "DOCKER",
	}})
	for _, reader := range readers {
		w.Settle(Reader(project, location, name, reader))
	}
}

// Reader is a member that may read a repository of Artifact Registry.
func Reader(project, location, name, member string) *Resource {
	const role = "roles/artifactregistry.reader"
	id := fmt.Sprintf("projects/%s/locations/%s/repositories/%s", project, location, name)
	return &Resource{Type: pulumitype.GcpRepositoryMember, Scope: project, ID: id + "/" + role + "/" + member, State: map[string]any{
		"project": project, "location": location, "repository": name, "role": role, "member": member,
	}}
}

// MemberLike is a member of the same policy, with the same role, that somebody has added by hand: a service account by its email, or
// another principal as IAM writes it.
func MemberLike(r *Resource, principal string) *Resource {
	if !strings.Contains(principal, ":") {
		principal = "serviceAccount:" + principal
	}
	state := maps.Clone(r.State)
	state["member"] = principal
	id := strings.TrimSuffix(r.ID, fmt.Sprint(r.State["member"])) + principal
	return &Resource{Type: r.Type, Scope: r.Scope, ID: id, State: state, Seeded: true, Edited: true}
}

package gcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/bifrostctl/world"
)

var generate = regexp.MustCompile(`^/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken$`)

// impersonators are roles with iam.serviceAccounts.getAccessToken.
var impersonators = []string{"roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator"}

// credentials answers generateAccessToken of the IAM Credentials API.
func (g *cloud) credentials(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	fail := func(status int, name, message string, why *hop.Refusal) {
		g.network.Refusals.Add(why)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": status, "status": name, "message": message}})
	}
	asked := generate.FindStringSubmatch(r.URL.Path)
	if asked == nil {
		http.NotFound(w, r)
		return
	}
	email := asked[1]
	var h holder
	if err := mint.Open(g.world.World, issuer, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), &h); err != nil {
		fail(http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.",
			hop.Refuse(hop.Impersonation, hop.Invalid, "the federated token: %v", err))
		return
	}
	if why := g.mayImpersonate(h, email); why != nil {
		fail(http.StatusForbidden, "PERMISSION_DENIED",
			"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).", why)
		return
	}
	access, err := g.seal(holder{Email: email})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"accessToken": access,
		"expireTime": g.world.Now().Add(accessLifetime).UTC().Format(time.RFC3339)})
}

func (g *cloud) mayImpersonate(h holder, email string) *hop.Refusal {
	account := g.account(email)
	if account == nil || account.State["disabled"] == true {
		return hop.Refuse(hop.Impersonation, hop.NoImpersonation, "the service account %s does not exist or is disabled", email)
	}
	for _, r := range g.world.List(pulumitype.GcpServiceAccountMember, account.Scope) {
		ofAccount := r.State["serviceAccountId"] == account.ID || strings.HasSuffix(fmt.Sprint(r.State["serviceAccountId"]), "/"+email)
		if ofAccount && slices.Contains(impersonators, fmt.Sprint(r.State["role"])) && g.means(r, h) {
			return nil
		}
	}
	role := impersonators[0]
	if h.Email != "" {
		role = impersonators[1]
	}
	return hop.Refuse(hop.Impersonation, hop.NoImpersonation, "%s does not have %s on %s", h.name(), role, email)
}

// means tells whether a member of a policy is the holder. IAM resolves a service account to its unique id when a policy is saved: one that
// was made again under its name is a stranger to what the vendor's policies say.
func (g *cloud) means(member *world.Resource, h holder) bool {
	if !h.is(fmt.Sprint(member.State["member"])) {
		return false
	}
	account := g.account(h.Email)
	if !member.Seeded || account == nil {
		return true
	}
	id, key := fmt.Sprint(account.State["uniqueId"]), world.GrantKey(member.ID, h.Email)
	if known, seen := g.world.Grants[key]; seen {
		return known == id
	}
	g.world.Grants[key] = id
	return true
}

// is tells whether an IAM member means the holder.
func (h holder) is(member string) bool {
	if h.Email != "" {
		return member == "serviceAccount:"+h.Email
	}
	if member == h.Principal || member == h.Pool+"/*" || h.Former != "" && member == h.Former {
		return true
	}
	for name, value := range h.Attributes {
		if member == h.Pool+"/"+name+"/"+value {
			return true
		}
	}
	return false
}

// readers are roles with artifactregistry.repositories.downloadArtifacts.
var readers = []string{"roles/artifactregistry.reader", "roles/artifactregistry.writer", "roles/artifactregistry.repoAdmin"}

// hosts are those of Artifact Registry, with its location (docker-credential-gcr, config/const.go, DefaultARRegistries).
var hosts = []*regexp.Regexp{
	regexp.MustCompile(`^([a-z0-9-]+)-docker\.pkg\.dev$`), regexp.MustCompile(`^docker\.([a-z0-9-]+)\.rep\.pkg\.dev$`),
}

// formerHosts are those of Container Registry, which Artifact Registry serves from repositories of their names, with the locations of these
// (Artifact Registry, "Repositories with gcr.io domain support").
var formerHosts = map[string]string{"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}

// RepositoryOf tells in which project and repository an image lies: PROJECT/REPOSITORY/IMAGE at LOCATION-docker.pkg.dev, or PROJECT/IMAGE
// at a host of Container Registry. Private is false at other hosts; id is empty where the path is none of theirs.
func RepositoryOf(host, path string) (project, location, name, id string, private bool) {
	parts := strings.SplitN(path, "/", 3)
	location = formerHosts[host]
	if location != "" {
		parts = append(parts[:1], append([]string{host}, parts[1:]...)...)
	}
	for _, form := range hosts {
		if m := form.FindStringSubmatch(host); m != nil {
			location = m[1]
		}
	}
	if location == "" || len(parts) < 3 {
		return "", "", "", "", location != ""
	}
	return parts[0], location, parts[1], fmt.Sprintf("projects/%s/locations/%s/repositories/%s", parts[0], location, parts[1]), true
}

// pull is Artifact Registry.
func (g *cloud) pull(ctx context.Context, r registry.Request) (digest string, refusal *registry.Answer) {
	const at = hop.ArtifactRegistry
	h, refused := g.login(ctx, r)
	if refused != nil {
		return "", refused
	}
	project, location, name, id, _ := RepositoryOf(r.Host, r.Repository)
	if id == "" {
		return "", &registry.Answer{Status: http.StatusNotFound, Code: "NAME_INVALID",
			Message: "Missing image name. Pushes should be of the form docker push HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE",
			Refusal: hop.Refuse(at, hop.ImageNotFound, "%s is not PROJECT/REPOSITORY/IMAGE", r.Repository)}
	}
	repository := g.world.Get(pulumitype.GcpRepository, project, id)
	if repository == nil || !g.mayRead(h, project, location, name) {
		reason, detail := hop.NoPullPermission, fmt.Sprintf("%s does not have roles/artifactregistry.reader on %s", h.name(), id)
		if repository == nil {
			reason, detail = hop.ImageNotFound, "there is no repository "+id
		}
		return "", &registry.Answer{
			Status: http.StatusForbidden, Code: "DENIED", Refusal: hop.Refuse(at, reason, "%s", detail),
			Message: fmt.Sprintf(`Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "%s" (or it may not `+
				`exist)`, id),
		}
	}
	// A repository has several images, and the tags that are known are those of one.
	tagged, _ := repository.State["tagsOf"].(string)
	known := tagged == "" || strings.HasSuffix(r.Repository, "/"+tagged)
	if known && !registry.Has(repository, r.Reference) || !g.world.HasImage(r.Host+"/"+r.Repository) {
		return "", &registry.Answer{Status: http.StatusNotFound, Code: "MANIFEST_UNKNOWN", Message: "Failed to fetch " + r.Reference,
			Refusal: hop.Refuse(at, hop.ImageNotFound, "%s has no %s", id, r.Reference)}
	}
	return registry.Digest(repository, r.Reference), nil
}

func (h holder) name() string {
	switch {
	case h.Node != "":
		return "serviceAccount:" + h.Email + ", which the nodes of pool " + h.Node + " have,"
	case h.Email != "":
		return "serviceAccount:" + h.Email
	}
	return h.Principal
}

func (g *cloud) mayRead(h holder, project, location, name string) bool {
	for _, r := range g.world.Resources {
		if r.Type != pulumitype.GcpRepositoryMember || r.Deleted {
			continue
		}
		repository := fmt.Sprint(r.State["repository"])
		same := r.State["project"] == project && r.State["location"] == location &&
			(repository == name || strings.HasSuffix(repository, "/"+name))
		if same && slices.Contains(readers, fmt.Sprint(r.State["role"])) && g.means(r, h) {
			return true
		}
	}
	return false
}

package handoff

import (
	"cmp"
	"strings"

	"bifrost/bifrostctl/verify/checks"
)

// Gke is what is asked for Artifact Registry, where principals of the customer's own project pull.
type Gke struct {
	checks.Principal
	// Members are who pulls, as IAM writes them.
	Members []string
	// Repository is the whole resource name, in capitals what is not known.
	Repository string
}

// newGke is nil where nobody of GKE pulls.
func newGke(in Input) *Gke {
	for _, p := range in.Principals {
		if p.Platform != gkePlatform {
			continue
		}
		g := &Gke{Principal: p, Members: p.GoogleMembers(), Repository: "projects/PROJECT/locations/LOCATION/repositories/REPOSITORY"}
		if in.Config != nil {
			g.Repository = cmp.Or(repositoryOf(in.Config), g.Repository)
		}
		return g
	}
	return nil
}

const gkePlatform = "gke"

// ImpersonatedProject is the vendor's project that has the service account which is impersonated.
func (g *Gke) ImpersonatedProject() string {
	_, domain, _ := strings.Cut(g.Impersonates, "@")
	project, _, _ := strings.Cut(domain, ".")
	return project
}

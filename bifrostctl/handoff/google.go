package handoff

import (
	"cmp"
	"fmt"
	"strings"

	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/world"
	"bifrost/components/kubernetes"
	"bifrost/stacks"
)

// Google is what is asked for Artifact Registry, where the vendor has Google's side.
type Google struct {
	checks.Principal
	// Names are the vendor's: capitals stand for those that are not known.
	Names
	// Known says that the stack has the vendor's credential configuration, from which the names are.
	Known bool
	// TokenFile is where the credential configuration must find the token.
	TokenFile string
}

// Names are of what the vendor has at Google Cloud; Account is the service account's email, Repository the whole resource name.
type Names struct{ Project, Number, Pool, Provider, Account, Repository string }

// newGoogle is nil where nothing is asked: whoever gives gcp.federation has Google's side already.
func newGoogle(in Input) *Google {
	for _, p := range in.Principals {
		if p.Platform != "aks" || p.ServiceAccountEmail != "" {
			continue
		}
		g := &Google{Principal: p, Names: Names{
			Project: "PROJECT", Number: "PROJECT_NUMBER", Pool: "POOL", Provider: "PROVIDER",
			Repository: "projects/PROJECT/locations/LOCATION/repositories/REPOSITORY",
		}, TokenFile: kubernetes.DefaultGcpTokenFile}
		if in.Config != nil && in.Config.Aks != nil {
			g.learn(in.Config, in.Answered)
		}
		g.Account = cmp.Or(g.Account, "NAME@"+g.Project+".iam.gserviceaccount.com")
		return g
	}
	return nil
}

// learn takes what the configuration says of the vendor's side.
func (g *Google) learn(c *stacks.Config, answered bool) {
	g.TokenFile = c.Aks.TokenFile
	if r, ok := c.Image().ArtifactRegistryRepository(); ok {
		g.Repository = fmt.Sprintf("projects/%s/locations/%s/repositories/%s", r.Project, r.Location, r.Name)
	}
	if c.Gcp == nil || !answered {
		return
	}
	if f, ok := world.ReadCredentialConfig(c.Gcp.CredentialConfig); ok {
		g.Project, g.Number, g.Pool, g.Provider, g.Account, g.Known = f.Project, f.Number, f.Pool, f.Provider, f.Email, true
	}
}

// Conditions are the parts of the attribute condition, each on a line of its own: white space means nothing in CEL.
func (g *Google) Conditions() string {
	return strings.ReplaceAll(g.AttributeCondition, " && ", " &&\n    ")
}

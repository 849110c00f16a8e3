package handoff

import (
	"bytes"
	"cmp"
	"encoding/json"
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
	// Where is the cluster whose token it is.
	Where string
	// TokenFile is where the credential configuration must find the token.
	TokenFile string
	// Keys are those of the issuer as JSON without white space, where Google cannot reach it.
	Keys string
}

// tokens are the platforms on which a token of the cluster's is shown to Google's side, with where it is found there.
var tokens = map[string]struct {
	where, file string
	configured  func(*stacks.Config) string
}{
	"aks": {"AKS", kubernetes.DefaultGcpTokenFile, func(c *stacks.Config) string {
		if c.Aks == nil {
			return ""
		}
		return c.Aks.TokenFile
	}},
	"kubernetes": {"a Kubernetes cluster of our own", kubernetes.DefaultClusterTokenFile, func(c *stacks.Config) string {
		if c.Kubernetes == nil {
			return ""
		}
		return c.Kubernetes.TokenFile
	}},
}

// Names are of what the vendor has at Google Cloud; Account is the service account's email, Repository the whole resource name.
type Names struct{ Project, Number, Pool, Provider, Account, Repository string }

// newGoogle is nil where nothing is asked: whoever gives gcp.federation has Google's side already.
func newGoogle(in Input) *Google {
	for _, p := range in.Principals {
		of, shown := tokens[p.Platform]
		if !shown || p.ServiceAccountEmail != "" {
			continue
		}
		g := &Google{Principal: p, Names: Names{
			Project: "PROJECT", Number: "PROJECT_NUMBER", Pool: "POOL", Provider: "PROVIDER",
			Repository: "projects/PROJECT/locations/LOCATION/repositories/REPOSITORY",
		}, Where: of.where, TokenFile: of.file, Keys: compact(p.Jwks)}
		if in.Config != nil {
			g.TokenFile = cmp.Or(of.configured(in.Config), of.file)
			g.learn(in.Config, in.Answered)
		}
		g.Account = cmp.Or(g.Account, "NAME@"+g.Project+".iam.gserviceaccount.com")
		return g
	}
	return nil
}

// learn takes what the configuration says of the vendor's side.
func (g *Google) learn(c *stacks.Config, answered bool) {
	g.Repository = cmp.Or(repositoryOf(c), g.Repository)
	if c.Gcp == nil || !answered {
		return
	}
	if f, ok := world.ReadCredentialConfig(c.Gcp.CredentialConfig); ok {
		g.Project, g.Number, g.Pool, g.Provider, g.Account, g.Known = f.Project, f.Number, f.Pool, f.Provider, f.Email, true
	}
}

// repositoryOf is the resource name of the image's repository; empty where it is not known.
func repositoryOf(c *stacks.Config) string {
	r, ok := c.Image().ArtifactRegistryRepository()
	if !ok {
		return ""
	}
	return fmt.Sprintf("projects/%s/locations/%s/repositories/%s", r.Project, r.Location, r.Name)
}

// compact is a document of JSON without white space, so that no mail program breaks it.
func compact(document string) string {
	var line bytes.Buffer
	if json.Compact(&line, []byte(document)) != nil {
		return ""
	}
	return line.String()
}

// Conditions are the parts of the attribute condition, each on a line of its own: white space means nothing in CEL.
func (g *Google) Conditions() string {
	return strings.ReplaceAll(g.AttributeCondition, " && ", " &&\n    ")
}

package graphs

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/graph"
	"bifrost/bifrostctl/internal/stacktest"
)

// changed is what a change of a stack that is up would do.
func changed(t *testing.T, way stacktest.Way, settings ...string) *changes.Set {
	t.Helper()
	s := way.Start(t)
	s.Engine.MustUp()
	preview := s.Set(settings...).Engine.Preview()
	require.NoError(t, preview.Err, "%v", preview.Diagnostics)
	set := changes.OfPlanned(preview.Planned)
	var state struct {
		Deployment apitype.DeploymentV3 `json:"deployment"`
	}
	require.NoError(t, json.Unmarshal(s.Engine.Export(), &state))
	for i := range set.Steps {
		for _, r := range state.Deployment.Resources {
			// The engine's events do not tell what a resource depends on; a preview of the CLI and of the sandbox does.
			if string(r.URN) != set.Steps[i].URN || set.Steps[i].State() == nil {
				continue
			}
			for _, urn := range r.Dependencies {
				set.Steps[i].State().Dependencies = append(set.Steps[i].State().Dependencies, string(urn))
			}
		}
	}
	return set
}

// written is a graph's page. In the folder for a browser, where there is one, it is with its diagram.
func written(t *testing.T, name string, g *graph.Graph, mermaid string) (page string) {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, g.Page(&text, graph.PageOptions{Verdict: "What this changes", Notes: []string{"Something to look at"}}))
	if *into != "" {
		require.NoError(t, os.MkdirAll(*into, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(*into, name+".html"), text.Bytes(), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(*into, name+".mmd"), []byte(mermaid), 0o644))
	}
	return text.String()
}

// TestChange: a preview of the engine is drawn with what becomes of each resource, and with no secret.
func TestChange(t *testing.T) {
	t.Parallel()
	set := changed(t, stacktest.Way{Stack: "aws-dev"}, "gateway.replicas=5", "eks.roleName=Other", "secrets.env.PG_PASSWORD="+stacktest.Secret+"another",
		"gateway.networkPolicy=null")
	g := graph.OfSet(set)
	ops := map[changes.Op]int{}
	for _, n := range g.Nodes {
		ops[n.Op]++
	}
	require.Positive(t, ops[changes.Update], "the Deployment")
	require.Positive(t, ops[changes.Replace], "the role")
	require.Greater(t, ops[changes.Same], 10)
	mermaid := graph.TouchedMermaid(set)
	page := written(t, "change", g, mermaid)
	require.NotContains(t, page, stacktest.Secret)
	require.NotContains(t, mermaid, stacktest.Secret)
	require.Contains(t, mermaid, "~ Deployment")
	require.Contains(t, mermaid, "± AWS IAM role<br/>")
	require.Contains(t, page, ">step 1</text>")
	require.Contains(t, page, ">step 2</text>")
	require.NotContains(t, page, `"seconds":`, "a preview knows no times")
}

// TestTimes: a stack with the times of its up is drawn with the times of its steps, and with no order.
func TestTimes(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	set := changes.OfPlanned(s.Engine.MustUp().Planned)
	for i := range set.Steps {
		set.Steps[i].Seconds = float64(i%7) * 13 // the clouds of a test take no time
	}
	g, err := graph.OfState(s.Engine.Export())
	require.NoError(t, err)
	require.Positive(t, g.Time(set))
	mermaid, err := g.Mermaid()
	require.NoError(t, err)
	page := written(t, "times", g, mermaid)
	require.Contains(t, page, `"seconds":`)
	require.NotContains(t, page, `"order":`)
	require.NotContains(t, page, ">step ")
}

// TestHostile: names and values that would be markup are texts.
func TestHostile(t *testing.T) {
	t.Parallel()
	const hostile = `<img src=x onerror="alert(1)">"]; click r1 call alert() </script><script>alert(2)</script>`
	set := changed(t, stacktest.Way{Stack: "google-dev"}, "gateway.replicas=5")
	for i := range set.Steps {
		set.Steps[i].Name = hostile
		set.Steps[i].Diff = append(set.Steps[i].Diff, changes.Diff{Path: hostile, Old: hostile, New: hostile + "!"})
	}
	page := written(t, "hostile", graph.OfSet(set), graph.TouchedMermaid(set))
	require.NotContains(t, page, "<img")
}

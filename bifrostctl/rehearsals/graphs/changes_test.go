package graphs

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

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
	for i := range set.Steps {
		if set.Steps[i].Changes() {
			set.Steps[i].Seconds = float64(i%7) * 6.5 // a preview knows no times: these are what a page shows
		}
	}
	return set
}

// written are the page and the diagram of what changes, in the folder for a browser where there is one.
func written(t *testing.T, name string, set *changes.Set) (page, mermaid string) {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, graph.OfSet(set).Page(&text, graph.PageOptions{Verdict: "What this changes", Notes: []string{"Something to look at"}}))
	mermaid = graph.TouchedMermaid(set)
	if *into != "" {
		require.NoError(t, os.MkdirAll(*into, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(*into, name+".html"), text.Bytes(), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(*into, name+".mmd"), []byte(mermaid), 0o644))
	}
	return text.String(), mermaid
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
	page, mermaid := written(t, "change", set)
	require.NotContains(t, page, stacktest.Secret)
	require.NotContains(t, mermaid, stacktest.Secret)
	require.Contains(t, mermaid, "~ Deployment")
	require.Contains(t, mermaid, "± AWS IAM role<br/>")
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
	page, _ := written(t, "hostile", set)
	require.NotContains(t, page, "<img")
}

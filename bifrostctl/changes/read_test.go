package changes_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"bifrost/bifrostctl/changes"
)

const (
	canary = "canary-in-clear"
	base   = "urn:pulumi:dev::bifrost::"
)

func read(t *testing.T, file string) *changes.Set {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	set, err := changes.Read(bytes.NewReader(text))
	require.NoError(t, err)
	return set
}

// requireNoCanary: no secret is anywhere in the model.
func requireNoCanary(t *testing.T, set *changes.Set) {
	t.Helper()
	text, err := json.Marshal(set)
	require.NoError(t, err)
	require.NotContains(t, string(text), canary)
}

func TestDigest(t *testing.T) {
	t.Parallel()
	set := read(t, "digest.json")
	requireNoCanary(t, set)
	require.Equal(t, changes.Digest, set.Source)
	require.Equal(t, "dev", set.Stack)
	require.Equal(t, "bifrost", set.Project)
	require.False(t, set.Failed)
	require.InDelta(t, 1.5, set.Seconds, 1e-9)
	require.Equal(t, map[string]int{"same": 3, "update": 1, "replace": 1, "delete": 1, "create": 1}, set.Counts)
	var ops []string
	for _, s := range set.Steps {
		ops = append(ops, string(s.Op)+" "+s.Name)
	}
	require.Equal(t, []string{"same bifrost-dev", "update gateway", "replace role", "create secret", "delete old", "same kept"}, ops)

	gateway, found := set.Find(base + "bifrost:index:BifrostWorkload$kubernetes:apps/v1:Deployment::gateway")
	require.True(t, found)
	require.Equal(t, "kubernetes:apps/v1:Deployment", gateway.Type)
	require.Equal(t, []string{base + "a:b:C::kept"}, gateway.New.Dependencies)
	require.Equal(t, map[string][]string{"spec": {base + "a:b:C::kept"}}, gateway.New.PropertyDependencies)
	var shown []string
	for _, d := range gateway.Diff {
		shown = append(shown, d.Path+": "+d.Shown)
	}
	require.Equal(t, []string{
		`spec.replicas: 2 → 5`, `spec.template.metadata.annotations["checksum/config"]: [secret] → another [secret]`,
		`spec.template.spec.containers[bifrost].image: "a:1" → "a:2"`,
	}, shown)

	role, _ := set.Find(base + "bifrost:index:EcrPullRole$aws:iam/role:Role::role")
	require.Equal(t, []string{"name"}, role.ReplaceReasons)
	require.True(t, role.Diff[0].Replaces)
	require.Equal(t, "arn:aws:iam::1:role/old", role.Old.ID)
	require.Equal(t, changes.Unknown, role.New.Outputs["arn"])
	require.True(t, role.Protection, "protect goes with the replacement")

	secret, _ := set.Find(base + "kubernetes:core/v1:Secret::secret")
	require.Equal(t, map[string]any{"data": map[string]any{"password": changes.Masked}}, secret.New.Inputs)

	kept, _ := set.Find(base + "a:b:C::kept")
	require.True(t, kept.Changes(), "the protection changes")
	require.Equal(t, []changes.Diagnostic{{"warning", "a warning", base + "a:b:C::kept"}, {"info", "gateway: rolls 2 pods", ""}}, set.Diagnostics)
}

func TestPlan(t *testing.T) {
	t.Parallel()
	set := read(t, "plan.json")
	requireNoCanary(t, set)
	require.Equal(t, changes.Plan, set.Source)
	require.Equal(t, "dev", set.Stack)
	gateway, found := set.Find(base + "kubernetes:apps/v1:Deployment::gateway")
	require.True(t, found)
	require.Equal(t, changes.Update, gateway.Op)
	require.Nil(t, gateway.Old)
	require.Len(t, gateway.Diff, 2)
	require.Equal(t, "metadata", gateway.Diff[0].Path)
	require.Equal(t, changes.Removed, gateway.Diff[0].Kind)
	require.Equal(t, map[string]any{"replicas": 5.0}, gateway.Diff[1].New)
	require.Equal(t, []string{base + "a:b:C::kept"}, gateway.New.Dependencies)
	secret, _ := set.Find(base + "kubernetes:core/v1:Secret::secret")
	require.Equal(t, changes.Create, secret.Op)
	require.Equal(t, changes.Masked, secret.New.Inputs["data"])
	role, _ := set.Find(base + "aws:iam/role:Role::role")
	require.Equal(t, changes.Replace, role.Op)
	require.Equal(t, map[string]int{"create": 1, "update": 1, "replace": 1, "same": 1}, set.Counts)
}

func TestEvents(t *testing.T) {
	t.Parallel()
	set := read(t, "events.json")
	requireNoCanary(t, set)
	require.Equal(t, changes.Events, set.Source)
	require.Equal(t, map[string]int{"create": 1, "update": 1}, set.Counts)
	require.InDelta(t, 9, set.Seconds, 1e-9)
	role, _ := set.Find(base + "aws:iam/role:Role::role")
	require.InDelta(t, 7, role.Seconds, 1e-9)
	require.Equal(t, "arn", role.New.ID)
	failed, _ := set.Find(base + "aws:iam/role:Role::failed")
	require.True(t, failed.Failed)
	require.True(t, set.Failed)
	require.Equal(t, "denied", set.Diagnostics[0].Message, "colours are no part of it, and what is gone in a moment neither")
}

// TestSandbox: its document has Pulumi's steps, and an error where the preview failed.
func TestSandbox(t *testing.T) {
	t.Parallel()
	set, err := changes.Read(strings.NewReader(`{"command": "sandbox up", "result": "failed", "exitCode": 1, "error": "denied", "stack": "dev",
		"changes": {"create": 2, "same": 0}, "resources": [], "steps": [{"op": "create", "urn": "` + base + `a:b:C::c", "seconds": 0.25}], "new": [1]}`))
	require.NoError(t, err)
	require.Equal(t, changes.Sandbox, set.Source)
	require.Equal(t, "dev", set.Stack)
	require.True(t, set.Failed)
	require.Equal(t, map[string]int{"create": 2}, set.Counts)
	require.Equal(t, []changes.Diagnostic{{Severity: "error", Message: "denied"}}, set.Diagnostics)
	require.InDelta(t, 0.25, set.Steps[0].Seconds, 1e-9)
}

// TestAround: what a shell puts around a document does no harm.
func TestAround(t *testing.T) {
	t.Parallel()
	document := `{"steps": [], "changeSummary": {"same": 1}}`
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(document)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"lines around": "Loading policy packs...\nwarning: {x}\n" + document + "\nerror: preview failed\n",
		"a mark":       "\xef\xbb\xbf" + document,
		"UTF-16":       utf16,
		"a version":    `{"version": 1, "plan": {"manifest": {}, "resourcePlans": {}}}`,
	} {
		set, err := changes.Read(strings.NewReader(text))
		require.NoError(t, err, name)
		require.False(t, set.Failed, name)
	}
}

func TestNoPreview(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/digest.json")
	require.NoError(t, err)
	for name, c := range map[string]struct{ text, want string }{
		"nothing":         {"", "the preview is empty; did the command before the pipe fail?"},
		"blank":           {" \n\n", "the preview is empty"},
		"text":            {"Previewing update (dev):\n" + canary + strings.Repeat("x", 100), `this is no JSON of a preview, it begins with "Previewing update (dev):`},
		"a list":          {"[1]", `this is no JSON of a preview, it begins with "[1]"`},
		"half":            {string(whole[:len(whole)/2]), "the preview is cut off after 2"},
		"no JSON":         {"{steps: []}", "the preview is no well-formed JSON: invalid character 's'"},
		"another type":    {`{"steps": [{"op": 1}]}`, `the preview has a number at "steps.op", at byte `},
		"an empty object": {"{}", "this JSON object is empty"},
		"a state":         {`{"version": 3, "deployment": {}}`, "this is a stack's state, which does not say what changes; give the output of `pulumi preview --json --show-sames`"},
		"another":         {`{"apiVersion": "v1", "kind": "Pod"}`, `this JSON is no preview: it has the keys "apiVersion", "kind"; give`},
		"many keys":       {`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}`, `"e", "f", ...; give`},
	} {
		_, err := changes.Read(strings.NewReader(c.text))
		require.ErrorContains(t, err, c.want, name)
	}
}

// FuzzRead: no input makes it panic, and what is read can be told.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"digest.json", "plan.json", "events.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := changes.Read(bytes.NewReader(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		for _, step := range set.Steps {
			_ = step.Changes()
		}
		_, err = json.Marshal(set)
		require.NoError(t, err)
	})
}

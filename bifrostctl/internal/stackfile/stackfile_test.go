package stackfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/keys"
	"bifrost/bifrostctl/internal/stackfile"
)

const file = `# head
config:
  bifrost:platform: aws # where

  # the cluster
  bifrost:eks:
    clusterName: dev
    nodeRoleArns: [a, b]  # braces

  bifrost:gateway:
    # how many
    replicas: 2
    networkPolicy:
      from:
        - cidr: 10.0.0.0/20 # first
        - cidr: 10.0.16.0/20
    env:
      PG_HOST: "old"
    config:
      text: |
        # no comment
        line
  other:key: 1
encryptionsalt: v1:x
`

// edit is a path with its new value, and lines of the file: those that go have a minus, those that come a plus.
type edit struct {
	path  string
	value any
	want  string
}

func TestSet(t *testing.T) {
	for name, e := range map[string]edit{
		"a scalar, with its comment":     {"platform", "azure", "-  bifrost:platform: aws # where\n+  bifrost:platform: azure # where\n"},
		"a quoted text":                  {"gateway.env.PG_HOST", "new", "-      PG_HOST: \"old\"\n+      PG_HOST: \"new\"\n"},
		"a number":                       {"gateway.replicas", 5, "-    replicas: 2\n+    replicas: 5\n"},
		"a text that looks like one":     {"gateway.env.PORT", "0471", "+      PORT: \"0471\"\n"},
		"a list in braces":               {"eks.nodeRoleArns[1]", "c", "-    nodeRoleArns: [a, b]  # braces\n+    nodeRoleArns: [a, c] # braces\n"},
		"an entry of a list":             {"gateway.networkPolicy.from[1].cidr", "10.1.0.0/16", "-        - cidr: 10.0.16.0/20\n+        - cidr: 10.1.0.0/16\n"},
		"another list":                   {"gateway.networkPolicy.from", []any{}, "-      from:\n-        - cidr: 10.0.0.0/20 # first\n-        - cidr: 10.0.16.0/20\n+      from: []\n"},
		"a new key, in its place":        {"eks.pull", "node", "+    pull: node\n"},
		"a new object":                   {"gateway.autoscaling.maxReplicas", 6, "+    autoscaling:\n+      maxReplicas: 6\n"},
		"a new object of its own":        {"registry.image", "a:b", "+  bifrost:registry:\n+    image: a:b\n"},
		"a key goes, with its comment":   {"gateway.replicas", nil, "-    # how many\n-    replicas: 2\n"},
		"an object goes":                 {"eks", nil, "-  # the cluster\n-  bifrost:eks:\n-    clusterName: dev\n-    nodeRoleArns: [a, b]  # braces\n"},
		"the last key of objects goes":   {"gateway.networkPolicy.from", nil, "-    networkPolicy:\n-      from:\n-        - cidr: 10.0.0.0/20 # first\n-        - cidr: 10.0.16.0/20\n"},
		"what is not there need not go":  {"gateway.otel", nil, ""},
		"a block text is not misread":    {"gateway.config.text", "one", "-      text: |\n-        # no comment\n-        line\n+      text: one\n"},
		"an object in place of a scalar": {"gateway.replicas", map[string]any{"a": 1}, "-    replicas: 2\n+    replicas:\n+      a: 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := stackfile.Parse(file)
			require.NoError(t, err)
			path, err := resource.ParsePropertyPath(e.path)
			require.NoError(t, err)
			edited, err := parsed.Set(path, e.value, keys.Order)
			require.NoError(t, err)
			require.Equal(t, e.want, lineDiff(file, edited.Text()), edited.Text())
			require.Equal(t, file, parsed.Text(), "an edit returns another file")
		})
	}
}

// lineDiff are the lines that go and come between the first and the last that differ.
func lineDiff(before, after string) string {
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var diff strings.Builder
	for _, line := range a {
		if strings.TrimSpace(line) != "" {
			diff.WriteString("-" + line)
		}
	}
	for _, line := range b {
		if strings.TrimSpace(line) != "" {
			diff.WriteString("+" + line)
		}
	}
	return diff.String()
}

// TestPlaces: a new key comes where the reference has it among its neighbours.
func TestPlaces(t *testing.T) {
	parsed, err := stackfile.Parse(file)
	require.NoError(t, err)
	for _, path := range []resource.PropertyPath{{"registry", "image"}, {"tags", "a"}, {"eks", "pull"}} {
		parsed, err = parsed.Set(path, "x", keys.Order)
		require.NoError(t, err)
	}
	var order []string
	for line := range strings.Lines(parsed.Text()) {
		if key, _, is := strings.Cut(strings.TrimSpace(line), ":"); is && key == "bifrost" {
			order = append(order, strings.Split(strings.TrimSpace(line), ":")[1])
		}
	}
	require.Equal(t, []string{"platform", "tags", "registry", "eks", "gateway"}, order)
}

func TestComments(t *testing.T) {
	parsed, err := stackfile.Parse(file)
	require.NoError(t, err)
	about := func(path string) string {
		return map[string]string{"eks": "never", "eks.clusterName": "name", "other:key": "foreign"}[path]
	}
	commented, err := parsed.Commented(about)
	require.NoError(t, err)
	require.Equal(t, "+    # name\n", lineDiff(file, commented.Text()), "a key that has a comment keeps it, and others' are left alone")
	again, err := commented.Commented(about)
	require.NoError(t, err)
	require.Equal(t, commented.Text(), again.Text())

	footed, err := parsed.Foot("# one", "#   two")
	require.NoError(t, err)
	require.Equal(t, "+  # one\n+  #   two\n", lineDiff(file, footed.Text()))
	bare, err := footed.WithoutComment("# one")
	require.NoError(t, err)
	require.Equal(t, file, bare.Text())

	bare, err = parsed.WithoutTop("encryptionsalt", "secretsprovider")
	require.NoError(t, err)
	require.Equal(t, "-encryptionsalt: v1:x\n", lineDiff(file, bare.Text()))
	headed, err := parsed.Head("# other")
	require.NoError(t, err)
	require.Equal(t, "-# head\n+# other\n", lineDiff(file, headed.Text()))
	require.Equal(t, []string{"# other"}, headed.Opening())
}

func TestRefusals(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "no object": "config: 1\n", "braces": "config: {bifrost:platform: aws}\n", "no YAML": "config:\n  a: [\n"} {
		_, err := stackfile.Parse(text)
		require.Error(t, err, name)
	}
	parsed, err := stackfile.Parse(file)
	require.NoError(t, err)
	_, err = parsed.Set(resource.PropertyPath{"eks", "nodeRoleArns", 7}, "x", keys.Order)
	require.ErrorContains(t, err, "eks.nodeRoleArns[7]")
}

// TestEveryStackFile: each key of each stack file of the repository can be set to what it is and removed, and nothing else changes.
func TestEveryStackFile(t *testing.T) {
	files, err := filepath.Glob("../../../Pulumi.*.yaml")
	require.NoError(t, err)
	examples, err := filepath.Glob("../../../examples/*/Pulumi.*.yaml")
	require.NoError(t, err)
	require.Greater(t, len(files)+len(examples), 12)
	for _, file := range append(files, examples...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, err := stackfile.Parse(string(text))
		require.NoError(t, err, file)
		values, err := parsed.Values()
		require.NoError(t, err)
		walk(values, nil, func(path resource.PropertyPath, value any) {
			same, err := parsed.Set(path, value, keys.Order)
			require.NoError(t, err, "%s: %s", file, path)
			if _, isObject := value.(map[string]any); !isObject {
				require.Equal(t, stripped(parsed.Text()), stripped(same.Text()), "%s: %s", file, path)
			}
			_, err = parsed.Set(path, nil, keys.Order)
			if len(values) > 1 || len(path) > 1 {
				require.NoError(t, err, "%s: %s", file, path)
			}
		})
	}
}

// stripped is a text without quotes and blanks, which may be written otherwise.
func stripped(text string) string {
	return strings.NewReplacer(`"`, "", "'", "", " ", "", "\n", "").Replace(text)
}

func walk(object map[string]any, at resource.PropertyPath, visit func(resource.PropertyPath, any)) {
	for key, value := range object {
		path := append(at[:len(at):len(at)], key)
		visit(path, value)
		if below, is := value.(map[string]any); is && key != "config" {
			walk(below, path, visit)
		}
	}
}

package configjson

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// seeds are documents that the gateway runs, exits on or passes over in part, and that of the example.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "cases.yaml"))
	require.NoError(f, err)
	var cases []struct{ Document Document }
	require.NoError(f, yaml.Unmarshal(text, &cases))
	example, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "clustered", "config.json"))
	require.NoError(f, err)
	all := [][]byte{example, []byte(`{"a": {"b": 1, "b": 2}}`), []byte(`{"providers": {"openai": {"keys": [{"value": "` + canary + `"}]}}}`)}
	for _, c := range cases {
		rendered, err := Render(c.Document)
		require.NoError(f, err)
		all = append(all, rendered)
	}
	return all
}

// FuzzParse: what is read is written and read as the same; nothing that asks about a document, or adds to it, changes it; every problem has
// a key of the document, and none repeats the value of a secret's place.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	p := field.NewPath("gateway", "config")
	f.Fuzz(func(t *testing.T, text []byte) {
		document, err := Parse(text)
		if err != nil {
			require.NotContains(t, err.Error(), canary)
			return
		}
		before, err := Render(document)
		require.NoError(t, err)
		again, err := Parse(before)
		require.NoError(t, err)
		require.Equal(t, document, again)

		values := func(string) (string, bool) { return "", false }
		problems := Check(p, document, Facts{Value: values}, nil)
		problems = append(problems, Validate(p, document, Facts{Value: values})...)
		problems = append(problems, ValidateAdministration(p, document, values)...)
		problems = append(problems, ValidateCluster(p, document, Cluster{}, "gateway.clustering")...)
		problems = append(problems, ValidateBroker(p, document)...)
		for _, problem := range problems {
			require.True(t, strings.HasPrefix(problem.Field, "gateway."), problem.Field)
		}
		for _, clear := range ClearSecrets(p, document) {
			require.NotContains(t, clear.Error(), canary)
		}
		for _, added := range []Document{
			WithLogin(document), WithCluster(document, Cluster{}, "a.b"), WithEnvironmentProxy(document), WithSourceOfTruth(document),
			WithoutDatabasePings(document), WithPlugin(document, "otel", map[string]any{"a": "b"}), With(document, "a", "b"),
		} {
			_, err := Render(added)
			require.NoError(t, err)
		}
		_, _, _ = EnvReferences(document), Databases(document, values), Collectors(document)
		_, _, _, _ = Proxies(document), UsesSQLite(document), MetricsClosed(document), SingleSignOn(document)
		_, _ = Unknown(p, document), SecretVariables(p, document)
		after, err := Render(document)
		require.NoError(t, err)
		require.Equal(t, string(before), string(after), "a question changed the document")
	})
}

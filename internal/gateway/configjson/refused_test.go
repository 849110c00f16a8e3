package configjson

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// refusedCase is one of testdata/cases.yaml: a document, what the gateway does with it, and what is said of it here.
type refusedCase struct {
	Name     string            `json:"name"`
	Document map[string]any    `json:"document"`
	Env      map[string]string `json:"env"`
	// Gateway is what the gateway does: exits, drops (the part, in silence), opens (itself to everybody), answers 403, or runs.
	Gateway string `json:"gateway"`
	// Refused is the one problem; none where it runs.
	Refused string `json:"refused"`
}

func refusedCases(t testing.TB) []refusedCase {
	t.Helper()
	text, err := os.ReadFile("testdata/cases.yaml")
	require.NoError(t, err)
	var cases []refusedCase
	require.NoError(t, yaml.UnmarshalStrict(text, &cases))
	return cases
}

// parsed is the case's document as the gateway reads it.
func (c refusedCase) parsed(t testing.TB) Document {
	t.Helper()
	text, err := Render(c.Document)
	require.NoError(t, err)
	return document(t, string(text))
}

func (c refusedCase) problems(t testing.TB, schema *Schema) field.ErrorList {
	p, d := field.NewPath("config"), c.parsed(t)
	problems := Validate(p, d, Facts{})
	return firstOfEach(append(problems, Check(p, d, Facts{Value: func(name string) (string, bool) { v, ok := c.Env[name]; return v, ok }}, schema)...))
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range refusedCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			problems := c.problems(t, nil)
			if c.Refused == "" {
				require.Equal(t, "runs", c.Gateway)
				require.Empty(t, problems)
				return
			}
			require.NotEqual(t, "runs", c.Gateway)
			require.Len(t, problems, 1)
			require.Equal(t, c.Refused, problems[0].Error())
			require.NotContains(t, problems[0].Error(), canary)
		})
	}
}

// TestRefusedWithASchema: what the gateway exits on or drops is refused whatever a schema says of it. It decides about names alone.
func TestRefusedWithASchema(t *testing.T) {
	t.Parallel()
	anything, err := CompileSchema([]byte("{}"))
	require.NoError(t, err)
	for _, c := range refusedCases(t) {
		spelling := len(Misspelled(field.NewPath("config"), c.parsed(t))) > 0
		require.Equal(t, c.Refused != "" && !spelling, len(c.problems(t, anything)) > 0, c.Name)
	}
}

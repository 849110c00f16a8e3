package bifrostconfig

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// schemaText has the forms of the vendor's schema: its draft, its id, alternatives by shape, references inside the file.
const schemaText = `{
  "$schema": "https://json-schema.org/draft/2019-09/schema",
  "$id": "https://www.getbifrost.ai/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "$schema": {"type": "string"},
    "version": {"enum": [1, 2]},
    "encryption_key": {"type": "string", "pattern": "^env\\."},
    "env_label": {"type": "string", "maxLength": 10},
    "logs_store": {"type": "object", "properties": {"config": {"oneOf": [
      {"required": ["path"], "properties": {"path": {"type": "string"}}, "additionalProperties": false},
      {"$ref": "#/$defs/postgres"}
    ]}}}
  },
  "$defs": {"postgres": {"required": ["host", "port"], "properties": {"host": {"type": "string"}, "port": {"type": "string"}}, "additionalProperties": false}}
}`

func TestSchema(t *testing.T) {
	schema, err := CompileSchema([]byte(schemaText))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"fits":               {`{"$schema": "x", "version": 2, "logs_store": {"config": {"host": "h", "port": "5432"}}}`, ""},
		"unknown key":        {`{"encrypt_key": "env.X"}`, "p: Forbidden: against the schema: has no key encrypt_key"},
		"wrong type":         {`{"env_label": 1}`, "p.env_label: Forbidden: against the schema: must be string, not number"},
		"no such value":      {`{"version": 3}`, "p.version: Forbidden: against the schema: must be one of [1 2]"},
		"pattern":            {`{"encryption_key": "` + canary + `"}`, `p.encryption_key: Forbidden: against the schema: must match ^env\.`},
		"another rule":       {`{"env_label": "` + canary + `"}`, "p.env_label: Forbidden: against the schema: breaks the rule maxLength"},
		"nearest of several": {`{"logs_store": {"config": {"host": "h"}}}`, "p.logs_store.config: Forbidden: against the schema: lacks port"},
	} {
		t.Run(name, func(t *testing.T) {
			problems := schema.Validate(field.NewPath("p"), document(t, c.text))
			if c.want == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, c.want, problems[0].Error())
			require.NotContains(t, problems[0].Error(), canary)
		})
	}
}

func TestRefusedSchemas(t *testing.T) {
	for text, want := range map[string]string{
		"{":                       "not JSON",
		`{"type": "objekt"}`:      "not a JSON schema",
		`{"$ref": "https://x/y"}`: "only one file is read",
	} {
		_, err := CompileSchema([]byte(text))
		require.ErrorContains(t, err, want)
	}
}

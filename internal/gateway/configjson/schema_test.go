package configjson

import (
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
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
	t.Parallel()
	schema, err := CompileSchema([]byte(schemaText))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"fits":               {`{"$schema": "x", "version": 2, "logs_store": {"config": {"host": "h", "port": "5432"}}}`, ""},
		"unknown key":        {`{"encrypt_key": "env.X"}`, "p.encrypt_key: Forbidden: the schema has no such key"},
		"wrong type":         {`{"env_label": 1}`, "p.env_label: Forbidden: against the schema: must be string, not number"},
		"no such value":      {`{"version": 3}`, "p.version: Forbidden: against the schema: must be one of 1, 2"},
		"pattern":            {`{"encryption_key": "` + canary + `"}`, `p.encryption_key: Forbidden: against the schema: must match ^env\.`},
		"another rule":       {`{"env_label": "` + canary + `"}`, "p.env_label: Forbidden: against the schema: must have at most 10 characters"},
		"nearest of several": {`{"logs_store": {"config": {"host": "h"}}}`, "p.logs_store.config.port: Required value: the schema demands it"},
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

// TestSchemaMessages: every rule names its limit, and none repeats a value.
func TestSchemaMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule, value string
		want        string
	}{
		"type":                  {`{"type": ["string", "null"]}`, `1`, "p.a: Forbidden: against the schema: must be null or string, not number"},
		"enum":                  {`{"enum": ["mesh", "broker", null]}`, `"CANARY"`, `p.a: Forbidden: against the schema: must be one of "mesh", "broker", null`},
		"const":                 {`{"const": "redis"}`, `"CANARY"`, `p.a: Forbidden: against the schema: must be "redis"`},
		"format":                {`{"format": "regex"}`, `"CANARY(("`, "p.a: Forbidden: against the schema: must be of the format regex"},
		"pattern":               {`{"pattern": "^env"}`, `"CANARY"`, "p.a: Forbidden: against the schema: must match ^env"},
		"minimum":               {`{"minimum": 1}`, `0`, "p.a: Forbidden: against the schema: must be at least 1"},
		"minimum with fraction": {`{"minimum": 0.5}`, `0.25`, "p.a: Forbidden: against the schema: must be at least 0.5"},
		"maximum":               {`{"maximum": 65535}`, `70000`, "p.a: Forbidden: against the schema: must be at most 65535"},
		"exclusiveMinimum":      {`{"exclusiveMinimum": 0}`, `0`, "p.a: Forbidden: against the schema: must be more than 0"},
		"exclusiveMaximum":      {`{"exclusiveMaximum": 1}`, `1`, "p.a: Forbidden: against the schema: must be less than 1"},
		"multipleOf":            {`{"multipleOf": 1024}`, `1000`, "p.a: Forbidden: against the schema: must be a multiple of 1024"},
		"minLength":             {`{"minLength": 1}`, `""`, "p.a: Forbidden: against the schema: must have at least 1 character"},
		"maxLength":             {`{"maxLength": 3}`, `"CANARY"`, "p.a: Forbidden: against the schema: must have at most 3 characters"},
		"minItems":              {`{"minItems": 2}`, `["CANARY"]`, "p.a: Forbidden: against the schema: must have at least 2 elements"},
		"maxItems":              {`{"maxItems": 1}`, `[1, "CANARY"]`, "p.a: Forbidden: against the schema: must have at most 1 element"},
		"additionalItems":       {`{"items": [{}], "additionalItems": false}`, `[1, "CANARY", 3]`, "p.a: Forbidden: against the schema: must lose the last 2 elements"},
		"uniqueItems":           {`{"uniqueItems": true}`, `["CANARY", 1, "CANARY"]`, "p.a: Forbidden: against the schema: must not have an element twice; numbers 0 and 2, counted from 0, are equal"},
		"contains":              {`{"contains": {"const": 1}}`, `["CANARY"]`, "p.a: Forbidden: against the schema: must have an element of a certain form, and has none"},
		"minContains":           {`{"contains": {"const": 1}, "minContains": 2}`, `[1, "CANARY"]`, "p.a: Forbidden: against the schema: must have at least 2 elements of a certain form, and has 1"},
		"maxContains":           {`{"contains": {"const": 1}, "maxContains": 1}`, `[1, 1]`, "p.a: Forbidden: against the schema: must have at most 1 element of a certain form, and has 2"},
		"minProperties":         {`{"minProperties": 1}`, `{}`, "p.a: Forbidden: against the schema: must have at least 1 key"},
		"maxProperties":         {`{"maxProperties": 1}`, `{"x": 1, "y": "CANARY"}`, "p.a: Forbidden: against the schema: must have at most 1 key"},
		"propertyNames":         {`{"propertyNames": {"maxLength": 2}}`, `{"abc": "CANARY"}`, "p.a.abc: Forbidden: against the schema: the name of the key must have at most 2 characters"},
		"required":              {`{"required": ["x"]}`, `{"y": "CANARY"}`, "p.a.x: Required value: the schema demands it"},
		"dependentRequired":     {`{"dependentRequired": {"user": ["password"]}}`, `{"user": "CANARY"}`, "p.a.password: Required value: the schema demands it beside user"},
		"dependencies":          {`{"dependencies": {"user": ["password"]}}`, `{"user": "CANARY"}`, "p.a.password: Required value: the schema demands it beside user"},
		"additionalProperties":  {`{"properties": {"x": {}}, "additionalProperties": false}`, `{"y": "CANARY"}`, "p.a.y: Forbidden: the schema has no such key"},
		"unevaluatedProperties": {`{"properties": {"x": {}}, "unevaluatedProperties": false}`, `{"y": "CANARY"}`, "p.a.y: Forbidden: against the schema: must not be there"},
		"never":                 {`false`, `"CANARY"`, "p.a: Forbidden: against the schema: must not be there"},
		"not":                   {`{"not": {"required": ["x"]}}`, `{"x": "CANARY"}`, "p.a: Forbidden: against the schema: is of a form that is excluded"},
		"oneOf, none":           {`{"oneOf": [{"required": ["x", "y"]}, {"required": ["z"]}]}`, `{}`, "p.a.z: Required value: the schema demands it"},
		"oneOf, several":        {`{"oneOf": [{"required": ["x"]}, {"required": ["y"]}]}`, `{"x": "CANARY", "y": 1}`, "p.a: Forbidden: against the schema: fits more than one of the alternatives, of which it must fit one; remove the keys that belong to another"},
		"anyOf":                 {`{"anyOf": [{"minLength": 50}, {"type": "object"}]}`, `"CANARY"`, "p.a: Forbidden: against the schema: must have at least 50 characters"},
		"if, then":              {`{"if": {"required": ["x"]}, "then": {"required": ["y"]}}`, `{"x": "CANARY"}`, "p.a.y: Required value: the schema demands it"},
		"contentEncoding":       {`{"contentEncoding": "base64"}`, `"CANARY!"`, "p.a: Forbidden: against the schema: must be text in base64"},
		"contentMediaType":      {`{"contentMediaType": "application/json"}`, `"{CANARY"`, "p.a: Forbidden: against the schema: must hold application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			compiler := jsonschema.NewCompiler()
			compiler.DefaultDraft(jsonschema.Draft2019)
			compiler.AssertFormat()
			compiler.AssertContent()
			parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"properties": {"a": ` + c.rule + `}}`))
			require.NoError(t, err)
			require.NoError(t, compiler.AddResource(schemaUrl, parsed))
			compiled, err := compiler.Compile(schemaUrl)
			require.NoError(t, err)
			problems := (&Schema{schema: compiled}).Validate(field.NewPath("p"), document(t, strings.ReplaceAll(`{"a": `+c.value+`}`, "CANARY", canary)))
			require.Len(t, problems, 1)
			require.Equal(t, c.want, problems[0].Error())
			require.NotContains(t, problems[0].Error(), canary)
		})
	}
}

// TestSchemaSuggests: a key that the schema has not is told with the known one that was meant, and nothing is told twice.
func TestSchemaSuggests(t *testing.T) {
	t.Parallel()
	schema, err := CompileSchema([]byte(schemaText))
	require.NoError(t, err)
	problems := Check(field.NewPath("p"), document(t, `{"encrypt_key": "env.X", "encryption_kye": "env.X", "version": "2"}`), Facts{}, schema)
	var texts []string
	for _, problem := range problems {
		texts = append(texts, problem.Error())
	}
	require.Equal(t, []string{
		"p.version: Forbidden: must be a whole number, not text; write it without quotes",
		"p.encrypt_key: Forbidden: the schema has no such key",
		"p.encryption_kye: Forbidden: the schema has no such key; did you mean encryption_key?",
	}, texts)
}

// TestNewerNames: a schema may know providers, plugins and types that are not known here.
func TestNewerNames(t *testing.T) {
	t.Parallel()
	newer, err := CompileSchema([]byte(`{"properties": {"providers": {"properties": {"acme": {}}}, "plugins": {"items": {"properties": {"name": {"enum": ["guardian"]}}}}}}`))
	require.NoError(t, err)
	d := document(t, `{"providers": {"acme": {}}, "plugins": [{"name": "guardian", "enabled": true}]}`)
	require.Len(t, Check(field.NewPath("p"), d, Facts{}, nil), 2)
	require.Empty(t, Check(field.NewPath("p"), d, Facts{}, newer))
}

func TestRefusedSchemas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{":                       "not JSON",
		`{"type": "objekt"}`:      "not a JSON schema",
		`{"$ref": "https://x/y"}`: "only one file is read",
	} {
		_, err := CompileSchema([]byte(text))
		require.ErrorContains(t, err, want)
	}
}

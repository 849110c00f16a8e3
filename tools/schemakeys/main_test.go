package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const schema = `{
  "properties": {
    "client": {"type": "object", "properties": {"enabled": {"type": "boolean"}, "pool": {"$ref": "#/$defs/pool"}}},
    "store": {"properties": {
      "config": {"oneOf": [
        {"properties": {"path": {"type": "string"}, "size": {"type": "integer"}}},
        {"properties": {"host": {"type": "string"}, "size": {"type": "string"}}}
      ]},
      "weight": {"type": ["number", "null"]}
    }, "if": {"properties": {"never": {}}}, "then": {"properties": {"weight": {"minimum": 1}, "more": {"type": "number"}}}},
    "lists": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
    "flags": {"type": "object", "additionalProperties": {"type": "object", "properties": {"on": {"type": "boolean"}}}},
    "providers": {"type": "object", "properties": {"a": {"$ref": "#/$defs/provider"}, "b": {"type": "object", "properties": {"only": {"type": "string"}}}}},
    "plugins": {"type": "array", "items": {"properties": {"name": {"type": "string"}, "config": {"type": "object", "properties": {"x": {}}}}}}
  },
  "$defs": {
    "pool": {"type": "object", "properties": {"most": {"type": "integer"}, "nested": {"$ref": "#/$defs/pool"}}},
    "provider": {"type": "object", "properties": {"keys": {"type": "array", "items": {"properties": {"value": {"type": "string"}}}}}}
  }
}`

const want = `# Names and kinds of the keys of config.json, from the vendor's schema of transports 1.2.3. Written by tools/schemakeys: see there.
: client=object flags=object lists=list plugins=list providers=object store
client: enabled=boolean pool=object
client.pool: most=integer nested=object
flags.*: on=boolean
lists[]: id=text
plugins[]: config=object name=text
providers: a=object b=object
providers.*: keys=list only=text
providers.*.keys[]: value=text
store: config more=number weight
store.config: host=text path=text size
`

func TestKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(schema), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(file, "1.2.3", &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
	if err := run(file, "", &out); err == nil {
		t.Error("a version is not asked for")
	}
}

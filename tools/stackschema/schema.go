package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// node is a part of a JSON schema.
type node map[string]any

// draft is the newest that every version of yaml-language-server takes. It reads nothing beside a $ref: a description needs allOf.
const draft = "http://json-schema.org/draft-07/schema#"

// schema is that of a file Pulumi.<stack>.yaml. No key of ours is required there: an environment of Pulumi ESC may have it.
func (c *configuration) schema() ([]byte, error) {
	definitions := node{"secure": node{
		"type": "object", "description": "An encrypted value, written by pulumi config set --secret --path.",
		"properties": node{"secure": node{"type": "string"}}, "required": []string{"secure"}, "additionalProperties": false,
	}}
	for name, s := range c.kubernetes {
		definitions[name] = schemaOf(&valueType{kind: object, object: s}, true)
	}
	// Pulumi also takes the keys of a project without its name; editors offer those with it.
	prefixed, bare := node{}, node{}
	var names []string
	for _, k := range c.keys {
		definitions[k.name] = topLevel(k)
		prefixed["bifrost:"+k.name], bare["^"+k.name+"$"] = reference(k.name), reference(k.name)
		names = append(names, k.name)
	}
	ours := "^(bifrost:)?(" + strings.Join(names, "|") + ")$"
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(node{
		"$schema":     draft,
		"title":       "A stack of Bifrost Enterprise",
		"description": "Written by make docs, from the type stacks.Config.",
		"type":        "object",
		"properties": node{
			"config": node{
				"type": "object", "properties": prefixed, "patternProperties": bare,
				"propertyNames": node{"anyOf": []node{
					{"pattern": ours},
					{"pattern": ":", "not": node{"pattern": "^bifrost:"}},
				}},
			},
			"secretsprovider": node{"type": "string", "description": "Who encrypts the secrets of the stack."},
			"encryptionsalt":  node{"type": "string", "description": "Written by Pulumi, with secrets under a passphrase."},
			"encryptedkey":    node{"type": "string", "description": "Written by Pulumi, with secrets under a key of a cloud."},
			"environment":     node{"type": []string{"array", "object"}, "description": "Environments of Pulumi ESC."},
		},
		"definitions": definitions,
	})
	return out.Bytes(), err
}

func reference(name string) node { return node{"$ref": "#/definitions/" + name} }

// topLevel is a key of config. pulumi config set writes true and false there as texts; a secret may be encrypted as a whole.
func topLevel(k *key) node {
	n := schemaOf(k.typ, false)
	switch {
	case k.typ.kind == boolean:
		n = node{"enum": []any{true, false, "true", "false"}}
	case k.name == "secrets":
		n = node{"anyOf": []node{withSecrets(n), reference("secure")}}
	}
	return k.describe(n)
}

// withSecrets lets every text below be encrypted.
func withSecrets(n node) node {
	for _, below := range []string{"properties", "additionalProperties"} {
		switch v := n[below].(type) {
		case node:
			if below == "additionalProperties" {
				n[below] = withSecrets(v)
				continue
			}
			for name, property := range v {
				v[name] = withSecrets(property.(node))
			}
		}
	}
	if n["type"] == "object" {
		return n
	}
	described := node{"anyOf": []node{{"type": n["type"]}, reference("secure")}}
	if d, ok := n["description"]; ok {
		described["description"] = d
	}
	return described
}

// schemaOf is the schema of a type. Objects of the Kubernetes API stand once, under definitions.
func schemaOf(t *valueType, define bool) node {
	switch t.kind {
	case boolean, integer, "number":
		return node{"type": t.kind}
	case list:
		return node{"type": "array", "items": schemaOf(t.of, false)}
	case mapping:
		return node{"type": "object", "additionalProperties": schemaOf(t.of, false)}
	case free:
		return node{}
	case object:
		if t.object.link != "" && !define {
			return reference(t.object.name)
		}
		return t.object.schema()
	}
	if len(t.values) > 0 {
		return node{"type": "string", "enum": t.values}
	}
	// pulumi config set writes digits as a number.
	return node{"type": []string{"string", "number"}}
}

func (s *structure) schema() node {
	properties, required := node{}, []string{}
	for _, k := range s.keys {
		properties[k.name] = k.describe(schemaOf(k.typ, false))
		if k.required && s.link != "" {
			required = append(required, k.name)
		}
	}
	n := node{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		n["required"] = required
	}
	if s.link != "" {
		n["description"] = "See " + s.link
	}
	return n
}

// describe adds the comment and the default.
func (k *key) describe(n node) node {
	if k.doc == "" {
		return n
	}
	if _, ref := n["$ref"]; ref {
		n = node{"allOf": []node{n}}
	}
	n["description"] = k.doc
	if k.literal != "" {
		n["default"] = k.value()
	}
	return n
}

// value is the default in the key's type.
func (k *key) value() any {
	switch k.typ.kind {
	case integer:
		if i, err := strconv.Atoi(k.literal); err == nil {
			return i
		}
	case boolean:
		return k.literal == "true"
	}
	return k.literal
}

// walk visits all structures below, with their paths, in their order. Those of the Kubernetes API have pages of their own.
func (s *structure) walk(path string, visit func(path string, s *structure)) {
	visit(path, s)
	for _, k := range s.keys {
		at, t := strings.TrimPrefix(path+"."+k.name, "."), k.typ
		for slices.Contains([]string{list, mapping}, t.kind) {
			at += map[string]string{list: "[]", mapping: ".NAME"}[t.kind]
			t = t.of
		}
		if t.kind == object && t.object.link == "" {
			t.object.walk(at, visit)
		}
	}
}

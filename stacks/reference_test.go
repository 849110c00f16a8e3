package stacks_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// described is what the generated schema of stack files says of a key.
type described struct {
	Type        any                  `json:"type"`
	Description string               `json:"description"`
	Enum        []any                `json:"enum"`
	Default     any                  `json:"default"`
	AnyOf       []described          `json:"anyOf"`
	Properties  map[string]described `json:"properties"`
}

// schemaKeys are the keys of the schema that hold no further ones, by path. Parts of the Kubernetes API, lists and maps are not taken
// apart.
func schemaKeys(t *testing.T) map[string]described {
	t.Helper()
	text, err := os.ReadFile("../docs/reference/stack.schema.json")
	require.NoError(t, err)
	var schema struct {
		Definitions map[string]described `json:"definitions"`
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	all := map[string]described{}
	var walk func(path string, d described)
	walk = func(path string, d described) {
		if len(d.AnyOf) > 0 && len(d.AnyOf[0].Properties) > 0 {
			d = d.AnyOf[0]
		}
		if len(d.Properties) == 0 {
			all[path] = d
		}
		for name, below := range d.Properties {
			walk(path+"."+name, below)
		}
	}
	for _, name := range stacks.FieldNames(reflect.TypeFor[stacks.Config]()) {
		require.Contains(t, schema.Definitions, name)
		walk(name, schema.Definitions[name])
	}
	return all
}

// TestEveryKeyIsDocumented: the reference and the schema have the keys that are decoded, and no other.
func TestEveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/reference/configuration.md")
	require.NoError(t, err)
	var keys func(prefix string, typ reflect.Type) []string
	keys = func(prefix string, typ reflect.Type) (all []string) {
		for _, name := range stacks.FieldNames(typ) {
			f, _ := stacks.FieldByName(typ, name)
			if below := stacks.Deref(f.Type); below.Kind() == reflect.Struct && !strings.Contains(below.PkgPath(), "pulumi-kubernetes") {
				all = append(all, keys(prefix+name+".", below)...)
				continue
			}
			all = append(all, prefix+name)
		}
		return all
	}
	decoded := keys("", reflect.TypeFor[stacks.Config]())
	for _, key := range decoded {
		require.Contains(t, string(page), "| `"+key+"` |", "run make docs")
	}
	require.ElementsMatch(t, decoded, slices.Collect(maps.Keys(schemaKeys(t))), "run make docs")
}

// problemAt is what Parse says of a key.
func problemAt(t *testing.T, s settings, key string) *field.Error {
	t.Helper()
	_, err := stacks.Parse("test", rawOf(t, s))
	var refused *stacks.ConfigError
	if !errors.As(err, &refused) {
		return nil
	}
	for _, p := range refused.Problems {
		if p.Field == key {
			return p
		}
	}
	return nil
}

func rawOf(t testing.TB, s settings) stacks.Raw {
	t.Helper()
	raw := stacks.Raw{Values: map[string]string{}, Secret: map[string]bool{"secrets": true}, Dir: ".."}
	for key, value := range s.graph(t, "test").Config {
		raw.Values[strings.TrimPrefix(key, stacks.Project+":")] = value
	}
	return raw
}

// TestSchemaValues: where the schema lists the values of a text, Parse takes these and no others; and it lists them wherever Parse does.
func TestSchemaValues(t *testing.T) {
	t.Parallel()
	quoted := regexp.MustCompile(`"([^"]+)"`)
	lists := 0
	for key, d := range schemaKeys(t) {
		if d.Type == "boolean" || d.Type == "integer" || d.Type == "array" || d.Type == "object" || key == "protectIdentities" {
			continue
		}
		// What one platform does not run, the other one does.
		takes := map[string]bool{}
		for _, stack := range devStacks {
			if p := problemAt(t, stackFile(t, stack).set(key, "nonsense"), key); p != nil && p.Type == field.ErrorTypeNotSupported {
				for _, m := range quoted.FindAllStringSubmatch(p.Detail, -1) {
					takes[m[1]] = true
				}
			}
		}
		var taken []any
		for value := range takes {
			taken = append(taken, value)
		}
		if len(d.Enum) > 0 {
			lists++
		}
		require.ElementsMatch(t, taken, d.Enum, "%s: Parse and the schema take different values", key)
	}
	require.Greater(t, lists, 15)
}

// TestSchemaDefaults: a key that is set to its default changes nothing.
func TestSchemaDefaults(t *testing.T) {
	t.Parallel()
	all, known := withDefaults(t), deployments{}
	for key, d := range schemaKeys(t) {
		if d.Default != nil {
			require.True(t, known.sameWithDefault(t, all, key, d.Default), "no stack of this test takes %s", key)
		}
	}
}

// withDefaults are stacks that take every key with a default between them.
func withDefaults(t *testing.T) []settings {
	t.Helper()
	var all []settings
	for _, stack := range devStacks {
		all = append(all, stackFile(t, stack))
	}
	for _, name := range append(slices.Clone(exampleStacks), "ecs-production") {
		all = append(all, example(t, name))
	}
	nginx := stackFile(t, "azure-dev").set("gateway.ingress", map[string]any{
		"annotations": map[string]any{"cert-manager.io/cluster-issuer": "letsencrypt"}, "controller": "nginx", "hosts": []any{"a.example.com"}, "tlsSecret": "tls", "allowedCidrs": []any{"10.0.0.0/8"},
	})
	return append(all, nginx, aksStack(t, aksTrusts["federated aks"]), federatedStack(t))
}

// sameWithDefault deploys the first stack that takes the key, without it and with its default; it tells whether there was one.
func (d deployments) sameWithDefault(t *testing.T, all []settings, key string, value any) bool {
	t.Helper()
	for _, stack := range all {
		// set makes the objects above the key.
		without, with := stack.copied(t).set(key, value).set(key, nil), stack.copied(t).set(key, value)
		if _, err := stacks.Parse("test", rawOf(t, with)); err != nil {
			continue
		}
		require.Equal(t, d.of(t, without), d.of(t, with), "%s: %v is another stack", key, value)
		return true
	}
	return false
}

// copied shares nothing with the settings.
func (s settings) copied(t *testing.T) settings {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	var c settings
	require.NoError(t, json.Unmarshal(text, &c))
	return c
}

// deployments are the inputs of what stacks register, by URN, by the settings of the stack.
type deployments map[string]map[string]any

func (d deployments) of(t *testing.T, s settings) map[string]any {
	t.Helper()
	key, err := json.Marshal(s)
	require.NoError(t, err)
	if known := d[string(key)]; known != nil {
		return known
	}
	all := map[string]any{}
	for _, r := range record(t, "test", s).Resources {
		all[r.URN] = graphtest.Plain(r.Inputs).Mappable()
	}
	d[string(key)] = all
	return all
}

// TestResolvedDefaults: what Parse fills in is what the schema tells.
func TestResolvedDefaults(t *testing.T) {
	t.Parallel()
	told := schemaKeys(t)
	filled := 0
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		v = reflect.Indirect(v)
		switch {
		case !v.IsValid() || v.IsZero():
		case v.Kind() == reflect.Struct:
			for _, name := range stacks.FieldNames(v.Type()) {
				f, _ := stacks.FieldByName(v.Type(), name)
				walk(strings.TrimPrefix(path+"."+name, "."), v.FieldByIndex(f.Index))
			}
		// The default depends on other keys, and is told in words.
		case told[path].Default == nil && strings.Contains(told[path].Description, "Default:"):
		default:
			filled++
			require.Equal(t, fmt.Sprint(v.Interface()), fmt.Sprint(told[path].Default), "%s has another default", path)
		}
	}
	walk("", reflect.ValueOf(stacks.Defaults()))
	require.Greater(t, filled, 40)
}

// TestShownConfigurations: what docs/configuration.md shows is accepted, over a dev stack with Kubernetes alone.
func TestShownConfigurations(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	blocks := strings.Split(string(page), "```yaml\nconfig:\n")[1:]
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		text, _, _ := strings.Cut(block, "```")
		var file struct {
			Config map[string]map[string]any `json:"config"`
		}
		require.NoError(t, yaml.Unmarshal([]byte("config:\n"+text), &file))
		stack := "azure-dev"
		if strings.Contains(text, "controller: "+kubernetes.IngressALB) {
			stack = "aws-dev"
		}
		s := stackFile(t, stack).set("ecs", nil).set("secrets", nil).set("gateway.replicas", nil)
		for object, keys := range file.Config {
			for key, value := range keys {
				s.set(strings.TrimPrefix(object, stacks.Project+":")+"."+key, value)
			}
		}
		for _, path := range missing(s) {
			s.set("secrets."+path, canary+"-long-enough")
		}
		_, err := stacks.Parse(stack, rawOf(t, s))
		require.NoError(t, err, text)
	}
}

package double

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

func TestOverlay(t *testing.T) {
	state := Object{"name": "n", "arn": "a", "spec": Object{"a": 1.0, "b": 2.0, "ip": "x"}}
	before := Object{"name": "n", "old": "o", "spec": Object{"a": 1.0, "b": 2.0}}
	after := Object{"name": "n", "new": []any{"l"}, "spec": Object{"a": 3.0}}
	merged := Overlay(state, before, after)
	require.Equal(t, Object{"name": "n", "arn": "a", "new": []any{"l"}, "spec": Object{"a": 3.0, "ip": "x"}}, merged)
	Set(merged, "spec.a", 9.0)
	require.Equal(t, 3.0, Get(after, "spec.a"), "nothing is shared")
	require.Equal(t, 1.0, Get(state, "spec.a"))
}

func TestSecretsAreOpenedAndClosed(t *testing.T) {
	secret := func(v resource.PropertyValue) resource.PropertyValue { return resource.MakeSecret(v) }
	props := resource.PropertyMap{
		"plain":   resource.NewProperty("p"),
		"whole":   secret(resource.NewProperty(resource.PropertyMap{"key": secret(resource.NewProperty("k"))})),
		"unknown": secret(resource.MakeComputed(resource.NewProperty(""))),
		"list":    resource.NewProperty([]resource.PropertyValue{resource.NewProperty("a"), secret(resource.NewProperty("b"))}),
		"absent":  resource.NewNullProperty(),
	}
	o, secrets := open(props)
	require.Equal(t, Object{"plain": "p", "whole": Object{"key": "k"}, "unknown": Unknown, "list": []any{"a", "b"}}, o)

	sealed := seal(o, append(secrets, resource.PropertyPath{"gone"}))
	require.False(t, sealed["plain"].IsSecret())
	require.True(t, sealed["whole"].IsSecret())
	require.True(t, sealed["unknown"].IsSecret() && sealed["unknown"].SecretValue().Element.IsComputed())
	require.False(t, sealed["list"].ArrayValue()[0].IsSecret())
	require.True(t, sealed["list"].ArrayValue()[1].IsSecret())
	require.NotContains(t, sealed, resource.PropertyKey("gone"))
}

func TestSchema(t *testing.T) {
	type inner struct {
		Port int     `pulumi:"port"`
		Note *string `pulumi:"note"`
	}
	type args struct {
		Name  string            `pulumi:"name"`
		Tags  map[string]string `pulumi:"tags"`
		Items []inner           `pulumi:"items"`
		Any   any               `pulumi:"any"`
		On    *bool             `pulumi:"on"`
		Ratio *float64          `pulumi:"ratio"`
		Spec  *inner            `pulumi:"spec"`
	}
	tests := map[string]struct {
		in   Object
		want []string
	}{
		"fits": {Object{"name": "n", "tags": Object{"a": "b"}, "items": []any{Object{"port": 1.0}}, "any": Object{"x": 1.0},
			"on": true, "ratio": 1.5}, nil},
		"unknown values": {Object{"name": Unknown, "items": []any{Unknown}, "spec": Unknown}, nil},
		"missing":        {Object{}, []string{`name: missing required property "name"`}},
		"missing nested": {Object{"name": "n", "items": []any{Object{}}}, []string{`items[0].port: missing required property "port"`}},
		"unknown":        {Object{"name": "n", "nane": "n"}, []string{`nane: unknown property "nane"`}},
		"unknown nested": {Object{"name": "n", "spec": Object{"port": 1.0, "b": 1.0}}, []string{`spec.b: unknown property "b"`}},
		"map's value":    {Object{"name": "n", "tags": Object{"a.b": 1.0}}, []string{`tags["a.b"]: must be a string, not a number`}},
		"number":         {Object{"name": 1.0}, []string{"name: must be a string, not a number"}},
		"not whole":      {Object{"name": "n", "spec": Object{"port": 1.5}}, []string{"spec.port: must be a whole number, not a number"}},
		"boolean":        {Object{"name": "n", "on": "yes"}, []string{"on: must be true or false, not a string"}},
		"list":           {Object{"name": "n", "items": Object{}}, []string{"items: must be a list, not an object"}},
		"object":         {Object{"name": "n", "spec": []any{}}, []string{"spec: must be an object, not a list"}},
		"several at once": {Object{"spec": Object{}}, []string{`name: missing required property "name"`,
			`spec.port: missing required property "port"`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var f failures
			checkSchema(reflect.TypeFor[args](), test.in, nil, f.add)
			var got []string
			for _, failure := range f.list {
				got = append(got, failure.Reason)
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestDiff(t *testing.T) {
	before := Object{"same": "s", "gone": "g", "spec": Object{"replicas": 1.0, "selector": Object{"app/name": "x"}},
		"list": []any{"a", "b"}}
	after := Object{"same": "s", "new": "n", "spec": Object{"replicas": 2.0, "selector": Object{"app/name": "y"}},
		"list": []any{"a", "c", "d"}}
	res := diffResponse(changesOf(before, after), []string{"spec.selector", "new", "sam"})
	kinds := map[string]pulumirpc.PropertyDiff_Kind{}
	for path, d := range res.DetailedDiff {
		kinds[path] = d.Kind
	}
	require.Equal(t, map[string]pulumirpc.PropertyDiff_Kind{
		"gone":                      pulumirpc.PropertyDiff_DELETE,
		"new":                       pulumirpc.PropertyDiff_ADD_REPLACE,
		"spec.replicas":             pulumirpc.PropertyDiff_UPDATE,
		`spec.selector["app/name"]`: pulumirpc.PropertyDiff_UPDATE_REPLACE,
		"list[1]":                   pulumirpc.PropertyDiff_UPDATE,
		"list[2]":                   pulumirpc.PropertyDiff_ADD,
	}, kinds)
	require.Equal(t, []string{"new", "spec"}, res.Replaces)
	require.Equal(t, []string{"gone", "list", "new", "spec"}, res.Diffs, "each top-level property once")
	require.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, diffResponse(changesOf(before, before), []string{"same"}).Changes)
	require.Equal(t, pulumirpc.PropertyDiff_UPDATE, diffResponse(changesOf(Object{"a": "x"}, Object{"a": Unknown}),
		nil).DetailedDiff["a"].Kind)
}

// TestDiffOfUnknownValues: an unknown value at or above a replacing property replaces, and one beside it or deep in another does not.
func TestDiffOfUnknownValues(t *testing.T) {
	before := Object{"name": "n", "spec": Object{"selector": Object{"app": "x"}, "template": Object{"image": "i"}},
		"list": []any{Object{"a": "b"}}}
	for name, c := range map[string]struct {
		path     string
		replaces bool
	}{
		"at":            {"name", true},
		"above":         {"spec", true},
		"at, nested":    {"spec.selector", true},
		"below":         {"spec.selector.app", true},
		"beside":        {"spec.template", false},
		"deep":          {"spec.template.image", false},
		"another":       {"list", false},
		"added":         {"added", true},
		"added, beside": {"addition", false},
	} {
		t.Run(name, func(t *testing.T) {
			after := Clone(before)
			Set(after, c.path, Unknown)
			res := diffResponse(changesOf(before, after), []string{"name", "spec.selector", "added.inside"})
			require.Equal(t, pulumirpc.DiffResponse_DIFF_SOME, res.Changes)
			require.Equal(t, c.replaces, len(res.Replaces) > 0, "%v", res.DetailedDiff)
		})
	}
	res := diffResponse(changesOf(before, Object{"name": "n", "list": before["list"]}), []string{"spec.selector"})
	require.Empty(t, res.Replaces, "what is gone is not unknown")
}

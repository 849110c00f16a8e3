package stacks_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/stacks"
)

// stringKeys are the keys of the configuration that hold text, with [] for an element of a list, {} for a value of a map and {name} for its
// key. Parts of the Kubernetes API and free documents are not taken apart.
func stringKeys() []string {
	found := map[string]bool{}
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		typ = stacks.Deref(typ)
		switch {
		case strings.Contains(typ.PkgPath(), "pulumi-kubernetes"), typ.Kind() == reflect.String, typ.Kind() == reflect.Interface:
			found[path] = true
		case typ.Kind() == reflect.Slice:
			walk(path+"[]", typ.Elem())
		case typ.Kind() == reflect.Map:
			found[path+"{name}"] = true
			walk(path+"{}", typ.Elem())
		case typ.Kind() == reflect.Struct:
			for _, name := range stacks.FieldNames(typ) {
				f, _ := stacks.FieldByName(typ, name)
				walk(strings.TrimPrefix(path+"."+name, "."), f.Type)
			}
		}
	}
	walk("", reflect.TypeFor[stacks.Config]())
	return slices.Sorted(maps.Keys(found))
}

// TestEveryTextIsJudged: a key that is new must be held against what its far end takes, or called free with the reason.
func TestEveryTextIsJudged(t *testing.T) {
	t.Parallel()
	keys := stringKeys()
	require.Greater(t, len(keys), 200)
	for _, key := range keys {
		_, refused := refusedTexts[key]
		_, free := freeTexts[key]
		_, parts := otherJudges[key]
		require.True(t, refused != free != parts, "%s: put it either into refusedTexts, with values that its cloud, cluster or client refuses, "+
			"or into freeTexts or otherJudges, with the reason why no rule stands here", key)
	}
	for _, table := range []map[string]string{freeTexts, otherJudges} {
		for key, why := range table {
			require.Contains(t, keys, key, "no such key")
			require.NotEmpty(t, why, key)
		}
	}
	for key := range refusedTexts {
		require.Contains(t, keys, key, "no such key")
	}
}

// TestTextsOfTheFarEnd: what a cloud, a cluster or a client would refuse is refused by the configuration, at its key.
func TestTextsOfTheFarEnd(t *testing.T) {
	t.Parallel()
	for key, c := range refusedTexts {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, c.bad)
			for _, value := range c.bad {
				at := textAt(key, value)
				require.Nil(t, textProblem(t, c, key, nil), "refused without a value")
				problem := textProblem(t, c, key, value)
				require.NotNil(t, problem, "%s takes %.80q", at, value)
				require.True(t, c.forbidden || problem.Type != field.ErrorTypeForbidden, "refused for another reason: %v", problem)
				if strings.HasPrefix(key, "secrets.") && !strings.HasSuffix(key, "{name}") {
					require.NotContains(t, problem.Error(), value, "an error tells a secret")
				}
			}
		})
	}
}

// TestTextsWithoutARule: what is called free is taken.
func TestTextsWithoutARule(t *testing.T) {
	t.Parallel()
	for key := range freeTexts {
		for _, value := range []string{"!", "A b/c_D", "é", strings.Repeat("a", 300)} {
			problem := textProblem(t, freeBeside[key], key, value)
			require.Nil(t, problem, "%s has a rule: put it into refusedTexts", key)
		}
	}
}

// objectStacks are the dev stacks of objects that platform azure does not read.
var objectStacks = map[string]string{
	"aws": "aws-dev", "eks": "aws-dev", "ecs": "aws-dev", "google": "google-dev", "gke": "google-dev",
}

// textProblem is what the configuration says at a key that has the value; nil for one that is left out.
func textProblem(t *testing.T, c refusedText, key string, value any) *field.Error {
	t.Helper()
	stack := c.stack
	if stack == "" {
		stack = "azure-dev"
		object, _, _ := strings.Cut(key, ".")
		if of, other := objectStacks[object]; other {
			stack = of
		}
		if strings.HasPrefix(key, "kubernetes.") {
			stack = "local-dev"
		}
	}
	s := stackFile(t, stack)
	for i := 0; i < len(c.beside); i += 2 {
		s.set(c.beside[i].(string), c.beside[i+1])
	}
	// The tables share what stands beside.
	s = s.copied(t)
	at := key
	if value != nil {
		at = textAt(key, value.(string))
		root, placed := textIn(key, value.(string), c.element)
		s.set(root, placed)
	}
	_, err := stacks.Parse("test", rawOf(t, s))
	var refused *stacks.ConfigError
	if !errors.As(err, &refused) {
		return nil
	}
	for _, p := range refused.Problems {
		if p.Field == at && p.Type != field.ErrorTypeRequired {
			return p
		}
	}
	return nil
}

// textAt is the path of a value in an error.
func textAt(key, value string) string {
	return strings.NewReplacer("[]", "[0]", "{}", "[KEY]", "{name}", "["+value+"]").Replace(key)
}

// textIn is the value at its place: the key of the list or map that it is in, and that.
func textIn(key, value string, element any) (root string, placed any) {
	root, rest := key, ""
	if i := strings.IndexAny(key, "[{"); i >= 0 {
		root, rest = key[:i], key[i:]
	}
	var build func(rest string) any
	build = func(rest string) any {
		switch {
		case strings.HasPrefix(rest, "[]"):
			return []any{build(rest[2:])}
		case strings.HasPrefix(rest, "{}"):
			return map[string]any{"KEY": build(rest[2:])}
		case rest == "{name}" && element != nil:
			return map[string]any{value: element}
		case rest == "{name}":
			return map[string]any{value: "x"}
		case strings.HasPrefix(rest, "."):
			name := rest[1:]
			if i := strings.IndexAny(name, ".[{"); i >= 0 {
				name = name[:i]
			}
			return map[string]any{name: build(rest[1+len(name):])}
		}
		return value
	}
	return root, build(rest)
}

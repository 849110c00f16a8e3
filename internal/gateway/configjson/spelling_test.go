package configjson

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestNear(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b string
		want bool
	}{
		"case":                        {"Client", "client", true},
		"camelCase":                   {"enforceAuthOnInference", "enforce_auth_on_inference", true},
		"kebab-case":                  {"db-name", "db_name", true},
		"a word break":                {"admin_user_name", "admin_username", true},
		"a letter short":              {"hst", "host", true},
		"two letters swapped":         {"nmae", "name", true},
		"plural":                      {"virtual_key", "virtual_keys", true},
		"two letters in a long name":  {"enforce_auth_on_inferance", "enforce_auth_on_inference", true},
		"two letters in a short name": {"hats", "host", false},
		"one letter of a tiny name":   {"ip", "id", false},
		"another word":                {"rate_limit", "rate_limit_id", false},
		"budgets and budget_id":       {"budgets", "budget_id", false},
		"node_id of cluster_config":   {"node_id", "region", false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, near(c.a, c.b)) })
	}
}

// TestKnownKeys: every key of the vendor's schema passes, alone in its object and with a value of its kind.
func TestKnownKeys(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		kindText: `"x"`, kindNumber: "1.5", kindInteger: "1", kindBoolean: "true", kindList: "[]", kindObject: "{}", "": "null",
	}
	keys := 0
	for path, names := range knownKeys.objects {
		for name, kind := range names {
			text := fmt.Sprintf(`{%q: %s}`, name, values[kind])
			steps := strings.Split(path, ".")
			slices.Reverse(steps)
			for _, step := range steps {
				step, list := strings.CutSuffix(step, "[]")
				switch {
				case step == "":
				case list:
					text = fmt.Sprintf(`{%q: [%s]}`, step, text)
				default:
					text = fmt.Sprintf(`{%q: %s}`, step, text)
				}
			}
			d := document(t, text)
			require.Empty(t, Misspelled(field.NewPath("p"), d), text)
			require.Empty(t, Unknown(field.NewPath("p"), d), text)
			require.Empty(t, wrongKinds(field.NewPath("p"), d), text)
			keys++
		}
	}
	require.Greater(t, keys, 800)
	require.Equal(t, "1.5.16", KeysVersion)
}

// TestUnknownKeys: what resembles nothing is told, and what the user may name is not.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	d := document(t, `{
		"quantum": 1, "client": {"telepathy": true}, "cluster_config": {"node_id": "env.POD_NAME"},
		"providers": {"acme": {"keys": [{"enabled": true}], "network_config": {"extra_headers": {"x-team": "a"}}}},
		"governance": {"teams": [{"id": "t", "claims": {"modle": 1}}]},
		"plugins": [{"name": "mine", "path": "/app/data/mine.so", "enabled": true, "config": {"enabld": true}}],
		"feature_flags": {"flags": {"mine": {"enabled": true, "sometimes": true}}}
	}`)
	require.Empty(t, Misspelled(field.NewPath("p"), d))
	require.Equal(t, []string{
		"p.client.telepathy", "p.cluster_config.node_id", "p.feature_flags.flags.mine.sometimes", "p.providers.acme.keys[0].enabled", "p.quantum",
	}, Unknown(field.NewPath("p"), d))
}

package overlay

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const canary = "canary-5f0c"

// FuzzApply: settings leave what they are laid over as it is, and make something that is JSON, as the engine is handed it; said twice they
// say the same; an error names the path and never the value.
func FuzzApply(f *testing.F) {
	for _, seed := range []struct{ path, value string }{
		{"gateway.replicas", "5"}, {"eks", "null"}, {"ecs.subnets[0]", "subnet-1"}, {`gateway.env["A.B"]`, "x"}, {"tags", "{1: a}"}, {"a.b", ".nan"},
		{"a", "2026-01-01"}, {"secrets.env.A", "true"}, {"aws.accountId", "0471"}, {"gateway.config", `{"a": [1, {"b": null}]}`}, {"[0]", "x"},
		{"bifrost:a", "x"}, {"ecs.subnets[9]", "x"}, {"a", "&x [*x]"}, {"secrets.kubeconfig", "{a: b}"}, {"a", "!!binary aGk="}, {"", ""},
	} {
		f.Add(seed.path, seed.value)
	}
	f.Fuzz(func(t *testing.T, path, value string) {
		under := func() map[string]any {
			return map[string]any{
				"aws":     map[string]any{"accountId": "111122223333", "region": "us-east-1"},
				"ecs":     map[string]any{"subnets": []any{"subnet-0", "subnet-1"}},
				"gateway": map[string]any{"replicas": 2, "env": map[string]any{"A": "1"}},
				"secrets": map[string]any{"license": map[string]any{"secure": "v1:AAAA"}},
			}
		}
		values := under()
		// The whole of the setting is a secret's value, but for its path.
		setting := path + "=" + value
		overlaid, err := Apply(values, []string{setting})
		require.Equal(t, under(), values, "what was laid over changed")
		if err != nil {
			path, value, _ = strings.Cut(setting, "=")
			require.ErrorContains(t, err, "--set "+path)
			if _, secret := Apply(values, []string{path + "=" + canary + value}); secret != nil {
				require.NotContains(t, secret.Error(), canary)
			}
			return
		}
		text, err := json.Marshal(overlaid)
		require.NoError(t, err, "the engine is handed JSON")
		var parsed any
		if yaml.Unmarshal([]byte(value), &parsed) == nil && parsed == nil {
			return // it removes, and the next of a list with it
		}
		again, err := Apply(overlaid, []string{setting})
		require.NoError(t, err)
		twice, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(text), string(twice))
	})
}

// FuzzEdit: an object of a cloud that is changed by hand is still JSON.
func FuzzEdit(f *testing.F) {
	for _, seed := range []string{"disabled=true", "policy={}", "tags.a=1", "list[0]=x", "a=null", "a={1: b}", "a=.inf", "="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, setting string) {
		object := map[string]any{"policy": `{"Statement": []}`, "tags": map[string]any{"a": "b"}, "list": []any{"a"}}
		edited, err := Edit(object, []string{setting})
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		_, err = json.Marshal(edited)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"policy": `{"Statement": []}`, "tags": map[string]any{"a": "b"}, "list": []any{"a"}}, object)
	})
}

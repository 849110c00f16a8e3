package changes_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
)

func TestMask(t *testing.T) {
	t.Parallel()
	secret := map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": `"canary"`}
	value := map[string]any{"a": []any{secret, "x", 1.0}, "b": map[string]any{"c": secret}, "d": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}
	want := map[string]any{"a": []any{"[secret]", "x", 1.0}, "b": map[string]any{"c": "[secret]"}, "d": "[unknown]"}
	require.Equal(t, want, changes.Mask(value))
}

// TestInClear: a secret that somebody wrote in clear by hand is in no difference: by the name of its variable in a container or a ConfigMap,
// and in the copy that kubectl keeps of an object. What is no secret is shown.
func TestInClear(t *testing.T) {
	t.Parallel()
	step := func(typ, old, is string) string {
		urn := base + typ + "::x"
		state := func(inputs string) string {
			return `{"urn": "` + urn + `", "custom": true, "type": "` + typ + `", "inputs": ` + inputs + `}`
		}
		return `{"op": "update", "urn": "` + urn + `", "oldState": ` + state(old) + `, "newState": ` + state(is) + `}`
	}
	set, err := changes.Read(strings.NewReader(`{"steps": [` + strings.Join([]string{
		step("kubernetes:apps/v1:Deployment", `{"spec": {"containers": [{"name": "bifrost", "env": [{"name": "PG_PASSWORD", "value": "`+canary+`"},
			{"name": "OPENAI_API_KEY", "value": "`+canary+`"}, {"name": "MAX_TOKENS", "value": "100"}]}]}}`,
			`{"spec": {"containers": [{"name": "bifrost", "env": [{"name": "PG_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}},
			{"name": "MAX_TOKENS", "value": "200"}]}]}}`),
		step("aws:ecs/taskDefinition:TaskDefinition", `{"containerDefinitions": "[{\"name\": \"a\", \"environment\": [{\"name\": \"A_TOKEN\", \"value\": \"`+canary+`\"}]}]"}`,
			`{"containerDefinitions": "[{\"name\": \"a\", \"environment\": [{\"name\": \"A_TOKEN\", \"value\": \"`+canary+`2\"}]}]"}`),
		step("kubernetes:core/v1:ConfigMap", `{"data": {"A_SECRET": "`+canary+`", "LEVEL": "info"}}`, `{"data": {"LEVEL": "debug"}}`),
		step("kubernetes:core/v1:Secret", `{"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"data\": {\"a\": \"`+canary+`\"}}"}}}`,
			`{"metadata": {"labels": {"a": "b"}}}`),
	}, ", ") + `]}`))
	require.NoError(t, err)
	var shown []string
	for _, s := range set.Steps {
		text, err := json.Marshal(s.Diff)
		require.NoError(t, err)
		require.NotContains(t, string(text), canary)
		for _, d := range s.Diff {
			shown = append(shown, d.Shown)
		}
	}
	all := strings.Join(shown, "\n")
	for _, says := range []string{"[secret]", `"100" → "200"`, `"info" → "debug"`, `added: "b"`} {
		require.Contains(t, all, says)
	}
}

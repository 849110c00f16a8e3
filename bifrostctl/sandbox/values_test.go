package sandbox

import (
	"bytes"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
)

func planOf(steps []apitype.StepEventMetadata) *changes.Set {
	var planned changes.Planned
	for _, step := range steps {
		planned.Steps = append(planned.Steps, changes.PlannedOf(step))
	}
	return changes.OfPlanned(planned)
}

// TestValues: what changes is told by its path, JSON as what it says, a secret never, and what replaces a resource by name.
func TestValues(t *testing.T) {
	t.Parallel()
	state := func(inputs map[string]any) *apitype.StepEventStateMetadata {
		return &apitype.StepEventStateMetadata{Inputs: inputs}
	}
	var shown bytes.Buffer
	printValues(&shown, planOf([]apitype.StepEventMetadata{
		{Op: apitype.OpUpdate, URN: "urn:pulumi:s::p::kubernetes:apps/v1:Deployment::gateway", Type: "kubernetes:apps/v1:Deployment",
			Old:          state(map[string]any{"__defaults": []any{}, "spec": map[string]any{"replicas": 2.0, "checksum": "[secret]"}}),
			New:          state(map[string]any{"spec": map[string]any{"replicas": 3.0, "checksum": "[secret]"}}),
			DetailedDiff: map[string]apitype.PropertyDiff{"spec.replicas": {}, "spec.checksum": {}}},
		{Op: apitype.OpReplace, URN: "urn:pulumi:s::p::aws:ecs/taskDefinition:TaskDefinition::task", Type: "aws:ecs/taskDefinition:TaskDefinition",
			Keys: []string{"containerDefinitions"},
			Old:  state(map[string]any{"containerDefinitions": `[{"name":"main","image":"registry.example.com/a/very/long/name/of/an/image:2.1.0"}]`}),
			New:  state(map[string]any{"containerDefinitions": `[{"name":"main","image":"registry.example.com/a/very/long/name/of/an/image:2.2.0"}]`})},
		{Op: apitype.OpUpdate, URN: "urn:pulumi:s::p::aws:ecs/service:Service::service", Type: "aws:ecs/service:Service",
			Old: state(map[string]any{"taskDefinition": "a:1"}), New: state(map[string]any{"taskDefinition": plugin.UnknownStringValue})},
		{Op: apitype.OpSame, URN: "urn:pulumi:s::p::a:b/c:D::same", Old: state(nil), New: state(nil)},
	}))
	require.Equal(t, `Values that change:
  ~  Deployment gateway
       spec.checksum: [secret] → another [secret]
       spec.replicas: 2 → 3
 +-  TaskDefinition task, replaced for containerDefinitions
       containerDefinitions[main].image:
         "registry.example.com/a/very/long/name/of/an/image:2.1.0" →
         "registry.example.com/a/very/long/name/of/an/image:2.2.0"
  ~  Service service
       taskDefinition: not known before the up

`, shown.String())

	shown.Reset()
	env := func(members ...any) *apitype.StepEventStateMetadata { return state(map[string]any{"env": members}) }
	member := func(name string, value any) map[string]any { return map[string]any{"name": name, "value": value} }
	printValues(&shown, planOf([]apitype.StepEventMetadata{{Op: apitype.OpUpdate, URN: "urn:pulumi:s::p::a:b:C::c", Type: "a:b:C",
		Old: env(member("OLD", "gone"), member("STAYS", "a")),
		New: env(member("STAYS", "a"), member("FOO", "plain"), member("TOKEN", "[secret]"), map[string]any{"name": "LIST", "of": []any{"x", 2.0}})}}))
	require.Equal(t, `Values that change:
  ~  C c
       env[FOO].value: added: "plain"
       env[LIST].of[0]: added: "x"
       env[LIST].of[1]: added: 2
       env[OLD].value: removed: "gone"
       env[TOKEN].value: added: [secret]

`, shown.String())

	shown.Reset()
	of := func(name, secret, key string) map[string]any {
		return map[string]any{"name": name, "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": secret, "key": key}}}
	}
	printValues(&shown, planOf([]apitype.StepEventMetadata{
		{Op: apitype.OpUpdate, URN: "urn:pulumi:s::p::a:b:C::c", Type: "a:b:C",
			Old: env(member("PLAIN", "a"), member("TOKEN", "[secret]"), of("BACK", "llm-keys", "back"), of("KEY", "llm-keys", "old")),
			New: env(of("PLAIN", "llm-keys", "plain"), of("TOKEN", "llm-keys", "token"), of("WHOLE", "llm-keys", "whole"), member("BACK", "b"),
				of("KEY", "llm-keys", "new"))},
		{Op: apitype.OpUpdate, URN: "urn:pulumi:s::p::kubernetes:core/v1:Secret::env", Type: "kubernetes:core/v1:Secret",
			Old: state(map[string]any{"data": "[secret]"}), New: state(map[string]any{"data": "[secret]"}), DetailedDiff: map[string]apitype.PropertyDiff{
				"data.WHOLE": {Kind: apitype.DiffDelete}, "data.NEW": {Kind: apitype.DiffAdd}, "data.OTHER": {Kind: apitype.DiffUpdate}}},
	}))
	require.Equal(t, `Values that change:
  ~  C c
       env[BACK]: key "back" of the existing Secret "llm-keys" → "b"
       env[KEY].valueFrom.secretKeyRef.key: "old" → "new"
       env[PLAIN]: "a" → key "plain" of the existing Secret "llm-keys"
       env[TOKEN]: [secret] → key "token" of the existing Secret "llm-keys"
       env[WHOLE]: now from key "whole" of the existing Secret "llm-keys"
  ~  Secret env
       data.NEW: added: [secret]
       data.OTHER: [secret] → another [secret]
       data.WHOLE: removed: [secret]

`, shown.String())

	shown.Reset()
	printValues(&shown, planOf([]apitype.StepEventMetadata{{Op: apitype.OpCreate, URN: "urn:pulumi:s::p::a:b:C::c", New: state(nil)},
		{Op: apitype.OpRead, URN: "urn:pulumi:s::p::a:b:C::d"}}))
	require.Empty(t, shown.String(), "of a first preview all is new")
	printValues(&shown, planOf(nil))
	require.Equal(t, "Values: none changes.\n", shown.String())
}

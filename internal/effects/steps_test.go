package effects_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/internal/effects"
)

// preview is what `pulumi preview --json` writes, as far as it is read: a Deployment that rolls, a Job that is replaced, a service whose
// revision is not known yet, and what is no workload.
const preview = `{"config": {}, "steps": [
 {"op": "update", "urn": "urn:pulumi:s::p::t$kubernetes:apps/v1:Deployment::gateway",
  "oldState": {"type": "kubernetes:apps/v1:Deployment", "inputs": {"spec": {"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
   "template": {"metadata": {"annotations": {"checksum/config": "[secret]"}}}}}},
  "newState": {"type": "kubernetes:apps/v1:Deployment", "inputs": {"spec": {"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
   "template": {"metadata": {"annotations": {"checksum/config": "[secret]"}}}}}},
  "detailedDiff": {"spec.template.metadata.annotations[\"checksum/config\"]": {"kind": "update", "inputDiff": false}}},
 {"op": "create-replacement", "urn": "urn:pulumi:s::p::t$kubernetes:batch/v1:Job::first",
  "oldState": {"type": "kubernetes:batch/v1:Job", "inputs": {}}, "newState": {"type": "kubernetes:batch/v1:Job", "inputs": {}}},
 {"op": "replace", "urn": "urn:pulumi:s::p::t$kubernetes:batch/v1:Job::first",
  "oldState": {"type": "kubernetes:batch/v1:Job", "inputs": {}}, "newState": {"type": "kubernetes:batch/v1:Job", "inputs": {}}},
 {"op": "delete-replaced", "urn": "urn:pulumi:s::p::t$kubernetes:batch/v1:Job::first", "oldState": {"type": "kubernetes:batch/v1:Job", "inputs": {}}},
 {"op": "update", "urn": "urn:pulumi:s::p::aws:ecs/service:Service::service",
  "oldState": {"type": "aws:ecs/service:Service", "inputs": {"desiredCount": 2, "taskDefinition": "a:1"}},
  "newState": {"type": "aws:ecs/service:Service", "inputs": {"desiredCount": 2, "taskDefinition": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}}},
 {"op": "same", "urn": "urn:pulumi:s::p::kubernetes:core/v1:Secret::secret", "oldState": {"type": "kubernetes:core/v1:Secret"}, "newState": {"type": "kubernetes:core/v1:Secret"}},
 {"op": "delete", "urn": "urn:pulumi:s::p::kubernetes:apps/v1:StatefulSet::old",
  "oldState": {"type": "kubernetes:apps/v1:StatefulSet", "inputs": {"spec": {"replicas": 1}}}}
], "duration": 1}`

// TestOfSteps: a plan of the engine says the same as the program's hooks.
func TestOfSteps(t *testing.T) {
	t.Parallel()
	steps, err := effects.ReadPreview(strings.NewReader(preview))
	require.NoError(t, err)
	require.Equal(t, []effects.Line{
		{resource.URN("urn:pulumi:s::p::t$kubernetes:apps/v1:Deployment::gateway"),
			"rolls 3 pods, one by one (config.json, a secret variable or an authority)"},
		{resource.URN("urn:pulumi:s::p::t$kubernetes:batch/v1:Job::first"), "runs anew, and the up waits for it"},
		{resource.URN("urn:pulumi:s::p::aws:ecs/service:Service::service"), "rolls 2 tasks, new ones first (another revision of the task)"},
		{resource.URN("urn:pulumi:s::p::kubernetes:apps/v1:StatefulSet::old"), "1 pod goes"},
	}, effects.OfSteps(steps))

	_, err = effects.ReadPreview(strings.NewReader("Previewing update"))
	require.ErrorContains(t, err, "pulumi preview --json")
}

// TestDifferences: texts that are JSON and lists with names are compared as what they say, and secrets of config.json are not shown.
func TestDifferences(t *testing.T) {
	t.Parallel()
	before := resource.NewPropertyValue(object{"text": `{"client": {"on": true, "gone": 1}, "keys": [{"name": "a", "value": "old"}]}`})
	after := resource.NewPropertyValue(object{"text": `{"keys": [{"name": "b", "value": "x"}, {"name": "a", "value": "new"}], "client": {"on": false}}`})
	var lines []string
	for _, d := range effects.Differences(before, after) {
		lines = append(lines, d.Path.String()+": "+d.Shown(func(p effects.Path, _ string) bool { return p.Keys()[len(p.Keys())-1] == "value" }))
	}
	require.Equal(t, []string{
		"text.client.gone: removed: 1", "text.client.on: true → false", "text.keys[a].value: another one, [secret]", "text.keys[b]: added",
	}, lines)
}

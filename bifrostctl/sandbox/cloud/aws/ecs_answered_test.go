package aws_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
)

// answering is a task of Fargate with container definitions.
func answering(containers string) pulumi.RunFunc {
	return stack(step{typ: taskDefinitionType, name: "task", props: props{
		"family": "app", "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"},
		"volumes": []any{props{"name": "data"}}, "containerDefinitions": containers,
	}})
}

// TestContainersAnswered: the state has what ECS answers, with its defaults and in the provider's order.
func TestContainersAnswered(t *testing.T) {
	up := enginetest.New(t, newWorld(), answering(`[
		{"name":"b","image":"i","essential":false,"cpu":0,"links":null,"linuxParameters":{"capabilities":{}}},
		{"name":"a","image":"i","linuxParameters":{"capabilities":{"drop":["ALL"]}},"portMappings":[{"containerPort":80}],
		 "environment":[{"name":"B","value":"2"},{"name":"A","value":"1"}],"healthCheck":{"command":["CMD","wget"],"retries":4}}]`), nil).MustUp()
	require.JSONEq(t, `[
		{"name":"a","image":"i","essential":true,"linuxParameters":{"capabilities":{"add":[],"drop":["ALL"]}},
		 "portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}],
		 "environment":[{"name":"A","value":"1"},{"name":"B","value":"2"}],
		 "healthCheck":{"command":["CMD","wget"],"interval":30,"timeout":5,"retries":4},
		 "mountPoints":[],"systemControls":[],"volumesFrom":[]},
		{"name":"b","image":"i","essential":false,"linuxParameters":{},
		 "environment":[],"mountPoints":[],"portMappings":[],"systemControls":[],"volumesFrom":[]}]`,
		up.Resource("task").Outputs["containerDefinitions"].StringValue())
}

// TestContainersCompared: what the provider takes for the same registers nothing, anything else a new revision, also at each further up.
func TestContainersCompared(t *testing.T) {
	const health = `"healthCheck":{"command":["CMD","wget"]}`
	tests := []struct {
		name, containers string
		same             bool
	}{
		{"bare", `[{"name":"a","image":"i"}]`, true},
		{"in another order", `[{"name":"b","image":"i"},{"name":"a","image":"i"}]`, true},
		{"variables in another order", `[{"name":"a","image":"i","environment":[{"name":"B","value":"2"},{"name":"A","value":"1"}]}]`, true},
		{"empty lists", `[{"name":"a","image":"i","environment":[],"ulimits":[],"dependsOn":[],"links":[],"secrets":[]}]`, true},
		{"an empty variable", `[{"name":"a","image":"i","environment":[{},{"name":"A","value":""}]}]`, true},
		{"ports", `[{"name":"a","image":"i","portMappings":[{"containerPort":80}]}]`, true},
		{"health check", `[{"name":"a","image":"i",` + health + `}]`, true},
		{"both capabilities", `[{"name":"a","image":"i","linuxParameters":{"capabilities":{"add":[],"drop":["ALL"]}}}]`, true},
		{"dropped capabilities alone", `[{"name":"a","image":"i","linuxParameters":{"capabilities":{"drop":["ALL"]}}}]`, false},
		{"no capabilities", `[{"name":"a","image":"i","linuxParameters":{"capabilities":{}}}]`, false},
		{"init process", `[{"name":"a","image":"i","linuxParameters":{"initProcessEnabled":true}}]`, true},
		{"logs", `[{"name":"a","image":"i","logConfiguration":{"logDriver":"none","options":{}}}]`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := enginetest.New(t, newWorld(), answering(strings.ReplaceAll(test.containers, "\n", "")), nil)
			e.MustUp()
			for range 2 {
				require.Equal(t, test.same, len(e.MustUp().Steps) == 0)
			}
		})
	}
	e := enginetest.New(t, newWorld(), answering(`[{"name":"a","image":"i"}]`), nil)
	e.MustUp()
	e.SetProgram(answering(`[{"name":"a","image":"j"}]`))
	require.Contains(t, e.MustUp().Plan(), "replace TaskDefinition task [containerDefinitions]")
}

package drift

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

const (
	roleURN = "urn:pulumi:prod::bifrost::aws:iam/role:Role::eks-pull-role"
	jobURN  = "urn:pulumi:prod::bifrost::kubernetes:batch/v1:CronJob::eks-pull-cron"
)

func state(urn, typ, id string, inputs map[string]any) *apitype.StepEventStateMetadata {
	return &apitype.StepEventStateMetadata{URN: urn, Type: typ, ID: id, Custom: true, Inputs: inputs, Outputs: inputs}
}

func began(urn, typ string) apitype.EngineEvent {
	return apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{
		Metadata: apitype.StepEventMetadata{Op: apitype.OpRefresh, URN: urn, Type: typ}, Planning: true,
	}}
}

func found(op apitype.OpType, urn, typ string, before, after *apitype.StepEventStateMetadata, paths ...string) apitype.EngineEvent {
	m := apitype.StepEventMetadata{Op: op, URN: urn, Type: typ, Old: before, New: after}
	for _, path := range paths {
		if m.DetailedDiff == nil {
			m.DetailedDiff = map[string]apitype.PropertyDiff{}
		}
		m.DetailedDiff[path] = apitype.PropertyDiff{Kind: apitype.DiffUpdate}
	}
	return apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: m, Planning: true}}
}

var summary = apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{ResourceChanges: map[apitype.OpType]int{}}}

// night is what a refresh tells: a role was changed, a CronJob is gone, and a third resource has outputs that nobody asked for.
func night() []apitype.EngineEvent {
	const third = "urn:pulumi:prod::bifrost::aws:ecs/service:Service::ecs-service"
	return []apitype.EngineEvent{
		began(roleURN, "aws:iam/role:Role"), began(jobURN, "kubernetes:batch/v1:CronJob"), began(third, "aws:ecs/service:Service"),
		found(apitype.OpUpdate, roleURN, "aws:iam/role:Role", state(roleURN, "aws:iam/role:Role", "BifrostECRPullRole",
			map[string]any{"description": "pulls", "token": "[secret]"}),
			state(roleURN, "aws:iam/role:Role", "BifrostECRPullRole", map[string]any{"description": "`ours`", "token": "[secret]"}), "description"),
		found(apitype.OpDelete, jobURN, "kubernetes:batch/v1:CronJob", state(jobURN, "kubernetes:batch/v1:CronJob", "bifrost/refresh", nil), nil),
		found(apitype.OpUpdate, third, "aws:ecs/service:Service", state(third, "aws:ecs/service:Service", "x", map[string]any{"n": 1}),
			state(third, "aws:ecs/service:Service", "x", map[string]any{"n": 1})),
		summary,
	}
}

func lines(t *testing.T, events []apitype.EngineEvent) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("Previewing refresh (prod)\n")
	for _, event := range events {
		text, err := json.Marshal(event)
		require.NoError(t, err)
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.String()
}

// TestRead: what the CLI prints is read line by line, and what it does not count as a difference is none.
func TestRead(t *testing.T) {
	d, err := Read(strings.NewReader(lines(t, night())))
	require.NoError(t, err)
	require.Equal(t, "prod", d.Stack)
	require.Equal(t, 3, d.Compared)
	require.False(t, d.None())
	require.Len(t, d.Changed, 1)
	require.Len(t, d.Gone, 1)
	require.Equal(t, `Stack prod is not as the last up left it: of 3 resources compared, 1 changed and 1 gone.

Changed

- aws:iam/role:Role eks-pull-role (BifrostECRPullRole)
  - description: "pulls" → "`+"`ours`"+`"

Gone

- kubernetes:batch/v1:CronJob eks-pull-cron (bifrost/refresh)

What to do

`, strings.SplitAfter(d.Text(terminal, "prod", "pulumi up --refresh --stack prod"), "What to do\n\n")[0])
	text := d.Text(markdown, "prod", "pulumi up --refresh --stack prod")
	require.Contains(t, text, "### Changed\n\n- `aws:iam/role:Role` `eks-pull-role` (`BifrostECRPullRole`)\n")
	require.Contains(t, text, "  - `description`: `` \"pulls\" → \"`ours`\" ``\n", "a backtick of a value ends no code")
	require.Contains(t, text, "run `pulumi up --refresh --stack prod`.")
}

// TestUnknown: a refresh that failed or was cut off says nothing of what it did not reach, and so is no answer.
func TestUnknown(t *testing.T) {
	failed := append(night(), apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "error", Message: "<{%red%}>access denied<{%reset%}>"}})
	for want, events := range map[string][]apitype.EngineEvent{
		"the refresh failed, so nobody knows what else differs: access denied": failed,
		"was cut off before its end":         night()[:4],
		"there are no events of a refresh; ": nil,
	} {
		_, err := Read(strings.NewReader(lines(t, events)))
		require.ErrorContains(t, err, want)
	}
}

// TestCommand: the exit status, the text and the document of a real stack's refresh.
func TestCommand(t *testing.T) {
	run := func(events []apitype.EngineEvent, arguments ...string) (string, error) {
		cmd := Command(nil)
		var out bytes.Buffer
		cmd.SetArgs(append([]string{"prod", "--events", "-"}, arguments...))
		cmd.SetIn(strings.NewReader(lines(t, events)))
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		err := cmd.Execute()
		return out.String(), err
	}
	clean, err := run([]apitype.EngineEvent{began(roleURN, "aws:iam/role:Role"), found(apitype.OpRefresh, roleURN, "aws:iam/role:Role",
		state(roleURN, "aws:iam/role:Role", "x", nil), state(roleURN, "aws:iam/role:Role", "x", nil)), summary})
	require.NoError(t, err)
	require.Equal(t, "Stack prod is as the last up left it: 1 resource compared, nothing differs.\n", clean)
	text, err := run(night(), "--json")
	require.ErrorContains(t, err, "stack prod has drifted: 1 changed and 1 gone")
	var exit interface{ ExitCode() int }
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 1, exit.ExitCode())
	var document struct {
		Drift    bool
		Changed  []struct{ Name, ID string }
		Gone     []struct{ Type string }
		Markdown string
	}
	require.NoError(t, json.NewDecoder(strings.NewReader(text)).Decode(&document))
	require.True(t, document.Drift)
	require.Equal(t, "BifrostECRPullRole", document.Changed[0].ID)
	require.Len(t, document.Gone, 1)
	require.Contains(t, document.Markdown, "### Gone")
	_, err = run(night(), "--sandbox")
	require.ErrorContains(t, err, "remove --events or --sandbox")
	_, err = run(night(), "--state", "x")
	require.ErrorContains(t, err, "--state is the sandbox's folder")
}

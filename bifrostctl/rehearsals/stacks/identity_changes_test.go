package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
)

const (
	pullRole = "eks-ecr-role"
	execRole = "ecs-execution-role"
)

// TestIdentityChanges: names of roles and policies are given, so what is made anew under them goes first, attachments before both. Who is
// allowlisted is another principal then; a boundary changes nobody.
func TestIdentityChanges(t *testing.T) {
	t.Parallel()
	for setting, c := range map[string]struct {
		// first are resources, of which each goes before the next one.
		first []string
		// another are roles that are made again.
		another []string
	}{
		"eks.roleName=Other":                {[]string{"eks-ecr-attachment", pullRole}, []string{pullRole}},
		"eks.policyName=Other":              {[]string{"eks-ecr-attachment", "eks-ecr-policy"}, nil},
		"ecs.roleName=OtherExecution":       {[]string{"ecs-execution-attachment", execRole}, []string{execRole}},
		"ecs.policyName=Other":              {[]string{"ecs-execution-attachment", "ecs-execution-policy"}, nil},
		"ecs.taskRoleName=Other":            {[]string{"ecs-task-definition", "ecs-task-role"}, nil},
		"aws.iamPath=/bifrost/":             {[]string{"eks-ecr-attachment", "eks-ecr-policy", pullRole}, []string{pullRole, execRole}},
		"aws.permissionsBoundary=" + bounds: {nil, nil},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev")
			before := s.Engine.MustUp()
			s.Set(setting)
			edits.AlsoAllowlisted("arn:aws:iam::111122223333:role/Other", "arn:aws:iam::111122223333:role/OtherExecution",
				"arn:aws:iam::111122223333:role/bifrost/"+edits.PullRole, "arn:aws:iam::111122223333:role/bifrost/"+edits.ExecutionRole)(t, s.World)
			s.Set(append(stacktest.Agreements(s.Engine.Preview().Messages()), setting)...)
			after := s.Engine.MustUp()
			gone := withOp(after, "delete-replaced")
			for i, name := range c.first {
				at := slices.Index(gone, name)
				require.GreaterOrEqual(t, at, 0, "%s stays: %v", name, gone)
				require.Less(t, indexOf(after, "delete-replaced", name), indexOf(after, "create-replacement", name), name)
				if i > 0 {
					require.Greater(t, at, slices.Index(gone, c.first[i-1]), "%s goes before %s", name, c.first[i-1])
				}
			}
			for _, role := range []string{pullRole, execRole} {
				same := uniqueID(before, role) == uniqueID(after, role)
				require.Equal(t, !slices.Contains(c.another, role), same, "%s is another principal", role)
				require.Contains(t, handedOff(after), uniqueID(after, role), "the vendor is told")
			}
			stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
		})
	}
}

const bounds = "arn:aws:iam::aws:policy/PowerUserAccess"

func uniqueID(r *enginetest.Result, role string) string {
	return r.Resource(role).Outputs["uniqueId"].StringValue()
}

func handedOff(r *enginetest.Result) []string {
	var ids []string
	for _, v := range r.Outputs["vendorHandoff"].ArrayValue() {
		ids = append(ids, v.ObjectValue()["principalId"].StringValue())
	}
	return ids
}

// withOp are the resources to which something was done, in order.
func withOp(r *enginetest.Result, op string) []string {
	var names []string
	for _, step := range r.Steps {
		if step.Op == op {
			names = append(names, step.Name)
		}
	}
	return names
}

func indexOf(r *enginetest.Result, op, name string) int {
	return slices.IndexFunc(r.Steps, func(step enginetest.Step) bool { return step.Op == op && step.Name == name })
}

// TestProtectedRoles: a change that would make who is allowlisted anew is refused in the preview already, and nothing has changed.
func TestProtectedRoles(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev")
	s.Set("protectIdentities=true")
	before := s.Engine.MustUp()
	s.Set("protectIdentities=true", "eks.roleName=Other")
	refused := s.Engine.Preview()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), pullRole+"\"\nas it is currently marked for protection")
	require.Error(t, s.Engine.Up().Err)
	s.Set("protectIdentities=true")
	require.Equal(t, uniqueID(before, pullRole), uniqueID(s.Engine.MustUp(), pullRole))
}

// TestOneAssociation: whichever way the gateway gets its role of EKS Pod Identity, the ServiceAccount keeps its one association.
func TestOneAssociation(t *testing.T) {
	t.Parallel()
	const on = "eks.gatewayAuth=podIdentity"
	given := "eks.gatewayRoleArn=arn:aws:iam::111122223333:role/dev-node"
	made := "eks.gatewayPolicyArns=[arn:aws:iam::aws:policy/ReadOnlyAccess]"
	for _, ways := range [][]string{{given, made}, {made, given}} {
		t.Run(strings.Join(ways, " "), func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev")
			s.Set(on, ways[0])
			s.Engine.MustUp()
			was := s.World.List(pulumitype.AwsPodIdentityAssociation, "111122223333/us-east-1")
			require.Len(t, was, 1)
			s.Set(on, ways[1])
			s.Engine.MustUp()
			is := s.World.List(pulumitype.AwsPodIdentityAssociation, "111122223333/us-east-1")
			require.Len(t, is, 1)
			require.Equal(t, was[0].ID, is[0].ID, "another association")
			stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
			require.NoError(t, s.Engine.Destroy().Err)
		})
	}
}

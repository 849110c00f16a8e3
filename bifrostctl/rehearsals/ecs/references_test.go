package ecs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
)

// What exists of RDS, of the company and of Systems Manager, and the variables that come from it.
const (
	masterPassword = "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds!cluster-0a1b2c3d-4e5f-AbCdEf"
	providerKey    = "arn:aws:secretsmanager:us-east-1:111122223333:secret:llm/openai-GhIjKl"
	parameter      = "arn:aws:ssm:us-east-1:111122223333:parameter/llm/anthropic"
	refKey         = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-4000-8000-0000000000aa"
)

func withReferences(more ...string) stacktest.Way {
	return stacktest.Way{Name: "ECS, existing secrets", Stack: "aws-dev", InFile: append([]string{
		stacktest.OnlyECS,
		"ecs.secretRefs.PG_USER=" + masterPassword + ":username", "ecs.secretRefs.PG_PASSWORD=\"" + masterPassword + ":password::\"",
		"ecs.secretRefs.OPENAI_API_KEY=" + providerKey, "ecs.secretRefs.ANTHROPIC_API_KEY=" + parameter,
		"ecs.secretRefKmsKeyArns=[" + refKey + "]",
	}, more...)}
}

// TestECSReferences: variables come from secrets and parameters that exist, one key of a secret in JSON each, under a customer's key.
func TestECSReferences(t *testing.T) {
	t.Parallel()
	s := withReferences().Start(t)
	s.Lives(nil, []string{edits.ServiceType})
}

// TestECSReferencesRefused: what cannot be read keeps the tasks from starting, and the failure tells what.
func TestECSReferencesRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		edit     edits.Edit
		want     string
	}{
		"no such key":      {[]string{"ecs.secretRefs.PG_USER=" + masterPassword + ":user"}, nil, "did not contain json key user"},
		"no such secret":   {nil, edits.Removed(pulumitype.AwsSecret, providerKey), "unable to retrieve secret " + providerKey},
		"no such stage":    {[]string{"ecs.secretRefs.OPENAI_API_KEY=" + providerKey + "::AWSPENDING"}, nil, "unable to retrieve secret " + providerKey},
		"no parameter":     {nil, edits.Removed(pulumitype.AwsParameter, parameter), "cannot find the parameter: invalid parameters: " + parameter},
		"no right to keys": {[]string{"ecs.secretRefKmsKeyArns=null"}, nil, "kms:Decrypt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withReferences().Start(t)
			if c.edit != nil {
				c.edit(t, s.World)
			}
			s.Set(c.settings...)
			failed := s.Engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), c.want)
		})
	}
}

// TestECSReferencesExactly: the execution role may read what the variables come from, and nothing beside it.
func TestECSReferencesExactly(t *testing.T) {
	t.Parallel()
	s := withReferences().Start(t)
	s.Engine.MustUp()
	rights, _ := edits.The(t, s.World, edits.RolePolicyType, "bifrost-logs-and-secrets-")[0].State["policy"].(string)
	for _, want := range []string{
		`"Resource":["` + providerKey + `","` + masterPassword + `"],"Sid":"ReadExistingSecrets"`,
		`{"Action":["ssm:GetParameters"],"Effect":"Allow","Resource":["` + parameter + `"],"Sid":"ReadExistingParameters"}`,
		`{"Action":["kms:Decrypt"],"Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"}},"Effect":"Allow","Resource":["` + refKey + `"]}`,
		`{"Action":["kms:Decrypt"],"Condition":{"StringEquals":{"kms:ViaService":"ssm.us-east-1.amazonaws.com"}},"Effect":"Allow","Resource":["` + refKey + `"]}`,
	} {
		require.Contains(t, rights, want)
	}
}

// TestECSRestart: a rotated value is read by tasks that start: another ecs.restart starts them anew, and nothing else does.
func TestECSRestart(t *testing.T) {
	t.Parallel()
	s := withReferences("ecs.restart=monday").Start(t)
	s.Engine.MustUp()
	s.Set("ecs.restart=tuesday")
	up := s.Engine.MustUp()
	require.Contains(t, strings.Join(up.Plan(), "\n"), "update Service ecs-service [taskDefinition]")
	require.NotContains(t, strings.Join(up.Plan(), "\n"), "Secret")
	stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
}

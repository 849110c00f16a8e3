package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// refusedWith are the problems of a stack that must be refused before anything is registered.
func problemsOf(t *testing.T, stack string, s settings) []string {
	t.Helper()
	g := s.graph(t, stack)
	err := g.Run(program(g))
	var refusal *stacks.ConfigError
	require.ErrorAs(t, err, &refusal)
	require.Empty(t, g.Resources)
	require.NotContains(t, err.Error(), canary)
	var problems []string
	for _, problem := range refusal.Problems {
		problems = append(problems, problem.Error())
	}
	return problems
}

// TestMissingPlainVariable: a variable that config.json asks for, and takes no secret from, is one of gateway.env; a secret is none.
func TestMissingPlainVariable(t *testing.T) {
	t.Parallel()
	for _, stack := range devStacks {
		s := stackFile(t, stack).set("gateway.env.PG_USER", nil).set("gateway.config.config_store.config.user", "env.PG_USER").set("secrets.env.PG_PASSWORD", nil)
		problems := strings.Join(problemsOf(t, stack, s), "\n")
		require.Contains(t, problems, "secrets.env.PG_USER: Required value: config.json asks for env.PG_USER, which is no secret: write gateway.env.PG_USER, or run `", stack)
		if stack == "local-dev" {
			continue // its stores are SQLite
		}
		require.Contains(t, problems, "secrets.env.PG_PASSWORD: Required value: pulumi config set --secret", stack)
	}
}

// TestSecretsInPlainVariables: a variable that config.json takes a secret from has its value under secrets or in a Secret that exists. As a
// plain variable it would stand in the repository, in the state, and in what a preview writes on a pull request.
func TestSecretsInPlainVariables(t *testing.T) {
	t.Parallel()
	const inEnv, inEcsEnv = "gateway.env[PG_PASSWORD]: Forbidden: config.json takes a secret from it (gateway.config.config_store.config.password); ",
		"ecs.env[PG_PASSWORD]: Forbidden: config.json takes a secret from it (gateway.config.config_store.config.password); "
	others := map[string]any{"enabled": true, "type": "broker", "broker": map[string]any{"address": "broker.example:50051", "auth_token": "env.OTHERS_TOKEN", "tls": true}}
	for name, c := range map[string]struct {
		stack string
		s     settings
		want  []string
	}{
		"EKS":            {"aws-dev", stackFile(t, "aws-dev").set("ecs", nil).set("gateway.env.PG_PASSWORD", canary), []string{inEnv}},
		"AKS":            {"azure-dev", stackFile(t, "azure-dev").set("gateway.env.PG_PASSWORD", canary), []string{inEnv}},
		"ECS":            {"aws-dev", stackFile(t, "aws-dev").set("eks", nil).set("ecs.env.PG_PASSWORD", canary), []string{inEcsEnv}},
		"EKS and ECS":    {"aws-dev", stackFile(t, "aws-dev").set("ecs.env.PG_PASSWORD", canary).set("gateway.env.PG_PASSWORD", canary), []string{inEcsEnv, inEnv}},
		"others' broker": {"aws-dev", stackFile(t, "aws-dev").set("ecs", nil).set("gateway.config.cluster_config", others).set("gateway.env.OTHERS_TOKEN", canary), []string{"gateway.env[OTHERS_TOKEN]: Forbidden: config.json takes a secret from it (gateway.config.cluster_config.broker.auth_token); "}},
		"own broker":     {"azure-dev", stackFile(t, "azure-dev").set("gateway.clustering", map[string]any{"type": "broker"}).set("gateway.env.BIFROST_BROKER_TOKEN", canary), []string{"gateway.env[BIFROST_BROKER_TOKEN]: Forbidden: is a secret; keep it under secrets alone"}},
		"a header of traces": {"azure-dev", stackFile(t, "azure-dev").set("gateway.otel", map[string]any{"collectorUrl": "otel:4317", "headers": map[string]any{"authorization": "env.OTEL_TOKEN"}}).
			set("gateway.env.OTEL_TOKEN", canary), []string{"gateway.env[OTEL_TOKEN]: Forbidden: config.json takes a secret from it ("}},
		"what libraries read": {"aws-dev", stackFile(t, "aws-dev").set("gateway.env.AWS_SECRET_ACCESS_KEY", canary), []string{"gateway.env[AWS_SECRET_ACCESS_KEY]: Forbidden: the AWS SDK reads a secret from it; "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.s["secrets"].(map[string]any)["env"] = map[string]any{}
			c.s.set("gateway.env.PG_USER", "u")
			if !strings.Contains(strings.Join(c.want, ""), "PG_PASSWORD") {
				c.s.set("secrets.env.PG_PASSWORD", canary)
			}
			problems := problemsOf(t, c.stack, c.s)
			require.Len(t, problems, len(c.want), problems)
			for i, want := range c.want {
				require.Contains(t, problems[i], want)
				if strings.Contains(want, "BROKER") {
					continue
				}
				name := want[strings.Index(want, "[")+1 : strings.Index(want, "]")]
				require.Contains(t, problems[i], "pulumi config set --secret --path 'bifrost:secrets.env."+name+"'")
			}
		})
	}
}

// TestPlainVariablesOfOtherPlaces: what is no secret's place may be in clear, and a reference to a Secret does for one that is.
func TestPlainVariablesOfOtherPlaces(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "azure-dev").set("secrets.env", nil).set("gateway.existingNamespace", true).
		set("gateway.secretRefs", map[string]any{"PG_PASSWORD": map[string]any{"secret": "database", "key": "password"}}).
		set("gateway.config.mcp", map[string]any{"client_configs": []any{map[string]any{"name": "tools", "connection_type": "http", "connection_string": "env.MCP_URL"}}}).
		set("gateway.env.MCP_URL", "https://mcp.example/mcp")
	record(t, "azure-dev", s)
}

// TestWeakEncryptionKeys: what could be guessed from a copy of the database is refused, unless a gateway runs with it.
func TestWeakEncryptionKeys(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"hunter2":                          "has 7 bytes, 7 of them different, and must have 16 and 8: ",
		"passwordpassword":                 "has 16 bytes, 7 of them different, and must have 16 and 8: ",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "has 32 bytes, 1 of them different, and must have 16 and 8: ",
	} {
		for _, stack := range []string{"aws-dev", "azure-dev"} {
			problems := problemsOf(t, stack, stackFile(t, stack).set("secrets.encryptionKey", key))
			require.Len(t, problems, 1)
			require.Contains(t, problems[0], "secrets.encryptionKey: Forbidden: "+want)
			require.Contains(t, problems[0], "`openssl rand -base64 32 | pulumi config set --secret --path 'bifrost:secrets.encryptionKey'`")
			require.NotContains(t, problems[0], key)
			record(t, stack, stackFile(t, stack).set("secrets.encryptionKey", key).set("gateway.weakEncryptionKey", true))
		}
	}
	record(t, "aws-dev", stackFile(t, "aws-dev").set("secrets.encryptionKey", "q8vB1yZkT0nq5V3s7m2LxA=="))
}

package stacks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/stacks"
)

// TestDerivedTexts: what the stack makes of several texts is held against the far end, too, with the key that mends it.
func TestDerivedTexts(t *testing.T) {
	t.Parallel()
	variables := func(count, length int) map[string]any {
		all := map[string]any{"PG_PASSWORD": canary}
		for i := range count {
			all[fmt.Sprintf("V%03d", i)+strings.Repeat("x", length-4)] = canary
		}
		return all
	}
	large := map[string]any{"PG_PASSWORD": canary}
	for i := range 11 {
		large[fmt.Sprintf("V%d", i)] = strings.Repeat("a", 99_000)
	}
	var repositories, manyHosts []any
	for i := range 100 {
		repositories = append(repositories, fmt.Sprintf("arn:aws:ecr:us-east-1:444455556666:repository/acme/hub-%03d", i))
	}
	for i := range 17 {
		manyHosts = append(manyHosts, fmt.Sprintf("llm-%d.example.com", i))
	}
	for name, c := range map[string]struct {
		stack, path string
		value       any
		want        []string
	}{
		"a policy of the service's name": {"aws-dev", "ecs.name", strings.Repeat("a", 103), []string{
			`ecs.name: Invalid value`, "a policy in the execution role is called aaa", "and has 128 characters at most; write a name of 102 at most"}},
		"a secret of the longest prefix": {"aws-dev", "ecs.secretPrefix", strings.Repeat("a", 256), nil},
		"a variable of a file's name": {"aws-dev", "secrets.env", map[string]any{"PG_PASSWORD": canary, "config.json": canary}, []string{
			"ecs.secretPrefix: Invalid value: \"bifrost/\": makes the secret bifrost/config.json twice"}},
		"more secrets than a policy names": {"aws-dev", "secrets.env", variables(120, 20), []string{
			"ecs.secretPrefix: Invalid value", "IAM takes 10240 in a role; shorten this and the variables' names, or keep several values as keys of one secret"}},
		"variables that no task definition takes": {"aws-dev", "gateway.env.LONG", strings.Repeat("a", 65536), []string{
			"ecs.env: Invalid value: \"65", "ECS takes 65536 in a task definition; shorten them"}},
		"a value that no secret of AWS takes": {"aws-dev", "secrets.ecsEnv", map[string]any{"LONG": strings.Repeat(canary, 20000)}, []string{
			"secrets.ecsEnv[LONG]: Forbidden: has ", "and a secret of AWS Secrets Manager takes 65536; shorten it"}},
		"a secret that no program is started with": {"azure-dev", "secrets.env.LONG", strings.Repeat("a", 131072), []string{
			"secrets.env[LONG]: Forbidden: has 131072 bytes, and Linux starts no program with a variable of more than 131072"}},
		"a variable that no program is started with": {"azure-dev", "gateway.env.LONG", strings.Repeat("a", 131072), []string{
			"gateway.env[LONG]: Too long: may not be more than 131072 bytes"}},
		"the longest variable": {"azure-dev", "gateway.env.LONG", strings.Repeat("a", 131072-len("LONG=")-1), nil},
		"variables that no Secret takes": {"azure-dev", "secrets.env", large, []string{
			"secrets.env: Forbidden: 10", "bytes in all, and a Secret of Kubernetes takes 1048576; keep some in Secrets of your own"}},
		"more repositories than a policy names": {"aws-dev", "registry.additionalRepositoryArns", repositories, []string{
			`registry.additionalRepositoryArns: Invalid value: "101 repositories"`, "IAM takes 6144; keep those that this gateway is pulled from"}},
		"more repositories than the nodes' policy names": {"aws-dev", "", map[string]any{"registry.additionalRepositoryArns": repositories,
			"eks": map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{nodeRole}}, "ecs": nil}, []string{
			`registry.additionalRepositoryArns: Invalid value: "101 repositories"`}},
		"a zone and a name in it": {"aws-dev", "ecs.clustering", map[string]any{"namespace": strings.Repeat("a123456789.", 22) + "x", "service": strings.Repeat("b", 63)}, []string{
			"ecs.clustering.namespace: Invalid value", "of 307 characters, and DNS has 253 at most; shorten this or service"}},
		"more names than a route has": {"azure-dev", "gateway.httpRoute", map[string]any{"gateway": "g", "section": "https", "hosts": manyHosts}, []string{
			"gateway.httpRoute.hosts: Too many: 17: must have at most 16 items"}},
		"a name that no ALB takes": {"aws-dev", "gateway.ingress", map[string]any{"controller": "alb", "allowHttp": true,
			"hosts": []any{strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".example.com"}}, []string{
			"gateway.ingress.hosts[0]: Invalid value", "has 133 characters, and an ALB takes 128; write a shorter name, or use another controller"}},
		"annotations of 256 KiB": {"azure-dev", "gateway.podAnnotations", map[string]any{"a": strings.Repeat("x", 128<<10), "b": strings.Repeat("x", 128<<10)}, []string{
			"gateway.podAnnotations: Too long: may not be more than 262144 bytes"}},
		"one role for both": {"aws-dev", "eks.roleName", "bifrostECSExecutionRole", []string{
			`eks.roleName: Invalid value: "bifrostECSExecutionRole": the role of ecs.roleName has this name, and there is one of a name, in capitals or not`}},
		"one policy for both": {"aws-dev", "eks.policyName", "BifrostECSPullPolicy", []string{
			`eks.policyName: Invalid value: "BifrostECSPullPolicy": the policy of ecs.policyName has this name`}},
		"a role of others": {"aws-dev", "ecs.taskRoleArn", "arn:aws:iam::111122223333:role/BifrostECSTaskRole", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, c.stack)
			if c.path != "" {
				s.set(c.path, c.value)
			} else {
				for path, value := range c.value.(map[string]any) {
					s.set(path, value)
				}
			}
			s.set("gateway.networkPolicy.fromAnywhere", true)
			if len(c.want) == 0 {
				_, err := stacks.Parse("test", rawOf(t, s))
				require.NoError(t, err)
				return
			}
			problem := only(t, s)
			for _, want := range c.want {
				require.Contains(t, problem.Error(), want)
			}
		})
	}
}

// TestMadeSecrets: each Secret that a stack makes beside the pull Secret has one of the names that no pull Secret may have.
func TestMadeSecrets(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range append(withDefaults(t), stackFile(t, "azure-dev").set("gateway.clustering.type", "broker").set("secrets.brokerToken", canary).
		set("gateway.migrationJob", true)) {
		c := s.parsed(t, "test")
		for _, r := range record(t, "test", s).Of("kubernetes:core/v1:Secret") {
			name := r.Input(t, "metadata").(map[string]any)["name"].(string)
			if c.Eks != nil && name == c.Eks.SecretName || c.Aks != nil && name == c.Aks.SecretName ||
				c.Gke != nil && name == c.Gke.SecretName ||
				c.Kubernetes != nil && name == c.Kubernetes.SecretName {
				continue
			}
			found++
			require.Contains(t, kubernetes.MadeSecrets(), name)
		}
	}
	require.Greater(t, found, 5)
}

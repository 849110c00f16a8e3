package components_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sdks are packages that are compiled for one cloud, or for Kubernetes, alone.
var sdks = map[string]string{
	"AWS":        "github.com/pulumi/pulumi-aws/",
	"Azure":      "github.com/pulumi/pulumi-azure-native-sdk/",
	"Google":     "github.com/pulumi/pulumi-gcp/",
	"Kubernetes": "github.com/pulumi/pulumi-kubernetes/",
	"ECS":        "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs",
}

// TestCompiled: importing a package compiles what it needs, and no more (docs/decisions/0010-compile-cost.md).
func TestCompiled(t *testing.T) {
	for name, needs := range map[string][]string{
		"bifrost/components/aws":              {"AWS"},
		"bifrost/components/ecs":              {"AWS", "ECS"},
		"bifrost/components/azure":            {"Azure"},
		"bifrost/components/gcp":              {"Google"},
		"bifrost/components/kubernetes":       {"Kubernetes"},
		"bifrost/image":                       nil,
		"bifrost/internal/gateway":            nil,
		"bifrost/internal/gateway/configjson": nil,
		"bifrost/internal/component":          nil,
	} {
		t.Run(name, func(t *testing.T) {
			compiled := compiled(t, name)
			var found []string
			for sdk, prefix := range sdks {
				if anyBelow(compiled, prefix) {
					found = append(found, sdk)
				}
			}
			require.ElementsMatch(t, needs, found)
			for _, other := range compiled {
				require.False(t, other != name && strings.HasPrefix(other, "bifrost/components"), "it knows another component: %s", other)
			}
		})
	}
}

// TestCompiledOfTheProgram: packages of the SDKs that cost most are typed by hand, or do without.
func TestCompiledOfTheProgram(t *testing.T) {
	compiled := compiled(t, "bifrost")
	for _, prefix := range []string{
		"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53",
		"github.com/pulumi/pulumi-azure-native-sdk/containerservice",
		"github.com/pulumi/pulumi-azure-native-sdk/authorization",
	} {
		require.False(t, anyBelow(compiled, prefix), prefix)
	}
	require.True(t, anyBelow(compiled, "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"), "the list proves nothing")
}

// compiled are the packages that a build of the package compiles.
func compiled(t *testing.T, name string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", name).Output()
	require.NoError(t, err)
	all := strings.Fields(string(out))
	require.Contains(t, all, name)
	return all
}

func anyBelow(packages []string, prefix string) bool {
	return slices.ContainsFunc(packages, func(name string) bool { return strings.HasPrefix(name, prefix) })
}

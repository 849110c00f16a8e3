package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/verify"
)

// TestSandboxMends: what mends a stack in the sandbox is a command of the sandbox, or an edit.
func TestSandboxMends(t *testing.T) {
	t.Parallel()
	for pulumi, want := range map[string]string{
		"pulumi up --stack prod":                          "bin/bifrostctl sandbox up prod",
		"pulumi up --refresh --stack prod":                "bin/bifrostctl sandbox up prod --refresh",
		"pulumi refresh --stack prod":                     "bin/bifrostctl sandbox up prod --refresh",
		"write a tag into registry.image, then pulumi up": "write a tag into registry.image, then bin/bifrostctl sandbox up prod",
		"pulumi config set --stack prod --path 'bifrost:gateway.memoryLimit' 4Gi, then pulumi up":                                          "write gateway.memoryLimit: 4Gi into Pulumi.prod.yaml, then bin/bifrostctl sandbox up prod",
		"pulumi config set --stack prod bifrost:rollout full":                                                                              "write rollout: full into Pulumi.prod.yaml",
		"pulumi config set --stack prod --secret --path 'bifrost:secrets.adminPassword', then pulumi up --refresh --stack prod":            "bin/bifrostctl sandbox up prod --refresh --set secrets.adminPassword=VALUE",
		"aws eks list-clusters --region us-east-1, then pulumi config set --stack prod --path 'bifrost:eks.clusterName' NAME; docs/eks.md": "aws eks list-clusters --region us-east-1, then write eks.clusterName: NAME into Pulumi.prod.yaml; docs/eks.md",
		"kubectl get pods": "kubectl get pods",
	} {
		require.Equal(t, want, verify.SandboxMend("prod", pulumi))
	}
}

package kubernetes_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

func TestOwnedElsewhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"scaled": {`Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas`,
			[]string{"`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up`", "gateway.replicas", "gateway.autoscaling"}},
		"edited": {`Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data`,
			[]string{"`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up`", "kubectl edit"}},
		"another failure": {"the object has been modified; please apply your changes to the latest version", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			advice := kubernetes.OwnedElsewhere(&pulumi.ErrorHookArgs{FailedOperation: "update", Errors: []string{c.text}})
			if c.want == nil {
				require.Empty(t, advice)
				return
			}
			for _, want := range c.want {
				require.Contains(t, advice, want)
			}
		})
	}
	require.Empty(t, kubernetes.OwnedElsewhere(&pulumi.ErrorHookArgs{}))
}

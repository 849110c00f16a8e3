package stacks_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/examples/transforms"
)

// TestTransforms: the example changes what the cluster gets, and nothing on the second run.
func TestTransforms(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	s.Engine.SetProgram(func(ctx *pulumi.Context) error {
		if err := transforms.Register(ctx); err != nil {
			return err
		}
		return s.Deploy(ctx)
	})
	up := s.Engine.MustUp()
	var spec resource.PropertyMap
	for _, r := range up.Snapshot.Resources {
		if r.Type == "kubernetes:apps/v1:Deployment" {
			spec = r.Inputs["spec"].ObjectValue()
		}
	}
	require.NotNil(t, spec, "there is no Deployment")
	require.Equal(t, 3.0, spec["revisionHistoryLimit"].NumberValue())
	pod := spec["template"].ObjectValue()["spec"].ObjectValue()
	require.Equal(t, "1", pod["dnsConfig"].ObjectValue()["options"].ArrayValue()[0].ObjectValue()["value"].StringValue())
	stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
}

package sandbox

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/examples/transforms"
	"bifrost/stacks"
)

// TestTransforms: the example changes what the cluster gets, and nothing on the second run.
func TestTransforms(t *testing.T) {
	s := newStackIn(t, "azure-dev", cloud.NewWorld())
	s.engine.SetProgram(func(ctx *pulumi.Context) error {
		if err := transforms.Register(ctx); err != nil {
			return err
		}
		return stacks.Deploy(ctx, stacks.Options{Dir: "../..", Keys: s.keys})
	})
	up := s.engine.MustUp()
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
	onlySame(t, s.engine.MustUp(), "nothing changed since")
}

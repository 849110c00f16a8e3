package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/internal/stacktest/anyapp"
	"bifrost/bifrostctl/sandbox/cloud"
)

// TestAnyApp: the example goes up with the values of its stack file, pull included, and fails where its role may not pull.
func TestAnyApp(t *testing.T) {
	t.Parallel()
	w := cloud.NewWorld()
	e := anyapp.New(t, w)
	up := e.MustUp()
	require.Equal(t, "arn:aws:iam::123456789012:role/EksECRPullRole", up.Outputs["roleArn"].StringValue())
	require.Empty(t, w.Warnings)
	stacktest.OnlySame(t, e.MustUp(), "nothing changed since")

	edits.Removed(edits.AttachmentType, "")(t, w)
	e.Set(stacktest.Prefix+"image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-repo:1.4.3")
	require.Contains(t, e.Up().Messages(), "Amazon ECR pull: no pull permission: no policy of arn:aws:iam::123456789012:role/EksECRPullRole")
}

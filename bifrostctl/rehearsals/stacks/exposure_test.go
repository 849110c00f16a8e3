package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// TestExistingNamespaceBehindAnAlb: what is not changed here is said, with the command, as long as it is so; the outputs have the address.
func TestExistingNamespaceBehindAnAlb(t *testing.T) {
	t.Parallel()
	way := stacktest.Way{Stack: "aws-dev", Settings: []string{stacktest.OnlyEKS}, InFile: []string{
		"gateway.existingNamespace=true",
		"gateway.ingress={controller: alb, hosts: [llm.example.com], certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001'}",
		"gateway.networkPolicy={from: [{cidr: 10.0.0.0/16}]}",
	}}
	s := way.Start(t)
	up := s.Engine.MustUp()
	require.Contains(t, up.Messages(), "kubectl label namespace bifrost elbv2.k8s.aws/pod-readiness-gate-inject=enabled")
	require.Equal(t, "bifrost.bifrost.ingress.sandbox.example", up.Outputs["eks"].ObjectValue()["ingressAddress"].V)
	stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed")
}

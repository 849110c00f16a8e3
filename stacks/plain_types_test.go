package stacks

import (
	"encoding/json"
	"testing"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/stretchr/testify/require"
)

// TestResolvedLeavesThePlainValue: what becomes inputs is a copy, lists and what is pointed to included.
func TestResolvedLeavesThePlainValue(t *testing.T) {
	t.Parallel()
	plain := networkingv1.NetworkPolicyEgressRule{Ports: []networkingv1.NetworkPolicyPort{{Port: json.Number("8443")}}}
	resolved[networkingv1.NetworkPolicyEgressRule, networkingv1.NetworkPolicyEgressRuleOutput](plain)
	require.Equal(t, json.Number("8443"), plain.Ports[0].Port)
}

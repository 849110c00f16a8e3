package verify_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/report"
	"bifrost/bifrostctl/world"
)

// TestPolicyEngines: verify says what enforces network policies, whoever has installed it.
func TestPolicyEngines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		way  way
		edit edits.Edit
		want string
	}{
		"EKS":                          {byKubelet, eksPolicies(""), "by the Amazon VPC CNI"},
		"EKS, a VPC CNI of one's own":  {byKubelet, eksPolicies(world.SelfManaged), "by the Amazon VPC CNI"},
		"EKS, Calico beside the CNI":   {byKubelet, eksPolicies(world.Calico), "by Calico"},
		"EKS, Cilium":                  {byKubelet, eksPolicies(world.Cilium), "by Cilium"},
		"EKS Auto Mode":                {byKubelet, eksPolicies(world.AutoMode), "by EKS Auto Mode"},
		"AKS":                          {trustAKS, aksPolicies(""), "by Cilium"},
		"AKS, Azure's manager":         {trustAKS, aksPolicies(world.AzureManager), "by Azure Network Policy Manager"},
		"AKS, Calico":                  {trustAKS, aksPolicies(world.Calico), "by Calico"},
		"AKS, Cilium on one's own CNI": {trustAKS, aksPolicies(world.Cilium), "by Cilium"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stand(t, c.way)
			c.edit(t, r.World)
			text, err := r.verify(verify.Options{Format: report.Table})
			require.NoError(t, err)
			require.Contains(t, text, "√ the cluster enforces the stack's network policies: "+c.want+"\n")
		})
	}
}

// TestNoPolicies: nobody who wants none is asked for what enforces them.
func TestNoPolicies(t *testing.T) {
	t.Parallel()
	for _, w := range []way{
		{Name: "EKS", Stack: "aws-dev", Settings: []string{"ecs=null", "gateway.networkPolicy.disabled=true"}, First: eksPolicies(world.NoEngine)},
		{Name: "AKS", Stack: "azure-dev", Settings: []string{"gateway.networkPolicy.disabled=true"}, First: aksPolicies(world.NoEngine)},
		{Name: "ECS", Stack: "aws-dev", Settings: []string{"eks=null"}},
	} {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			text, err := rehearse(t, w).up().verify(verify.Options{Format: report.Table})
			require.NoError(t, err)
			require.NotContains(t, text, "enforces the stack's network policies")
		})
	}
}

// TestPolicyEnginesUnread: who may not look into kube-system is told what the cloud says, and where that is not enough, that nobody knows:
// others may have installed something.
func TestPolicyEnginesUnread(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		way    way
		edit   edits.Edit
		reason string
	}{
		"EKS, on":  {byKubelet, eksPolicies(""), ""},
		"EKS, off": {byKubelet, eksPolicies(world.NoEngine), "you may not; its add-on vpc-cni has not enableNetworkPolicy"},
		"AKS, on":  {trustAKS, aksPolicies(""), ""},
		"AKS, off": {trustAKS, aksPolicies(world.NoEngine), "you may not; its network policy engine is none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stand(t, c.way)
			c.edit(t, r.World)
			found := bad(r.documentOf(r.changed(func(_ context.Context, client kubernetes.Interface) {
				client.(*fake.Clientset).PrependReactor("list", "daemonsets", func(clienttesting.Action) (bool, runtime.Object, error) {
					return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "daemonsets"}, "", errors.New("you may not"))
				})
			}), verify.Options{}))
			if c.reason == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Equal(t, policiesCode, found[0].Code)
			require.Equal(t, check.Warning, found[0].Result)
			require.Contains(t, found[0].Error, c.reason)
		})
	}
}

package kubernetes

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
)

// TestAChangeLeavesOthersFieldsAlone: of what the program ignores, a request holds what nobody else owns, as it is.
func TestAChangeLeavesOthersFieldsAlone(t *testing.T) {
	k := kindOf(pulumitype.KubernetesSecret)
	in := double.Object{"metadata": double.Object{"name": "pull", "namespace": "ns", "labels": double.Object{"a": "new"}}, "data": double.Object{"k": "bGl2ZQ=="}}
	request := func(owner string) double.Object {
		found := double.Object{"metadata": double.Object{"name": "pull", "managedFields": []any{
			double.Object{"manager": owner, "fieldsV1": double.Object{"f:data": double.Object{"f:k": double.Object{}}}},
		}}}
		return k.request(&double.Call{World: served.New(), Session: &session{}, IgnoreChanges: []string{"data"}}, found, in, k.manager(&double.Call{}, "ns/pull", nil))
	}
	require.Equal(t, double.Object{"k": "bGl2ZQ=="}, request(k.manager(&double.Call{}, "ns/pull", nil))["data"])
	refreshed := request("refresher")
	require.NotContains(t, refreshed, "data")
	require.Equal(t, "new", double.Get(refreshed, "metadata.labels.a"))
	require.Equal(t, "Secret", refreshed["kind"])
	require.Contains(t, in, "data", "the inputs stay")
}

func TestLiveNames(t *testing.T) {
	secret := kindOf(pulumitype.KubernetesSecret)
	require.Regexp(t, `^pulumi-kubernetes-[0-9a-f]{8}$`, secret.manager(&double.Call{}, "ns/a", nil))
	require.Equal(t, secret.manager(&double.Call{}, "ns/a", nil), secret.manager(&double.Call{}, "ns/a", nil))
	require.NotEqual(t, secret.manager(&double.Call{}, "ns/a", nil), secret.manager(&double.Call{}, "ns/b", nil))
	annotated := double.Object{"metadata": double.Object{"annotations": double.Object{fieldManager: "somebody"}}}
	call := &double.Call{}
	require.Equal(t, "somebody", secret.manager(call, "ns/a", annotated))
	call.State = remembered(call, double.Object{}, annotated)
	require.Equal(t, "somebody", secret.manager(call, "ns/a", nil), "the owner stays when the program no longer names it")

	ref := kindOf(pulumitype.KubernetesRole).ref("ns/r")
	require.Equal(t, "rbac.authorization.k8s.io/v1, Resource=roles", ref.Resource.String())
	require.Equal(t, []string{"ns", "r"}, []string{ref.Namespace, ref.Name})
	ref = kindOf(pulumitype.KubernetesNamespace).ref("ns")
	require.Equal(t, []string{"", "ns"}, []string{ref.Namespace, ref.Name})
}

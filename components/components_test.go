package components_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/aws"
	"bifrost/components/azure"
	"bifrost/components/ecs"
	"bifrost/components/gcp"
	"bifrost/components/kubernetes"
)

// TestTags: a field without a tag would be missing in every other language.
func TestTags(t *testing.T) {
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.Name == "DependsOn" || !f.IsExported() {
				continue
			}
			require.NotEmpty(t, f.Tag.Get("pulumi"), "%s.%s", typ.Name(), f.Name)
			if element := f.Type; element.Kind() == reflect.Pointer && element.Elem().PkgPath() == typ.PkgPath() {
				check(element.Elem())
			}
		}
	}
	for _, args := range []any{
		kubernetes.BifrostNamespaceArgs{}, kubernetes.BifrostWorkloadArgs{}, kubernetes.BifrostBrokerArgs{}, kubernetes.NetworkPeer{},
		kubernetes.SecretKeyRef{}, kubernetes.PullSecretArgs{}, aws.EcrPullRoleArgs{}, aws.EcrNodePullArgs{}, aws.EksGatewayRoleArgs{},
		ecs.EcsServiceArgs{}, azure.AksWorkloadIdentityArgs{}, gcp.GcpFederationArgs{},
	} {
		check(reflect.TypeOf(args))
	}
}

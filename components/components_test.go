package components_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

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

// TestPaths: problems stand below the path that the caller gives, also where all is missing.
func TestPaths(t *testing.T) {
	for _, args := range []interface {
		Validate(*field.Path) field.ErrorList
	}{
		&kubernetes.PullSecretArgs{}, &kubernetes.PullSecretArgs{Ecr: &kubernetes.EcrTokenArgs{}},
		&kubernetes.PullSecretArgs{ArtifactRegistry: &kubernetes.ArtifactRegistryTokenArgs{Entra: &kubernetes.EntraExchangeArgs{}}},
		&aws.EcrPullRoleArgs{}, &aws.EcrPullRoleArgs{Irsa: &aws.IrsaTrustArgs{}}, &aws.EcrPullRoleArgs{PodIdentity: &aws.PodIdentityTrustArgs{}},
		&aws.EcrPullRoleArgs{EcsTasks: &aws.EcsTasksTrustArgs{}}, &aws.EcrNodePullArgs{}, &aws.EksGatewayRoleArgs{},
		&azure.AksWorkloadIdentityArgs{}, &gcp.GcpFederationArgs{}, &ecs.EcsServiceArgs{},
		&kubernetes.BifrostWorkloadArgs{}, &kubernetes.BifrostBrokerArgs{}, &kubernetes.BifrostNamespaceArgs{Name: "A B"},
	} {
		below, alone := args.Validate(field.NewPath("given")), args.Validate(nil)
		require.NotEmpty(t, below)
		require.Len(t, alone, len(below))
		for i, p := range below {
			require.Equal(t, "given."+alone[i].Field, p.Field)
		}
	}
}

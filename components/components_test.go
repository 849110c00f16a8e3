package components

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	azure "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/graphtest"
)

// build makes one component with an explicit provider of each cloud.
func build(make func(*pulumi.Context, pulumi.ResourceOption) error) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		a, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		z, err := azure.NewProvider(ctx, "azure", &azure.ProviderArgs{})
		if err != nil {
			return err
		}
		k, err := kubernetes.NewProvider(ctx, "k8s", &kubernetes.ProviderArgs{})
		if err != nil {
			return err
		}
		g, err := gcp.NewProvider(ctx, "gcp", &gcp.ProviderArgs{})
		if err != nil {
			return err
		}
		return make(ctx, pulumi.Providers(a, z, k, g))
	}
}

// record makes a component that must be accepted; all its children are below it and have explicit providers.
func record(t *testing.T, make func(*pulumi.Context, pulumi.ResourceOption) error) *graphtest.Graph {
	t.Helper()
	g := &graphtest.Graph{Answers: map[string]func(resource.PropertyMap) (resource.PropertyMap, error){
		"aws:ecs/getService:getService": func(args resource.PropertyMap) (resource.PropertyMap, error) {
			name := "x-task-definition"
			if strings.HasSuffix(args["serviceName"].StringValue(), "-broker") {
				name = "x-broker-task-definition"
			}
			return resource.NewPropertyMapFromMap(map[string]any{"taskDefinition": "arn:aws:test:us-east-1:111122223333:" + name}), nil
		},
	}}
	require.NoError(t, g.Run(build(make)))
	g.RequireProviders(t)
	g.RequireSettled(t)
	return g
}

// requireRefused checks the paths of all problems, and that the constructor refuses the same and registers nothing.
func requireRefused(t *testing.T, problems field.ErrorList, paths []string, make func(*pulumi.Context, pulumi.ResourceOption) error) {
	t.Helper()
	var got []string
	for _, p := range problems {
		got = append(got, p.Field)
	}
	require.ElementsMatch(t, paths, got)

	g := &graphtest.Graph{}
	err := g.Run(build(make))
	for _, p := range problems {
		require.ErrorContains(t, err, p.Error())
	}
	for _, r := range g.Resources {
		require.Contains(t, r.Type, "pulumi:providers:", "a refusal registered %s", r.URN)
	}
}

const (
	accountID  = "111122223333"
	repository = "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub"
	image      = "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:1.5.2"
	canary     = "canary-77aa"
)

func secret(s string) pulumi.StringInput {
	return pulumi.ToSecret(pulumi.String(s)).(pulumi.StringOutput)
}

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
		BifrostNamespaceArgs{}, BifrostWorkloadArgs{}, NetworkPeer{}, SecretKeyRef{}, PullSecretArgs{}, EcrPullRoleArgs{}, EcrNodePullArgs{},
		EksGatewayRoleArgs{}, EcsServiceArgs{}, AksWorkloadIdentityArgs{}, GcpFederationArgs{},
	} {
		check(reflect.TypeOf(args))
	}
}

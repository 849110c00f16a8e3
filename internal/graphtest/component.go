package graphtest

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What tests of components have in common.
const (
	AccountId  = "111122223333"
	Repository = "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub"
	Image      = "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:1.5.2"
	// Canary is a part of secret values: where it is found in clear, a secret leaks.
	Canary = "canary-77aa"
)

// Secret is a text as a Pulumi secret.
func Secret(s string) pulumi.StringInput {
	return pulumi.ToSecret(pulumi.String(s)).(pulumi.StringOutput)
}

// provider is an explicit provider. Its package is named by the type token alone, so that no test compiles a cloud's SDK for it.
type provider struct{ pulumi.ProviderResourceState }

// Build makes one component with an explicit provider of each cloud.
func Build(make func(*pulumi.Context, pulumi.ResourceOption) error) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var providers []pulumi.ProviderResource
		for _, of := range []struct{ cloud, name string }{{"aws", "aws"}, {"azure-native", "azure"}, {"kubernetes", "k8s"},
			{"gcp", "gcp"}} {
			p := &provider{}
			if err := ctx.RegisterResource("pulumi:providers:"+of.cloud, of.name, pulumi.Map{}, p); err != nil {
				return err
			}
			providers = append(providers, p)
		}
		return make(ctx, pulumi.Providers(providers...))
	}
}

// Record makes a component that must be accepted; all its children are below it and have explicit providers.
func Record(t *testing.T, make func(*pulumi.Context, pulumi.ResourceOption) error) *Graph {
	t.Helper()
	g := &Graph{Answers: map[string]func(resource.PropertyMap) (resource.PropertyMap, error){
		"aws:ecs/getService:getService": func(args resource.PropertyMap) (resource.PropertyMap, error) {
			name := "x-task-definition"
			if strings.HasSuffix(args["serviceName"].StringValue(), "-broker") {
				name = "x-broker-task-definition"
			}
			return resource.NewPropertyMapFromMap(map[string]any{"taskDefinition": "arn:aws:test:us-east-1:111122223333:" + name}), nil
		},
		"aws:ecs/getCluster:getCluster": func(resource.PropertyMap) (resource.PropertyMap, error) {
			return resource.NewPropertyMapFromMap(map[string]any{"runningTasksCount": 2}), nil
		},
	}}
	require.NoError(t, g.Run(Build(make)))
	g.RequireProviders(t)
	g.RequireSettled(t)
	return g
}

// RequireRefused checks the paths of all problems, and that the constructor refuses the same and registers nothing.
func RequireRefused(t *testing.T, problems field.ErrorList, paths []string, make func(*pulumi.Context, pulumi.ResourceOption) error) {
	t.Helper()
	var got []string
	for _, p := range problems {
		got = append(got, p.Field)
	}
	require.ElementsMatch(t, paths, got)

	g := &Graph{}
	err := g.Run(Build(make))
	for _, p := range problems {
		require.ErrorContains(t, err, p.Error())
	}
	for _, r := range g.Resources {
		require.Contains(t, r.Type, "pulumi:providers:", "a refusal registered %s", r.URN)
	}
}

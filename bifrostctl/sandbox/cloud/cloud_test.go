package cloud_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
)

func logGroups(names ...string) pulumi.RunFunc {
	var resources []enginetest.Resource
	for _, name := range names {
		resources = append(resources, enginetest.Resource{Type: "aws:cloudwatch/logGroup:LogGroup", Name: name, Props: pulumi.Map{"name": pulumi.String(name)}})
	}
	return enginetest.Program(euWest1, resources...)
}

func euWest1(ctx *pulumi.Context) (pulumi.ProviderResource, error) {
	return aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("eu-west-1")})
}

func TestServers(t *testing.T) {
	servers, err := cloud.Serve(cloud.NewWorld())
	require.NoError(t, err)
	defer servers.Stop()
	require.Equal(t, []string{"aws", "azure-native", "gcp", "kubernetes"}, servers.Packages())
	require.Empty(t, servers.Addr("random"))
	for _, part := range strings.Split(servers.DebugProviders(), ",") {
		pkg, port, found := strings.Cut(part, ":")
		require.True(t, found)
		require.Equal(t, "127.0.0.1:"+port, servers.Addr(pkg))
	}
}

// Who leaves a provider out attaches to the real one in its place.
func TestServersOfSomeProviders(t *testing.T) {
	servers, err := cloud.Serve(cloud.NewWorld(), "kubernetes", "aws")
	require.NoError(t, err)
	defer servers.Stop()
	require.Equal(t, []string{"aws", "kubernetes"}, servers.Packages())
	_, err = cloud.Serve(cloud.NewWorld(), "gpc")
	require.EqualError(t, err, `the sandbox has no provider "gpc", but aws, azure-native, kubernetes, gcp`)
}

// What was made although its answer was lost can be imported, and is not made twice.
func TestLostAnswerIsImported(t *testing.T) {
	w := cloud.NewWorld()
	w.SeedAWS(cloud.AWSAccount{ID: "111122223333"})
	e := enginetest.New(t, w, logGroups("one"), nil)
	e.Fault("type=aws:cloudwatch/logGroup:LogGroup,op=create,when=after,error=timeout")
	require.Contains(t, e.Up().Messages(), "pulumi import aws:cloudwatch/logGroup:LogGroup one 'one'")
	require.Contains(t, e.Up().Messages(), "ResourceAlreadyExistsException")

	e.SetProgram(enginetest.Program(euWest1, enginetest.Resource{
		Type: "aws:cloudwatch/logGroup:LogGroup", Name: "one", Props: pulumi.Map{"name": pulumi.String("one")},
		Options: []pulumi.ResourceOption{pulumi.Import(pulumi.ID("one"))},
	}))
	require.Contains(t, e.MustUp().Plan(), "import LogGroup one")
	e.SetProgram(logGroups("one"))
	require.Empty(t, e.MustUp().Plan())
	require.Len(t, w.Resources, 1)
}

// Each change is saved at once: what an interrupted deployment made is still there for the next one.
func TestEveryChangeIsSaved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world.json")
	w := cloud.NewWorld()
	w.SeedAWS(cloud.AWSAccount{ID: "111122223333"})
	w.AutoSave(file)
	e := enginetest.New(t, w, logGroups("one", "two"), nil)
	e.MustUp()
	saved, err := cloud.Load(file)
	require.NoError(t, err)
	require.Equal(t, w.Resources, saved.Resources)
	require.Len(t, saved.Resources, 2)

	require.NoError(t, e.Destroy().Err)
	saved, err = cloud.Load(file)
	require.NoError(t, err)
	require.Empty(t, saved.Resources)
}

// A world that cannot be saved fails the deployment: otherwise the next command would make everything twice.
func TestUnsavedChangeIsAnError(t *testing.T) {
	w := cloud.NewWorld()
	w.SeedAWS(cloud.AWSAccount{ID: "111122223333"})
	w.AutoSave(filepath.Join(t.TempDir(), "none", "world.json"))
	require.Contains(t, enginetest.New(t, w, logGroups("one"), nil).Up().Messages(), "save the sandbox's state")
}

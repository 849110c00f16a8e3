package sandbox

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"example.com/any-app/app"
)

// TestAnyApp: the example goes up with the values of its stack file, pull included, and fails where its role may not pull.
func TestAnyApp(t *testing.T) {
	w := cloud.NewWorld()
	e := anyApp(t, w)
	up := e.MustUp()
	require.Equal(t, "arn:aws:iam::123456789012:role/EksECRPullRole", up.Outputs["roleArn"].StringValue())
	require.Empty(t, w.Warnings)
	onlySame(t, e.MustUp(), "nothing changed since")

	edits.Removed(attachmentType, "")(t, w)
	e.Set(projectName+":image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-repo:1.4.3")
	require.Contains(t, e.Up().Messages(), "Amazon ECR pull: no pull permission: no policy of arn:aws:iam::123456789012:role/EksECRPullRole")
}

// TestAnyAppOnRealCluster is a part of the end-to-end tests, which run it with a cluster and a folder for network.json.
func TestAnyAppOnRealCluster(t *testing.T) {
	kubeconfig, dir := os.Getenv("BIFROST_E2E_KUBECONFIG"), os.Getenv("BIFROST_E2E_STATE")
	if kubeconfig == "" || dir == "" {
		t.Skip("run by make e2e")
	}
	cluster, err := cloud.Connect(t.Context(), kubeconfig)
	require.NoError(t, err)
	w := cloud.NewWorld()
	w.Live = cluster
	e := anyApp(t, w)
	withdraw, err := folders{dir}.publish(w)
	require.NoError(t, err)
	defer func() { require.NoError(t, withdraw()) }()
	e.MustUp()
	require.Empty(t, warnings(w))
	onlySame(t, e.MustUp(), "nothing changed since")
	gone := e.Destroy()
	require.NoError(t, gone.Err, gone.Diagnostics)
}

// anyApp is the example's stack in a world with the cluster and the repository that its stack file names.
func anyApp(t *testing.T, w *cloud.World) *enginetest.Engine {
	t.Helper()
	text, err := os.ReadFile("../../examples/any-app/Pulumi.dev.yaml")
	require.NoError(t, err)
	var file struct{ Config map[string]string }
	require.NoError(t, yaml.Unmarshal(text, &file))
	account := file.Config["any-app:accountId"]
	w.SeedAWS(cloud.AWSAccount{ID: account, EKS: []cloud.EKSCluster{{
		Name: "dev", Region: "us-east-1", Version: "1.34", API: w.API(), OIDCProvider: true, NodeRoles: []string{"dev-node"},
	}}})
	w.SeedECR(world.ECRRepository{Account: account, Region: "us-east-1", Name: "my-repo"})
	e := enginetest.New(t, w, app.Program, nil)
	for key, value := range file.Config {
		e.Set(strings.Replace(key, "any-app:", projectName+":", 1), value)
	}
	return e
}

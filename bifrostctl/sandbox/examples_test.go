package sandbox

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/world"
	"bifrost/examples/any-app/app"
)

// TestAnyApp: the example goes up with the values of its stack file, pull included, and fails where its role may not pull.
func TestAnyApp(t *testing.T) {
	text, err := os.ReadFile("../../examples/any-app/Pulumi.dev.yaml")
	require.NoError(t, err)
	var file struct{ Config map[string]string }
	require.NoError(t, yaml.Unmarshal(text, &file))

	w := cloud.NewWorld()
	account := file.Config["any-app:accountId"]
	w.SeedAWS(cloud.AWSAccount{ID: account, EKS: []cloud.EKSCluster{{Name: "dev", Region: "us-east-1", Version: "1.34", OIDCProvider: true, NodeRoles: []string{"dev-node"}}}})
	w.SeedECR(world.ECRRepository{Account: account, Region: "us-east-1", Name: "my-repo"})
	e := enginetest.New(t, w, app.Program, nil)
	for key, value := range file.Config {
		e.Set(strings.Replace(key, "any-app:", projectName+":", 1), value)
	}
	up := e.MustUp()
	require.Equal(t, "arn:aws:iam::123456789012:role/EksECRPullRole", up.Outputs["roleArn"].StringValue())
	require.Empty(t, w.Warnings)
	onlySame(t, e.MustUp(), "nothing changed since")

	removed(attachmentType, "")(t, w)
	e.Set(projectName+":image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-repo:1.4.3")
	require.Contains(t, e.Up().Messages(), "Amazon ECR pull: no pull permission: no policy of arn:aws:iam::123456789012:role/EksECRPullRole")
}

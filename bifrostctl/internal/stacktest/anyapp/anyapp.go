// Package anyapp runs the example any-app, which is a program of its own.
package anyapp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"example.com/any-app/app"
)

// New is the example's stack in a world with the cluster and the repository that its stack file names.
func New(t testing.TB, w *cloud.World) *enginetest.Engine {
	t.Helper()
	project, err := projectdir.Find("")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(project, "examples/any-app/Pulumi.dev.yaml"))
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
		e.Set(strings.Replace(key, "any-app:", enginetest.Project+":", 1), value)
	}
	return e
}

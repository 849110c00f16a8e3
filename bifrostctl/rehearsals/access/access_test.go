// Package access_test holds the ready files below access/ against what stacks ask for on the real engine: the judges of the sandbox decide.
package access_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/stacktest"
)

// object is what a stack's state holds of one resource: its inputs, with its outputs over them, and its id.
type object map[string]any

func (o object) text(name string) string {
	text, _ := o[name].(string)
	return text
}

func objectOf(r *resource.State) object {
	o := object(r.Inputs.Mappable())
	maps.Copy(o, r.Outputs.Mappable())
	o["id"] = string(r.ID)
	return o
}

// file reads one of the ready files.
func file(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(stacktest.Project(t), "access", path))
	require.NoError(t, err)
	return text
}

// made are the resources of a stack's state that a cloud or a cluster holds.
func made(up *enginetest.Result, provider string) []*resource.State {
	var custom []*resource.State
	for _, r := range up.Snapshot.Resources {
		if r.Custom && string(r.Type.Package()) == provider {
			custom = append(custom, r)
		}
	}
	return custom
}

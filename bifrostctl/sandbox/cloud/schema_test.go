package cloud_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"

	"bifrost/bifrostctl/sandbox/cloud"
)

// modules are the modules of the providers' SDKs.
var modules = map[string]string{
	"aws":          "github.com/pulumi/pulumi-aws/sdk/v6",
	"azure-native": "github.com/pulumi/pulumi-azure-native-sdk/v2",
	"gcp":          "github.com/pulumi/pulumi-gcp/sdk/v7",
	"kubernetes":   "github.com/pulumi/pulumi-kubernetes/sdk/v4",
}

// TestSchemaIsOfTheVersionInUse: whoever raises an SDK looks through the lists of its provider, and writes the new version above them.
func TestSchemaIsOfTheVersionInUse(t *testing.T) {
	text, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	file, err := modfile.Parse("go.mod", text, nil)
	require.NoError(t, err)
	required := map[string]string{}
	for _, r := range file.Require {
		required[r.Mod.Path] = r.Mod.Version
	}
	for _, p := range cloud.Providers() {
		require.Equal(t, required[modules[p.Package]], "v"+p.Schema.Version, "the lists of provider %s", p.Package)
	}
}

// TestEveryTypeIsDescribed: the lists name the types that are modelled, and no other.
func TestEveryTypeIsDescribed(t *testing.T) {
	for _, p := range cloud.Providers() {
		require.ElementsMatch(t, slices.Collect(maps.Keys(p.Types)), slices.Collect(maps.Keys(p.Schema.Types)), p.Package)
	}
}

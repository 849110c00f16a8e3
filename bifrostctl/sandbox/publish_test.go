package sandbox

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/bifrostctl/world"
)

// TestPublish: a tag that the vendor has not published is refused, whoever names it; once it is published the upgrade goes through. A tag
// that moves has another digest, and its former one can still be pulled.
func TestPublish(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	requireCLI(t, dir)
	request := Request{Operation: Up, Stack: "azure-dev", Dir: dir, State: t.TempDir(), Self: "bin/x", JSON: true}
	var stdout, stderr bytes.Buffer
	runner := Runner{Program: Bifrost, Stdout: &stdout, Stderr: &stderr}
	require.NoError(t, runner.Run(t.Context(), request))
	require.Contains(t, stderr.String(), "The sandbox has, as yours must have before the first up:\n  Image europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.1.0\n")

	upgrade := request
	upgrade.Set = []string{"registry.image=europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.2.0"}
	stderr.Reset()
	err = runner.Run(t.Context(), upgrade)
	require.ErrorContains(t, err, "image not found")
	require.ErrorContains(t, err, "bin/x sandbox publish azure-dev")
	require.NotContains(t, stderr.String(), "The sandbox has", "nothing is given anew")
	stdout.Reset()
	look := upgrade
	look.Operation, look.JSON = Preview, false
	require.NoError(t, runner.Run(t.Context(), look))
	require.Contains(t, stdout.String(), "The vendor's registry has no europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.2.0, and an up would "+
		"fail to pull it. To publish it, and to deploy:\n  bin/x sandbox publish azure-dev 2.2.0 ")
	stdout.Reset()
	require.NoError(t, runner.Publish(request, []string{"2.2.0"}))
	const id = "projects/bifrost-dist/locations/europe-west1/repositories/acme-hub"
	require.Equal(t, id+"\t2.1.0\n"+id+"\t2.2.0\n", stdout.String())
	require.NoError(t, runner.Run(t.Context(), upgrade))
	stdout.Reset()
	require.NoError(t, runner.Run(t.Context(), look))
	require.NotContains(t, stdout.String(), "registry has no")

	repository := func() *cloud.Resource {
		clouds, err := cloud.Load(filepath.Join(request.State, "azure-dev", "world.json"))
		require.NoError(t, err)
		return clouds.Repositories()[0]
	}
	former := registry.Digest(repository(), "2.2.0")
	require.NoError(t, runner.Publish(request, []string{"2.2.0"}))
	moved := registry.Digest(repository(), "2.2.0")
	require.NotEqual(t, former, moved)
	for reference, has := range map[string]bool{"2.2.0": true, former: true, moved: true, "2.3.0": false, "sha256:0": false} {
		require.Equal(t, has, registry.Has(repository(), reference), reference)
	}

	// An image that is somewhere else, too, has a digest already.
	real := "sha256:" + strings.Repeat("a", 64)
	require.NoError(t, runner.Publish(request, []string{"2.2.0@" + real, "2.4.0@" + real}))
	require.Equal(t, real, registry.Digest(repository(), "2.2.0"))
	require.Equal(t, real, registry.Digest(repository(), "2.4.0"))
	require.True(t, registry.Has(repository(), former))
	require.NoError(t, runner.Publish(request, []string{"2.2.0"}))
	require.NotEqual(t, real, registry.Digest(repository(), "2.2.0"))
	require.True(t, registry.Has(repository(), real))
	// Somebody takes the image itself away: no tag of it is there, until the vendor publishes one.
	require.NoError(t, runner.Remove(request, world.ImageType, "europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost"))
	stdout.Reset()
	require.NoError(t, runner.Run(t.Context(), look))
	require.Contains(t, stdout.String(), "The vendor's registry has no europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.2.0")
	require.NoError(t, runner.Publish(request, []string{"2.2.0"}))
	require.ErrorContains(t, runner.Publish(request, []string{"2.2.0@sha256:short"}), "write TAG or TAG@sha256:DIGEST")
	require.NoError(t, runner.Run(t.Context(), upgrade))
}

// TestSettings: what a stack file says to the sandbox is checked, all of it, before anything is done.
func TestSettings(t *testing.T) {
	t.Parallel()
	s, err := settingsOf(parse(t, `{"sandbox:tags": ["2.1.0"], "sandbox:nodes": [{zone: a}], "pulumi:tags": {a: b}}`))
	require.NoError(t, err)
	require.Equal(t, []string{"2.1.0"}, s.Tags)
	require.Equal(t, "a", s.Nodes[0].Zone)
	_, err = settingsOf(parse(t, `{"sandbox:nodez": [], "sandbox:nodes": [{cpu: many}, {taints: [{key: a}]}, {count: -1}, {memory: x}], "sandbox:architectures": amd64}`))
	for _, want := range []string{`sandbox:nodez: unknown field "sandbox:nodez"`, `sandbox:nodes[0].cpu: "many" is no quantity of Kubernetes`,
		"sandbox:nodes[1].taints[0]: write key and effect", "sandbox:nodes[2].count", "sandbox:nodes[3].memory", "sandbox:architectures: "} {
		require.ErrorContains(t, err, want)
	}
	_, err = settingsOf(parse(t, `{"sandbox:nodes": [{cpus: "4"}]}`))
	require.ErrorContains(t, err, `sandbox:nodes: unknown field "cpus"; the keys of a node are count, zone, architecture, labels, taints, cpu and memory`)
	_, err = settingsOf(parse(t, `{"sandbox:nodes": []}`))
	require.ErrorContains(t, err, "names no node")
}

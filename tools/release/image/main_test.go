package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// served is a registry of the test's own, with a base for both processors whose entrypoint is pulumi's.
func served(t *testing.T) (host string, base map[string]v1.Image) {
	t.Helper()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	host = strings.TrimPrefix(server.URL, "http://")
	base = map[string]v1.Image{}
	var index v1.ImageIndex = empty.Index
	for _, processor := range processors {
		image, err := random.Image(1024, 2)
		require.NoError(t, err)
		file, err := image.ConfigFile()
		require.NoError(t, err)
		file.Architecture, file.OS = processor, "linux"
		file.Config.Entrypoint, file.Config.Env = []string{"pulumi"}, []string{"PATH=/pulumi/bin:/usr/local/bin:/bin"}
		base[processor], err = mutate.ConfigFile(image, file)
		require.NoError(t, err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: base[processor], Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: processor}},
		})
	}
	reference, err := name.ParseReference(host + "/pulumi/pulumi-base:3")
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(reference, index))
	return host, base
}

// dist is a folder as goreleaser leaves it.
func dist(t *testing.T, without string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dist")
	var made []map[string]string
	for _, program := range append(programs, "pulumi") {
		for _, processor := range processors {
			path := filepath.Join("dist", program+"_linux_"+processor, program)
			require.NoError(t, os.MkdirAll(filepath.Join(filepath.Dir(dir), filepath.Dir(path)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(dir), path), []byte("I am "+program+" for "+processor), 0o755))
			if program+" "+processor != without {
				made = append(made, map[string]string{"name": program, "path": path, "goos": "linux", "goarch": processor, "type": "Binary"})
			}
		}
	}
	made = append(made, map[string]string{"name": "bifrost", "path": "dist/none", "goos": "darwin", "goarch": "amd64", "type": "Binary"})
	text, err := json.Marshal(made)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, artifactsFile), text, 0o600))
	return dir
}

func arguments(host, dist string, more ...string) []string {
	return append([]string{
		"-base", host + "/pulumi/pulumi-base:3", "-dist", dist, "-version", "1.2.0", "-commit", "abc", "-source", "https://example.com/bifrost",
		"-created", "2026-11-27T22:00:00Z",
	}, more...)
}

// TestImage: what a registry gives for either processor has the programs for it over the whole base, and the same digest each time.
func TestImage(t *testing.T) {
	host, base := served(t)
	programsOf := dist(t, "")
	pushed, err := run(arguments(host, programsOf, "-push", host+"/acme/bifrost:1.2.0"))
	require.NoError(t, err)
	again, err := run(arguments(host, programsOf, "-layout", t.TempDir()))
	require.NoError(t, err)
	require.Equal(t, pushed, again)

	reference, err := name.ParseReference(host + "/acme/bifrost:1.2.0")
	require.NoError(t, err)
	for _, processor := range processors {
		image, err := remote.Image(reference, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: processor}))
		require.NoError(t, err)
		layers, err := image.Layers()
		require.NoError(t, err)
		below, err := base[processor].Layers()
		require.NoError(t, err)
		require.Len(t, layers, len(below)+1)
		for i, layer := range below {
			want, err := layer.Digest()
			require.NoError(t, err)
			got, err := layers[i].Digest()
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		require.Equal(t, map[string]string{
			"stacks/": "", "usr/local/bin/bifrost": "I am bifrost for " + processor, "usr/local/bin/bifrostctl": "I am bifrostctl for " + processor,
		}, files(t, layers[len(below)]))
		file, err := image.ConfigFile()
		require.NoError(t, err)
		require.Empty(t, file.Config.Entrypoint, "a job of CI gives a shell's command")
		require.Equal(t, "/stacks", file.Config.WorkingDir)
		require.Equal(t, []string{"PATH=/pulumi/bin:/usr/local/bin:/bin"}, file.Config.Env, "Pulumi's own path")
		digest, err := base[processor].Digest()
		require.NoError(t, err)
		require.Equal(t, digest.String(), file.Config.Labels["org.opencontainers.image.base.digest"])
		require.Equal(t, "1.2.0", file.Config.Labels["org.opencontainers.image.version"])
	}
}

func files(t *testing.T, layer v1.Layer) map[string]string {
	t.Helper()
	text, err := layer.Uncompressed()
	require.NoError(t, err)
	all := map[string]string{}
	for entries := tar.NewReader(text); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		require.Equal(t, int64(0o755), entry.Mode)
		require.Zero(t, entry.Uid)
		content, err := io.ReadAll(entries)
		require.NoError(t, err)
		all[entry.Name] = string(content)
	}
}

func TestRefused(t *testing.T) {
	host, _ := served(t)
	for want, given := range map[string][]string{
		"has no bifrostctl for it":    arguments(host, dist(t, "bifrostctl arm64"), "-layout", t.TempDir()),
		"run goreleaser first":        arguments(host, t.TempDir(), "-layout", t.TempDir()),
		"give one of -push and":       arguments(host, dist(t, "")),
		"-created":                    {"-base", "x", "-layout", "y"},
		"the base " + host + "/other": arguments(host, dist(t, ""), "-layout", t.TempDir(), "-base", host+"/other:1"),
	} {
		_, err := run(given)
		require.ErrorContains(t, err, want)
	}
}

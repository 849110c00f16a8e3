package upgrade_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud"
)

// The archives of testdata/COMMIT hold what `bifrostctl sandbox up STACK --state DIR`, built from that commit, left in DIR: the engine's
// state of the stack and the stack's clouds. Made so, in a worktree of the commit with bin/bifrostctl and bin/pulumi built:
//
//	mkdir -p DIR/NAME
//	echo '{"passphrase":"sandbox-fake-passphrase","salt":"c2FuZGJveCE="}' > DIR/NAME/encryption.json
//	bin/bifrostctl sandbox up STACK --state DIR
//	tar -C DIR -czf testdata/COMMIT/NAME.tar.gz NAME/{encryption,world,settings}.json NAME/pulumi/.pulumi/{meta.yaml,stacks/bifrost/NAME.json}
//
// STACK is the stack's name, or examples/NAME. All secrets in them are fakes: the stack's begin with sandbox-fake-, and the private keys in
// world.json are those of the sandbox's token services, which it made for the stack and which nothing else trusts.

// versions are the commits, and what is said of each on the page. A release is one more.
var versions = map[string]string{
	first:     "The first one whose stacks are kept: before Google Cloud and other clusters.",
	"db1ae6e": "The last one before releases.",
}

// first is the oldest.
const first = "f44479c"

// unpack writes an archive to a folder and returns the sandbox's folder of the stack. The clouds' clocks stand where they stood after that
// up, so that the pull token has not expired.
func unpack(t *testing.T, archive, dir string) string {
	t.Helper()
	file, err := os.Open(archive)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	text, err := gzip.NewReader(file)
	require.NoError(t, err)
	entries := tar.NewReader(text)
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		content, err := io.ReadAll(entries)
		require.NoError(t, err)
		path := filepath.Join(dir, entry.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
	name := filepath.Base(archive[:len(archive)-len(".tar.gz")])
	var saved struct {
		Checkpoint struct {
			Latest struct{ Manifest struct{ Time time.Time } }
		}
	}
	require.NoError(t, json.Unmarshal(read(t, checkpoint(dir, name)), &saved))
	clouds := load(t, dir, name)
	clouds.Later = -time.Since(saved.Checkpoint.Latest.Manifest.Time)
	require.NoError(t, clouds.Save(filepath.Join(dir, name, "world.json")))
	return name
}

func checkpoint(dir, name string) string {
	return filepath.Join(dir, name, "pulumi/.pulumi/stacks/bifrost", name+".json")
}

func load(t *testing.T, dir, name string) *cloud.World {
	t.Helper()
	clouds, err := cloud.Load(filepath.Join(dir, name, "world.json"))
	require.NoError(t, err)
	return clouds
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return text
}

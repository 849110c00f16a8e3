package ownfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFoldersOfOthersAreRefused(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, dir string)
		want    string
	}{
		"own":          {func(*testing.T, string) {}, ""},
		"not there":    {func(t *testing.T, dir string) { require.NoError(t, os.Remove(dir)) }, ""},
		"group writes": {func(t *testing.T, dir string) { require.NoError(t, os.Chmod(dir, 0o770)) }, "(mode 0770): they could change what is in it; to keep it to yourself:\n  chmod go-w "},
		"all write":    {func(t *testing.T, dir string) { require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky)) }, "(mode 0777)"},
		"a link": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(dir))
			require.NoError(t, os.Symlink(t.TempDir(), dir))
		}, "is a link"},
		"a file": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(dir))
			require.NoError(t, os.WriteFile(dir, nil, 0o600))
		}, "is no folder"},
		"a link inside": {func(t *testing.T, dir string) {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "a"), 0o700))
			require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "a", "b")))
		}, "/a/b is neither a file nor a folder (L---------), and none of the sandbox's own: it could lead anywhere; to remove it:\n  rm "},
		"another's": {func(t *testing.T, dir string) { giveAway(t, dir) }, " belongs to user 4242, not to you (0)"},
		"another's inside": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "x"), nil, 0o600))
			giveAway(t, filepath.Join(dir, "x"))
		}, "/x belongs to user 4242, not to you (0): its owner could change what is in it; use another folder, or take it over:\n  sudo chown -R 0 "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			require.NoError(t, os.Mkdir(dir, 0o700))
			test.prepare(t, dir)
			err := CheckTree(dir)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

func giveAway(t *testing.T, path string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
	require.NoError(t, os.Chown(path, 4242, 4242))
}

// TestLinksAreNotFollowed: neither to read, nor to write what they lead to.
func TestLinksAreNotFollowed(t *testing.T) {
	dir := t.TempDir()
	victim, link := filepath.Join(dir, "victim"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(victim, link))

	_, err := Read(link)
	require.Error(t, err)
	_, err = Open(link, os.O_CREATE|os.O_RDWR)
	require.Error(t, err)
	require.NoError(t, Write(link, []byte("new")))

	kept, err := Read(victim)
	require.NoError(t, err)
	require.Equal(t, "precious", string(kept))
	written, err := Read(link)
	require.NoError(t, err)
	require.Equal(t, "new", string(written))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "no leftovers")
}

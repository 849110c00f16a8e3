package images

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/stretchr/testify/require"
)

// TestProgramsRunInTheirImages runs commands with nothing but what is in their image, as a user without rights.
func TestProgramsRunInTheirImages(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can change the root folder")
	}
	c := catalog(t)
	for reference, command := range map[string][]string{
		"example.com/google-cloud-cli:1": {"/usr/bin/curl", "--version"},
		Tool:                             {"/bin/sh", "-c", "echo hello | base64"},
	} {
		t.Run(reference, func(t *testing.T) {
			image, err := pull(t, c, reference)
			require.NoError(t, err)
			root := t.TempDir()
			unpack(t, image, root)
			devices(t, root)
			run := exec.CommandContext(t.Context(), command[0], command[1:]...)
			run.Dir, run.Env = "/", []string{"PATH=/usr/bin:/bin", "HOME=/tmp", "CLOUDSDK_CONFIG=/tmp/gcloud"}
			run.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
			output, err := run.CombinedOutput()
			require.NoError(t, err, "%s", output)
		})
	}
}

// devices are those of every container that these commands use.
func devices(t *testing.T, root string) {
	t.Helper()
	require.NoError(t, os.Mkdir(filepath.Join(root, "dev"), 0o755))
	for name, number := range map[string]int{"null": 1<<8 | 3, "urandom": 1<<8 | 9} {
		place := filepath.Join(root, "dev", name)
		require.NoError(t, syscall.Mknod(place, syscall.S_IFCHR|0o666, number))
		require.NoError(t, os.Chmod(place, 0o666))
	}
}

func unpack(t *testing.T, image v1.Image, root string) {
	t.Helper()
	require.NoError(t, os.Chmod(root, 0o755))
	flat := mutate.Extract(image)
	defer flat.Close()
	for archive := tar.NewReader(flat); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		place := filepath.Join(root, header.Name)
		switch header.Typeflag {
		case tar.TypeDir:
			require.NoError(t, os.MkdirAll(place, 0o755))
			require.NoError(t, os.Chmod(place, header.FileInfo().Mode()))
		case tar.TypeSymlink:
			require.NoError(t, os.Symlink(header.Linkname, place))
		default:
			f, err := os.OpenFile(place, os.O_CREATE|os.O_WRONLY, header.FileInfo().Mode().Perm())
			require.NoError(t, err)
			_, err = io.Copy(f, archive)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}
	}
}

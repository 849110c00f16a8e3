package machine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The one hierarchy of version 2 of this machine keeps the kernel's rules, whichever controllers it has.
func TestVersion2(t *testing.T) {
	root := cgroupRoot
	if !unified() {
		root = filepath.Join(cgroupRoot, "unified")
	}
	available, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil {
		t.Skip("no control groups of version 2 here:", err)
	}
	enabled, err := os.ReadFile(filepath.Join(root, "cgroup.subtree_control"))
	require.NoError(t, err)
	t.Log("controllers:", string(available))

	top := filepath.Join(root, "bifrost-test-"+strconv.Itoa(os.Getpid()))
	require.NoError(t, os.MkdirAll(filepath.Join(top, "node", "system"), 0o755))
	sleep := exec.Command("sleep", "3600")
	require.NoError(t, sleep.Start())
	t.Cleanup(func() {
		_, _ = sleep.Process.Kill(), sleep.Wait()
		require.NoError(t, removeTree(top))
		if string(enabled) == "" {
			for _, controller := range wanted {
				_ = os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("-"+controller), 0o644)
			}
		}
	})
	require.NoError(t, enableAbove(root, filepath.Base(top)+"/node/system"))
	for _, dir := range []string{top, filepath.Join(top, "node"), filepath.Join(top, "node", "system")} {
		has, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		require.NoError(t, err)
		require.NotEmpty(t, string(has), dir)
	}
	pid := []byte(strconv.Itoa(sleep.Process.Pid))
	require.NoError(t, os.WriteFile(filepath.Join(top, "node", "system", "cgroup.procs"), pid, 0o644))
	require.Error(t, os.WriteFile(filepath.Join(top, "node", "cgroup.procs"), pid, 0o644), "a parent has no processes")
}

package jail

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain: where no jail can be made, the tests say so in one line.
func TestMain(m *testing.M) {
	if err := Available(); err != nil {
		println("skipped:", err.Error())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// withShell is a root with a shell, its libraries and nothing else.
func withShell(t *testing.T, script string) *Spec {
	t.Helper()
	s := &Spec{
		Root: t.TempDir(), User: 65532, Group: 65532, Groups: []int{4242}, ReadOnlyRoot: true,
		Args: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/bin"}, Links: map[string]string{"/bin": "usr/bin"},
	}
	path, err := exec.LookPath("sh")
	require.NoError(t, err)
	shell, err := filepath.EvalSymlinks(path)
	require.NoError(t, err)
	s.Mounts = []Mount{{Source: shell, Target: "/usr/bin/sh", ReadOnly: true}}
	for _, dir := range []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64"} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			s.Mounts = append(s.Mounts, Mount{Source: dir, Target: dir, ReadOnly: true})
		}
	}
	return s
}

func run(t *testing.T, s *Spec) (int, string) {
	t.Helper()
	var out bytes.Buffer
	code, err := Run(t.Context(), s, &out)
	require.NoError(t, err, "%s", &out)
	return code, out.String()
}

func TestRoot(t *testing.T) {
	volume, fixed := t.TempDir(), t.TempDir()
	require.NoError(t, os.Chmod(volume, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(fixed, "value"), []byte("from a volume\n"), 0o644))
	mounts := []Mount{{Source: volume, Target: "/work"}, {Source: fixed, Target: "/etc/config", ReadOnly: true}}
	for name, c := range map[string]struct {
		script, want string
		code         int
		change       func(*Spec)
	}{
		"exit code":            {script: `exit 7`, code: 7},
		"host's files":         {script: `for f in /root /home /usr/bin/*; do [ -e "$f" ] && echo "$f"; done`, want: "/usr/bin/sh\n"},
		"volume":               {script: `read line < /etc/config/value; echo "$line"`, want: "from a volume\n"},
		"read-only volume":     {script: `echo x > /etc/config/value || exit 2`, code: 2, want: "Read-only file system"},
		"writable volume":      {script: `echo x > /work/made`},
		"read-only root":       {script: `echo x > /tmp/made || exit 2`, code: 2, want: "Read-only file system"},
		"writable root":        {script: `echo x > /tmp/made`, change: func(s *Spec) { s.ReadOnlyRoot = false }},
		"other's file":         {script: `echo x > /etc/passwd || exit 2`, code: 2, want: "Permission denied", change: func(s *Spec) { s.ReadOnlyRoot = os.Geteuid() != 0 }},
		"first process":        {script: `echo $$`, want: "1\n"},
		"working folder":       {script: `pwd`, want: "/work\n", change: func(s *Spec) { s.Dir = "/work" }},
		"files":                {script: `read line < /etc/passwd; echo "$line"`, want: "somebody\n"},
		"devices":              {script: `echo x > /dev/null`},
		"nothing but its env":  {script: `echo "$PATH ${HOME-none}"`, want: "/usr/bin none\n"},
		"no shell but its own": {script: `bash`, code: 127, want: "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withShell(t, c.script)
			s.Mounts = append(s.Mounts, mounts...)
			s.Files = map[string]string{"/etc/passwd": "somebody\n"}
			if c.change != nil {
				c.change(s)
			}
			if name == "other's file" && os.Geteuid() != 0 {
				c.want = "Read-only file system"
			}
			code, out := run(t, s)
			require.Equal(t, c.code, code, out)
			require.Contains(t, out, c.want)
		})
	}
}

func TestUser(t *testing.T) {
	_, out := run(t, withShell(t, `while read line; do case $line in Uid*|Gid*|Groups*|Cap*|NoNewPrivs*) echo $line;; esac; done < /proc/self/status`))
	require.Contains(t, out, "Uid: 65532 65532 65532 65532\nGid: 65532 65532 65532 65532\n")
	require.Contains(t, out, "CapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapBnd: 0000000000000000\nCapAmb: 0000000000000000\nNoNewPrivs: 1\n")
	if os.Geteuid() == 0 {
		require.Contains(t, out, "Groups: 4242\n")
	}
}

func TestStartErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"command":          {func(s *Spec) { s.Args = []string{"kubectl"} }, `exec: "kubectl": executable file not found in $PATH`},
		"command by path":  {func(s *Spec) { s.Args = []string{"/bin/kubectl"} }, `exec: "/bin/kubectl": no such file or directory`},
		"source of a file": {func(s *Spec) { s.Mounts = []Mount{{Source: "/nowhere/at/all", Target: "/x"}} }, `mount /x: stat /nowhere/at/all: no such file or directory`},
	} {
		t.Run(name, func(t *testing.T) {
			s := withShell(t, "")
			c.change(s)
			_, err := Run(t.Context(), s, &bytes.Buffer{})
			var start *StartError
			require.ErrorAs(t, err, &start)
			require.Equal(t, c.want, start.Reason)
		})
	}
}

// TestKill: with the jail, its children end too. They hold the output open, so that Run would not return before.
func TestKill(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := withShell(t, `(while :; do :; done) & echo started; wait`)
	out := writer(func(text string) {
		if strings.Contains(text, "started") {
			cancel()
		}
	})
	started := time.Now()
	code, err := Run(ctx, s, out)
	require.NoError(t, err)
	require.Equal(t, 137, code)
	require.Less(t, time.Since(started), 5*time.Second, "a child has outlived the jail")
}

type writer func(string)

func (w writer) Write(p []byte) (int, error) { w(string(p)); return len(p), nil }

// TestHostSeesNothing: what is built on the folder ends with the jail.
func TestHostSeesNothing(t *testing.T) {
	s := withShell(t, `echo x > /tmp/made`)
	s.ReadOnlyRoot = false
	run(t, s)
	left, err := os.ReadDir(s.Root)
	require.NoError(t, err)
	require.Empty(t, left)
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(t, err)
	require.NotContains(t, string(mounts), s.Root)
}

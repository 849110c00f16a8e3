package ci

import (
	"go/version"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// compiling are the folders of the modules that a command compiles, by words of it; the first row that fits counts.
var compiling = []struct{ word, folder string }{
	{".ci/run e2e", "e2e"}, {".ci/run monitoring", "e2e"},
	{"goreleaser", "tools/release"}, {"tools/release", "tools/release"},
	{".ci/run", "tools"}, {"make", "bifrostctl"}, {".ci/kind", "bifrostctl"}, {"go -C", "bifrostctl"}, {".github/scripts/stack.sh", "bifrostctl"},
}

// newest is the newest Go that a module of a folder asks for, and bifrostctl, which all of them run.
func newest(t *testing.T, folder string) string {
	t.Helper()
	found := ""
	for _, below := range []string{folder, "bifrostctl"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, below), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.Name() != "go.mod" {
				return err
			}
			if asked := goOf(t, strings.TrimPrefix(path, root+"/")); version.Compare(asked, found) > 0 {
				found = asked
			}
			return nil
		}))
	}
	return found
}

// goOf is the version of Go that a module asks for.
func goOf(t *testing.T, file string) string {
	t.Helper()
	parsed, err := modfile.Parse(file, read(t, file), nil)
	require.NoError(t, err)
	return "go" + parsed.Go.Version
}

// TestGo: the Go that a job installs compiles each module that the job compiles. setup-go forbids that Go fetches a newer one by itself
// (actions/setup-go, src/main.ts, setGoToolchain).
func TestGo(t *testing.T) {
	files, err := filepath.Glob(root + "/.github/workflows/*.yml")
	require.NoError(t, err)
	jobs := 0
	for _, file := range files {
		for name, job := range workflow(t, strings.TrimSuffix(filepath.Base(file), ".yml")) {
			installed := ""
			for _, s := range job.Steps {
				if from, is := s.With["go-version-file"].(string); is && strings.HasPrefix(s.Uses, "actions/setup-go@") {
					installed = goOf(t, strings.TrimPrefix(from, "change/")) // a second working copy
				}
			}
			if installed == "" {
				continue
			}
			jobs++
			compiled := 0
			for _, s := range job.Steps {
				for _, row := range compiling {
					if strings.Contains(s.Run, row.word) {
						compiled++
						asked := newest(t, row.folder)
						require.GreaterOrEqual(t, version.Compare(installed, asked), 0, "%s, %s: installs %s, and %s asks for %s", file, name, installed, s.Run, asked)
						break
					}
				}
			}
			require.Positive(t, compiled, "%s, %s: nothing of this job is known to compile anything; extend the table", file, name)
		}
	}
	require.Greater(t, jobs, 8)
}

package stacktest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// RequireCLI skips a test where there is no Pulumi CLI. In CI there must be one.
func RequireCLI(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the real Pulumi CLI")
	}
	_, err := os.Stat(filepath.Join(Project(t), "bin", "pulumi"))
	if err != nil {
		_, err = exec.LookPath("pulumi")
	}
	if err != nil {
		Lacks(t, err)
	}
}

// Lacks skips a test for which a machine has not what it needs. In CI, which installs it, the test fails.
func Lacks(t testing.TB, what ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what...)
	}
	t.Skip(what...)
}

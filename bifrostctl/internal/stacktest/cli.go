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
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

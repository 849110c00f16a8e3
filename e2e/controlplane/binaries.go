package controlplane

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// ErrNoBinaries means that the control plane was not built here for this module's go.sum.
var ErrNoBinaries = errors.New("the control plane is not built here: run make e2e")

// Binaries returns the folder of the built programs: .bin/ of this module, below it one folder for each go.sum, so that a change
// of a version builds anew and a way back finds the old ones. ErrNoBinaries means that make e2e has not run.
func Binaries() (string, error) {
	module, err := moduleRoot()
	if err != nil {
		return "", err
	}
	sums, err := os.ReadFile(filepath.Join(module, "go.sum"))
	if err != nil {
		return "", fmt.Errorf("programs of the control plane: %w", err)
	}
	hash := sha256.Sum256(sums)
	dir := filepath.Join(module, ".bin", hex.EncodeToString(hash[:])[:16])
	for _, name := range append(programs(), "kubectl") {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%w (%s is missing in %s)", ErrNoBinaries, name, dir)
		}
	}
	return dir, nil
}

// moduleRoot is the nearest folder upwards with a go.mod: tests run in their package's folder.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the working directory on %s", runtime.GOOS)
		}
	}
}

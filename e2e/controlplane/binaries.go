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
	"slices"
)

// ErrNoBinaries means that the programs were not built here for the modules as they are.
var ErrNoBinaries = errors.New("the programs of the clusters are not built here: run make e2e")

// What the programs are made of, in the order in which the Makefile reads it, relative to this module.
var sources = []string{"go.sum", "hyper/*.go", "programs/*/go.*", "programs/*/*.go"}

// What runs besides the control plane: the nodes' programs and those in the clusters, and the client.
var others = []string{
	"kubelet", "kube-proxy", "containerd", "containerd-shim-runc-v2", "ecr-credential-provider",
	"coredns", "kube-router", "metrics-server", "kubectl",
}

// Binaries returns the folder of the built programs: .bin/ of this module, below it one folder for each state of the modules, so that
// a change of a version builds anew and a way back finds the old ones. ErrNoBinaries means that make e2e has not run.
func Binaries() (string, error) {
	module, err := moduleRoot()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, pattern := range sources {
		files, err := filepath.Glob(filepath.Join(module, pattern))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", fmt.Errorf("programs of the clusters: %w", err)
			}
			hash.Write(text)
		}
	}
	dir := filepath.Join(module, ".bin", hex.EncodeToString(hash.Sum(nil))[:16])
	for _, name := range slices.Concat(programs(), others) {
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

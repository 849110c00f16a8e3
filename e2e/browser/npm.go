package browser

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// script is one file of a released npm package, which the checksum pins.
type script struct{ name, version, sum, file string }

var (
	axe = script{"axe-core", "4.14.1", "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745", "package/axe.min.js"}
	// The bundle needs no other package.
	mermaid = script{"mermaid", "12.3.0", "be0684e8d20bfc874df12c0f04927a5c482f57f2200eec54cca52a4583fd4040", "package/dist/mermaid.min.js"}
)

// text is the file's, fetched once with npm and kept below the cache.
func (s script) text(cache string) (string, error) {
	kept := filepath.Join(cache, s.name+"-"+s.version+".js")
	text, err := os.ReadFile(kept)
	if !errors.Is(err, os.ErrNotExist) {
		return string(text), err
	}
	if text, err = s.fetch(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	return string(text), os.WriteFile(kept, text, 0o644)
}

func (s script) fetch() ([]byte, error) {
	dir, err := os.MkdirTemp("", s.name)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("npm", "pack", "--silent", s.name+"@"+s.version)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack %s@%s: %w %s", s.name, s.version, err, strings.TrimSpace(string(said)))
	}
	archive, err := os.ReadFile(filepath.Join(dir, s.name+"-"+s.version+".tgz"))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(archive); hex.EncodeToString(sum[:]) != s.sum {
		return nil, fmt.Errorf("%s@%s is not the package that is pinned: its SHA-256 is %x", s.name, s.version, sum)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for entries := tar.NewReader(unzipped); ; {
		entry, err := entries.Next()
		if err != nil {
			return nil, fmt.Errorf("%s@%s: %s: %w", s.name, s.version, s.file, err)
		}
		if entry.Name == s.file {
			return io.ReadAll(entries)
		}
	}
}

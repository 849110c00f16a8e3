// Command fuzz runs every fuzz target of some modules for a time each, and prints one table. It fails where a target did: the input that
// made it fail is then in testdata/fuzz of the target's package, and `go test` tries it from then on.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// target is one function Fuzz of a package.
type target struct {
	// module is the folder of the module, and folder that of the package in it.
	module, folder, name string
}

// pkg is the package as the go command takes it.
func (t target) pkg() string { return "./" + filepath.ToSlash(t.folder) }

// String names the target for people.
func (t target) String() string {
	return filepath.ToSlash(filepath.Join(t.module, t.folder)) + " " + t.name
}

func main() {
	dir := flag.String("dir", ".", "the repository's folder")
	each := flag.Duration("time", 10*time.Second, "how long each target is tried")
	only := flag.String("run", ".", "the targets whose package and name match this `expression`")
	parallel := flag.Int("parallel", 2, "how many processes try one target")
	flag.Parse()
	failed, err := run(*dir, *each, *only, *parallel, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// run tries the targets of the modules, which are folders of the repository.
func run(dir string, each time.Duration, only string, parallel int, modules []string) (failed bool, err error) {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return false, fmt.Errorf("-run: %w", err)
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	var results []result
	for _, module := range modules {
		found, err := find(root, module)
		if err != nil {
			return false, err
		}
		binaries := map[string]binary{}
		for _, t := range found {
			if !chosen.MatchString(t.String()) {
				continue
			}
			built, there := binaries[t.folder]
			if !there {
				if built, err = build(root, t); err != nil {
					return false, err
				}
				defer os.Remove(built.file)
				binaries[t.folder] = built
			}
			fmt.Fprintf(os.Stderr, "%s, for %s\n", t, each)
			results = append(results, try(root, t, built, each, parallel))
		}
	}
	if len(results) == 0 {
		return false, errors.New("-run: no target matches")
	}
	return print(results), nil
}

var declaration = regexp.MustCompile(`(?m)^func (Fuzz[A-Za-z0-9_]*)\(\w+ \*testing\.F\)`)

// find lists the targets of a module, without those of modules below it.
func find(root, module string) ([]target, error) {
	var found []target
	base := filepath.Join(root, module)
	err := filepath.WalkDir(base, func(file string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && file != base {
			_, inner := os.Stat(filepath.Join(file, "go.mod"))
			if inner == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "testdata" {
				return filepath.SkipDir
			}
		}
		if entry.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(base, filepath.Dir(file))
		for _, m := range declaration.FindAllStringSubmatch(string(text), -1) {
			found = append(found, target{module, folder, m[1]})
		}
		return err
	})
	return found, err
}

// binary is a package's tests, compiled.
type binary struct {
	file string
	// guided says that it tells which code an input reached, so that what reaches more is tried further.
	guided bool
}

// sdks are generated packages of hundreds of thousands of lines. To compile what needs them a second time, so that it tells what it
// reached, takes minutes: such targets go without.
const sdks = "github.com/pulumi/pulumi-"

func build(root string, t target) (binary, error) {
	dir := filepath.Join(root, t.module)
	list := exec.Command("go", "list", "-deps", "-test", t.pkg())
	list.Dir, list.Stderr = dir, os.Stderr
	deps, err := list.Output()
	if err != nil {
		return binary{}, fmt.Errorf("go list %s: %w", t.pkg(), err)
	}
	out, err := os.CreateTemp("", "fuzz-*.test")
	if err != nil {
		return binary{}, err
	}
	built := binary{out.Name(), !strings.Contains(string(deps), sdks)}
	args := []string{"test", "-c", "-o", built.file}
	if built.guided {
		args = append(args, "-fuzz=.")
	}
	compile := exec.Command("go", append(args, t.pkg())...)
	compile.Dir, compile.Stdout, compile.Stderr = dir, os.Stderr, os.Stderr
	if err := errors.Join(out.Close(), compile.Run()); err != nil {
		return built, fmt.Errorf("go test -c %s: %w", t.pkg(), err)
	}
	return built, nil
}

// result is what came of a target.
type result struct {
	target
	guided bool
	// tried is how many inputs were tried, and interesting how many of them reached something new.
	tried, interesting int
	// failure is what the target said of an input that made it fail; empty where none did.
	failure string
}

var (
	progress = regexp.MustCompile(`execs: (\d+) \([^)]*\)(?:, new interesting: (\d+))?`)
	failing  = regexp.MustCompile(`(?s)--- FAIL: .*`)
)

// try runs a target. What it found interesting is kept beside Go's own cache of builds, for the next time.
func try(root string, t target, built binary, each time.Duration, parallel int) result {
	r := result{target: t, guided: built.guided}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	fuzz := exec.Command(built.file, "-test.run=^$", "-test.fuzz=^"+t.name+"$", "-test.fuzztime="+each.String(),
		"-test.fuzzminimizetime=20x", "-test.parallel="+strconv.Itoa(parallel),
		"-test.fuzzcachedir="+filepath.Join(cache, "bifrost-fuzz", t.module, t.folder))
	fuzz.Dir = filepath.Join(root, t.module, t.folder)
	said, err := fuzz.CombinedOutput()
	for _, m := range progress.FindAllStringSubmatch(string(said), -1) {
		r.tried, _ = strconv.Atoi(m[1])
		r.interesting, _ = strconv.Atoi(cmp.Or(m[2], "0"))
	}
	if err != nil {
		r.failure = cmp.Or(strings.TrimSpace(failing.FindString(string(said))), strings.TrimSpace(string(said)), err.Error())
	}
	return r
}

// print writes the table, and tells whether a target failed.
func print(results []result) (failed bool) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TARGET\tTRIED\tNEW\tGUIDED\tFAILED")
	total, failures := 0, 0
	for _, r := range results {
		guided := "no"
		if r.guided {
			guided = "yes"
		}
		wrong := 0
		if r.failure != "" {
			wrong = 1
		}
		total, failures = total+r.tried, failures+wrong
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\n", r.target, r.tried, r.interesting, guided, wrong)
	}
	fmt.Fprintf(w, "%d targets\t%d\t\t\t%d\n", len(results), total, failures)
	w.Flush()
	for _, r := range results {
		if r.failure != "" {
			fmt.Printf("\n%s:\n%s\n", r.target, r.failure)
		}
	}
	return failures > 0
}

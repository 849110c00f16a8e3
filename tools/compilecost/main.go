// Command compilecost builds the Go packages of a folder with an empty build cache and prints what each package costs: the
// CPU-seconds that everybody who builds the program for the first time spends on it.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// action is one step of the go command, as its action graph has it (cmd/go, -debug-actiongraph).
type action struct {
	Mode    string
	Package string
	CmdUser time.Duration
	CmdSys  time.Duration
}

func (a action) cost() time.Duration { return a.CmdUser + a.CmdSys }

func main() {
	dir := flag.String("dir", ".", "folder of the packages")
	most := flag.Int("most", 15, "number of packages to print")
	flag.Parse()
	if err := run(*dir, *most); err != nil {
		fmt.Fprintln(os.Stderr, "compilecost:", err)
		os.Exit(1)
	}
}

func run(dir string, most int) error {
	scratch, err := os.MkdirTemp("", "compilecost")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	graph := filepath.Join(scratch, "graph.json")
	build := exec.Command("go", "build", "-debug-actiongraph="+graph, "-o", scratch+string(filepath.Separator), "./...")
	build.Dir, build.Stdout, build.Stderr = dir, os.Stdout, os.Stderr
	build.Env = append(os.Environ(), "GOCACHE="+filepath.Join(scratch, "cache"))
	if err := build.Run(); err != nil {
		return fmt.Errorf("building %s with an empty cache: %w", dir, err)
	}

	text, err := os.ReadFile(graph)
	if err != nil {
		return err
	}
	var actions []action
	if err := json.Unmarshal(text, &actions); err != nil {
		return fmt.Errorf("reading the action graph: %w", err)
	}
	print(actions, most)
	return nil
}

func print(actions []action, most int) {
	var total time.Duration
	for _, a := range actions {
		total += a.cost()
	}
	slices.SortFunc(actions, func(a, b action) int { return cmp.Compare(b.cost(), a.cost()) })
	fmt.Printf("%8s %6s  %s\n", "CPU s", "share", "package")
	for _, a := range actions[:min(most, len(actions))] {
		fmt.Printf("%8.1f %5.1f%%  %s (%s)\n", a.cost().Seconds(), 100*a.cost().Seconds()/total.Seconds(), a.Package, a.Mode)
	}
	fmt.Printf("%8.1f  100%%  all %d steps\n", total.Seconds(), len(actions))
}

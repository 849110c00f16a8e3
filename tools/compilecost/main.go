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
	"strings"
	"time"
)

// action is one step of the go command, as its action graph has it (cmd/go, -debug-actiongraph).
type action struct {
	ID      int
	Mode    string
	Package string
	Deps    []int
	CmdUser time.Duration
	CmdSys  time.Duration
}

func (a action) cost() time.Duration { return a.CmdUser + a.CmdSys }

// graph are the actions of one build by their ids.
type graph map[int]action

func main() {
	dir := flag.String("dir", ".", "folder of the packages")
	module := flag.String("of", "bifrost", "packages, with those below them, that are printed with all that they need")
	most := flag.Int("most", 25, "number of packages to print by their own cost")
	flag.Parse()
	if err := run(*dir, *module, *most); err != nil {
		fmt.Fprintln(os.Stderr, "compilecost:", err)
		os.Exit(1)
	}
}

func run(dir, module string, most int) error {
	actions, err := build(dir)
	if err != nil {
		return err
	}
	fmt.Println("With all that a package needs, of what an empty cache costs:")
	actions.printNeeded(module)
	fmt.Println("\nBy itself:")
	actions.printOwn(most)
	return nil
}

// build compiles everything below a folder without a cache.
func build(dir string) (graph, error) {
	scratch, err := os.MkdirTemp("", "compilecost")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	file := filepath.Join(scratch, "graph.json")
	build := exec.Command("go", "build", "-debug-actiongraph="+file, "-o", scratch+string(filepath.Separator), "./...")
	build.Dir, build.Stdout, build.Stderr = dir, os.Stdout, os.Stderr
	build.Env = append(os.Environ(), "GOCACHE="+filepath.Join(scratch, "cache"))
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building %s with an empty cache: %w", dir, err)
	}

	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var actions []action
	if err := json.Unmarshal(text, &actions); err != nil {
		return nil, fmt.Errorf("reading the action graph: %w", err)
	}
	all := graph{}
	for _, a := range actions {
		all[a.ID] = a
	}
	return all, nil
}

// needed are the ids of an action and of all that it waits for.
func (g graph) needed(id int, found map[int]bool) map[int]bool {
	if found[id] {
		return found
	}
	found[id] = true
	for _, dep := range g[id].Deps {
		g.needed(dep, found)
	}
	return found
}

// printNeeded prints the packages of a module, programs linked: what each costs whoever imports or runs it.
func (g graph) printNeeded(module string) {
	costs := map[string]time.Duration{}
	for id, a := range g {
		if (a.Mode != "build" && a.Mode != "link") || (a.Package != module && !strings.HasPrefix(a.Package, module+"/")) {
			continue
		}
		name := a.Package
		if a.Mode == "link" {
			name += " (program)"
		}
		for needed := range g.needed(id, map[int]bool{}) {
			costs[name] += g[needed].cost()
		}
	}
	names := make([]string, 0, len(costs))
	for name := range costs {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(costs[b], costs[a]), strings.Compare(a, b)) })
	fmt.Printf("%8s  %s\n", "CPU s", "package")
	for _, name := range names {
		fmt.Printf("%8.1f  %s\n", costs[name].Seconds(), name)
	}
}

// printOwn prints the most expensive steps, each without what it waits for.
func (g graph) printOwn(most int) {
	var total time.Duration
	var actions []action
	for _, a := range g {
		total += a.cost()
		actions = append(actions, a)
	}
	slices.SortFunc(actions, func(a, b action) int { return cmp.Or(cmp.Compare(b.cost(), a.cost()), cmp.Compare(a.ID, b.ID)) })
	fmt.Printf("%8s %6s  %s\n", "CPU s", "share", "package")
	for _, a := range actions[:min(most, len(actions))] {
		fmt.Printf("%8.1f %5.1f%%  %s (%s)\n", a.cost().Seconds(), 100*a.cost().Seconds()/total.Seconds(), a.Package, a.Mode)
	}
	fmt.Printf("%8.1f  100%%  all %d steps\n", total.Seconds(), len(actions))
}

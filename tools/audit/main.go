// Command audit holds the licences of what the programs are made of against licences.yaml.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"bifrost/tools/audit/licences"
)

func main() {
	dir := flag.String("dir", ".", "the repository's folder")
	policy := flag.String("policy", "licences.yaml", "what is allowed")
	flag.Parse()
	problems, err := audit(*dir, *policy)
	if err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(2)
	}
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

func audit(dir, file string) ([]string, error) {
	policy, err := licences.ReadPolicy(file)
	if err != nil {
		return nil, err
	}
	modules, err := licences.Of(dir, dir+"/bifrostctl")
	if err != nil {
		return nil, err
	}
	if modules, err = licences.Classify(modules); err != nil {
		return nil, err
	}
	tell(modules)
	return policy.Problems(modules), nil
}

// tell prints how many modules are under each licence.
func tell(modules []licences.Module) {
	counts := map[string]int{}
	for _, m := range modules {
		counts[cmp.Or(strings.Join(m.Licences, " and "), "none that is known")]++
	}
	fmt.Printf("%d modules of both programs, by licence:\n", len(modules))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Printf("%5d  %s\n", counts[name], name)
	}
}

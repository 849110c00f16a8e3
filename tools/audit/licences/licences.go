// Package licences says under which licences the modules are that a program is made of, and holds them against a policy.
package licences

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
	"sigs.k8s.io/yaml"
)

// Policy says what the programs may be made of.
type Policy struct {
	// Allowed are licences by their SPDX names, with what they ask for.
	Allowed map[string]string `json:"allowed"`
	// Exceptions are modules that are taken for another reason, which is told.
	Exceptions map[string]string `json:"exceptions"`
}

// ReadPolicy reads a policy; every line of it has a reason.
func ReadPolicy(file string) (Policy, error) {
	var p Policy
	text, err := os.ReadFile(file)
	if err != nil {
		return p, err
	}
	if err := yaml.UnmarshalStrict(text, &p); err != nil {
		return p, fmt.Errorf("%s: %w", file, err)
	}
	for _, table := range []map[string]string{p.Allowed, p.Exceptions} {
		for name, why := range table {
			if why == "" {
				return p, fmt.Errorf("%s: %s has no reason", file, name)
			}
		}
	}
	return p, nil
}

// Module is one that a program is made of, with the licences in its folder.
type Module struct {
	Path, Version, Dir string
	Licences           []string
}

// name is the module with its version.
func (m Module) name() string { return m.Path + "@" + m.Version }

// Of are the modules of which the programs in some folders compile, on Linux, without this repository's own, each once.
func Of(programs ...string) ([]Module, error) {
	found := map[string]Module{}
	for _, dir := range programs {
		if err := read(dir, found); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Module) int { return strings.Compare(a.name(), b.name()) }), nil
}

// read adds the modules of a program, by their names.
func read(dir string, found map[string]Module) error {
	list := exec.Command("go", "list", "-deps", "-json=Module", ".")
	list.Dir, list.Stderr = dir, os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list in %s: %w", dir, err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Module *struct {
				Path, Version, Dir string
				Replace            *struct{ Path, Version, Dir string }
			}
		}
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if p.Module == nil || p.Module.Path == "bifrost" || strings.HasPrefix(p.Module.Path, "bifrost/") {
			continue
		}
		m := Module{Path: p.Module.Path, Version: p.Module.Version, Dir: p.Module.Dir}
		if r := p.Module.Replace; r != nil {
			m.Version, m.Dir = r.Version, r.Dir
		}
		found[m.name()] = m
	}
}

// licenceFile is the name of a file that may hold a licence.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([.-].*)?$`)

// Classify reads the licences of modules with Google's classifier. A module without a text that it knows has none.
func Classify(modules []Module) ([]Module, error) {
	classifier, err := assets.DefaultClassifier()
	if err != nil {
		return nil, err
	}
	all := slices.Clone(modules)
	for i := range all {
		if all[i].Licences, err = inFolder(classifier, all[i].Dir); err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].name(), err)
		}
	}
	return all, nil
}

func inFolder(classifier *classifier.Classifier, dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		for _, match := range classifier.Match(text).Matches {
			if match.MatchType == "License" {
				names = append(names, match.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Problems are the modules that the policy does not allow, and the lines of the policy that no module needs.
func (p Policy) Problems(modules []Module) []string {
	var problems []string
	needed := map[string]bool{}
	for _, m := range modules {
		if p.Exceptions[m.Path] != "" {
			needed[m.Path] = true
			continue
		}
		if len(m.Licences) == 0 {
			problems = append(problems, m.name()+" has no licence that is known: read "+m.Dir+", and make it an exception with the reason")
		}
		for _, licence := range m.Licences {
			needed[licence] = true
			if p.Allowed[licence] == "" {
				problems = append(problems, fmt.Sprintf("%s is under %s, which the policy does not allow", m.name(), licence))
			}
		}
	}
	for _, table := range []map[string]string{p.Allowed, p.Exceptions} {
		for _, name := range slices.Sorted(maps.Keys(table)) {
			if !needed[name] {
				problems = append(problems, "the policy has "+name+", which nothing needs: remove it")
			}
		}
	}
	return problems
}

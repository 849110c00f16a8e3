package node

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bifrost/e2e/node/jail"
)

// addReal puts a vendor's CLI into a root: what is installed with it, where it is on the machine, a link in the PATH, and the interpreter
// that its first line names.
func addReal(s *jail.Spec, name, path string) error {
	program, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("the vendor's %s: %w", name, err)
	}
	target := filepath.Join(commandDir, name)
	if program == target {
		s.Mounts = append(s.Mounts, jail.Mount{Source: program, Target: target, ReadOnly: true})
	} else {
		s.Links[target] = program
		addInstallation(s, program)
	}
	first := interpreter(program)
	if first == "" {
		return nil
	}
	if !shared(filepath.Dir(filepath.Dir(first))) {
		addInstallation(s, first)
		return nil
	}
	if first == "/bin/sh" || first == "/usr/bin/env" {
		return nil // in the image anyway, or naming one that is
	}
	return add(s, filepath.Base(first), first)
}

// addInstallation mounts the folder that a program was installed to, of which bin/NAME is a part, unless libraries hold it.
func addInstallation(s *jail.Spec, program string) {
	prefix := filepath.Dir(filepath.Dir(program))
	inLibraries := slices.ContainsFunc(libraries, func(dir string) bool { return strings.HasPrefix(program, dir+"/") })
	mounted := slices.ContainsFunc(s.Mounts, func(m jail.Mount) bool { return m.Target == prefix })
	if !shared(prefix) && !inLibraries && !mounted {
		s.Mounts = append(s.Mounts, jail.Mount{Source: prefix, Target: prefix, ReadOnly: true})
	}
}

// shared tells whether a folder holds all sorts of programs.
func shared(prefix string) bool {
	return slices.Contains([]string{"/", "/usr", "/usr/local"}, prefix)
}

// interpreter is the program that a script's first line names; "" where it is none.
func interpreter(script string) string {
	file, err := os.Open(script)
	if err != nil {
		return ""
	}
	defer file.Close()
	line, err := bufio.NewReader(file).ReadString('\n')
	rest, found := strings.CutPrefix(line, "#!")
	if err != nil || !found || len(strings.Fields(rest)) == 0 {
		return ""
	}
	return strings.Fields(rest)[0]
}

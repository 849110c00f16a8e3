package node

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"bifrost/e2e/node/jail"
)

// addReal puts a vendor's CLI into a root: what is installed with it and with the interpreter that its first line names, where it is on
// the machine, and a link in the PATH.
func addReal(s *jail.Spec, name string) error {
	program, err := locate(name)
	if err != nil {
		return fmt.Errorf("install %s on this machine, its image is to have the real one: %w", name, err)
	}
	s.Links[filepath.Join(commandDir, name)] = program
	for _, path := range []string{program, interpreter(program)} {
		if path == "" {
			continue
		}
		// bin/NAME is part of the folder above.
		prefix := filepath.Dir(filepath.Dir(path))
		shared := slices.Contains(append([]string{"/", "/usr", "/usr/local"}, libraries...), prefix)
		inLibraries := slices.ContainsFunc(libraries, func(dir string) bool { return strings.HasPrefix(path, dir+"/") })
		mounted := slices.ContainsFunc(s.Mounts, func(m jail.Mount) bool { return m.Target == prefix })
		if shared || inLibraries || mounted {
			continue
		}
		s.Mounts = append(s.Mounts, jail.Mount{Source: prefix, Target: prefix, ReadOnly: true})
	}
	return nil
}

// locate finds a command, and what is behind a shim of pyenv.
func locate(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	if filepath.Base(filepath.Dir(path)) == "shims" {
		out, err := exec.Command("pyenv", "which", name).Output()
		if err != nil {
			return "", fmt.Errorf("pyenv which %s: %w", name, err)
		}
		path = strings.TrimSpace(string(out))
	}
	return filepath.EvalSymlinks(path)
}

// interpreter is the program that a script's first line names, if it is one outside the usual folders.
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

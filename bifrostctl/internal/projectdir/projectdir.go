// Package projectdir finds the folder of the Pulumi project, for every command that works on a stack.
package projectdir

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"bifrost/stacks"
)

// File is the file that makes a folder a Pulumi project.
const File = "Pulumi.yaml"

// Find returns the folder of the project: dir, or where that is empty the nearest parent of the working directory that holds it.
func Find(dir string) (string, error) {
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		if !Holds(abs) {
			return "", fmt.Errorf("--dir %s: there is no %s of the project %q", dir, File, stacks.Project)
		}
		return abs, nil
	}
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return Nearest(start, Holds)
}

// Nearest returns the nearest of a folder and its parents that has what is looked for.
func Nearest(start string, has func(dir string) bool) (string, error) {
	for dir := start; ; dir = filepath.Dir(dir) {
		if has(dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("neither %s nor a parent of it holds the %s of the project %q; name the folder with --dir",
				start, File, stacks.Project)
		}
	}
}

// OfFile are the folder and the stack of a stack file's name, Pulumi.<stack>.yaml, as people and shells complete it; the folder is empty
// where none is named. False where the argument names no such file.
func OfFile(argument string) (folder, stack string, is bool) {
	base := filepath.Base(argument)
	stack, prefix := strings.CutPrefix(base, "Pulumi.")
	stack, suffix := strings.CutSuffix(stack, ".yaml")
	if !prefix || !suffix || stack == "" {
		return "", argument, false
	}
	return strings.TrimSuffix(argument, base), stack, true
}

// Deployed are the project's folder and the name of a stack that somebody deployed, of which a command got the name or the file. The
// sandbox keeps a stack of another folder by its path.
func Deployed(dir, argument string, sandbox bool) (folder, stack string) {
	folder, stack, _ = OfFile(argument)
	switch {
	case sandbox && strings.Contains(argument, "/"):
		return dir, argument
	case dir == "" && folder != "" && Holds(folder):
		return folder, stack
	}
	return dir, stack
}

// IsProject tells whether a folder is of some Pulumi project.
func IsProject(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, File))
	return err == nil
}

// Holds tells whether a folder is of this project.
func Holds(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		return false
	}
	var settings struct {
		Name string `yaml:"name"`
	}
	return yaml.Unmarshal(text, &settings) == nil && settings.Name == stacks.Project
}

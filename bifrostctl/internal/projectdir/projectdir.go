// Package projectdir finds the folder of the Pulumi project, for every command that works on a stack.
package projectdir

import (
	"fmt"
	"os"
	"path/filepath"

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

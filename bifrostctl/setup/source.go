package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/internal/stackfile"
)

// editorLine is the first line of a stack file in the project's folder, by which editors find the schema.
const editorLine = "# yaml-language-server: $schema=docs/reference/stack.schema.json"

// sourceFile finds the stack file that --from names: a stack of the project, its file, or a folder that holds one, which is also looked
// for below examples.
func sourceFile(dir, from string) (string, error) {
	folder, name, byFile := projectdir.OfFile(from)
	candidates := []string{filepath.Join(dir, "Pulumi."+name+".yaml")}
	if byFile && folder != "" {
		candidates = []string{from}
	}
	for _, each := range []string{from, filepath.Join(dir, from), filepath.Join(dir, "examples", from)} {
		found, _ := filepath.Glob(filepath.Join(each, "Pulumi.*.yaml")) // the pattern is well formed
		if len(found) == 1 && !byFile {
			candidates = append(candidates, found[0])
		}
	}
	for _, file := range candidates {
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("--from %s: there is no such stack file; write a stack of the project (Pulumi.NAME.yaml), or a folder of "+
		"examples", from)
}

// copyOf is the draft of a new stack from another one's file: without that one's secrets, which nobody but its own key opens.
func copyOf(d *draft, file string) (dropped []string, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if d.file, err = stackfile.Parse(string(content)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if d.config().Platform == "" {
		return nil, fmt.Errorf("%s is no stack file of this project: it has no bifrost:platform", file)
	}
	if d.there(overlay.Secrets) {
		if err := d.remove(overlay.Secrets); err != nil {
			return nil, err
		}
		dropped = append(dropped, overlay.Secrets)
	}
	if d.file, err = d.file.WithoutTop("encryptionsalt", "encryptedkey", "secretsprovider"); err != nil {
		return nil, err
	}
	opening := slices.DeleteFunc(d.file.Opening(), func(line string) bool { return strings.HasPrefix(line, madeBy) })
	relative, err := filepath.Rel(d.dir, file)
	if err != nil {
		relative = file
	}
	if folder := filepath.Dir(relative); folder != "." {
		relative = folder
	}
	ofExample := strings.HasPrefix(filepath.ToSlash(relative), examples)
	if ofExample {
		opening = nil // what it says of the example is not true of what becomes of it: parts are left out, numbers are changed
	}
	head := append([]string{editorLine, madeBy + filepath.ToSlash(relative) + ". Change it by hand, or with: bifrostctl init " + d.name},
		opening...)
	d.file, err = d.file.Head(head...)
	d.given = nil
	if ofExample {
		before := *d
		d.example = before.value
	}
	return dropped, err
}

// examples begins the paths of stack files whose values are nobody's own.
const examples = "examples/"

// madeBy begins the line that says where a stack file is from.
const madeBy = "# From "

// existing is the draft of a stack that has a file.
func existing(d *draft, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	d.before = string(content)
	if d.file, err = stackfile.Parse(d.before); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	d.example = exampleOf(d)
	return nil
}

// exampleOf returns the values of the example that a stack file says it was made from; nil where it was made from none, or that is gone.
func exampleOf(d *draft) func(key string) any {
	for _, line := range d.file.Opening() {
		folder, says := strings.CutPrefix(line, madeBy+examples)
		if folder, _, _ = strings.Cut(folder, ". "); !says {
			continue
		}
		file, err := sourceFile(d.dir, examples+folder)
		if err != nil {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil
		}
		parsed, err := stackfile.Parse(string(text))
		if err != nil {
			return nil
		}
		return (&draft{dir: d.dir, file: parsed}).value
	}
	return nil
}

// isThere tells whether a file exists.
func isThere(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// Command stackschema writes what describes the configuration of a stack: the JSON schema of Pulumi.<stack>.yaml for editors, the
// configuration reference, and the keys in Pulumi.yaml. All of it comes from the type stacks.Config and the comments of its fields.
// From the folder of the repository:
//
//	go -C tools run ./stackschema
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// Files that are written, from the folder of the repository.
const (
	schemaFile    = "docs/reference/stack.schema.json"
	referenceFile = "docs/reference/configuration.md"
	projectFile   = "Pulumi.yaml"
)

func main() {
	if err := run(".."); err != nil {
		fmt.Fprintln(os.Stderr, "stackschema:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the text of each file, by its name.
func generate(root string) (map[string][]byte, error) {
	config, err := readConfig(root)
	if err != nil {
		return nil, err
	}
	schema, err := config.schema()
	if err != nil {
		return nil, err
	}
	project, err := os.ReadFile(filepath.Join(root, projectFile))
	if err != nil {
		return nil, err
	}
	described, err := config.project(project)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{schemaFile: schema, referenceFile: config.reference(), projectFile: described}, nil
}

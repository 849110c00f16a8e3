// Command definitions writes the CustomResourceDefinitions of the kinds that the program makes into a folder, as their projects released
// them, and, called with -sandbox, what of them the sandbox holds objects against.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	// The packages keep their modules in go.mod: the definitions are files of these.
	_ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
	_ "sigs.k8s.io/gateway-api/pkg/consts"
)

func main() {
	sandbox := flag.Bool("sandbox", false, "leave out what the sandbox does not read")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: definitions [-sandbox] FOLDER")
		os.Exit(2)
	}
	if err := write(flag.Arg(0), *sandbox); err != nil {
		fmt.Fprintln(os.Stderr, "definitions:", err)
		os.Exit(1)
	}
}

// write writes a file for each definition.
func write(folder string, sandbox bool) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, d := range all {
		if sandbox && !d.sandbox {
			continue
		}
		text, err := d.released()
		if err == nil && sandbox {
			text, err = d.read(text)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, d.name+".yaml"), text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

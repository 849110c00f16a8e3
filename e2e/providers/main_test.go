package providers

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"bifrost/e2e/controlplane"
)

// The repository's root, and the programs that make provider builds.
var (
	repository, _ = filepath.Abs("../..")
	bifrostctl    = filepath.Join(repository, "bin", "bifrostctl")
	plugin        = "pulumi-resource-kubernetes"
)

var update = flag.Bool("update", false, "write docs/provider.md anew")

func TestMain(m *testing.M) {
	flag.Parse()
	if err := prerequisites(); err != nil {
		if os.Getenv("CI") != "" {
			fmt.Println("the providers cannot be compared, and CI does not skip it:", err)
			os.Exit(1)
		}
		fmt.Println("skipped, the comparison of the providers:", err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// prerequisites says what make provider has not built.
func prerequisites() error {
	built, err := controlplane.Binaries()
	if err != nil {
		return err
	}
	for _, program := range []string{filepath.Join(built, plugin), filepath.Join(built, "pulumi-language-go"), bifrostctl} {
		if _, err := os.Stat(program); err != nil {
			return errors.New(program + " is not built: run make provider")
		}
	}
	return nil
}

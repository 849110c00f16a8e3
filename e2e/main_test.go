package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/node"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run skips all tests in one line where they cannot run, unless CI counts on them.
func run(m *testing.M) int {
	if err := prerequisites(); err != nil {
		if os.Getenv("CI") != "" {
			fmt.Println("the end-to-end tests cannot run, and CI does not skip them:", err)
			return 1
		}
		fmt.Println("skipped, all end-to-end tests:", err)
		return 0
	}
	status := m.Run()
	for _, site := range []*site{eks, aks} {
		site.stop()
	}
	report.print()
	return status
}

func prerequisites() error {
	if err := node.Available(); err != nil {
		return err
	}
	if _, err := controlplane.Binaries(); err != nil {
		return err
	}
	if _, err := os.Stat(bifrostctl); err != nil {
		return errors.New("bin/bifrostctl is not built: run make e2e")
	}
	return nil
}

// repository is the root of the project, bifrostctl its companion.
var (
	repository, _ = filepath.Abs("..")
	bifrostctl    = filepath.Join(repository, "bin", "bifrostctl")
)

// figures is what the tests have to show, printed at the end.
type figures struct {
	mu    sync.Mutex
	parts map[string]string
}

var report = &figures{parts: map[string]string{}}

// add keeps a part of the report under its title.
func (f *figures) add(title, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parts[title] = text
}

func (f *figures) print() {
	var titles []string
	for title := range f.parts {
		titles = append(titles, title)
	}
	slices.Sort(titles)
	for _, title := range titles {
		fmt.Printf("\n%s\n%s\n", title, strings.TrimRight(f.parts[title], "\n"))
	}
}

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
	"bifrost/e2e/machine"
	"bifrost/e2e/postgres"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run skips all tests in one line where they cannot run, unless CI counts on them. What npm brings is fetched before the machine of the tests
// has no way out.
func run(m *testing.M) int {
	if err := prerequisites(); err != nil {
		return machine.Skip(err)
	}
	return machine.Run(func() int {
		status := m.Run()
		for _, site := range []*site{eks, exemplary, aks, onGoogle, watched, oncall, serving, entered} {
			site.stop()
		}
		report.add("Pulls of the gateway's image, as the registries saw them", pulls.String())
		report.print()
		return status
	})
}

func prerequisites() error {
	if err := machine.Available(); err != nil {
		return err
	}
	if _, err := controlplane.Binaries(); err != nil {
		return err
	}
	if _, err := os.Stat(bifrostctl); err != nil {
		return errors.New("bin/bifrostctl is not built: run make e2e")
	}
	_, err := postgres.Find(cache)
	return err
}

// repository is the root of the project, bifrostctl its companion, cache the folder of what is fetched once.
var (
	repository, _ = filepath.Abs("..")
	bifrostctl    = filepath.Join(repository, "bin", "bifrostctl")
	cache, _      = filepath.Abs(".bin")
)

// everything is whether all runs: make e2e-all. Otherwise what is most like something that runs is left out.
var everything = os.Getenv("E2E_ALL") != ""

// onlyAll leaves a test out of make e2e, long or not.
func onlyAll(t *testing.T) {
	t.Helper()
	if !everything {
		t.Skip("run by make e2e-all")
	}
}

// onlyLong leaves a test out of make e2e, which is to be over in ten minutes; what every check runs is make e2e LONG=1.
func onlyLong(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("run by make e2e LONG=1")
	}
}

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

package images

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// vendors are the clouds' own CLIs.
var vendors = map[string]*vendor{
	AWSVendor:    {name: "aws", version: "aws-cli/2.", places: []string{"aws", "/usr/local/bin/aws", "/usr/bin/aws"}},
	GoogleVendor: {name: "gcloud", version: "Google Cloud SDK ", places: []string{"gcloud"}, parts: googleParts},
}

// vendor is a CLI that may be installed on this machine.
type vendor struct {
	name    string
	version string   // how its version begins: version 1 of the AWS CLI reads other variables
	places  []string // where it may be
	parts   []string // what is needed of its folder; nil: all

	once        sync.Once
	path, found string
}

// googleParts leaves out the emulators, the other tools and what belongs to them.
var googleParts = []string{
	"bin/gcloud", "lib", "data/cli", "properties",
	"platform/bundledpythonunix/bin", "platform/bundledpythonunix/lib", ".install",
}

// Vendor tells the version of the CLI that AWSVendor or GoogleVendor holds; empty where none is installed here.
func Vendor(reference string) string {
	v := vendors[reference]
	v.once.Do(v.find)
	return v.found
}

func (v *vendor) find() {
	for _, place := range v.places {
		path, err := exec.LookPath(place)
		if err != nil {
			continue
		}
		output, err := exec.Command(path, "--version").Output()
		if first, _, _ := strings.Cut(string(output), "\n"); err == nil && strings.HasPrefix(first, v.version) {
			v.path, v.found = path, first
			return
		}
	}
}

var errNotInstalled = errors.New("this machine has no such CLI")

// vendor is an image of a vendor's CLI: what is installed with it, and the interpreter that its first line names.
func (c Config) vendor(reference string) (v1.Image, error) {
	if Vendor(reference) == "" {
		return nil, errNotInstalled
	}
	v := vendors[reference]
	program, err := filepath.EvalSymlinks(v.path)
	if err != nil {
		return nil, err
	}
	s := Spec{Files: map[string]string{}, Links: map[string]string{}, Busybox: []string{"*"}, CA: c.CA, Env: trusting}
	if prefix := filepath.Dir(filepath.Dir(program)); shared(prefix) {
		s.Files["/usr/bin/"+v.name] = program
	} else {
		s.Links["/usr/bin/"+v.name] = program
		v.install(&s, prefix)
	}
	if err := s.addPython(program); err != nil {
		return nil, err
	}
	if v.name == "gcloud" {
		s.Machine = []string{"curl"}
	} else {
		s.Entrypoint = []string{"/usr/bin/" + v.name}
	}
	return s.Build()
}

func (v *vendor) install(s *Spec, prefix string) {
	if v.parts == nil {
		s.Files[prefix] = prefix
	}
	for _, part := range v.parts {
		if place := filepath.Join(prefix, part); exists(place) {
			s.Files[place] = place
		}
	}
}

// addPython adds the machine's Python where a script needs it, and brings none along.
func (s *Spec) addPython(script string) error {
	bundled := slices.ContainsFunc(googleParts, func(part string) bool {
		return strings.Contains(part, "python") && s.Files[filepath.Join(filepath.Dir(filepath.Dir(script)), part)] != ""
	})
	first := interpreter(script)
	if first == "" || bundled {
		return nil
	}
	if !strings.Contains(filepath.Base(first), "python") {
		first = "/usr/bin/python3"
	}
	folders, err := exec.Command(first, "-I", "-c", "import sys; print('\\n'.join(sys.path))").Output()
	if err != nil {
		return err
	}
	s.Files[first] = first
	modules, _ := filepath.Glob("/usr/lib/*/ossl-modules") // of OpenSSL, which no program names
	for _, place := range append(modules, strings.Fields(string(folders))...) {
		if exists(place) {
			s.Files[place] = place
		}
	}
	return nil
}

func exists(place string) bool {
	_, err := os.Stat(place)
	return err == nil
}

// shared tells whether a folder holds all sorts of programs.
func shared(prefix string) bool { return slices.Contains([]string{"/", "/usr", "/usr/local"}, prefix) }

// interpreter is the program that a script's first line names; "" where it is none.
func interpreter(script string) string {
	f, err := os.Open(script)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	rest, found := strings.CutPrefix(line, "#!")
	words := strings.Fields(rest)
	if err != nil || !found || len(words) == 0 {
		return ""
	}
	return words[0]
}

package sandbox

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/ownfile"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/internal/yamlerror"
	"bifrost/internal/check"
	"bifrost/stacks"
)

const (
	// projectName is the project's name in Pulumi.yaml and the prefix of its configuration keys.
	projectName = stacks.Project
	// secretsKey is the configuration key under which, and nowhere else, secret values stand.
	secretsKey = overlay.Secrets
)

// project is a stack of the project as its files describe it. Nothing here writes to these files.
type project struct {
	dir   string
	stack string // its name
	file  string
	text  []byte // what the file holds
	// environments says that the stack file imports Pulumi ESC environments, which only Pulumi Cloud can open.
	environments bool
	// values is the configuration of the program, by key without the project's prefix.
	values map[string]any
	// others is configuration of other namespaces (such as pulumi:), by full key.
	others map[string]any
}

// loadProject reads a stack: of that name, of the project in dir, or in the nearest parent of the working directory that holds the
// project where dir is empty; or, where the argument contains a slash, the one in that folder. The name of a
// stack file serves as well.
func loadProject(dir, argument string) (*project, error) {
	locate := named
	if folder, name, is := projectdir.OfFile(argument); is && folder == "" {
		argument = name
	}
	if strings.Contains(argument, "/") {
		locate = inFolder
	}
	dir, stack, file, err := locate(dir, argument)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read stack %q: %w", stack, err)
	}
	return projectOf(dir, stack, file, text)
}

// projectOf is a stack as the text of its file describes it.
func projectOf(dir, stack, file string, text []byte) (*project, error) {
	p := &project{dir: dir, stack: stack, file: file, text: text, values: map[string]any{}, others: map[string]any{}}
	var settings map[string]any
	documents := yaml.NewDecoder(bytes.NewReader(text))
	if err := documents.Decode(&settings); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is no YAML object: %w", file, yamlerror.Explain(text, err))
	}
	if err := documents.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: there is a second document behind ---, which nobody reads; write one", file)
	}
	if err := knownSettings(settings); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p.environments = settings["environment"] != nil
	config, ok := settings["config"].(map[string]any)
	if !ok && settings["config"] != nil {
		return nil, fmt.Errorf("%s: config is %s; it must hold keys such as %s:platform", file, overlay.Kind(settings["config"]),
			projectName)
	}
	for key, value := range config {
		value = overlay.Walk(value, nil, dateAsText)
		name, own := strings.CutPrefix(key, projectName+":")
		// A key without a namespace is the project's own (Pulumi, sdk/go/common/workspace/loaders.go, stackConfigNamespacedWithProject).
		if own || !strings.Contains(key, ":") {
			if _, twice := p.values[name]; twice {
				return nil, fmt.Errorf("%s: %s stands there twice, with the prefix %s: and without; remove one of them",
					file, name, projectName)
			}
			p.values[name] = value
			continue
		}
		p.others[key] = value
	}
	return p, nil
}

// stackSettings are the keys of a stack file (Pulumi, sdk/go/common/workspace/project.go, ProjectStack).
var stackSettings = []string{"config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"}

// knownSettings refuses keys beside config that Pulumi passes over in silence: what stands below them would be lost.
func knownSettings(settings map[string]any) error {
	var all []error
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if slices.Contains(stackSettings, key) {
			continue
		}
		mend := "keys of the program stand below config, and are indented"
		if meant := check.Nearest(key, stackSettings); meant != "" {
			mend = "did you mean " + meant + "?"
		}
		all = append(all, fmt.Errorf("%s: no key of a stack file, and what is below it is lost; %s", key, mend))
	}
	return errors.Join(all...)
}

// dateAsText is a date as the Pulumi CLI hands it over to the program.
func dateAsText(_ resource.PropertyPath, leaf any) any {
	if date, isDate := leaf.(time.Time); isDate {
		return date.String()
	}
	return leaf
}

// named finds a stack among those of the project.
func named(dir, name string) (project, stack, file string, err error) {
	dir, err = projectdir.Find(dir)
	if err != nil {
		return "", "", "", err
	}
	file = filepath.Join(dir, stackFile(name))
	if stacks := stackNames(dir); !slices.Contains(stacks, name) {
		return "", "", "", fmt.Errorf("there is no stack %q: %s does not exist; the stacks of this project are %s", name, file,
			orNone(stacks))
	}
	return dir, name, file, nil
}

// inFolder finds the one stack whose file is in a folder of the project, or the one whose file is named.
func inFolder(dir, folder string) (project, stack, file string, err error) {
	refused := func(format string, args ...any) (string, string, string, error) {
		return "", "", "", fmt.Errorf("stack %s: %w", folder, fmt.Errorf(format, args...))
	}
	within, named, byFile := projectdir.OfFile(folder)
	if !byFile {
		within = folder
	}
	at, err := filepath.Abs(within)
	if err != nil {
		return refused("%w", err)
	}
	switch info, err := os.Stat(at); {
	case errors.Is(err, fs.ErrNotExist):
		return refused("there is no folder %s; a stack of the project itself is named without a slash", at)
	case err != nil:
		return refused("%w", err)
	case !info.IsDir():
		return refused("this is a file, and no Pulumi.<stack>.yaml: name that, or the folder that holds it")
	}
	stacks := stackNames(at)
	if byFile && !slices.Contains(stacks, named) {
		return refused("there is no such file; the folder holds %s", cmp.Or(files(stacks), "none"))
	}
	if byFile {
		stacks = []string{named}
	}
	if len(stacks) != 1 {
		return refused("the folder must hold one stack file %s, and holds %s", stackFile("<stack>"), cmp.Or(files(stacks), "none"))
	}
	if dir == "" {
		if dir, err = projectdir.Nearest(at, projectdir.IsProject); err != nil {
			return refused("%w", err)
		}
		if !projectdir.Holds(dir) {
			return refused("%s is of another project than %q", filepath.Join(dir, projectdir.File), projectName)
		}
	}
	project, err = projectdir.Find(dir)
	return project, stacks[0], filepath.Join(at, stackFile(stacks[0])), err
}

func files(stacks []string) string {
	var names []string
	for _, stack := range stacks {
		names = append(names, stackFile(stack))
	}
	return strings.Join(names, ", ")
}

func stackFile(stack string) string { return "Pulumi." + stack + ".yaml" }

// stackNames lists the stacks that have a file in dir, sorted.
func stackNames(dir string) []string {
	files, _ := fs.Glob(os.DirFS(dir), stackFile("*")) // the pattern is well formed
	var names []string
	for _, file := range files {
		name := strings.TrimPrefix(file, "Pulumi.")
		names = append(names, strings.TrimSuffix(name, ".yaml"))
	}
	return names
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// configFlag is the flag by which the Pulumi CLI finds the stack file, after a blank; empty where it finds it by itself.
func (p *project) configFlag() string {
	if filepath.Dir(p.file) == p.dir {
		return ""
	}
	return " --config-file " + shellWord(p.file)
}

// readme returns the template of the stack's readme output; empty where the project has none.
func (p *project) readme() (string, error) {
	text, err := os.ReadFile(filepath.Join(p.dir, "Pulumi.README.md"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// keys lists every configuration key of the stack as its file writes it, sorted.
func (p *project) keys() []string {
	var keys []string
	for key := range p.config() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// config returns the whole configuration by full key.
func (p *project) config() map[string]any {
	config := map[string]any{}
	for key, value := range p.others {
		config[key] = value
	}
	for key, value := range p.values {
		config[projectName+":"+key] = value
	}
	return config
}

// writeWorkingCopy writes the project's settings and the stack's configuration to dir. salt belongs to the key that
// encrypted the configuration's secrets.
func (p *project) writeWorkingCopy(dir, salt string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	settings, err := os.ReadFile(filepath.Join(p.dir, projectdir.File))
	if err != nil {
		return err
	}
	if err := ownfile.Write(filepath.Join(dir, projectdir.File), settings); err != nil {
		return err
	}
	text, err := yaml.Marshal(map[string]any{"encryptionsalt": salt, "config": p.config()})
	if err != nil {
		return err
	}
	return ownfile.Write(filepath.Join(dir, stackFile(p.stack)), text)
}

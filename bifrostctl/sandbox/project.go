package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	// projectName is the project's name in Pulumi.yaml and the prefix of its configuration keys.
	projectName = "bifrost"
	projectFile = "Pulumi.yaml"
)

// project is a stack of the project as its files describe it. Nothing here writes to these files.
type project struct {
	dir   string
	stack string
	// environments says that the stack file imports Pulumi ESC environments, which only Pulumi Cloud can open.
	environments bool
	// values is the configuration of the program, by key without the project's prefix.
	values map[string]any
	// others is configuration of other namespaces (such as pulumi:), by full key.
	others map[string]any
}

// loadProject reads a stack of the project in dir, or in the nearest parent of the working directory that holds the
// project where dir is empty. A stack is the name of one whose file is beside Pulumi.yaml, or a folder of the project with the file of the
// stack of its name, such as examples/ecs-minimal.
func loadProject(dir, stack string) (*project, error) {
	dir, err := findProject(dir)
	if err != nil {
		return nil, err
	}
	if !filepath.IsLocal(stack) {
		return nil, fmt.Errorf("there is no stack %q: it is no folder of the project in %s", stack, dir)
	}
	folder, name := filepath.Join(dir, stack), filepath.Base(stack)
	if name == stack {
		folder = dir
	}
	file := filepath.Join(folder, stackFile(name))
	if !slices.Contains(stackNames(folder), name) {
		return nil, fmt.Errorf("there is no stack %q: %s does not exist; the stacks of this project are %s",
			stack, file, orNone(stackNames(dir)))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read stack %q: %w", stack, err)
	}
	p := &project{dir: dir, stack: name, values: map[string]any{}, others: map[string]any{}}
	var settings map[string]any
	if err := yaml.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("%s is no YAML object: %w", file, err)
	}
	p.environments = settings["environment"] != nil
	config, ok := settings["config"].(map[string]any)
	if !ok && settings["config"] != nil {
		return nil, fmt.Errorf("%s: config is %s; it must hold keys such as %s:platform", file, kind(settings["config"]), projectName)
	}
	for key, value := range config {
		name, own := strings.CutPrefix(key, projectName+":")
		if own {
			p.values[name] = value
			continue
		}
		p.others[key] = value
	}
	return p, nil
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

func findProject(dir string) (string, error) {
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		if !holdsProject(abs) {
			return "", fmt.Errorf("--dir %s: there is no %s of the project %q", dir, projectFile, projectName)
		}
		return abs, nil
	}
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if holdsProject(dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("neither %s nor a parent of it holds the %s of the project %q; name the folder with --dir",
				start, projectFile, projectName)
		}
	}
}

func holdsProject(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, projectFile))
	if err != nil {
		return false
	}
	var settings struct {
		Name string `yaml:"name"`
	}
	return yaml.Unmarshal(text, &settings) == nil && settings.Name == projectName
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
	settings, err := os.ReadFile(filepath.Join(p.dir, projectFile))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, projectFile), settings, 0o600); err != nil {
		return err
	}
	text, err := yaml.Marshal(map[string]any{"encryptionsalt": salt, "config": p.config()})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, stackFile(p.stack)), text, 0o600)
}

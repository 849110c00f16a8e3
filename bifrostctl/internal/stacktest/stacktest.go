// Package stacktest takes the project's stacks through their lives in tests: on the real engine, in process, in clouds that are the
// test's own. Tests that use it can run in parallel.
package stacktest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/stacks"
)

const (
	// Prefix is that of the configuration's keys.
	Prefix = "bifrost:"
	// Secret is in every secret that a test's stack has.
	Secret = "sandbox-fake-"
)

// DevStacks are the stacks of the project itself on a cloud: each hands off who pulls, and refreshes a pull Secret. Beside them is
// local-dev, with the vendor's key.
var DevStacks = []string{"aws-dev", "azure-dev", "google-dev"}

// Way is a stack with settings over its file.
type Way struct {
	// Name is for people.
	Name string
	// Stack is the stack's name or, with a slash, the folder of its file in the project.
	Stack string
	// Project is the project's folder; empty for this one.
	Project  string
	Settings []string
	// InFile are settings that the stack file itself has: what they name exists in the clouds. Those for the sandbox begin with sandbox:.
	InFile []string
	// KeyGiven: the vendor gave a key. There is nobody to hand off, and no rollout identity.
	KeyGiven bool
	// First is a change of the clouds before anything is made.
	First edits.Edit
}

// Stack is a stack with its engine and its clouds.
type Stack struct {
	T      testing.TB
	Way    Way
	World  *cloud.World
	Engine *enginetest.Engine
	// Look is the stack as it is configured.
	Look *sandbox.Look
	// dir and file are what sandbox.Prepare takes.
	dir, file string
	keys      []string
}

// New is a stack in clouds in which everything that its file names exists. Nothing is made yet.
func New(t testing.TB, stack string) *Stack {
	t.Helper()
	return Way{Stack: stack}.Start(t)
}

// Onboard is the way's stack as a vendor finds it who has heard of it: with its identities alone, where there are any to hand off.
func (w Way) Onboard(t testing.TB) *Stack {
	t.Helper()
	s := w.Start(t)
	if !w.KeyGiven {
		s.Set("rollout=identity").Engine.MustUp()
	}
	return s
}

// Start is the way's stack in clouds in which everything that its file names exists. Nothing is made yet.
func (w Way) Start(t testing.TB) *Stack {
	t.Helper()
	return w.StartIn(t, cloud.NewWorld())
}

// StartIn is the way's stack in clouds that there are.
func (w Way) StartIn(t testing.TB, clouds *cloud.World) *Stack {
	t.Helper()
	s := w.place(t, clouds)
	s.Engine = enginetest.New(t, s.World, s.Deploy, nil)
	if w.First != nil {
		s.Prepare() // makes what the file names exist
		w.First(t, s.World)
	}
	return s.Set()
}

// place finds the way's file.
func (w Way) place(t testing.TB, clouds *cloud.World) *Stack {
	t.Helper()
	s := &Stack{T: t, Way: w, World: clouds, dir: w.Project, file: w.Stack}
	if s.dir == "" {
		s.dir = Project(t)
	}
	if strings.Contains(w.Stack, "/") {
		s.file = filepath.Join(s.dir, w.Stack)
	}
	if len(w.InFile) > 0 {
		s.file = w.written(t, s.dir)
	}
	return s
}

// Raw is the way's configuration as the engine hands it over.
func (w Way) Raw(t testing.TB) stacks.Raw {
	t.Helper()
	return w.place(t, cloud.NewWorld()).Prepare().Config
}

// written is a folder with the way's stack file that has what InFile says.
func (w Way) written(t testing.TB, project string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(project, "Pulumi."+w.Stack+".yaml"))
	require.NoError(t, err)
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	values := map[string]any{}
	for key, value := range file.Config {
		values[strings.TrimPrefix(key, Prefix)] = value
	}
	var ours []string
	clear(file.Config)
	for _, setting := range w.InFile {
		key, value, _ := strings.Cut(setting, "=")
		if !strings.HasPrefix(key, "sandbox:") {
			ours = append(ours, setting)
			continue
		}
		var described any
		require.NoError(t, yaml.Unmarshal([]byte(value), &described))
		file.Config[key] = described
	}
	values, err = overlay.Apply(values, ours)
	require.NoError(t, err)
	for key, value := range values {
		file.Config[Prefix+key] = value
	}
	text, err = yaml.Marshal(file)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi."+w.Stack+".yaml"), text, 0o600))
	return dir
}

// Deploy is the project's program with the stack's keys.
func (s *Stack) Deploy(ctx *pulumi.Context) error {
	return stacks.Deploy(ctx, stacks.Options{Dir: s.dir, Readme: "readme", Keys: s.keys})
}

// Prepare configures the stack with settings over those of its way, and does not tell the engine. The vendor learns which trust is chosen.
func (s *Stack) Prepare(settings ...string) *sandbox.Look {
	s.T.Helper()
	all := append(append([]string{}, s.Way.Settings...), settings...)
	look, err := sandbox.Prepare(s.World, s.dir, s.file, all...)
	require.NoError(s.T, err)
	s.Look = look
	return look
}

// Set configures the stack, and the engine, with settings over those of its way.
func (s *Stack) Set(settings ...string) *Stack {
	s.T.Helper()
	return s.Configure(s.Prepare(settings...).Config)
}

// Configure gives the engine a configuration as it is.
func (s *Stack) Configure(config stacks.Raw) *Stack {
	s.T.Helper()
	for _, key := range s.keys {
		s.Engine.Unset(key)
	}
	s.keys = nil
	for name, text := range config.Values {
		key := Prefix + name
		s.keys = append(s.keys, key)
		if config.Secret[name] {
			s.Engine.SetSecret(key, text)
			continue
		}
		s.Engine.Set(key, text)
	}
	return s
}

// Project is the project's folder.
func Project(t testing.TB) string {
	t.Helper()
	dir, err := projectdir.Find("")
	require.NoError(t, err)
	return dir
}

// Examples are the stacks below examples/ that are of the project.
func Examples(t testing.TB) []Way {
	t.Helper()
	dir := Project(t)
	found, err := filepath.Glob(filepath.Join(dir, "examples/*/Pulumi.*.yaml"))
	require.NoError(t, err)
	var ways []Way
	for _, file := range found {
		folder := filepath.Dir(file)
		if _, err := os.Stat(filepath.Join(folder, "Pulumi.yaml")); err == nil {
			continue // a project of its own
		}
		ways = append(ways, Way{Name: filepath.Base(folder), Stack: "examples/" + filepath.Base(folder)})
	}
	require.NotEmpty(t, ways)
	return ways
}

package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStacks starts the gateway from what every stack of the project and every example gives it. Each must start, and be closed to
// whoever has no login.
func TestStacks(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	bifrostctl := filepath.Join(root, "bin", "bifrostctl")
	require.FileExists(t, bifrostctl, "run make gateway")
	stacks := stackNames(t, root)
	var lock sync.Mutex
	rendered := map[string][]deployed{}
	t.Run("sandbox", func(t *testing.T) {
		for _, stack := range stacks {
			t.Run(stack, func(t *testing.T) {
				t.Parallel()
				all, err := deploy(t, bifrostctl, root, stack)
				require.NoError(t, err)
				lock.Lock()
				defer lock.Unlock()
				rendered[stack] = all
			})
		}
	})
	each(t, func(t *testing.T, on *bench) {
		report := &strings.Builder{}
		table := tabwriter.NewWriter(report, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "STACK\tON\tSTARTED\t/health\tGET /api/providers, anonymous")
		for _, stack := range stacks {
			if all, up := rendered[stack]; up && len(all) == 0 {
				fmt.Fprintf(table, "%s\t\tnot tried: it deploys no gateway\t\t\n", stack)
			}
			for _, d := range rendered[stack] {
				t.Run(stack+" on "+d.Target, func(t *testing.T) { d.start(t, on, table, stack) })
			}
		}
		require.NoError(t, table.Flush())
		fmt.Printf("\nWhat the stacks give the gateway, on the %s:\n%s\n", on.name, report)
	})
}

// stackNames are the stacks of the project, and the folders of examples that have a stack of it.
func stackNames(t testing.TB, root string) []string {
	t.Helper()
	var names []string
	files, err := filepath.Glob(filepath.Join(root, "Pulumi.*.yaml"))
	require.NoError(t, err)
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	examples, err := filepath.Glob(filepath.Join(root, "examples", "*", "Pulumi.*.yaml"))
	require.NoError(t, err)
	for _, file := range examples {
		dir := filepath.Dir(file)
		// A folder with a Pulumi.yaml is a project of its own.
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err != nil {
			names = append(names, "examples/"+filepath.Base(dir))
		}
	}
	require.NotEmpty(t, names)
	return names
}

// start starts the gateway as it is deployed, but for what this machine has in other places, and writes a row of the table.
func (d deployed) start(t *testing.T, on *bench, table *tabwriter.Writer, stack string) {
	s := on.site(t)
	if d.Files[configFile] == "" {
		fmt.Fprintf(table, "%s\t%s\tnot tried: config.json is in an existing Secret\t\t\n", stack, d.Target)
		t.Skip("config.json is in a Secret that exists already")
	}
	var config document
	require.NoError(t, json.Unmarshal([]byte(d.Files[configFile]), &config))
	env := maps.Clone(d.Env)
	s.replaceDatabases(t, config, env)
	replacePriceLists(config, on.provider.URL)
	local := s.writeFiles(t, d.Files)
	for name, value := range env {
		env[name] = local.Replace(value)
	}
	text, err := json.Marshal(config)
	require.NoError(t, err)
	if strings.Contains(env["APP_HOST"], ":") {
		s.host = "::1"
	}
	p := s.launchText(t, local.Replace(string(text)), env)
	if err := p.ready(t.Context()); err != nil {
		fmt.Fprintf(table, "%s\t%s\tNO\t\t\n", stack, d.Target)
		t.Fatal(err)
	}
	health, anonymous := p.status(t, "/health"), p.status(t, "/api/providers")
	fmt.Fprintf(table, "%s\t%s\tyes\t%d after %s\t%d\n", stack, d.Target, health, p.took.Round(100*time.Millisecond), anonymous)
	if health != http.StatusOK || anonymous != http.StatusUnauthorized {
		t.Errorf("/health answers %d, and anybody gets %d from /api/providers", health, anonymous)
	}
	p.stop(t)
}

// replaceDatabases leads the stores on PostgreSQL to the test's server, with the users, passwords and databases that are configured.
func (s *site) replaceDatabases(t testing.TB, config document, env map[string]string) {
	t.Helper()
	made := map[string]bool{}
	for _, name := range []string{"config_store", "logs_store"} {
		store, _ := config[name].(document)
		settings, _ := store["config"].(document)
		if store["type"] != "postgres" || settings == nil {
			continue
		}
		s.bench.needPostgres(t)
		if s.server == nil {
			s.server = s.bench.postgres()
		}
		value := func(key string) string {
			text, _ := settings[key].(string)
			if variable, isVariable := strings.CutPrefix(text, "env."); isVariable {
				return env[variable]
			}
			return text
		}
		set := func(key, value string) {
			text, _ := settings[key].(string)
			if variable, isVariable := strings.CutPrefix(text, "env."); isVariable {
				env[variable] = value
				return
			}
			settings[key] = value
		}
		if database := value("db_name"); !made[database] {
			made[database] = true
			require.NoError(t, s.server.Provide(t.Context(), value("user"), value("password"), database))
		}
		set("host", "localhost")
		set("port", strconv.Itoa(s.server.Port))
	}
}

// replacePriceLists leads to the test's own: this machine may have no way out, and the gateway needs them at its first start.
func replacePriceLists(config document, url string) {
	framework, _ := config["framework"].(document)
	config["framework"] = merged(framework, document{"pricing": document{
		"pricing_url": url + "/datasheet", "model_parameters_url": url + "/model-parameters", "mcp_library_url": url + "/mcp-library",
	}})
}

// writeFiles puts the files of a container below the data folder, each certificate replaced by that of the test's server. It returns
// what leads from the container's paths to these.
func (s *site) writeFiles(t testing.TB, files map[string]string) *strings.Replacer {
	t.Helper()
	authority := ""
	if s.server != nil {
		text, err := os.ReadFile(s.server.Authority())
		require.NoError(t, err)
		authority = string(text)
	}
	replace := []string{}
	// Longer paths first: one may begin another.
	for _, path := range slices.Backward(slices.Sorted(maps.Keys(files))) {
		text := files[path]
		if path == configFile {
			continue
		}
		local := filepath.Join(s.dir, "mounts", path)
		if strings.Contains(text, "BEGIN CERTIFICATE") {
			text = authority
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(local), 0o755))
		require.NoError(t, os.WriteFile(local, []byte(text), 0o644))
		replace = append(replace, path, local)
		if dir := filepath.Dir(path); !strings.HasPrefix(dataDir, dir) {
			replace = append(replace, dir, filepath.Dir(local))
		}
	}
	return strings.NewReplacer(append(replace, dataDir, s.dir)...)
}

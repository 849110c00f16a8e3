package setup_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/shell"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/stackfile"
	"bifrost/bifrostctl/setup"
)

// repository is the project's folder.
const repository = "../.."

// project is a copy of the project's files that init reads. No cloud answers there.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, onlyConfiguration{os.DirFS(repository)}))
	for name, value := range map[string]string{
		"HOME": dir, "PATH": "/nowhere", "KUBECONFIG": filepath.Join(dir, "kubeconfig"), "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": "", "AWS_PROFILE": "", "AWS_REGION": "", "GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(dir, "none.json"),
	} {
		t.Setenv(name, value)
	}
	return dir
}

// onlyConfiguration are the stack files of a folder, with what they name, and Pulumi.yaml.
type onlyConfiguration struct{ fs.FS }

// ReadDir implements fs.ReadDirFS.
func (o onlyConfiguration) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return name == "." && e.Name() != "examples" && !strings.HasPrefix(e.Name(), "Pulumi.") || strings.HasSuffix(e.Name(), ".go") || strings.HasPrefix(e.Name(), "go.")
	}), err
}

// result is what a command printed, and its exit status.
type result struct {
	stdout, stderr string
	code           int
}

func run(t *testing.T, dir string, args ...string) result {
	t.Helper()
	root := &cobra.Command{Use: "bifrostctl"}
	root.AddCommand(setup.Command())
	cli.Prepare(root)
	var stdout, stderr bytes.Buffer
	code := cli.Execute(t.Context(), root, append([]string{"init", "--dir", dir}, args...), &stdout, &stderr)
	return result{stdout.String(), stderr.String(), code}
}

func readFile(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return string(text)
}

func valuesOf(t *testing.T, text string) map[string]any {
	t.Helper()
	file, err := stackfile.Parse(text)
	require.NoError(t, err, text)
	values, err := file.Values()
	require.NoError(t, err)
	return values
}

// sources are all stack files of the project, as --from names them.
func sources(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"Pulumi.*.yaml", "examples/*/Pulumi.*.yaml"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		for _, file := range files {
			text := readFile(t, file)
			if !strings.Contains(text, "bifrost:platform") {
				continue
			}
			name, err := filepath.Rel(dir, filepath.Dir(file))
			require.NoError(t, err)
			if name == "." {
				name = strings.Split(filepath.Base(file), ".")[1]
			}
			all[name] = text
		}
	}
	require.Greater(t, len(all), 12)
	return all
}

// TestFromEveryStack: a copy of each stack file means what it meant, says what its keys are, and changes no more.
func TestFromEveryStack(t *testing.T) {
	dir := project(t)
	for from, source := range sources(t, dir) {
		t.Run(from, func(t *testing.T) {
			name := "copy-" + filepath.Base(from)
			made := run(t, dir, name, "--from", from, "--yes")
			require.Zero(t, made.code, made.stderr)
			written := readFile(t, dir, "Pulumi."+name+".yaml")
			require.Equal(t, valuesOf(t, source), valuesOf(t, written))
			require.True(t, strings.HasPrefix(written, "# yaml-language-server: $schema=docs/reference/stack.schema.json\n# From "), written)
			require.Contains(t, written, "  # Where the gateway runs: aws (EKS, ECS or both)")
			body := source
			if strings.HasPrefix(from, "examples/") {
				_, body, _ = strings.Cut(source, "\nconfig:") // what is said of the example is not said of the copy
			}
			for line := range strings.Lines(body) {
				if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "#") && !strings.Contains(line, "yaml-language-server") {
					require.Contains(t, written, trimmed, "comments of others stay")
				}
			}
			for line := range strings.Lines(written) {
				if strings.HasPrefix(strings.TrimSpace(line), "# ") && !strings.Contains(source, strings.TrimSpace(line)) && !strings.Contains(line, "pulumi config set") {
					require.LessOrEqual(t, len([]rune(line)), 110, line)
				}
			}
			require.Contains(t, made.stdout, "sandbox up "+name)
			hasSecrets := from != "examples/air-gapped" // all of its secrets are in Secrets that exist
			require.Equal(t, hasSecrets, strings.Contains(made.stdout, "pulumi config set --stack "+name+" --secret"))

			again := run(t, dir, name, "--yes")
			require.Zero(t, again.code, again.stderr)
			require.Contains(t, again.stdout, "stays as it is")
			require.Equal(t, written, readFile(t, dir, "Pulumi."+name+".yaml"))
		})
	}
}

// TestMissing: without a terminal init names every flag that is missing, and does with them.
func TestMissing(t *testing.T) {
	for _, place := range []string{"eks", "ecs", "aks", "gke", "kubernetes"} {
		t.Run(place, func(t *testing.T) {
			dir := project(t)
			refused := run(t, dir, "prod", "--on", place)
			require.Equal(t, 2, refused.code)
			require.NoFileExists(t, filepath.Join(dir, "Pulumi.prod.yaml"))
			args := []string{"prod", "--on", place}
			for _, found := range regexp.MustCompile(`(?m)^  (--set .*?)   # `).FindAllStringSubmatch(refused.stderr, -1) {
				words, err := shell.Fields(found[1], nil)
				require.NoError(t, err, found[1])
				args = append(args, words...)
			}
			require.Greater(t, len(args), 10, refused.stderr)
			made := run(t, dir, args...)
			require.Zero(t, made.code, made.stderr)
			require.FileExists(t, filepath.Join(dir, "Pulumi.prod.yaml"))
		})
	}
}

// TestWithout: whoever lacks a part gets a stack file that the program takes, without it.
func TestWithout(t *testing.T) {
	for from, parts := range map[string][]string{
		"examples/eks-production": {"ingress", "bedrock", "autoscaling", "zones", "monitoring", "otel"},
		"examples/ecs-production": {"bedrock", "alarms", "kms", "balancer"},
		"examples/aks-production": {"route", "openai", "pool", "monitoring"},
		"examples/gke-production": {"route", "vertex", "monitoring"},
		"examples/on-premises":    {"route", "ca", "ipv6", "monitoring"},
	} {
		dir := project(t)
		for _, part := range append(parts, strings.Join(parts, ",")) {
			name := strings.ReplaceAll("no-"+part, ",", "-")
			made := run(t, dir, name, "--from", from, "--yes", "--without", part)
			require.Zero(t, made.code, "%s: %s", part, made.stderr)
			require.NotEqual(t, valuesOf(t, readFile(t, dir, from, "Pulumi."+filepath.Base(from)+".yaml")), valuesOf(t, readFile(t, dir, "Pulumi."+name+".yaml")))
		}
		odd := run(t, dir, "odd", "--from", from, "--yes", "--without", "nothing")
		require.Equal(t, 2, odd.code)
		require.Contains(t, odd.stderr, "--without nothing: the parts of this stack are ")
		require.Contains(t, odd.stderr, parts[0])
	}
}

// TestRefusals: nothing is written, and all problems are told at once.
func TestRefusals(t *testing.T) {
	dir := project(t)
	for name, test := range map[string]struct {
		args []string
		told []string
	}{
		"problems": {[]string{"x", "--from", "aws-dev", "--yes", "--set", "eks.pull=push", "--set", "aws.accountId=12", "--set", "gateway.replica=2"},
			[]string{"bifrost:eks.pull", "bifrost:aws.accountId", "bifrost:gateway.replica", "has 3 problems", "nothing was written"}},
		"no source":        {[]string{"x", "--from", "nowhere"}, []string{"--from nowhere", "a stack of the project"}},
		"no place":         {[]string{"x"}, []string{"--on eks|ecs|aks|gke|kubernetes", "--from"}},
		"an odd place":     {[]string{"x", "--on", "moon"}, []string{"--on moon", "eks, ecs, aks, gke, kubernetes"}},
		"two beginnings":   {[]string{"x", "--on", "eks", "--from", "aws-dev"}, []string{"from on"}},
		"a taken name":     {[]string{"aws-dev", "--from", "local-dev", "--yes"}, []string{"Pulumi.aws-dev.yaml is there already"}},
		"an odd name":      {[]string{"a b", "--from", "local-dev", "--yes"}, []string{`"a b" is no name of a stack`}},
		"no name":          {[]string{}, []string{"init takes one stack"}},
		"a setting":        {[]string{"x", "--from", "aws-dev", "--yes", "--set", "gateway"}, []string{"--set gateway"}},
		"a secret":         {[]string{"x", "--from", "aws-dev", "--yes", "--set", "secrets.license=CANARY"}, []string{"--set secrets.license", "pulumi config set --stack x --secret"}},
		"another's folder": {[]string{"x", "--from", "examples/transforms"}, []string{"--from examples/transforms"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused := run(t, dir, test.args...)
			require.Equal(t, 2, refused.code, refused.stdout)
			for _, told := range test.told {
				require.Contains(t, refused.stderr, told)
			}
			require.NotContains(t, refused.stdout+refused.stderr, "CANARY")
			require.NoFileExists(t, filepath.Join(dir, "Pulumi.x.yaml"))
		})
	}
}

// TestSecretsStay: what another stack's key encrypted, or stands there in clear, is not copied.
func TestSecretsStay(t *testing.T) {
	dir := project(t)
	source := "encryptionsalt: CANARY-salt\nsecretsprovider: awskms://CANARY-key\n" + readFile(t, dir, "Pulumi.aws-dev.yaml") +
		"  bifrost:secrets:\n    license: CANARY-clear\n    adminPassword:\n      secure: CANARY-secure\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.old.yaml"), []byte(source), 0o600))
	made := run(t, dir, "new", "--from", "old", "--yes")
	require.Zero(t, made.code, made.stderr)
	written := readFile(t, dir, "Pulumi.new.yaml")
	for _, text := range []string{written, made.stdout, made.stderr} {
		require.NotContains(t, text, "CANARY")
	}
	require.Contains(t, made.stderr, "are not copied")
	require.Contains(t, written, "#   pulumi config set --stack new --secret --path 'bifrost:secrets.license'\n")
	require.Contains(t, written, "#   openssl rand -base64 32 | pulumi config set --stack new --secret --path 'bifrost:secrets.encryptionKey'\n")
}

// TestChange: a stack file that is there keeps what people wrote into it, and is changed by whoever agrees.
func TestChange(t *testing.T) {
	dir := project(t)
	file := filepath.Join(dir, "Pulumi.aws-dev.yaml")
	before := strings.Replace(readFile(t, file), "    replicas: 2\n", "    # mine\n\n    replicas: 2 # two\n", 1) +
		"  bifrost:secrets:\n    license:\n      secure: v1:CANARY\n  other:key: 1\n"
	require.NoError(t, os.WriteFile(file, []byte(before), 0o600))

	shown := run(t, dir, "aws-dev", "--set", "gateway.replicas=5")
	require.Equal(t, 2, shown.code)
	require.Contains(t, shown.stdout, "-    replicas: 2 # two\n+    replicas: 5 # two\n")
	require.Contains(t, shown.stderr, "give --yes")
	require.Equal(t, before, readFile(t, file))

	agreed := run(t, dir, "aws-dev", "--set", "gateway.replicas=5", "--set", "gateway.cpuLimit='2'", "--yes")
	require.Zero(t, agreed.code, agreed.stderr)
	after := readFile(t, file)
	want := strings.Replace(before, "replicas: 2", "replicas: 5", 1)
	require.Equal(t, want, regexp.MustCompile(`(?m)^    # [^\n]*\n    cpuLimit: "2"\n`).ReplaceAllString(after, ""), "a new key comes with its comment")
	require.NotEqual(t, want, after)
	require.NotContains(t, agreed.stdout, "CANARY")
}

func TestJSON(t *testing.T) {
	dir := project(t)
	made := run(t, dir, "demo", "--from", "local-dev", "--json")
	require.Zero(t, made.code, made.stderr)
	var document struct {
		cli.Envelope
		setup.Answer
	}
	require.NoError(t, json.Unmarshal([]byte(made.stdout), &document))
	require.Equal(t, cli.Envelope{Command: "init", Result: cli.Succeeded}, document.Envelope)
	require.True(t, document.Written)
	require.Equal(t, filepath.Join(dir, "Pulumi.demo.yaml"), document.File)
	require.Contains(t, document.Diff, "+config:")
	require.Greater(t, len(document.Next), 8)

	refused := run(t, dir, "other", "--from", "local-dev", "--json", "--set", "gateway.replicas=-1")
	require.Equal(t, 2, refused.code)
	document.Written, document.Error = true, ""
	require.NoError(t, json.Unmarshal([]byte(refused.stdout), &document))
	require.False(t, document.Written)
	require.Contains(t, document.Error, "gateway.replicas")
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// root is the repository.
const root = "../.."

// TestCommitted: the committed files are the generated ones.
func TestCommitted(t *testing.T) {
	files, err := generate(root)
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%s differs from the comments of stacks.Config; run make docs", name)
	}
}

// TestAccepted: the schema takes every stack file of the repository, and those that the documents show.
func TestAccepted(t *testing.T) {
	schema := committed(t)
	files := append(glob(t, "Pulumi.*.yaml"), glob(t, "examples/*/Pulumi.*.yaml")...)
	require.Greater(t, len(files), 9, "stack files were not found")
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, schema.Validate(document(t, text)), file)
		requireLine(t, file, string(text))
	}
	shown := 0
	for _, file := range glob(t, "docs/*.md") {
		page, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, block := range strings.Split(string(page), "```yaml\nconfig:\n")[1:] {
			shown++
			text, _, _ := strings.Cut(block, "```")
			require.NoError(t, schema.Validate(document(t, []byte("config:\n"+text))), "%s shows:\n%s", file, text)
		}
	}
	require.Greater(t, shown, 5, "the documents show no stack files")
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pattern))
	require.NoError(t, err)
	return files
}

// requireLine wants the line by which editors find the schema, in the stack files of this project.
func requireLine(t *testing.T, file, text string) {
	t.Helper()
	if !strings.Contains(text, "  bifrost:") {
		return
	}
	first, _, _ := strings.Cut(text, "\n")
	path, found := strings.CutPrefix(first, "# yaml-language-server: $schema=")
	require.True(t, found, "%s does not name the schema on its first line", file)
	require.FileExists(t, filepath.Join(filepath.Dir(file), path))
	require.Equal(t, filepath.Base(schemaFile), filepath.Base(path))
}

// sample is a part of a stack file, and whether the schema takes it.
type sample struct {
	text string
	ok   bool
}

// requireAnswers puts the samples into a file.
func requireAnswers(t *testing.T, file string, samples map[string]sample) {
	t.Helper()
	schema := committed(t)
	for name, s := range samples {
		err := schema.Validate(document(t, fmt.Appendf(nil, file, s.text)))
		require.Equal(t, s.ok, err == nil, "%s: %v", name, err)
	}
}

// TestValues: what Pulumi writes and takes beside what people write.
func TestValues(t *testing.T) {
	requireAnswers(t, "%s", map[string]sample{
		"a platform":                          {"config: {bifrost:platform: aws}", true},
		"another platform":                    {"config: {bifrost:platform: oracle}", false},
		"a platform without the project":      {"config: {platform: azure}", true},
		"another one without the project":     {"config: {platform: oracle}", false},
		"a mistyped object":                   {"config: {bifrost:ek: {clusterName: dev}}", false},
		"a mistyped object, without project":  {"config: {ek: {clusterName: dev}}", false},
		"a key of another project":            {"config: {other:anything: [1, {a: b}]}", true},
		"a setting of Pulumi":                 {"config: {'pulumi:disable-default-providers': ['*']}", true},
		"what Pulumi writes itself":           {"encryptionsalt: v1:abc\nsecretsprovider: passphrase\nencryptedkey: abc", true},
		"environments of Pulumi ESC":          {"environment: [prod]", true},
		"an environment as an object":         {"environment: {imports: [prod]}", true},
		"a salt that is none":                 {"encryptionsalt: 5", false},
		"a boolean as pulumi config set does": {"config: {bifrost:protectIdentities: 'false'}", true},
		"a boolean that is none":              {"config: {bifrost:protectIdentities: maybe}", false},
		"digits as pulumi config set does":    {"config: {bifrost:aws: {accountId: 111122223333}}", true},
		"an object where text belongs":        {"config: {bifrost:aws: {accountId: {number: 1}}}", false},
		"an encrypted value outside secrets":  {"config: {bifrost:aws: {accountId: {secure: v1:abc}}}", false},
		"text where an object belongs":        {"config: {bifrost:eks: dev}", false},
		"a mistyped key":                      {"config: {bifrost:eks: {clustername: dev}}", false},
		"another way to pull":                 {"config: {bifrost:eks: {pull: push}}", false},
		"a list":                              {"config: {bifrost:ecs: {subnets: [subnet-1]}}", true},
		"text where a list belongs":           {"config: {bifrost:ecs: {subnets: subnet-1}}", false},
		"tags":                                {"config: {bifrost:tags: {team: ai, costCenter: 42}}", true},
		"a tag that is an object":             {"config: {bifrost:tags: {team: {name: ai}}}", false},
		"encrypted secrets":                   {"config: {bifrost:secrets: {license: {secure: v1:a}, env: {A: {secure: v1:b}}}}", true},
		"secrets encrypted as a whole":        {"config: {bifrost:secrets: {secure: v1:abc}}", true},
		"secrets as text":                     {"config: {bifrost:secrets: {license: abc}}", true},
		"an unknown secret":                   {"config: {bifrost:secrets: {licence: {secure: v1:a}}}", false},
		"a secret that is half encrypted":     {"config: {bifrost:secrets: {license: {secure: v1:a, plain: b}}}", false},
	})
}

// TestGatewayValues: likewise, below bifrost:gateway.
func TestGatewayValues(t *testing.T) {
	requireAnswers(t, "config: {bifrost:gateway: {%s}}", map[string]sample{
		"a number":                        {"replicas: 3", true},
		"a number that is not whole":      {"replicas: 1.5", false},
		"text where a number belongs":     {"replicas: '3'", false},
		"an object two levels down":       {"ingress: {controller: alb, hosts: [a.b]}", true},
		"a mistyped key two levels down":  {"ingress: {host: a.b}", false},
		"config.json as it is":            {"config: {providers: {openai: {keys: [{value: env.KEY}]}}}", true},
		"a Secret's key":                  {"secretRefs: {A: {secret: s, key: k}}", true},
		"a mistyped key in a map":         {"secretRefs: {A: {name: s, key: k}}", false},
		"a container":                     {"extraContainers: [{name: a, image: b, ports: [{containerPort: 1}]}]", true},
		"a container without a name":      {"extraContainers: [{image: b}]", false},
		"a container with a mistyped key": {"extraContainers: [{name: a, imag: b}]", false},
		"a toleration":                    {"scheduling: {tolerations: [{key: a, operator: Exists}]}", true},
		"a mistyped affinity":             {"scheduling: {affinity: {podAntiAffinity: {requiredDuring: []}}}", false},
		"a port by name or number":        {"networkPolicy: {extraEgress: [{ports: [{port: 6379}, {port: redis}]}]}", true},
	})
}

// TestEveryKeyIsDescribed: a key without a comment is a row without a meaning.
func TestEveryKeyIsDescribed(t *testing.T) {
	config, err := readConfig(root)
	require.NoError(t, err)
	keys := 0
	config.walk("", func(path string, s *structure) {
		for _, k := range s.keys {
			keys++
			require.NotEmpty(t, k.description, "%s: the field has no comment", path+"."+k.name)
		}
	})
	require.Greater(t, keys, 150)
}

// TestTable: the table of values names fields that are there.
func TestTable(t *testing.T) {
	config, err := readConfig(root)
	require.NoError(t, err)
	there := map[string]bool{}
	config.walk("", func(_ string, s *structure) {
		for _, k := range s.keys {
			there[s.name+"."+strings.ToUpper(k.name[:1])+k.name[1:]] = true
		}
	})
	for field := range oneOf {
		require.True(t, there[field], "%s is no field; remove it", field)
	}
}

func TestComments(t *testing.T) {
	for _, c := range []struct {
		field, text string
		want        comment
	}{
		{"Size", "Size of the volume. Default 10Gi. A claim\ndoes not grow.", comment{
			doc:         "Size of the volume. Default 10Gi. A claim does not grow.",
			description: "Size of the volume. A claim does not grow.", literal: "10Gi",
		}},
		{"ClassName", "ClassName is the class. Default: the cluster's own.", comment{
			doc: "The class. Default: the cluster's own.", description: "The class.", words: "the cluster's own",
		}},
		{"AllowHttp", "AllowHttp leaves TLS out.", comment{doc: "Leaves TLS out.", description: "Leaves TLS out."}},
		{"TaskRole", "TaskRole of the gateway.", comment{doc: "Task role of the gateway.", description: "Task role of the gateway."}},
		{"Cpu", "CpuPercent is another.", comment{doc: "CpuPercent is another.", description: "CpuPercent is another."}},
		{"Path", `A prefix. Default "/".`, comment{doc: `A prefix. Default "/".`, description: "A prefix.", literal: "/"}},
		{"Image", "The image, tag v1.2 for instance. Required.", comment{
			doc: "The image, tag v1.2 for instance. Required.", description: "The image, tag v1.2 for instance.", required: true,
		}},
		{"Roles", "Some roles. Required with pull node.", comment{
			doc: "Some roles. Required with pull node.", description: "Some roles.", requiredIf: "with pull node",
		}},
	} {
		require.Equal(t, c.want, readComment(c.text, c.field))
	}
}

func TestYamlTexts(t *testing.T) {
	for _, text := range []string{"plain, with 'quotes'", "a: b", "a #b", "`code` first", "- a"} {
		var got map[string]string
		require.NoError(t, yaml.Unmarshal([]byte("text: "+quoted(text)), &got))
		require.Equal(t, text, got["text"])
	}
}

// committed is the schema of the repository.
func committed(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, schemaFile))
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("stack.schema.json", parsed))
	schema, err := compiler.Compile("stack.schema.json")
	require.NoError(t, err)
	return schema
}

func document(t *testing.T, text []byte) any {
	t.Helper()
	converted, err := yaml.YAMLToJSON(text)
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	require.NoError(t, err)
	return parsed
}

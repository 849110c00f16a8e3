package sandbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// write makes a file with its folders.
func write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

// TestStackInAFolder: an argument with a slash is the folder of a stack file, wherever it is named from.
func TestStackInAFolder(t *testing.T) {
	dir := writeProject(t, map[string]string{"dev": "config: {bifrost:platform: aws}"})
	write(t, filepath.Join(dir, "examples/small/Pulumi.tiny.yaml"), "config: {bifrost:platform: azure}")
	t.Chdir(filepath.Join(dir, "examples"))
	for _, argument := range []string{"./small", "../examples/small/", filepath.Join(dir, "examples/small"), "small/Pulumi.tiny.yaml"} {
		p, err := loadProject("", argument)
		require.NoError(t, err, argument)
		require.Equal(t, []any{dir, "tiny", "azure"}, []any{p.dir, p.stack, p.values["platform"]}, argument)
		require.Equal(t, " --config-file "+filepath.Join(dir, "examples/small/Pulumi.tiny.yaml"), p.configFlag())
		f, err := Request{Stack: argument}.folders(p)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, ".sandbox/tiny"), f.stack)
	}
	for _, argument := range []string{"dev", "Pulumi.dev.yaml", "../Pulumi.dev.yaml"} {
		p, err := loadProject("", argument)
		require.NoError(t, err, argument)
		require.Equal(t, []any{"dev", "aws"}, []any{p.stack, p.values["platform"]}, argument)
		require.Empty(t, p.configFlag(), argument)
	}

	request := Request{Self: "bifrostctl", Operation: Up, Stack: "examples/small"}
	require.Equal(t, "bifrostctl sandbox destroy examples/small", request.command(Destroy), "the next command names it as this one did")
}

func TestNoStackInAFolder(t *testing.T) {
	dir := writeProject(t, nil)
	write(t, filepath.Join(dir, "none/README.md"), "")
	write(t, filepath.Join(dir, "two/Pulumi.a.yaml"), "")
	write(t, filepath.Join(dir, "two/Pulumi.b.yaml"), "")
	write(t, filepath.Join(dir, "other/Pulumi.yaml"), "name: other")
	write(t, filepath.Join(dir, "other/Pulumi.dev.yaml"), "config: {}")
	outside := t.TempDir()
	write(t, filepath.Join(outside, "x/Pulumi.dev.yaml"), "config: {}")
	t.Chdir(dir)
	for argument, want := range map[string]string{
		"./nowhere":         "stack ./nowhere: there is no folder " + dir + "/nowhere; a stack of the project itself is named without a slash",
		"none/":             "the folder must hold one stack file Pulumi.<stack>.yaml, and holds none",
		"./two":             "the folder must hold one stack file Pulumi.<stack>.yaml, and holds Pulumi.a.yaml, Pulumi.b.yaml",
		"two/Pulumi.c.yaml": "stack two/Pulumi.c.yaml: there is no such file; the folder holds Pulumi.a.yaml, Pulumi.b.yaml",
		"none/README.md":    "stack none/README.md: this is a file, and no Pulumi.<stack>.yaml: name that, or the folder that holds it",
		"Pulumi.prod.yaml":  `there is no stack "prod"`,
		"./other":           "other/Pulumi.yaml is of another project than \"bifrost\"",
		outside + "/x":      "neither " + outside + "/x nor a parent of it holds the Pulumi.yaml of the project \"bifrost\"",
	} {
		_, err := loadProject("", argument)
		require.ErrorContains(t, err, want, argument)
	}
	p, err := loadProject(dir, outside+"/x")
	require.NoError(t, err, "--dir names the project")
	require.Equal(t, dir, p.dir)
}

// TestDatesAsTheCLIHasThem: a date without quotes is no date to the program, which gets what Pulumi makes of it.
func TestDatesAsTheCLIHasThem(t *testing.T) {
	dir := writeProject(t, map[string]string{"dev": "config: {bifrost:tags: {until: 2026-12-31, in: '2026-12-31'}}"})
	p, err := loadProject(dir, "dev")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"until": "2026-12-31 00:00:00 +0000 UTC", "in": "2026-12-31"}, p.values["tags"])
}

// TestKeysOfAStackFile: a key without a namespace is the project's, as Pulumi has it, and what Pulumi passes over is refused.
func TestKeysOfAStackFile(t *testing.T) {
	p, err := loadProject(writeProject(t, map[string]string{"dev": "config: {platform: aws, sandbox:tags: [a]}"}), "dev")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"platform": "aws"}, p.values)
	require.Contains(t, p.others, "sandbox:tags")

	dir := writeProject(t, map[string]string{"dev": "confg: {bifrost:platform: aws}\ningress: {}\nsecretsprovider: x"})
	_, err = loadProject(dir, "dev")
	require.ErrorContains(t, err, "confg: no key of a stack file, and what is below it is lost; did you mean config?")
	require.ErrorContains(t, err, "ingress: no key of a stack file, and what is below it is lost; keys of the program stand below config")
	require.NotContains(t, err.Error(), "secretsprovider")
}

package images

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/image"
)

// aRegistry is a registry on loopback with images of these names and tags. It returns its host, and the digest of each.
func aRegistry(t *testing.T, names ...string) (string, map[string]string) {
	t.Helper()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // nobody's logins
	host := strings.TrimPrefix(server.URL, "http://")
	digests := map[string]string{}
	for _, n := range names {
		digests[n] = push(t, host+"/"+n)
	}
	return host, digests
}

// push puts a new image under a tag, with an index as images of several platforms have.
func push(t *testing.T, tag string) string {
	t.Helper()
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	reference, err := name.NewTag(tag)
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(reference, index))
	return digest(t, index)
}

func digest(t *testing.T, index v1.ImageIndex) string {
	t.Helper()
	hash, err := index.Digest()
	require.NoError(t, err)
	return hash.String()
}

func run(t *testing.T, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := Command(remote.DefaultTransport)
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

// stackFile writes a stack file into a folder of its own.
func stackFile(t *testing.T, text string) (folder, file string) {
	t.Helper()
	folder = t.TempDir()
	file = filepath.Join(folder, "Pulumi.dev.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return folder, file
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// TestImages: shown first, written when that is asked for, the same the second time, and renewed when the tag has moved.
func TestImages(t *testing.T) {
	host, digests := aRegistry(t, "aws-cli:2.37.1", "kubectl:v1.34.3", "kubectl:v1.35.0")
	awsCli, kubectl := host+"/aws-cli:2.37.1", host+"/kubectl:v1.34.3"
	before := "config:\n  bifrost:platform: aws # here\n  bifrost:eks:\n    clusterName: dev\n  bifrost:refresher:\n    # Ours.\n" +
		"    images:\n      aws: " + awsCli + " # mirrored\n      kubectl: \"" + kubectl + "\"\n"
	folder, file := stackFile(t, before)

	out, err := run(t, folder)
	require.NoError(t, err)
	pinnedAws := awsCli + "@" + digests["aws-cli:2.37.1"]
	require.Contains(t, out, "refresher.images.aws\n  - "+awsCli+"\n  + "+pinnedAws+"\n")
	require.Contains(t, out, file+" is unchanged; --write writes it")
	require.Equal(t, before, read(t, file))

	out, err = run(t, folder, "--write")
	require.NoError(t, err)
	require.Contains(t, out, file+" written")
	pinnedKubectl := kubectl + "@" + digests["kubectl:v1.34.3"]
	after := strings.Replace(before, awsCli, pinnedAws, 1)
	after = strings.Replace(after, `"`+kubectl+`"`, pinnedKubectl, 1)
	require.Equal(t, after, read(t, file))

	out, err = run(t, folder, "--write")
	require.NoError(t, err)
	require.Contains(t, out, file+" is up to date")
	require.Equal(t, after, read(t, file))

	moved := push(t, awsCli)
	newer := host + "/kubectl:v1.35.0@" + digests["kubectl:v1.35.0"]
	out, err = run(t, folder, "--write", "--kubectl", host+"/kubectl:v1.35.0")
	require.NoError(t, err)
	require.Contains(t, out, "  - "+pinnedAws+"\n  + "+awsCli+"@"+moved+"\n")
	require.Contains(t, out, "  - "+pinnedKubectl+"\n  + "+newer+"\n")
	require.Equal(t, strings.Replace(strings.Replace(after, pinnedAws, awsCli+"@"+moved, 1), pinnedKubectl, newer, 1), read(t, file))
}

// TestImagesRefused: nothing is written where not all could be asked for.
func TestImagesRefused(t *testing.T) {
	host, digests := aRegistry(t, "kubectl:v1.34.3")
	there := host + "/kubectl:v1.34.3"
	const eks = "config:\n  bifrost:eks:\n    clusterName: dev\n"
	for name, c := range map[string]struct {
		text string
		args []string
		want string
	}{
		"no such tag": {eks, []string{"--aws", host + "/aws-cli:0", "--kubectl", there}, "refresher.images.aws: asking " + host},
		"latest":      {eks, []string{"--aws", host + "/aws-cli:latest"}, "the tag latest names another image every day"},
		"a digest alone": {eks, []string{"--aws", host + "/kubectl@" + digests["kubectl:v1.34.3"]}, "has no tag whose digest could be " +
			"asked for"},
		"not used": {eks, []string{"--gcloud", there}, "does not use this image"},
		"in braces": {"config:\n  bifrost:eks: {clusterName: dev}\n  bifrost:refresher: {schedule: 0 */3 * * *}\n",
			[]string{"--aws", there, "--kubectl", there}, "written in braces; set it yourself: pulumi config set --path " +
				"'bifrost:refresher.images.aws' " + there},
		"empty": {"config:\n  bifrost:eks:\n    clusterName: dev\n  bifrost:refresher: {}\n",
			[]string{"--aws", there, "--kubectl", there}, "is there, and empty"},
		"folded": {eks + "  bifrost:refresher:\n    images:\n      aws: >-\n        " + there + "\n", []string{"--kubectl", there},
			"not written plainly on one line"},
		"no config":       {"encryptionsalt: x\n", nil, "has no object config"},
		"no YAML":         {"config: [", nil, "is no YAML"},
		"no registry":     {eks, []string{"--aws", "127.0.0.1:1/aws-cli:1"}, "asking 127.0.0.1:1 for the digest"},
		"no registryhost": {eks, []string{"--aws", "aws-cli:1"}, "no registry host"},
	} {
		t.Run(name, func(t *testing.T) {
			folder, file := stackFile(t, c.text)
			_, err := run(t, append([]string{folder, "--write"}, c.args...)...)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, c.text, read(t, file))
		})
	}
	_, err := run(t, t.TempDir())
	require.ErrorContains(t, err, "must hold one stack file")
	_, err = run(t, "no-such-stack")
	require.ErrorContains(t, err, "Pulumi.no-such-stack.yaml does not exist")
}

// TestImagesOf: which images a stack's refresher uses, and the program's own where the file names none.
// TestStackByItsFile: a stack may be called by its file's name.
func TestStackByItsFile(t *testing.T) {
	project := stacktest.Project(t)
	for _, stack := range []string{"Pulumi.aws-dev.yaml", project + "/Pulumi.aws-dev.yaml"} {
		f, err := Open(project, stack)
		require.NoError(t, err, stack)
		require.Equal(t, project+"/Pulumi.aws-dev.yaml", f.Path)
	}
}

func TestImagesOf(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"EKS":            {"bifrost:eks:\n    clusterName: dev", []string{Aws, Kubectl}},
		"EKS, refresh":   {"bifrost:eks:\n    pull: refresh", []string{Aws, Kubectl}},
		"EKS, node":      {"bifrost:eks:\n    pull: node", nil},
		"EKS, kubelet":   {"bifrost:eks:\n    pull: kubelet", nil},
		"ECS":            {"bifrost:ecs:\n    clusterName: dev", nil},
		"AKS":            {"bifrost:aks:\n    clusterName: dev", []string{Gcloud, Kubectl}},
		"a mirror":       {"bifrost:aks:\n    clusterName: dev\n  bifrost:registry:\n    mirror: true", nil},
		"EKS taken away": {"bifrost:eks: null", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := parse("f", "config:\n  "+c.text+"\n")
			require.NoError(t, err)
			var keys []string
			for _, i := range f.Of() {
				keys = append(keys, i.Key)
				require.Equal(t, defaults[i.Key], i.Now)
			}
			require.Equal(t, c.want, keys)
		})
	}
}

// TestEveryStackFile: each stack file of the repository takes pins that the program runs by digest, and keeps its other lines.
func TestEveryStackFile(t *testing.T) {
	host, digests := aRegistry(t, "i:1")
	ways := stacktest.Examples(t)
	for _, stack := range stacktest.DevStacks {
		ways = append(ways, stacktest.Way{Name: stack, Stack: stack})
	}
	pinned := 0
	for _, way := range ways {
		t.Run(way.Name, func(t *testing.T) {
			f, err := Open(stacktest.Project(t), strings.Replace(way.Stack, "examples/", stacktest.Project(t)+"/examples/", 1))
			require.NoError(t, err)
			edited := f
			for _, i := range f.Of() {
				value, err := Pin(t.Context(), remote.DefaultTransport, host+"/i:1")
				require.NoError(t, err)
				edited, err = edited.With(i.Key, value)
				require.NoError(t, err)
				written, err := image.Parse(edited.at("refresher", "images", i.Key))
				require.NoError(t, err)
				require.Equal(t, host+"/i@"+digests["i:1"], written.String())
				pinned++
			}
			left := edited.lines
			for _, line := range f.lines {
				for left[0] != line {
					require.Regexp(t, `refresher:|images:|aws: |gcloud: |kubectl: `, left[0], "a line was changed")
					left = left[1:]
				}
				left = left[1:]
			}
		})
	}
	require.GreaterOrEqual(t, pinned, 8)
}

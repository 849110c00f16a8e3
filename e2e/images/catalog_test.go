package images

import (
	"archive/tar"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"
)

// within answers what a client asks for, without a network.
type within struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (w within) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// catalog has programs of a line each.
func catalog(t *testing.T) *Catalog {
	t.Helper()
	programs := t.TempDir()
	for _, program := range []string{"pause", "kubectl", "aws", "gcloud", "gateway", "coredns"} {
		require.NoError(t, os.WriteFile(filepath.Join(programs, program), []byte("the program "+program), 0o700))
	}
	return New(Config{Programs: programs, CA: []byte("an authority")})
}

func pull(t *testing.T, c *Catalog, reference string) (v1.Image, error) {
	t.Helper()
	parsed, err := name.ParseReference(reference)
	require.NoError(t, err)
	return remote.Image(parsed, remote.WithTransport(within{c}), remote.WithContext(t.Context()))
}

// content is what an image has in its files.
func contents(t *testing.T, image v1.Image) map[string]string {
	t.Helper()
	flat := mutate.Extract(image)
	defer flat.Close()
	all := map[string]string{}
	for archive := tar.NewReader(flat); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		text, err := io.ReadAll(archive)
		require.NoError(t, err)
		all["/"+header.Name] = string(text)
		if header.Typeflag == tar.TypeSymlink {
			all["/"+header.Name] = "-> " + header.Linkname
		}
	}
}

// TestNames: a name stands for its image whatever the registry and the tag are, and every other one for the gateway's.
func TestNames(t *testing.T) {
	c := catalog(t)
	for reference, program := range map[string]string{
		"registry.k8s.io/kubectl:v1.34.3":                               "/usr/local/bin/kubectl",
		"registry.internal.example.com/mirror/kubectl:v1.34.3":          "/usr/local/bin/kubectl",
		"public.ecr.aws/aws-cli/aws-cli:2.37.1":                         "/usr/local/bin/aws",
		"444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.0":   "/app/main",
		"europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.1": "/app/main",
		CoreDNS: "/usr/local/bin/coredns",
		Pause:   "/usr/local/bin/pause",
	} {
		image, err := pull(t, c, reference)
		require.NoError(t, err, reference)
		require.NoError(t, validate.Image(image, validate.Fast), reference)
		all := contents(t, image)
		word := filepath.Base(program)
		if word == "main" {
			word = "gateway"
		}
		require.Equal(t, "the program "+word, all[program], reference)
	}
	image, err := pull(t, c, "public.ecr.aws/aws-cli/aws-cli:2.37.1")
	require.NoError(t, err)
	all := contents(t, image)
	require.Equal(t, "an authority", all[caFile])
	require.Equal(t, "-> /bin/busybox", all["/bin/base64"])
	require.NotContains(t, all, "/usr/local/bin/kubectl")
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Contains(t, config.Config.Env, "AWS_CA_BUNDLE="+caFile)
	require.Equal(t, []string{"/usr/local/bin/aws"}, config.Config.Entrypoint)
}

// TestGatewayIsLaidOutAsTheVendors: user, volume and folder are those that the stacks count on.
func TestGatewayIsLaidOutAsTheVendors(t *testing.T) {
	image, err := pull(t, catalog(t), "example.com/any/name:1")
	require.NoError(t, err)
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "1000", config.Config.User)
	require.Contains(t, config.Config.Volumes, "/app/data")
	require.Equal(t, []string{"/app/docker-entrypoint.sh"}, config.Config.Entrypoint)
	all := contents(t, image)
	require.Contains(t, all, "/bin/wget")
	require.NotContains(t, all, "/usr/bin/curl")
	flat := mutate.Extract(image)
	defer flat.Close()
	for archive := tar.NewReader(flat); ; {
		header, err := archive.Next()
		require.NoError(t, err, "there is a folder for data")
		if header.Name == "app/data" {
			require.Equal(t, 1000, header.Uid)
			return
		}
	}
}

// TestDigests: a tag's digest is told before and after a pull, is another one for each tag, and is what a pull by digest gets.
func TestDigests(t *testing.T) {
	c := catalog(t)
	const repository = "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub"
	digest, err := c.Digest(repository + ":2.1.0")
	require.NoError(t, err)
	other, err := c.Digest(repository + ":2.1.1")
	require.NoError(t, err)
	require.NotEqual(t, digest, other)
	image, err := pull(t, c, repository+":2.1.0")
	require.NoError(t, err)
	got, err := image.Digest()
	require.NoError(t, err)
	require.Equal(t, digest, got.String())
	_, err = pull(t, c, repository+"@"+other)
	require.NoError(t, err)
	_, err = pull(t, c, repository+"@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
	var refused *transport.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusNotFound, refused.StatusCode)
	same, err := catalog(t).Digest(repository + ":2.1.0")
	require.NoError(t, err)
	require.Equal(t, digest, same, "the same files are the same image")
}

// TestOthers: what is added is looked at first, and nobody pushes.
func TestOthers(t *testing.T) {
	c := catalog(t)
	c.Add(`^example\.com/mine$`, Spec{Texts: map[string]string{"/run.sh": "#!/bin/sh\n"}}.Build)
	image, err := pull(t, c, "example.com/mine:1")
	require.NoError(t, err)
	require.Contains(t, contents(t, image), "/run.sh")
	tag, err := name.NewTag("example.com/mine:2")
	require.NoError(t, err)
	require.Error(t, remote.Write(tag, image, remote.WithTransport(within{c})))
	_, err = c.Digest("example.com/metrics-server:1")
	require.ErrorContains(t, err, "metrics-server", "its program is missing here")
}

// TestSavedImage: a file of docker save takes the stand-in's place, with the run's authorities on top.
func TestSavedImage(t *testing.T) {
	vendors, err := Spec{Texts: map[string]string{"/app/main": "theirs"}, CA: []byte("theirs"), User: "1001"}.Build()
	require.NoError(t, err)
	tag, err := name.NewTag("example.com/theirs:1")
	require.NoError(t, err)
	saved := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, tarball.WriteToFile(saved, tag, vendors))
	t.Setenv(imageVariable, saved)
	image, err := pull(t, catalog(t), "example.com/acme-hub:1")
	require.NoError(t, err)
	require.NoError(t, validate.Image(image, validate.Fast))
	all := contents(t, image)
	require.Equal(t, "theirs", all["/app/main"])
	require.Equal(t, "an authority", all[caFile])
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "1001", config.Config.User)
}

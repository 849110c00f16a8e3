package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// recipe says what an image is made of.
type recipe struct {
	dist, version, commit, source string
	base                          name.Reference
	created                       time.Time
}

// programs are laid into /usr/local/bin, where the language host finds bifrost by its name.
var programs = []string{"bifrost", "bifrostctl"}

var processors = []string{"amd64", "arm64"}

// index is the image for each processor.
func (r recipe) index(options ...remote.Option) (v1.ImageIndex, error) {
	found, err := r.artifacts()
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, processor := range processors {
		platform := v1.Platform{OS: "linux", Architecture: processor}
		under, err := remote.Image(r.base, append(options, remote.WithPlatform(platform))...)
		if err != nil {
			return nil, fmt.Errorf("the base %s for %s: %w", r.base, platform, err)
		}
		image, err := r.image(under, platform, found)
		if err != nil {
			return nil, fmt.Errorf("the image for %s: %w", platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return index, nil
}

// image is base with the programs over it. Its command is a shell: jobs of CI give their own.
func (r recipe) image(base v1.Image, platform v1.Platform, found map[string]string) (v1.Image, error) {
	below, err := base.Digest()
	if err != nil {
		return nil, err
	}
	var files bytes.Buffer
	if err := r.write(tar.NewWriter(&files), platform, found); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	image, err := mutate.Append(base, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: r.created}, CreatedBy: "bifrost " + r.version, Comment: "bifrost, bifrostctl"},
	})
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Created = v1.Time{Time: r.created}
	file.Config.Entrypoint, file.Config.Cmd, file.Config.WorkingDir = nil, []string{"bash"}, "/stacks"
	labels := map[string]string{
		"org.opencontainers.image.title":       "bifrost",
		"org.opencontainers.image.description": "bifrost, bifrostctl and the Pulumi CLI",
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.revision":    r.commit,
		"org.opencontainers.image.source":      r.source,
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.base.name":   r.base.Name(),
		"org.opencontainers.image.base.digest": below.String(),
	}
	file.Config.Labels = labels
	image, err = mutate.ConfigFile(image, file)
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(image, labels).(v1.Image), nil
}

// write writes the layer: both programs, of root, and the folder that stacks are mounted to.
func (r recipe) write(files *tar.Writer, platform v1.Platform, found map[string]string) error {
	header := func(name string, mode, size int64, kind byte) error {
		return files.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: size, Typeflag: kind, ModTime: r.created, Format: tar.FormatPAX})
	}
	if err := header("stacks/", 0o755, 0, tar.TypeDir); err != nil {
		return err
	}
	for _, program := range programs {
		path, is := found[program+" "+platform.Architecture]
		if !is {
			return fmt.Errorf("%s has no %s for it", filepath.Join(r.dist, artifactsFile), program)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := header("usr/local/bin/"+program, 0o755, int64(len(text)), tar.TypeReg); err != nil {
			return err
		}
		if _, err := files.Write(text); err != nil {
			return err
		}
	}
	return files.Close()
}

// artifactsFile is where goreleaser lists what it made.
const artifactsFile = "artifacts.json"

// artifacts are the paths of the programs for Linux, by program and processor.
func (r recipe) artifacts() (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(r.dist, artifactsFile))
	if err != nil {
		return nil, fmt.Errorf("run goreleaser first: %w", err)
	}
	var made []struct{ Name, Path, Goos, Goarch, Type string }
	if err := json.Unmarshal(text, &made); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(r.dist, artifactsFile), err)
	}
	found := map[string]string{}
	for _, m := range made {
		if m.Type == "Binary" && m.Goos == "linux" {
			// A path begins where goreleaser ran, which is the folder of dist.
			found[m.Name+" "+m.Goarch] = filepath.Join(filepath.Dir(filepath.Clean(r.dist)), m.Path)
		}
	}
	return found, nil
}

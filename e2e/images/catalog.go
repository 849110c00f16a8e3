package images

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
)

// Config says what the images are made of.
type Config struct {
	// Programs is the folder with the programs that are built for the images.
	Programs string
	// CA is the PEM text of the authorities that programs in the images trust.
	CA []byte
}

// Catalog is the content of every registry: which image a name stands for, whatever host and tag it has. What no row names is the
// gateway's. An image is made when it is first asked for. It is an http.Handler of the distribution protocol, for pulls alone, that takes
// the registry's host from the request; whether somebody may pull is asked elsewhere.
type Catalog struct {
	content http.Handler

	blobs blobs

	mu   sync.Mutex
	rows []row
	tags map[string]string // digest by image and tag
}

// row is one image. Its name is that of a repository in content.
type row struct {
	repository *regexp.Regexp // HOST/REPOSITORY
	name       string
	image      func() (v1.Image, error)
}

// New returns the catalog of the images that this package knows.
func New(c Config) *Catalog {
	catalog := &Catalog{tags: map[string]string{}, blobs: blobs{layers: map[v1.Hash]v1.Layer{}}}
	catalog.content = registry.New(registry.WithBlobHandler(&catalog.blobs), registry.Logger(log.New(io.Discard, "", 0)))
	for _, k := range c.known() {
		catalog.Add(k.repository, k.image)
	}
	return catalog
}

// Add lets a pattern of HOST/REPOSITORY stand for an image. What is added later is looked at first.
func (c *Catalog) Add(repository string, image func() (v1.Image, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	added := row{regexp.MustCompile(repository), fmt.Sprintf("image-%d", len(c.rows)), sync.OnceValues(image)}
	c.rows = append([]row{added}, c.rows...)
}

// Digest is what a reference with a tag means. Another tag of the same image is another digest, as with every build.
func (c *Catalog) Digest(reference string) (string, error) {
	tag, err := name.NewTag(reference)
	if err != nil {
		return "", err
	}
	_, digest, err := c.published(tag.RegistryStr()+"/"+tag.RepositoryStr(), tag.TagStr())
	return digest, err
}

// published has the image of a repository in content, under its tag. While one image is made, others are served.
func (c *Catalog) published(repository, tag string) (row, string, error) {
	c.mu.Lock()
	r := c.row(repository)
	digest := c.tags[r.name+":"+tag]
	c.mu.Unlock()
	if digest != "" {
		return r, digest, nil
	}
	image, err := r.image()
	if err != nil {
		return row{}, "", fmt.Errorf("the image %s: %w", repository, err)
	}
	if digest, err = c.publish(r.name, tag, image); err != nil {
		return row{}, "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tags[r.name+":"+tag] = digest
	return r, digest, nil
}

func (c *Catalog) row(repository string) row {
	for _, r := range c.rows {
		if r.repository.MatchString(repository) {
			return r
		}
	}
	panic("no row takes every name")
}

func (c *Catalog) publish(repository, tag string, image v1.Image) (string, error) {
	image, err := labelled(image, tag)
	if err != nil {
		return "", err
	}
	layers, err := image.Layers()
	if err != nil {
		return "", err
	}
	if err := c.blobs.add(image, layers); err != nil {
		return "", err
	}
	manifest, err := image.RawManifest()
	if err != nil {
		return "", err
	}
	mediaType, err := image.MediaType()
	if err != nil {
		return "", err
	}
	put := httptest.NewRequest(http.MethodPut, "/v2/"+repository+"/manifests/"+tag, bytes.NewReader(manifest))
	put.Header.Set("Content-Type", string(mediaType))
	answer := httptest.NewRecorder()
	c.content.ServeHTTP(answer, put)
	if answer.Code != http.StatusCreated {
		return "", fmt.Errorf("%s:%s: %d %s", repository, tag, answer.Code, answer.Body)
	}
	return answer.Header().Get("Docker-Content-Digest"), nil
}

// labelled makes another image of each tag.
func labelled(image v1.Image, tag string) (v1.Image, error) {
	had, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file := had.DeepCopy()
	if file.Config.Labels == nil {
		file.Config.Labels = map[string]string{}
	}
	file.Config.Labels["org.opencontainers.image.version"] = tag
	return mutate.ConfigFile(image, file)
}

var content = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs)/([^/]+)$`)

// ServeHTTP serves a manifest, or a blob of one that was served before.
func (c *Catalog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "nobody pushes here", http.StatusMethodNotAllowed)
		return
	}
	asked := content.FindStringSubmatch(r.URL.Path)
	if asked == nil {
		c.content.ServeHTTP(w, r)
		return
	}
	repository, kind, reference := asked[1], asked[2], asked[3]
	tag := reference
	if strings.Contains(tag, ":") { // a digest: of a tag that was served, or of none
		tag = "latest"
	}
	of, _, err := c.published(r.Host+"/"+repository, tag)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.Host = "/v2/"+of.name+"/"+kind+"/"+reference, ""
	inner.Header.Del("Range") // the library knows one form of it, and a client takes the whole as well
	c.content.ServeHTTP(w, inner)
}

// blobs are the layers and configurations of all images.
type blobs struct {
	mu     sync.Mutex
	layers map[v1.Hash]v1.Layer
}

func (b *blobs) add(image v1.Image, layers []v1.Layer) error {
	config, err := partial.ConfigLayer(image)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range append(layers, config) {
		digest, err := l.Digest()
		if err != nil {
			return err
		}
		b.layers[digest] = l
	}
	return nil
}

func (b *blobs) find(h v1.Hash) (v1.Layer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.layers[h]; l != nil {
		return l, nil
	}
	return nil, registry.ErrNotFound
}

// Get implements registry.BlobHandler.
func (b *blobs) Get(_ context.Context, _ string, h v1.Hash) (io.ReadCloser, error) {
	l, err := b.find(h)
	if err != nil {
		return nil, err
	}
	return l.Compressed()
}

// Stat implements registry.BlobStatHandler.
func (b *blobs) Stat(_ context.Context, _ string, h v1.Hash) (int64, error) {
	l, err := b.find(h)
	if err != nil {
		return 0, err
	}
	return l.Size()
}

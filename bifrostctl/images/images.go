// Package images pins the images of the refresher by digest: it asks their registries what a tag names now, and writes that into the stack
// file. Tags are the program's default; a digest is what cannot change under a stack that runs.
package images

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"bifrost/components/kubernetes"
	"bifrost/image"
	"bifrost/stacks"
)

// Keys below refresher.images, in the order in which they are told.
const (
	Aws     = "aws"
	Gcloud  = "gcloud"
	Kubectl = "kubectl"
)

// defaults are the program's own images.
var defaults = map[string]string{
	Aws: kubernetes.DefaultAwsImage, Gcloud: kubernetes.DefaultGcloudImage, Kubectl: kubernetes.DefaultKubectlImage,
}

// Image is one image of a stack's refresher.
type Image struct {
	// Key is its name below refresher.images.
	Key string
	// Now is what the stack runs: what its file says, or the program's default.
	Now string
	// Pinned is the image that was asked for, with the digest that its registry has under the tag.
	Pinned string
}

// Changes tells whether the stack file must be changed.
func (i Image) Changes() bool { return i.Now != i.Pinned }

// Of returns the images that the refresher of a stack file uses; none where the stack has no refresher: on ECS alone, with another
// eks.pull than refresh, and where a registry of one's own is pulled from.
func (f *File) Of() []Image {
	var keys []string
	switch {
	case f.at("registry", "mirror") == "true":
	case f.has("aks"):
		keys = []string{Gcloud, Kubectl}
	case f.has("eks") && slices.Contains([]string{"", string(stacks.PullRefresh)}, f.at("eks", "pull")):
		keys = []string{Aws, Kubectl}
	}
	var used []Image
	for _, key := range keys {
		now := f.at("refresher", "images", key)
		if now == "" {
			now = defaults[key]
		}
		used = append(used, Image{Key: key, Now: now})
	}
	return used
}

// Pin returns an image, which has a tag, with the digest of that tag: HOST/REPOSITORY:TAG@sha256:DIGEST, so that the tag can be read and
// asked for again. The digest is of the index where the image is built for several platforms. The registry is asked with the logins of
// docker's configuration, and without one where it has none.
func Pin(ctx context.Context, transport http.RoundTripper, asked string) (string, error) {
	wanted, err := image.Parse(asked)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", asked, err)
	}
	if wanted.Tag == "" {
		return "", fmt.Errorf("image %s has no tag whose digest could be asked for; write HOST/REPOSITORY:TAG, with or without the digest",
			asked)
	}
	tag, err := name.NewTag(wanted.Host+"/"+wanted.Path+":"+wanted.Tag, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", asked, err)
	}
	found, err := remote.Head(tag, remote.WithContext(ctx), remote.WithTransport(transport),
		remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return "", fmt.Errorf("asking %s for the digest of %s: %w", wanted.Host, tag, err)
	}
	return wanted.Host + "/" + wanted.Path + ":" + wanted.Tag + "@" + found.Digest.String(), nil
}

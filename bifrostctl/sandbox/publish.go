package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
	"bifrost/stacks"
)

// publishFirst puts the image of a stack's first command but a preview, and those of sandbox:tags, into the vendor's registry. Later ones
// are not there until somebody publishes them.
func publishFirst(world *cloud.World, file, chosen *stacks.Config, say settings) {
	image := file.Image()
	if other := chosen.Image(); other.Host == image.Host && other.Path == image.Path {
		image = other
	}
	for _, repository := range world.Repositories() {
		if repository.Edited {
			continue
		}
		published, _ := repository.State["tags"].([]any)
		tags := slices.Clone(say.Tags)
		repository.State["tagsOf"] = path.Base(image.Path)
		if first := cmp.Or(image.Digest, image.Tag); len(published) == 0 && len(tags) == 0 && first != "" {
			tags = append(tags, first)
			world.Given = append(world.Given, cloud.Given{Kind: "Image", ID: image.String()})
		}
		for _, tag := range tags {
			if !slices.Contains(published, any(tag)) {
				world.Publish(repository, tag)
			}
		}
	}
}

// unpublished is the image of a stack whose vendor's registry lacks it; empty where an up finds it, or pulls nothing from there.
func unpublished(world *cloud.World, chosen *stacks.Config) string {
	image := chosen.Image()
	reference := cmp.Or(image.Digest, image.Tag)
	if chosen.Rollout == stacks.RolloutIdentity || chosen.Registry.Mirror || reference == "" {
		return ""
	}
	for _, repository := range world.Repositories() {
		if repository.State["tagsOf"] == path.Base(image.Path) && !registry.Has(repository, reference) {
			return image.String()
		}
	}
	if !world.HasImage(image.Host + "/" + image.Path) {
		return image.String()
	}
	return ""
}

// tagged is a tag, with the digest of the image where it is a real one (OCI distribution specification, "Pulling manifests").
var tagged = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?$`)

// published is a tag of a repository.
type published struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
}

// Publish puts images under tags into the registry of the stack's image, as the vendor does, and shows the tags there. A tag may have a
// digest, as TAG@DIGEST: otherwise the image is one that nobody else has.
func (r Runner) Publish(request Request, tags []string) error {
	for _, tag := range tags {
		if !tagged.MatchString(tag) {
			return fmt.Errorf("%q is no tag of an image: write TAG or TAG@sha256:DIGEST", tag)
		}
	}
	return r.change(request, func(world *cloud.World) error {
		repositories := world.Repositories()
		if len(repositories) == 0 {
			return errors.New("the stack's image is in no registry of the sandbox's; every tag of others is there")
		}
		if len(tags) > 0 {
			world.RestoreImages()
		}
		answer := struct {
			Stack string      `json:"stack"`
			Tags  []published `json:"tags"`
		}{request.Stack, []published{}}
		for _, repository := range repositories {
			for _, tag := range tags {
				world.Publish(repository, tag)
			}
			there, _ := repository.State["tags"].([]any)
			for _, tag := range there {
				fmt.Fprintf(r.Stdout, "%s\t%s\n", repository.ID, tag)
				answer.Tags = append(answer.Tags, published{repository.ID, fmt.Sprint(tag)})
			}
		}
		r.answer(answer)
		return nil
	})
}

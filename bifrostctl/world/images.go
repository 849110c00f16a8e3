package world

import (
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
)

// settleRepository settles a repository of images with the tags that were published there, and those that have moved.
func (w *World) settleRepository(r *Resource) {
	r.State["tags"] = []any{}
	if known := w.Resources[r.Key()]; known != nil {
		for _, kept := range []string{"tags", "tagsOf", "moved", "digests"} {
			if known.State[kept] != nil {
				r.State[kept] = known.State[kept]
			}
		}
	}
	w.Settle(r)
}

// Repositories are those of images, of whichever cloud, ordered by their ids.
func (w *World) Repositories() []*Resource {
	var all []*Resource
	for _, r := range w.Resources {
		if (r.Type == pulumitype.AwsEcrRepository || r.Type == pulumitype.GcpRepository) && !r.Deleted {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *Resource) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// ImageType is what the sandbox knows of the gateway's image; its id is the reference without tag and digest, its scope the cluster.
const ImageType = "sandbox:image"

// HasImage tells whether an image is there, whatever its tags: somebody may have removed it by hand. Its reference has neither tag nor
// digest.
func (w *World) HasImage(reference string) bool {
	for _, r := range w.Resources {
		if r.Type == ImageType && r.ID == reference && r.Deleted {
			return false
		}
	}
	return true
}

// RestoreImages brings images back that somebody has removed, as whoever publishes one does.
func (w *World) RestoreImages() {
	for _, r := range w.Resources {
		if r.Type == ImageType && r.Deleted {
			r.Deleted, r.Edited = false, false
		}
	}
}

// Publish puts an image under a tag into a repository: the one that a digest names, as TAG@DIGEST, or one that nobody else has. A tag that
// was there has moved: it means another image.
func (w *World) Publish(repository *Resource, image string) {
	tag, digest, _ := strings.Cut(image, "@")
	tags, _ := repository.State["tags"].([]any)
	if !slices.Contains(tags, any(tag)) {
		repository.State["tags"] = append(tags, tag)
	} else {
		mapOf(repository, "moved")[tag] = float64(moved(repository, tag) + 1)
	}
	if digest != "" {
		mapOf(repository, "digests")[meaning(tag, moved(repository, tag))] = digest
	}
}

// mapOf is a map in a resource's state, made where there is none.
func mapOf(r *Resource, name string) map[string]any {
	known, _ := r.State[name].(map[string]any)
	if known == nil {
		known = map[string]any{}
		r.State[name] = known
	}
	return known
}

// moved is how often a tag has moved.
func moved(repository *Resource, tag string) int {
	moved, _ := repository.State["moved"].(map[string]any)
	times, _ := moved[tag].(float64)
	return int(times)
}

// meaning names what a tag meant after so many moves.
func meaning(tag string, moves int) string { return fmt.Sprintf("%s/%d", tag, moves) }

// Digests are all that a tag has meant in a repository, what it means now last. A digest is its own.
func Digests(repository *Resource, reference string) []string {
	if strings.HasPrefix(reference, "sha256:") {
		return []string{reference}
	}
	given, _ := repository.State["digests"].(map[string]any)
	var all []string
	for moves := range moved(repository, reference) + 1 {
		digest, _ := given[meaning(reference, moves)].(string)
		switch {
		case digest != "":
		case moves == 0:
			digest = "sha256:" + Hex(64, reference)
		default:
			digest = "sha256:" + Hex(64, reference, moves)
		}
		all = append(all, digest)
	}
	return all
}

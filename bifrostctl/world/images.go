package world

import (
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
)

// settleRepository settles a repository of images with the tags that were published there, and those that have moved.
func (w *World) settleRepository(r *Resource) {
	r.State["tags"] = []any{}
	if known := w.Resources[r.Key()]; known != nil {
		for _, kept := range []string{"tags", "tagsOf", "moved"} {
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

// Publish puts an image under a tag into a repository. A tag that was there has moved: it means another image.
func (w *World) Publish(repository *Resource, tag string) {
	tags, _ := repository.State["tags"].([]any)
	if !slices.Contains(tags, any(tag)) {
		repository.State["tags"] = append(tags, tag)
		return
	}
	moved, _ := repository.State["moved"].(map[string]any)
	if moved == nil {
		moved = map[string]any{}
		repository.State["moved"] = moved
	}
	moved[tag] = float64(Moved(repository, tag) + 1)
}

// Moved is how often a tag has moved.
func Moved(repository *Resource, tag string) int {
	moved, _ := repository.State["moved"].(map[string]any)
	times, _ := moved[tag].(float64)
	return int(times)
}

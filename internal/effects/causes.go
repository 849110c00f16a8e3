package effects

import (
	"fmt"
	"slices"
	"strings"
)

// checksumCause stands for what pods read at their start, and see as a checksum.
const (
	checksumAnnotation = "checksum/config"
	checksumCause      = "config.json, a secret variable or an authority"
	mostCauses         = 4
)

// because adds what the change is made for.
func (c Change) because(effect string) string {
	causes := slices.Clone(c.Causes)
	for _, path := range c.templatePaths() {
		if cause := causeOf(path); cause != checksumCause || len(c.Causes) == 0 {
			causes = append(causes, cause)
		}
	}
	causes = distinct(causes)
	if len(causes) == 0 {
		return effect
	}
	if more := len(causes) - mostCauses; more > 0 {
		causes = append(causes[:mostCauses], fmt.Sprintf("%d more", more))
	}
	return effect + " (" + strings.Join(causes, ", ") + ")"
}

// templatePaths lead from the template of the pods to what changes in it.
func (c Change) templatePaths() []Path {
	if c.Type == EcsService {
		return nil
	}
	before, _ := at(c.Before, "spec", "template")
	after, _ := at(c.After, "spec", "template")
	var paths []Path
	for _, d := range Differences(before, after) {
		paths = append(paths, d.Path)
	}
	for _, changed := range c.Diff {
		if below(changed, "spec", "template") && strings.Contains(changed, checksumAnnotation) {
			paths = append(paths, Path{"metadata", "annotations", checksumAnnotation})
		}
	}
	return paths
}

// causeOf is what people call a part of a pod's template.
func causeOf(path Path) string {
	names := make([]string, 4)
	for i := range min(len(path), len(names)) {
		names[i] = fmt.Sprint(path[i])
	}
	switch {
	case slices.Contains(names, checksumAnnotation):
		return checksumCause
	case names[0] == "metadata":
		return strings.TrimSuffix(names[1], "s") + " " + names[2]
	case strings.HasSuffix(strings.ToLower(names[1]), "containers") && len(path) < 4:
		return "container " + names[2]
	case strings.HasSuffix(strings.ToLower(names[1]), "containers") && names[3] == "env" && len(path) > 4:
		return fmt.Sprintf("env %v", path[4])
	case strings.HasSuffix(strings.ToLower(names[1]), "containers"):
		return names[3]
	}
	return names[1]
}

func distinct(texts []string) []string {
	var once []string
	for _, t := range texts {
		if t != "" && !slices.Contains(once, t) {
			once = append(once, t)
		}
	}
	return once
}

package changes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/internal/effects"
)

// Paths below a variable of a container: its value, and the Secret from which it comes (Kubernetes API, EnvVar).
const (
	ofValue      = "value"
	ofSecret     = "valueFrom.secretKeyRef.name"
	ofSecretsKey = "valueFrom.secretKeyRef.key"
)

// sources are the variables of containers that a change takes from elsewhere, with where from and where to; others are all other
// differences.
func sources(all []effects.Difference) (moved map[string]string, others []effects.Difference) {
	variables := map[string]map[string]effects.Difference{}
	for _, d := range all {
		if variable, below, is := variableOf(d.Path); is {
			if variables[variable] == nil {
				variables[variable] = map[string]effects.Difference{}
			}
			variables[variable][below] = d
		}
	}
	moved = map[string]string{}
	for variable, below := range variables {
		if of, is := below[ofSecret]; is && of.Before.IsNull() != of.After.IsNull() {
			moved[variable] = fromTo(below)
		}
	}
	others = slices.DeleteFunc(all, func(d effects.Difference) bool {
		variable, below, is := variableOf(d.Path)
		return is && moved[variable] != "" && slices.Contains([]string{ofValue, ofSecret, ofSecretsKey}, below)
	})
	return moved, others
}

// variableOf tells to which variable a path belongs, and what of it the path is.
func variableOf(path effects.Path) (variable, below string, is bool) {
	for i, step := range path {
		if _, named := step.(effects.Member); named && i > 0 && path[i-1] == "env" {
			return path[:i+1].String(), path[i+1:].String(), true
		}
	}
	return "", "", false
}

// fromTo says where a variable came from and where it comes from now. One that came with all of a Secret or ConfigMap had no place of its
// own.
func fromTo(below map[string]effects.Difference) string {
	before := place(below, func(d effects.Difference) resource.PropertyValue { return d.Before })
	after := place(below, func(d effects.Difference) resource.PropertyValue { return d.After })
	switch {
	case before == "":
		return "now from " + after
	case after == "":
		return "no more from " + before
	}
	return before + " → " + after
}

func place(below map[string]effects.Difference, side func(effects.Difference) resource.PropertyValue) string {
	text := func(name string) string {
		d, is := below[name]
		if !is || side(d).IsNull() {
			return ""
		}
		return strings.TrimPrefix(effects.Difference{Path: d.Path, After: side(d)}.Shown(hidden), "added: ")
	}
	if secret := text(ofSecret); secret != "" {
		return fmt.Sprintf("key %s of the existing Secret %s", text(ofSecretsKey), secret)
	}
	return text(ofValue)
}

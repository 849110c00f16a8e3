package stacks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// placeholder matches what the vendor's recipes leave to the reader.
var placeholder = regexp.MustCompile(`YOUR_[A-Z_]+|BIFROST_ACCOUNT_ID|BIFROST_PROJECT(_NUMBER)?\b|BIFROST_SA\b|\bOIDC_ID\b` +
	`|\bREGION-docker\.pkg\.dev|\b(subnet|sg)-x+\b|^(NAMESPACE|REGION|your-cluster)$`)

// unfilled is a whole text that a template, or somebody in a hurry, leaves: <your value>, ${VALUE}, {{ .value }}, CHANGEME, TODO.
var unfilled = regexp.MustCompile(`^(<[^<>]*>|\$\{[^{}]*\}|\{\{[^{}]*\}\}|(?i:change[-_ ]?me|todo|tbd|fixme))$`)

// templated are texts for whom others fill in such a thing: annotations, and what containers are started with.
var templated = []string{
	"gateway.annotations", "gateway.podAnnotations", "gateway.service.annotations", "gateway.ingress.annotations",
	"gateway.httpRoute.annotations", "gateway.extraContainers", "gateway.initContainers", "refresher.podAnnotations", "refresher.env",
}

// free are texts of the customer's own, in which anything may stand.
var free = []string{"gateway.config", "gateway.env", "ecs.env", "tags", "labels"}

// placeholders finds what the recipes leave open, outside free texts; values of secrets are not repeated.
func placeholders(values map[string]any) field.ErrorList {
	var problems field.ErrorList
	var walk func(p *field.Path, secret bool, v any)
	walk = func(p *field.Path, secret bool, v any) {
		if slices.Contains(free, p.String()) {
			return
		}
		switch v := v.(type) {
		case string:
			switch found := placeholder.FindString(v); {
			case found == "" && !unfilled.MatchString(v),
				slices.ContainsFunc(templated, func(key string) bool { return isAt(p.String(), key) }):
			case found == "" && secret:
				problems = append(problems, field.Forbidden(p, "still holds a placeholder"))
			case found == "":
				problems = append(problems, field.Invalid(p, v, "still holds a placeholder; write the value itself"))
			case secret:
				problems = append(problems, field.Forbidden(p, "still holds the placeholder "+found))
			default:
				problems = append(problems, field.Invalid(p, v,
					fmt.Sprintf("still holds the placeholder %s; write the value that the Bifrost team or "+
						"your cloud gave you", found)))
			}
		case []any:
			for i, e := range v {
				walk(p.Index(i), secret, e)
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(p.Child(k), secret, v[k])
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		walk(field.NewPath(key), key == "secrets", values[key])
	}
	return problems
}

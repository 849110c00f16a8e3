package stacks

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// withoutFollowUps leaves out what would not be said were it not for another problem: what stands at or below a key whose value is not
// known, and what speaks of such a key, or of one that has none of its values.
func withoutFollowUps(found field.ErrorList, open []string) field.ErrorList {
	unknown := slices.Clone(open)
	for _, p := range found {
		if p.Type == field.ErrorTypeNotSupported {
			unknown = append(unknown, p.Field)
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(p *field.Error) bool {
		return slices.ContainsFunc(unknown, func(key string) bool { return follows(p, key) })
	})
}

// hints are what problems say that depend on a key without naming it.
var hints = map[string][]string{
	"gateway.config": {"SQLite", "config.json"}, "gateway.configFile": {"SQLite", "config.json"},
	"gateway.ingress.controller": {"an ALB"}, "gateway.service.type": {"a Service of type"},
	"gateway.env": {"secrets.env."}, "ecs.env": {"secrets.env."},

	"gateway.otel": {"otel needs it"}, "gateway.otel.collectorUrl": {"otel needs it"},

	// Places: whoever wrote the key means to run the gateway there.
	"eks": {noReader, eksOrEcs}, "ecs": {noReader, eksOrEcs, "this stack has none"}, "aks": {noReader}, "gke": {noReader},
	"kubernetes": {noReader, "kubernetes.pull key"},
}

// aVariable is the path of one plain variable, which config.json may ask for.
var aVariable = regexp.MustCompile(`^(?:gateway|ecs)\.env\[(.+)\]$`)

// follows tells whether a problem may be there because of another key's value alone.
func follows(p *field.Error, key string) bool {
	switch {
	case isAt(p.Field, key):
		return p.Type != field.ErrorTypeNotSupported || p.Field != key
	case speaksOf(p.Detail, key), slices.ContainsFunc(hints[key], func(hint string) bool { return strings.Contains(p.Detail, hint) }):
		return true
	}
	if m := aVariable.FindStringSubmatch(key); m != nil && p.Field == "secrets.env."+m[1] {
		return true
	}
	parent, name := parentAndName(key)
	beside, _ := parentAndName(p.Field)
	return parent != "" && parent == beside && speaksOf(p.Detail, name)
}

// isAt tells whether a path is a key or lies below it.
func isAt(path, key string) bool {
	rest, fits := strings.CutPrefix(path, key)
	return fits && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// speaksOf tells whether a text names a key. Names of objects at the top, such as gateway, are words of sentences, too.
func speaksOf(text, key string) bool {
	steps := pathSteps(key)
	if len(steps) == 1 {
		if t := typeAt(steps); t != nil && t.Kind() != reflect.String {
			return false
		}
	}
	return regexp.MustCompile(`(^|[^\w.])` + regexp.QuoteMeta(key) + `($|[^\w])`).MatchString(text)
}

func parentAndName(key string) (parent, name string) {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i], key[i+1:]
	}
	return "", key
}

var pathStep = regexp.MustCompile(`\[([^\]]*)\]|[^.\[\]]+`)

// pathSteps takes a problem's path apart: ecs.subnets[0] into ecs, subnets and 0.
func pathSteps(path string) []string {
	var steps []string
	for _, m := range pathStep.FindAllStringSubmatch(path, -1) {
		steps = append(steps, strings.Trim(m[0], "[]"))
	}
	return steps
}

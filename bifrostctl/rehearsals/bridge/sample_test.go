package bridge_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"bifrost/bifrostctl/internal/stacktest"
)

// sample is a resource of a stack that is up.
type sample struct {
	urn, id, token string
	// provider is the configuration of the resource's provider.
	provider resource.PropertyMap
	// given is what the program gave, state what the double answered.
	given, state object
}

type object = map[string]any

// samplesOf are the stack's resources of some packages.
func samplesOf(t testing.TB, s *stacktest.Stack, packages ...string) []*sample {
	t.Helper()
	made := s.Engine.MustUp()
	providers := map[string]resource.PropertyMap{}
	for _, r := range made.Snapshot.Resources {
		providers[string(r.URN)+"::"+string(r.ID)] = r.Inputs
	}
	var samples []*sample
	for _, r := range made.Snapshot.Resources {
		pkg, _, _ := strings.Cut(string(r.Type), ":")
		if !r.Custom || !slices.Contains(packages, pkg) {
			continue
		}
		samples = append(samples, &sample{
			urn: string(r.URN), id: string(r.ID), token: string(r.Type), provider: providers[r.Provider],
			given: given(plain(r.Inputs)), state: plain(r.Outputs),
		})
	}
	return samples
}

// shape tells samples apart by what is given.
func (s *sample) shape() string {
	var keys []string
	walk(s.given, nil, func(path resource.PropertyPath, _ any) {
		keys = append(keys, tablePath(path))
	})
	slices.Sort(keys)
	return s.token + " " + strings.Join(slices.Compact(keys), " ")
}

// plain is the properties without a mark of what is secret.
func plain(m resource.PropertyMap) object {
	var open func(v resource.PropertyValue) any
	open = func(v resource.PropertyValue) any {
		switch {
		case v.IsSecret():
			return open(v.SecretValue().Element)
		case v.IsOutput():
			return open(v.OutputValue().Element)
		case v.IsComputed():
			return unknown
		case v.IsArray():
			l := make([]any, len(v.ArrayValue()))
			for i, e := range v.ArrayValue() {
				l[i] = open(e)
			}
			return l
		case v.IsObject():
			o := object{}
			for key, e := range v.ObjectValue() {
				if !e.IsNull() {
					o[string(key)] = open(e)
				}
			}
			return o
		}
		return v.V
	}
	return open(resource.NewProperty(m)).(object)
}

// unknown stands for a value that a preview cannot know.
var unknown any = resource.Computed{Element: resource.NewProperty("")}

const defaults = "__defaults"

// given is what the program gave, of what Check answered.
func given(inputs object) object {
	left := maps.Clone(inputs)
	made, _ := left[defaults].([]any)
	for _, key := range made {
		delete(left, key.(string))
	}
	delete(left, defaults)
	for key, value := range left {
		left[key] = givenWithin(value)
	}
	return left
}

func givenWithin(value any) any {
	switch v := value.(type) {
	case object:
		return given(v)
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = givenWithin(e)
		}
		return l
	}
	return value
}

func properties(o object) resource.PropertyMap { return resource.NewPropertyMapFromMap(o) }

var wire = plugin.MarshalOptions{KeepUnknowns: true}

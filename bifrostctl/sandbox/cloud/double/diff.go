package double

import (
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// replacing maps the kinds of a change to those of a change that needs a new resource.
var replacing = map[pulumirpc.PropertyDiff_Kind]pulumirpc.PropertyDiff_Kind{
	pulumirpc.PropertyDiff_ADD:    pulumirpc.PropertyDiff_ADD_REPLACE,
	pulumirpc.PropertyDiff_DELETE: pulumirpc.PropertyDiff_DELETE_REPLACE,
	pulumirpc.PropertyDiff_UPDATE: pulumirpc.PropertyDiff_UPDATE_REPLACE,
}

// change is a difference at a path. An unknown one may be any difference at or below it.
type change struct {
	kind    pulumirpc.PropertyDiff_Kind
	unknown bool
}

// compare writes each difference between two values at its path.
func compare(before, after any, path resource.PropertyPath, found map[string]change) {
	switch {
	case reflect.DeepEqual(before, after):
		return
	case before == nil:
		found[path.String()] = change{pulumirpc.PropertyDiff_ADD, after == Unknown}
		return
	case after == nil:
		found[path.String()] = change{kind: pulumirpc.PropertyDiff_DELETE}
		return
	case after == Unknown:
		found[path.String()] = change{pulumirpc.PropertyDiff_UPDATE, true}
		return
	}
	o1, isObject1 := before.(Object)
	o2, isObject2 := after.(Object)
	if isObject1 && isObject2 {
		for _, key := range sortedKeys(o1, o2) {
			compare(o1[key], o2[key], append(slices.Clip(path), key), found)
		}
		return
	}
	l1, isList1 := before.([]any)
	l2, isList2 := after.([]any)
	if isList1 && isList2 {
		for i := range max(len(l1), len(l2)) {
			compare(at(l1, i), at(l2, i), append(slices.Clip(path), i), found)
		}
		return
	}
	found[path.String()] = change{kind: pulumirpc.PropertyDiff_UPDATE}
}

func at(l []any, i int) any {
	if i < len(l) {
		return l[i]
	}
	return nil
}

// within tells whether path is one of the properties or lies in one of them.
func within(path string, properties []string) bool {
	return slices.ContainsFunc(properties, func(p string) bool {
		rest, found := strings.CutPrefix(path, p)
		return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// replaces tells whether a change needs a new resource. That of a replacing property does, and so does an unknown value at or above one.
// Where a resource goes before its successor comes, the engine asks each dependent with every top-level property unknown that comes from it
// (pulumi, step_generator.go, calculateDependentReplacements).
//   - pulumi-kubernetes: a patch that ends in null above a property matches it (provider.go, convertPatchToDiff; openapi/match.go,
//     PatchPropertiesChanged).
//   - AWS, Google Cloud: a computed value of a property with ForceNew (terraform-plugin-sdk, helper/schema/schema.go, finalizeDiff).
//   - azure-native: a change of the property itself (provider/diff.go, calculateValueDiff).
//
// The clouds' replacing properties are at the top but for deploymentController.type of an ECS service: there this rule is stricter.
func (c change) replaces(path string, properties []string) bool {
	above := func(property string) bool { return within(property, []string{path}) }
	return within(path, properties) || c.unknown && slices.ContainsFunc(properties, above)
}

// diffResponse compares inputs; changes of the properties in replace need a new resource.
func diffResponse(before, after Object, replace []string) *pulumirpc.DiffResponse {
	found := map[string]change{}
	compare(before, after, nil, found)
	res := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_NONE,
		HasDetailedDiff: true,
		DetailedDiff:    map[string]*pulumirpc.PropertyDiff{},
	}
	for _, path := range keysOf(found) {
		if found[path].replaces(path, replace) {
			addReplace(res, path, replacing[found[path].kind])
			continue
		}
		addDiff(res, path, found[path].kind)
	}
	return res
}

func addDiff(res *pulumirpc.DiffResponse, path string, kind pulumirpc.PropertyDiff_Kind) {
	res.Changes = pulumirpc.DiffResponse_DIFF_SOME
	res.Diffs = addTop(res.Diffs, path)
	res.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
}

func addReplace(res *pulumirpc.DiffResponse, path string, kind pulumirpc.PropertyDiff_Kind) {
	res.Replaces = addTop(res.Replaces, path)
	addDiff(res, path, kind)
}

// addTop adds the top-level property of a path, once: the engine's display knows the others from the detailed diff only.
func addTop(properties []string, path string) []string {
	top := path
	if end := strings.IndexAny(path, ".["); end > 0 {
		top = path[:end]
	}
	if slices.Contains(properties, top) {
		return properties
	}
	return append(properties, top)
}

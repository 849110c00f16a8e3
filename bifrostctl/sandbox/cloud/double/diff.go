package double

import (
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// replacing maps the kinds of a change to those of a change that needs a new resource.
var replacing = map[pulumirpc.PropertyDiff_Kind]pulumirpc.PropertyDiff_Kind{
	pulumirpc.PropertyDiff_ADD:    pulumirpc.PropertyDiff_ADD_REPLACE,
	pulumirpc.PropertyDiff_DELETE: pulumirpc.PropertyDiff_DELETE_REPLACE,
	pulumirpc.PropertyDiff_UPDATE: pulumirpc.PropertyDiff_UPDATE_REPLACE,
}

// change is a difference at a path.
type change struct {
	// property is the path as the tables write it; see schemaPath.
	property string
	kind     pulumirpc.PropertyDiff_Kind
	// unknown says that it may be any difference at or below the path.
	unknown bool
	// holds are the properties that came or went with a value, as the tables write them.
	holds []string
}

// within tells whether a path, as the tables write it, is one of the properties or lies in one of them.
func within(path string, properties []string) bool {
	return slices.ContainsFunc(properties, func(p string) bool {
		rest, found := strings.CutPrefix(path, p)
		return found && (rest == "" || rest[0] == '.')
	})
}

// replaces tells whether a change needs a new resource. That of a replacing property does. So does a value that comes or goes with one in
// it (pulumi-terraform-bridge, pkg/tfbridge/detailed_diff.go, makeShortCircuitDiff), and on Kubernetes an unknown value above one.
// Where a resource goes before its successor comes, the engine asks each dependent with every top-level property unknown that comes from it
// (pulumi, step_generator.go, calculateDependentReplacements).
//   - pulumi-kubernetes: a patch that ends in null above a property matches it (provider.go, convertPatchToDiff; openapi/match.go,
//     PatchPropertiesChanged).
//   - AWS, Google Cloud: a computed value of the property itself, not of a block around it (terraform-plugin-sdk,
//     helper/schema/schema.go, finalizeDiff).
//   - azure-native: a change of the property itself (provider/diff.go, calculateValueDiff). Its replacing properties are at the top.
func (c change) replaces(properties []string) bool {
	above := func(property string) bool { return within(property, []string{c.property}) }
	return within(c.property, properties) || c.unknown && slices.ContainsFunc(properties, above) ||
		slices.ContainsFunc(c.holds, func(held string) bool { return within(held, properties) })
}

// diffResponse answers with what changes; changes of the properties in replace need a new resource.
func diffResponse(found map[string]change, replace []string) *pulumirpc.DiffResponse {
	res := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_NONE,
		HasDetailedDiff: true,
		DetailedDiff:    map[string]*pulumirpc.PropertyDiff{},
	}
	for _, path := range keysOf(found) {
		if found[path].replaces(replace) {
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

// addBroken adds the property for whose sake a resource is replaced that is not as it should be. It need not differ itself, and the
// detailed diff of pulumi-kubernetes says nothing of it then (provider.go, Diff).
func addBroken(res *pulumirpc.DiffResponse, path string, silent bool) {
	if !silent {
		addReplace(res, path, pulumirpc.PropertyDiff_UPDATE_REPLACE)
		return
	}
	res.Changes, res.Replaces = pulumirpc.DiffResponse_DIFF_SOME, append(res.Replaces, path)
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

package live

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Creator is the manager of what a create writes, until the first update takes it over (pulumi-kubernetes 4.32, pkg/await/await.go,
// Creation and fixCSAFieldManagers).
const Creator = "pulumi-kubernetes"

// creators are the names under which versions of the provider have created.
var creators = []string{Creator, "pulumi-kubernetes.exe", "pulumi-resource-kubernetes"}

// takenOver are the managers whose fields an update takes over, by the beginning of their names, and the operation of theirs.
var takenOver = []struct{ name, operation string }{
	{"kubectl", "Apply"}, {"kubectl", "Update"}, {"before-first-apply", "Update"},
	{Creator, "Update"}, {"pulumi-resource-kubernetes", "Update"},
}

func entries(live Object) []any {
	metadata, _ := live["metadata"].(Object)
	entries, _ := metadata["managedFields"].([]any)
	return entries
}

// Taken returns who owns a live object's fields once the manager has taken over what was done with kubectl apply, edit, label or patch, but
// not with kubectl scale, which is a subresource, and what a create wrote; false where it takes nothing.
func Taken(live Object, manager string) (owners []any, changed bool) {
	var own Object
	for _, e := range entries(live) {
		entry, _ := e.(Object)
		switch {
		case entry["manager"] == manager && entry["operation"] == "Apply":
			own = merged(own, entry)
		case taken(entry):
			own, changed = merged(own, entry), true
		default:
			owners = append(owners, entry)
		}
	}
	if !changed {
		return entries(live), false
	}
	own["manager"], own["operation"] = manager, "Apply"
	return append(owners, own), true
}

func taken(entry Object) bool {
	name, _ := entry["manager"].(string)
	if of, _ := entry["subresource"].(string); of != "" {
		return false
	}
	return slices.ContainsFunc(takenOver, func(t struct{ name, operation string }) bool {
		return strings.HasPrefix(name, t.name) && entry["operation"] == t.operation
	})
}

// merged is one entry with the fields of another.
func merged(own, entry Object) Object {
	if own == nil {
		return shallow(entry)
	}
	own = shallow(own)
	own["fieldsV1"] = union(own["fieldsV1"], entry["fieldsV1"])
	return own
}

func union(a, b any) Object {
	all := Object{}
	for _, fields := range []any{a, b} {
		fields, _ := fields.(Object)
		for key, below := range fields {
			all[key] = union(all[key], below)
		}
	}
	return all
}

// OwnedByOthersAlone tells whether other managers than ours own the field at a dotted path, or something in it, and ours does not
// (Kubernetes, "Server-Side Apply", field management; pulumi-kubernetes 4.32, pkg/await/await.go, handleSSAIgnoreFields).
func OwnedByOthersAlone(live Object, path, manager string) bool {
	var ours, theirs bool
	for _, e := range entries(live) {
		entry, _ := e.(Object)
		fields, _ := entry["fieldsV1"].(Object)
		for _, key := range strings.Split(path, ".") {
			fields, _ = fields["f:"+key].(Object)
		}
		if fields != nil {
			ours, theirs = ours || entry["manager"] == manager, theirs || entry["manager"] != manager
		}
	}
	return theirs && !ours
}

// Uncontested tells whether a dry run of an update takes over whatever it meets: where a create still owns fields, as the update itself
// does first, and where nobody is recorded (pulumi-kubernetes 4.32, pkg/await/await.go, patchForce).
func Uncontested(live Object) bool {
	owners := entries(live)
	return len(owners) == 0 || slices.ContainsFunc(owners, func(e any) bool {
		entry, _ := e.(Object)
		name, _ := entry["manager"].(string)
		return entry["operation"] == "Update" && slices.Contains(creators, name)
	})
}

// Stripped returns the object without the record of its fields' owners.
func Stripped(live Object) Object {
	stripped := shallow(live)
	if metadata, ok := live["metadata"].(Object); ok {
		metadata = shallow(metadata)
		delete(metadata, "managedFields")
		stripped["metadata"] = metadata
	}
	return stripped
}

func shallow(o Object) Object {
	copied := Object{}
	for key, v := range o {
		copied[key] = v
	}
	return copied
}

// computed are what an object's author does not write, in its metadata.
var computed = []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"}

// unasked are annotations that an import leaves out, beside what is computed (pulumi-kubernetes v4.25, provider/pkg/provider/provider.go,
// Read).
var unasked = []string{"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"}

// Inputs returns what of the live object an author would write: with the fields that were asked for before, in their present state;
// without such, as for an import, all that a server does not compute by itself.
func Inputs(live, before Object) Object {
	if len(before) > 0 {
		return project(before, live, "").(Object)
	}
	inputs := shallow(live)
	delete(inputs, "status")
	if metadata, ok := live["metadata"].(Object); ok {
		metadata = shallow(metadata)
		for _, key := range computed {
			delete(metadata, key)
		}
		if annotations, ok := metadata["annotations"].(Object); ok {
			annotations = shallow(annotations)
			for _, key := range unasked {
				delete(annotations, key)
			}
			metadata["annotations"] = annotations
		}
		inputs["metadata"] = metadata
	}
	return inputs
}

// Normal returns of inputs what the provider compares: it reads objects into their types before, but for Secrets, and those have no empty
// labels or annotations (pulumi-kubernetes v4.32, provider/pkg/clients/unstructured.go, Normalize).
func Normal(inputs Object) Object {
	metadata, ok := inputs["metadata"].(Object)
	if !ok || inputs["kind"] == "Secret" {
		return inputs
	}
	inputs, metadata = shallow(inputs), shallow(metadata)
	inputs["metadata"] = metadata
	for _, key := range []string{"labels", "annotations"} {
		if values, ok := metadata[key].(Object); ok && len(values) == 0 {
			delete(metadata, key)
		}
	}
	return inputs
}

// project returns the live value in the shape of what was asked for. What a Secret takes only in writing stays as it was written.
func project(asked, live any, under string) any {
	switch asked := asked.(type) {
	case Object:
		found, ok := live.(Object)
		if !ok {
			return live
		}
		projected := Object{}
		for key, v := range asked {
			now, there := found[key]
			switch {
			case key == "stringData" && under == "":
				projected[key] = v
			case there:
				projected[key] = project(v, now, key)
			case isEmpty(v): // the server does not keep empty lists and objects
				projected[key] = v
			}
		}
		if free[under] {
			for key, now := range found {
				if _, known := asked[key]; !known {
					projected[key] = now
				}
			}
		}
		return projected
	case []any:
		found, ok := live.([]any)
		if !ok || len(found) != len(asked) {
			return live
		}
		projected := make([]any, len(asked))
		for i := range asked {
			projected[i] = project(asked[i], found[i], under)
		}
		return projected
	case string:
		if sameQuantity(asked, live) {
			return asked
		}
	}
	return live
}

// free are the objects whose keys are data: one that somebody added is a change.
var free = map[string]bool{"data": true, "binaryData": true}

func isEmpty(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || (r.Kind() == reflect.Map || r.Kind() == reflect.Slice) && r.Len() == 0
}

// sameQuantity tells whether two texts are one amount, as the "0.5" that an author writes and the "500m" that the server keeps.
func sameQuantity(asked string, live any) bool {
	now, ok := live.(string)
	if !ok || asked == now {
		return false
	}
	a, err1 := resource.ParseQuantity(asked)
	b, err2 := resource.ParseQuantity(now)
	return err1 == nil && err2 == nil && a.Cmp(b) == 0
}

// decode reads a live object into a type of the API.
func decode[T any](o Object) (*T, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	v := new(T)
	return v, json.Unmarshal(text, v)
}

package live

import (
	"encoding/json"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// OwnedByOthers tells whether another manager than ours owns the field at a dotted path, or something in it (Kubernetes,
// "Server-Side Apply", field management).
func OwnedByOthers(live Object, path, manager string) bool {
	metadata, _ := live["metadata"].(Object)
	entries, _ := metadata["managedFields"].([]any)
	for _, e := range entries {
		entry, _ := e.(Object)
		if entry["manager"] == manager {
			continue
		}
		fields, _ := entry["fieldsV1"].(Object)
		for _, key := range strings.Split(path, ".") {
			fields, _ = fields["f:"+key].(Object)
		}
		if fields != nil {
			return true
		}
	}
	return false
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

// Inputs returns what of the live object an author would write: with the fields that were asked for before, in their present state;
// without such, all that a server does not compute by itself.
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
		inputs["metadata"] = metadata
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

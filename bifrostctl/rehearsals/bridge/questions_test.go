package bridge_test

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// question is a change of what is given, or of what the cloud answered.
type question struct {
	// what is the change, path where it is, kind the kind of the property there; see inSet.
	what, kind string
	path       resource.PropertyPath
	given      object
	state      object
	ignore     []string
}

// gone is the name of what the state is asked about without; nil in another question.
func (q question) gone() resource.PropertyPath {
	if q.what != stateWithout || q.kind == "" {
		return nil
	}
	if _, member := q.path[len(q.path)-1].(int); member {
		return nil
	}
	return q.path
}

const stateWithout = "state without"

// questions are those about a sample of a type.
func questions(s *sample, of map[string]property) []question {
	all := []question{{what: "unchanged", given: s.given, state: s.state}}
	ofGiven := func(what string, path resource.PropertyPath, value any, ignore ...string) {
		given := with(s.given, path, value)
		all = append(all, question{what, at(of, path).Kind, path, given, s.state, ignore})
	}
	ofState := func(what string, path resource.PropertyPath, value any, ignore ...string) {
		state := with(s.state, path, value)
		all = append(all, question{what, at(of, path).Kind, path, s.given, state, ignore})
	}
	walk(s.given, nil, func(path resource.PropertyPath, value any) {
		ofGiven("taken away", path, nil)
		ofGiven("unknown", path, unknown)
		ofGiven("ignored", path, changed(value), path.String())
		if len(path) > 1 {
			ofGiven("ignored above", path, changed(value), path[:1].String())
		}
		for what, other := range variants(value) {
			ofGiven(what, path, other)
		}
	})
	walk(s.state, nil, func(path resource.PropertyPath, value any) {
		if p := at(of, path); !p.always() {
			ofState(stateWithout, path, nil)
		}
		ofState("state ignored", path, changed(value), path.String())
		for what, other := range variants(value) {
			ofState("state "+what, path, other)
		}
	})
	for _, name := range slices.Sorted(maps.Keys(of)) {
		path := resource.PropertyPath{name}
		if _, there := s.given[name]; !there && (of[name].Optional || of[name].Required) {
			ofGiven("given nothing", path, of[name].zero())
			ofGiven("given", path, of[name].some())
			ofGiven("given unknown", path, unknown)
		}
		if _, there := s.state[name]; !there {
			ofState("state with nothing", path, of[name].zero())
			ofState("state with", path, of[name].some())
		}
	}
	return all
}

// variants are other values than one, by what is different.
func variants(value any) map[string]any {
	all := map[string]any{"changed": changed(value)}
	switch v := value.(type) {
	case string:
		all["emptied"] = ""
	case []any:
		all["emptied"] = []any{}
		if len(v) > 0 {
			all["grown"] = append(slices.Clone(v), changed(v[0]))
		}
		if len(v) > 1 {
			turned := slices.Clone(v)
			slices.Reverse(turned)
			all["turned round"] = turned
		}
	case object:
		all["emptied"] = object{}
	}
	return all
}

// inSet is the kind of what is a member of a set of blocks, or lies in one.
const inSet = "in a set"

// at is what the table says of the property at a path.
func at(of map[string]property, path resource.PropertyPath) property {
	p := property{Kind: "object", Properties: of}
	for _, step := range path {
		switch {
		case p.Kind == "set" && p.Elem.Kind == "object":
			return property{Kind: inSet}
		case p.Elem != nil:
			p = *p.Elem
		case p.Kind == "map":
			p = property{Kind: "string"}
		default:
			p = p.Properties[step.(string)]
		}
	}
	return p
}

// changed is another value of the same kind.
func changed(value any) any {
	switch v := value.(type) {
	case string:
		return v + "x"
	case bool:
		return !v
	case float64:
		return v + 1
	case []any:
		l := slices.Clone(v)
		if len(l) > 0 {
			l[0] = changed(l[0])
		}
		return l
	case object:
		o := maps.Clone(v)
		for key, e := range o {
			o[key] = changed(e)
		}
		return o
	}
	return value
}

// always tells whether Terraform's state never is without the property: a default, or a list or a map that the service fills in.
func (p property) always() bool { return p.Default != nil || p.Computed && !p.scalar() }

// zero is the value of the kind that says nothing, some is one that says something.
func (p property) zero() any {
	switch p.Kind {
	case "bool":
		return false
	case "int", "number":
		return 0.0
	case "list", "set":
		return []any{}
	case "map", "object":
		return object{}
	}
	return ""
}

func (p property) some() any {
	switch p.Kind {
	case "bool":
		return true
	case "int", "number":
		return 7.0
	case "list", "set":
		return []any{p.Elem.some()}
	case "map":
		return object{"key": "value"}
	case "object":
		o := object{}
		for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
			if inner := p.Properties[name]; inner.Required || len(o) == 0 {
				o[name] = inner.some()
			}
		}
		return o
	}
	return "some"
}

// walk visits each value within an object.
func walk(o object, path resource.PropertyPath, visit func(resource.PropertyPath, any)) {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		walkValue(o[key], append(slices.Clip(path), key), visit)
	}
}

func walkValue(value any, path resource.PropertyPath, visit func(resource.PropertyPath, any)) {
	visit(path, value)
	switch v := value.(type) {
	case object:
		walk(v, path, visit)
	case []any:
		for i, e := range v {
			walkValue(e, append(slices.Clip(path), i), visit)
		}
	}
}

// with is a copy with another value at a path; nil takes away what is there.
func with(o object, path resource.PropertyPath, value any) object {
	return replaced(o, path, value).(object)
}

func replaced(at any, path resource.PropertyPath, value any) any {
	if len(path) == 0 {
		return value
	}
	switch at := at.(type) {
	case object:
		o, key := maps.Clone(at), path[0].(string)
		o[key] = replaced(at[key], path[1:], value)
		if o[key] == nil {
			delete(o, key)
		}
		return o
	case []any:
		l, i := slices.Clone(at), path[0].(int)
		l[i] = replaced(at[i], path[1:], value)
		if l[i] == nil {
			return slices.Delete(l, i, i+1)
		}
		return l
	}
	return value
}

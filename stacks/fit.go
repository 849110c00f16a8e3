package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/docs/reference"
	"bifrost/internal/check"
	"bifrost/internal/gateway/configjson"
)

// fitter takes the values of a stack file apart into what decodes and what does not. What does not is a problem, and is left out, so that
// everything else can be checked in the same pass.
type fitter struct {
	problems field.ErrorList
	// open are the paths of keys whose value is not known, because it does not decode.
	open []string
	// late are problems of values that decode, of which any other problem of the same key tells more.
	late field.ErrorList
	// numbers are those that stand where a text is wanted, by path.
	numbers map[string]string
	// platform is what stands for the platform, of which some keys are.
	platform any
}

// fit returns the part of a value that decodes into t; false where none of it does.
func (f *fitter) fit(p *field.Path, t reflect.Type, value any) (any, bool) {
	t = deref(t)
	if value == nil && t.Kind() != reflect.Interface {
		f.problems = append(f.problems, nothing(p, t, f.platform))
		f.open = append(f.open, p.String())
		return nil, false
	}
	switch t.Kind() {
	case reflect.Struct:
		if object, ok := value.(map[string]any); ok {
			return f.object(p, t, object), true
		}
	case reflect.Map:
		if object, ok := value.(map[string]any); ok {
			return f.entries(p, t, object), true
		}
	case reflect.Slice:
		if list, ok := value.([]any); ok {
			return f.list(p, t, list), true
		}
	case reflect.String:
		switch value := value.(type) {
		case json.Number:
			f.numbers[p.String()] = value.String()
			return value, true
		case string:
			return value, true
		}
	case reflect.Bool:
		if _, ok := value.(bool); ok {
			return value, true
		}
	case reflect.Int:
		if n, ok := value.(json.Number); ok && isWhole(n) {
			if !fitsFarEnds(n) {
				f.problems = append(f.problems, field.Invalid(p, n, fmt.Sprintf("a whole number of at most %d", math.MaxInt32)))
				f.open = append(f.open, p.String())
				return nil, false
			}
			return value, true
		}
	default:
		return value, true
	}
	f.problems = append(f.problems, wrongKind(p, t, value))
	f.open = append(f.open, p.String())
	return nil, false
}

// fitsFarEnds tells whether a whole number is one to the clouds and to Kubernetes, which count with 32 bits.
func fitsFarEnds(n json.Number) bool {
	i, err := n.Int64()
	return err == nil && i >= math.MinInt32 && i <= math.MaxInt32
}

func isWhole(n json.Number) bool {
	_, err := n.Int64()
	return err == nil
}

// object fits the keys of an object that has fields. A misspelt key stands for the one that is meant, where that is not there itself.
func (f *fitter) object(p *field.Path, t reflect.Type, object map[string]any) map[string]any {
	fitted := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		meant := key
		if _, known := fieldByName(t, key); !known {
			names := fieldNames(t)
			meant = check.Nearest(key, names)
			if first, rest, dotted := strings.Cut(key, "."); dotted && p == nil && described(key).Path != "" {
				f.problems = append(f.problems, field.Forbidden(field.NewPath(key), fmt.Sprintf(
					"a path is no key of the file: write %s:%s: and the rest, %s, indented below it", Project, first, rest)))
				continue
			}
			if other := elsewhere(p.Child(key)); len(other) > 0 && !strings.EqualFold(key, meant) {
				f.problems = append(f.problems, unknownKey(p.Child(key), strings.Join(other, " or "), names))
				continue
			}
			f.problems = append(f.problems, unknownKey(p.Child(key), meant, names))
			if _, there := object[meant]; there || meant == "" {
				continue
			}
		}
		of, _ := fieldByName(t, meant)
		if v, ok := f.fit(p.Child(meant), of.Type, object[key]); ok {
			fitted[meant] = v
			f.zero(p.Child(meant), t, of.Type, v)
		}
	}
	return fitted
}

// zero refuses a number that stands for a key that is not there: it would be the default, and not nothing.
func (f *fitter) zero(p *field.Path, within, t reflect.Type, value any) {
	if n, is := value.(json.Number); is && n == "0" && t.Kind() == reflect.Int && !strings.HasPrefix(within.PkgPath(), apiTypes) {
		f.late = append(f.late, field.Invalid(p, n, "is no value of it; leave the key out for its default"))
	}
}

// entries fits the values of an object whose keys are free.
func (f *fitter) entries(p *field.Path, t reflect.Type, object map[string]any) map[string]any {
	fitted := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if v, ok := f.fit(p.Key(key), t.Elem(), object[key]); ok {
			fitted[key] = v
		}
	}
	return fitted
}

// list fits the elements of a list. One that does not decode keeps its place, so that the others keep their numbers.
func (f *fitter) list(p *field.Path, t reflect.Type, list []any) []any {
	fitted := make([]any, len(list))
	for i, e := range list {
		fitted[i], _ = f.fit(p.Index(i), t.Elem(), e)
		if e != nil && !inList(p) && slices.ContainsFunc(list[:i], func(former any) bool { return reflect.DeepEqual(former, e) }) {
			f.late = append(f.late, twice(p.Index(i), e))
		}
	}
	return fitted
}

// inList tells whether a path leads into a list: into a piece of the Kubernetes API, such as a container, whose arguments may repeat.
func inList(p *field.Path) bool { return strings.Contains(p.String(), "[") }

// twice refuses what stands in a list already. Nowhere does that mean more than once.
func twice(p *field.Path, value any) *field.Error {
	if !isScalar(value) {
		value = field.OmitValueType{}
	}
	return field.Duplicate(p, value)
}

// mostElsewhere is how many keys are suggested for one that is unknown where it stands.
const mostElsewhere = 3

// elsewhere are the keys of an unknown key's name that stand in another place: of the same part of the configuration, or else of any. Too
// many are none, and so are those of a key within a list or an entry of the user's own.
func elsewhere(p *field.Path) []string {
	if strings.Contains(p.String(), "[") {
		return nil
	}
	part, _, _ := strings.Cut(p.String(), ".")
	_, name := parentAndName(p.String())
	var near, all []string
	for _, row := range reference.Rows() {
		if _, of := parentAndName(row.Path); !strings.EqualFold(of, name) || strings.Contains(row.Path, "[]") {
			continue
		}
		if all = append(all, row.Path); strings.HasPrefix(row.Path, part+".") {
			near = append(near, row.Path)
		}
	}
	if p.String() == "gateway."+name && configjson.Known(name) {
		near = append(near, "gateway.config."+name)
	}
	if len(near) > 0 {
		all = near
	}
	if len(all) > mostElsewhere {
		return nil
	}
	return all
}

// unknownKey suggests the key that is meant, of the same object.
func unknownKey(p *field.Path, meant string, known []string) *field.Error {
	if meant != "" {
		return field.Forbidden(p, fmt.Sprintf("unknown key; did you mean %s?", meant))
	}
	return field.Forbidden(p, "unknown key; known here: "+strings.Join(known, ", "))
}

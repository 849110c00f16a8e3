package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// longestShown is how many characters of a text an error shows.
const longestShown = 60

// unshown are objects in whose place, or below which, a text may hold a secret, in clear by mistake: errors do not repeat it.
var unshown = []string{"secrets", "gateway.config", "gateway.env", "ecs.env", "refresher.env", "gcp.credentialConfig"}

// wrongKind says of a value of the wrong kind what it is and what to write, with the value itself where that is short and no secret.
func wrongKind(p *field.Path, t reflect.Type, value any) *field.Error {
	detail := "is " + kindOf(value) + "; write " + instead(p, t, value)
	if slices.ContainsFunc(unshown, func(key string) bool { return isAt(p.String(), key) }) {
		return &field.Error{Type: field.ErrorTypeForbidden, Field: p.String(), Detail: "is " + kindOf(value) + "; write " + plainly(p, t)}
	}
	switch value := value.(type) {
	case string:
		if short := []rune(value); len(short) > longestShown {
			return field.TypeInvalid(p, string(short[:longestShown])+"...", detail)
		}
		return field.TypeInvalid(p, value, detail)
	case bool, json.Number:
		return field.TypeInvalid(p, value, detail)
	}
	return field.TypeInvalid(p, field.OmitValueType{}, detail)
}

// kindOf names the kind of a value, without what is in it.
func kindOf(value any) string {
	switch value := value.(type) {
	case string:
		return "text"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "an object with " + keyNames(slices.Sorted(maps.Keys(value)))
	}
	return "empty"
}

// instead says what to write in the place of a value, with the value itself where it only has the wrong form.
func instead(p *field.Path, t reflect.Type, value any) string {
	switch text := fmt.Sprint(value); {
	case t.Kind() == reflect.Slice && isScalar(value) && isScalarKind(t.Elem()):
		return "a list: [" + strings.Join(elements(text), ", ") + "]"
	case t.Kind() == reflect.Slice && deref(t.Elem()).Kind() == reflect.Struct && isObject(value):
		return "a list of objects: put `- ` before its first key, and two blanks before the others"
	case t.Kind() == reflect.Struct && isScalar(value) && isKeyOf(t, text):
		return "a blank behind the colon: " + strings.Replace(text, ":", ": ", 1)
	case t.Kind() == reflect.String && isScalar(value):
		return `it in quotes: "` + text + `"`
	case isScalarKind(t) && isOneScalar(value):
		return plainly(p, t) + ": " + fmt.Sprint(value.([]any)[0]) + ", without brackets or dash"
	case t.Kind() == reflect.Struct && isListOfOneObject(value):
		return "an object: leave the dash out"
	case t.Kind() == reflect.Bool && booleans[strings.ToLower(text)] != "":
		return booleans[strings.ToLower(text)]
	case t.Kind() == reflect.Int && isScalar(value) && isWhole(json.Number(text)):
		return "the number without quotes: " + text
	}
	return plainly(p, t)
}

// isKeyOf tells whether a text is a key of an object with its value, and lacks the blank behind its colon.
func isKeyOf(t reflect.Type, text string) bool {
	key, _, colon := strings.Cut(text, ":")
	_, known := fieldByName(t, key)
	return colon && known
}

// booleans are what people write for true and false: YAML 1.2 and the Pulumi CLI take these as texts and numbers.
var booleans = map[string]string{
	"true": "true", "yes": "true", "on": "true", "y": "true", "1": "true",
	"false": "false", "no": "false", "off": "false", "n": "false", "0": "false",
}

// plainly names what is wanted.
func plainly(p *field.Path, t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.String:
		return "text"
	case reflect.Slice:
		if names := objectKeys(t.Elem()); names != "" {
			return "a list of objects with " + names
		}
		return "a list: [VALUE, VALUE]"
	case reflect.Map:
		return "an object: {KEY: VALUE}"
	}
	return "an object with " + objectKeys(t)
}

// objectKeys are the first keys of an object that has fields; empty of another kind.
func objectKeys(t reflect.Type) string {
	t = deref(t)
	if t.Kind() != reflect.Struct {
		return ""
	}
	return keyNames(fieldNames(t))
}

// keyNames are the first of an object's keys.
func keyNames(names []string) string {
	if most := 6; len(names) > most {
		names = append(slices.Clone(names[:most]), "...")
	}
	return "the keys " + strings.Join(names, ", ")
}

// withoutQuotes are texts that YAML takes for what they are without quotes, in a list in brackets, too.
var withoutQuotes = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// elements takes apart what was meant as a list: a, b or [a, b].
func elements(text string) []string {
	var all []string
	for _, element := range strings.Split(strings.Trim(text, "[] "), ",") {
		if element = strings.Trim(element, ` "'`); element == "" {
			continue
		}
		if !withoutQuotes.MatchString(element) {
			element = strconv.Quote(element)
		}
		all = append(all, element)
	}
	return all
}

func isScalar(value any) bool {
	switch value.(type) {
	case []any, map[string]any:
		return false
	}
	return true
}

func isObject(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

func isOneScalar(value any) bool {
	list, ok := value.([]any)
	return ok && len(list) == 1 && isScalar(list[0])
}

func isListOfOneObject(value any) bool {
	list, ok := value.([]any)
	return ok && len(list) == 1 && isObject(list[0])
}

func isScalarKind(t reflect.Type) bool {
	switch deref(t).Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice:
		return false
	}
	return true
}

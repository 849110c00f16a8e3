package mutations_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/stacktest"
)

// kind is one way in which a value goes wrong.
type kind struct {
	name string
	// of are the values that stand in a place instead; none where the mistake cannot be made there.
	of func(place) []any
}

// text is a mistake in a text that stands there; an empty result is none.
func text(name string, of func(string) string) kind {
	return kind{name, func(p place) []any {
		value, is := p.value.(string)
		if !is {
			return nil
		}
		if wrong := of(value); wrong != value {
			return []any{wrong}
		}
		return nil
	}}
}

// instead is a text that stands in the place of another one.
func instead(name, wrong string) kind { return text(name, func(string) string { return wrong }) }

// whole is a mistake with a value that stands there, of some kinds of types.
func whole(name string, of func(place) any, kinds ...reflect.Kind) kind {
	return kind{name, func(p place) []any {
		if _, not := p.value.(absent); not || len(kinds) > 0 && !slices.Contains(kinds, p.kind()) {
			return nil
		}
		return []any{of(p)}
	}}
}

func always(value any) func(place) any { return func(place) any { return value } }

// kind is the kind of the place's type; of what is free, that of its value.
func (p place) kind() reflect.Kind {
	if p.typ != nil {
		return p.typ.Kind()
	}
	switch p.value.(type) {
	case string:
		return reflect.String
	case bool:
		return reflect.Bool
	case json.Number:
		return reflect.Int
	case []any:
		return reflect.Slice
	case map[string]any:
		return reflect.Map
	}
	return reflect.Invalid
}

const (
	otherRole    = "arn:aws:iam::111122223333:role/x"
	otherAzure   = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/x"
	otherGoogle  = "projects/acme-dev/serviceAccounts/x@acme-dev.iam.gserviceaccount.com"
	otherAccount = "555566667777"
	otherRegion  = "eu-west-3"
)

var (
	arnStart = regexp.MustCompile(`^arn:aws:[a-z]+:`)
	account  = regexp.MustCompile(`\b\d{12}\b`)
	region   = regexp.MustCompile(`\bus-east-1\b`)
	// alike are letters of other scripts that look like those of ASCII.
	alike = map[string]string{"a": "а", "c": "с", "e": "е", "o": "о", "p": "р", "x": "х", "i": "і", "1": "１", "0": "０"}
)

// kinds is the table of mistakes.
var kinds = []kind{
	whole("missing", always(absent{})),
	whole("nothing behind the colon", always(nil)),
	instead("empty", ""),
	instead("blank", "   "),
	text("space before", func(v string) string { return " " + v }),
	text("space behind", func(v string) string { return v + " " }),
	text("line break behind", func(v string) string { return v + "\n" }),
	text("non-breaking space behind", func(v string) string { return v + "\u00a0" }),
	text("zero-width space", func(v string) string { return v[:len(v)/2] + "\u200b" + v[len(v)/2:] }),
	text("letter of another script", func(v string) string {
		for _, letter := range slices.Sorted(maps.Keys(alike)) {
			if strings.Contains(v, letter) {
				return strings.Replace(v, letter, alike[letter], 1)
			}
		}
		return v
	}),
	text("dash of a word processor", func(v string) string { return strings.Replace(v, "-", "–", 1) }),
	text("quotes of a word processor", func(v string) string { return "“" + v + "”" }),
	text("quotes twice", func(v string) string { return `"` + v + `"` }),
	text("control character", func(v string) string { return v + "\x07" }),
	text("tab in it", func(v string) string { return v[:len(v)/2] + "\t" + v[len(v)/2:] }),
	text("in capitals", strings.ToUpper),
	text("last character missing", func(v string) string {
		runes := []rune(v)
		return string(runes[:max(len(runes)-1, 0)])
	}),
	instead("placeholder YOUR_", "YOUR_VALUE"),
	instead("placeholder <>", "<your value>"),
	instead("placeholder ${}", "${VALUE}"),
	instead("placeholder {{ }}", "{{ .Values.value }}"),
	instead("placeholder CHANGEME", "CHANGEME"),
	instead("placeholder TODO", "TODO"),
	text("huge", func(string) string { return strings.Repeat("a", 5000) }),
	instead("a URL", "https://example.com/x"),
	instead("a way out of the folder", "../../../etc/passwd"),
	instead("a shell's command", "$(id); `id`"),
	instead("AWS's", otherRole), instead("Azure's", otherAzure), instead("Google's", otherGoogle),
	text("another partition", func(v string) string { return strings.Replace(v, "arn:aws:", "arn:aws-cn:", 1) }),
	text("another service", func(v string) string { return arnStart.ReplaceAllString(v, "arn:aws:lambda:") }),
	text("another account", func(v string) string { return account.ReplaceAllString(v, otherAccount) }),
	text("another region", func(v string) string { return region.ReplaceAllString(v, otherRegion) }),

	whole("number for a text", always(json.Number("7")), reflect.String),
	whole("true for a text", always(true), reflect.String),
	whole("list for one value", func(p place) any { return []any{p.value} }, reflect.String, reflect.Int, reflect.Bool),
	whole("object for one value", func(p place) any { return map[string]any{"value": p.value} }, reflect.String, reflect.Int, reflect.Bool),

	whole("minus one", always(json.Number("-1")), reflect.Int),
	whole("zero", always(json.Number("0")), reflect.Int),
	whole("2^31", always(json.Number("2147483648")), reflect.Int),
	whole("2^64", always(json.Number("18446744073709551616")), reflect.Int),
	whole("fraction", always(json.Number("1.5")), reflect.Int),
	whole("text for a number", always("many"), reflect.Int),
	whole("number with a unit", func(p place) any { return string(number(p)) + "s" }, reflect.Int),
	whole("number in quotes", func(p place) any { return string(number(p)) }, reflect.Int),
	whole("true for a number", always(true), reflect.Int),
	whole("yes for true", always("yes"), reflect.Bool),
	whole("true in quotes", always("true"), reflect.Bool),
	whole("1 for true", always(json.Number("1")), reflect.Bool),

	whole("empty list", always([]any{}), reflect.Slice),
	whole("the same twice", func(p place) any {
		list, _ := p.value.([]any)
		return append(slices.Clone(list), list[:min(len(list), 1)]...)
	}, reflect.Slice),
	whole("one value for a list", func(p place) any { return first(p.value) }, reflect.Slice),
	whole("a text with commas for a list", always("a, b"), reflect.Slice),
	whole("object for a list", func(p place) any { return map[string]any{"value": first(p.value)} }, reflect.Slice),
	whole("a list in the list", func(p place) any { return []any{p.value} }, reflect.Slice),
	whole("nothing in the list", always([]any{nil}), reflect.Slice),
	whole("a thousand of it", func(p place) any { return slices.Repeat([]any{first(p.value)}, 1000) }, reflect.Slice),

	whole("text for an object", always("x"), reflect.Struct, reflect.Map),
	whole("true for an object", always(true), reflect.Struct, reflect.Map),
	whole("list for an object", func(p place) any { return []any{p.value} }, reflect.Struct, reflect.Map),
	whole("empty object", always(map[string]any{}), reflect.Struct, reflect.Map),
	whole("unknown key", func(p place) any { return with(p.value, "zzz", "x") }, reflect.Struct),
	{"misspelt key", func(p place) []any { return renamed(p, func(key string) string { return key[:len(key)-1] }) }},
	{"key in other case", func(p place) []any {
		return renamed(p, func(key string) string { return strings.ToUpper(key[:1]) + key[1:] })
	}},
	{"key in a wrong object", func(p place) []any {
		if p.kind() != reflect.Struct || p.name == "agreed" {
			return nil
		}
		if object, is := p.value.(map[string]any); is && len(object) > 0 {
			return []any{with(object, "rollout", "full")}
		}
		return nil
	}},
	whole("empty key", func(p place) any { return with(p.value, "", "x") }, reflect.Map),
	whole("blank in a key", func(p place) any { return with(p.value, "a b", "x") }, reflect.Map),
	whole("huge key", func(p place) any { return with(p.value, strings.Repeat("a", 5000), "x") }, reflect.Map),
	whole("key of another script", func(p place) any { return with(p.value, "а", "x") }, reflect.Map),

	{"nonsense in a further key", further(nonsense)},
	{"wrong kind in a further key", further(wrongKind)},
}

func number(p place) json.Number {
	n, _ := p.value.(json.Number)
	return n
}

func first(value any) any {
	list, _ := value.([]any)
	if len(list) == 0 {
		return "x"
	}
	return list[0]
}

func with(object any, key string, value any) any {
	same, _ := object.(map[string]any)
	changed := maps.Clone(same)
	if changed == nil {
		changed = map[string]any{}
	}
	changed[key] = value
	return changed
}

// renamed are the objects in which each key has another name.
func renamed(p place, to func(string) string) []any {
	object, is := p.value.(map[string]any)
	if !is || p.kind() != reflect.Struct {
		return nil
	}
	var all []any
	for _, key := range slices.Sorted(maps.Keys(object)) {
		changed := maps.Clone(object)
		delete(changed, key)
		changed[to(key)] = object[key]
		all = append(all, changed)
	}
	return all
}

// further are values for a key that the stack does not have.
func further(of func(place) any) func(place) []any {
	return func(p place) []any {
		if _, not := p.value.(absent); !not {
			return nil
		}
		if wrong := of(p); wrong != nil {
			return []any{wrong}
		}
		return nil
	}
}

// nonsense is of the right kind, and means nothing.
func nonsense(p place) any {
	word := p.word("No Such Thing!")
	switch p.kind() {
	case reflect.String:
		return word
	case reflect.Int:
		return json.Number("-7")
	case reflect.Slice:
		switch p.typ.Elem().Kind() {
		case reflect.String:
			return []any{word}
		case reflect.Int:
			return []any{json.Number("-7")}
		}
		return []any{map[string]any{"zzz": word}}
	case reflect.Struct:
		return map[string]any{"zzz": word}
	case reflect.Map:
		return map[string]any{"No Such Name!": word}
	}
	return nil
}

// wrongKind is of a kind that cannot stand there.
func wrongKind(p place) any {
	switch p.kind() {
	case reflect.String, reflect.Int, reflect.Bool:
		return []any{p.word("x")}
	}
	return p.word("x")
}

// hidden are where a text may be a secret, by mistake in clear.
var hidden = []string{"secrets", "gateway.config", "gateway.env", "ecs.env", "refresher.env", "gcp.credentialConfig"}

// word is a text that nobody may repeat where a secret may stand.
func (p place) word(text string) string {
	if slices.ContainsFunc(hidden, p.under) {
		return stacktest.Secret + text
	}
	return text
}

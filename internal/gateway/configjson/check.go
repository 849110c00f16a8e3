package configjson

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bifrost/internal/gateway/secretkeys"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// rules are refused whatever a schema says: the gateway exits, or passes over the part in silence. Each was tried on the gateway,
// keyValues read in its source, and providerAddresses tried on its HTTP client.
var rules = []func(*review){
	wrongVariables, storeSwitches, databasePasswords, sourceOfTruth,
	providerNames, providerKeys, keyValues, providerAddresses, keyNames,
	duplicates, lostIds, durations, virtualKeys, keyReferences,
	plugins, mcpClients, lostVault,
}

// review collects what the rules refuse.
type review struct {
	p        *field.Path
	document Document
	facts    Facts
	schema   *Schema
	problems field.ErrorList
}

// Check reports what the gateway would exit on or pass over in silence, at paths below p. The names of keys are checked by the
// schema, or without one by the table of those that are known.
func Check(p *field.Path, document Document, facts Facts, schema *Schema) field.ErrorList {
	r := &review{p: p, document: document, facts: facts, schema: schema}
	r.problems = wrongKinds(p, document)
	for _, rule := range rules {
		rule(r)
	}
	if schema != nil {
		r.problems = append(r.problems, suggested(schema.Validate(p, document), p, document)...)
	} else {
		r.problems = append(r.problems, Misspelled(p, document)...)
	}
	return firstOfEach(r.problems)
}

// suggested adds, to keys that the schema has not, the known name that was meant.
func suggested(problems field.ErrorList, p *field.Path, document Document) field.ErrorList {
	unknownKeys(p, document, func(p *field.Path, meant string) {
		for _, problem := range problems {
			if meant != "" && problem.Field == p.String() && problem.Detail == noSuchKey {
				problem.Detail += "; did you mean " + meant + "?"
			}
		}
	})
	return problems
}

// firstOfEach keeps the first problem of each path: a value of the wrong kind breaks other rules as well.
func firstOfEach(problems field.ErrorList) field.ErrorList {
	seen := map[string]bool{}
	return slices.DeleteFunc(problems, func(p *field.Error) bool {
		again := seen[p.Field]
		seen[p.Field] = true
		return again
	})
}

func (r *review) forbid(p *field.Path, format string, args ...any) {
	r.problems = append(r.problems, field.Forbidden(p, fmt.Sprintf(format, args...)))
}

func (r *review) require(p *field.Path, format string, args ...any) {
	r.problems = append(r.problems, field.Required(p, fmt.Sprintf(format, args...)))
}

// each calls visit for every object at a path of the document.
func (r *review) each(path string, visit func(p *field.Path, object map[string]any)) {
	each(r.p, r.document, path, visit)
}

// newer tells whether the given schema has a name that is not known here.
func (r *review) newer(name string) bool { return r.schema != nil && r.schema.mentions(name) }

// text is the value where it is text, and otherwise empty.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// object is the value where it is an object, and otherwise empty.
func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

// count is the number of elements of a list.
func count(v any) int {
	list, _ := v.([]any)
	return len(list)
}

// shellReference is how shells refer to variables. $NAME without braces may be text.
var shellReference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// wrongVariables: the gateway takes ${NAME} for the value itself.
func wrongVariables(r *review) {
	walkTexts(r.p, "", "", r.document, func(p *field.Path, _, _, text string) {
		// What a plugin of the user's own reads is not known.
		if m := shellReference.FindStringSubmatch(text); m != nil && !strings.HasPrefix(p.String(), r.p.Child("plugins").String()+"[") {
			r.forbid(p, "the gateway takes ${%s} for the value itself; write env.%s", m[1], m[1])
		}
	})
}

// lostVault: without vault_store a reference to the vault is an empty text.
func lostVault(r *review) {
	if object(object(r.document["config_store"])["vault_store"])["enabled"] == true {
		return
	}
	walkTexts(r.p, "", "", r.document, func(p *field.Path, parent, key, text string) {
		connection := slices.Contains([]string{"host", "port", "user", "db_name"}, key) && parent == "config"
		if vaultReference.MatchString(text) && (connection || secretkeys.Is(parent, key)) {
			r.forbid(p,
				"a reference to the vault, and config_store.vault_store is not enabled: the gateway reads nothing; configure it, or write "+
					"env.NAME")
		}
	})
}

// sourceOfTruth: anything else is split to the gateway.
func sourceOfTruth(r *review) {
	v, there := r.document["source_of_truth"]
	if there && !slices.Contains([]string{"split", "config.json"}, strings.ToLower(strings.TrimSpace(text(v)))) {
		r.forbid(r.p.Child("source_of_truth"), "must be config.json or split; the gateway takes anything else for split")
	}
}

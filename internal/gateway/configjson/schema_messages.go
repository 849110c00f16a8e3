package configjson

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const noSuchKey = "the schema has no such key"

// explain says what the schema demands, without the value: that may be a secret in a place that is not known as one. A key that
// lacks, or that may not be there, is a problem of its own.
func explain(p *field.Path, e *jsonschema.ValidationError) field.ErrorList {
	var problems field.ErrorList
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, key := range k.Missing {
			problems = append(problems, field.Required(p.Child(key), "the schema demands it"))
		}
	case *kind.DependentRequired:
		for _, key := range k.Missing {
			problems = append(problems, field.Required(p.Child(key), "the schema demands it beside "+k.Prop))
		}
	case *kind.Dependency:
		for _, key := range k.Missing {
			problems = append(problems, field.Required(p.Child(key), "the schema demands it beside "+k.Prop))
		}
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			problems = append(problems, field.Forbidden(p.Child(key), noSuchKey))
		}
	case *kind.PropertyNames:
		problems = append(problems, field.Forbidden(p.Child(k.Property), "against the schema: the name of the key "+demands(e.Causes)))
	default:
		problems = append(problems, field.Forbidden(p, "against the schema: "+demand(k)))
	}
	return problems
}

// demands of the causes at the bottom, in one sentence.
func demands(causes []*jsonschema.ValidationError) string {
	var all []string
	for _, cause := range causes {
		for _, leaf := range leaves(cause) {
			all = append(all, demand(leaf.ErrorKind))
		}
	}
	if all == nil {
		return "is not one that it takes"
	}
	return strings.Join(all, ", and ")
}

// demand is what one rule of a schema wants.
func demand(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return fmt.Sprintf("must be %s, not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		return "must be one of " + values(k.Want)
	case *kind.Const:
		return "must be " + values([]any{k.Want})
	case *kind.Format:
		return "must be of the format " + k.Want
	case *kind.Pattern:
		return "must match " + k.Want

	case *kind.Minimum:
		return "must be at least " + number(k.Want)
	case *kind.Maximum:
		return "must be at most " + number(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be more than " + number(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + number(k.Want)
	case *kind.MultipleOf:
		return "must be a multiple of " + number(k.Want)

	case *kind.MinLength:
		return "must have at least " + counted(k.Want, "character")
	case *kind.MaxLength:
		return "must have at most " + counted(k.Want, "character")
	case *kind.MinItems:
		return "must have at least " + counted(k.Want, "element")
	case *kind.MaxItems:
		return "must have at most " + counted(k.Want, "element")
	case *kind.AdditionalItems:
		return fmt.Sprintf("must lose the last %s", counted(k.Count, "element"))
	case *kind.UniqueItems:
		return fmt.Sprintf("must not have an element twice; numbers %d and %d, counted from 0, are equal", k.Duplicates[0], k.Duplicates[1])
	case *kind.Contains:
		return "must have an element of a certain form, and has none"
	case *kind.MinContains:
		return fmt.Sprintf("must have at least %s of a certain form, and has %d", counted(k.Want, "element"), len(k.Got))
	case *kind.MaxContains:
		return fmt.Sprintf("must have at most %s of a certain form, and has %d", counted(k.Want, "element"), len(k.Got))
	case *kind.MinProperties:
		return "must have at least " + counted(k.Want, "key")
	case *kind.MaxProperties:
		return "must have at most " + counted(k.Want, "key")

	case *kind.FalseSchema:
		return "must not be there"
	case *kind.Not:
		return "is of a form that is excluded"
	case *kind.OneOf:
		return "fits more than one of the alternatives, of which it must fit one; remove the keys that belong to another"
	case *kind.AnyOf:
		return "fits none of the alternatives"
	case *kind.ContentEncoding:
		return "must be text in " + k.Want
	case *kind.ContentMediaType:
		return "must hold " + k.Want
	}
	return "breaks the rule " + strings.Join(k.KeywordPath(), "/")
}

// values of the schema, as JSON has them.
func values(all []any) string {
	texts := make([]string, len(all))
	for i, v := range all {
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(fmt.Sprint(v))
		}
		texts[i] = string(text)
	}
	return strings.Join(texts, ", ")
}

// number is a limit as people write it.
func number(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	f, _ := n.Float64()
	return fmt.Sprint(f)
}

func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

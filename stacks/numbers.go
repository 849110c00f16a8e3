package stacks

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A number in the stack file is a text where a text is wanted. The engine hands over what it says and not how it is written: without
// leading zeros, and an octal or hexadecimal one in decimal.

// writtenNumbers are the paths of the numbers among values.
func writtenNumbers(values map[string]any) map[string]bool {
	found := map[string]bool{}
	var walk func(p *field.Path, v any)
	walk = func(p *field.Path, v any) {
		switch v := v.(type) {
		case json.Number:
			found[p.String()] = true
		case []any:
			for i, e := range v {
				walk(p.Index(i), e)
			}
		case map[string]any:
			for key, e := range v {
				walk(p.Child(key), e)
			}
		}
	}
	for key, v := range values {
		walk(field.NewPath(key), v)
	}
	return found
}

// explainNumbers adds to what is wrong with a text that the stack file has a number in its place.
func explainNumbers(problems field.ErrorList, written map[string]bool) {
	for _, p := range problems {
		if _, isText := p.BadValue.(string); isText && written[p.Field] {
			p.Detail += "; the stack file has a number here, which loses its leading zeros: write the digits in quotes"
		}
	}
}

package stacks

import "k8s.io/apimachinery/pkg/util/validation/field"

// explainNumbers adds to what is wrong with a text that the stack file has a number in its place: the engine hands over what it says and
// not how it is written, without leading zeros, and an octal or hexadecimal one in decimal.
func explainNumbers(problems field.ErrorList, written map[string]string) {
	for _, p := range problems {
		if _, number := written[p.Field]; number && p.Type == field.ErrorTypeInvalid {
			p.Detail += "; the stack file has a number here, which loses its leading zeros: write the digits in quotes"
		}
	}
}

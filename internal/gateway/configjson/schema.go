package configjson

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// schemaUrl names the schema in the compiler; nothing is fetched.
const schemaUrl = "config.schema.json"

// nothingElse refuses to load what the schema refers to outside itself.
type nothingElse struct{}

func (nothingElse) Load(url string) (any, error) {
	return nil, fmt.Errorf("it refers to %s, and only one file is read", url)
}

// Schema is a compiled JSON schema.
type Schema struct {
	schema *jsonschema.Schema
	text   []byte
}

// mentions tells whether a name stands in the schema, as that of a key or as a value.
func (s *Schema) mentions(name string) bool {
	return bytes.Contains(s.text, []byte(strconv.Quote(name)))
}

// CompileSchema reads a JSON schema, such as the vendor's. Without a $schema of its own it is of draft 2019-09, as the vendor's is.
func CompileSchema(text []byte) (*Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2019)
	c.UseLoader(nothingElse{})
	if err := c.AddResource(schemaUrl, document); err != nil {
		return nil, err
	}
	schema, err := c.Compile(schemaUrl)
	if err != nil {
		return nil, fmt.Errorf("not a JSON schema: %w", err)
	}
	return &Schema{schema, text}, nil
}

// Validate reports where the document breaks the schema, at paths below p; the values themselves are not repeated.
func (s *Schema) Validate(p *field.Path, document Document) field.ErrorList {
	err := s.schema.Validate(document)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	var problems field.ErrorList
	for _, leaf := range leaves(invalid) {
		problems = append(problems, explain(instancePath(p, leaf.InstanceLocation), leaf)...)
	}
	// The validator takes the keys of an object in any order.
	slices.SortStableFunc(problems, func(a, b *field.Error) int {
		return cmp.Or(strings.Compare(a.Field, b.Field), strings.Compare(a.Detail, b.Detail))
	})
	return problems
}

// leaves are the causes at the bottom. Of alternatives, those of the one that is nearest to the document.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	alternatives := false
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		alternatives = true
	case *kind.Contains, *kind.MinContains, *kind.PropertyNames:
		// Their causes are of single elements, of which it takes one, and of names, which have no place of their own.
		return []*jsonschema.ValidationError{e}
	}
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		found := leaves(cause)
		switch {
		case !alternatives:
			all = append(all, found...)
		case all == nil || weight(found) < weight(all):
			all = found
		}
	}
	return all
}

// weight is how much of a document would have to change.
func weight(leaves []*jsonschema.ValidationError) int {
	sum := 0
	for _, leaf := range leaves {
		switch k := leaf.ErrorKind.(type) {
		case *kind.Required:
			sum += len(k.Missing)
		case *kind.AdditionalProperties:
			sum += len(k.Properties)
		default:
			sum++
		}
	}
	return sum
}

func instancePath(p *field.Path, location []string) *field.Path {
	for _, step := range location {
		if i, err := strconv.Atoi(step); err == nil {
			p = p.Index(i)
		} else {
			p = p.Child(step)
		}
	}
	return p
}

package bifrostconfig

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// schemaURL names the schema in the compiler; nothing is fetched.
const schemaURL = "config.schema.json"

// nothingElse refuses to load what the schema refers to outside itself.
type nothingElse struct{}

func (nothingElse) Load(url string) (any, error) {
	return nil, fmt.Errorf("it refers to %s, and only one file is read", url)
}

// Schema is a compiled JSON schema.
type Schema struct{ schema *jsonschema.Schema }

// CompileSchema reads a JSON schema, such as the vendor's. Without a $schema of its own it is of draft 2019-09, as the vendor's is.
func CompileSchema(text []byte) (*Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2019)
	c.UseLoader(nothingElse{})
	if err := c.AddResource(schemaURL, document); err != nil {
		return nil, err
	}
	schema, err := c.Compile(schemaURL)
	if err != nil {
		return nil, fmt.Errorf("not a JSON schema: %w", err)
	}
	return &Schema{schema}, nil
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
		problems = append(problems, field.Forbidden(instancePath(p, leaf.InstanceLocation), "against the schema: "+explain(leaf.ErrorKind)))
	}
	return problems
}

// leaves are the causes at the bottom. Of alternatives, those of the one that is nearest to the document.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	alternatives := false
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		alternatives = true
	}
	var all []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		found := leaves(cause)
		switch {
		case !alternatives:
			all = append(all, found...)
		case all == nil || len(found) < len(all):
			all = found
		}
	}
	return all
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

// explain says what is wrong without the value, which may be a secret in a place that is not known as one.
func explain(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Required:
		return "lacks " + strings.Join(k.Missing, ", ")
	case *kind.AdditionalProperties:
		return "has no key " + strings.Join(k.Properties, ", ")
	case *kind.Type:
		return fmt.Sprintf("must be %s, not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		return fmt.Sprintf("must be one of %v", k.Want)
	case *kind.Const:
		return fmt.Sprintf("must be %v", k.Want)
	case *kind.Pattern:
		return "must match " + k.Want
	case *kind.FalseSchema:
		return "must not be there"
	}
	return "breaks the rule " + strings.Join(k.KeywordPath(), "/")
}

// Package cel evaluates what a provider of Google's workload identity pools says about a token: its attribute mapping and its condition,
// which are expressions in CEL (Google Cloud, "Attribute mappings", "Attribute conditions").
package cel

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
)

// Subject is the attribute that every mapping must have.
const Subject = "google.subject"

// subjectLimit is in bytes (Google Cloud, "Workload Identity Federation": google.subject).
const subjectLimit = 127

// environment is what expressions see.
func environment() (*cel.Env, error) {
	object := cel.MapType(cel.StringType, cel.DynType)
	return cel.NewEnv(cel.Variable("assertion", object), cel.Variable("google", object), cel.Variable("attribute", object))
}

// CheckCondition refuses an attribute condition that is no boolean expression over assertion, google and attribute.
func CheckCondition(condition string) error {
	env, err := environment()
	if err != nil {
		return err
	}
	ast, issues := env.Compile(condition)
	if issues.Err() != nil {
		return issues.Err()
	}
	if kind := ast.OutputType(); kind != cel.BoolType && kind != cel.DynType {
		return fmt.Errorf("the condition is of type %s, not bool", kind)
	}
	return nil
}

// Judge says whether a provider takes a token with these claims, and the subject that it maps them to. The error says what cannot be
// evaluated.
func Judge(mapping map[string]string, condition string, claims map[string]any) (subject string, holds bool, err error) {
	attributes, err := Map(mapping, claims)
	if err != nil {
		return "", false, err
	}
	holds, err = Holds(condition, claims, attributes)
	return attributes[Subject], holds, err
}

// Map evaluates an attribute mapping: google.subject, and whatever else it names.
func Map(mapping map[string]string, claims map[string]any) (map[string]string, error) {
	attributes := map[string]string{}
	for name, expression := range mapping {
		value, err := evaluate(expression, map[string]any{"assertion": claims, "google": map[string]any{}, "attribute": map[string]any{}})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		text, isText := value.(string)
		if !isText {
			return nil, fmt.Errorf("%s is no text", name)
		}
		attributes[name] = text
	}
	subject := attributes[Subject]
	switch {
	case subject == "":
		return nil, errors.New("google.subject is not mapped")
	case len(subject) > subjectLimit:
		return nil, fmt.Errorf("google.subject has %d bytes, more than %d", len(subject), subjectLimit)
	}
	return attributes, nil
}

// Holds evaluates a condition over a token's claims and the attributes that they map to. An empty condition holds.
func Holds(condition string, claims map[string]any, attributes map[string]string) (bool, error) {
	if condition == "" {
		return true, nil
	}
	own, custom := map[string]any{}, map[string]any{}
	for name, value := range attributes {
		if key, ok := strings.CutPrefix(name, "google."); ok {
			own[key] = value
		}
		if key, ok := strings.CutPrefix(name, "attribute."); ok {
			custom[key] = value
		}
	}
	value, err := evaluate(condition, map[string]any{"assertion": claims, "google": own, "attribute": custom})
	if err != nil {
		return false, err
	}
	holds, isBool := value.(bool)
	if !isBool {
		return false, errors.New("the condition is no boolean")
	}
	return holds, nil
}

func evaluate(expression string, variables map[string]any) (any, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	program, err := env.Program(ast)
	if err != nil {
		return nil, err
	}
	value, _, err := program.Eval(variables)
	if err != nil {
		return nil, err
	}
	return value.Value(), nil
}

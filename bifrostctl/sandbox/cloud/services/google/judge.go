package google

import (
	"bifrost/bifrostctl/sandbox/cloud/world"
)

// Judge says whether a pool's provider, with its attribute mapping and condition, takes a token with these claims, and the subject
// that it maps them to. The error says what cannot be evaluated.
func Judge(mapping map[string]string, condition string, claims map[string]any) (subject string, holds bool, err error) {
	expressions := map[string]any{}
	for name, expression := range mapping {
		expressions[name] = expression
	}
	attributes, err := mapAttributes(&world.Resource{State: map[string]any{"attributeMapping": expressions}}, claims)
	if err != nil {
		return "", false, err
	}
	holds, err = conditionHolds(condition, claims, attributes)
	return attributes["google.subject"], holds, err
}

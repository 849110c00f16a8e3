package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Grant is the smallest part of a document: one principal, one action, one resource. Principal is empty in an identity's own policy,
// Resource in a trust document.
type Grant struct{ Effect, Principal, Action, Resource, Condition string }

// Grants are the parts of a document, in the order of its statements. Unlike Evaluate it takes every form of a statement: what is said of
// all but some names reads "anything but a, b".
func Grants(document string) ([]Grant, error) {
	statements, err := parse(document)
	if err != nil {
		return nil, err
	}
	var all []Grant
	for _, s := range statements {
		for _, principal := range s.principals() {
			for _, action := range named(s.Action, s.NotAction) {
				for _, resource := range named(s.Resource, s.NotResource) {
					g := Grant{Effect: s.Effect, Principal: principal, Action: action, Resource: resource, Condition: s.when()}
					if !slices.Contains(all, g) {
						all = append(all, g)
					}
				}
			}
		}
	}
	return all, nil
}

// Covers tells whether who has the grant has all of the other one: wildcards count, and a grant with no condition covers one that has.
func (g Grant) Covers(other Grant) bool {
	return g.Effect == other.Effect && (g.Principal == other.Principal || g.Principal == "*") &&
		like(g.Action, other.Action, true) && (g.Resource == other.Resource || like(g.Resource, other.Resource, false)) &&
		(g.Condition == "" || g.Condition == other.Condition)
}

func parse(document string) ([]statement, error) {
	var parsed struct {
		Version   string
		Id        string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &parsed); err != nil {
		return nil, fmt.Errorf("not a policy document: %w", err)
	}
	var statements []statement
	if err := json.Unmarshal(parsed.Statement, &statements); err != nil {
		statements = make([]statement, 1)
		if err := json.Unmarshal(parsed.Statement, &statements[0]); err != nil {
			return nil, fmt.Errorf("statements of a policy document: %w", err)
		}
	}
	return statements, nil
}

// principals are those that the statement names; one empty name where it names none.
func (s statement) principals() []string {
	not := ""
	who := s.Principal
	if who == nil && s.NotPrincipal != nil {
		who, not = s.NotPrincipal, "anybody but "
	}
	kinds, ofKinds := who.(map[string]any)
	if !ofKinds {
		return named(who, nil)
	}
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for _, name := range texts(kinds[kind]) {
			all = append(all, not+name)
		}
	}
	return all
}

func named(names, but any) []string {
	if but != nil {
		return []string{"anything but " + strings.Join(texts(but), ", ")}
	}
	if names == nil {
		return []string{""}
	}
	return texts(names)
}

// when is the condition in words: "aws:SourceAccount StringEquals 1 or 2, and ...".
func (s statement) when() string {
	var all []string
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		keys := s.Condition[operator]
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			values := texts(keys[key])
			if len(values) == 0 {
				values = []string{fmt.Sprint(keys[key])}
			}
			all = append(all, fmt.Sprintf("%s %s %s", key, operator, strings.Join(values, " or ")))
		}
	}
	return strings.Join(all, ", and ")
}

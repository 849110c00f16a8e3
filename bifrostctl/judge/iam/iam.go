// Package iam evaluates IAM documents, for the forms of statements that the program emits and that an allowlist has: Allow and
// Deny; principals by ARN, account, service and OIDC provider; actions and resources with wildcards; StringEquals, StringLike,
// ArnEquals and ArnLike. A document with anything else is an error, never a silent yes or no.
package iam

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Request is what a document is asked.
type Request struct {
	// AWS are the names by which a statement may mean the caller: the role's ARN, its account. Service and Federated are the
	// other kinds of callers.
	AWS                []string
	Service, Federated string
	Action, Resource   string
	// Context holds the request's condition keys.
	Context map[string]string
}

// Miss is a condition that did not hold.
type Miss struct {
	Key, Got string
	Want     []string
}

// Decision is a document's answer.
type Decision struct {
	Allowed, Denied bool
	// Principal and Action tell whether some statement is about the caller, and about caller and action.
	Principal, Action bool
	// Missed are conditions of Allow statements about caller, action and resource.
	Missed []Miss
}

type statement struct {
	Sid                                                    string
	Effect                                                 string
	Principal                                              any
	NotPrincipal, NotAction, NotResource, Action, Resource any
	Condition                                              map[string]map[string]any
}

// Evaluate asks one document.
func Evaluate(document string, r Request) (Decision, error) {
	statements, err := parse(document)
	if err != nil {
		return Decision{}, err
	}
	var d Decision
	for _, s := range statements {
		if err := s.ask(r, &d); err != nil {
			return Decision{}, err
		}
	}
	d.Allowed = d.Allowed && !d.Denied
	return d, nil
}

func (s statement) ask(r Request, d *Decision) error {
	if s.NotPrincipal != nil || s.NotAction != nil || s.NotResource != nil {
		return fmt.Errorf("statement %q: NotPrincipal, NotAction and NotResource are not modelled", s.Sid)
	}
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return fmt.Errorf("statement %q: effect %q", s.Sid, s.Effect)
	}
	for _, name := range append(texts(s.Action), texts(s.Resource)...) {
		if strings.Contains(name, "${") {
			return fmt.Errorf("statement %q: policy variables are not modelled", s.Sid)
		}
	}
	misses, err := s.conditions(r.Context)
	if err != nil {
		return err
	}
	about, err := s.about(r)
	if err != nil || !about {
		return err
	}
	d.Principal = true
	if !matches(s.Action, r.Action, true) {
		return nil
	}
	d.Action = true
	if s.Resource != nil && !matches(s.Resource, r.Resource, false) {
		return nil
	}
	switch {
	case len(misses) > 0 && s.Effect == "Allow":
		d.Missed = append(d.Missed, misses...)
	case len(misses) > 0:
	case s.Effect == "Allow":
		d.Allowed = true
	default:
		d.Denied = true
	}
	return nil
}

// about tells whether the statement is about the caller. An identity's own policy names no principal.
func (s statement) about(r Request) (bool, error) {
	if s.Principal == nil || s.Principal == "*" {
		return true, nil
	}
	kinds, ok := s.Principal.(map[string]any)
	if !ok {
		return false, fmt.Errorf("statement %q: principal %v", s.Sid, s.Principal)
	}
	for kind, named := range kinds {
		var callers []string
		switch kind {
		case "AWS":
			callers = r.AWS
		case "Service":
			callers = []string{r.Service}
		case "Federated":
			callers = []string{r.Federated}
		default:
			return false, fmt.Errorf("statement %q: principals of kind %s are not modelled", s.Sid, kind)
		}
		for _, name := range texts(named) {
			if name == "*" || slices.Contains(callers, name) {
				return true, nil
			}
		}
	}
	return false, nil
}

// operators compare a value of a condition with that of the request. The two of ARNs are the same (IAM user guide, "Amazon Resource Name
// (ARN) condition operators").
var operators = map[string]func(want, got string) bool{
	"StringEquals": func(want, got string) bool { return want == got },
	"StringLike":   func(want, got string) bool { return like(want, got, false) },
	"ArnEquals":    likeArn,
	"ArnLike":      likeArn,
	null:           func(want, got string) bool { return want == got },
}

// null is the operator that asks whether a key is absent, true or false (IAM user guide, "Condition operator to check existence of
// condition keys").
const null = "Null"

// likeArn compares the six parts of two ARNs one by one, so that a wildcard does not reach over a colon before the resource.
func likeArn(want, got string) bool {
	wants, gots := strings.SplitN(want, ":", 6), strings.SplitN(got, ":", 6)
	if len(wants) != 6 || len(gots) != 6 {
		return false
	}
	for i := range wants {
		if !like(wants[i], gots[i], false) {
			return false
		}
	}
	return true
}

// conditions returns those that do not hold; all must.
func (s statement) conditions(context map[string]string) ([]Miss, error) {
	var misses []Miss
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		keys := s.Condition[operator]
		compare, modelled := operators[operator]
		if !modelled {
			return nil, fmt.Errorf("statement %q: the condition operator %s is not modelled", s.Sid, operator)
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			want := texts(keys[key])
			if list, isList := keys[key].([]any); isList && len(list) != len(want) || !isList && len(want) == 0 {
				return nil, fmt.Errorf("statement %q: the values of condition %s are not all texts", s.Sid, key)
			}
			if slices.ContainsFunc(want, func(w string) bool { return strings.Contains(w, "${") }) {
				return nil, fmt.Errorf("statement %q: policy variables are not modelled", s.Sid)
			}
			got, given := valueOf(context, key)
			if operator == null {
				got, given = strconv.FormatBool(!given), true
			}
			holds := slices.ContainsFunc(want, func(w string) bool { return compare(w, got) })
			if !given || !holds {
				misses = append(misses, Miss{Key: key, Got: got, Want: want})
			}
		}
	}
	return misses, nil
}

// valueOf finds a condition key, which is the same in any case.
func valueOf(context map[string]string, key string) (string, bool) {
	for name, value := range context {
		if strings.EqualFold(name, key) {
			return value, true
		}
	}
	return "", false
}

// matches tells whether one of the patterns means the name. Actions are the same in any case.
func matches(patterns any, name string, anyCase bool) bool {
	return slices.ContainsFunc(texts(patterns), func(p string) bool { return like(p, name, anyCase) })
}

func like(pattern, name string, anyCase bool) bool {
	expression := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
	if anyCase {
		expression = "(?i)" + expression
	}
	return regexp.MustCompile(`^(?s:` + expression + `)$`).MatchString(name)
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, e := range v {
			if text, ok := e.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

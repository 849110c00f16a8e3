package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	awspolicy "github.com/hashicorp/awspolicyequivalence"

	"bifrost/bifrostctl/sandbox/cloud/double"
)

// documentKind is one of the kinds of policy documents that IAM takes. Sizes are in characters without white space (IAM user
// guide, "IAM and STS quotas"; those of trust are the default, which can be raised to 8192).
type documentKind struct {
	limit int
	quota string // as the error names it
	// Elements that every statement must have, and such as none may have, with IAM's words about them.
	required, prohibited []elementRule
	// actions is what each action must match; otherwise is said of others.
	actions   *regexp.Regexp
	otherwise string
}

// elementRule is about one element, or one of two of which exactly one is given.
type elementRule struct {
	elements []string
	words    string
}

// The elements of documents and statements (IAM user guide, "Grammar of the IAM JSON policy language").
var (
	documentElements  = []string{"Version", "Id", "Statement"}
	statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
		"Condition"}
	documentVersions = []any{"2012-10-17", "2008-10-17"}
	principalKinds   = []string{"AWS", "Service", "Federated", "CanonicalUser"}
)

var (
	permissions = documentKind{
		limit: 6144, quota: "PolicySize",
		required: []elementRule{
			{[]string{"Action", "NotAction"}, "Policy statement must contain actions."},
			{[]string{"Resource", "NotResource"}, "Policy statement must contain resources."},
		},
		prohibited: []elementRule{{[]string{"Principal", "NotPrincipal"}, "Policy document should not specify a principal."}},
		actions:    regexp.MustCompile(`^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$`),
		otherwise:  "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
	}
	inlinePermissions = permissions.limitedTo(10240, "RolePolicySize")
	trust             = documentKind{
		limit: 2048, quota: "ACLSizePerRole",
		required: []elementRule{
			{[]string{"Principal", "NotPrincipal"}, "Missing required field Principal"},
			{[]string{"Action", "NotAction"}, "Missing required field Action"},
		},
		prohibited: []elementRule{
			{[]string{"Resource"}, "Has prohibited field Resource"},
			{[]string{"NotResource"}, "Has prohibited field NotResource"},
		},
		actions:   regexp.MustCompile(`^sts:[A-Za-z*?]+$`),
		otherwise: "AssumeRole policy may only specify STS AssumeRole actions.",
	}
)

func (k documentKind) limitedTo(limit int, quota string) documentKind {
	k.limit, k.quota = limit, quota
	return k
}

// conditionOperators are those of the IAM user guide, "IAM JSON policy elements: Condition operators".
var conditionOperators = regexp.MustCompile(`^(ForAllValues:|ForAnyValue:)?(` +
	`String(Not)?(Equals|EqualsIgnoreCase|Like)|Numeric(Not)?Equals|Numeric(LessThan|GreaterThan)(Equals)?|` +
	`Date(Not)?Equals|Date(LessThan|GreaterThan)(Equals)?|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?$|^Null$`)

var (
	resourcePattern = regexp.MustCompile(`^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+)$`)
	accountPattern  = regexp.MustCompile(`^(\*|\d{12}|arn:[a-z-]+:(iam|sts)::\d{12}:.+)$`)
	sidPattern      = regexp.MustCompile(`^[0-9A-Za-z]*$`)
)

// checkDocument holds a policy document against IAM's grammar. IAM refuses a request with any other document.
func checkDocument(in double.Object, property string, kind documentKind, fail double.Fail) {
	text, known := in[property].(string)
	if !known {
		return
	}
	if size := sizeOf(text); size > kind.limit {
		fail(property, "LimitExceeded: Cannot exceed quota for %s: %d (it has %d characters without white space)", kind.quota, kind.limit,
			size)
	}
	for _, problem := range kind.problems(text) {
		fail(property, "MalformedPolicyDocument: %s", problem)
	}
}

// sizeOf counts a document's characters as IAM does, which leaves out white space.
func sizeOf(document string) int {
	size := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			size++
		}
	}
	return size
}

// problems returns IAM's words about what is wrong with a document.
func (k documentKind) problems(text string) []string {
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return []string{fmt.Sprintf("This policy contains invalid Json: %v", err)}
	}
	problems := unknownElements(document, documentElements)
	if version, given := document["Version"]; given && !slices.Contains(documentVersions, version) {
		problems = append(problems, fmt.Sprintf("The policy must contain a valid version string, not %v", version))
	}
	statements := listOf(document["Statement"])
	if len(statements) == 0 {
		return append(problems, "Syntax errors in policy. It has no Statement.")
	}
	sids := map[any]bool{}
	for i, s := range statements {
		statement, isObject := s.(map[string]any)
		if !isObject {
			problems = append(problems, fmt.Sprintf("Syntax errors in policy. Statement[%d] is no object.", i))
			continue
		}
		for _, problem := range k.statement(statement) {
			problems = append(problems, fmt.Sprintf("%s (Statement[%d])", problem, i))
		}
		sid, given := statement["Sid"]
		if given && sids[sid] {
			problems = append(problems, fmt.Sprintf("Statement IDs (SID) in a single policy must be unique. (%v)", sid))
		}
		sids[sid] = true
	}
	return problems
}

func unknownElements(o map[string]any, known []string) []string {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(known, name) {
			problems = append(problems, "Syntax errors in policy. Unknown field "+name)
		}
	}
	return problems
}

// listOf returns what may be given as one or as a list.
func listOf(v any) []any {
	if list, isList := v.([]any); isList {
		return list
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func (k documentKind) statement(s map[string]any) []string {
	problems := unknownElements(s, statementElements)
	if effect := s["Effect"]; effect != "Allow" && effect != "Deny" {
		problems = append(problems, fmt.Sprintf("Syntax errors in policy. Effect must be Allow or Deny, not %v", effect))
	}
	if sid, _ := s["Sid"].(string); !sidPattern.MatchString(sid) {
		problems = append(problems, fmt.Sprintf("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "+
			"expression [0-9A-Za-z]*, not %q", sid))
	}
	for _, rule := range k.required {
		if given(s, rule.elements) != 1 {
			problems = append(problems, rule.words)
		}
	}
	for _, rule := range k.prohibited {
		if given(s, rule.elements) > 0 {
			problems = append(problems, rule.words)
		}
	}
	for _, element := range []string{"Action", "NotAction"} {
		if !allMatch(s[element], k.actions) {
			problems = append(problems, k.otherwise)
		}
	}
	for _, element := range []string{"Resource", "NotResource"} {
		if !allMatch(s[element], resourcePattern) {
			problems = append(problems, fmt.Sprintf(`Resource %v must be in ARN format or "*".`, s[element]))
		}
	}
	problems = append(problems, principalProblems(s["Principal"])...)
	return append(problems, conditionProblems(s["Condition"])...)
}

// given counts which of the elements a statement has with at least one value.
func given(statement map[string]any, elements []string) int {
	n := 0
	for _, element := range elements {
		if len(listOf(statement[element])) > 0 {
			n++
		}
	}
	return n
}

// allMatch tells whether one text or a list of texts matches, each in full.
func allMatch(v any, pattern *regexp.Regexp) bool {
	return !slices.ContainsFunc(listOf(v), func(e any) bool {
		text, isText := e.(string)
		return !isText || !pattern.MatchString(text)
	})
}

// principalProblems: a principal is "*" or an object of the kinds of principals.
func principalProblems(v any) []string {
	if v == nil || v == "*" {
		return nil
	}
	principals, isObject := v.(map[string]any)
	if !isObject {
		return []string{fmt.Sprintf("Invalid principal in policy: %v", v)}
	}
	var problems []string
	for _, kind := range slices.Sorted(maps.Keys(principals)) {
		if !slices.Contains(principalKinds, kind) {
			problems = append(problems, fmt.Sprintf("Invalid principal in policy: %q:%q", kind, fmt.Sprint(principals[kind])))
		}
	}
	if !allMatch(principals["AWS"], accountPattern) {
		problems = append(problems, fmt.Sprintf("Invalid principal in policy: %q:%q", "AWS", fmt.Sprint(principals["AWS"])))
	}
	return problems
}

// conditionProblems: conditions are operators over objects of keys.
func conditionProblems(v any) []string {
	if v == nil {
		return nil
	}
	conditions, isObject := v.(map[string]any)
	if !isObject {
		return []string{"Syntax errors in policy. Condition is no object."}
	}
	var problems []string
	for _, operator := range slices.Sorted(maps.Keys(conditions)) {
		if !conditionOperators.MatchString(operator) {
			problems = append(problems, "Invalid Condition type : "+operator)
		}
		keys, isObject := conditions[operator].(map[string]any)
		if !isObject {
			problems = append(problems, fmt.Sprintf("Syntax errors in policy. Condition %s has no keys.", operator))
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if !strings.Contains(key, ":") {
				problems = append(problems, "Conditions must be prefaced by a vendor: "+key)
			}
		}
	}
	return problems
}

// sameDocuments compares the policy documents at properties as the provider does: by what they say, so that neither the order of keys nor
// one text against a list of one makes a difference (terraform-provider-aws 5.x, internal/verify/json.go, SuppressEquivalentPolicyDiffs).
func sameDocuments(properties ...string) map[string]func(state, input any) bool {
	equal := map[string]func(state, input any) bool{}
	for _, property := range properties {
		equal[property] = func(state, input any) bool {
			before, isText := state.(string)
			after, isToo := input.(string)
			same, err := awspolicy.PoliciesAreEquivalent(before, after)
			return isText && isToo && err == nil && same
		}
	}
	return equal
}

// normalized is a document as the provider keeps it in the state: compact, with sorted keys (terraform-plugin-sdk,
// helper/structure/normalize_json.go). What is no JSON has been refused.
func normalized(document string) string {
	var parsed any
	if err := json.Unmarshal([]byte(document), &parsed); err != nil {
		return document
	}
	text, err := json.Marshal(parsed)
	if err != nil {
		return document
	}
	return string(text)
}

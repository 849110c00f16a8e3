package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/internal/component"
	"bifrost/internal/effects"
)

// Warning is a change that hurts, or may.
type Warning struct {
	// Rule names the kind of warning: one of those in docs/report.md.
	Rule string `json:"rule"`
	// URN is the resource, Name its name.
	URN  string `json:"urn"`
	Name string `json:"name"`
	// Says is one sentence, in Markdown.
	Says string `json:"says"`
}

// rule finds what hurts in a step, and says it; empty where nothing does.
type rule struct {
	name string
	says func(facts, changes.Step) string
}

// facts are what the rules know beside the step.
type facts struct {
	set *changes.Set
	// principals are the names and ids by which the vendor may know somebody.
	principals map[string]bool
	workloads  []Line
	// first says that nothing stood before.
	first bool
}

// rules are in the order of what hurts most.
var rules = []rule{
	{"principal", facts.principal},
	{"encryption-key", facts.encryptionKey},
	{"namespace", facts.namespace},
	{"data", facts.data},
	{"workload", facts.workload},
	{"protection", facts.protection},
	{"trust", wider(Trusts, "More may become this identity")},
	{"access", wider(Grants, "More may be done")},
	{"exposure", facts.exposure},
	{"availability", facts.availability},
	{"provider", facts.provider},
}

// Rules are the names of all rules, in the order in which warnings are told.
func Rules() []string {
	var names []string
	for _, r := range rules {
		names = append(names, r.name)
	}
	return names
}

func warnings(set *changes.Set, workloads []Line) []Warning {
	stood := func(step changes.Step) bool { return step.Old != nil && !step.IsStack() }
	f := facts{set, principalsOf(set), workloads, !slices.ContainsFunc(set.Steps, stood) && set.Source != changes.Plan}
	steps := slices.Clone(set.Steps)
	slices.SortStableFunc(steps, func(a, b changes.Step) int { return strings.Compare(a.Name, b.Name) })
	var all []Warning
	for _, r := range rules {
		for _, step := range steps {
			if !step.Changes() {
				continue
			}
			if says := r.says(f, step); says != "" {
				all = append(all, Warning{Rule: r.name, URN: step.URN, Name: step.Name, Says: says})
			}
		}
	}
	return all
}

// goes tells whether what stood is not there afterwards; a replacement comes after it, perhaps under its name.
func goes(step changes.Step) bool { return step.Op == changes.Delete || step.Op == changes.Replace }

// becomes is what becomes of something that goes.
func becomes(step changes.Step) string {
	if step.Op == changes.Replace {
		return "is **replaced**"
	}
	return "is **deleted**"
}

// of is a resource as warnings name it.
func of(step changes.Step) string { return kindOf(step.Type) + " " + code(step.Name) }

// kindOf is the last part of a type, of which nothing is Markdown.
func kindOf(typ string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, typ[strings.LastIndex(typ, ":")+1:])
}

func (f facts) principal(step changes.Step) string {
	if !goes(step) || !f.known(step) {
		return ""
	}
	return fmt.Sprintf("%s %s, and the vendor's allowlist names it: pulls are refused until the vendor knows the new one.", of(step),
		becomes(step))
}

func (f facts) encryptionKey(step changes.Step) string {
	if step.Type != component.EncryptionKeyGuardType || step.Op == changes.Create || step.Op == changes.Delete {
		return "" // a key that comes or goes with its gateway
	}
	return "The **encryption key is another one**, or comes from elsewhere: the gateway cannot read what it has stored with the former one."
}

func (facts) namespace(step changes.Step) string {
	if step.Type != pulumitype.KubernetesNamespace || !goes(step) {
		return ""
	}
	return fmt.Sprintf("%s %s, with everything in it, also what others made.", of(step), becomes(step))
}

// keeping are what holds something that nobody can make again, with what that is.
var keeping = map[string]string{
	pulumitype.KubernetesVolumeClaim: "the volume and its data may go with it",
	pulumitype.KubernetesSecret:      "its values go with it",
	pulumitype.AwsSecret:             "its values go with it, at the end of its recovery window",
	pulumitype.AwsLogGroup:           "its logs go with it",
	pulumitype.AwsKey:                "what it encrypted cannot be read any more",
}

func (facts) data(step changes.Step) string {
	what, keeps := keeping[step.Type]
	given := step.Type == pulumitype.KubernetesSecret || step.Type == pulumitype.AwsSecret
	if !keeps || !goes(step) || given && step.Op == changes.Replace {
		return "" // a replacement is given the same values
	}
	return fmt.Sprintf("%s %s: %s.", of(step), becomes(step), what)
}

var running = []string{effects.Deployment, effects.StatefulSet, effects.EcsService}

func (f facts) workload(step changes.Step) string {
	if !slices.Contains(running, step.Type) || f.first {
		return ""
	}
	says := ""
	for _, line := range f.workloads {
		if line.Name == step.Name {
			says = line.Says
		}
	}
	down := strings.HasPrefix(says, "replaces") || strings.Contains(says, "may replace")
	switch {
	case goes(step) && says != "":
		return fmt.Sprintf("%s %s: %s.", of(step), becomes(step), says)
	case goes(step):
		return fmt.Sprintf("%s %s: nothing serves until its successor is ready.", of(step), becomes(step))
	case down:
		return fmt.Sprintf("%s is not rolled but %s.", of(step), says)
	}
	return ""
}

func (facts) protection(step changes.Step) string {
	if !step.Protection || !step.Old.Protect {
		return ""
	}
	return fmt.Sprintf("%s is **no longer protected**: the next change or destroy may delete it.", of(step))
}

// wider warns of rights of a kind that nothing before covered. Of a stack that is made all rights are new.
func wider(kind Kind, headline string) func(facts, changes.Step) string {
	return func(f facts, step changes.Step) string {
		if f.first || step.Op == changes.Delete {
			return ""
		}
		more := f.more(step, kind)
		if len(more) == 0 {
			return ""
		}
		return fmt.Sprintf("%s, by %s: %s.", headline, of(step), sentences(more))
	}
}

// more are the rights of a kind that a step gives beyond what there was.
func (facts) more(step changes.Step, kind Kind) []Right {
	var all []Right
	for _, right := range accessOf(step).widened() {
		if right.Kind == kind {
			all = append(all, right)
		}
	}
	return joined(all)
}

// mostSentences is how many rights a warning names; its resource has all of them below.
const mostSentences = 3

func sentences(rights []Right) string {
	var all []string
	for _, right := range rights {
		all = append(all, right.sentence(!right.Denied))
	}
	if more := len(all) - mostSentences; more > 0 {
		all = append(all[:mostSentences], fmt.Sprintf("%d more", more))
	}
	return strings.Join(all, "; ")
}

// exposure: a NetworkPolicy takes away where it is made, and opens where it goes.
func (f facts) exposure(step changes.Step) string {
	policy := step.Type == pulumitype.KubernetesNetworkPolicy
	switch {
	case f.first, policy && step.Op == changes.Create:
		return ""
	case policy && step.Op == changes.Delete:
		return fmt.Sprintf("%s is **deleted**: what it kept away may come, unless another one keeps it away.", of(step))
	case step.Op == changes.Delete:
		return ""
	}
	more := f.more(step, Reaches)
	if len(more) == 0 {
		return ""
	}
	return fmt.Sprintf("More may be reached, by %s: %s.", of(step), sentences(more))
}

// fewer are values of which a smaller one keeps fewer pods or tasks, by the type and the path.
var fewer = []struct {
	typ, path, what string
	// grows: a greater one does.
	grows bool
}{
	{pulumitype.KubernetesDisruptionBudget, "spec.minAvailable", "of its pods must stay in a drain", false},
	{pulumitype.KubernetesDisruptionBudget, "spec.maxUnavailable", "of its pods may be away in a drain", true},
	{pulumitype.KubernetesAutoscaler, "spec.minReplicas", "pods at least", false},
	{pulumitype.KubernetesAutoscaler, "spec.maxReplicas", "pods at most", false},
	{pulumitype.AwsScalableTarget, "minCapacity", "tasks at least", false},
	{pulumitype.AwsScalableTarget, "maxCapacity", "tasks at most", false},
	{pulumitype.AwsEcsService, "deploymentMinimumHealthyPercent", "percent of the tasks must stay in a deployment", false},
	{pulumitype.AwsEcsService, "desiredCount", "tasks", false},
	{effects.Deployment, "spec.replicas", "pods", false},
	{effects.StatefulSet, "spec.replicas", "pods", false},
}

func (f facts) availability(step changes.Step) string {
	if step.Type == pulumitype.KubernetesDisruptionBudget && step.Op == changes.Delete {
		return fmt.Sprintf("%s is **deleted**: a drain may take all pods at once.", of(step))
	}
	var said []string
	for _, d := range step.Diff {
		for _, each := range fewer {
			if each.typ != step.Type || each.path != d.Path {
				continue
			}
			was, numbers := amount(d.Old)
			is, both := amount(d.New)
			if numbers && both && was != is && (is > was) == each.grows {
				said = append(said, fmt.Sprintf("%s → %s %s", text(d.Old), text(d.New), each.what))
			}
			if d.Kind == changes.Removed && !each.grows && each.typ == pulumitype.KubernetesDisruptionBudget {
				said = append(said, "no minimum any more")
			}
		}
	}
	if len(said) == 0 {
		return ""
	}
	return fmt.Sprintf("%s keeps **less**: %s.", of(step), strings.Join(said, ", "))
}

// amount is a number, or a share in percent.
func amount(value any) (float64, bool) {
	if number, is := value.(float64); is {
		return number, true
	}
	var percent float64
	_, err := fmt.Sscanf(text(value), "%g%%", &percent)
	return percent, err == nil
}

func (facts) provider(step changes.Step) string {
	if !step.IsProvider() || !goes(step) {
		return ""
	}
	return fmt.Sprintf("Pulumi's provider %s %s: everything that it made is, too, where it now leads elsewhere.", code(step.Name),
		becomes(step))
}

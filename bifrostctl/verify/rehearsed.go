package verify

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
)

// Parts of the commands that mend a stack: a key that is set, an up, perhaps of a named stack, and a name in a namespace.
const (
	setKey    = `pulumi config set (?:--stack [\w.-]+ )?(?:--path )?'?bifrost:([^' ]+)'? `
	setSecret = `pulumi config set (?:--stack [\w.-]+ )?--secret --path 'bifrost:([^']+)'(?: \$?\w+)?`
	thenUp    = `, then pulumi up\b( --refresh)?(?: --stack [\w.-]+)?`
	made      = ` ([\w.-]+) -n ([\w-]+)`
)

// sandboxMends are what mends a stack in the sandbox, which no Pulumi CLI of the user's knows: its own command, and the stack file. What
// others made there comes back by restore, and the Job of an up refreshes a pull Secret that is gone: no CronJob runs. STACK, SETS and the
// other words in capitals are the stack's; see words.
var sandboxMends = []struct {
	pulumi  *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`ask the vendor for another key, then ` + setSecret + thenUp),
		"bin/bifrostctl sandbox keys STACK --new, then bin/bifrostctl sandbox up STACK$2SETS"},
	{regexp.MustCompile(setSecret + thenUp), "bin/bifrostctl sandbox up STACK$2SETS --set $1=VALUE"},
	{regexp.MustCompile(setKey + `(\S+)` + thenUp), "write $1: $2 into Pulumi.STACK.yaml, then bin/bifrostctl sandbox up STACK$3SETS"},
	{regexp.MustCompile(setKey + `([^\s,;]+)`), "write $1: $2 into Pulumi.STACK.yaml"},
	{regexp.MustCompile(`write a tag or digest that the vendor named into registry.image, then pulumi up\b`),
		"bin/bifrostctl sandbox publish STACK TAG, or write a tag that is there into registry.image, then pulumi up"},
	{regexp.MustCompile(`(?:kubectl delete secret\S* [\w.-]+ -n \S+, then )?` +
		`kubectl create job refresh-now --from=cronjob/[\w.-]+ -n [\w-]+(?:, then pulumi up --refresh --stack [\w.-]+)?`),
		"bin/bifrostctl sandbox remove STACK kubernetes:core/v1:Secret PULLSECRET where it is there, " +
			"then bin/bifrostctl sandbox up STACK --refreshSETS"},
	{regexp.MustCompile(`pulumi refresh --stack [\w.-]+, then pulumi up --refresh --stack [\w.-]+`),
		"bin/bifrostctl sandbox up STACK --refreshSETS"},
	{regexp.MustCompile(`pulumi (?:up --refresh|refresh)(?: --stack [\w.-]+)?`), "bin/bifrostctl sandbox up STACK --refreshSETS"},
	{regexp.MustCompile(`pulumi (up|preview)\b(?: --stack [\w.-]+)?`), "bin/bifrostctl sandbox $1 STACKSETS"},
	{regexp.MustCompile(`pulumi destroy\b(?: --stack [\w.-]+)?`), "bin/bifrostctl sandbox destroy STACK"},
	{regexp.MustCompile("send the vendor the letter that `bifrostctl handoff \\S+` prints"), "VENDOR"},
	{regexp.MustCompile(`(?:kubectl delete secret [^&]*&& )?kubectl create secret [a-z-]+` + made + `[^;,]*`),
		"bin/bifrostctl sandbox restore STACK kubernetes:core/v1:Secret $2/$1"},
	{regexp.MustCompile(`kubectl create configmap` + made + ` --from-file[^;,]*`),
		"bin/bifrostctl sandbox restore STACK kubernetes:core/v1:ConfigMap $2/$1"},
	{regexp.MustCompile(`kubectl create serviceaccount` + made),
		"bin/bifrostctl sandbox restore STACK kubernetes:core/v1:ServiceAccount $2/$1"},
	{regexp.MustCompile(`kubectl create namespace ([\w-]+)`), "bin/bifrostctl sandbox restore STACK kubernetes:core/v1:Namespace $1"},
}

// rehearsed says how a stack in the sandbox is mended.
func rehearsed(stack checks.Stack, options Options, reports []check.Report) {
	for _, report := range reports {
		for i := range report.Outcomes {
			o := &report.Outcomes[i]
			switch {
			case len(o.Others) > 0:
				o.Hint = comesBack(stack, options, o.Hint, o.Others)
			default:
				o.Hint = sandboxMend(stack, options, o.Hint)
			}
			if o.Error == checks.NoNode && !options.Real {
				o.Error = "Pulumi." + stack.Name + ".yaml describes no nodes (sandbox:nodes)"
			}
		}
	}
}

// comesBack says how the sandbox gets what others make and it lacks: by restore what somebody removed by hand; in a real cluster as in
// life; else nobody ever made it, for its name stands in an overlay alone.
func comesBack(stack checks.Stack, options Options, inLife string, others []string) string {
	called := cmp.Or(options.Called, stack.Name)
	var commands []string
	for _, thing := range others {
		switch removed := slices.Contains(options.Removed, thing); {
		case !removed && options.Real && strings.HasPrefix(thing, "kubernetes:"):
			return inLife
		case !removed:
			return "name one that `bin/bifrostctl sandbox state " + called + "` lists, or write it into Pulumi." + stack.Name +
				".yaml: of what others make in the clouds the sandbox has what that file names, and not what --set names"
		}
		commands = append(commands, "bin/bifrostctl sandbox restore "+called+" "+thing)
	}
	return strings.Join(commands, ", then ")
}

func sandboxMend(stack checks.Stack, options Options, hint string) string {
	words := words(stack, options)
	for _, mend := range sandboxMends {
		hint = mend.pulumi.ReplaceAllString(hint, words.Replace(mend.instead))
	}
	return hint
}

// vendorsTypes are those by which the vendor lets somebody in.
var vendorsTypes = []string{pulumitype.AwsEcrRepositoryPolicy, pulumitype.GcpRepositoryMember, pulumitype.GcpServiceAccountMember}

// vendorsGone are the commands that bring back what somebody took away of the vendor's by hand: without it nobody can be let in.
func vendorsGone(removed []string) []string {
	var commands []string
	for _, thing := range removed {
		if typ, _, _ := strings.Cut(thing, " "); slices.Contains(vendorsTypes, typ) {
			commands = append(commands, "bin/bifrostctl sandbox restore STACK "+thing)
		}
	}
	return commands
}

// words are what the capitals in mends stand for.
func words(stack checks.Stack, options Options) *strings.Replacer {
	sets := options.Sets
	if sets != "" {
		sets = " " + sets
	}
	vendor := "bin/bifrostctl sandbox state STACK lists the vendor's side; change or restore mends it"
	allowlist := ""
	for _, principal := range stack.Outputs.Handoff {
		for _, who := range append(principal.GoogleMembers(), principal.PrincipalArn) {
			if who != "" {
				allowlist += " --add " + strings.TrimPrefix(who, "serviceAccount:")
			}
		}
	}
	if allowlist != "" {
		vendor = "bin/bifrostctl sandbox allowlist STACK" + allowlist
	}
	if gone := vendorsGone(options.Removed); len(gone) > 0 {
		vendor = strings.Join(gone, ", then ")
	}
	tag, pullSecret := "TAG", "NAMESPACE/NAME"
	if stack.Config != nil {
		image := stack.Config.Image()
		tag = cmp.Or(image.Digest, image.Tag, tag)
	}
	if cluster := stack.Outputs.Cluster(); cluster != nil {
		pullSecret = cluster.Namespace + "/" + cluster.PullSecret
	}
	literal := func(text string) string { return strings.ReplaceAll(text, "$", "$$") }
	called := literal(cmp.Or(options.Called, stack.Name))
	return strings.NewReplacer("Pulumi.STACK", literal("Pulumi."+stack.Name), "STACK", called, "SETS", literal(sets), "TAG", literal(tag),
		"VENDOR", strings.ReplaceAll(literal(vendor), "STACK", called), "PULLSECRET", pullSecret)
}

package verify

import (
	"regexp"
	"strings"

	"bifrost/bifrostctl/verify/check"
)

// Parts of the commands that mend a stack: a key that is set, and an up, perhaps of a named stack.
const (
	setKey    = `pulumi config set (?:--stack \S+ )?(?:--path )?'?bifrost:([^' ]+)'? `
	setSecret = `pulumi config set (?:--stack \S+ )?--secret --path 'bifrost:([^']+)'(?: \$?\w+)?`
	thenUp    = `, then pulumi up\b( --refresh)?(?: --stack \S+)?`
)

// sandboxMends are what mends a stack in the sandbox, which no Pulumi CLI of the user's knows: its own command, and the stack file.
var sandboxMends = []struct {
	pulumi  *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(setSecret + thenUp), "bin/bifrostctl sandbox up STACK$2 --set $1=VALUE"},
	{regexp.MustCompile(setKey + `(\S+)` + thenUp), "write $1: $2 into Pulumi.STACK.yaml, then bin/bifrostctl sandbox up STACK$3"},
	{regexp.MustCompile(setKey + `([^\s,;]+)`), "write $1: $2 into Pulumi.STACK.yaml"},
	{regexp.MustCompile(`pulumi (?:up --refresh|refresh)(?: --stack \S+)?`), "bin/bifrostctl sandbox up STACK --refresh"},
	{regexp.MustCompile(`pulumi (up|preview|destroy)\b(?: --stack \S+)?`), "bin/bifrostctl sandbox $1 STACK"},
}

// rehearsed says how a stack in the sandbox is mended.
func rehearsed(stack string, reports []check.Report) {
	for _, report := range reports {
		for i := range report.Outcomes {
			report.Outcomes[i].Hint = sandboxMend(stack, report.Outcomes[i].Hint)
		}
	}
}

func sandboxMend(stack, hint string) string {
	for _, mend := range sandboxMends {
		hint = mend.pulumi.ReplaceAllString(hint, strings.ReplaceAll(mend.instead, "STACK", strings.ReplaceAll(stack, "$", "$$")))
	}
	return hint
}

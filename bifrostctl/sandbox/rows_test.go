package sandbox

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// said is what the rows leave of the CLI's lines.
func said(r rows, lines string) string {
	var left strings.Builder
	for line := range strings.Lines(lines) {
		left.WriteString(r.of(line))
	}
	return left.String()
}

// TestRowsOfAnUp: what has begun, and an error, is told once.
func TestRowsOfAnUp(t *testing.T) {
	t.Parallel()
	const up = `Updating (aws-dev):

 +  pulumi:pulumi:Stack bifrost-aws-dev creating (0s) 
 +  pulumi:pulumi:Stack bifrost-aws-dev creating (0s) warning: see that
 +  aws:iam:Policy policy creating (0s) 
 ~  aws:iam:Policy other updating (0s) [diff: ~policy]
 +  aws:iam:Policy policy created (0.00s) 
@ updating....
 +  aws:iam:Role role creating (0s) error: access denied
 +  aws:iam:Role role **creating failed** error: access denied
 ++ aws:ecs:TaskDefinition task created replacement (0.06s) [diff: ~containerDefinitions]
    pulumi:pulumi:Stack bifrost-aws-dev running error: update failed
 +  pulumi:pulumi:Stack bifrost-aws-dev **creating failed** 1 error; 1 warning
Diagnostics:
  aws:iam:Role (role):
    error: access denied

  pulumi:pulumi:Stack (bifrost-aws-dev):
    error: update failed

Resources:
    2 errored
`
	require.Equal(t, `Updating (aws-dev):

 +  aws:iam:Policy policy created (0.00s) 
 +  aws:iam:Role role **creating failed**
 ++ aws:ecs:TaskDefinition task created replacement (0.06s) [diff: ~containerDefinitions]
 +  pulumi:pulumi:Stack bifrost-aws-dev **creating failed** 1 error; 1 warning
Diagnostics:
  aws:iam:Role (role):
    error: access denied

Resources:
    2 errored
`, said(rows{}, up))
	require.Contains(t, said(rows{slow: true}, up), "aws:iam:Policy policy creating (0s)", "a real cluster takes its time")
	require.NotContains(t, said(rows{slow: true}, up), "creating (0s) warning", "which is told below")
}

// TestRowsOfAPreview: a replacement has one row, and a heading without messages none.
func TestRowsOfAPreview(t *testing.T) {
	t.Parallel()
	require.Equal(t, ` +- aws:ecs:TaskDefinition task replace [diff: ~containerDefinitions]
    pulumi:pulumi:Stack bifrost-aws-dev  1 warning
Diagnostics:
  pulumi:pulumi:Stack (bifrost-aws-dev):
    warning: see that
`, said(rows{}, `    pulumi:pulumi:Stack bifrost-aws-dev running warning: see that
 ++ aws:ecs:TaskDefinition task create replacement [diff: ~containerDefinitions]
 +- aws:ecs:TaskDefinition task replace [diff: ~containerDefinitions]
 -- aws:ecs:TaskDefinition task delete original [diff: ~containerDefinitions]
 ~  bifrost:index:ClaimGuard claim update [diff: ~size]; error: Preview failed: claims never shrink
    pulumi:pulumi:Stack bifrost-aws-dev  1 warning
Diagnostics:
  pulumi:pulumi:Stack (bifrost-aws-dev):
    warning: see that
    error: preview failed
`))
	require.Equal(t, " +  t n \x1b[91m**creating failed**\x1b[m\n", said(rows{}, " +  t n \x1b[91m**creating failed**\x1b[0m \x1b[91merror: \x1b[0mno\n"))
}

// TestRowsAreWhatIsCounted: what the CLI's numbers count has a row each: components, of which no row says that they have ended, and what
// has a message behind it.
func TestRowsAreWhatIsCounted(t *testing.T) {
	t.Parallel()
	require.Equal(t, ` ~  bifrost:index:Names names updated
 ~  bifrost:index:EksGuard eks-guard updated
 +  any-app:index:Broker broker created
 -  bifrost:index:ClaimGuard claim deleted
 +  aws:iam:Policy policy created (0.00s) 
`, said(rows{}, ` ~  bifrost:index:Names names updating (0s) [diff: +region]
 ~  bifrost:index:EksGuard eks-guard updating (1s) [diff: ~role] warning: another role
 +  any-app:index:Broker broker creating (0s) 
 -  bifrost:index:ClaimGuard claim deleting (0s) 
 +  aws:iam:Policy policy creating (0s) 
 +  aws:iam:Policy policy created (0.00s) 
`))
	require.Equal(t, ` ~  bifrost:index:Names names update [diff: ~role]
`, said(rows{}, ` ~  bifrost:index:Names names update [diff: ~role]; warning: another name
    pulumi:pulumi:Stack bifrost-aws-dev  ; info: more
`))
}

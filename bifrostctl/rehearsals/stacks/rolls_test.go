package stacks_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/stacktest"
)

// rolling are the tables of docs/rolls.md by their headings: the stack that each changes, and the workloads of its columns.
var rolling = map[string]struct {
	base    stacktest.Way
	columns []string
}{
	"A gateway without a volume": {stacktest.Way{Stack: "aws-dev"}, []string{"eks-gateway-deployment", "ecs-service"}},
	"A gateway with SQLite on a volume": {
		stacktest.Way{Stack: "examples/minimal"}, []string{"eks-gateway-stateful-set"},
	},
	"A gateway with autoscaling": {
		stacktest.Way{Stack: "aws-dev", Settings: []string{
			"gateway.replicas=null", "gateway.autoscaling={minReplicas: 2, maxReplicas: 5}",
			"ecs.autoscaling={minTasks: 2, maxTasks: 5, cpuPercent: 60}",
		}}, []string{"eks-gateway-deployment", "eks-gateway-autoscaler", "ecs-service", "ecs-scaling|ecs-scaling-cpu"},
	},
	"What the refresher does": {stacktest.Way{Stack: "aws-dev"}, []string{"eks-pull-first-run", "eks-pull-cron-job"}},
}

var inBackticks = regexp.MustCompile("`([^`]+)`")

// TestRolls: what docs/rolls.md says of each change is what its preview says.
func TestRolls(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(stacktest.Project(t), "docs", "rolls.md"))
	require.NoError(t, err)
	tried := 0
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		table, there := rolling[heading]
		if !there {
			continue
		}
		tried++
		t.Run(heading, func(t *testing.T) {
			t.Parallel()
			s := table.base.Start(t)
			s.Engine.MustUp()
			rows := 0
			for _, line := range strings.Split(body, "\n") {
				cells := strings.Split(strings.Trim(line, "|"), " | ")
				if len(cells) < 3 || !strings.Contains(cells[1], "`") {
					continue
				}
				rows++
				for _, change := range strings.Split(cells[1], "; ") {
					var settings []string
					for _, quoted := range inBackticks.FindAllStringSubmatch(change, -1) {
						settings = append(settings, quoted[1])
					}
					preview := s.Set(settings...).Engine.Preview()
					require.NoError(t, preview.Err, settings)
					for i, workload := range table.columns {
						require.Equal(t, strings.TrimSpace(cells[2+i]), effectOn(preview, workload), "%s of %s", workload, change)
					}
				}
			}
			require.Positive(t, rows)
		})
	}
	require.Equal(t, len(rolling), tried, "tables of docs/rolls.md")
}

// TestRollsOnAks: on AKS a Deployment rolls for what it rolls for on EKS.
func TestRollsOnAks(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	s.Engine.MustUp()
	for setting, effect := range map[string]string{
		"gateway.replicas=3": "scales from 2 to 3: 1 new pod", "gateway.env.TZ=UTC": "rolls 2 pods, one by one (env TZ)",
		"gateway.config.client.enforce_auth_on_inference=false": "rolls 2 pods, one by one (config.json)",
		"gateway.annotations.team=platform":                     "no pod is touched",
	} {
		preview := s.Set(setting).Engine.Preview()
		require.NoError(t, preview.Err, setting)
		require.Equal(t, effect, effectOn(preview, "aks-gateway-deployment"), setting)
	}
	require.Equal(t, "-", effectOn(s.Engine.UpAtOnce(), "aks-gateway-deployment"), "an up's preview has said it")
}

// effectOn is what a preview says becomes of a workload, or of one of several with | between; "-" where it says nothing of it.
func effectOn(preview *enginetest.Result, workload string) string {
	for _, line := range strings.Split(strings.Join(preview.Diagnostics, "\n"), "\n") {
		if name, effect, says := strings.Cut(line, ": "); says && slices.Contains(strings.Split(workload, "|"), name) {
			return effect
		}
	}
	return "-"
}

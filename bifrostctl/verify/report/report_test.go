package report_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/report"
)

var update = flag.Bool("update", false, "write the goldens anew")

func outcome(code, description string, result check.Result) check.Outcome {
	return check.Outcome{Check: check.Check{Code: code, Description: description}, Result: result}
}

var (
	fine = []check.Report{
		{Name: "configuration", Outcomes: []check.Outcome{outcome("config-image", "the configured image runs", check.Pass("example.com/app:1"))}},
		{Name: "gateway", Outcomes: []check.Outcome{
			outcome("gateway-health", "the gateway is healthy", check.Skip("the sandbox runs no gateway")),
			outcome("gateway-login", "the administrator's login works", check.Skip("no login is given")),
			outcome("gateway-metrics", "the gateway gives its metrics", check.Skip("the sandbox runs no gateway")),
			outcome("gateway-version", "the gateway's version is that of the image", check.Skip("the sandbox runs no gateway")),
		}},
	}
	broken = []check.Report{
		{Name: "configuration", Outcomes: []check.Outcome{
			outcome("config-image", "the configured image runs", check.Pass("example.com/app:1")),
			outcome("config-replicas", "the configured number runs", check.Warn("pulumi up", "5 < 6 & rising")),
		}},
		{Name: "image pull", Outcomes: []check.Outcome{
			outcome("pull-secret", "the pull Secret is there", check.Fail("kubectl create job\nor wait", "there is none\nsince noon")),
			outcome("pull-login", "it holds a login", check.Skip(`"the pull Secret is there" failed`)),
		}},
		{Name: "workload", Outcomes: []check.Outcome{outcome("workload-rollout", "the rollout is complete", check.Pass(""))}},
	}
)

func TestGoldens(t *testing.T) {
	for name, reports := range map[string][]check.Report{"fine": fine, "broken": broken} {
		for _, format := range report.Formats {
			t.Run(name+" "+string(format), func(t *testing.T) {
				var printed bytes.Buffer
				if format == report.JSON {
					verdict := map[string]error{"broken": &cli.FailedError{Err: errors.New("stack dev is broken")}}[name]
					require.NoError(t, cli.Print(&printed, "verify", report.DocumentOf("dev", reports), verdict))
				} else {
					require.NoError(t, report.Print(&printed, format, "dev", reports))
				}
				golden := filepath.Join("testdata", name+"."+string(format)+".golden")
				if *update {
					require.NoError(t, os.MkdirAll("testdata", 0o755))
					require.NoError(t, os.WriteFile(golden, printed.Bytes(), 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				require.Equal(t, string(want), printed.String(), "run: go test ./verify/report -update, and review the difference")
			})
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	require.ErrorContains(t, report.Print(&bytes.Buffer{}, "yaml", "dev", fine), `there is no output "yaml" of text, but table and short`)
}

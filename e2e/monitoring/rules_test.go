package monitoring

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const (
	failing = "BifrostPullSecretRefreshFailing"
	expired = "BifrostPullSecretExpired"
)

// tables of promtool (Prometheus, "Unit testing for rules").
type (
	ruleTest struct {
		RuleFiles          []string   `json:"rule_files"`
		EvaluationInterval string     `json:"evaluation_interval"`
		Tests              []ruleCase `json:"tests"`
	}
	ruleCase struct {
		Name     string     `json:"name"`
		Interval string     `json:"interval"`
		Input    []series   `json:"input_series"`
		Alerts   []alertsAt `json:"alert_rule_test"`
	}
	series struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	alertsAt struct {
		At     string  `json:"eval_time"`
		Name   string  `json:"alertname"`
		Expect []alert `json:"exp_alerts"`
	}
	alert struct {
		Labels      map[string]string `json:"exp_labels"`
		Annotations map[string]string `json:"exp_annotations"`
	}
)

// refresher has the series that kube-state-metrics makes of one refresher, a sample a minute from time 0 on, when the CronJob was made.
type refresher struct{ cronJob, instance string }

func (r refresher) of(metric, labels, values string) series {
	return series{fmt.Sprintf(`%s{namespace="bifrost",instance=%q,%s}`, metric, r.instance, labels), values}
}

func (r refresher) created() series {
	return r.of("kube_cronjob_created", fmt.Sprintf("cronjob=%q", r.cronJob), "0x1000")
}

// succeeded is the end of the last run that succeeded.
func (r refresher) succeeded(values string) series {
	return r.of("kube_cronjob_status_last_successful_time", fmt.Sprintf("cronjob=%q", r.cronJob), values)
}

// job is a run: when it began, and how many of its pods failed, or 1 with the reason for which it was given up.
func (r refresher) job(name, began, failed, reason string) []series {
	return []series{
		r.of("kube_job_status_start_time", fmt.Sprintf("job_name=%q", name), began),
		r.of("kube_job_status_failed", fmt.Sprintf("job_name=%q,reason=%q", name, reason), failed),
	}
}

// cases are what may become of a refresher, and the alerts then. Values: _ is no sample, axN is a N+1 times.
func cases(cronJob string, life int) []ruleCase {
	r := refresher{cronJob, "a"}
	second := refresher{cronJob, "b"}
	scheduled, late := cronJob+"-29000010", fmt.Sprintf("%dm", life/60+7)
	never := func(at ...string) []alertsAt {
		var all []alertsAt
		for _, time := range at {
			all = append(all, alertsAt{At: time, Name: failing}, alertsAt{At: time, Name: expired})
		}
		return all
	}
	fires := func(at, name string) alertsAt {
		return alertsAt{At: at, Name: name, Expect: []alert{expected(name, cronJob)}}
	}
	// One run an hour succeeds, or three: the series steps on.
	var steps string
	for began := 0; began < 960; began += 20 {
		steps += fmt.Sprintf("%dx19 ", began*60)
	}
	all := []ruleCase{
		{Name: "all runs succeed", Input: append(r.job(scheduled, "_x10 600x1000", "_x10 0x1000", ""), r.created(), r.succeeded(steps)),
			Alerts: never("10m", "70m", "125m", late)},
		{Name: "the last run failed", Input: append(r.job(scheduled, "_x10 600x1000", "_x12 1x1000", "BackoffLimitExceeded"), r.created(), r.succeeded("_x5 300x14 1200x1000")),
			Alerts: []alertsAt{{At: "15m", Name: failing}, fires("19m", failing), {At: "19m", Name: expired}, {At: "22m", Name: failing}}},
		{Name: "the first run of all failed", Input: append(r.job(scheduled, "_x10 600x1000", "_x12 1x1000", "DeadlineExceeded"), r.created()),
			Alerts: []alertsAt{{At: "15m", Name: failing}, fires("20m", failing)}},
		{Name: "a run succeeded after a failed pod", Input: append(r.job(scheduled, "_x10 600x1000", "_x11 1x1000", ""), r.created(), r.succeeded("_x13 720x1000")),
			Alerts: never("13m", "20m", "30m")},
		{Name: "no run since the first token", Input: []series{r.created()},
			Alerts: []alertsAt{{At: fmt.Sprintf("%dm", life/60+4), Name: expired}, fires(late, expired), {At: late, Name: failing}}},
		{Name: "no run for longer than a token lives", Input: []series{r.created(), r.succeeded("_x5 300x1000")},
			Alerts: []alertsAt{{At: late, Name: expired}, fires(fmt.Sprintf("%dm", life/60+12), expired)}},
		{Name: "two kube-state-metrics", Input: append(append(r.job(scheduled, "_x10 600x1000", "_x12 1x1000", "BackoffLimitExceeded"),
			second.job(scheduled, "_x10 600x1000", "_x12 1x1000", "BackoffLimitExceeded")...), r.created(), second.created()),
			Alerts: []alertsAt{fires("20m", failing), fires(late, expired)}},
		{Name: "others' jobs, and one by hand", Input: append(append(r.job("migrate-1", "_x10 600x1000", "_x12 1x1000", "BackoffLimitExceeded"),
			r.job(cronJob+"-by-hand", "_x10 600x1000", "_x12 1x1000", "BackoffLimitExceeded")...), r.created()),
			Alerts: []alertsAt{{At: "20m", Name: failing}}},
	}
	for i := range all {
		all[i].Interval = "1m"
	}
	return all
}

func expected(name, cronJob string) alert {
	description := "See the failed pods: kubectl --namespace bifrost get pods --selector app=" + cronJob
	if name == failing {
		return alert{map[string]string{"namespace": "bifrost", "severity": "warning"},
			map[string]string{"summary": "The last refresh of Bifrost's pull Secret failed.", "description": description}}
	}
	return alert{map[string]string{"namespace": "bifrost", "cronjob": cronJob, "severity": "critical"},
		map[string]string{"summary": "The token in Bifrost's pull Secret is older than its life: new pods cannot pull.", "description": description}}
}

// TestRules: Prometheus' own tool finds nothing wrong with the rules, and each alert fires when it should and otherwise not.
func TestRules(t *testing.T) {
	promtool := program(t, "promtool")
	for _, stack := range watched {
		t.Run(stack.example, func(t *testing.T) {
			var rule struct{ Spec any }
			require.NoError(t, yaml.Unmarshal(manifest(t, stack.example, "PrometheusRule", "bifrost-refresh"), &rule))
			rules := save(t, "rules.yaml", rule.Spec)
			tests := save(t, "tests.yaml", ruleTest{RuleFiles: []string{rules}, EvaluationInterval: "1m", Tests: cases(stack.cronJob, stack.life)})
			for _, args := range [][]string{{"check", "rules", "--lint-fatal", rules}, {"test", "rules", tests}} {
				out, err := exec.Command(promtool, args...).CombinedOutput()
				require.NoError(t, err, "%s", out)
			}
		})
	}
}

// save writes a document into a folder of the test.
func save(t *testing.T, name string, document any) string {
	t.Helper()
	text, err := yaml.Marshal(document)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}

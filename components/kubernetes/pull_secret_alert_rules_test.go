package kubernetes_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

func TestAlertRules(t *testing.T) {
	t.Parallel()
	const ruleType = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
	require.Empty(t, recordPullSecret(t, ecrArgs()).Of(ruleType))
	for name, c := range map[string]struct {
		args          *kubernetes.PullSecretArgs
		cronJob, life string
	}{
		"ecr":               {ecrArgs(), "refresh-ecr-secret", "43200"},
		"artifact registry": {arArgs(), "refresh-ar-secret", "3600"},
	} {
		t.Run(name, func(t *testing.T) {
			c.args.AlertRules, c.args.Labels = &kubernetes.PullSecretAlertRulesArgs{Labels: map[string]string{"release": "prometheus"}}, map[string]string{"team": "ai"}
			g := recordPullSecret(t, c.args)
			rules := g.One(t, ruleType)
			require.Equal(t, "bifrost-refresh", rules.Input(t, "metadata.name"))
			require.Equal(t, map[string]any{"release": "prometheus", "team": "ai"}, rules.Input(t, "metadata.labels"))
			requireDefinition(t, g, rules, "prometheusrules.monitoring.coreos.com")

			cron := `{namespace="bifrost",cronjob="` + c.cronJob + `"}`
			jobs := `{namespace="bifrost",job_name=~"` + c.cronJob + `-[0-9]+"}`
			fresh := "(max by (namespace, cronjob) (kube_cronjob_status_last_successful_time" + cron + ") or max by (namespace, cronjob) (kube_cronjob_created" + cron + "))"
			require.Equal(t, "time() - "+fresh+" > "+c.life, rules.Input(t, "spec.groups[0].rules[1].expr"))
			require.Equal(t, "max by (namespace) (kube_job_status_start_time"+jobs+" and on (namespace, job_name) kube_job_status_failed"+jobs+" > 0) > on (namespace) max by (namespace) "+fresh,
				rules.Input(t, "spec.groups[0].rules[0].expr"))
			require.Equal(t, map[string]any{"severity": "critical"}, rules.Input(t, "spec.groups[0].rules[1].labels"))
			require.Contains(t, rules.Input(t, "spec.groups[0].rules[0].annotations.description"), "kubectl --namespace bifrost get pods --selector app="+c.cronJob)
		})
	}

	bad := ecrArgs()
	bad.AlertRules = &kubernetes.PullSecretAlertRulesArgs{Labels: map[string]string{"a": "b c"}}
	graphtest.RequireRefused(t, bad.Validate(nil), []string{"alertRules.labels[a]"}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := kubernetes.NewPullSecret(ctx, "x", bad, on)
		return err
	})
}

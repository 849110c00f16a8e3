package kubernetes

import (
	"testing"

	"bifrost/internal/graphtest"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// TestRefresherNetworkPolicy: nothing reaches the refresher's pods, of a schedule or of the first run, and they reach what a refresh needs.
func TestRefresherNetworkPolicy(t *testing.T) {
	g := recordPullSecret(t, ecrArgs())
	policy := g.One(t, policyType)
	require.Equal(t, "bifrost-pull", policy.Input(t, "metadata.name"))
	require.Equal(t, map[string]any{
		"podSelector": map[string]any{"matchLabels": map[string]any{"app": "refresh-ecr-secret"}},
		"policyTypes": []any{"Ingress", "Egress"},
		"egress":      []any{dnsRule, httpsRule, apiServerRule},
	}, policy.Input(t, "spec"))
	require.Equal(t, "refresh-ecr-secret", g.One(t, "kubernetes:batch/v1:Job").Input(t, "spec.template.metadata.labels.app"))
	require.Equal(t, "refresh-ecr-secret", g.One(t, "kubernetes:batch/v1:CronJob").Input(t, "spec.jobTemplate.spec.template.metadata.labels.app"))

	proxied := injectedArgs()
	proxied.NetworkPolicy = &PullSecretNetworkPolicyArgs{ExtraEgress: networkingv1.NetworkPolicyEgressRuleArray{
		&networkingv1.NetworkPolicyEgressRuleArgs{Ports: networkingv1.NetworkPolicyPortArray{&networkingv1.NetworkPolicyPortArgs{Port: pulumi.Int(3128)}}},
	}}
	require.Equal(t, []any{dnsRule, httpsRule, agentRule, apiServerRule, map[string]any{"ports": []any{map[string]any{"port": 3128.0}}}},
		recordPullSecret(t, proxied).One(t, policyType).Input(t, "spec.egress"))

	none := ecrArgs()
	none.NetworkPolicy = &PullSecretNetworkPolicyArgs{Disabled: true}
	require.Empty(t, recordPullSecret(t, none).Of(policyType))
}

// TestRefresherResources: every container has requests and limits of all three, and every folder a limit.
func TestRefresherResources(t *testing.T) {
	for _, args := range []*PullSecretArgs{ecrArgs(), entraArgs()} {
		job := recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job")
		for _, container := range []string{"initContainers[0]", "containers[0]"} {
			for _, kind := range []string{"requests", "limits"} {
				amounts := job.Input(t, "spec.template.spec."+container+".resources."+kind).(map[string]any)
				require.Len(t, amounts, 3)
				require.Contains(t, amounts, "ephemeral-storage")
			}
		}
		for _, v := range job.Input(t, "spec.template.spec.volumes").([]any) {
			if empty, ok := v.(map[string]any)["emptyDir"].(map[string]any); ok {
				require.NotEmpty(t, empty["sizeLimit"])
			}
		}
	}
}

func TestAlertRules(t *testing.T) {
	const ruleType = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
	require.Empty(t, recordPullSecret(t, ecrArgs()).Of(ruleType))
	for name, c := range map[string]struct {
		args          *PullSecretArgs
		cronJob, life string
	}{
		"ecr":               {ecrArgs(), "refresh-ecr-secret", "43200"},
		"artifact registry": {arArgs(), "refresh-ar-secret", "3600"},
	} {
		t.Run(name, func(t *testing.T) {
			c.args.AlertRules, c.args.Labels = &PullSecretAlertRulesArgs{Labels: map[string]string{"release": "prometheus"}}, map[string]string{"team": "ai"}
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
	bad.AlertRules = &PullSecretAlertRulesArgs{Labels: map[string]string{"a": "b c"}}
	graphtest.RequireRefused(t, bad.Validate(), []string{"alertRules.labels[a]"}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewPullSecret(ctx, "x", bad, on)
		return err
	})
}

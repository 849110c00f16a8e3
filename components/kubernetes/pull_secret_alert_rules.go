package kubernetes

import (
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

const alertRulesName = "bifrost-refresh"

// newAlertRules warn by the Jobs' own states, which kube-state-metrics shows. Until the first scheduled run has succeeded, the CronJob's
// age stands for the token's: the first token is as old.
func (r refresher) newAlertRules(s component.Scope, args *PullSecretAlertRulesArgs) error {
	if args == nil {
		return nil
	}
	meta := r.meta(pulumi.String(alertRulesName))
	meta.Labels = component.Merge(r.labels, args.Labels)
	cronJob := pulumi.Sprintf(`{namespace="%s",cronjob="%s"}`, r.namespace, r.source.cronJobName)
	jobs := pulumi.Sprintf(`{namespace="%s",job_name=~"%s-[0-9]+"}`, r.namespace, r.source.cronJobName)
	fresh := pulumi.Sprintf("(max by (namespace, cronjob) (kube_cronjob_status_last_successful_time%[1]s)"+
		" or max by (namespace, cronjob) (kube_cronjob_created%[1]s))", cronJob)
	failed := pulumi.Sprintf("max by (namespace) (kube_job_status_start_time%[1]s"+
		" and on (namespace, job_name) kube_job_status_failed%[1]s > 0)", jobs)
	life := strconv.Itoa(int(r.source.tokenLife.Seconds()))
	spec := pulumi.Map{
		"groups": pulumi.Array{pulumi.Map{
			"name": pulumi.String(alertRulesName),
			"rules": pulumi.Array{
				r.alert("BifrostPullSecretRefreshFailing", "warning", "The last refresh of Bifrost's pull Secret failed.",
					pulumi.Sprintf("%s > on (namespace) max by (namespace) %s", failed, fresh)),
				r.alert("BifrostPullSecretExpired", "critical",
					"The token in Bifrost's pull Secret is older than its life: new pods cannot pull.",
					pulumi.Sprintf("time() - %s > %s", fresh, life)),
			},
		}},
	}
	return prometheusRule.create(s, "alert-rules", meta, spec)
}

func (r refresher) alert(name, severity, summary string, expression pulumi.StringInput) pulumi.Map {
	return pulumi.Map{
		"alert": pulumi.String(name), "expr": expression, "for": pulumi.String("5m"),
		"labels": pulumi.Map{"severity": pulumi.String(severity)},
		"annotations": pulumi.Map{
			"summary": pulumi.String(summary),
			"description": pulumi.Sprintf("See the failed pods: kubectl --namespace %s get pods --selector app=%s",
				r.namespace, r.source.cronJobName),
		},
	}
}

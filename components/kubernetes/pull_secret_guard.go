package kubernetes

import (
	"bifrost/internal/component"
	"strconv"
	"time"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	alertRulesName = "bifrost-refresh"

	// How long tokens live: Amazon ECR, GetAuthorizationToken; Google Cloud's security token service and IAM credentials.
	ecrTokenLife    = 12 * time.Hour
	googleTokenLife = time.Hour
)

// newNetworkPolicy lets nothing into the refresher's pods, and out what a refresh needs: DNS, the clouds' HTTPS and the API server.
func (a *PullSecretArgs) newNetworkPolicy(ctx *pulumi.Context, name string, parent pulumi.Resource, meta *metav1.ObjectMetaArgs, source tokenSource) error {
	policy := a.NetworkPolicy
	if policy == nil {
		policy = &PullSecretNetworkPolicyArgs{}
	}
	if policy.Disabled {
		return nil
	}
	egress := outward(a.Ecr != nil && a.Ecr.PodIdentity)
	egress = append(egress, &networkingv1.NetworkPolicyEgressRuleArgs{Ports: tcp(apiServerPort)})
	_, err := networkingv1.NewNetworkPolicy(ctx, name+"-network-policy", &networkingv1.NetworkPolicyArgs{
		Metadata: meta,
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: &metav1.LabelSelectorArgs{MatchLabels: component.Merge(source.podLabels())},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Egress:      append(egress, policy.ExtraEgress...),
		},
	}, pulumi.Parent(parent))
	return err
}

// newAlertRules warn by the Jobs' own states, which kube-state-metrics shows. Until the first scheduled run has succeeded, the CronJob's
// age stands for the token's: the first token is as old.
func (a *PullSecretArgs) newAlertRules(ctx *pulumi.Context, name string, parent pulumi.Resource, meta *metav1.ObjectMetaArgs, source tokenSource) error {
	if a.AlertRules == nil {
		return nil
	}
	meta.Labels = component.Merge(a.Labels, a.AlertRules.Labels)
	cronJob := pulumi.Sprintf(`{namespace="%s",cronjob="%s"}`, a.Namespace, source.cronJobName)
	jobs := pulumi.Sprintf(`{namespace="%s",job_name=~"%s-[0-9]+"}`, a.Namespace, source.cronJobName)
	fresh := pulumi.Sprintf("(max by (namespace, cronjob) (kube_cronjob_status_last_successful_time%[1]s) or max by (namespace, cronjob) (kube_cronjob_created%[1]s))", cronJob)
	failed := pulumi.Sprintf("max by (namespace) (kube_job_status_start_time%[1]s and on (namespace, job_name) kube_job_status_failed%[1]s > 0)", jobs)
	life := strconv.Itoa(int(source.tokenLife.Seconds()))
	alert := func(name, severity, summary string, expression pulumi.StringInput) pulumi.Map {
		return pulumi.Map{
			"alert": pulumi.String(name), "expr": expression, "for": pulumi.String("5m"),
			"labels": pulumi.Map{"severity": pulumi.String(severity)},
			"annotations": pulumi.Map{
				"summary":     pulumi.String(summary),
				"description": pulumi.Sprintf("See the failed pods: kubectl --namespace %s get pods --selector app=%s", a.Namespace, source.cronJobName),
			},
		}
	}
	return prometheusRule.create(component.Scope{Ctx: ctx, Name: name, Parent: parent}, "alert-rules", meta, pulumi.Map{
		"groups": pulumi.Array{pulumi.Map{
			"name": pulumi.String(alertRulesName),
			"rules": pulumi.Array{
				alert("BifrostPullSecretRefreshFailing", "warning", "The last refresh of Bifrost's pull Secret failed.",
					pulumi.Sprintf("%s > on (namespace) max by (namespace) %s", failed, fresh)),
				alert("BifrostPullSecretExpired", "critical", "The token in Bifrost's pull Secret is older than its life: new pods cannot pull.",
					pulumi.Sprintf("time() - %s > %s", fresh, life)),
			},
		}},
	})
}

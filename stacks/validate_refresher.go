package stacks

import (
	"fmt"
	"maps"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// pullSecretKeys are where the arguments of a pull Secret come from, beside its name.
var pullSecretKeys = keys{
	"serviceAccount": "refresher.serviceAccount", "schedule": "refresher.schedule", "labels": "labels",
	"kubectlImage": "refresher.images.kubectl", "ecr.image": "refresher.images.aws", "artifactRegistry.image": "refresher.images.gcloud",
	"artifactRegistry.tokenFile": "aks.tokenFile", "artifactRegistry.entra.appIdUri": "aks.entra.appIdUri",
	"alertRules.labels": "gateway.monitoring.alertLabels",
}

// validateRefresher checks what keeps the pull Secret fresh.
func (c *Config) validateRefresher(k *checker) {
	p := field.NewPath("refresher")
	on := c.onKubernetes()
	if on == nil {
		return
	}
	if c.Refresher.ServiceAccount == c.Gateway.ServiceAccount {
		k.add(field.Invalid(p.Child("serviceAccount"), c.Refresher.ServiceAccount, "the gateway's ServiceAccount has this name, "+
			"and must not be able to write the pull Secret; rename one, gateway.serviceAccount for instance"))
	}
	pull := on.pullSecret(c)
	if pull == nil {
		return
	}
	c.completePullSecret(pull, pulumi.String(c.Gateway.Namespace))
	from := maps.Clone(pullSecretKeys)
	from["secretName"] = on.name() + ".secretName"
	k.arguments(pull.Validate(), from)
	c.validateSchedule(k, on.facts(c))
}

// validateSchedule refuses a cron expression that lets tokens expire between two runs, over a year of runs or the first thousand.
func (c *Config) validateSchedule(k *checker, on Cluster) {
	p, text := field.NewPath("refresher", "schedule"), c.Refresher.Schedule
	if text == "" {
		return
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return // the component refuses it
	}
	const runs = 1000
	at := schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for range runs {
		next := schedule.Next(at)
		if at.IsZero() || next.IsZero() || next.Sub(at) >= on.TokenLife {
			k.add(field.Invalid(p, text, fmt.Sprintf("leaves more than %s between two runs, and %s lives %s", on.TokenLife, on.Token,
				on.TokenLife)))
			return
		}
		at = next
	}
}

func (c *Config) validateContext(k *checker, p *field.Path, context string) {
	if context != "" && c.Secrets.Kubeconfig == "" {
		k.add(field.Invalid(p, context, "names a context of secrets.kubeconfig, which is not set; set that or remove this"))
	}
}

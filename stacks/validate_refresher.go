package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"

	"bifrost/components/kubernetes"
)

// pullSecretKeys are where the arguments of a pull Secret come from, beside its name.
var pullSecretKeys = keys{
	"serviceAccount": "refresher.serviceAccount", "schedule": "refresher.schedule", "labels": "labels",
	"kubectlImage": "refresher.images.kubectl", "ecr.image": "refresher.images.aws", "artifactRegistry.image": "refresher.images.gcloud",
	"artifactRegistry.tokenLifeSeconds": "gcp.credentialConfig.service_account_impersonation.token_lifetime_seconds",
	"artifactRegistry.entra.appIdUri":   "aks.entra.appIdUri",
	"alertRules.labels":                 "gateway.monitoring.alertLabels",
	"pods.scheduling":                   "refresher.scheduling", "pods.labels": "refresher.podLabels",
	"pods.annotations": "refresher.podAnnotations", "pods.env": "refresher.env", "pods.secretRefs": "refresher.secretRefs",
	"pods.imagePullSecrets": "refresher.imagePullSecrets", "pods.ca": "", "registryKey.key": "secrets.registryKey",
}

// validateRefresher checks what keeps the pull Secret fresh, with the keys of the other registry's, which this stack does not read.
func (c *Config) validateRefresher(k *checker) {
	from := maps.Clone(pullSecretKeys)
	if c.Refresher.Scheduling == nil {
		from["pods.scheduling"] = "gateway.scheduling"
	}
	c.validateRefresherEnv(k)
	pulls := c.refreshers()
	if on := c.onKubernetes(); on != nil {
		if c.Refresher.ServiceAccount == c.Gateway.ServiceAccount {
			k.add(field.Invalid(field.NewPath("refresher", "serviceAccount"), c.Refresher.ServiceAccount,
				"the gateway's ServiceAccount has this name, and must not be able to write the pull Secret; "+
					"rename one, gateway.serviceAccount for instance"))
		}
		if pull := on.pullSecret(c); pull != nil {
			from["secretName"], from["artifactRegistry.tokenFile"] = on.name()+".secretName", on.name()+".tokenFile"
			if on.refreshes(c) {
				pulls = slices.DeleteFunc(pulls, func(other *kubernetes.PullSecretArgs) bool {
					return (other.Ecr == nil) == (pull.Ecr == nil)
				})
				schedule := kubernetes.DefaultArSchedule
				if pull.Ecr != nil {
					schedule = kubernetes.DefaultEcrSchedule
				}
				c.validateSchedule(k, on.facts(c), cmp.Or(c.Refresher.Schedule, schedule))
			}
			pulls = append(pulls, pull)
		}
	}
	for _, pull := range pulls {
		c.completePullSecret(pull, pulumi.String(c.Gateway.Namespace))
		k.arguments(pull.Validate(nil), from)
	}
}

// validateRefresherEnv refuses secrets among the refresher's plain variables.
func (c *Config) validateRefresherEnv(k *checker) {
	for _, name := range slices.Sorted(maps.Keys(c.Refresher.Env)) {
		if reader := secretsOfLibraries[name]; reader != "" {
			k.add(field.Forbidden(field.NewPath("refresher", "env").Key(name),
				reader+" reads a secret from it, which would stand in git and in the state; name a key of an existing Secret in "+
					"refresher.secretRefs"))
		}
	}
}

// refreshers are pull Secrets of both registries, whether the stack makes one or not: with what refresher says of them, and the rest made
// up.
func (c *Config) refreshers() []*kubernetes.PullSecretArgs {
	const region = "us-east-1"
	return []*kubernetes.PullSecretArgs{
		{Ecr: &kubernetes.EcrTokenArgs{RoleArn: madeUp, Region: region, Image: c.Refresher.Images.Aws}},
		{ArtifactRegistry: &kubernetes.ArtifactRegistryTokenArgs{CredentialConfig: madeUp, Image: c.Refresher.Images.Gcloud}},
	}
}

// validateSchedule refuses a cron expression that lets tokens expire between two runs, over a year of runs or the first thousand.
func (c *Config) validateSchedule(k *checker, on Cluster, text string) {
	p := field.NewPath("refresher", "schedule")
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
	c.validateGivenContext(k, p, context)
}

// validateGivenContext refuses a context that the kubeconfig in the stack file does not have. One in a file is read by the deployment.
func (c *Config) validateGivenContext(k *checker, p *field.Path, context string) {
	var config clientcmd.Config
	given := c.Secrets.Kubeconfig
	if context == "" || !strings.ContainsAny(given, "\n{") || yaml.Unmarshal([]byte(given), &config) != nil || len(config.Contexts) == 0 {
		return
	}
	var names []string
	for _, named := range config.Contexts {
		names = append(names, named.Name)
	}
	if !slices.Contains(names, context) {
		k.add(field.Invalid(p, context, "no context of secrets.kubeconfig, which has "+strings.Join(names, ", ")))
	}
}

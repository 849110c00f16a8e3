package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

const (
	// late is what a run takes, with its tries.
	late = 10 * time.Minute
	// refresherManager is the field manager with which the refresher applies the Secret.
	refresherManager = "bifrost-pull"
)

// pulls is how the image comes into the cluster.
type pulls struct {
	Stack
	objects *objects
	// digest asks the registry for the configured image with the token in use.
	digest func(context.Context) (string, error)
	now    func() time.Time
}

func (s Stack) pull(c service.Clouds, o *objects) []check.Check {
	p := pulls{Stack: s, objects: o, now: c.Now}
	p.digest = shared(func(ctx context.Context) (string, error) { return p.ask(ctx, c.Registry) })
	events := check.Check{Code: "pull-events", Description: "no pod fails to get its image", Needs: []string{workloadExists}, Run: p.events}
	if o.names.PullSecret == "" {
		return []check.Check{events} // the nodes pull by themselves
	}
	secret := check.Check{Code: "pull-secret", Description: "the pull Secret is there", Run: p.secret}
	holds := check.Check{Code: "pull-login", Description: "the pull Secret holds a login for the image's registry",
		Needs: []string{secret.Code}, Run: p.login}
	asked := check.Check{Code: "pull-manifest", Description: "the registry gives the image's manifest for that login",
		Needs: []string{holds.Code}, Run: p.manifest}
	tag := check.Check{Code: "pull-tag", Description: "the image's tag still means what the pods run",
		Needs: []string{asked.Code, workloadExists}, Run: p.tag}
	if s.Config.Registry.Mirror {
		events.Needs = append(events.Needs, asked.Code)
		return []check.Check{secret, holds, asked, tag, events}
	}
	if cluster, _ := s.Config.Cluster(); cluster.StaticKey {
		events.Needs, asked.Needs = append(events.Needs, asked.Code), []string{"pull-key"}
		key := check.Check{Code: "pull-key", Description: "the key in it is one that Google knows", Needs: []string{holds.Code},
			Run: keys{p, c.GCP}.known}
		return []check.Check{secret, holds, key, asked, tag, events}
	}
	asked.Needs = []string{"pull-token"}
	asked.Needs = append(asked.Needs, s.pods().pullNeeds(s.Config)...)
	events.Needs = append(events.Needs, asked.Code)
	checks := []check.Check{
		{Code: "pull-schedule", Description: "the CronJob that refreshes the pull Secret is there and not suspended", Run: p.schedule},
		{Code: "pull-refresher", Description: "the refresher asks for the token that the clouds trust", Needs: []string{"pull-schedule"},
			Run: p.refresher},
		{Code: "pull-rights", Description: "the refresher may write the pull Secret", Run: p.rights},
		{Code: "pull-job", Description: "the last refresh succeeded", Run: p.lastJob},
	}
	if s.Config.Gcp != nil && s.Config.Gcp.CredentialConfig != nil {
		checks = append(checks, check.Check{Code: "pull-credential-config",
			Description: "the credential configuration is the configured one", Run: p.credentialConfig})
	}
	return append(checks,
		secret, holds,
		check.Check{Code: "pull-token", Description: "the token in it is fresh", Needs: []string{holds.Code}, Run: p.token},
		asked, tag, events,
	)
}

func (p pulls) schedule(ctx context.Context) check.Result {
	cronJob, err := p.objects.cronJob(ctx)
	switch {
	case apierrors.IsNotFound(err):
		return check.Fail(p.up(), "there is no CronJob %s in namespace %s", p.objects.names.RefreshCronJob, p.objects.names.Namespace)
	case err != nil:
		return unreadable("CronJob "+p.objects.names.RefreshCronJob, err, p.clusterLogin())
	case cronJob.Spec.Suspend != nil && *cronJob.Spec.Suspend:
		return check.Fail(fmt.Sprintf(`kubectl patch cronjob %s -n %s --patch '{"spec":{"suspend":false}}'`, cronJob.Name,
			cronJob.Namespace), "CronJob %s is suspended", cronJob.Name)
	}
	return check.Pass("%s, %s", cronJob.Name, cronJob.Spec.Schedule)
}

// refresher compares the CronJob's pod with the principal of the hand-off: it brings its own token and names the role itself.
func (p pulls) refresher(ctx context.Context) check.Result {
	cronJob, err := p.objects.cronJob(ctx)
	if err != nil {
		return unreadable("CronJob "+p.objects.names.RefreshCronJob, err, p.clusterLogin())
	}
	pod := cronJob.Spec.JobTemplate.Spec.Template.Spec
	cluster, _ := p.Config.Cluster()
	want := cluster.TokenAudience
	if want == "" {
		return check.Pass("ServiceAccount %s, which the cloud signs in", pod.ServiceAccountName)
	}
	if have := audiences(pod); !slices.Contains(have, want) {
		return check.Fail(p.up(), "audience mismatch: the pods of CronJob %s mount tokens for %s, and not for %s",
			cronJob.Name, quoted(have), want)
	}
	role := p.principal(cluster.Target).PrincipalArn
	if have := variable(pod, "AWS_ROLE_ARN"); have != role {
		return check.Fail(p.up(), "the pods of CronJob %s take the role %q, and not %s", cronJob.Name, have, role)
	}
	return check.Pass("ServiceAccount %s, audience %s", pod.ServiceAccountName, want)
}

// audiences are those of the projected tokens, but for the API server's own.
func audiences(pod corev1.PodSpec) []string {
	var all []string
	for _, v := range pod.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.ServiceAccountToken != nil && source.ServiceAccountToken.Audience != "" {
				all = append(all, source.ServiceAccountToken.Audience)
			}
		}
	}
	return all
}

func variable(pod corev1.PodSpec, name string) string {
	for _, c := range append(slices.Clone(pod.InitContainers), pod.Containers...) {
		for _, v := range c.Env {
			if v.Name == name {
				return v.Value
			}
		}
	}
	return ""
}

// rights reads the Roles that are bound to the refresher. They must let it create and patch the one Secret.
func (p pulls) rights(ctx context.Context) check.Result {
	client, err := p.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, p.clusterLogin())
	}
	namespace, account := p.objects.names.Namespace, p.objects.account(ctx, p.Config.Refresher.ServiceAccount)
	if _, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, account, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		return check.Fail(p.up(), "there is no ServiceAccount %s in namespace %s", account, namespace)
	}
	rules, err := rulesOf(ctx, client, namespace)
	if err != nil {
		return unreadable("Roles and RoleBindings", err, p.clusterLogin())
	}
	if lacking := lacks(rules, namespace, account, "secrets", p.objects.names.PullSecret, "create", "patch"); len(lacking) > 0 {
		return check.Fail(p.up(), "no Role of ServiceAccount %s/%s lets it %s the Secret %s", namespace, account,
			strings.Join(lacking, " and "), p.objects.names.PullSecret)
	}
	return check.Pass("ServiceAccount %s may create and patch it", account)
}

// credentialConfig compares the ConfigMap with the vendor's document in the configuration.
func (p pulls) credentialConfig(ctx context.Context) check.Result {
	client, err := p.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, p.clusterLogin())
	}
	const configMap, key = credentialConfigMap, "credential-config.json"
	found, err := client.CoreV1().ConfigMaps(p.objects.names.Namespace).Get(ctx, configMap, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return check.Fail(p.up(), "there is no ConfigMap %s in namespace %s", configMap, p.objects.names.Namespace)
	}
	if err != nil {
		return unreadable("ConfigMap "+configMap, err, p.clusterLogin())
	}
	var have map[string]any
	if err := json.Unmarshal([]byte(found.Data[key]), &have); err != nil {
		return check.Fail(p.up(), "%s of ConfigMap %s is no JSON object: %v", key, configMap, err)
	}
	if at := differs("", p.Config.Gcp.CredentialConfig, have); at != "" {
		return check.Fail(p.up(), "%s of ConfigMap %s is not what gcp.credentialConfig says, at %s", key, configMap, at)
	}
	return check.Pass("%v", have["audience"])
}

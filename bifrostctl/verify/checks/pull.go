package checks

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/judge/rbac"
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
	holds := check.Check{Code: "pull-login", Description: "the pull Secret holds a login for the image's registry", Needs: []string{secret.Code}, Run: p.login}
	asked := check.Check{Code: "pull-manifest", Description: "the registry gives the image's manifest for that login", Needs: []string{holds.Code}, Run: p.manifest}
	tag := check.Check{Code: "pull-tag", Description: "the image's tag still means what the pods run", Needs: []string{asked.Code, workloadExists}, Run: p.tag}
	if s.Config.Registry.Mirror {
		events.Needs = append(events.Needs, asked.Code)
		return []check.Check{secret, holds, asked, tag, events}
	}
	asked.Needs = []string{"pull-token"}
	asked.Needs = append(asked.Needs, s.pods().pullNeeds(s.Config)...)
	events.Needs = append(events.Needs, asked.Code)
	checks := []check.Check{
		{Code: "pull-schedule", Description: "the CronJob that refreshes the pull Secret is there and not suspended", Run: p.schedule},
		{Code: "pull-refresher", Description: "the refresher asks for the token that the clouds trust", Needs: []string{"pull-schedule"}, Run: p.refresher},
		{Code: "pull-rights", Description: "the refresher may write the pull Secret", Run: p.rights},
		{Code: "pull-job", Description: "the last refresh succeeded", Run: p.lastJob},
	}
	if s.Config.Gcp != nil && s.Config.Gcp.CredentialConfig != nil {
		checks = append(checks, check.Check{Code: "pull-credential-config", Description: "the credential configuration is the configured one", Run: p.credentialConfig})
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
		return check.Fail(fmt.Sprintf(`kubectl patch cronjob %s -n %s --patch '{"spec":{"suspend":false}}'`, cronJob.Name, cronJob.Namespace), "CronJob %s is suspended", cronJob.Name)
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
		return check.Pass("ServiceAccount %s, with EKS Pod Identity", pod.ServiceAccountName)
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
		return check.Fail(p.up(), "no Role of ServiceAccount %s/%s lets it %s the Secret %s", namespace, account, strings.Join(lacking, " and "), p.objects.names.PullSecret)
	}
	return check.Pass("ServiceAccount %s may create and patch it", account)
}

// rulesOf are the Roles that a namespace binds, with their bindings.
func rulesOf(ctx context.Context, client kubernetes.Interface, namespace string) (rbac.Rules, error) {
	var rules rbac.Rules
	bindings, err := client.RbacV1().RoleBindings(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return rules, err
	}
	for i := range bindings.Items {
		binding := &bindings.Items[i]
		if binding.RoleRef.Kind != "Role" {
			continue
		}
		role, err := client.RbacV1().Roles(namespace).Get(ctx, binding.RoleRef.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return rules, err
		}
		rules.Roles, rules.Bindings = append(rules.Roles, role), append(rules.Bindings, binding)
	}
	return rules, nil
}

// lacks are the verbs that a ServiceAccount may not do with a thing of a resource of the core group; with every thing, where it has no name.
func lacks(rules rbac.Rules, namespace, account, resource, name string, verbs ...string) []string {
	var lacking []string
	for _, verb := range verbs {
		if !rules.Allow(rbac.ServiceAccount(namespace, account), rbac.Request{Verb: verb, Resource: resource, Namespace: namespace, Name: name}) {
			lacking = append(lacking, verb)
		}
	}
	return lacking
}

// lastJob looks at the newest Job of the refresher: a first run, or one of the CronJob.
func (p pulls) lastJob(ctx context.Context) check.Result {
	client, err := p.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, p.clusterLogin())
	}
	jobs, err := client.BatchV1().Jobs(p.objects.names.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return unreadable("the Jobs", err, p.clusterLogin())
	}
	job := p.newest(jobs.Items)
	if job == nil {
		return check.Fail(p.refresh(), "no Job of CronJob %s is there, not even the first run %s", p.objects.names.RefreshCronJob, p.objects.names.FirstRunJob)
	}
	for _, c := range job.Status.Conditions {
		switch {
		case c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue:
			return check.Pass("Job %s", job.Name)
		case c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue:
			words := lastWords(ctx, client, job)
			if words == "" {
				words = c.Message
			}
			says, hint := p.translate(words)
			return check.Fail(hint, "Job %s failed: %s\n%s", job.Name, says, words)
		}
	}
	return check.Warn("bifrostctl verify "+p.Name+" --wait 5m", "Job %s runs still", job.Name)
}

// newest is the youngest Job of the refresher; nil where there is none.
func (p pulls) newest(jobs []batchv1.Job) *batchv1.Job {
	var found *batchv1.Job
	for i := range jobs {
		owner := metav1.GetControllerOf(&jobs[i])
		ours := jobs[i].Name == p.objects.names.FirstRunJob || owner != nil && owner.Name == p.objects.names.RefreshCronJob
		if ours && (found == nil || found.CreationTimestamp.Before(&jobs[i].CreationTimestamp)) {
			found = &jobs[i]
		}
	}
	return found
}

// lastWords are what the failed container of a Job's newest pod ended on: the end of its log, which outlives it in the pod's status.
func lastWords(ctx context.Context, client kubernetes.Interface, job *batchv1.Job) string {
	pods, err := client.CoreV1().Pods(job.Namespace).List(ctx, metav1.ListOptions{LabelSelector: batchv1.JobNameLabel + "=" + job.Name})
	if err != nil {
		return "" // the condition's words are left
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for _, pod := range pods.Items {
		for _, c := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
			if ended := c.State.Terminated; ended != nil && ended.ExitCode != 0 && strings.TrimSpace(ended.Message) != "" {
				return strings.TrimSpace(ended.Message)
			}
		}
	}
	return ""
}

// credentialConfig compares the ConfigMap with the vendor's document in the configuration.
func (p pulls) credentialConfig(ctx context.Context) check.Result {
	client, err := p.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, p.clusterLogin())
	}
	const configMap, key = "gcp-credential-config", "credential-config.json"
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

func (p pulls) secret(ctx context.Context) check.Result {
	secret, err := p.objects.secret(ctx)
	switch {
	case apierrors.IsNotFound(err):
		return check.Fail(p.refresh(), "there is no Secret %s in namespace %s: new pods cannot pull", p.objects.names.PullSecret, p.objects.names.Namespace)
	case err != nil:
		return unreadable("Secret "+p.objects.names.PullSecret, err, p.clusterLogin())
	case secret.Type != corev1.SecretTypeDockerConfigJson:
		return check.Fail(fmt.Sprintf("kubectl delete secret %s -n %s, then %s", secret.Name, secret.Namespace, p.refresh()), "Secret %s is of type %s, not %s", secret.Name, secret.Type, corev1.SecretTypeDockerConfigJson)
	}
	return check.Pass("%s", secret.Name)
}

// login is a registry login. The password is never told.
type login struct{ user, password string }

// logins are those of a pull Secret by host. Keys may be URLs.
func logins(secret *corev1.Secret) (map[string]login, error) {
	var document struct {
		Auths map[string]struct{ Auth, Username, Password string } `json:"auths"`
	}
	if json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &document) != nil {
		return nil, fmt.Errorf("%s is no JSON", corev1.DockerConfigJsonKey) // whose words may hold a part of it
	}
	all := map[string]login{}
	for key, auth := range document.Auths {
		host, _, _ := strings.Cut(strings.TrimPrefix(key, "https://"), "/")
		l := login{auth.Username, auth.Password}
		if text, err := base64.StdEncoding.DecodeString(auth.Auth); err == nil && auth.Auth != "" {
			l.user, l.password, _ = strings.Cut(string(text), ":")
		}
		all[host] = l
	}
	return all, nil
}

func (p pulls) user() string {
	cluster, _ := p.Config.Cluster()
	return cluster.RegistryUser
}

func (p pulls) login(ctx context.Context) check.Result {
	secret, err := p.objects.secret(ctx)
	if err != nil {
		return unreadable("Secret "+p.objects.names.PullSecret, err, p.clusterLogin())
	}
	all, err := logins(secret)
	if err != nil {
		return check.Fail(p.refresh(), "Secret %s: %v", secret.Name, err)
	}
	host := p.Config.Image().Host
	found, ok := all[host]
	switch {
	case len(all) == 0:
		return check.Fail(p.refresh(), "Secret %s holds no login: nobody has written one into it yet", secret.Name)
	case !ok:
		return check.Fail(p.refresh(), "Secret %s holds logins for %s, and the image is on %s", secret.Name, quoted(hosts(all)), host)
	case p.Config.Registry.Mirror && (found.user == "" || found.password == ""):
		return check.Fail(p.refresh(), "the login of Secret %s for %s lacks the user or the password", secret.Name, host)
	case p.Config.Registry.Mirror:
		return check.Pass("%s at %s", found.user, host)
	case found.user != p.user() || found.password == "":
		return check.Fail(p.refresh(), "the login of Secret %s for %s is for user %q, and not for %s with a token", secret.Name, host, found.user, p.user())
	}
	return check.Pass("%s at %s", found.user, host)
}

func hosts(all map[string]login) []string {
	var names []string
	for host := range all {
		names = append(names, host)
	}
	slices.Sort(names)
	return names
}

// token looks at when the refresher wrote the Secret last, and at when it should have.
func (p pulls) token(ctx context.Context) check.Result {
	secret, err := p.objects.secret(ctx)
	if err != nil {
		return unreadable("Secret "+p.objects.names.PullSecret, err, p.clusterLogin())
	}
	var written time.Time
	for _, entry := range secret.ManagedFields {
		if entry.Manager == refresherManager && entry.Time != nil && entry.Time.After(written) {
			written = entry.Time.Time
		}
	}
	cluster, _ := p.Config.Cluster()
	lifetime := cluster.TokenLife
	age := p.now().Sub(written)
	switch {
	case written.IsZero():
		return check.Fail(p.refresh(), "the refresher never wrote Secret %s: whatever is in it, nobody keeps it fresh", secret.Name)
	case age >= lifetime:
		return check.Fail(p.refresh(), "the token in Secret %s is %s old, and lives %s: it has expired", secret.Name, human(age), human(lifetime))
	}
	if missed := p.missed(ctx, written); missed > 0 {
		return check.Warn(p.refresh(), "the token in Secret %s is %s old: %d scheduled runs did not refresh it, and it expires in %s", secret.Name, human(age), missed, human(lifetime-age))
	}
	return check.Pass("%s old, of %s", human(age), human(lifetime))
}

func human(d time.Duration) string { return duration.HumanDuration(d) }

// missed counts the scheduled runs since then that should be done by now.
func (p pulls) missed(ctx context.Context, since time.Time) int {
	cronJob, err := p.objects.cronJob(ctx)
	if err != nil {
		return 0 // another check tells
	}
	schedule, err := cron.ParseStandard(cronJob.Spec.Schedule)
	if err != nil {
		return 0 // the API server has taken it
	}
	missed := 0
	for next := schedule.Next(since); next.Add(late).Before(p.now()); next = schedule.Next(next) {
		missed++
	}
	return missed
}

// ask asks the registry as a kubelet does. The error never holds the token.
func (p pulls) ask(ctx context.Context, registry service.Registry) (string, error) {
	secret, err := p.objects.secret(ctx)
	if err != nil {
		return "", err
	}
	all, err := logins(secret)
	if err != nil {
		return "", err
	}
	l := all[p.Config.Image().Host]
	digest, err := registry.Digest(ctx, p.Config.Image().String(), l.user, l.password)
	if err != nil {
		return "", errors.New(without(err.Error(), l.password))
	}
	return digest, nil
}

func (p pulls) manifest(ctx context.Context) check.Result {
	digest, err := p.digest(ctx)
	if err != nil && p.Config.Registry.Mirror && noAnswer.MatchString(err.Error()) {
		return check.Skip("%s does not answer from here; it need only answer the nodes", p.Config.Image().Host)
	}
	if err != nil {
		says, hint := p.translate(err.Error())
		return check.Fail(hint, "%s is refused: %s\n%v", p.Config.Image(), says, err)
	}
	return check.Pass("%.19s", digest)
}

// tag compares what the tag means now with what the pods run. A digest cannot move.
func (p pulls) tag(ctx context.Context) check.Result {
	image := p.Config.Image()
	if image.Digest != "" {
		return check.Skip("registry.image names a digest")
	}
	now, err := p.digest(ctx)
	if err != nil && p.Config.Registry.Mirror {
		return check.Skip("the registry does not tell what the tag means")
	}
	if err != nil {
		return unreadable(image.String(), err, p.refresh())
	}
	pods, err := p.objects.pods(ctx)
	if err != nil {
		return p.failedWorkload(p.objects, err)
	}
	known := 0
	for _, pod := range pods {
		for _, c := range pod.Status.ContainerStatuses {
			_, runs, ok := strings.Cut(c.ImageID, "@")
			if !ok || c.Image != image.String() {
				continue
			}
			known++
			if runs != now {
				return check.Warn(fmt.Sprintf("pulumi config set --stack %s --path 'bifrost:registry.image' %s/%s@%s, then pulumi up", p.Name, image.Host, image.Path, now),
					"the tag %s has moved: it means %.19s now, and pod %s runs %.19s", image.Tag, now, pod.Name, runs)
			}
		}
	}
	if known == 0 {
		return check.Skip("no pod tells which digest it runs")
	}
	return check.Pass("%.19s on %d pods", now, known)
}

// without keeps a password out of a text.
func without(text, password string) string {
	if password == "" {
		return text
	}
	return strings.ReplaceAll(text, password, "[secret]")
}

// badWaits are the reasons for which the kubelet does not get an image (kubelet, images.go).
var badWaits = []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ImageInspectError", "ErrImageNeverPull", "RegistryUnavailable"}

// events translates why pods do not get their image, in the words of their status and events.
func (p pulls) events(ctx context.Context) check.Result {
	pod, words, err := p.objects.waiting(ctx)
	if err != nil {
		return unreadable("the pods", err, p.clusterLogin())
	}
	if words != "" {
		says, hint := p.translate(words)
		return check.Fail(hint, "pod %s does not get its image: %s\n%s", pod, says, words)
	}
	return check.Pass("none waits")
}

// waiting is a pod that waits for its image, with the words of the kubelet; empty where none does.
func (o *objects) waiting(ctx context.Context) (pod, words string, err error) {
	pods, err := o.pods(ctx)
	if err != nil {
		return "", "", err
	}
	client, err := o.client(ctx)
	if err != nil {
		return "", "", err
	}
	for _, p := range pods {
		if isReady(&p) {
			continue
		}
		if words, err := pullWords(ctx, client, &p); err != nil || words != "" {
			return p.Name, words, err
		}
	}
	return "", "", nil
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// pullWords are why a pod has no image; "" where that is not what it lacks.
func pullWords(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) (string, error) {
	events, err := client.CoreV1().Events(pod.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod.Name})
	if err != nil {
		return "", err
	}
	newest := ""
	for _, e := range events.Items {
		about := e.InvolvedObject.Kind == "Pod" && e.InvolvedObject.Name == pod.Name && e.Type == corev1.EventTypeWarning
		if about && (strings.Contains(e.Message, "Failed to pull image") || e.Reason == "FailedToRetrieveImagePullSecret") {
			newest = e.Message
		}
	}
	if newest != "" {
		return newest, nil
	}
	for _, c := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
		if w := c.State.Waiting; w != nil && slices.Contains(badWaits, w.Reason) {
			return w.Reason + ": " + w.Message, nil
		}
	}
	return "", nil
}

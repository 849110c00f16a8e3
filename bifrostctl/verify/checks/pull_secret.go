package checks

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/duration"

	"bifrost/bifrostctl/verify/check"
)

func (p pulls) secret(ctx context.Context) check.Result {
	secret, err := p.objects.secret(ctx)
	switch {
	case apierrors.IsNotFound(err):
		return check.Fail(p.refresh(), "there is no Secret %s in namespace %s: new pods cannot pull", p.objects.names.PullSecret,
			p.objects.names.Namespace)
	case err != nil:
		return unreadable("Secret "+p.objects.names.PullSecret, err, p.clusterLogin())
	case secret.Type != corev1.SecretTypeDockerConfigJson:
		return check.Fail(fmt.Sprintf("kubectl delete secret %s -n %s, then %s", secret.Name, secret.Namespace, p.refresh()),
			"Secret %s is of type %s, not %s", secret.Name, secret.Type, corev1.SecretTypeDockerConfigJson)
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
		return check.Fail(p.refresh(), "the login of Secret %s for %s is for user %q, and not for %s with a token", secret.Name, host,
			found.user, p.user())
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

// expiry is when a token ends by its own words; zero where they do not tell. A token of Amazon ECR is base64 of JSON that holds it beside
// what is sealed. No document promises that, and so it is looked at alone where it is there. Google's tokens tell nothing.
func (l login) expiry() time.Time {
	var told struct {
		Expiration int64 `json:"expiration"`
	}
	text, err := base64.StdEncoding.DecodeString(l.password)
	if err != nil || json.Unmarshal(text, &told) != nil || told.Expiration == 0 {
		return time.Time{}
	}
	return time.Unix(told.Expiration, 0)
}

// token looks at when the refresher wrote the Secret last, at when it should have, and at when the token ends.
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
	left := lifetime - age
	if all, err := logins(secret); err == nil {
		if told := all[p.Config.Image().Host].expiry(); !told.IsZero() {
			left = told.Sub(p.now())
		}
	}
	switch {
	case written.IsZero():
		return check.Fail(p.refresh(), "the refresher never wrote Secret %s: whatever is in it, nobody keeps it fresh", secret.Name)
	case left <= 0:
		return check.Fail(p.refresh(), "the token in Secret %s is %s old, and lives %s: it has expired", secret.Name, human(age),
			human(age+left))
	}
	if missed := p.missed(ctx, written); missed > 0 {
		return check.Warn(p.refresh(), "the token in Secret %s is %s old: %d scheduled runs did not refresh it, and it expires in %s",
			secret.Name, human(age), missed, human(left))
	}
	return check.Pass("%s old, expires in %s", human(age), human(left))
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

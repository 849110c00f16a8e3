package kubernetes

import (
	"cmp"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// DefaultScrapeInterval of the ServiceMonitor.
const DefaultScrapeInterval = "30s"

// metricsLogin is the name of the Secret with Prometheus' login, behind the workload's own.
const metricsLogin = "metrics-login"

// A Secret of a user and a password, and its keys (Kubernetes, "Basic authentication Secret").
const (
	basicAuthSecret = "kubernetes.io/basic-auth"
	usernameKey     = "username"
	passwordKey     = "password"
)

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadMonitoringArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := check.Optional(p.Child("interval"), a.Interval, check.PrometheusDuration)
	errs = append(errs, check.Labels(p.Child("labels"), a.Labels)...)
	errs = append(errs, a.BasicAuth.Validate(p.Child("basicAuth"))...)
	if a.Login != nil && a.BasicAuth != nil {
		errs = append(errs, field.Forbidden(p.Child("login"), "basicAuth signs in already; give one of them"))
	}
	return append(errs, a.Login.Validate(p.Child("login"))...)
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadBasicAuthArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	return append(a.Username.Validate(p.Child("username")), a.Password.Validate(p.Child("password"))...)
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadLoginArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if (a.Username == "") == (a.UsernameFrom == nil) {
		errs = append(errs, field.Required(p.Child("username"), "give exactly one of username and usernameFrom"))
	}
	if (a.Password == nil) == (a.PasswordFrom == nil) {
		errs = append(errs, field.Required(p.Child("password"), "give exactly one of password and passwordFrom"))
	}
	return errs
}

// newServiceMonitor has every pod scraped: the Service's port http is the gateway's alone, the headless Service has none of that name.
func (a *BifrostWorkloadArgs) newServiceMonitor(s component.Scope) error {
	monitoring, app := a.Monitoring, a.application()
	if monitoring == nil {
		return nil
	}
	endpoint := pulumi.Map{
		"port": pulumi.String("http"), "path": pulumi.String(gateway.MetricsPath),
		"interval": pulumi.String(cmp.Or(monitoring.Interval, DefaultScrapeInterval)),
	}
	if auth := monitoring.BasicAuth; auth != nil {
		endpoint["basicAuth"] = pulumi.Map{usernameKey: auth.Username.reference(), passwordKey: auth.Password.reference()}
	}
	if monitoring.Login != nil {
		auth, err := monitoring.Login.basicAuth(s, app)
		if err != nil {
			return err
		}
		endpoint["basicAuth"] = auth
	}
	meta := app.meta(app.name)
	meta.Labels = component.Merge(a.Labels, monitoring.Labels, app.selector())
	return serviceMonitor.create(s, "service-monitor", meta, pulumi.Map{
		"selector":  pulumi.Map{"matchLabels": component.Merge(app.selector())},
		"endpoints": pulumi.Array{endpoint},
	})
}

// basicAuth are the keys that the login is under. What no Secret has yet is kept in one of its own: Prometheus reads nothing else of the
// gateway.
func (a *WorkloadLoginArgs) basicAuth(s component.Scope, app application) (pulumi.Map, error) {
	data, auth := pulumi.StringMap{}, pulumi.Map{}
	if a.UsernameFrom != nil {
		auth[usernameKey] = a.UsernameFrom.reference()
	} else {
		data[usernameKey] = encoded(pulumi.String(a.Username))
	}
	if a.PasswordFrom != nil {
		auth[passwordKey] = a.PasswordFrom.reference()
	} else {
		data[passwordKey] = encoded(a.Password)
	}
	if len(data) == 0 {
		return auth, nil
	}
	secret, err := corev1.NewSecret(s.Ctx, s.Child(metricsLogin), &corev1.SecretArgs{
		Metadata: app.meta(app.child(metricsLogin)), Type: pulumi.String(basicAuthSecret), Data: data,
	}, s.Options()...)
	if err != nil {
		return nil, err
	}
	for key := range data {
		auth[key] = pulumi.Map{"name": secret.Metadata.Name().Elem(), "key": pulumi.String(key)}
	}
	return auth, nil
}

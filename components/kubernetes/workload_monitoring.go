package kubernetes

import (
	"cmp"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
)

// DefaultScrapeInterval of the ServiceMonitor.
const DefaultScrapeInterval = "30s"

// The Prometheus Operator's API and the definitions of its kinds.
const (
	monitoringAPI     = "monitoring.coreos.com/v1"
	serviceMonitorCRD = "servicemonitors.monitoring.coreos.com"
	prometheusRuleCRD = "prometheusrules.monitoring.coreos.com"
)

// A Secret of a user and a password, and its keys (Kubernetes, "Basic authentication Secret").
const (
	basicAuthSecret = "kubernetes.io/basic-auth"
	usernameKey     = "username"
	passwordKey     = "password"
)

func (a *BifrostWorkloadArgs) validateMonitoring() field.ErrorList {
	if a.Monitoring == nil {
		return nil
	}
	p := field.NewPath("monitoring")
	errs := check.Optional(p.Child("interval"), a.Monitoring.Interval, check.PrometheusDuration)
	errs = append(errs, check.Labels(p.Child("labels"), a.Monitoring.Labels)...)
	if auth := a.Monitoring.BasicAuth; auth != nil {
		errs = append(errs, auth.Username.validate(p.Child("basicAuth", "username"))...)
		errs = append(errs, auth.Password.validate(p.Child("basicAuth", "password"))...)
	}
	if login := a.Monitoring.Login; login != nil {
		if a.Monitoring.BasicAuth != nil {
			errs = append(errs, field.Forbidden(p.Child("login"), "basicAuth signs in already; give one of them"))
		}
		if (login.Username == "") == (login.UsernameFrom == nil) {
			errs = append(errs, field.Required(p.Child("login", "username"), "give exactly one of username and usernameFrom"))
		}
		if (login.Password == nil) == (login.PasswordFrom == nil) {
			errs = append(errs, field.Required(p.Child("login", "password"), "give exactly one of password and passwordFrom"))
		}
	}
	return errs
}

// basicAuth are the keys that a login is under. What no Secret has yet is kept in one of its own: Prometheus reads nothing else of the
// gateway.
func (w *workload) basicAuth(login *WorkloadLoginArgs) (pulumi.Map, error) {
	data, auth := pulumi.StringMap{}, pulumi.Map{}
	if login.UsernameFrom != nil {
		auth[usernameKey] = login.UsernameFrom.reference()
	} else {
		data[usernameKey] = encoded(pulumi.String(login.Username))
	}
	if login.PasswordFrom != nil {
		auth[passwordKey] = login.PasswordFrom.reference()
	} else {
		data[passwordKey] = encoded(login.Password)
	}
	if len(data) == 0 {
		return auth, nil
	}
	secret, err := corev1.NewSecret(w.ctx, w.prefix+"-metrics-login", &corev1.SecretArgs{
		Metadata: w.meta(w.name() + "-metrics-login"), Type: pulumi.String(basicAuthSecret), Data: data,
	}, pulumi.Parent(w.parent))
	if err != nil {
		return nil, err
	}
	for key := range data {
		auth[key] = pulumi.Map{"name": secret.Metadata.Name().Elem(), "key": pulumi.String(key)}
	}
	return auth, nil
}

// newServiceMonitor has every pod scraped: the Service's port http is the gateway's alone, the headless Service has none of that name.
func (w *workload) newServiceMonitor() error {
	a := w.Monitoring
	if a == nil {
		return nil
	}
	endpoint := pulumi.Map{
		"port": pulumi.String("http"), "path": pulumi.String("/metrics"), "interval": pulumi.String(cmp.Or(a.Interval, DefaultScrapeInterval)),
	}
	if a.BasicAuth != nil {
		endpoint["basicAuth"] = pulumi.Map{"username": a.BasicAuth.Username.reference(), "password": a.BasicAuth.Password.reference()}
	}
	if a.Login != nil {
		auth, err := w.basicAuth(a.Login)
		if err != nil {
			return err
		}
		endpoint["basicAuth"] = auth
	}
	meta := w.meta(w.name())
	meta.Labels = component.Merge(w.Labels, a.Labels, w.selector())
	return newCustomResource(w.ctx, w.prefix+"-service-monitor", w.parent, serviceMonitorCRD, prometheusOperator, monitoringAPI, "ServiceMonitor", meta, pulumi.Map{
		"selector":  pulumi.Map{"matchLabels": component.Merge(w.selector())},
		"endpoints": pulumi.Array{endpoint},
	})
}

// reference is the key as a custom resource names it.
func (r SecretKeyRef) reference() pulumi.Map {
	return pulumi.Map{"name": pulumi.String(r.Secret), "key": pulumi.String(r.Key)}
}

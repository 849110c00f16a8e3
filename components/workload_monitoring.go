package components

import (
	"cmp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// DefaultScrapeInterval of the ServiceMonitor.
const DefaultScrapeInterval = "30s"

// The Prometheus Operator's API and the definitions of its kinds.
const (
	monitoringAPI     = "monitoring.coreos.com/v1"
	serviceMonitorCRD = "servicemonitors.monitoring.coreos.com"
	prometheusRuleCRD = "prometheusrules.monitoring.coreos.com"
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
	return errs
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
	meta := w.meta(w.name())
	meta.Labels = merge(w.Labels, a.Labels, w.selector())
	return newCustomResource(w.ctx, w.prefix+"-service-monitor", w.parent, serviceMonitorCRD, prometheusOperator, monitoringAPI, "ServiceMonitor", meta, pulumi.Map{
		"selector":  pulumi.Map{"matchLabels": merge(w.selector())},
		"endpoints": pulumi.Array{endpoint},
	})
}

// reference is the key as a custom resource names it.
func (r SecretKeyRef) reference() pulumi.Map {
	return pulumi.Map{"name": pulumi.String(r.Secret), "key": pulumi.String(r.Key)}
}

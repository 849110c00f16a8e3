package stacks

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// validateScrapeLogin: a ServiceMonitor that is turned away sees nothing, and nobody sees that.
func (c *Config) validateScrapeLogin(k *checker) {
	m, at := c.Gateway.Monitoring, c.onKubernetes()
	if at == nil || m == nil || !m.ServiceMonitor || m.BasicAuth != nil {
		return
	}
	if configjson.MetricsClosed(c.document(at)) && c.scrapeLogin(at) == nil && !slices.Contains(c.lackedSecrets(), adminPasswordKey) {
		k.add(field.Required(field.NewPath("gateway", "monitoring", "basicAuth"), fmt.Sprintf(
			"%s asks for a login that is not known here; name keys of existing Secrets: {username: {secret: S, key: K}, password: "+
				"{secret: S, key: "+
				"K}}, or let config.json take the password from %s",
			gateway.MetricsPath, adminPassword)))
	}
}

// scrapeLogin is the login with which Prometheus asks for metrics; nil where it is not known here, or nobody asks for one.
func (c *Config) scrapeLogin(at target) *kubernetes.WorkloadLoginArgs {
	user, password := adminUsername, adminPassword
	if c.Gateway.ExistingConfigSecret == "" {
		document := c.document(at)
		if !configjson.MetricsClosed(document) {
			return nil
		}
		user, password, _ = configjson.Login(document)
	}
	if password != adminPassword || !c.hasAdminPassword(at) || configjson.InVault(user) {
		return nil
	}
	login := &kubernetes.WorkloadLoginArgs{Username: user}
	if name := configjson.Variable(user); name != "" {
		login.Username, _ = c.resolveVariable(at)(name)
		login.UsernameFrom = c.secretRef(name)
	}
	if login.PasswordFrom = c.secretRef(gateway.AdminPasswordVariable); login.PasswordFrom == nil {
		login.Password = secretString(c.Secrets.AdminPassword)
	}
	return login
}

// secretRef is where an existing Secret has the variable; nil where none has.
func (c *Config) secretRef(variable string) *kubernetes.SecretKeyRef {
	if ref, referred := c.Gateway.SecretRefs[variable]; referred {
		return &ref
	}
	return nil
}

package stacks

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"bifrost/internal/check"
	"bifrost/internal/gateway/configjson"
)

// warnings are what a stack may do and should know of.
func (c *Config) warnings() []string {
	all := c.adoptions()
	if c.Rollout == RolloutIdentity {
		return all
	}
	for _, warn := range []func(*Config) string{sqliteOnEcs, openAdministration, unknownAdministration, onlySingleSignOn, unknownConfigKeys,
		unclustered, administratorsKubeconfig, untagged, unscraped, retiredController, shortDrain, tokenless, mightyGateway, mightyAccount,
		nothingToAlertOf, budgetOfNothing, newRegion, crowdedRole} {
		if warning := warn(c); warning != "" {
			all = append(all, warning)
		}
	}
	return slices.Concat(all, c.administratorPolicies(), c.databaseWarnings())
}

// newRegion is no error: clouds open regions, and the program is older than these.
func newRegion(c *Config) string {
	for _, of := range []struct {
		key, region string
		known       []string
	}{
		{"aws.region", ptr.Deref(c.Aws, Aws{}).Region, check.AwsRegions},
		{"azure.location", ptr.Deref(c.Azure, Azure{}).Location, check.AzureRegions},
		{"gke.location", check.GoogleRegionOf(ptr.Deref(c.Gke, Gke{}).Location), check.GoogleRegions},
	} {
		if unknown := check.UnknownRegion(of.region, of.known); unknown != "" {
			return of.key + ": " + unknown
		}
	}
	return ""
}

// nothingToAlertOf is no error: another way to pull is one step, there and back.
func nothingToAlertOf(c *Config) string {
	at, m := c.onKubernetes(), c.Gateway.Monitoring
	if at == nil || m == nil || !m.AlertRules || at.refreshes(c) {
		return ""
	}
	return "gateway.monitoring.alertRules makes no PrometheusRule here: the image is pulled without a refresher to tell of"
}

func sqliteOnEcs(c *Config) string {
	if c.Ecs == nil || c.Gateway.withoutSQLite() {
		return ""
	}
	return "a store of the gateway is SQLite: what it holds is lost whenever a task of ECS is replaced; give config_store and logs_store " +
		"of type postgres in gateway.config"
}

// unscraped: the ServiceMonitor asks Prometheus to come, and the network policy keeps it out.
func unscraped(c *Config) string {
	m, n := c.Gateway.Monitoring, ptr.Deref(c.Gateway.NetworkPolicy, NetworkPolicy{})
	if m == nil || !m.ServiceMonitor || n.Disabled || n.FromAnywhere || len(n.From) > 0 || len(n.MetricsFrom) > 0 {
		return ""
	}
	return "gateway.monitoring.serviceMonitor lets Prometheus scrape the gateway, and the network policy lets in nobody of another " +
		"namespace: say where it runs, `pulumi config set --path '" + Project +
		":gateway.networkPolicy.metricsFrom[0].namespace' NAMESPACE`"
}

// budgetOfNothing: a percentage of few pods can round up to all of them.
func budgetOfNothing(c *Config) string {
	budget, pods := c.Gateway.DisruptionBudget, c.Gateway.replicas()
	if scaling := c.Gateway.Autoscaling; scaling != nil {
		pods = scaling.MinReplicas
	}
	if budget == nil || pods < 2 || budget.Evictable(pods) < pods {
		return ""
	}
	return fmt.Sprintf("gateway.disruptionBudget lets all of the %d pods that there are at least go at once, since Kubernetes rounds "+
		"percentages up: drains of nodes can take the gateway away; give maxUnavailable: 1", pods)
}

// unknownConfigKeys: a mistyped key that resembles no other is passed over by the gateway, too. The schema decides where it is given.
func unknownConfigKeys(c *Config) string {
	if c.schema != nil || c.Gateway.ExistingConfigSecret != "" {
		return ""
	}
	unknown := configjson.Unknown(c.Gateway.configPath(), c.Gateway.Config)
	if len(unknown) == 0 {
		return ""
	}
	return fmt.Sprintf("the gateway %s has no such keys, and passes over them: %s; where a newer one has them, give its schema: "+
		"bifrostctl schema, and gateway.schemaFile",
		configjson.KeysVersion, strings.Join(unknown, ", "))
}

// withoutSchema tells what a preview without the vendor's schema did not check; empty where it did, or where there is nothing to check.
func (c *Config) withoutSchema() string {
	if c.Rollout == RolloutIdentity || c.schema != nil || c.Gateway.ExistingConfigSecret != "" {
		return ""
	}
	return "config.json is checked by the rules of this program alone; `bifrostctl schema` fetches the vendor's schema, for " +
		"gateway.schemaFile"
}

package stacks

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// ownStart is what a gateway takes at most that waits for nobody, in seconds: 8 to 64 were seen until /health answered.
const ownStart = 90

// lockWaits are how long a process waits for another one that migrates the same store, in seconds, before it gives up.
var lockWaits = map[string]int{"config_store": 60, "logs_store": 300}

// leastStart is what a start needs: a process that is ended while it waits for another one would have started.
func (c *Config) leastStart() int {
	least, together := ownStart, 0
	for _, at := range c.targets() {
		together += c.together(at)
	}
	if together < 2 || c.Gateway.MigrationJob || !c.Gateway.withoutSQLite() {
		return least
	}
	for store, wait := range lockWaits {
		if c.Gateway.ExistingConfigSecret != "" || configjson.StoreKind(c.Gateway.Config, store) == configjson.Postgres {
			least += wait
		}
	}
	return least
}

// validateStart checks how long a start may take, what migrates, and where the gateway listens.
func (c *Config) validateStart(k *checker) {
	g, p := &c.Gateway, field.NewPath("gateway")
	seconds := g.StartupSeconds
	if least := c.leastStart(); seconds < least {
		k.add(field.Invalid(p.Child("startupSeconds"), seconds, fmt.Sprintf(
			"at least %d: several processes that start on one database wait for each other's migrations, 60 s for config_store and 300 s "+
				"for "+
				"logs_store, and then need up to %d s; a shorter time ends one that would have started", least, ownStart)))
	}
	if c.Ecs != nil {
		k.arguments(c.ecsProblems(), ecsGatewayKeys)
	}
	if g.MigrationJob && !g.withoutSQLite() {
		k.add(field.Forbidden(p.Child("migrationJob"), "a store is SQLite, which the one process migrates when it starts; remove it"))
	}
	c.validateStartVariables(k)
}

// validateStartVariables: a variable that ends every server is refused, and so is one that a key sets.
func (c *Config) validateStartVariables(k *checker) {
	reasons := map[string]string{gateway.MigrateOnlyVariable: "every process would migrate and end, and none serve; remove it, and set " +
		"gateway.migrationJob to true to migrate before the rollout"}
	if c.Gateway.MigrationJob {
		reasons[gateway.NoMigrateVariable] = "gateway.migrationJob sets it; remove it"
	}
	if c.Gateway.IpFamily != "" {
		reasons[gateway.HostVariable] = "gateway.ipFamily says where the gateway listens; remove one of them"
	}
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		for _, place := range []struct {
			p     *field.Path
			given bool
		}{
			{field.NewPath("gateway", "env"), c.Gateway.Env[name] != ""},
			{field.NewPath("secrets", "env"), c.Secrets.Env[name] != ""},
			{field.NewPath("ecs", "env"), c.Ecs != nil && c.Ecs.Env[name] != ""},
			{field.NewPath("secrets", "ecsEnv"), c.Secrets.EcsEnv[name] != ""},
			{field.NewPath("ecs", "secretRefs"), c.Ecs != nil && c.Ecs.SecretRefs[name] != ""},
			{field.NewPath("gateway", "secretRefs"), c.Gateway.SecretRefs[name] != kubernetes.SecretKeyRef{}},
		} {
			if place.given {
				k.add(field.Forbidden(place.p.Key(name), reasons[name]))
			}
		}
	}
}

package stacks

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway/configjson"
)

// validateDatabases refuses one database for the gateways of two platforms: nothing tells one of them what the other one changes.
func (c *Config) validateDatabases(k *checker) {
	at, tasks := c.onKubernetes(), onEcs
	if at == nil || !tasks.used(c) {
		return
	}
	theirs := map[string]configjson.Database{}
	for _, database := range c.servers(tasks) {
		theirs[database.Store] = database
	}
	for _, database := range c.servers(at) {
		if !configjson.SameDatabase(database, theirs[database.Store]) {
			continue
		}
		mend := "write env.PG_DATABASE here, and PG_DATABASE in gateway.env and, with another value, in ecs.env"
		if variable := configjson.Variable(database.NameText); variable != "" {
			mend = "give " + variable + " another value in ecs.env"
		}
		k.add(field.Invalid(c.Gateway.configPath().Child(database.Store, "config", "db_name"), database.NameText, fmt.Sprintf(
			"the gateways on %s and ECS would share one database and know nothing of each other: keys made or deleted on one, limits and "+
				"budgets "+
				"would not hold on the other; %s",
			at.title(), mend)))
	}
}

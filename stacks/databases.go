package stacks

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/bifrostconfig"
)

// validateDatabases refuses one database for the gateways of two platforms: nothing tells one of them what the other one changes.
func (c *Config) validateDatabases(k *checker) {
	at := c.kubernetesTarget()
	if at == "" || c.ECS == nil {
		return
	}
	for _, store := range bifrostconfig.StoreNames {
		here, known := c.database(at, store)
		there, knownThere := c.database(onECS, store)
		if !known || !knownThere || here != there {
			continue
		}
		name := bifrostconfig.Database(c.Gateway.Config, store)[2]
		mend := "write env.PG_DATABASE here, and PG_DATABASE in gateway.env and, with another value, in ecs.env"
		if variable, isReference := bifrostconfig.Reference(name); isReference {
			mend = "give " + variable + " another value in ecs.env"
		}
		k.add(field.Invalid(c.Gateway.configPath().Child(store, "config", "db_name"), name, fmt.Sprintf(
			"the gateways on %s and ECS would share one database and know nothing of each other: keys made or deleted on one, limits and budgets would not hold on the other; %s",
			strings.ToUpper(string(at)), mend)))
	}
}

// database is where the gateway at a place has a store: host, port and name, with its variables filled in; false where it is not on
// PostgreSQL, or a part is not known.
func (c *Config) database(at target, store string) ([3]string, bool) {
	document := c.document(at)
	if bifrostconfig.StoreKind(document, store) != bifrostconfig.Postgres {
		return [3]string{}, false
	}
	parts := bifrostconfig.Database(document, store)
	resolve := c.resolve(at)
	for i, part := range parts {
		if name, isReference := bifrostconfig.Reference(part); isReference {
			part, _ = resolve(name)
		}
		if part == "" {
			return parts, false
		}
		parts[i] = part
	}
	// Names of hosts, unlike those of databases, are the same in every case.
	parts[0] = strings.TrimSuffix(strings.ToLower(parts[0]), ".")
	return parts, true
}

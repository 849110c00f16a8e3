package stacks

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

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

// hostAlone is what a connection string has for a server: a name, several with commas between, or the folder of a socket (PostgreSQL,
// "Connection Strings", host).
var hostAlone = regexp.MustCompile(`^(/\S*|[\w.,-]+)$`)

// validateHosts refuses a host of a database that is more than that, such as a whole URL: pods that cannot connect come late, and say
// little.
func (c *Config) validateHosts(k *checker) {
	told := map[string]bool{}
	for _, at := range c.targets() {
		for _, database := range c.databases(at) {
			host := database.Host
			_, err := netip.ParseAddr(host)
			if host == "" || err == nil || hostAlone.MatchString(host) || configjson.Variable(host) != "" || configjson.InVault(host) {
				continue
			}
			p := c.Gateway.configPath().Child(database.Store, "config", "host")
			if variable := configjson.Variable(database.HostText); variable != "" {
				p = field.NewPath("gateway", "env").Key(variable)
				if c.Ecs != nil && c.Ecs.Env[variable] == host {
					p = field.NewPath("ecs", "env").Key(variable)
				}
			}
			if !told[p.String()] {
				told[p.String()] = true
				var value any = host
				if strings.Contains(host, "@") { // a whole URL, with its password
					value = field.OmitValueType{}
				}
				k.add(field.Invalid(p, value, "a host alone, without scheme, port, path and blanks; the port is port of "+
					c.Gateway.configPath().Child(database.Store, "config").String()))
			}
		}
	}
}

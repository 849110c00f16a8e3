package stacks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// withoutDatabasePings keeps an outage of the database from becoming one of the gateway, which serves from memory meanwhile.
func withoutDatabasePings(_ *Config, _ target, document configjson.Document) configjson.Document {
	return configjson.WithoutDatabasePings(document)
}

// databases are the stores on PostgreSQL there. What a secret variable holds stays a reference: nobody prints it.
func (c *Config) databases(at target) []configjson.Database {
	env := c.env(at)
	return configjson.Databases(c.document(at), func(variable string) (string, bool) {
		value, known := env[variable]
		return value, known
	})
}

// servers are the same with secret variables resolved: to compare, never to print.
func (c *Config) servers(at target) []configjson.Database {
	return configjson.Databases(c.document(at), c.resolveVariable(at))
}

// together are all processes that may run there at once, those that a rollout adds included.
func (c *Config) together(at target) int {
	most, added := at.processes(c)
	return most + added
}

// validateConnections is the budget of each database server: every process on every platform has a pool of its own for each store.
func (c *Config) validateConnections(k *checker) {
	p, most := field.NewPath("gateway", "postgres", "maxConnections"), c.Gateway.Postgres.MaxConnections
	if most <= 0 {
		return
	}
	servers := map[string]*poolsOf{}
	for _, at := range c.targets() {
		pools := map[string]int{}
		running, added := at.processes(c)
		for _, database := range c.servers(at) {
			server := database.Host + ":" + database.Port
			pools[server] += database.Pool
			if servers[server] == nil {
				servers[server] = &poolsOf{}
			}
			servers[server].add(c.Gateway.configPath().Child(database.Store, "config", "max_open_conns").String(), running+added)
		}
		for server, pool := range pools {
			of, connections := servers[server], (running+added)*pool
			of.connections += connections
			of.terms = append(of.terms, fmt.Sprintf("%s: (%d + %d in a rollout) processes x %d connections = %d", at.name(), running, added,
				pool, connections))
		}
	}
	for _, server := range slices.Sorted(maps.Keys(servers)) {
		of := servers[server]
		needed := of.connections + configjson.ReservedConnections
		if needed <= most {
			continue
		}
		k.add(field.Invalid(p, most, fmt.Sprintf(
			"%d are needed (%s; %d that PostgreSQL keeps for itself); %s the number of processes, or let the database take more",
			needed, strings.Join(of.terms, "; "), configjson.ReservedConnections, of.lower(most))))
	}
}

// poolsOf are the pools that one database server has.
type poolsOf struct {
	// keys bound them, one for each store, and count is how many there are of all processes.
	keys  []string
	count int
	// connections are those of all pools, and terms how they come about, by place.
	connections int
	terms       []string
}

func (s *poolsOf) add(key string, processes int) {
	s.count += processes
	if !slices.Contains(s.keys, key) {
		s.keys = append(s.keys, key)
	}
}

// lower says what to lower: the pools to the largest number that fits into most connections, unless that is too small for the gateway.
func (s *poolsOf) lower(most int) string {
	each := (most - configjson.ReservedConnections) / s.count
	if each < configjson.LeastPool {
		return fmt.Sprintf("for %d pools of at least %d connections that is too few: lower", s.count, configjson.LeastPool)
	}
	return fmt.Sprintf("lower %s (%d by default) to %d each: %d pools x %d + %d = %d; or lower", strings.Join(s.keys, " and "),
		gateway.DefaultPool, each, s.count, each, configjson.ReservedConnections, s.count*each+configjson.ReservedConnections)
}

// databaseWarnings are what a stack may do with its databases and should know of; each names the stores and places that it is about.
var databaseWarnings = []struct {
	concerns func(*Config, target, configjson.Database) bool
	text     func(*Config, configjson.Database) string
}{
	{(*Config).unverifiable, (*Config).authorityMissing},
	{(*Config).verifiesPlaceholder, (*Config).authorityOfAnExample},
	{func(_ *Config, _ target, d configjson.Database) bool { return pooler(d) != "" },
		func(_ *Config, d configjson.Database) string { return sessionLocks(d) }},
}

func (c *Config) databaseWarnings() []string {
	var all []string
	for _, warning := range databaseWarnings {
		for _, at := range c.targets() {
			for _, database := range c.databases(at) {
				if text := warning.text(c, database); warning.concerns(c, at, database) && !slices.Contains(all, text) {
					all = append(all, text)
				}
			}
		}
	}
	for _, at := range c.targets() {
		if len(c.databases(at)) > 0 && configjson.PingsDatabases(c.document(at)) {
			all = append(all, "client.disable_db_pings_in_health is false: while the database is away /health answers 503, and every pod, "+
				"task or "+
				"target is taken out although the gateway could "+
				"serve from memory; remove it from gateway.config")
			break
		}
	}
	return all
}

// verifying are the modes in which the certificate of the database is verified.
var verifying = []string{"verify-ca", "verify-full"}

// unverifiable tells whether the certificate is verified, and nothing here says against which authority.
func (c *Config) unverifiable(at target, d configjson.Database) bool {
	return slices.Contains(verifying, d.SslMode) && c.databaseCaArgs() == nil &&
		!c.provided(at, gateway.DatabaseCaVariable) && !c.provided(at, gateway.CaDirVariable) && c.Network.caArgs() == nil
}

func (c *Config) authorityMissing(d configjson.Database) string {
	return fmt.Sprintf("%s verifies the certificate of %s (ssl_mode %s), and no authority is made known: the gateway exits (x509: "+
		"certificate signed by unknown authority) unless its image "+
		"trusts that one; give gateway.postgres.caFile%s", d.Store, d.Host, d.SslMode, c.authorityOf(d.Host))
}

func (c *Config) authorityOfAnExample(d configjson.Database) string {
	problem, mend := c.placeholderOf(d)
	return problem + "; " + mend
}

// placeholderOf says what comes of the placeholder of an example, and what to do.
func (c *Config) placeholderOf(d configjson.Database) (problem, mend string) {
	problem = fmt.Sprintf("%s verifies the certificate of %s, and gateway.postgres.caFile is the placeholder of an example: the gateway "+
		"exits (x509: certificate signed by unknown authority)", d.Store, d.Host)
	return problem, "give gateway.postgres.caFile another" + c.authorityOf(d.Host)
}

// PlaceholderAuthority tells of the first database whose certificate is verified against the placeholder of an example, with what to do;
// both are empty where there is none. The sandbox, which has no database, cannot tell.
func (c *Config) PlaceholderAuthority() (problem, mend string) {
	for _, at := range c.targets() {
		for _, database := range c.databases(at) {
			if c.verifiesPlaceholder(at, database) {
				return c.placeholderOf(database)
			}
		}
	}
	return "", ""
}

func (c *Config) verifiesPlaceholder(_ target, d configjson.Database) bool {
	return slices.Contains(verifying, d.SslMode) && holdsPlaceholder(c.Gateway.databaseCa)
}

// clouds are the hosts of managed databases, and where their authorities are.
var clouds = []struct {
	host  *regexp.Regexp
	where func(region, stack string) string
}{
	{regexp.MustCompile(`\.([a-z0-9-]+)\.rds\.amazonaws\.com$`), func(region, stack string) string {
		return ": `bifrostctl init " + stack + " --rds-ca --yes` fetches it, or save " + rdsBundle(region) + " beside Pulumi.yaml and " +
			"write the file's name"
	}},
	{regexp.MustCompile(`\.postgres\.database\.(azure)\.com$`), func(string, string) string {
		return ": DigiCert Global Root G2 and Microsoft RSA Root Certificate Authority 2017, as Azure's page \"TLS in Azure Database for " +
			"PostgreSQL\" links them (an image with the public roots has them)"
	}},
	{regexp.MustCompile(`\.(sql)\.goog$`), func(string, string) string {
		return ": `gcloud sql instances describe INSTANCE --format 'value(serverCaCert.cert)'`, or with a shared authority the bundle of " +
			"the region at https://pki.goog/cloudsql"
	}},
}

func (c *Config) authorityOf(host string) string {
	for _, cloud := range clouds {
		if m := cloud.host.FindStringSubmatch(host); m != nil {
			return cloud.where(m[1], c.stack)
		}
	}
	return ", the PEM file of whoever signed it"
}

// rdsBundle is where AWS publishes the authorities of a region's databases (Amazon RDS user guide, "Using SSL/TLS to encrypt a
// connection to a DB instance").
func rdsBundle(region string) string {
	site := "truststore.pki.rds.amazonaws.com"
	if strings.HasPrefix(region, "us-gov-") {
		site = "truststore.pki.us-gov-west-1.rds.amazonaws.com"
	}
	return fmt.Sprintf("https://%s/%s/%s-bundle.pem", site, region, region)
}

// rdsProxy is the host of an endpoint of RDS Proxy.
var rdsProxy = regexp.MustCompile(`\.proxy-[a-z0-9-]+\.[a-z0-9-]+\.rds\.amazonaws\.com$`)

// pooler is what stands before the database, or empty.
func pooler(d configjson.Database) string {
	switch {
	case rdsProxy.MatchString(d.Host):
		return "RDS Proxy"
	case strings.Contains(d.Host, "pgbouncer"), d.Port == "6432":
		return "PgBouncer"
	}
	return ""
}

func sessionLocks(d configjson.Database) string {
	return fmt.Sprintf("%s goes through %s (%s, port %s), whose pooled sessions break the gateway's advisory locks: several processes may "+
		"migrate at once; "+
		"name the database itself in gateway.config, and bound the connections with max_open_conns", d.Store, pooler(d), d.Host, d.Port)
}

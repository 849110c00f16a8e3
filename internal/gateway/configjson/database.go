package configjson

import "strings"

// ReservedConnections is what PostgreSQL keeps for superusers out of max_connections by default (superuser_reserved_connections).
const ReservedConnections = 3

// LeastPool is the fewest connections that a store's pool may have.
const LeastPool = 2

// Database is where a store of type postgres is. Parts that refer to a variable are resolved as far as it is known.
type Database struct {
	Store, Host, Port, Name, SslMode string
	// HostText and NameText are host and name as the document has them, literal or a reference.
	HostText, NameText string
	// Pool is how many connections one process opens at most.
	Pool int
	// Command says that a program prints the password.
	Command bool
}

// Databases are the document's stores of type postgres; resolve gives the value of a variable, or false.
func Databases(document Document, resolve Resolve) []Database {
	var all []Database
	for _, name := range StoreNames {
		if StoreKind(document, name) != Postgres {
			continue
		}
		config := storeConfig(document, name)
		text := func(key string) string {
			text, _ := config[key].(string)
			return text
		}
		part := func(key string) string {
			if m := reference.FindStringSubmatch(text(key)); m != nil {
				if value, known := resolve(m[1]); known {
					return value
				}
			}
			return text(key)
		}
		all = append(all, Database{
			// Names of hosts, unlike those of databases, are the same in every case.
			Store: name, Host: strings.TrimSuffix(strings.ToLower(part("host")), "."), Port: part("port"),
			Name: part("db_name"), HostText: text("host"), NameText: text("db_name"), SslMode: part("ssl_mode"), Pool: pool(config),
			Command: config["password_command"] != nil,
		})
	}
	return all
}

// SameDatabase tells whether two stores are surely one database: a part that is empty, or refers to a variable that is not known, may be
// anything.
func SameDatabase(a, b Database) bool {
	for _, part := range []struct{ a, b string }{{a.Host, b.Host}, {a.Port, b.Port}, {a.Name, b.Name}} {
		if part.a == "" || part.a != part.b || Variable(part.a) != "" {
			return false
		}
	}
	return true
}

// databasePings is the key below client that keeps the stores out of /health.
const databasePings = "disable_db_pings_in_health"

// WithoutDatabasePings keeps /health at 200 while a database is away, unless the document says otherwise. The document itself stays as
// it is.
func WithoutDatabasePings(document Document) Document {
	client, isObject := document["client"].(map[string]any)
	if _, own := client[databasePings]; own || !isObject && document["client"] != nil {
		return document
	}
	return With(document, "client", With(client, databasePings, true))
}

// PingsDatabases tells whether /health answers 503 while a database is away.
func PingsDatabases(document Document) bool {
	client, _ := document["client"].(map[string]any)
	return client[databasePings] == false
}

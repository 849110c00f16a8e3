package configjson

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDatabases(t *testing.T) {
	t.Parallel()
	known := map[string]string{"PG_HOST": "DB.example.com", "PG_PORT": "5433", "MODE": "verify-full"}
	resolve := func(name string) (string, bool) { value, ok := known[name]; return value, ok }
	for name, c := range map[string]struct {
		text string
		want []Database
	}{
		"nothing named": {`{}`, nil},
		"SQLite":        {`{"config_store": {"enabled": true, "type": "sqlite"}, "logs_store": {"enabled": false, "type": "postgres"}}`, nil},
		"both": {`{"config_store": ` + postgres("") + `, "logs_store": ` + postgres(`, "max_open_conns": 20`) + `}`,
			[]Database{
				{Store: "config_store", Host: "db.internal", HostText: "db.internal", Port: "5432", Name: "bifrost", NameText: "bifrost", SslMode: "require", Pool: 50},
				{Store: "logs_store", Host: "db.internal", HostText: "db.internal", Port: "5432", Name: "bifrost", NameText: "bifrost", SslMode: "require", Pool: 20},
			}},
		"by reference": {`{"config_store": {"enabled": true, "type": "postgres", "config": {"host": "env.PG_HOST", "port": "env.PG_PORT", "db_name": "env.MODE", "ssl_mode": "env.MODE"}}}`,
			[]Database{{Store: "config_store", Host: "db.example.com", HostText: "env.PG_HOST", Port: "5433", Name: "verify-full", NameText: "env.MODE", SslMode: "verify-full", Pool: 50}}},
		"by a reference that is not known": {`{"logs_store": {"enabled": true, "type": "postgres", "config": {"host": "env.OTHER"}}}`,
			[]Database{{Store: "logs_store", Host: "env.other", HostText: "env.OTHER", Pool: 50}}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, Databases(document(t, c.text), resolve)) })
	}
}

// TestDatabasePings: an outage of the database stays out of /health, unless somebody says otherwise; what is given is not changed.
func TestDatabasePings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                    `{"client":{"disable_db_pings_in_health":true}}`,
		`{"client": {"a": 1}}`:  `{"client":{"a":1,"disable_db_pings_in_health":true}}`,
		`{"client": "not one"}`: `{"client":"not one"}`,
		`{"client": {"disable_db_pings_in_health": false}}`: `{"client":{"disable_db_pings_in_health":false}}`,
	} {
		given := document(t, text)
		rendered, err := Render(WithoutDatabasePings(given))
		require.NoError(t, err)
		require.Equal(t, want, string(rendered))
		require.Equal(t, document(t, text), given)
		require.Equal(t, text == `{"client": {"disable_db_pings_in_health": false}}`, PingsDatabases(given))
	}
}

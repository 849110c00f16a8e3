package postgres_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/verify/postgres"
	"bifrost/bifrostctl/verify/postgres/postgrestest"
)

const password = `a 'quoted' \ password`

// TestAsk: what a server says, over the connection that the gateway would make.
func TestAsk(t *testing.T) {
	// Nothing of the user's own is used.
	for _, name := range []string{"PGHOST", "PGUSER", "PGPASSWORD", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGPASSFILE"} {
		t.Setenv(name, "/nonsense")
	}
	signed := httptest.NewTLSServer(nil) // its certificate is for example.com
	defer signed.Close()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed.Certificate().Raw})
	over := &tls.Config{Certificates: signed.TLS.Certificates}
	for name, test := range map[string]struct {
		mode      string
		authority []byte
		host      string
		change    func(*postgrestest.Server)
		want      postgres.Server
		error     string
	}{
		"in clear":          {mode: "disable", want: postgres.Server{Version: 160004, Encoding: "UTF8", MaxConnections: 100, Reserved: 3}},
		"no mode":           {want: postgres.Server{Version: 160004, Encoding: "UTF8", MaxConnections: 100, Reserved: 3}},
		"TLS":               {mode: "require", change: func(s *postgrestest.Server) { s.TLS = over }, want: postgres.Server{Version: 160004, Encoding: "UTF8", MaxConnections: 100, Reserved: 3, Encrypted: true}},
		"TLS refused":       {mode: "require", error: "server refused TLS connection"},
		"authority":         {mode: "verify-full", authority: authority, change: func(s *postgrestest.Server) { s.TLS = over }, want: postgres.Server{Version: 160004, Encoding: "UTF8", MaxConnections: 100, Reserved: 3, Encrypted: true}},
		"unknown authority": {mode: "verify-full", change: func(s *postgrestest.Server) { s.TLS = over }, error: "certificate signed by unknown authority"},
		"another name":      {mode: "verify-full", authority: authority, host: "db.internal", change: func(s *postgrestest.Server) { s.TLS = over }, error: "not db.internal"},
		"no PEM":            {mode: "verify-ca", authority: []byte("no"), error: "unable to add CA to cert pool"},
		"unknown mode":      {mode: "always", error: "sslmode is invalid"},
		"reserved":          {change: func(s *postgrestest.Server) { s.Row = []string{"170002", "SQL_ASCII", "50", "3", "7"} }, want: postgres.Server{Version: 170002, Encoding: "SQL_ASCII", MaxConnections: 50, Reserved: 10}},
		"another password":  {change: func(s *postgrestest.Server) { s.Password = "other" }, error: `password authentication failed for user "gateway's"`},
		"another shape":     {change: func(s *postgrestest.Server) { s.Row = []string{"1"} }, error: "another shape"},
		"no numbers":        {change: func(s *postgrestest.Server) { s.Row = []string{"a", "b", "c", "d", "e"} }, error: "no numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			server := postgrestest.New(password)
			if test.change != nil {
				test.change(&server)
			}
			settings := postgres.Settings{Host: "example.com", Port: "5433", User: "gateway's", Password: password, Database: `b\f`, SSLMode: test.mode, Authority: test.authority}
			if test.host != "" {
				settings.Host = test.host
			}
			got, err := postgres.Ask(t.Context(), settings, func(host, port string) (net.Conn, error) {
				require.Equal(t, settings.Host+":5433", host+":"+port)
				return server.Dial(), nil
			})
			if test.error == "" {
				require.NoError(t, err)
				require.Equal(t, test.want, got)
				return
			}
			require.ErrorContains(t, err, test.error)
			require.NotContains(t, err.Error(), password)
		})
	}
	_, err := postgres.Ask(t.Context(), postgres.Settings{Host: "h", Port: "5432"}, func(string, string) (net.Conn, error) { return nil, errors.New("no tunnel") })
	require.ErrorContains(t, err, "no tunnel")
}

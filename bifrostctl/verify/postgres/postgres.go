// Package postgres asks a PostgreSQL server what the gateway needs of it, over a connection that somebody else makes. It only reads.
package postgres

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Settings are those of a store of config.json: the connection is made as the gateway makes it.
type Settings struct {
	Host, Port, User, Password, Database string
	// SSLMode is the gateway's ssl_mode; empty is disable.
	SSLMode string
	// Authority are the certificates (PEM) that sign the server's; empty means those of this machine.
	Authority []byte
}

// Server is what the server says of itself.
type Server struct {
	// Version is such as 160004.
	Version  int
	Encoding string
	// MaxConnections is how many it takes, Reserved how many of them it keeps for superusers and the like.
	MaxConnections, Reserved int
	Encrypted                bool
}

// Dial makes a connection to a port of a host, which only its other end resolves.
type Dial func(host, port string) (net.Conn, error)

const (
	// connectTime is how long the way to the server, with its handshakes, may take.
	connectTime = 30 * time.Second

	// question are settings that every role may read.
	question = "select current_setting('server_version_num'), current_setting('server_encoding'), current_setting('max_connections')," +
		" current_setting('superuser_reserved_connections'), coalesce(current_setting('reserved_connections', true), '0')"
)

// Ask connects and asks. Its errors have the server's words, and no password.
func Ask(ctx context.Context, s Settings, dial Dial) (Server, error) {
	config, err := s.config()
	if err != nil {
		return Server{}, err
	}
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = func(context.Context, string, string) (net.Conn, error) { return dial(s.Host, s.Port) }
	connection, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return Server{}, err
	}
	defer connection.Close(ctx)
	results, err := connection.Exec(ctx, question).ReadAll()
	if err != nil {
		return Server{}, err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != 5 {
		return Server{}, fmt.Errorf("the server's answer has another shape than that of PostgreSQL")
	}
	row := results[0].Rows[0]
	server := Server{Encoding: string(row[1]), Encrypted: config.TLSConfig != nil}
	var numbers [4]int
	for i, text := range [][]byte{row[0], row[2], row[3], row[4]} {
		if numbers[i], err = strconv.Atoi(string(text)); err != nil {
			return Server{}, fmt.Errorf("the server's settings are no numbers: %w", err)
		}
	}
	server.Version, server.MaxConnections, server.Reserved = numbers[0], numbers[1], numbers[2]+numbers[3]
	return server, nil
}

// config says everything, so that no variable or file of the user's, such as PGHOST, says something else.
func (s Settings) config() (*pgconn.Config, error) {
	authority := ""
	if len(s.Authority) > 0 {
		file, err := os.CreateTemp("", "authority-*.pem")
		if err != nil {
			return nil, err
		}
		defer os.Remove(file.Name())
		if _, err := file.Write(s.Authority); err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		authority = file.Name()
	}
	mode := s.SSLMode
	if mode == "" {
		mode = "disable"
	}
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var settings []string
	for _, setting := range [][2]string{
		{"host", s.Host}, {"port", s.Port}, {"user", s.User}, {"dbname", s.Database}, {"sslmode", mode}, {"sslrootcert", authority},
		{"sslcert", ""}, {"sslkey", ""}, {"passfile", os.DevNull}, {"target_session_attrs", "any"},
	} {
		settings = append(settings, fmt.Sprintf("%s='%s'", setting[0], quote.Replace(setting[1])))
	}
	config, err := pgconn.ParseConfig(strings.Join(settings, " "))
	if err != nil {
		return nil, err
	}
	config.Password = s.Password
	config.ConnectTimeout = connectTime
	config.RuntimeParams = map[string]string{"application_name": "bifrostctl verify"}
	return config, nil
}

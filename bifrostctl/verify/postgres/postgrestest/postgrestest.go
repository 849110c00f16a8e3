// Package postgrestest speaks just enough of PostgreSQL's protocol for tests: TLS, a password, and one row of settings.
package postgrestest

import (
	"crypto/tls"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Server is a server that always says the same.
type Server struct {
	// Password lets in; every user may have it.
	Password string
	// Row is the answer to every query.
	Row []string
	// TLS is what it speaks after a client asks for it; nil refuses.
	TLS *tls.Config
}

// New is PostgreSQL 16.4 with UTF8, 100 connections, 3 of them for superusers.
func New(password string) Server {
	return Server{Password: password, Row: []string{"160004", "UTF8", "100", "3", "0"}}
}

// Dial makes a connection to it.
func (s Server) Dial() net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		_ = s.serve(theirs) // the client sees how it ended
	}()
	return ours
}

func (s Server) serve(connection net.Conn) error {
	backend := pgproto3.NewBackend(connection, connection)
	started, err := backend.ReceiveStartupMessage()
	if err != nil {
		return err
	}
	if _, wantsTLS := started.(*pgproto3.SSLRequest); wantsTLS {
		if s.TLS == nil {
			if _, err := io.WriteString(connection, "N"); err != nil {
				return err
			}
		} else {
			if _, err := io.WriteString(connection, "S"); err != nil {
				return err
			}
			connection = tls.Server(connection, s.TLS)
			backend = pgproto3.NewBackend(connection, connection)
		}
		if started, err = backend.ReceiveStartupMessage(); err != nil {
			return err
		}
	}
	backend.Send(&pgproto3.AuthenticationCleartextPassword{})
	if err := backend.Flush(); err != nil {
		return err
	}
	if err := backend.SetAuthType(pgproto3.AuthTypeCleartextPassword); err != nil {
		return err
	}
	said, err := backend.Receive()
	if err != nil {
		return err
	}
	if given, is := said.(*pgproto3.PasswordMessage); !is || given.Password != s.Password {
		user := started.(*pgproto3.StartupMessage).Parameters["user"]
		backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01",
			Message: `password authentication failed for user "` + user + `"`})
		return backend.Flush()
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	backend.Send(&pgproto3.BackendKeyData{SecretKey: make([]byte, 4)})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if err := backend.Flush(); err != nil {
		return err
	}
	return s.answer(backend)
}

// answer answers queries until the client leaves.
func (s Server) answer(backend *pgproto3.Backend) error {
	for {
		said, err := backend.Receive()
		if err != nil {
			return err
		}
		query, is := said.(*pgproto3.Query)
		if !is {
			return nil
		}
		if !strings.HasPrefix(query.String, "select ") {
			backend.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "42501", Message: "only settings are read here"})
		}
		row, names := &pgproto3.DataRow{}, &pgproto3.RowDescription{}
		for _, value := range s.Row {
			row.Values = append(row.Values, []byte(value))
			names.Fields = append(names.Fields, pgproto3.FieldDescription{Name: []byte("current_setting"), DataTypeOID: 25,
				DataTypeSize: -1, TypeModifier: -1})
		}
		backend.Send(names)
		backend.Send(row)
		backend.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if err := backend.Flush(); err != nil {
			return err
		}
	}
}

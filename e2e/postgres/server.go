// Package postgres runs a PostgreSQL of a version that the gateway takes, with TLS and an authority of its own, and lets it fail.
package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// superuser owns the server of the tests; its password is no secret outside of it.
const (
	superuser         = "postgres"
	superuserPassword = "fake-superuser-password"
)

// Config says where a server listens, and as what.
type Config struct {
	// Bin is the folder of PostgreSQL's programs, as Find finds it.
	Bin string
	// Address and Port are those that it listens on.
	Address string
	Port    int
	// Names are the host names of its certificate, beside localhost and its address. A name may begin with *.
	Names []string
}

// Server is a running PostgreSQL.
type Server struct {
	Config
	dir        string
	credential *syscall.Credential
}

// New makes a database cluster and starts its server. Close ends it.
func New(c Config) (*Server, error) {
	dir, err := os.MkdirTemp("", "bifrost-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{Config: c, dir: dir}
	password := filepath.Join(dir, "password")
	err = errors.Join(s.writeCertificates(), os.WriteFile(password, []byte(superuserPassword), 0o644), s.giveAway())
	if err == nil {
		err = s.run("initdb", "-D", s.data(), "-U", superuser, "-E", "UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync",
			"--pwfile="+password)
	}
	if err == nil {
		err = s.letIn()
	}
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// Close ends the server and removes what it kept.
func (s *Server) Close() error {
	return errors.Join(s.Stop(), os.RemoveAll(s.dir))
}

// letIn lets clients of every address in: initdb writes loopback's alone.
func (s *Server) letIn() error {
	rules, err := os.OpenFile(filepath.Join(s.data(), "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = rules.WriteString("host all all all scram-sha-256\n")
	return errors.Join(err, rules.Close())
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// giveAway hands the folder to an unprivileged user where the tests are root: PostgreSQL refuses root.
func (s *Server) giveAway() error {
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return fmt.Errorf("PostgreSQL does not run as root, and there is no user nobody: %w", err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	s.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	walked := filepath.Walk(s.dir, func(path string, _ os.FileInfo, err error) error {
		return errors.Join(err, os.Chown(path, uid, gid))
	})
	return errors.Join(walked, os.Chmod(s.dir, 0o755))
}

func (s *Server) run(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.Bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + s.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential}
	// A file: the server keeps the output open after pg_ctl has ended.
	output, err := os.CreateTemp("", "bifrost-postgres-output-")
	if err != nil {
		return err
	}
	defer os.Remove(output.Name())
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(output.Name())
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("%s in %s, which everybody must be able to read: %w: %s%s", name, s.Bin, err, bytes.TrimSpace(said), log)
	}
	return nil
}

// Start starts a server that was stopped.
func (s *Server) Start() error {
	options := fmt.Sprintf("-p %d -c listen_addresses=%s -c unix_socket_directories='' -c fsync=off -c max_connections=300"+
		" -c ssl=on -c ssl_cert_file=%[3]s/server.crt -c ssl_key_file=%[3]s/server.key", s.Port, s.Address, s.dir)
	return s.run("pg_ctl", "-D", s.data(), "-w", "-t", "60", "-l", filepath.Join(s.dir, "log"), "-o", options, "start")
}

// Stop ends the server at once, as an outage does: clients find nobody who listens. It may be stopped already.
func (s *Server) Stop() error {
	if _, err := os.Stat(s.pidFile()); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return s.run("pg_ctl", "-D", s.data(), "-w", "-m", "immediate", "stop")
}

func (s *Server) pidFile() string { return filepath.Join(s.data(), "postmaster.pid") }

// Freeze lets the server hang: its connections stay, the system takes new ones, and nobody answers.
func (s *Server) Freeze() error { return s.signal(syscall.SIGSTOP) }

// Thaw ends what Freeze began.
func (s *Server) Thaw() error { return s.signal(syscall.SIGCONT) }

// signal goes to the server and to all of its processes, each of which leads a group of its own. The server is the first: while it stands
// still it makes no more of them.
func (s *Server) signal(signal syscall.Signal) error {
	text, err := os.ReadFile(s.pidFile())
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return err
	}
	for _, child := range strings.Fields(string(children)) {
		pid, _ := strconv.Atoi(child)
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// Connect opens a connection of the superuser.
func (s *Server) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s sslmode=require",
		s.Address, s.Port, superuser, superuserPassword, database))
}

// Provide makes empty databases, owned by a user with that password. Whoever uses those of the same names is thrown out.
func (s *Server) Provide(ctx context.Context, name, password string, databases ...string) error {
	connection, err := s.Connect(ctx, superuser)
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	var known bool
	if err := connection.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name).Scan(&known); err != nil {
		return err
	}
	verb, owner := "CREATE", pgx.Identifier{name}.Sanitize()
	if known {
		verb = "ALTER"
	}
	statements := []string{fmt.Sprintf("%s ROLE %s LOGIN PASSWORD '%s'", verb, owner, strings.ReplaceAll(password, "'", "''"))}
	for _, database := range databases {
		quoted := pgx.Identifier{database}.Sanitize()
		statements = append(statements, "DROP DATABASE IF EXISTS "+quoted+" WITH (FORCE)", "CREATE DATABASE "+quoted+" OWNER "+owner)
	}
	for _, statement := range statements {
		if _, err := connection.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", strings.Fields(statement)[:2], err)
		}
	}
	return nil
}

package gateway

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// superuser owns the server of the tests; its password is no secret outside of it.
const (
	superuser         = "postgres"
	superuserPassword = "fake-superuser-password"
)

// server is a PostgreSQL on loopback that speaks TLS, with a certificate of an authority of its own.
type server struct {
	bin, dir string
	port     int
	// authority is the file with the certificate of the authority.
	authority  string
	credential *syscall.Credential
}

// newServer makes a database cluster and starts its server; the test's end stops it.
func newServer(t testing.TB) *server {
	t.Helper()
	bin, err := postgresBin()
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "bifrost-postgres-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{bin: bin, dir: dir, port: freePort(t), authority: filepath.Join(dir, "ca.crt")}
	s.writeCertificates(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "password"), []byte(superuserPassword), 0o644))
	s.giveAway(t)
	s.must(t, "initdb", "-D", s.data(), "-U", superuser, "-E", "UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync",
		"--pwfile="+filepath.Join(dir, "password"))
	s.start(t)
	t.Cleanup(func() { s.stop(t) })
	return s
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

// giveAway hands the folder to an unprivileged user where the tests are root: PostgreSQL refuses root.
func (s *server) giveAway(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	nobody, err := user.Lookup("nobody")
	require.NoError(t, err, "PostgreSQL does not run as root, and there is no user nobody")
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	s.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	require.NoError(t, filepath.Walk(s.dir, func(path string, _ os.FileInfo, err error) error {
		return errors.Join(err, os.Chown(path, uid, gid))
	}))
	require.NoError(t, os.Chmod(s.dir, 0o755))
}

func (s *server) run(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
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
		return fmt.Errorf("%s: %w: %s%s", name, err, bytes.TrimSpace(said), log)
	}
	return nil
}

func (s *server) must(t testing.TB, name string, args ...string) {
	t.Helper()
	require.NoError(t, s.run(name, args...), "the programs in %s must be readable for everybody", s.bin)
}

func (s *server) start(t testing.TB) {
	t.Helper()
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=300"+
		" -c ssl=on -c ssl_cert_file=%[2]s/server.crt -c ssl_key_file=%[2]s/server.key", s.port, s.dir)
	s.must(t, "pg_ctl", "-D", s.data(), "-w", "-t", "60", "-l", filepath.Join(s.dir, "log"), "-o", options, "start")
}

// stop ends the server at once, as an outage does; it may be stopped already.
func (s *server) stop(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(s.data(), "postmaster.pid")); err != nil {
		return
	}
	s.must(t, "pg_ctl", "-D", s.data(), "-w", "-m", "immediate", "stop")
}

// connect opens a connection of the superuser.
func (s *server) connect(t testing.TB, database string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	connection, err := pgx.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s dbname=%s sslmode=require",
		s.port, superuser, superuserPassword, database))
	require.NoError(t, err)
	return connection
}

// provide makes the databases, owned by a user with that password.
func (s *server) provide(t testing.TB, name, password string, databases ...string) {
	t.Helper()
	connection := s.connect(t, superuser)
	defer connection.Close(t.Context())
	quoted := pgx.Identifier{name}.Sanitize()
	exec := func(sql string) {
		_, err := connection.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	var known bool
	require.NoError(t, connection.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name).Scan(&known))
	verb := "CREATE"
	if known {
		verb = "ALTER"
	}
	exec(fmt.Sprintf("%s ROLE %s LOGIN PASSWORD '%s'", verb, quoted, password))
	for _, database := range databases {
		exec("DROP DATABASE IF EXISTS " + pgx.Identifier{database}.Sanitize() + " WITH (FORCE)")
		exec("CREATE DATABASE " + pgx.Identifier{database}.Sanitize() + " OWNER " + quoted)
	}
}

// writeCertificates makes the authority and the server's certificate, for localhost and 127.0.0.1.
func (s *server) writeCertificates(t testing.TB) {
	t.Helper()
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "PostgreSQL of the tests"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	require.NoError(t, err)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, authority, &leafKey.PublicKey, authorityKey)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	require.NoError(t, err)
	for _, file := range []struct {
		name, kind string
		der        []byte
		mode       os.FileMode
	}{
		{"ca.crt", "CERTIFICATE", authorityDER, 0o644},
		{"server.crt", "CERTIFICATE", leafDER, 0o644},
		{"server.key", "PRIVATE KEY", keyDER, 0o600},
	} {
		text := pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.der})
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, file.name), text, file.mode))
	}
}

// freePort is a port of loopback that nobody listens on, below those that the system gives to connections.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 15000 + mathrand.IntN(15000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		require.NoError(t, listener.Close())
		return port
	}
	t.Fatal("no free port between 15000 and 30000")
	return 0
}

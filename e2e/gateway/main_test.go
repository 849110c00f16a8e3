package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/postgres"
)

// bench is a program under test, and what its cases share.
type bench struct {
	name, program string
	// postgres starts the server of the cases that do not stop it, once.
	postgres func() *postgres.Server
	provider *provider
}

const standInVariable, realVariable = "STANDIN_BINARY", "BIFROST_BINARY"

// TestMain says at the end who judged.
func TestMain(m *testing.M) {
	code := m.Run()
	switch real := os.Getenv(realVariable); {
	case real != "":
		fmt.Printf("The cases were judged by the stand-in and by %s.\n", real)
	default:
		fmt.Printf("The cases were judged by the stand-in alone: %s names no gateway.\n", realVariable)
	}
	if _, err := postgresBin(); err != nil {
		fmt.Printf("Those with PostgreSQL were skipped: %v.\n", err)
	}
	os.Exit(code)
}

// each runs a test on the stand-in and on the real gateway, as far as they are there.
func each(t *testing.T, test func(t *testing.T, on *bench)) {
	for _, program := range []struct{ name, path string }{
		{"stand-in", os.Getenv(standInVariable)}, {"gateway", os.Getenv(realVariable)},
	} {
		if program.path == "" {
			continue
		}
		if _, err := exec.LookPath(program.path); err != nil {
			t.Fatalf("%s is no program: %v", program.path, err)
		}
		t.Run(program.name, func(t *testing.T) {
			test(t, newBench(t, program.name, program.path))
		})
	}
}

func newBench(t testing.TB, name, program string) *bench {
	server := sync.OnceValue(func() *postgres.Server { return newServer(t) })
	return &bench{name: name, program: program, postgres: server, provider: newProvider(t)}
}

var postgresBin = sync.OnceValues(func() (string, error) { return postgres.Find(filepath.Join("..", ".bin")) })

// newServer starts a PostgreSQL on loopback; the test's end stops it.
func newServer(t testing.TB) *postgres.Server {
	t.Helper()
	bin, err := postgresBin()
	require.NoError(t, err)
	s, err := postgres.New(postgres.Config{Bin: bin, Address: "127.0.0.1", Port: freePort(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// needPostgres skips a case where there is no PostgreSQL; on CI it fails.
func (b *bench) needPostgres(t testing.TB) {
	t.Helper()
	if _, err := postgresBin(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// site is where one case takes place: a data folder and a database of its own.
type site struct {
	bench    *bench
	dir      string
	database string
	server   *postgres.Server
	// host is the address of loopback that the gateway listens on.
	host string
	// withoutFlags leaves the program to its variables.
	withoutFlags bool
}

func (b *bench) site(t testing.TB) *site {
	t.Helper()
	return &site{bench: b, dir: t.TempDir(), database: "bifrost", host: "127.0.0.1"}
}

// launch starts the program from a document of the table.
func (s *site) launch(t testing.TB, config document, env map[string]string) *process {
	t.Helper()
	text, err := json.Marshal(config)
	require.NoError(t, err)
	replace := []string{"$UPSTREAM", s.bench.provider.URL, "$DIR", s.dir, "$DATABASE", s.database}
	if strings.Contains(string(text), `"postgres"`) {
		if s.server == nil {
			s.server = s.bench.postgres()
			require.NoError(t, s.server.Provide(t.Context(), "bifrost", pgPassword, s.database))
		}
		authority := s.server.Authority()
		replace = append(replace, "$PG_PORT", strconv.Itoa(s.server.Port), "$AUTHORITY", authority, "$AUTHORITIES", filepath.Dir(authority))
	}
	placeholders := strings.NewReplacer(replace...)
	all := map[string]string{
		"BIFROST_ENCRYPTION_KEY": encryptionKey, "BIFROST_ADMIN_USERNAME": "admin", "BIFROST_ADMIN_PASSWORD": adminPassword,
		"APP_KEY": appKey, "OPENAI_API_KEY": providerKey, "PG_PASSWORD": pgPassword,
	}
	maps.Copy(all, env)
	for name, value := range all {
		all[name] = placeholders.Replace(value)
	}
	return s.launchText(t, placeholders.Replace(string(text)), all)
}

// launchText starts the program from the text of config.json.
func (s *site) launchText(t testing.TB, config string, env map[string]string) *process {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "config.json"), []byte(config), 0o600))
	port := strconv.Itoa(freePort(t))
	var args []string
	if !s.withoutFlags {
		// The image's entrypoint hands the same flags over.
		args = []string{"-app-dir", s.dir, "-host", s.host, "-port", port, "-log-level", "info", "-log-style", "json"}
	}
	return launch(t, s.bench.program, s.dir, "http://"+net.JoinHostPort(s.host, port), args, env)
}

// up starts the program and waits until it answers.
func (s *site) up(t testing.TB, config document, env map[string]string) *process {
	t.Helper()
	p := s.launch(t, config, env)
	require.NoError(t, p.ready(t.Context()))
	return p
}

// freePort is a port of loopback that nobody listens on, below those that the system gives to connections.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 15000 + rand.IntN(15000)
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

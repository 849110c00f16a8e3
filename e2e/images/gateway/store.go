package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers the driver sqlite
)

// Defaults of both pools of a process.
const (
	maxOpenConns = 50
	maxIdleConns = 5
)

// store is a database. Its statements run on PostgreSQL and on SQLite alike.
type store struct {
	*sql.DB
	postgres bool
}

// schema are the tables of a store, and how long a process waits for another one that makes them.
type schema struct {
	name   string
	lock   int64
	wait   time.Duration
	oldest int // version of PostgreSQL, as server_version_num
	tables []string
}

var configSchema = schema{name: "configstore", lock: 1000001, wait: time.Minute, tables: []string{
	`CREATE TABLE IF NOT EXISTS standin_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS standin_virtual_keys (id TEXT PRIMARY KEY, value TEXT NOT NULL, config TEXT NOT NULL, hash TEXT NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS standin_sessions (token TEXT PRIMARY KEY, expires BIGINT NOT NULL)`,
}}

var logsSchema = schema{name: "logstore", lock: 1000011, wait: 5 * time.Minute, oldest: 160000, tables: []string{
	`CREATE TABLE IF NOT EXISTS standin_logs (at BIGINT NOT NULL, model TEXT NOT NULL, status BIGINT NOT NULL)`,
}}

// openStore connects, and makes the tables; with noMigrate they must be there.
func openStore(ctx context.Context, c *storeConfig, tables schema, noMigrate bool) (*store, error) {
	logLine("info", "connecting to %s database", c.Type)
	connect := c.SQLite.open
	if c.Type == "postgres" {
		connect = c.Postgres.open
	}
	s, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, tables, noMigrate); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (c *sqliteConfig) open(ctx context.Context) (*store, error) {
	// The driver would take an empty path for a database in memory, and makes no file before the first statement.
	file, err := os.OpenFile(c.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+c.Path+"?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	return &store{DB: db}, db.PingContext(ctx)
}

func (c *postgresConfig) open(ctx context.Context) (*store, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	lifetime, err := time.ParseDuration(c.ConnMaxLifetime)
	if err != nil && c.ConnMaxLifetime != "" {
		return nil, fmt.Errorf("invalid conn_max_lifetime: %w", err)
	}
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var words []string
	for _, word := range []struct {
		name  string
		value *reference
	}{{"host", c.Host}, {"port", c.Port}, {"user", c.User}, {"password", c.Password}, {"dbname", c.DBName}, {"sslmode", c.SSLMode}} {
		words = append(words, word.name+"='"+quote.Replace(word.value.value())+"'")
	}
	// PGSSLROOTCERT and its like are read here, as by the gateway, which has the same driver.
	parsed, err := pgx.ParseConfig(strings.Join(words, " "))
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*parsed)
	db.SetMaxOpenConns(orDefault(c.MaxOpenConns, maxOpenConns))
	db.SetMaxIdleConns(orDefault(c.MaxIdleConns, maxIdleConns))
	db.SetConnMaxLifetime(lifetime)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &store{DB: db, postgres: true}, nil
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// prepare makes the tables while it holds the lock of all processes.
func (s *store) prepare(ctx context.Context, tables schema, noMigrate bool) error {
	if noMigrate {
		return s.migrated(ctx, tables)
	}
	if !s.postgres {
		return s.create(ctx, s.DB, tables)
	}
	if err := s.recent(ctx, tables); err != nil {
		return err
	}
	// The lock is the session's: one connection holds it to the end.
	connection, err := s.Conn(ctx)
	if err != nil {
		return err
	}
	defer connection.Close()
	waiting, cancel := context.WithTimeout(ctx, tables.wait)
	defer cancel()
	for {
		var locked bool
		if err := connection.QueryRowContext(waiting, "SELECT pg_try_advisory_lock($1)", tables.lock).Scan(&locked); err != nil {
			return fmt.Errorf("%s: failed to acquire the migration lock: %w", tables.name, err)
		}
		if locked {
			break
		}
		select {
		case <-waiting.Done():
			return fmt.Errorf("%s: failed to acquire the migration lock within %s", tables.name, tables.wait)
		case <-time.After(100 * time.Millisecond):
		}
	}
	err = s.create(ctx, connection, tables)
	_, unlocked := connection.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", tables.lock)
	return errors.Join(err, unlocked)
}

type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *store) create(ctx context.Context, on executor, tables schema) error {
	for _, table := range tables.tables {
		if _, err := on.ExecContext(ctx, table); err != nil {
			return fmt.Errorf("%s: schema migrations failed: %w", tables.name, err)
		}
	}
	return nil
}

// migrated tells whether another process has made the tables.
func (s *store) migrated(ctx context.Context, tables schema) error {
	for _, table := range tables.tables {
		name := strings.Fields(table)[5]
		var count int
		if err := s.QueryRowContext(ctx, "SELECT count(*) FROM "+name).Scan(&count); err != nil {
			return fmt.Errorf("%s: BIFROST_NO_MIGRATE is set and the database is not migrated: %w", tables.name, err)
		}
	}
	return nil
}

func (s *store) recent(ctx context.Context, tables schema) error {
	if tables.oldest == 0 {
		return nil
	}
	var text string
	if err := s.QueryRowContext(ctx, "SHOW server_version_num").Scan(&text); err != nil {
		return err
	}
	if version, _ := strconv.Atoi(text); version < tables.oldest {
		return errors.New("postgres version is lower than 16, please upgrade to 16 or higher")
	}
	return nil
}

// setting reads a value, empty where there is none.
func (s *store) setting(ctx context.Context, name string) (string, error) {
	var value string
	err := s.QueryRowContext(ctx, "SELECT value FROM standin_settings WHERE name = $1", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

func (s *store) set(ctx context.Context, name, value string) error {
	upsert := "INSERT INTO standin_settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
	_, err := s.ExecContext(ctx, upsert, name, value)
	return err
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
)

// storeConfig is config_store or logs_store.
type storeConfig struct {
	Enabled  bool
	Type     string
	SQLite   sqliteConfig
	Postgres postgresConfig
}

type sqliteConfig struct {
	Path string `json:"path"`
}

type postgresConfig struct {
	Host            *reference `json:"host"`
	Port            *reference `json:"port"`
	User            *reference `json:"user"`
	Password        *reference `json:"password"`
	DBName          *reference `json:"db_name"`
	SSLMode         *reference `json:"ssl_mode"`
	MaxIdleConns    int        `json:"max_idle_conns"`
	MaxOpenConns    int        `json:"max_open_conns"`
	ConnMaxLifetime string     `json:"conn_max_lifetime"`
}

// readStore reads a section; nil is one that is not there. The configuration of a store that is not enabled is not looked at.
func readStore(name string, section json.RawMessage) (*storeConfig, error) {
	if len(section) == 0 || string(section) == "null" {
		return nil, nil
	}
	var raw struct {
		Enabled bool            `json:"enabled"`
		Type    string          `json:"type"`
		Config  json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(section, &raw); err != nil {
		return nil, err
	}
	store := &storeConfig{Enabled: raw.Enabled, Type: raw.Type}
	if !raw.Enabled {
		return store, nil
	}
	var into any
	switch raw.Type {
	case "sqlite":
		into = &store.SQLite
	case "postgres":
		into = &store.Postgres
	default:
		return nil, fmt.Errorf("unknown %s type: %s", name, raw.Type)
	}
	if err := json.Unmarshal(raw.Config, into); err != nil {
		return nil, fmt.Errorf("failed to unmarshal %s config: %w", raw.Type, err)
	}
	return store, nil
}

// sqliteIn is the store that stands in for a section that is not there.
func sqliteIn(dir, file string) *storeConfig {
	return &storeConfig{Enabled: true, Type: "sqlite", SQLite: sqliteConfig{Path: filepath.Join(dir, file)}}
}

// check demands what a connection needs.
func (c *postgresConfig) check() error {
	for _, field := range []struct {
		name  string
		value *reference
	}{{"host", c.Host}, {"port", c.Port}, {"user", c.User}, {"db name", c.DBName}, {"ssl mode", c.SSLMode}} {
		if field.value.value() == "" {
			return fmt.Errorf("postgres %s is required", field.name)
		}
	}
	if c.Password == nil {
		return errors.New("postgres password is required")
	}
	return nil
}

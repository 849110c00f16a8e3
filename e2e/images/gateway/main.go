// Command gateway stands in for the Bifrost gateway in the tests. It reads the same config.json, flags and variables, exits on what the
// gateway exits on, leaves open what the gateway leaves open, keeps virtual keys in PostgreSQL or SQLite, and forwards chat completions.
// ../../gateway holds it against a build of the open-source gateway, version 1.5.16. What Enterprise adds is from the vendor's
// documentation alone: clustering, the broker, BIFROST_MIGRATE_ONLY and BIFROST_NO_MIGRATE. What members of a cluster say to each other
// on the documented ports is the stand-in's own.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// settings are what the program is told outside of config.json.
type settings struct {
	dir, host, port string
	// migrateOnly ends after the migrations, noMigrate starts without.
	migrateOnly, noMigrate bool
	broker                 bool
}

func main() {
	s := settings{
		migrateOnly: os.Getenv("BIFROST_MIGRATE_ONLY") == "1", noMigrate: os.Getenv("BIFROST_NO_MIGRATE") == "1",
	}
	// The image's entrypoint hands its variables over as flags; this program has none, and reads them itself.
	flag.StringVar(&s.dir, "app-dir", cmp.Or(os.Getenv("APP_DIR"), "/app/data"), "data folder, with config.json")
	flag.StringVar(&s.host, "host", cmp.Or(os.Getenv("APP_HOST"), "0.0.0.0"), "address to listen on")
	flag.StringVar(&s.port, "port", cmp.Or(os.Getenv("APP_PORT"), "8080"), "port to listen on")
	mode := flag.String("mode", os.Getenv("BIFROST_MODE"), "broker: relay between the nodes of a cluster, and nothing else")
	flag.String("log-level", "info", "taken for compatibility")
	flag.String("log-style", "json", "taken for compatibility")
	flag.Parse()
	s.broker = *mode == "broker"

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		logLine("error", "failed to bootstrap server: %v", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	if err := os.MkdirAll(filepath.Join(s.dir, "logs"), 0o755); err != nil {
		return fmt.Errorf("failed to create app directory %s: %v", s.dir, err)
	}
	c, err := readConfiguration(filepath.Join(s.dir, "config.json"))
	if err != nil {
		return fmt.Errorf("failed to load config %v", err)
	}
	if s.broker {
		return runBroker(ctx, s, c)
	}
	g, err := open(ctx, s, c)
	if err != nil {
		return err
	}
	if s.migrateOnly {
		logLine("info", "migrations are complete")
		return nil
	}
	return g.serve(ctx, s)
}

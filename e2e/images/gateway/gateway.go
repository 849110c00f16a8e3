package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// gateway is a process that has read its configuration.
type gateway struct {
	config      *configuration
	configStore *store // nil where it is disabled
	logsStore   *store // nil where it is disabled
	sealer      sealer
	login       *login // nil: the administration is open
	governance  *governance
	plugins     []pluginStatus
	cluster     cluster
	logs        sync.WaitGroup
	requests    counter
}

// login is the administrator's, as the store has it. A password that nobody gave has no hash.
type login struct {
	Enabled  bool   `json:"enabled"`
	Username string `json:"username"`
	Hash     string `json:"hash"`
}

type pluginStatus struct {
	Name   string `json:"name"`
	Status struct {
		Status string   `json:"status"`
		Logs   []string `json:"logs"`
	} `json:"status"`
}

// open opens the stores and reads them, in the gateway's order.
func open(ctx context.Context, s settings, c *configuration) (*gateway, error) {
	g := &gateway{config: c, sealer: sealer{c.EncryptionKey.value()}}
	if c.ConfigStore == nil {
		c.ConfigStore = sqliteIn(s.dir, "config.db")
	}
	if c.LogsStore == nil {
		c.LogsStore = sqliteIn(s.dir, "logs.db")
	}
	var err error
	if c.ConfigStore.Enabled {
		if g.configStore, err = openStore(ctx, c.ConfigStore, configSchema, s.noMigrate); err != nil {
			return nil, fmt.Errorf("failed to load config %w", err)
		}
	}
	if c.LogsStore.Enabled {
		if g.logsStore, err = openStore(ctx, c.LogsStore, logsSchema, s.noMigrate); err != nil {
			return nil, fmt.Errorf("failed to load config %w", err)
		}
	}
	if s.migrateOnly {
		return g, nil
	}
	if c.Governance != nil {
		if err := c.Governance.check(); err != nil {
			fatal("failed to sync governance config: %v", err)
		}
	}
	if err := g.loadLogin(ctx); err != nil {
		return nil, err
	}
	if err := g.priceLists(ctx); err != nil {
		fatal("failed to initialize pricing manager: failed to sync pricing data: "+
			"failed to load pricing data from URL and no existing data available: failed to download pricing data: %v", err)
	}
	if err := g.loadGovernance(ctx); err != nil {
		return nil, err
	}
	g.loadPlugins()
	return g, nil
}

// loadLogin writes auth_config to the store, and takes what the store has where the file has none.
func (g *gateway) loadLogin(ctx context.Context) error {
	auth := g.config.auth()
	if g.configStore == nil {
		return nil
	}
	switch {
	case auth == nil:
	case auth.Username == nil || auth.Password == nil:
		logLine("warn", "auth config is missing admin_username or admin_password, skipping auth config processing")
	default:
		text, _ := json.Marshal(login{auth.Enabled, auth.Username.value(), hashed(auth.Password.value())})
		if err := g.configStore.set(ctx, "login", string(text)); err != nil {
			return err
		}
	}
	text, err := g.configStore.setting(ctx, "login")
	if err != nil || text == "" {
		return err
	}
	g.login = &login{}
	return json.Unmarshal([]byte(text), g.login)
}

func hashed(password string) string {
	if password == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// errNoPassword is why nobody can log in.
var errNoPassword = errors.New("there is no password to compare with")

func (l *login) accepts(username, password string) (bool, error) {
	if username != l.Username {
		return false, nil
	}
	if l.Hash == "" {
		return false, errNoPassword
	}
	return subtle.ConstantTimeCompare([]byte(hashed(password)), []byte(l.Hash)) == 1, nil
}

// priceLists are fetched where the store has none: later starts do without.
func (g *gateway) priceLists(ctx context.Context) error {
	if g.configStore != nil {
		if prices, err := g.configStore.setting(ctx, "prices"); err != nil || prices != "" {
			return err
		}
	}
	url := g.config.Framework.Pricing.URL
	if url == "" {
		url = "https://getbifrost.ai/datasheet"
	}
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, (&reference{url}).value(), nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Timeout: 45 * time.Second}).Do(asked)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	var prices map[string]any
	if err = errors.Join(err, json.Unmarshal(text, &prices)); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %w", url, answer.Status, err)
	}
	if g.configStore == nil {
		return nil
	}
	return g.configStore.set(ctx, "prices", string(text))
}

// loadGovernance reads the virtual keys. Where they cannot be read there is no governance, and inference is open: the gateway's way.
func (g *gateway) loadGovernance(ctx context.Context) error {
	if g.configStore == nil {
		if g.config.Governance != nil || g.config.Auth != nil {
			return errors.New("failed to initialize routes: failed to initialize governance handler: config store is required")
		}
		logLine("error", "failed to initialize governance plugin: governance config is nil")
		logLine("error", "auth middleware requires config store, skipping auth middleware initialization")
		return nil
	}
	keys, err := loadKeys(ctx, g.configStore, g.sealer)
	if err == nil {
		authoritative := g.config.SourceOfTruth == "config.json"
		if err := mergeKeys(ctx, g.configStore, g.sealer, g.config.Governance, authoritative); err != nil {
			fatal("failed to sync governance config: %v", err)
		}
		keys, err = loadKeys(ctx, g.configStore, g.sealer)
	}
	if err != nil {
		logLine("error", "failed to initialize governance plugin: %v", err)
		return nil
	}
	g.governance = &governance{keys: keys, limits: map[string]rateLimit{}, used: map[string]*window{}}
	if g.config.Governance != nil {
		for _, limit := range g.config.Governance.RateLimits {
			g.governance.limits[limit.ID] = limit
		}
	}
	return nil
}

// reload reads the virtual keys again, after a peer wrote one.
func (g *gateway) reload(ctx context.Context) {
	if g.governance == nil {
		return
	}
	keys, err := loadKeys(ctx, g.configStore, g.sealer)
	if err != nil {
		logLine("error", "failed to reload virtual keys: %v", err)
		return
	}
	g.governance.mu.Lock()
	defer g.governance.mu.Unlock()
	g.governance.keys = keys
}

// builtinPlugins are those that need no file.
var builtinPlugins = []string{
	"telemetry", "logging", "governance", "compat", "model-catalog-resolver", "otel", "semantic_cache", "maxim", "mocker", "prompts",
}

// loadPlugins leaves out what does not start, and says so in the log and to whoever asks.
func (g *gateway) loadPlugins() {
	for _, p := range g.config.Plugins {
		if !p.Enabled {
			continue
		}
		problem := ""
		switch {
		case p.Path == "" && !slices.Contains(builtinPlugins, p.Name):
			problem = fmt.Sprintf("failed to load plugin %s: unknown built-in plugin: %[1]s", p.Name)
		case p.Name == "semantic_cache" && (g.config.VectorStore == nil || !g.config.VectorStore.Enabled):
			problem = "failed to initialize semantic_cache plugin: store is required"
		case p.Name == "otel" && !hasCollector(p.Config):
			problem = "failed to initialize otel plugin: profile 0: collector url is required"
		}
		status := pluginStatus{Name: p.Name}
		status.Status.Status = "active"
		if problem != "" {
			logLine("error", "%s", problem)
			status.Status.Status, status.Status.Logs = "error", []string{problem}
		}
		g.plugins = append(g.plugins, status)
	}
	for _, c := range g.config.MCP.Clients {
		if !slices.Contains([]string{"http", "stdio", "sse", "inprocess"}, c.Type) {
			logLine("error", "MCP client %s: unknown connection type: %s", c.Name, c.Type)
		}
	}
}

// hasCollector looks for collector_url, of the configuration itself or of its profiles.
func hasCollector(config map[string]any) bool {
	profiles, _ := config["profiles"].([]any)
	for _, p := range append(profiles, config) {
		if profile, _ := p.(map[string]any); profile["collector_url"] != nil {
			return true
		}
	}
	return false
}

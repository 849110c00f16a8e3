package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// governanceConfig is what the file says of virtual keys and their limits.
type governanceConfig struct {
	Auth        *authConfig       `json:"auth_config"`
	VirtualKeys []json.RawMessage `json:"virtual_keys"`
	RateLimits  []rateLimit       `json:"rate_limits"`
	Budgets     []struct {
		ID            string `json:"id"`
		ResetDuration string `json:"reset_duration"`
	} `json:"budgets"`
}

type rateLimit struct {
	ID            string `json:"id"`
	RequestMax    *int   `json:"request_max_limit"`
	RequestReset  string `json:"request_reset_duration"`
	TokenReset    string `json:"token_reset_duration"`
	resetInterval time.Duration
}

// virtualKey is one, as the file or the administration has it.
type virtualKey struct {
	ID              string           `json:"id"`
	Name            string           `json:"name"`
	Value           *reference       `json:"value,omitempty"`
	Active          *bool            `json:"is_active,omitempty"`
	RateLimitID     string           `json:"rate_limit_id,omitempty"`
	ProviderConfigs []providerConfig `json:"provider_configs"`
	text            string           // its value
}

type providerConfig struct {
	Provider      string   `json:"provider"`
	AllowedModels []string `json:"allowed_models"`
}

// governance decides who may ask for what. What it knows is what the store held when it was read.
type governance struct {
	mu     sync.Mutex
	keys   map[string]*virtualKey // by value
	limits map[string]rateLimit
	used   map[string]*window // by virtual key's id
}

// window counts the requests since its begin.
type window struct {
	began time.Time
	count int
}

// duration parses an interval as the gateway does: Go's form, or a number of d, w, M, Y.
func duration(text string) (time.Duration, error) {
	units := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'M': 30 * 24 * time.Hour, 'Y': 365 * 24 * time.Hour}
	if text == "" {
		return 0, fmt.Errorf("duration is empty")
	}
	last := len(text) - 1
	if unit, ok := units[text[last]]; ok {
		n, err := time.ParseDuration(text[:last] + "h")
		return time.Duration(n.Hours()) * unit, err
	}
	return time.ParseDuration(text)
}

// check refuses what the gateway cannot write to its store.
func (c *governanceConfig) check() error {
	limits := map[string]bool{}
	for i, limit := range c.RateLimits {
		for _, text := range []string{limit.RequestReset, limit.TokenReset} {
			if _, err := duration(text); err != nil && text != "" {
				return fmt.Errorf("failed to create rate limit %s: invalid reset duration format: %s", limit.ID, text)
			}
		}
		c.RateLimits[i].resetInterval, _ = duration(limit.RequestReset)
		limits[limit.ID] = true
	}
	for _, budget := range c.Budgets {
		if _, err := duration(budget.ResetDuration); err != nil {
			return fmt.Errorf("failed to create budget %s: invalid reset duration format: %s", budget.ID, budget.ResetDuration)
		}
	}
	for _, text := range c.VirtualKeys {
		var key virtualKey
		if err := json.Unmarshal(text, &key); err != nil {
			return mismatch(err)
		}
		if key.RateLimitID != "" && !limits[key.RateLimitID] {
			return fmt.Errorf("failed to create virtual key %s: FOREIGN KEY constraint failed", key.ID)
		}
	}
	return nil
}

// saveKey writes a virtual key; hash is of its text in the file, empty for one that the administration made.
func saveKey(ctx context.Context, on executor, s sealer, key *virtualKey, hash string) error {
	value, err := s.seal(key.text)
	if err != nil {
		return err
	}
	config, err := json.Marshal(key)
	if err != nil {
		return err
	}
	upsert := `INSERT INTO standin_virtual_keys (id, value, config, hash) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET value = excluded.value, config = excluded.config, hash = excluded.hash`
	_, err = on.ExecContext(ctx, upsert, key.ID, value, string(config), hash)
	return err
}

// mergeKeys brings the file's virtual keys into the store. An authoritative file replaces what the store has; another one is merged by
// the hash of each key's text, so that what the text refers to is read once.
func mergeKeys(ctx context.Context, db *store, s sealer, file *governanceConfig, authoritative bool) error {
	if file == nil {
		return nil
	}
	known, err := storedHashes(ctx, db)
	if err != nil {
		return err
	}
	transaction, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer transaction.Rollback() //nolint:errcheck // of a committed one
	for _, text := range file.VirtualKeys {
		key := &virtualKey{}
		if err := json.Unmarshal(text, key); err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		hash := hex.EncodeToString(sum[:])
		old, stored := known[key.ID]
		delete(known, key.ID)
		if stored && old == hash && !authoritative {
			continue
		}
		if key.text = key.Value.value(); !strings.HasPrefix(key.text, virtualKeyPrefix) {
			logLine("warn", "the value of virtual key %s does not begin with %s, generating another", key.ID, virtualKeyPrefix)
			key.text = newVirtualKey()
		}
		key.Value = nil
		if err := saveKey(ctx, transaction, s, key, hash); err != nil {
			return fmt.Errorf("failed to create virtual key %s: %w", key.ID, err)
		}
	}
	if authoritative {
		for id := range known {
			if _, err := transaction.ExecContext(ctx, "DELETE FROM standin_virtual_keys WHERE id = $1", id); err != nil {
				return err
			}
		}
	}
	return transaction.Commit()
}

func storedHashes(ctx context.Context, db *store) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT id, hash FROM standin_virtual_keys")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[string]string{}
	for rows.Next() {
		var id, hash string
		if err := rows.Scan(&id, &hash); err != nil {
			return nil, err
		}
		known[id] = hash
	}
	return known, rows.Err()
}

// loadKeys reads the virtual keys of the store, by value.
func loadKeys(ctx context.Context, db *store, s sealer) (map[string]*virtualKey, error) {
	rows, err := db.QueryContext(ctx, "SELECT value, config FROM standin_virtual_keys")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	keys := map[string]*virtualKey{}
	for rows.Next() {
		var value, config string
		if err := rows.Scan(&value, &config); err != nil {
			return nil, err
		}
		key := &virtualKey{}
		if err := json.Unmarshal([]byte(config), key); err != nil {
			return nil, err
		}
		if key.text, err = s.open(value); err != nil {
			return nil, fmt.Errorf("failed to decrypt virtual key: %w", err)
		}
		keys[key.text] = key
	}
	return keys, rows.Err()
}

// refusal is an answer that is not the provider's.
type refusal struct {
	status  int
	message string
}

// allow decides about a completion; enforce says that a virtual key is needed.
func (g *governance) allow(header http.Header, provider, model string, enforce bool) (key *virtualKey, refused *refusal) {
	value, asVirtualKey := bearer(header)
	if !asVirtualKey {
		if enforce {
			return nil, &refusal{http.StatusUnauthorized, "virtual key is required"}
		}
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key = g.keys[value]
	if key == nil {
		return nil, &refusal{http.StatusUnauthorized, "virtual key not found"}
	}
	if key.Active != nil && !*key.Active {
		return key, &refusal{http.StatusForbidden, "virtual key is inactive"}
	}
	for _, config := range key.ProviderConfigs {
		if config.Provider != provider {
			continue
		}
		if !slices.Contains(config.AllowedModels, "*") && !slices.Contains(config.AllowedModels, model) {
			break
		}
		return key, g.count(key)
	}
	return key, &refusal{http.StatusForbidden, "the virtual key does not allow this provider or model"}
}

// count counts a request against the key's limit.
func (g *governance) count(key *virtualKey) *refusal {
	limit := g.limits[key.RateLimitID]
	if limit.RequestMax == nil {
		return nil
	}
	w := g.used[key.ID]
	if w == nil || time.Since(w.began) >= limit.resetInterval {
		w = &window{began: time.Now()}
		g.used[key.ID] = w
	}
	if w.count >= *limit.RequestMax {
		return &refusal{http.StatusTooManyRequests, "rate limit exceeded"}
	}
	w.count++
	return nil
}

// counted adds a request that a peer allowed.
func (g *governance) counted(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.used[id] == nil {
		g.used[id] = &window{began: time.Now()}
	}
	g.used[id].count++
}

// bearer is the virtual key of a request, wherever a client puts one.
func bearer(header http.Header) (value string, found bool) {
	token, _ := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
	for _, value := range []string{header.Get("x-bf-vk"), token, header.Get("x-api-key"), header.Get("x-goog-api-key")} {
		if strings.HasPrefix(value, virtualKeyPrefix) {
			return value, true
		}
	}
	return "", false
}

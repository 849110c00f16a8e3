// Package configjson knows what Bifrost's config.json must be: its stores, its references to the environment, its places of
// secrets, its cluster. The shapes are those of the vendor's schema (https://www.getbifrost.ai/schema). All functions are pure.
package configjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bifrost/internal/gateway"
	"bifrost/internal/gateway/secretkeys"
)

// Document is the content of config.json. Numbers are json.Number, as written.
type Document = map[string]any

// Parse reads config.json strictly: one object, no key twice, nothing behind it.
func Parse(text []byte) (Document, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := value(d, "")
	if err != nil {
		return nil, err
	}
	document, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("text after the object, at byte %d", d.InputOffset())
	}
	return document, nil
}

// value reads one value. encoding/json by itself takes the last of two equal keys, so that a reader may see another one.
func value(d *json.Decoder, at string) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, broken(err, d)
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, broken(err, d)
			}
			name := key.(string) // the decoder takes nothing else for a key
			below := strings.TrimPrefix(at+"."+name, ".")
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("the key %s stands twice, the second time before byte %d", below, d.InputOffset())
			}
			if object[name], err = value(d, below); err != nil {
				return nil, err
			}
		}
		if _, err := d.Token(); err != nil {
			return nil, broken(err, d)
		}
		return object, nil
	case json.Delim('['):
		list := []any{}
		for d.More() {
			e, err := value(d, at+"["+strconv.Itoa(len(list))+"]")
			if err != nil {
				return nil, err
			}
			list = append(list, e)
		}
		if _, err := d.Token(); err != nil {
			return nil, broken(err, d)
		}
		return list, nil
	}
	return token, nil
}

// broken says where the text stops being JSON, and nothing of the text: it may hold a secret.
func broken(err error, d *json.Decoder) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("not JSON: it ends too early, at byte %d", d.InputOffset())
	}
	return fmt.Errorf("not JSON, at byte %d", d.InputOffset())
}

var reference, vaultReference = secretkeys.EnvReference, secretkeys.VaultReference

// Variable is the name that a reference has; empty where the text is none.
func Variable(text string) string {
	if m := reference.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// InVault tells whether a text refers to a secret of the vault store.
func InVault(text string) bool { return vaultReference.MatchString(text) }

// EnvReferences are the names of the env.NAME references, sorted.
func EnvReferences(document Document) []string {
	found := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if m := reference.FindStringSubmatch(v); m != nil {
				found[m[1]] = true
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(document)
	return slices.Sorted(maps.Keys(found))
}

// Kinds of stores.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
	Disabled = "disabled"
)

// StoreNames are the stores of config.json.
var StoreNames = []string{"config_store", "logs_store"}

// StoreKind is the kind of one of the StoreNames. One that config.json does not name is SQLite.
func StoreKind(document Document, name string) string {
	store, _ := document[name].(map[string]any)
	if enabled, ok := store["enabled"].(bool); ok && !enabled {
		return Disabled
	}
	if kind, _ := store["type"].(string); kind != "" {
		return kind
	}
	return SQLite
}

// UsesSQLite tells whether a store is a file on the gateway's own volume, which only one process may open.
func UsesSQLite(document Document) bool {
	return slices.ContainsFunc(StoreNames, func(name string) bool { return StoreKind(document, name) == SQLite })
}

func storeConfig(document Document, name string) map[string]any {
	store, _ := document[name].(map[string]any)
	config, _ := store["config"].(map[string]any)
	return config
}

func pool(config map[string]any) int {
	if n, ok := whole(config["max_open_conns"]); ok {
		return n
	}
	return gateway.DefaultPool
}

// whole is a number of the document without a fraction.
func whole(v any) (int, bool) {
	switch v := v.(type) {
	case json.Number:
		n, err := strconv.Atoi(v.String())
		return n, err == nil
	case int:
		return v, true
	case float64:
		return int(v), v == float64(int(v))
	}
	return 0, false
}

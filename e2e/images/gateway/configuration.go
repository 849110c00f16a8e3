package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// configuration is what this program reads of config.json. Like the gateway it checks types, and passes over keys that it does not know.
type configuration struct {
	Schema        string              `json:"$schema"`
	SourceOfTruth string              `json:"source_of_truth"`
	EncryptionKey *reference          `json:"encryption_key"`
	Client        client              `json:"client"`
	Auth          *authConfig         `json:"auth_config"`
	ConfigStore   *storeConfig        `json:"-"`
	LogsStore     *storeConfig        `json:"-"`
	Providers     map[string]provider `json:"providers"`
	Governance    *governanceConfig   `json:"governance"`
	Framework     struct {
		Pricing struct {
			URL string `json:"pricing_url"`
		} `json:"pricing"`
	} `json:"framework"`
	VectorStore *struct {
		Enabled bool `json:"enabled"`
	} `json:"vector_store"`
	Plugins []plugin `json:"plugins"`
	MCP     struct {
		Clients []struct {
			Name string `json:"name"`
			Type string `json:"connection_type"`
		} `json:"client_configs"`
	} `json:"mcp"`
	Cluster *clusterConfig `json:"cluster_config"`
}

// client has the fields whose types a wrong file gets wrong, and those that are used.
type client struct {
	EnforceAuthOnInference  bool     `json:"enforce_auth_on_inference"`
	DisableDBPingsInHealth  bool     `json:"disable_db_pings_in_health"`
	DropExcessRequests      bool     `json:"drop_excess_requests"`
	DisableContentLogging   bool     `json:"disable_content_logging"`
	AllowDirectKeys         bool     `json:"allow_direct_keys"`
	EnableLogging           *bool    `json:"enable_logging"`
	InitialPoolSize         int      `json:"initial_pool_size"`
	LogRetentionDays        int      `json:"log_retention_days"`
	MaxRequestBodySizeMB    int      `json:"max_request_body_size_mb"`
	MCPAgentDepth           int      `json:"mcp_agent_depth"`
	MCPToolExecutionTimeout int      `json:"mcp_tool_execution_timeout"`
	AllowedOrigins          []string `json:"allowed_origins"`
	PrometheusLabels        []string `json:"prometheus_labels"`
	WhitelistedRoutes       []string `json:"whitelisted_routes"`
}

type authConfig struct {
	Enabled  bool       `json:"is_enabled"`
	Username *reference `json:"admin_username"`
	Password *reference `json:"admin_password"`
}

type provider struct {
	Keys []struct {
		Name   string          `json:"name"`
		Value  *reference      `json:"value"`
		Models []string        `json:"models"`
		Azure  json.RawMessage `json:"azure_key_config"`
	} `json:"keys"`
	Network struct {
		BaseURL string `json:"base_url"`
	} `json:"network_config"`
	Custom json.RawMessage `json:"custom_provider_config"`
}

type plugin struct {
	Name    string         `json:"name"`
	Enabled bool           `json:"enabled"`
	Path    string         `json:"path"`
	Config  map[string]any `json:"config"`
}

// reference is a text that may name a variable: env.NAME. A vault that is not configured leaves vault.NAME as it is.
type reference struct{ text string }

// UnmarshalJSON takes numbers for texts, too.
func (r *reference) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &r.text); err != nil {
		r.text = string(data)
	}
	return nil
}

// value is what the reference stands for; of a variable that is not there, nothing.
func (r *reference) value() string {
	if r == nil {
		return ""
	}
	if name, isVariable := strings.CutPrefix(r.text, "env."); isVariable {
		return os.Getenv(name)
	}
	return r.text
}

// vendorSchema is the only $schema that the gateway says nothing about.
const vendorSchema = "https://www.getbifrost.ai/schema"

// readConfiguration reads config.json. Without a file everything has its default.
func readConfiguration(file string) (*configuration, error) {
	c := &configuration{}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		c.fillIn()
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to read config file: %w", err)
	}
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(text, &sections); err != nil {
		return nil, fmt.Errorf("failed to unmarshal schema: %w", err)
	}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("failed to unmarshal config: failed to unmarshal config data: %w", mismatch(err))
	}
	if c.Schema != vendorSchema {
		logLine("warn", "config file %s does not include $schema %s. Use our official schema file to avoid unexpected behavior.",
			file, vendorSchema)
	}
	for _, store := range []struct {
		section, name string
		into          **storeConfig
	}{{"config_store", "config store", &c.ConfigStore}, {"logs_store", "log store", &c.LogsStore}} {
		if *store.into, err = readStore(store.name, sections[store.section]); err != nil {
			return nil, fmt.Errorf("failed to unmarshal config: failed to unmarshal %s config: %w", store.name, err)
		}
	}
	logLine("info", "loading configuration from: %s", file)
	c.fillIn()
	return c, nil
}

// mismatch says of a wrong type what the gateway says.
func mismatch(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	kind := wrong.Type.String()
	if kind == "int" {
		kind = "int64"
	}
	//lint:ignore ST1005 these are the gateway's words
	return fmt.Errorf("Mismatch type %s with value %s at %s", kind, wrong.Value, wrong.Field)
}

// fillIn takes the encryption key from the environment where the file has none.
func (c *configuration) fillIn() {
	if c.EncryptionKey.value() == "" {
		c.EncryptionKey = &reference{"env.BIFROST_ENCRYPTION_KEY"}
	}
}

// auth is auth_config, of the file itself or below governance.
func (c *configuration) auth() *authConfig {
	if c.Governance != nil && c.Governance.Auth != nil {
		return c.Governance.Auth
	}
	return c.Auth
}

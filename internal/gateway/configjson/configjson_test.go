package configjson

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const canary = "canary-5f0c"

func document(t testing.TB, text string) Document {
	t.Helper()
	d, err := Parse([]byte(text))
	require.NoError(t, err)
	return d
}

func TestParse(t *testing.T) {
	t.Parallel()
	d := document(t, `{"a": {"b": [1, "x", null, true]}, "c": 12345678901234567890}`)
	text, err := Render(d)
	require.NoError(t, err)
	require.JSONEq(t, `{"a": {"b": [1, "x", null, true]}, "c": 12345678901234567890}`, string(text), "numbers as written")

	for name, c := range map[string]struct{ text, want string }{
		"empty":                {"", "ends too early"},
		"cut off":              {`{"a": {`, "ends too early"},
		"no JSON":              {"a: b", "not JSON, at byte"},
		"a list":               {"[]", "not a JSON object"},
		"text behind it":       {"{} {}", "text after the object"},
		"a key twice":          {`{"a": {"b": 1, "b": 2}}`, "a.b stands twice"},
		"a key twice in lists": {`{"a": [{}, {"b": 1, "b": 2}]}`, "a[1].b stands twice"},
		"a comment":            {"{\n// no\n}", "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err = Parse([]byte(`{"password": "` + canary + `", x}`))
	require.Error(t, err)
	require.NotContains(t, err.Error(), canary)
}

func TestEnvReferences(t *testing.T) {
	t.Parallel()
	d := document(t, `{"encryption_key": "env.A", "providers": {"openai": {"keys": [{"value": "env.B"}, {"value": {"value": "", "env_var": "env.C"}}]}},
		"text": "see env.D", "env.E": "x", "f": "env.1F"}`)
	require.Equal(t, []string{"A", "B", "C"}, EnvReferences(d))
}

func postgres(more string) string {
	return `{"enabled": true, "type": "postgres", "config": {"host": "db.internal", "port": "5432", "user": "u", "password": "env.PG_PASSWORD", "db_name": "bifrost", "ssl_mode": "require"` + more + `}}`
}

func TestStores(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text   string
		config string
		logs   string
		sqlite bool
	}{
		"nothing named":        {`{}`, SQLite, SQLite, true},
		"both PostgreSQL":      {`{"config_store": ` + postgres("") + `, "logs_store": ` + postgres(`, "max_open_conns": 20`) + `}`, Postgres, Postgres, false},
		"logs on SQLite":       {`{"config_store": ` + postgres("") + `}`, Postgres, SQLite, true},
		"logs disabled":        {`{"config_store": ` + postgres("") + `, "logs_store": {"enabled": false, "type": "sqlite"}}`, Postgres, Disabled, false},
		"a port by reference":  {`{"config_store": {"enabled": true, "type": "postgres", "config": {"port": "env.PG_PORT"}}, "logs_store": {"enabled": false}}`, Postgres, Disabled, false},
		"enabled without type": {`{"config_store": {"enabled": true}, "logs_store": {"enabled": false}}`, SQLite, Disabled, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := document(t, c.text)
			require.Equal(t, c.config, StoreKind(d, "config_store"))
			require.Equal(t, c.logs, StoreKind(d, "logs_store"))
			require.Equal(t, c.sqlite, UsesSQLite(d))
		})
	}
}

var facts = Facts{InsecureKey: "gateway.postgres.allowInsecure"}

func TestValidate(t *testing.T) {
	t.Parallel()
	allowed := facts
	allowed.AllowInsecure = true
	for name, c := range map[string]struct {
		text  string
		facts Facts
		// want are parts of the one problem; none is fine.
		want []string
	}{
		"nothing":                  {`{}`, facts, nil},
		"PostgreSQL":               {`{"config_store": ` + postgres("") + `, "logs_store": ` + postgres("") + `}`, facts, nil},
		"everything by reference":  {`{"config_store": {"type": "postgres", "config": {"host": "env.H", "port": "env.P", "user": "env.U", "password": "env.W", "db_name": "env.D", "ssl_mode": "env.S"}}}`, facts, nil},
		"a command for a password": {`{"config_store": ` + strings.Replace(postgres(`, "password_command": {"command": "aws"}`), `"password": "env.PG_PASSWORD", `, "", 1) + `}`, facts, nil},
		"a command and a password": {`{"config_store": ` + postgres(`, "password_command": {"command": "aws"}`) + `}`, facts, []string{"p.config_store.config.password_command: Forbidden", "remove one of them"}},
		"an empty password":        {`{"config_store": ` + strings.Replace(postgres(""), "env.PG_PASSWORD", "", 1) + `}`, facts, []string{"p.config_store.config.password: Required"}},
		"port as a number":         {`{"config_store": ` + strings.Replace(postgres(""), `"5432"`, "5432", 1) + `}`, facts, []string{"p.config_store.config.port", `write "5432"`}},
		"port out of range":        {`{"config_store": ` + strings.Replace(postgres(""), "5432", "70000", 1) + `}`, facts, []string{"p.config_store.config.port", "65535"}},
		"no host":                  {`{"logs_store": ` + strings.Replace(postgres(""), `"db.internal"`, `""`, 1) + `}`, facts, []string{"p.logs_store.config.host: Required"}},
		"no password":              {`{"logs_store": ` + strings.Replace(postgres(""), `"password": "env.PG_PASSWORD", `, "", 1) + `}`, facts, []string{"p.logs_store.config.password: Required"}},
		"a pool of one":            {`{"logs_store": ` + postgres(`, "max_open_conns": 1`) + `}`, facts, []string{"p.logs_store.config.max_open_conns", "at least 2"}},
		"disable":                  {`{"config_store": ` + strings.Replace(postgres(""), "require", "disable", 1) + `}`, facts, []string{"p.config_store.config.ssl_mode", "gateway.postgres.allowInsecure"}},
		"disable, said twice":      {`{"config_store": ` + strings.Replace(postgres(""), "require", "disable", 1) + `}`, allowed, nil},
		"prefer":                   {`{"config_store": ` + strings.Replace(postgres(""), "require", "prefer", 1) + `}`, facts, []string{"ssl_mode", "require or stricter"}},
		"no such mode":             {`{"config_store": ` + strings.Replace(postgres(""), "require", "required", 1) + `}`, allowed, []string{"ssl_mode", "verify-full"}},
		"no such store":            {`{"config_store": {"enabled": true, "type": "mysql"}}`, facts, []string{"p.config_store.type", `"postgres", "sqlite"`}},
		"ClickHouse as config":     {`{"config_store": {"enabled": true, "type": "clickhouse"}}`, facts, []string{"p.config_store.type"}},
		"enabled as text":          {`{"config_store": {"enabled": "yes"}}`, facts, []string{"p.config_store.enabled"}},
		"a store that is none":     {`{"config_store": "postgres"}`, facts, []string{"p.config_store", "an object"}},
		"SQLite in the volume":     {`{"config_store": {"enabled": true, "type": "sqlite", "config": {"path": "/app/data/config.db"}}}`, facts, nil},
		"SQLite elsewhere":         {`{"config_store": {"enabled": true, "type": "sqlite", "config": {"path": "/var/lib/config.db"}}}`, facts, []string{"p.config_store.config.path", "/app/data/config.db"}},
		"SQLite, relative":         {`{"config_store": {"enabled": true, "type": "sqlite", "config": {"path": "./config.db"}}}`, facts, []string{"p.config_store.config.path", "/app/data/config.db"}},
	} {
		t.Run(name, func(t *testing.T) {
			problems := Validate(field.NewPath("p"), document(t, c.text), c.facts)
			if c.want == nil {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			for _, want := range c.want {
				require.Contains(t, problems[0].Error(), want)
			}
		})
	}
}

// TestClearSecrets has the places of secrets of the vendor's schema.
func TestClearSecrets(t *testing.T) {
	t.Parallel()
	for path, text := range map[string]string{
		"encryption_key":                                              `{"encryption_key": "SECRET"}`,
		"auth_config.admin_password":                                  `{"auth_config": {"admin_username": "admin", "admin_password": "SECRET"}}`,
		"config_store.config.password":                                `{"config_store": ` + strings.Replace(postgres(""), "env.PG_PASSWORD", "SECRET", 1) + `}`,
		"config_store.vault_store.aws.secret_access_key":              `{"config_store": ` + strings.TrimSuffix(postgres(""), "}") + `, "vault_store": {"aws": {"access_key_id": "AKIA", "secret_access_key": "SECRET"}}}}`,
		"config_store.vault_store.hashicorp.token":                    `{"config_store": ` + strings.TrimSuffix(postgres(""), "}") + `, "vault_store": {"hashicorp": {"token": {"value": "SECRET"}}}}}`,
		"providers.openai.keys[0].value":                              `{"providers": {"openai": {"keys": [{"name": "k", "value": "SECRET"}]}}}`,
		"providers.bedrock.keys[0].bedrock_key_config.secret_key":     `{"providers": {"bedrock": {"keys": [{"name": "k", "value": "", "bedrock_key_config": {"access_key": "env.A", "secret_key": "SECRET"}}]}}}`,
		"providers.azure.keys[0].azure_key_config.client_secret":      `{"providers": {"azure": {"keys": [{"name": "k", "azure_key_config": {"client_secret": "SECRET"}}]}}}`,
		"providers.vertex.keys[0].vertex_key_config.auth_credentials": `{"providers": {"vertex": {"keys": [{"name": "k", "vertex_key_config": {"auth_credentials": "SECRET"}}]}}}`,
		"providers.openai.network_config.extra_headers.Authorization": `{"providers": {"openai": {"network_config": {"extra_headers": {"Authorization": "SECRET", "X-Team": "a"}}}}}`,
		"providers.openai.proxy_config.password":                      `{"providers": {"openai": {"proxy_config": {"type": "http", "password": "SECRET"}}}}`,
		"providers.openai.proxy_config.url":                           `{"providers": {"openai": {"proxy_config": {"type": "http", "url": "http://u:SECRET@proxy:3128"}}}}`,
		"governance.virtual_keys[0].value":                            `{"governance": {"virtual_keys": [{"id": "v", "name": "v", "value": "SECRET"}]}}`,
		"mcp.client_configs[0].headers.X-Api-Key":                     `{"mcp": {"client_configs": [{"name": "m", "headers": {"X-Api-Key": "SECRET"}}]}}`,
		"vector_store.config.api_key":                                 `{"vector_store": {"type": "pinecone", "config": {"api_key": "SECRET"}}}`,
		"plugins[0].config.headers.authorization":                     `{"plugins": [{"name": "otel", "enabled": true, "config": {"headers": {"authorization": "SECRET"}}}]}`,
		"plugins[0].config.api_key":                                   `{"plugins": [{"name": "maxim", "enabled": true, "config": {"api_key": "SECRET"}}]}`,
		"plugins[0].config.service_account_key":                       `{"plugins": [{"name": "bigquery", "enabled": true, "config": {"service_account_key": "SECRET"}}]}`,
		"scim_config.config.clientSecret":                             `{"scim_config": {"enabled": true, "config": {"clientId": "x", "clientSecret": "SECRET"}}}`,
		"audit_logs.hmac_key":                                         `{"audit_logs": {"hmac_key": "SECRET"}}`,
		"cluster_config.broker.auth_token":                            `{"cluster_config": {"broker": {"auth_token": "SECRET"}}}`,
		"webhooks[0].secret":                                          `{"webhooks": [{"name": "w", "secret": "SECRET"}]}`,
		"scim_config.provisioning.bearerToken":                        `{"scim_config": {"provisioning": {"enabled": true, "bearerToken": "SECRET"}}}`,
		"plugins[0].config.private_key":                               `{"plugins": [{"name": "own", "enabled": true, "config": {"private_key": "SECRET"}}]}`,
		"plugins[0].config.connection_string":                         `{"plugins": [{"name": "own", "enabled": true, "config": {"connection_string": "SECRET"}}]}`,
		"plugins[0].config.storage.account-key":                       `{"plugins": [{"name": "own", "enabled": true, "config": {"storage": {"account-key": "SECRET"}}}]}`,
		"guardrails_config.guardrail_providers[0].config.accessToken": `{"guardrails_config": {"guardrail_providers": [{"id": 1, "config": {"accessToken": "SECRET"}}]}}`,
		"mcp.client_configs[0].connection_string.url":                 `{"mcp": {"client_configs": [{"name": "m", "connection_string": {"url": "https://mcp.example/sse?api_key=SECRET"}}]}}`,
		"plugins[0].config.tls.url":                                   `{"plugins": [{"name": "own", "enabled": true, "config": {"tls": {"url": "-----BEGIN RSA PRIVATE KEY-----SECRET"}}}]}`,
		"alerting.channels[0].config.routing_key":                     `{"alerting": {"channels": [{"id": "c", "config": {"routing_key": "SECRET"}}]}}`,
	} {
		t.Run(path, func(t *testing.T) {
			problems := Validate(field.NewPath("p"), document(t, strings.ReplaceAll(text, "SECRET", canary)), Facts{})
			require.Len(t, problems, 1)
			require.Equal(t, "p."+path, problems[0].Field)
			require.NotContains(t, problems[0].Error(), canary)
			if strings.HasSuffix(path, ".url") {
				return
			}
			for _, fine := range []string{"env.NAME", "vault.bifrost/name#key", ""} {
				require.Empty(t, ClearSecrets(field.NewPath("p"), document(t, strings.ReplaceAll(text, "SECRET", fine))), fine)
			}
		})
	}
	for _, fine := range []string{
		`{"client": {"prometheus_labels": ["token"], "required_headers": ["authorization"]}}`,
		`{"providers": {"openai": {"keys": [{"name": "k", "value": {"value": "", "env_var": "env.K", "from_env": true}}]}}}`,
		`{"governance": {"rate_limits": [{"id": "r", "token_max_limit": 1}], "routing_rules": [{"targets": [{"provider_key_name": "k"}]}]}}`,
		`{"scim_config": {"config": {"attributeRoleMappings": [{"attribute": "groups", "value": "admins", "role": "admin"}]}}}`,
		`{"framework": {"pricing": {"pricing_url": "https://getbifrost.ai/datasheet"}}}`,
		`{"mcp": {"client_configs": [{"name": "m", "connection_type": "http", "connection_string": "https://mcp.example/sse?team=a&token="}]}}`,
		`{"providers": {"openai": {"network_config": {"ca_cert_pem": "-----BEGIN CERTIFICATE-----"}}}}`,
	} {
		require.Empty(t, Validate(field.NewPath("p"), document(t, fine), Facts{}), fine)
	}
}

// TestSecretVariables: the place of each says which value would be read in clear.
func TestSecretVariables(t *testing.T) {
	t.Parallel()
	d := document(t, `{"encryption_key": "env.A", "config_store": {"config": {"password": "env.B", "host": "env.HOST"}}, "logs_store": {"config": {"password": "env.B"}},
		"providers": {"openai": {"keys": [{"value": {"value": "", "env_var": "env.C", "from_env": true}}], "network_config": {"extra_headers": {"X-Api-Key": "env.D", "X-Team": "env.TEAM"}}}},
		"mcp": {"client_configs": [{"connection_string": "env.URL"}]}, "plugins": [{"config": {"private_key": "env.E"}}]}`)
	require.Equal(t, map[string]string{
		"A": "p.encryption_key", "B": "p.config_store.config.password", "C": "p.providers.openai.keys[0].value",
		"D": "p.providers.openai.network_config.extra_headers.X-Api-Key", "E": "p.plugins[0].config.private_key",
	}, SecretVariables(field.NewPath("p"), d))
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	d := document(t, `{"encryption_key": "x", "config_store": {"enabled": true, "type": "postgres", "config": {"port": 1}}, "logs_store": {"type": "x"}}`)
	require.Len(t, Validate(field.NewPath("p"), d, facts), 8)
}

func TestValidateSize(t *testing.T) {
	t.Parallel()
	require.Empty(t, ValidateSize(field.NewPath("p"), make([]byte, 10), 10, "a Secret"))
	problems := ValidateSize(field.NewPath("p"), make([]byte, 11), 10, "a Secret")
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Error(), "a Secret takes 10")
}

func TestPlugins(t *testing.T) {
	t.Parallel()
	plain := document(t, `{"plugins": [{"name": "logging", "enabled": true, "config": {}}]}`)
	with := WithPlugin(plain, OtelPlugin, map[string]any{"protocol": "grpc"})
	require.False(t, HasPlugin(plain, OtelPlugin), "the document itself was changed")
	require.True(t, HasPlugin(with, OtelPlugin))
	require.True(t, HasPlugin(with, "logging"))
	require.True(t, HasPlugin(WithPlugin(nil, OtelPlugin, nil), OtelPlugin))
}

// TestProviderAddresses: a provider whose address has no scheme is reached by nobody.
func TestProviderAddresses(t *testing.T) {
	for _, c := range []struct{ provider, key, path, address string }{
		{"azure", `"azure_key_config": {"endpoint": %q}`, "keys[0].azure_key_config.endpoint", "acme.openai.azure.com"},
		{"ollama", `"ollama_key_config": {"url": %q}`, "keys[0].ollama_key_config.url", "ollama.example.com:11434"},
		{"sgl", `"sgl_key_config": {"url": %q}`, "keys[0].sgl_key_config.url", "//sgl.example.com"},
		{"vllm", `"vllm_key_config": {"url": %q}`, "keys[0].vllm_key_config.url", "https:/vllm"},
		{"openai", "", "network_config.base_url", "ftp://api.example.com"},
	} {
		for address, refused := range map[string]bool{c.address: true, "https://api.example.com": false, "http://10.0.0.1:8000/v1": false, "env.ADDRESS": false} {
			key, network := "", ""
			if c.key == "" {
				network = fmt.Sprintf(`, "network_config": {"base_url": %q}`, address)
			} else {
				key = ", " + fmt.Sprintf(c.key, address)
			}
			config := document(t, fmt.Sprintf(`{"providers": {%q: {"keys": [{"name": "k", "models": ["*"], "value": "env.K"%s}]%s}}}`, c.provider, key, network))
			problems := Check(field.NewPath("config"), config, Facts{}, nil)
			if !refused {
				require.Empty(t, problems, "%s: %s", c.provider, address)
				continue
			}
			require.Len(t, problems, 1, c.provider)
			require.Equal(t, "config.providers."+c.provider+"."+c.path, problems[0].Field)
			require.Contains(t, problems[0].Error(), `"`+address+`": begin with https:// or http://`)
		}
	}
}

// TestLoginInAddress: a password in an address is told to nobody.
func TestLoginInAddress(t *testing.T) {
	config := document(t, `{"providers": {"openai": {"keys": [], "network_config": {"base_url": "user:`+canary+`@api.example.com"}}}}`)
	problems := Check(field.NewPath("config"), config, Facts{}, nil)
	require.Len(t, problems, 1)
	require.NotContains(t, problems[0].Error(), canary)
}

// TestKeyValues: a key without a value serves nothing, but of providers that have their credentials elsewhere.
func TestKeyValues(t *testing.T) {
	for text, refused := range map[string]bool{
		`"openai": {"keys": [{"name": "k", "models": ["*"]}]}`:                                                                                true,
		`"openai": {"keys": [{"name": "k", "models": ["*"], "value": ""}]}`:                                                                   true,
		`"openai": {"keys": [{"name": "k", "models": ["*"], "value": {"value": "", "env_var": ""}}]}`:                                         true,
		`"openai": {"keys": [{"name": "k", "models": ["*"], "value": {"value": "", "env_var": "env.A"}}]}`:                                    false,
		`"openai": {"keys": [{"name": "k", "models": ["*"], "value": "env.A"}]}`:                                                              false,
		`"Anthropic": {"keys": [{"name": "k", "models": ["*"]}]}`:                                                                             true,
		`"bedrock": {"keys": [{"name": "k", "models": ["*"], "value": ""}]}`:                                                                  false,
		`"ours": {"custom_provider_config": {"base_provider_type": "openai"}, "keys": [{"name": "k", "models": ["*"]}]}`:                      true,
		`"ours": {"custom_provider_config": {"base_provider_type": "openai", "is_key_less": true}, "keys": [{"name": "k", "models": ["*"]}]}`: false,
		`"ours": {"custom_provider_config": {"base_provider_type": "bedrock"}, "keys": [{"name": "k", "models": ["*"], "value": ""}]}`:        false,
	} {
		problems := Check(field.NewPath("config"), document(t, `{"providers": {`+text+`}}`), Facts{}, nil)
		if !refused {
			require.Empty(t, problems, text)
			continue
		}
		require.Len(t, problems, 1, text)
		require.Regexp(t, `^config\.providers\.\w+\.keys\[0\]\.value: Required value: the gateway uses no key of `, problems[0].Error())
	}
}

package configjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// resolved are the variables of the tests: what is not here is not known.
func resolved(variable string) (string, bool) {
	value, known := map[string]string{
		"NAME": "root", "PASSWORD": canary, "EMPTY": "", "LONG": strings.Repeat("x", 73), "HASH": "$2b$10$" + strings.Repeat("x", 80),
	}[variable]
	return value, known
}

// TestValidateAdministration holds what a gateway answers: one without problems asks anonymous callers for a login, all others let them in,
// or nobody.
func TestValidateAdministration(t *testing.T) {
	t.Parallel()
	const (
		on  = `"auth_config": {"is_enabled": true, "admin_username": "env.NAME", "admin_password": "env.PASSWORD"}`
		off = `"auth_config": {"is_enabled": false, "admin_username": "env.NAME", "admin_password": "env.PASSWORD"}`
		sso = `"scim_config": {"enabled": true, "provider": "okta", "config": {"issuerUrl": "https://acme.okta.com"}}`
	)
	login := func(name, password string) string {
		return `{"auth_config": {"is_enabled": true, "admin_username": ` + name + `, "admin_password": ` + password + `}}`
	}
	open := func(route string) string {
		return `{"client": {"whitelisted_routes": ["/x", "` + route + `"]}, ` + on + `}`
	}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a login":                             {"{" + on + "}", nil},
		"a login of governance":               {`{"governance": {` + on + `}}`, nil},
		"governance goes before":              {`{"governance": {` + off + `}, ` + on + `}`, []string{"governance.auth_config.is_enabled: Invalid value: false"}},
		"even an empty one":                   {`{"governance": {"auth_config": {}}, ` + on + `}`, []string{"governance.auth_config.is_enabled: Required", "governance.auth_config.admin_username: Required", "governance.auth_config.admin_password: Required"}},
		"governance without a login":          {`{"governance": {"auth_config": null}, ` + on + `}`, nil},
		"no login":                            {`{}`, []string{"auth_config: Required"}},
		"a login that is null":                {`{"auth_config": null}`, []string{"auth_config: Required"}},
		"a login that is no object":           {`{"auth_config": true}`, []string{"auth_config: Invalid value"}},
		"a login that is off":                 {"{" + off + "}", []string{"auth_config.is_enabled: Invalid value: false"}},
		"on, as text":                         {`{"auth_config": {"is_enabled": "true", "admin_username": "root", "admin_password": "env.PASSWORD"}}`, []string{"auth_config.is_enabled: Invalid value"}},
		"on, in camel case":                   {`{"auth_config": {"isEnabled": true, "admin_username": "root", "admin_password": "env.PASSWORD"}}`, []string{"auth_config.is_enabled: Required"}},
		"no password":                         {`{"auth_config": {"is_enabled": true, "admin_username": "root"}}`, []string{"auth_config.admin_password: Required"}},
		"no name":                             {`{"auth_config": {"is_enabled": true, "admin_password": "env.PASSWORD"}}`, []string{"auth_config.admin_username: Required"}},
		"an empty password":                   {login(`"root"`, `""`), []string{"auth_config.admin_password: Required"}},
		"an empty name":                       {login(`""`, `"env.PASSWORD"`), []string{"auth_config.admin_username: Required"}},
		"an empty variable":                   {login(`"env.EMPTY"`, `"env.EMPTY"`), []string{"auth_config.admin_username: Forbidden", "auth_config.admin_password: Forbidden"}},
		"a variable that is not known here":   {login(`"env.A"`, `"env.B"`), nil},
		"a reference to a vault":              {login(`"root"`, `"vault.bifrost/admin"`), nil},
		"a password in an object":             {login(`"root"`, `{"value": "env.PASSWORD"}`), []string{"auth_config.admin_password: Invalid value", "must be text"}},
		"a password longer than bcrypt takes": {login(`"root"`, `"env.LONG"`), []string{"auth_config.admin_password: Forbidden", "72 bytes"}},
		"a hash for a password":               {login(`"root"`, `"env.HASH"`), nil},
		"inference is another matter":         {`{"auth_config": {"is_enabled": true, "admin_username": "root", "admin_password": "env.PASSWORD", "disable_auth_on_inference": true}}`, nil},

		"single sign-on":                      {"{" + sso + "}", nil},
		"single sign-on alone":                {"{" + sso + ", " + off + "}", nil},
		"single sign-on that is off":          {`{"scim_config": {"enabled": false, "provider": "okta", "config": {"issuerUrl": "x"}}}`, []string{"auth_config: Required"}},
		"single sign-on without a provider":   {`{"scim_config": {"enabled": true}}`, []string{"scim_config.provider: Required", "scim_config.config: Required"}},
		"a login beside a broken single sign": {`{"scim_config": {"enabled": true}, ` + on + `}`, nil},

		"a store that is off":        {`{"config_store": {"enabled": false}, ` + on + `}`, []string{"config_store.enabled: Invalid value: false"}},
		"a store that nobody put on": {`{"config_store": {"type": "sqlite"}, ` + on + `}`, []string{"config_store.enabled: Invalid value"}},

		"all routes open":         {open("*"), []string{"client.whitelisted_routes[1]: Invalid value: \"*\""}},
		"the administration open": {open("/api/*"), []string{"client.whitelisted_routes[1]: Invalid value: \"/api/*\""}},
		"more than it":            {open("/a*"), []string{"client.whitelisted_routes[1]"}},
		"a part of it":            {open("/api/gov*"), []string{"client.whitelisted_routes[1]"}},
		"one route of it":         {open("/api/governance/virtual-keys"), []string{"client.whitelisted_routes[1]"}},
		"one that is open":        {open("/api/version"), nil},
		"metrics":                 {open("/metrics"), nil},
		"another one":             {open("/api"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			problems := ValidateAdministration(field.NewPath("p"), document(t, c.text), resolved)
			var all strings.Builder
			for _, problem := range problems {
				all.WriteString(problem.Error() + "\n")
			}
			if len(c.want) == 0 {
				require.Empty(t, problems, all.String())
			}
			for _, want := range c.want {
				require.Contains(t, all.String(), want)
			}
			require.NotContains(t, all.String(), canary)
		})
	}
}

// TestWithLogin: governance stays as it is, since a section that the document has is one that it owns.
func TestWithLogin(t *testing.T) {
	t.Parallel()
	want := map[string]any{"is_enabled": true, "admin_username": "env.BIFROST_ADMIN_USERNAME", "admin_password": "env.BIFROST_ADMIN_PASSWORD"}
	require.Equal(t, Document{"auth_config": want}, WithLogin(Document{}))
	d := document(t, `{"governance": {"teams": []}}`)
	require.Equal(t, Document{"auth_config": want, "governance": map[string]any{"teams": []any{}}}, WithLogin(d))
	require.NotContains(t, d, "auth_config")
	for _, text := range []string{`{"auth_config": {"is_enabled": false}}`, `{"governance": {"auth_config": {}}}`} {
		require.Equal(t, document(t, text), WithLogin(document(t, text)))
	}
}

func TestWithSourceOfTruth(t *testing.T) {
	t.Parallel()
	require.Equal(t, Document{"source_of_truth": "config.json"}, WithSourceOfTruth(Document{}))
	require.Equal(t, Document{"source_of_truth": "split"}, WithSourceOfTruth(Document{"source_of_truth": "split"}))
}

func TestMetricsClosed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{}`: false, `{"auth_config": {"is_enabled": false}}`: false, `{"auth_config": {"is_enabled": true}}`: true, `{"scim_config": {"enabled": true}}`: true,
		`{"auth_config": {"is_enabled": true}, "client": {"whitelisted_routes": ["/metrics"]}}`:  false,
		`{"auth_config": {"is_enabled": true}, "client": {"whitelisted_routes": ["/m*"]}}`:       false,
		`{"auth_config": {"is_enabled": true}, "client": {"whitelisted_routes": ["/metrics/"]}}`: true,
	} {
		require.Equal(t, want, MetricsClosed(document(t, text)), text)
	}
}

func TestValidateLoginParts(t *testing.T) {
	t.Parallel()
	p := field.NewPath("p")
	for _, password := range []string{"", "x", strings.Repeat("x", 72)} {
		require.Empty(t, ValidatePassword(p, password))
	}
	require.ErrorContains(t, ValidatePassword(p, strings.Repeat(canary, 10)).ToAggregate(), "p: Forbidden: too long: the gateway takes 72 bytes")
	require.ErrorContains(t, ValidatePassword(p, "$2a$10$"+canary).ToAggregate(), "p: Forbidden: a bcrypt hash")
	require.NotContains(t, ValidatePassword(p, "$2a$10$"+canary).ToAggregate().Error(), canary)
	require.Empty(t, ValidateUsername(p, "admin@example.com"))
	for _, name := range []string{"a:b", " a", "a\n"} {
		require.ErrorContains(t, ValidateUsername(p, name).ToAggregate(), "without a colon")
	}
}

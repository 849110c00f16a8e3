package stacks_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/internal/gateway/configjson"
	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// parsed is the stack's configuration, which must be accepted.
func parsed(t testing.TB, stack string, s settings) *stacks.Config {
	t.Helper()
	var config *stacks.Config
	require.NoError(t, s.graph(t, stack).Run(func(ctx *pulumi.Context) error {
		var err error
		config, err = stacks.Parse(stack, stacks.Read(ctx, stacks.Options{Dir: ".."}))
		return err
	}))
	return config
}

// everyStack are the dev stacks and the examples.
func everyStack(t testing.TB) map[string]settings {
	t.Helper()
	all := map[string]settings{}
	for _, stack := range devStacks {
		all[stack] = stackFile(t, stack)
	}
	for _, name := range exampleStacks {
		all[name] = example(t, name)
	}
	for _, name := range ecsExamples {
		text, err := os.ReadFile(filepath.Join("..", "examples", name, "Pulumi."+name+".yaml"))
		require.NoError(t, err)
		all[name] = parseStackFile(t, text)
	}
	return all
}

// documents are all config.json of a stack, as they were registered.
func documents(t testing.TB, g *graphtest.Graph) []configjson.Document {
	t.Helper()
	var all []configjson.Document
	if len(g.Of("kubernetes:core/v1:Secret")) > 0 {
		all = append(all, configOf(t, g))
	}
	for _, r := range g.Of("aws:secretsmanager/secretVersion:SecretVersion") {
		if r.Name == "ecs-config-version" {
			document, err := configjson.Parse([]byte(r.Input(t, "secretString").(string)))
			require.NoError(t, err)
			all = append(all, document)
		}
	}
	return all
}

// TestNoStackIsOpen: each config.json that is registered, of every dev stack and example, closes the administration and owns what it names.
func TestNoStackIsOpen(t *testing.T) {
	t.Parallel()
	for name, s := range everyStack(t) {
		t.Run(name, func(t *testing.T) {
			found := documents(t, record(t, name, s))
			require.Len(t, found, len(parsed(t, name, s).Targets()))
			for _, document := range found {
				require.Equal(t, map[string]any{
					"is_enabled": true, "admin_username": "env.BIFROST_ADMIN_USERNAME", "admin_password": "env.BIFROST_ADMIN_PASSWORD",
				}, document["auth_config"])
				require.Equal(t, "config.json", document["source_of_truth"])
			}
		})
	}
}

// TestAdminVariables: the password is a secret from a place of its own on every platform, the name is plain.
func TestAdminVariables(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"": "admin", "root": "root"} {
		s := stackFile(t, "aws-dev")
		if name != "" {
			s.set("gateway.adminUsername", name)
		}
		g := record(t, "aws-dev", s)
		require.Equal(t, want, variables(t, g)["BIFROST_ADMIN_USERNAME"])
		secret := g.Named(t, "kubernetes:core/v1:Secret", "eks-gateway-env")
		require.Equal(t, base64.StdEncoding.EncodeToString([]byte(canary+"-admin")), secret.Input(t, "data.BIFROST_ADMIN_PASSWORD"))
		version := g.Named(t, "aws:secretsmanager/secretVersion:SecretVersion", "ecs-secret-BIFROST_ADMIN_PASSWORD-version")
		require.Equal(t, canary+"-admin", version.Input(t, "secretString"))
		task := g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions").(string)
		require.Contains(t, task, fmt.Sprintf(`{"name":"BIFROST_ADMIN_USERNAME","value":%q}`, want))
		require.Contains(t, task, `{"name":"BIFROST_ADMIN_PASSWORD","valueFrom":`)
		require.Contains(t, g.One(t, "aws:iam/rolePolicy:RolePolicy").Input(t, "policy"), "ecs-secret-BIFROST_ADMIN_PASSWORD")
	}
	referred := record(t, "azure-dev", stackFile(t, "azure-dev").set("secrets.adminPassword", nil).set("gateway.existingNamespace", true).set("gateway.secretRefs", map[string]any{
		"BIFROST_ADMIN_PASSWORD": map[string]any{"secret": "login", "key": "p"}, "BIFROST_ADMIN_USERNAME": map[string]any{"secret": "login", "key": "u"},
	}))
	require.Equal(t, map[string]any{"name": "login", "key": "p"}, variables(t, referred)["BIFROST_ADMIN_PASSWORD"])
	require.Equal(t, map[string]any{"name": "login", "key": "u"}, variables(t, referred)["BIFROST_ADMIN_USERNAME"])
}

// owner is a login of config.json's own.
func owner(name, password string) map[string]any {
	return map[string]any{"is_enabled": true, "admin_username": name, "admin_password": password}
}

var okta = map[string]any{"enabled": true, "provider": "okta", "config": map[string]any{"issuerUrl": "https://acme.okta.com", "clientId": "c", "clientSecret": "env.OKTA"}}

// TestOwnAdministration: what config.json says stays, and no password is asked for that nobody reads.
func TestOwnAdministration(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s        settings
		want     map[string]any
		warning  string
		login    stacks.AdminLogin
		variable bool
	}{
		"a login of other variables": {
			stackFile(t, "azure-dev").set("gateway.config.auth_config", owner("root", "env.ROOT")).set("secrets.env.ROOT", canary), owner("root", "env.ROOT"),
			"", stacks.AdminLogin{Known: true, Closed: true, Username: "root", PasswordVariable: "ROOT"}, false,
		},
		"a login of governance": {
			stackFile(t, "azure-dev").set("gateway.config.governance.auth_config", owner("env.BIFROST_ADMIN_USERNAME", "env.ROOT")).set("secrets.env.ROOT", canary), nil,
			"", stacks.AdminLogin{Known: true, Closed: true, Username: "admin", PasswordVariable: "ROOT"}, true,
		},
		"single sign-on": {
			stackFile(t, "azure-dev").set("gateway.config.scim_config", okta).set("secrets.env.OKTA", canary), nil,
			"with scim_config alone, which takes Bifrost Enterprise", stacks.AdminLogin{Known: true, Closed: true}, false,
		},
		"open": {
			stackFile(t, "azure-dev").set("gateway.openAdministration", true), nil,
			"gateway.openAdministration: anybody who reaches the gateway reads its logs and keys, and makes keys that work; to close it, remove that and run `pulumi config set --secret --path 'bifrost:secrets.adminPassword'`",
			stacks.AdminLogin{Known: true}, false,
		},
		"open, with a login that is off": {
			stackFile(t, "azure-dev").set("gateway.openAdministration", true).
				set("gateway.config.auth_config", map[string]any{"is_enabled": false, "admin_username": "root", "admin_password": "env.ROOT"}).set("secrets.env.ROOT", canary),
			map[string]any{"is_enabled": false, "admin_username": "root", "admin_password": "env.ROOT"},
			"gateway.openAdministration: anybody", stacks.AdminLogin{Known: true, Username: "root", PasswordVariable: "ROOT"}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.s.set("secrets.adminPassword", nil)
			require.NotContains(t, missing(s), stacks.AdminPasswordKey)
			g := record(t, "azure-dev", s)
			document := configOf(t, g)
			if c.want == nil {
				require.NotContains(t, document, "auth_config")
			} else {
				require.Equal(t, c.want, document["auth_config"])
			}
			config := parsed(t, "azure-dev", s)
			require.Equal(t, c.login, config.AdminLogin())
			if c.warning == "" {
				require.Empty(t, config.Warnings())
			} else {
				require.Len(t, config.Warnings(), 1)
				require.Contains(t, config.Warnings()[0], c.warning)
			}
			require.Equal(t, c.variable, variables(t, g)["BIFROST_ADMIN_USERNAME"] != nil)
		})
	}
	both := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway.config.scim_config", okta).set("gateway.adminUsername", "root").set("secrets.env.OKTA", canary))
	require.Equal(t, true, configOf(t, both)["auth_config"].(map[string]any)["is_enabled"], "a name asks for a login beside single sign-on")
	require.Equal(t, stacks.AdminLogin{Known: true, Closed: true, Username: "admin", PasswordVariable: "BIFROST_ADMIN_PASSWORD"}, parsed(t, "azure-dev", stackFile(t, "azure-dev")).AdminLogin())
	require.Empty(t, parsed(t, "azure-dev", stackFile(t, "azure-dev").set("rollout", stacks.RolloutIdentity).set("secrets", nil).set("gateway.openAdministration", true)).Warnings())
}

// TestAdministrationRefused: each refusal is whole, so that what it says to write is held, too.
func TestAdministrationRefused(t *testing.T) {
	t.Parallel()
	const or = "; or say that it stays open: gateway.openAdministration: true"
	for name, c := range map[string]struct {
		stack string
		s     map[string]any
		want  []string
	}{
		"no password": {"aws-dev", map[string]any{"secrets.adminPassword": nil}, []string{
			"bifrost:secrets.adminPassword: Required value: pulumi config set --secret --path 'bifrost:secrets.adminPassword'; it closes the administration, which gateway.openAdministration: true would leave to anybody who reaches the gateway",
		}},
		"an empty password":    {"azure-dev", map[string]any{"secrets.adminPassword": ""}, []string{"bifrost:secrets.adminPassword: Required value"}},
		"a password too long":  {"aws-dev", map[string]any{"secrets.adminPassword": strings.Repeat(canary, 10)}, []string{"bifrost:secrets.adminPassword: Forbidden: too long: the gateway takes 72 bytes, and runs without a login where it has more"}},
		"a hash":               {"aws-dev", map[string]any{"secrets.adminPassword": "$2a$10$" + canary}, []string{"bifrost:secrets.adminPassword: Forbidden: a bcrypt hash, with which nobody signs in; write the password itself"}},
		"a colon in the name":  {"aws-dev", map[string]any{"gateway.adminUsername": "a:b"}, []string{`bifrost:gateway.adminUsername: Invalid value: "a:b": a name without a colon`}},
		"open and closed":      {"aws-dev", map[string]any{"gateway.openAdministration": true}, []string{"bifrost:gateway.openAdministration: Forbidden: secrets.adminPassword or gateway.secretRefs closes the administration; remove one of them"}},
		"open and closed here": {"aws-dev", map[string]any{"gateway.openAdministration": true, "secrets.adminPassword": nil, "gateway.config.auth_config": owner("root", "env.PG_PASSWORD")}, []string{"bifrost:gateway.openAdministration: Forbidden: config.json closes the administration; remove one of them"}},
		"open and single sign-on": {"azure-dev", map[string]any{"gateway.openAdministration": true, "secrets.adminPassword": nil, "gateway.config.scim_config": okta, "secrets.env.OKTA": canary},
			[]string{"bifrost:gateway.openAdministration: Forbidden: config.json closes the administration"}},
		"open and a name": {"azure-dev", map[string]any{"gateway.openAdministration": true, "secrets.adminPassword": nil, "gateway.adminUsername": "root"}, []string{"bifrost:gateway.adminUsername: Forbidden: gateway.openAdministration leaves no login that it would be of"}},
		"a login that is off": {"aws-dev", map[string]any{"secrets.adminPassword": nil, "gateway.config.auth_config": map[string]any{"is_enabled": false, "admin_username": "root", "admin_password": "env.PG_PASSWORD"}},
			[]string{"bifrost:gateway.config.auth_config.is_enabled: Invalid value: false: leaves the administration open to anybody; write true, or remove this login and set secrets.adminPassword" + or}},
		"no user, no password": {"aws-dev", map[string]any{"secrets.adminPassword": nil, "gateway.config.governance.auth_config": map[string]any{"is_enabled": true}},
			[]string{"bifrost:gateway.config.governance.auth_config.admin_username: Required value: a login without it is none; write a reference such as env.BIFROST_ADMIN_USERNAME" + or, "bifrost:gateway.config.governance.auth_config.admin_password: Required value"}},
		"a reference that nobody gives":    {"aws-dev", map[string]any{"secrets.adminPassword": nil, "gateway.config.auth_config": owner("root", "env.ROOT")}, []string{"bifrost:secrets.env.ROOT: Required value: pulumi config set --secret --path 'bifrost:secrets.env.ROOT'"}},
		"a variable without a value":       {"aws-dev", map[string]any{"secrets.adminPassword": nil, "gateway.config.auth_config": owner("env.ROOT", "env.PG_PASSWORD"), "gateway.env.ROOT": ""}, []string{"bifrost:gateway.config.auth_config.admin_username: Forbidden: the variable ROOT is empty"}},
		"a login twice":                    {"aws-dev", map[string]any{"gateway.config.auth_config": owner("root", "env.PG_PASSWORD")}, []string{"bifrost:secrets.adminPassword: Forbidden: config.json has a login of its own, which does not name it; write env.BIFROST_ADMIN_PASSWORD there, or remove one of them"}},
		"a name twice":                     {"aws-dev", map[string]any{"gateway.config.auth_config": owner("root", "env.BIFROST_ADMIN_PASSWORD"), "gateway.adminUsername": "admin"}, []string{"bifrost:gateway.adminUsername: Forbidden: config.json has a login of its own, which does not name it; write env.BIFROST_ADMIN_USERNAME there"}},
		"a password beside single sign-on": {"aws-dev", map[string]any{"gateway.config.scim_config": okta, "secrets.env.OKTA": canary}, []string{"bifrost:secrets.adminPassword: Forbidden: scim_config closes the administration; for a login beside it write gateway.adminUsername, too, or remove this"}},
		"a name beside single sign-on":     {"aws-dev", map[string]any{"gateway.config.scim_config": okta, "secrets.env.OKTA": canary, "gateway.adminUsername": "root", "secrets.adminPassword": nil}, []string{"bifrost:secrets.adminPassword: Required value"}},
		"single sign-on with nobody":       {"aws-dev", map[string]any{"secrets.adminPassword": nil, "gateway.config.scim_config": map[string]any{"enabled": true}}, []string{"bifrost:gateway.config.scim_config.provider: Required value", "bifrost:gateway.config.scim_config.config: Required value"}},
		"open routes":                      {"aws-dev", map[string]any{"gateway.config.client.whitelisted_routes": []any{"/metrics", "/api/*"}}, []string{`bifrost:gateway.config.client.whitelisted_routes[1]: Invalid value: "/api/*": opens the administration, or a part of it, to anybody; remove it` + or}},
		"no store":                         {"aws-dev", map[string]any{"gateway.config.config_store": map[string]any{"enabled": false}, "gateway.replicas": 1}, []string{"bifrost:gateway.config.config_store.enabled: Invalid value: false: without a config store the gateway asks nobody for a login; write true" + or}},

		"the password in clear":         {"aws-dev", map[string]any{"gateway.env.BIFROST_ADMIN_PASSWORD": "x"}, []string{"bifrost:gateway.env[BIFROST_ADMIN_PASSWORD]: Forbidden: is a secret; keep it under secrets alone"}},
		"the password elsewhere":        {"aws-dev", map[string]any{"secrets.env.BIFROST_ADMIN_PASSWORD": canary}, []string{"bifrost:secrets.env[BIFROST_ADMIN_PASSWORD]: Forbidden: has a key of its own: secrets.adminPassword"}},
		"the name elsewhere":            {"aws-dev", map[string]any{"gateway.env.BIFROST_ADMIN_USERNAME": "root"}, []string{"bifrost:gateway.env[BIFROST_ADMIN_USERNAME]: Forbidden: has a key of its own: gateway.adminUsername"}},
		"the name as a secret":          {"aws-dev", map[string]any{"secrets.env.BIFROST_ADMIN_USERNAME": canary}, []string{"bifrost:secrets.env[BIFROST_ADMIN_USERNAME]: Forbidden: has a key of its own: gateway.adminUsername"}},
		"the password in a Secret, too": {"azure-dev", map[string]any{"gateway.existingNamespace": true, "gateway.secretRefs": ref("BIFROST_ADMIN_PASSWORD")}, []string{"bifrost:gateway.secretRefs[BIFROST_ADMIN_PASSWORD]: Forbidden: has a value under secrets, too"}},
		"the name in a Secret, too":     {"azure-dev", map[string]any{"gateway.existingNamespace": true, "gateway.secretRefs": ref("BIFROST_ADMIN_USERNAME"), "gateway.adminUsername": "root"}, []string{"bifrost:gateway.secretRefs[BIFROST_ADMIN_USERNAME]: Forbidden: gateway.adminUsername says it, too; keep one of them"}},
		"open, as an existing Secret":   {"azure-dev", map[string]any{"gateway": map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true, "openAdministration": true}}, []string{"bifrost:gateway.openAdministration: Forbidden: gateway.existingConfigSecret holds config.json already"}},

		"a ServiceMonitor that is turned away": {"azure-dev", map[string]any{"secrets.adminPassword": nil, "gateway.config.auth_config": owner("root", "env.PG_PASSWORD"), "gateway.monitoring": map[string]any{"serviceMonitor": true}}, []string{
			"bifrost:gateway.monitoring.basicAuth: Required value: /metrics asks for a login that is not known here; name keys of existing Secrets: {username: {secret: S, key: K}, password: {secret: S, key: K}}, or let config.json take the password from env.BIFROST_ADMIN_PASSWORD",
		}},
		"a ServiceMonitor and no password": {"azure-dev", map[string]any{"secrets.adminPassword": nil, "gateway.monitoring": map[string]any{"serviceMonitor": true}}, []string{"bifrost:secrets.adminPassword: Required value"}},
		"a ServiceMonitor and a name in a vault": {"azure-dev", map[string]any{"gateway.config.auth_config": owner("vault.admin/name", "env.BIFROST_ADMIN_PASSWORD"), "gateway.monitoring": map[string]any{"serviceMonitor": true}},
			[]string{"bifrost:gateway.monitoring.basicAuth: Required value"}},
		"a ServiceMonitor and single sign-on": {"azure-dev", map[string]any{"secrets.adminPassword": nil, "gateway.config.scim_config": okta, "secrets.env.OKTA": canary, "gateway.monitoring": map[string]any{"serviceMonitor": true}}, []string{"bifrost:gateway.monitoring.basicAuth: Required value"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := stackFile(t, c.stack)
			for path, value := range c.s {
				s.set(path, value)
			}
			g := s.graph(t, c.stack)
			err := g.Run(program(g))
			var refusal *stacks.ConfigError
			require.ErrorAs(t, err, &refusal)
			require.Len(t, refusal.Problems, len(c.want), "%v", err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), canary)
			require.Empty(t, g.Resources)
			require.Empty(t, g.Calls)
		})
	}
}

// TestExistingConfigSecretIsNotChecked: nothing is demanded, and one warning says so.
func TestExistingConfigSecretIsNotChecked(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "azure-dev").set("gateway", map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true}).set("secrets.adminPassword", nil)
	require.NotContains(t, variables(t, record(t, "azure-dev", s)), "BIFROST_ADMIN_USERNAME")
	config := parsed(t, "azure-dev", s)
	require.Len(t, config.Warnings(), 1)
	require.Contains(t, config.Warnings()[0], "gateway.existingConfigSecret: nothing in its config.json was checked")
	require.Equal(t, stacks.AdminLogin{}, config.AdminLogin())
	with := parsed(t, "azure-dev", stackFile(t, "azure-dev").set("gateway", map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true}))
	require.Equal(t, stacks.AdminLogin{Username: "admin"}, with.AdminLogin())
}

// TestSourceOfTruth: what the user writes stays.
func TestSourceOfTruth(t *testing.T) {
	t.Parallel()
	require.Equal(t, "split", configOf(t, record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway.config.source_of_truth", "split")))["source_of_truth"])
}

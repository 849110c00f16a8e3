package stacks

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// defaultAdminUsername is the administrator's name where gateway.adminUsername leaves it open.
const defaultAdminUsername = "admin"

// adminPasswordKey is below secrets.
const adminPasswordKey = "adminPassword"

// References of config.json to the login.
var (
	adminUsername = configjson.ReferenceTo(gateway.AdminUsernameVariable)
	adminPassword = configjson.ReferenceTo(gateway.AdminPasswordVariable)
)

// withAdminLogin closes the administration, unless config.json does so itself, or the stack says that it stays open.
func withAdminLogin(c *Config, at target, document configjson.Document) configjson.Document {
	if !c.writesLogin(at) {
		return document
	}
	return configjson.WithLogin(document)
}

// writesLogin tells whether config.json gets a login here. Beside single sign-on it gets one where that is said in clear: verify, which
// sees no secret, must know what config.json is.
func (c *Config) writesLogin(at target) bool {
	g := &c.Gateway
	if g.ExistingConfigSecret != "" || g.OpenAdministration {
		return false
	}
	_, _, own := configjson.Login(g.Config)
	return !own && (c.namesAdmin() || at.refers(c, gateway.AdminPasswordVariable) || !configjson.SingleSignOn(g.Config))
}

// namesAdmin tells whether the stack asks for a login by the administrator's name.
func (c *Config) namesAdmin() bool { return c.written.Gateway.AdminUsername != "" }

// hasAdminPassword tells whether the gateway gets the password of the login there.
func (c *Config) hasAdminPassword(at target) bool {
	return c.Secrets.AdminPassword != "" || at.refers(c, gateway.AdminPasswordVariable)
}

// withSourceOfTruth lets the stack's file own what it names: a virtual key that leaves it is gone, and a changed value holds.
func withSourceOfTruth(c *Config, _ target, document configjson.Document) configjson.Document {
	if c.Gateway.ExistingConfigSecret != "" {
		return document
	}
	return configjson.WithSourceOfTruth(document)
}

// givenUsername is the plain variable of the administrator's name, where the gateway needs it and no Secret has it.
func (c *Config) givenUsername(at target) (string, bool) {
	g := &c.Gateway
	_, misplaced := c.Secrets.Env[gateway.AdminUsernameVariable]
	if misplaced || at.refers(c, gateway.AdminUsernameVariable) {
		return "", false
	}
	user, _, _ := configjson.Login(g.Config)
	used := c.writesLogin(at) || user == adminUsername ||
		g.ExistingConfigSecret != "" && (c.namesAdmin() || c.hasAdminPassword(at))
	return g.AdminUsername, used
}

// resolveVariable tells the value of a variable of the gateway there, as far as it is configured.
func (c *Config) resolveVariable(at target) configjson.Resolve {
	plain, secret := c.env(at), c.secretEnv(at)
	return func(variable string) (string, bool) {
		if value, known := plain[variable]; known {
			return value, true
		}
		value, known := secret[variable]
		return value, known
	}
}

// validateAdministration: it asks for a login, or the stack says that it does not.
func (c *Config) validateAdministration(k *checker) {
	p, g := field.NewPath("gateway"), &c.Gateway
	password := field.NewPath("secrets", adminPasswordKey)
	k.add(configjson.ValidatePassword(password, c.Secrets.AdminPassword)...)
	k.add(configjson.ValidateUsername(p.Child("adminUsername"), c.written.Gateway.AdminUsername)...)
	if g.ExistingConfigSecret != "" {
		return
	}
	for _, at := range c.targets() {
		document := c.document(at)
		_, _, own := configjson.Login(document)
		problems := configjson.ValidateAdministration(g.configPath(), document, c.resolveVariable(at))
		switch {
		case g.OpenAdministration && c.hasAdminPassword(at) && !own:
			k.add(field.Forbidden(p.Child("openAdministration"), "secrets."+adminPasswordKey+" or gateway.secretRefs closes the "+
				"administration; "+
				"remove one of them"))
		case g.OpenAdministration && len(problems) == 0:
			k.add(field.Forbidden(p.Child("openAdministration"), "config.json closes the administration; remove one of them"))
		case !g.OpenAdministration:
			for _, problem := range problems {
				problem.Detail += "; or say that it stays open: gateway.openAdministration: true"
			}
			k.add(problems...)
		}
		c.validateOneLogin(k, document)
	}
	c.validateScrapeLogin(k)
}

// validateOneLogin refuses a name or a password that config.json does not use.
func (c *Config) validateOneLogin(k *checker, document configjson.Document) {
	user, password, own := configjson.Login(document)
	switch {
	case own:
	case c.Gateway.OpenAdministration:
		if c.namesAdmin() {
			k.add(field.Forbidden(field.NewPath("gateway", "adminUsername"), "gateway.openAdministration leaves no login that it would be "+
				"of; "+
				"remove one of them"))
		}
		return
	case c.Secrets.AdminPassword != "":
		k.add(field.Forbidden(field.NewPath("secrets", adminPasswordKey), "scim_config closes the administration; for a login beside it "+
			"write "+
			"gateway.adminUsername, too, or remove this"))
		return
	}
	for _, unused := range []struct {
		p          *field.Path
		set        bool
		text, want string
	}{
		{field.NewPath("secrets", adminPasswordKey), c.Secrets.AdminPassword != "", password, adminPassword},
		{field.NewPath("gateway", "adminUsername"), c.namesAdmin(), user, adminUsername},
	} {
		if unused.set && unused.text != unused.want {
			k.add(field.Forbidden(unused.p, "config.json has a login of its own, which does not name it; write "+unused.want+
				" there, or remove "+
				"one of them"))
		}
	}
}

// AdminLogin is what the configuration says of the login to the administration.
type AdminLogin struct {
	// Known is false where an existing Secret holds config.json. Closed tells whether the administration asks for a login.
	Known, Closed bool
	// Username is empty where it is not in the configuration. PasswordVariable is the gateway's variable that holds the password, or empty.
	Username, PasswordVariable string
}

// AdminLogin is the same on all platforms of the stack.
func (c *Config) AdminLogin() AdminLogin {
	at := c.targets()[0]
	if c.Gateway.ExistingConfigSecret != "" {
		return AdminLogin{Username: c.env(at)[gateway.AdminUsernameVariable]}
	}
	document, resolve := c.document(at), c.resolveVariable(at)
	login := AdminLogin{Known: true, Closed: len(configjson.ValidateAdministration(nil, document, resolve)) == 0}
	user, password, _ := configjson.Login(document)
	login.Username, login.PasswordVariable = user, configjson.Variable(password)
	if name := configjson.Variable(user); name != "" {
		login.Username, _ = resolve(name)
	}
	return login
}

func openAdministration(c *Config) string {
	if !c.Gateway.OpenAdministration {
		return ""
	}
	return "gateway.openAdministration: anybody who reaches the gateway reads its logs and keys, and makes keys that work; to close it, " +
		"remove that and run `" + setSecret(adminPasswordKey) + "`"
}

func unknownAdministration(c *Config) string {
	if c.Gateway.ExistingConfigSecret == "" {
		return ""
	}
	return "gateway.existingConfigSecret: nothing in its config.json was checked; without auth_config or scim_config anybody who " +
		"reaches the gateway administers it"
}

// onlySingleSignOn: the open-source gateway does not look at scim_config for that.
func onlySingleSignOn(c *Config) string {
	for _, at := range c.targets() {
		document := c.document(at)
		if _, _, own := configjson.Login(document); !own && configjson.SingleSignOn(document) {
			return "config.json closes the administration with scim_config alone, which takes Bifrost Enterprise: another gateway leaves " +
				"it open to anybody; gateway.adminUsername and secrets." + adminPasswordKey + " add a login that every gateway asks for"
		}
	}
	return ""
}

// setSecret is the command that sets a value below secrets.
func setSecret(path string) string {
	return "pulumi config set --secret --path '" + Project + ":secrets." + path + "'"
}

package configjson

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway"
)

// The administration's paths, and those of them that are open in any case: signing in, and what identity providers and marketplaces call.
const administrationPrefix = "/api/"

var alwaysOpen = []string{
	"/api/session/is-auth-enabled", "/api/session/login", "/api/oauth/callback", "/api/version",
	"/api/scim/oauth/config", "/api/scim/oauth/callback", "/api/scim/oauth/refresh", "/api/scim/oauth/logout", "/api/skills/serve/",
}

// maxPassword is in bytes. The gateway hashes with bcrypt, which takes no more; it then runs as if there were no login.
const maxPassword = 72

// ReferenceTo a variable, as config.json has it.
func ReferenceTo(variable string) string { return "env." + variable }

// WithLogin adds the login of the two variables, unless the document has one. The document itself stays as it is. It is auth_config, not
// governance.auth_config: with a governance of its own the document would own collections that it does not name.
func WithLogin(document Document) Document {
	if _, _, own := login(document); own {
		return document
	}
	return With(document, "auth_config", map[string]any{
		"is_enabled": true, "admin_username": ReferenceTo(gateway.AdminUsernameVariable),
		"admin_password": ReferenceTo(gateway.AdminPasswordVariable),
	})
}

// Login is the administrator's name and password as the document has them, texts or references; false where it has no login of its own,
// effective or not.
func Login(document Document) (user, password string, own bool) {
	_, config, own := login(document)
	user, _ = config["admin_username"].(string)
	password, _ = config["admin_password"].(string)
	return user, password, own
}

// login is the one that the gateway looks at, and its keys: governance.auth_config goes before auth_config, even an empty one.
func login(document Document) (keys []string, config map[string]any, own bool) {
	governance, _ := document["governance"].(map[string]any)
	if raw := governance["auth_config"]; raw != nil {
		config, _ = raw.(map[string]any)
		return []string{"governance", "auth_config"}, config, true
	}
	if raw := document["auth_config"]; raw != nil {
		config, _ = raw.(map[string]any)
		return []string{"auth_config"}, config, true
	}
	return nil, nil, false
}

// SingleSignOn tells whether scim_config is on: users sign in at an identity provider (Bifrost Enterprise).
func SingleSignOn(document Document) bool {
	config, _ := document["scim_config"].(map[string]any)
	return config["enabled"] == true
}

// Resolve is the value of a variable that a reference names; false where it is not known here.
type Resolve func(variable string) (value string, known bool)

// ValidateAdministration reports what leaves the administration open to anybody: none means that it asks for a login. A reference that
// nobody provides is the caller's to refuse.
func ValidateAdministration(p *field.Path, document Document, resolve Resolve) field.ErrorList {
	var problems field.ErrorList
	if store, there := document["config_store"].(map[string]any); there && store["enabled"] != true {
		problems = append(problems, field.Invalid(p.Child("config_store", "enabled"), store["enabled"],
			"without a config store the gateway asks nobody for a login; write true"))
	}
	problems = append(problems, validateEntry(p, document, resolve)...)
	return append(problems, validateOpenRoutes(p, document)...)
}

// validateEntry: one effective way in is enough. A login that is off beside single sign-on is how a company has the latter alone.
func validateEntry(p *field.Path, document Document, resolve Resolve) field.ErrorList {
	keys, config, own := login(document)
	var problems field.ErrorList
	if own {
		if problems = validateLogin(p.Child(keys[0], keys[1:]...), config, resolve); len(problems) == 0 {
			return nil
		}
	}
	switch {
	case SingleSignOn(document):
		return validateSingleSignOn(p.Child("scim_config"), document)
	case !own:
		return field.ErrorList{field.Required(p.Child("auth_config"), "without a login anybody who reaches the gateway administers it")}
	}
	return problems
}

func validateLogin(p *field.Path, config map[string]any, resolve Resolve) field.ErrorList {
	if config == nil {
		return field.ErrorList{field.TypeInvalid(p, "", "must be an object")}
	}
	var problems field.ErrorList
	const open = "leaves the administration open to anybody"
	switch on, there := config["is_enabled"]; {
	case !there:
		problems = append(problems, field.Required(p.Child("is_enabled"), open+
			"; write true, or remove this login and set secrets.adminPassword"))
	case on != true:
		problems = append(problems, field.Invalid(p.Child("is_enabled"), on, open+"; write true, or remove this login and set "+
			"secrets.adminPassword"))
	}
	for _, key := range []string{"admin_username", "admin_password"} {
		text, ok := config[key].(string)
		if !ok && config[key] != nil {
			problems = append(problems, field.TypeInvalid(p.Child(key), "", "must be text: in an object the gateway looks up no reference"))
			continue
		}
		if text == "" {
			problems = append(problems, field.Required(p.Child(key), "a login without it is none; write a reference such as "+
				ReferenceTo(strings.ToUpper("bifrost_"+key))))
			continue
		}
		name := Variable(text)
		if name == "" {
			continue
		}
		value, known := resolve(name)
		switch {
		case known && value == "":
			problems = append(problems, field.Forbidden(p.Child(key), "the variable "+name+" is empty, and a login without it is none"))
		// That of the program's own variable has a key of its own: ValidatePassword.
		case key == "admin_password" && name != gateway.AdminPasswordVariable && len(value) > maxPassword && !isHash(value):
			problems = append(problems, field.Forbidden(p.Child(key), "the value of "+name+" is too long: "+tooLong))
		}
	}
	return problems
}

var tooLong = fmt.Sprintf("the gateway takes %d bytes, and runs without a login where it has more", maxPassword)

// isHash tells whether the gateway takes a password for its hash.
func isHash(password string) bool {
	return slices.ContainsFunc([]string{"$2a$", "$2b$", "$2y$"}, func(prefix string) bool { return strings.HasPrefix(password, prefix) })
}

// ValidatePassword checks the administrator's password without repeating it.
func ValidatePassword(p *field.Path, password string) field.ErrorList {
	switch {
	case password == "":
	case isHash(password):
		return field.ErrorList{field.Forbidden(p, "a bcrypt hash, with which nobody signs in; write the password itself")}
	case strings.ContainsFunc(password, unicode.IsControl):
		return field.ErrorList{field.Forbidden(p, "holds a line break or another control character, with which nobody signs in (RFC 7617)"+
			"; write it without")}
	case len(password) > maxPassword:
		return field.ErrorList{field.Forbidden(p, "too long: "+tooLong)}
	}
	return nil
}

// ValidateUsername checks the administrator's name: basic authentication ends it at the first colon (RFC 7617).
func ValidateUsername(p *field.Path, name string) field.ErrorList {
	if strings.Contains(name, ":") || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
		return field.ErrorList{field.Invalid(p, name, "a name without a colon or line breaks, and without spaces at its ends")}
	}
	return nil
}

// validateSingleSignOn: providers and their keys are the schema's.
func validateSingleSignOn(p *field.Path, document Document) field.ErrorList {
	var problems field.ErrorList
	config := document["scim_config"].(map[string]any)
	const why = "without it single sign-on stays off, and the administration open to anybody"
	if provider, _ := config["provider"].(string); provider == "" {
		problems = append(problems, field.Required(p.Child("provider"), why+"; okta, entra or keycloak, for instance"))
	}
	if provider, _ := config["config"].(map[string]any); len(provider) == 0 {
		problems = append(problems, field.Required(p.Child("config"), why+"; the address and the client of your identity provider"))
	}
	return problems
}

// openRoutes are client.whitelisted_routes: paths that ask nobody for a login. One that ends with a star is all that begins so.
func openRoutes(document Document) []string {
	client, _ := document["client"].(map[string]any)
	list, _ := client["whitelisted_routes"].([]any)
	routes := make([]string, len(list))
	for i, route := range list {
		routes[i], _ = route.(string)
	}
	return routes
}

func validateOpenRoutes(p *field.Path, document Document) field.ErrorList {
	var problems field.ErrorList
	for i, route := range openRoutes(document) {
		prefix, star := strings.CutSuffix(route, "*")
		opens := strings.HasPrefix(route, administrationPrefix) || star && strings.HasPrefix(administrationPrefix, prefix)
		if opens && !slices.ContainsFunc(alwaysOpen, func(open string) bool { return strings.HasPrefix(prefix, open) }) {
			problems = append(problems, field.Invalid(p.Child("client", "whitelisted_routes").Index(i), route,
				"opens the administration, or a part of it, to anybody; remove it"))
		}
	}
	return problems
}

// MetricsClosed tells whether MetricsPath asks for a login.
func MetricsClosed(document Document) bool {
	_, config, _ := login(document)
	if config["is_enabled"] != true && !SingleSignOn(document) {
		return false
	}
	return !slices.ContainsFunc(openRoutes(document), func(route string) bool {
		prefix, star := strings.CutSuffix(route, "*")
		return route == gateway.MetricsPath || star && strings.HasPrefix(gateway.MetricsPath, prefix)
	})
}

// sourceOfTruthKey says who owns what config.json names: the file alone (sourceIsFile), or file and dashboard together ("split").
const (
	sourceOfTruthKey = "source_of_truth"
	sourceIsFile     = "config.json"
)

// WithSourceOfTruth makes the file the owner of what it names, unless the document says otherwise. The document itself stays as it is.
func WithSourceOfTruth(document Document) Document {
	if _, own := document[sourceOfTruthKey]; own {
		return document
	}
	return With(document, sourceOfTruthKey, sourceIsFile)
}

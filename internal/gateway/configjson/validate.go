package configjson

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway"
)

// logsDir is the one folder below it that the image's entrypoint makes.
const logsDir = gateway.DataDir + "/logs"

// Facts are what the rules of config.json need to know beside it.
type Facts struct {
	// AllowInsecure is the second time that somebody says that the way to the database need not be encrypted.
	AllowInsecure bool
	// Value is the value of a variable of the gateway, where it is known.
	Value Resolve
	// InsecureKey is its configuration key, for the errors.
	InsecureKey string
}

// Validate reports every problem at its path below p. No value of a secret's place is repeated.
func Validate(p *field.Path, document Document, facts Facts) field.ErrorList {
	var problems field.ErrorList
	for _, name := range StoreNames {
		problems = append(problems, validateStore(p.Child(name), document, name, facts)...)
	}
	return append(problems, ClearSecrets(p, document)...)
}

// storeKinds are what the gateway takes. The schema has ClickHouse for logs, too, and the gateway exits on it.
var storeKinds = []string{Postgres, SQLite}

// sslModes of PostgreSQL (PostgreSQL documentation, "SSL Support"); the first three do not insist on encryption.
var (
	insecureModes = []string{"disable", "allow", "prefer"}
	secureModes   = []string{"require", "verify-ca", "verify-full"}
)

func validateStore(p *field.Path, document Document, name string, facts Facts) field.ErrorList {
	raw, there := document[name]
	if !there {
		return nil
	}
	store, ok := raw.(map[string]any)
	if !ok {
		return field.ErrorList{field.TypeInvalid(p, "", "must be an object")}
	}
	if enabled, there := store["enabled"]; there {
		if _, ok := enabled.(bool); !ok {
			return field.ErrorList{field.TypeInvalid(p.Child("enabled"), enabled, "must be true or false")}
		}
	}
	kind := StoreKind(document, name)
	if kind == Disabled {
		return nil
	}
	if !slices.Contains(storeKinds, kind) {
		return field.ErrorList{field.NotSupported(p.Child("type"), kind, storeKinds)}
	}
	config := storeConfig(document, name)
	p = p.Child("config")
	if kind == Postgres {
		return validatePostgres(p, config, facts)
	}
	return validateSQLite(p, config, strings.TrimSuffix(name, "_store")+".db")
}

func validatePostgres(p *field.Path, config map[string]any, facts Facts) field.ErrorList {
	var problems field.ErrorList
	for _, key := range []string{"host", "port", "user", "db_name", "ssl_mode"} {
		if config[key] == nil || config[key] == "" {
			problems = append(problems, field.Required(p.Child(key), "a store of type postgres needs it"))
		}
	}
	_, password := config["password"]
	_, command := config["password_command"]
	if password == command {
		problems = append(problems, field.Required(p.Child("password"),
			"either this, as a reference such as env.PG_PASSWORD, or password_command"))
	}
	if config["port"] != nil {
		problems = append(problems, validatePort(p.Child("port"), config["port"])...)
	}
	if n, there := config["max_open_conns"]; there {
		if n, ok := whole(n); !ok || n < 2 {
			problems = append(problems, field.Invalid(p.Child("max_open_conns"), config["max_open_conns"], "a whole number, at least 2"))
		}
	}
	if lifetime, ok := config["conn_max_lifetime"].(string); ok && lifetime != "" {
		if d, err := time.ParseDuration(lifetime); err != nil || d <= 0 {
			problems = append(problems, field.Invalid(p.Child("conn_max_lifetime"), lifetime,
				`a duration such as "30m"; the gateway exits on others`))
		}
	}
	mode, _ := config["ssl_mode"].(string)
	switch {
	case mode == "" || reference.MatchString(mode) || slices.Contains(secureModes, mode):
	case !slices.Contains(insecureModes, mode):
		problems = append(problems, field.NotSupported(p.Child("ssl_mode"), mode, secureModes))
	case !facts.AllowInsecure:
		problems = append(problems, field.Invalid(p.Child("ssl_mode"), mode,
			"passwords, prompts and keys may cross the network in clear; write require or stricter, or say so a second time with "+
				facts.InsecureKey))
	}
	return problems
}

// validatePort: the schema has ports of databases as text.
func validatePort(p *field.Path, port any) field.ErrorList {
	text, ok := port.(string)
	switch {
	case port == nil:
		return nil
	case !ok:
		return field.ErrorList{field.TypeInvalid(p, port, fmt.Sprintf("must be text; write %q", fmt.Sprint(port)))}
	case reference.MatchString(text):
		return nil
	}
	if n, err := strconv.Atoi(text); err != nil || n < 1 || n > 65535 {
		return field.ErrorList{field.Invalid(p, text, `a port from "1" to "65535", or a reference such as env.PG_PORT`)}
	}
	return nil
}

// validateSQLite: the root file system is read-only, only DataDir outlives a container, and the gateway takes a reference to a
// variable for the name of a file.
func validateSQLite(p *field.Path, config map[string]any, name string) field.ErrorList {
	file, there := config["path"].(string)
	advice := "the gateway can write below " + gateway.DataDir + " alone; write "
	switch clean := path.Clean(file); {
	case !there || file == "":
		return field.ErrorList{field.Required(p.Child("path"), "the gateway exits without it; write "+path.Join(gateway.DataDir, name))}
	case reference.MatchString(file):
		return field.ErrorList{field.Invalid(p.Child("path"), file, "the gateway reads no reference here; write "+
			path.Join(gateway.DataDir, name))}
	case !strings.HasPrefix(clean, gateway.DataDir+"/"):
		return field.ErrorList{field.Invalid(p.Child("path"), file, advice+path.Join(gateway.DataDir, path.Base(file)))}
	case path.Dir(clean) != gateway.DataDir && path.Dir(clean) != logsDir:
		return field.ErrorList{field.Invalid(p.Child("path"), file, "the gateway makes no folder for it, and exits; write "+
			path.Join(gateway.DataDir, path.Base(file)))}
	}
	return nil
}

// secretKeys are the keys whose values are secrets wherever the schema has them, without - and _ and in lower case: it writes some
// in snake case (client_secret) and those of SCIM in camel case (clientSecret).
var secretKeys = map[string]bool{
	"encryptionkey": true, "password": true, "adminpassword": true, "apikey": true, "apitoken": true, "token": true, "authtoken": true,
	"setuptoken": true, "sessiontoken": true, "provisioningtoken": true, "secret": true, "clientsecret": true,
	"serviceaccountclientsecret": true,
	"secretkey":                  true, "secretaccesskey": true, "secretid": true, "hmackey": true, "routingkey": true,
	"integrationkey":    true,
	"serviceaccountkey": true, "credentials": true, "credentialsjson": true, "authcredentials": true, "dsn": true,
}

// headerObjects hold headers by name, and secretHeader is the name of one that lets somebody in.
var (
	headerObjects = []string{"headers", "extra_headers"}
	secretHeader  = regexp.MustCompile(`(?i)^(proxy-)?authorization$|cookie|token|secret|api-?key|password`)
)

// ClearSecrets refuses a secret that stands in clear where a reference belongs: config.json is read by more people than the
// secrets are, and kept in the stack file.
func ClearSecrets(p *field.Path, document Document) field.ErrorList {
	var problems field.ErrorList
	refuse := func(p *field.Path) {
		problems = append(problems, field.Forbidden(p, "a secret in clear; write a reference such as env.NAME here and keep the value "+
			"under "+
			"secrets.env.NAME"))
	}
	var walk func(p *field.Path, parent string, v any)
	walk = func(p *field.Path, parent string, v any) {
		switch v := v.(type) {
		case string:
			if hasPassword(v) {
				refuse(p)
			}
		case []any:
			for i, e := range v {
				walk(p.Index(i), parent, e)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				below := p.Child(key)
				if isSecret(parent, key) {
					if !isReference(v[key]) {
						refuse(below)
					}
					continue
				}
				walk(below, key, v[key])
			}
		}
	}
	walk(p, "", document)
	return problems
}

// isSecret tells whether the value of key is a secret; parent is the key of its object, or of the list that the object is in.
func isSecret(parent, key string) bool {
	switch {
	case slices.Contains(headerObjects, parent):
		return secretHeader.MatchString(key)
	case key == "value":
		return parent == "keys" || parent == "virtual_keys"
	}
	return secretKeys[strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key))]
}

// isReference tells whether a secret's place holds no secret: a reference to the environment or the vault, as text or in the
// schema's object form, or nothing.
func isReference(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == "" || reference.MatchString(v) || vaultReference.MatchString(v)
	case map[string]any:
		text, ok := v["value"].(string)
		return v["value"] == nil || ok && isReference(text)
	}
	return false
}

// hasPassword tells whether a text is a URL with a password in it.
func hasPassword(text string) bool {
	if !strings.Contains(text, "://") {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return false
	}
	password, there := u.User.Password()
	return there && password != ""
}

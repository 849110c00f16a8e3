package configjson

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
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
	// Mounts are the folders of the gateway's container at which the stack mounts volumes of its own. Mountable tells whether it can.
	Mounts    []string
	Mountable bool
	// OwnImage says that the image is the user's own, and may have any program.
	OwnImage bool
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
		return field.ErrorList{check.NotSupported(p.Child("type"), kind, storeKinds)}
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
	_, command := config["password_command"]
	switch password := hasPassword(config); {
	case password && command:
		problems = append(problems, field.Forbidden(p.Child("password_command"),
			"there is a password, too, and the gateway exits; remove one of them"))
	case !password && !command:
		problems = append(problems, field.Required(p.Child("password"), "a reference such as env.PG_PASSWORD"))
	}
	if config["port"] != nil {
		problems = append(problems, validatePort(p.Child("port"), config["port"])...)
	}
	if n, there := config["max_open_conns"]; there {
		if n, ok := whole(n); !ok || n < LeastPool {
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
		problems = append(problems, check.NotSupported(p.Child("ssl_mode"), mode, secureModes))
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

package configjson

import (
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// hasPassword tells whether a store of type postgres names a password, literally or by a reference.
func hasPassword(config map[string]any) bool {
	value := config["password"]
	if form, ok := value.(map[string]any); ok {
		value = form["value"]
	}
	return value != nil && value != ""
}

// databasePasswords: without a password that is known here the gateway reaches no database that asks for one, and where it is empty, its
// connection string takes the next key for it (framework/postgresconn, BuildDSN).
func databasePasswords(r *review) {
	for _, name := range StoreNames {
		if StoreKind(r.document, name) != Postgres {
			continue
		}
		p, config := r.p.Child(name, "config"), storeConfig(r.document, name)
		if command, there := config["password_command"]; there {
			r.passwordCommand(p.Child("password_command"), object(command))
			continue
		}
		if variable := Variable(text(config["password"])); variable != "" && r.facts.Value != nil {
			if value, known := r.facts.Value(variable); known && value == "" {
				r.require(p.Child("password"), "%s is empty, and there is no login without a password here: give it a value", variable)
			}
		}
	}
}

// passwordCommand: the gateway starts the program before each connection, without a shell, and takes what it prints for the password
// (framework/postgresconn, RunPasswordCommand). So a token of RDS or of Entra is fresh by itself, and what is missing is the program: the
// image is Alpine with the gateway in it (transports/Dockerfile), without any cloud's command line.
func (r *review) passwordCommand(p *field.Path, config map[string]any) {
	command := strings.TrimSpace(text(config["command"]))
	if command == "" {
		r.require(p.Child("command"), "the program to start; the gateway exits without it")
		return
	}
	if timeout := text(config["timeout"]); timeout != "" {
		if d, err := time.ParseDuration(timeout); err != nil || d <= 0 {
			r.forbid(p.Child("timeout"), `must be a duration such as "10s"; the gateway exits on others`)
		}
	}
	words := append([]any{command}, list(config["args"])...)
	if r.facts.OwnImage || slices.ContainsFunc(words, func(word any) bool { return r.facts.mounted(text(word)) }) {
		return
	}
	const password = "or let the database take a password: password: env.PG_PASSWORD"
	if !r.facts.Mountable {
		r.forbid(p, "the gateway's image has no program that makes a token of RDS or of Entra, and no file of yours can be mounted into a "+
			"task of ECS; %s", password)
		return
	}
	r.forbid(p, "the gateway's image has no program that makes a token of RDS or of Entra: it is Alpine without any cloud's command line. "+
		"Let a container of gateway.initContainers put one into a volume (gateway.extraVolumes, gateway.extraVolumeMounts) and name it by "+
		"its path there; or let one of gateway.extraContainers keep a token in a file there, and write command: cat, with the file's path "+
		"in args; %s", password)
}

// mounted tells whether a word of a command is a path below a mounted volume.
func (f Facts) mounted(word string) bool {
	return slices.ContainsFunc(f.Mounts, func(mount string) bool {
		return strings.HasPrefix(path.Clean(word), strings.TrimSuffix(path.Clean(mount), "/")+"/")
	})
}

// list is the value where it is a list, and otherwise empty.
func list(v any) []any {
	l, _ := v.([]any)
	return l
}

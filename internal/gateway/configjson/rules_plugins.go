package configjson

import (
	"regexp"
	"slices"

	"bifrost/internal/check"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// pluginNames are the plugins of the gateway's own, Enterprise's among them. Any other needs the path of its file.
var pluginNames = []string{
	"telemetry", "prompts", "logging", "governance", "otel", "semantic_cache", "compat", "maxim", "datadog", "bigquery", "kafka", "pubsub",
}

// plugins: one that does not start is missing, and the gateway starts without it.
func plugins(r *review) {
	vectors := object(r.document["vector_store"])
	r.each("plugins[]", func(p *field.Path, plugin map[string]any) {
		name := text(plugin["name"])
		enabled, said := plugin["enabled"]
		switch {
		case name == "":
			r.require(p.Child("name"), "which plugin this is")
			return
		case plugin["path"] == nil && !slices.Contains(pluginNames, name) && !r.newer(name):
			advice := "one of your own needs path"
			if i := slices.IndexFunc(pluginNames, func(k string) bool { return near(name, k) }); i >= 0 {
				advice = "did you mean " + pluginNames[i] + "?"
			}
			r.forbid(p.Child("name"), "the gateway has no plugin %s, and starts without it; %s", name, advice)
			return
		case !said:
			r.require(p.Child("enabled"), "write true: a plugin is off without it")
			return
		case enabled != true:
			return
		}
		switch name {
		case "semantic_cache":
			if vectors["enabled"] != true {
				r.forbid(p.Child("name"), "semantic_cache needs vector_store with enabled: true; the gateway starts without the cache")
			}
		case OtelPlugin:
			r.otel(p.Child("config"), plugin["config"])
		}
	})
}

// otel has one profile, or several under profiles.
func (r *review) otel(p *field.Path, v any) {
	config, ok := v.(map[string]any)
	if !ok {
		r.require(p, "with collector_url and protocol; the gateway starts without traces")
		return
	}
	profile := func(p *field.Path, profile map[string]any) {
		for _, key := range []string{"collector_url", "protocol"} {
			if profile[key] == nil || profile[key] == "" {
				r.require(p.Child(key), "otel needs it; the gateway starts without traces")
			}
		}
	}
	if count(config["profiles"]) == 0 {
		profile(p, config)
		return
	}
	each(p, config, "profiles[]", profile)
}

// connectionTypes are the ways to an MCP server, and what each needs.
var connectionTypes = map[string]string{"http": "connection_string", "sse": "connection_string", "stdio": "stdio_config", "inprocess": ""}

// clientName: the gateway's own rule (ASCII without spaces and hyphens, no digit first).
var clientName = regexp.MustCompile(`^[!-,./:-~][!-,.-~]*$`)

// mcpClients: one that does not connect is missing.
func mcpClients(r *review) {
	seen := map[string]bool{}
	r.each("mcp.client_configs[]", func(p *field.Path, client map[string]any) {
		name, kind := text(client["name"]), text(client["connection_type"])
		switch needs, known := connectionTypes[kind]; {
		case kind == "":
			r.require(p.Child("connection_type"), "stdio, http, sse or inprocess; the gateway does not connect without it")
		case !known && !r.newer(kind):
			r.problems = append(r.problems, check.NotSupported(p.Child("connection_type"), kind,
				[]string{"http", "inprocess", "sse", "stdio"}))
		case needs != "" && (client[needs] == nil || client[needs] == ""):
			r.require(p.Child(needs), "connection_type %s needs it; the gateway does not connect without it", kind)
		}
		switch {
		case !clientName.MatchString(name):
			r.forbid(p.Child("name"),
				"must be ASCII without spaces and hyphens, and begin with no digit; the gateway passes over the client")
		case seen[name]:
			r.problems = append(r.problems, field.Duplicate(p.Child("name"), name))
		}
		seen[name] = true
	})
}

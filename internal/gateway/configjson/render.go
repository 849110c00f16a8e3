package configjson

import (
	"encoding/json"
	"maps"
	"slices"
)

// OtelPlugin is the name of the built-in plugin that exports traces and metrics.
const OtelPlugin = "otel"

// HasPlugin tells whether the document names a plugin.
func HasPlugin(document Document, name string) bool {
	plugins, _ := document["plugins"].([]any)
	return slices.ContainsFunc(plugins, func(p any) bool {
		plugin, _ := p.(map[string]any)
		return plugin["name"] == name
	})
}

// WithPlugin adds an enabled plugin at the end. The document itself stays as it is.
func WithPlugin(document Document, name string, config map[string]any) Document {
	plugins, _ := document["plugins"].([]any)
	return With(document, "plugins", append(slices.Clone(plugins), map[string]any{"enabled": true, "name": name, "config": config}))
}

// With sets a top-level key. The document itself stays as it is.
func With(document Document, key string, value any) Document {
	all := Document{}
	maps.Copy(all, document)
	all[key] = value
	return all
}

// WithEnvironmentProxy lets each provider without a proxy_config of its own take the proxy from the environment.
func WithEnvironmentProxy(document Document) Document {
	providers, _ := document["providers"].(map[string]any)
	if len(providers) == 0 {
		return document
	}
	all := map[string]any{}
	for name, raw := range providers {
		provider, isObject := raw.(map[string]any)
		if _, own := provider["proxy_config"]; isObject && !own {
			raw = map[string]any(With(provider, "proxy_config", map[string]any{"type": "environment"}))
		}
		all[name] = raw
	}
	return With(document, "providers", all)
}

// Render is the text of config.json: the same document gives the same text.
func Render(document Document) ([]byte, error) { return json.Marshal(document) }

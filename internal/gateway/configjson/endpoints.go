package configjson

import "k8s.io/apimachinery/pkg/util/validation/field"

// Collectors are the endpoints to which the document's plugin otel pushes traces and metrics, as they stand there.
func Collectors(document Document) []string {
	var all []string
	profile := func(profile map[string]any) {
		for _, key := range []string{"collector_url", "metrics_endpoint"} {
			all = appendEndpoint(all, profile[key])
		}
	}
	each(nil, document, "plugins[]", func(_ *field.Path, plugin map[string]any) {
		config, _ := plugin["config"].(map[string]any)
		if plugin["name"] != OtelPlugin || plugin["enabled"] == false {
			return
		}
		profile(config)
		each(nil, config, "profiles[]", func(_ *field.Path, v map[string]any) { profile(v) })
	})
	return all
}

// Proxies are the ones through which the document lets the gateway reach providers, as they stand there. Type environment leaves it to the
// variables of the environment.
func Proxies(document Document) []string {
	var all []string
	for _, path := range []string{"providers.*.proxy_config", "governance.providers[].proxy_config"} {
		each(nil, document, path, func(_ *field.Path, proxy map[string]any) {
			if proxy["type"] == "http" || proxy["type"] == "socks5" {
				all = appendEndpoint(all, proxy["url"])
			}
		})
	}
	return all
}

// appendEndpoint takes a text, or the object that may stand for one.
func appendEndpoint(all []string, v any) []string {
	if object, ok := v.(map[string]any); ok {
		v = object["value"]
	}
	if text, _ := v.(string); text != "" {
		return append(all, text)
	}
	return all
}

package configjson

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"bifrost/internal/check"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// baseProviders are those whose API a provider of one's own may speak.
var baseProviders = []string{"anthropic", "bedrock", "cohere", "gemini", "huggingface", "openai", "replicate"}

// providerNames: the gateway keeps a provider that it does not know, and serves none of its models.
func providerNames(r *review) {
	known := knownKeys.names(chosenNames)
	for name, v := range object(r.document["providers"]) {
		p := r.p.Child("providers", name)
		// The gateway does not tell upper from lower case here.
		standard := slices.Contains(known, strings.ToLower(name))
		custom, own := object(v)["custom_provider_config"].(map[string]any)
		switch base := text(custom["base_provider_type"]); {
		case own && standard:
			r.forbid(p.Child("custom_provider_config"),
				"%s is a provider of the gateway's own, and it passes over the whole provider; give yours another name, or remove this",
				name)
		case own && base == "":
			r.require(p.Child("custom_provider_config", "base_provider_type"),
				"without it the gateway passes over the provider; one of %s", strings.Join(baseProviders, ", "))
		case own && !slices.Contains(baseProviders, base) && (slices.Contains(known, base) || !r.newer(base)):
			r.problems = append(r.problems, check.NotSupported(p.Child("custom_provider_config", "base_provider_type"), base,
				baseProviders))
		case own || standard || r.newer(name):
		default:
			advice := "one of your own needs custom_provider_config"
			if i := slices.IndexFunc(known, func(k string) bool { return near(name, k) }); i >= 0 {
				advice = "did you mean " + known[i] + "?"
			}
			r.forbid(p, "the gateway knows no provider of this name, and serves none of its models; %s", advice)
		}
	}
}

// keyConfigs are the objects without which the gateway skips a key, and what they must hold.
var keyConfigs = map[string]struct{ object, needs string }{
	"azure":  {"azure_key_config", "endpoint"},
	"ollama": {"ollama_key_config", "url"},
	"sgl":    {"sgl_key_config", "url"},
	"vertex": {"vertex_key_config", ""},
	"vllm":   {"vllm_key_config", "url"},
}

// providerKeys: keys that serve nothing.
func providerKeys(r *review) {
	for name, v := range object(r.document["providers"]) {
		each(r.p.Child("providers", name), v, "keys[]", func(p *field.Path, key map[string]any) {
			r.models(p.Child("models"), key["models"])
			config, needed := keyConfigs[strings.ToLower(name)]
			if !needed {
				return
			}
			object, there := key[config.object].(map[string]any)
			switch {
			case !there:
				r.require(p.Child(config.object), "the gateway skips a key of %s without it", name)
			case config.needs != "" && (object[config.needs] == nil || object[config.needs] == ""):
				r.require(p.Child(config.object, config.needs), "the gateway skips a key of %s without it", name)
			}
		})
	}
}

// withoutValue are the providers whose keys need no value: they have their credentials, or none, in an object of their own (the gateway's
// core, CanProviderKeyValueBeEmpty).
var withoutValue = []string{"azure", "bedrock", "ollama", "sgl", "vertex", "vllm"}

// keyValues: a key without a value is never used.
func keyValues(r *review) {
	for name, v := range object(r.document["providers"]) {
		custom := object(object(v)["custom_provider_config"])
		provider := strings.ToLower(cmp.Or(text(custom["base_provider_type"]), name))
		known := slices.Contains(knownKeys.names(chosenNames), provider)
		if !known || slices.Contains(withoutValue, provider) || custom["is_key_less"] == true {
			continue
		}
		each(r.p.Child("providers", name), v, "keys[]", func(p *field.Path, key map[string]any) {
			value := object(key["value"])
			empty := len(value) > 0 && text(value["value"]) == "" && text(value["env_var"]) == ""
			if key["value"] == nil || key["value"] == "" || empty {
				r.require(p.Child("value"), "the gateway uses no key of %s without it; write env.NAME, and the secret as secrets.env.NAME",
					name)
			}
		})
	}
}

// providerAddresses: the gateway puts the path of a request behind an address, and asks nobody where that has no scheme: its HTTP client,
// fasthttp 1.65, then dialled an empty host, and took http and https alone.
func providerAddresses(r *review) {
	address := func(p *field.Path, v any) {
		value := text(v)
		if value == "" || reference.MatchString(value) || vaultReference.MatchString(value) {
			return
		}
		if u, err := url.Parse(value); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			var shown any = value
			if strings.Contains(value, "@") {
				shown = field.OmitValueType{} // a login may stand before the host
			}
			r.problems = append(r.problems, field.Invalid(p, shown,
				"begin with https:// or http://: the gateway reaches no host without it"))
		}
	}
	r.each("providers.*", func(p *field.Path, provider map[string]any) {
		address(p.Child("network_config", "base_url"), object(provider["network_config"])["base_url"])
	})
	r.each("providers.*.keys[]", func(p *field.Path, key map[string]any) {
		for _, config := range keyConfigs {
			if config.needs != "" {
				address(p.Child(config.object, config.needs), object(key[config.object])[config.needs])
			}
		}
	})
}

// models: a key without any is never used, but in the semantics of version 1. The gateway exits on what is no list of names.
func (r *review) models(p *field.Path, v any) {
	list, _ := v.([]any)
	switch {
	case len(list) == 0 && !r.emptyIsAll():
		r.require(p, `which models the key is for: ["*"] for all; without it every request is answered with 403`)
	case len(list) > 1 && slices.Contains(list, any("*")):
		r.forbid(p, `"*" stands alone; the gateway exits`)
	case twice(list) != "":
		r.forbid(p, "%s stands twice; the gateway exits", twice(list))
	}
}

// emptyIsAll tells whether an empty list means everything, as it did before 1.5.
func (r *review) emptyIsAll() bool {
	version, _ := whole(r.document["version"])
	return version == 1
}

// twice is a text that a list has more than once.
func twice(list []any) string {
	for i, e := range list {
		if slices.Contains(list[:i], e) {
			return text(e)
		}
	}
	return ""
}

// keyNames: the config store has one key of each name, whatever the provider.
func keyNames(r *review) {
	if StoreKind(r.document, "config_store") == Disabled {
		return
	}
	first := map[string]string{}
	r.each("providers.*.keys[]", func(p *field.Path, key map[string]any) {
		name := text(key["name"])
		if other, there := first[name]; there {
			r.forbid(p.Child("name"), "%s has this name, too, and the config store keeps one of them; give it another name", other)
			return
		}
		first[name] = strings.TrimPrefix(p.String(), r.p.String()+".")
	})
}

package configjson

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// idReferences are the ids that the gateway looks up in its store. It exits where one is not there.
var idReferences = []struct{ at, key, list, what string }{
	{"virtual_keys[]", "rate_limit_id", "rate_limits", "rate limit"},
	{"virtual_keys[]", "team_id", "teams", "team"},
	{"virtual_keys[]", "customer_id", "customers", "customer"},
	{"virtual_keys[].provider_configs[]", "rate_limit_id", "rate_limits", "rate limit"},
	{"teams[]", "rate_limit_id", "rate_limits", "rate limit"},
	{"teams[]", "customer_id", "customers", "customer"},
	{"teams[]", "budget_id", "budgets", "budget"},
	{"customers[]", "rate_limit_id", "rate_limits", "rate limit"},
	{"customers[]", "budget_id", "budgets", "budget"},
	{"model_configs[]", "rate_limit_id", "rate_limits", "rate limit"},
	{"model_configs[]", "budget_id", "budgets", "budget"},
	{"model_configs[]", "budget_ids", "budgets", "budget"},
	{"providers[]", "rate_limit_id", "rate_limits", "rate limit"},
	{"providers[]", "budget_id", "budgets", "budget"},
	{"budgets[]", "virtual_key_id", "virtual_keys", "virtual key"},
	{"budgets[]", "team_id", "teams", "team"},
	{"budgets[]", "customer_id", "customers", "customer"},
	{"budgets[]", "model_config_id", "model_configs", "model configuration"},
}

func lostIds(r *review) {
	for _, ref := range idReferences {
		known := r.values("governance."+ref.list+"[]", "id")
		if ref.list == "budgets" {
			known = append(known, r.values("governance.customers[].budgets[]", "id")...)
		}
		check := func(p *field.Path, id string) {
			if id != "" && !slices.Contains(known, id) {
				r.forbid(p,
					"governance.%s has no %s with the id %s, and the gateway exits; add it, or correct the id", ref.list, ref.what, id)
			}
		}
		r.each("governance."+ref.at, func(p *field.Path, object map[string]any) {
			p = p.Child(ref.key)
			check(p, text(object[ref.key]))
			ids, _ := object[ref.key].([]any)
			for i, id := range ids {
				check(p.Index(i), text(id))
			}
		})
	}
	keys := r.values("governance.virtual_keys[]", "id")
	r.each("governance.model_configs[]", func(p *field.Path, config map[string]any) {
		if id := text(config["scope_id"]); config["scope"] == "virtual_key" && id != "" && !slices.Contains(keys, id) {
			r.forbid(p.Child("scope_id"),
				"governance.virtual_keys has no virtual key with the id %s, and the gateway exits; add it, or correct the id", id)
		}
	})
}

// values are the texts of a key in every object at a path.
func (r *review) values(path, key string) []string {
	var all []string
	r.each(path, func(_ *field.Path, object map[string]any) {
		if v := text(object[key]); v != "" {
			all = append(all, v)
		}
	})
	return all
}

// uniqueKeys are the keys of lists whose values the store has once.
var uniqueKeys = []struct{ list, key string }{
	{"budgets", "id"}, {"rate_limits", "id"}, {"customers", "id"}, {"customers", "name"}, {"teams", "id"}, {"teams", "name"},
	{"virtual_keys", "id"}, {"virtual_keys", "name"}, {"model_configs", "id"}, {"routing_rules", "id"},
}

func duplicates(r *review) {
	for _, u := range uniqueKeys {
		seen := map[string]bool{}
		r.each("governance."+u.list+"[]", func(p *field.Path, object map[string]any) {
			v := text(object[u.key])
			if v != "" && seen[v] {
				r.problems = append(r.problems, field.Duplicate(p.Child(u.key), v))
			}
			seen[v] = true
		})
	}
	priorities := map[string]bool{}
	r.each("governance.routing_rules[]", func(p *field.Path, rule map[string]any) {
		priority, _ := whole(rule["priority"])
		place := fmt.Sprintf("%s %s %d", text(rule["scope"]), text(rule["scope_id"]), priority)
		if priorities[place] {
			r.forbid(p.Child("priority"),
				"another rule of this scope has the priority %d (0 where none is written), and the gateway exits; give each its own",
				priority)
		}
		priorities[place] = true
	})
}

// durationKeys are texts that say how long.
var durationKeys = map[string]bool{
	"conn_max_lifetime": true, "reset_duration": true, "token_reset_duration": true, "request_reset_duration": true,
}

// durations of budgets and rate limits: the gateway exits where one does not parse.
func durations(r *review) {
	for _, path := range []string{"governance.budgets[]", "governance.customers[].budgets[]"} {
		r.each(path, func(p *field.Path, budget map[string]any) {
			r.duration(p.Child("reset_duration"), budget["reset_duration"], true)
		})
	}
	r.each("governance.rate_limits[]", func(p *field.Path, limit map[string]any) {
		for _, of := range []string{"token", "request"} {
			r.duration(p.Child(of+"_reset_duration"), limit[of+"_reset_duration"], limit[of+"_max_limit"] != nil)
		}
	})
}

const durationAdvice = "1h30m, 1d, 1w, 1M (a month) and 1Y are durations"

func (r *review) duration(p *field.Path, v any, required bool) {
	switch s, isText := v.(string); {
	case v == nil && required:
		r.require(p, "the gateway exits without it; %s", durationAdvice)
	case isText && !isDuration(s):
		r.forbid(p, "not a duration, and the gateway exits; %s", durationAdvice)
	}
}

// isDuration reads a text as the gateway does: as Go, or with one of d, w, M and Y at the end of a number.
func isDuration(s string) bool {
	if s != "" && strings.ContainsAny(s[len(s)-1:], "dwMY") {
		s = s[:len(s)-1] + "h"
	}
	d, err := time.ParseDuration(s)
	return err == nil && d > 0
}

// virtualKeyPrefix is what the value of a virtual key begins with. Another value is replaced by a random one that nobody has.
const virtualKeyPrefix = "sk-bf-"

// virtualKeys: keys that let nobody in, and those on which the gateway exits.
func virtualKeys(r *review) {
	r.each("governance.virtual_keys[]", func(p *field.Path, key map[string]any) {
		value := text(key["value"])
		m := reference.FindStringSubmatch(value)
		switch {
		case vaultReference.MatchString(value):
			r.forbid(p.Child("value"),
				"the gateway does not ask the vault for virtual keys, and makes a random one that nobody has; write env.NAME")
		case m != nil && r.facts.Value != nil:
			if given, known := r.facts.Value(m[1]); known && !strings.HasPrefix(given, virtualKeyPrefix) {
				r.forbid(p.Child("value"),
					"the value of %s does not begin with %s, and the gateway makes a random key that nobody has; give the variable such a "+
						"value", m[1],
					virtualKeyPrefix)
			}
		}
		if text(key["team_id"]) != "" && text(key["customer_id"]) != "" {
			r.forbid(p.Child("customer_id"),
				"the key belongs to a team already, and the gateway exits; remove one of team_id and customer_id")
		}
		if r.emptyIsAll() {
			return
		}
		if count(key["provider_configs"]) == 0 {
			r.require(p.Child("provider_configs"), "which providers the key is for; without it every request is answered with 403")
		}
		each(p, key, "provider_configs[]", func(p *field.Path, config map[string]any) {
			for _, list := range []string{"allowed_models", "key_ids"} {
				if count(config[list]) == 0 {
					r.require(p.Child(list), `["*"] for all; without it every request is refused`)
				}
			}
		})
	})
}

// keyReferences are the names of a provider's keys, of providers and of MCP clients that governance refers to.
func keyReferences(r *review) {
	ids := r.values("providers.*.keys[]", "id")
	r.each("governance.virtual_keys[].provider_configs[]", func(p *field.Path, config map[string]any) {
		list, _ := config["key_ids"].([]any)
		for i, id := range list {
			if id := text(id); id != "" && id != "*" && !slices.Contains(ids, id) {
				r.forbid(p.Child("key_ids").Index(i),
					`no key of providers has the id %s (ids are not names), and the gateway exits; write "*", or give the key this id`, id)
			}
		}
	})
	// The gateway has the names of providers in lower case.
	providers := map[string]bool{}
	names := map[string][]string{}
	for name, v := range object(r.document["providers"]) {
		name = strings.ToLower(name)
		providers[name] = true
		each(r.p, v, "keys[]", func(_ *field.Path, key map[string]any) { names[name] = append(names[name], text(key["name"])) })
	}
	r.each("governance.routing_rules[].targets[]", func(p *field.Path, target map[string]any) {
		name, provider := text(target["provider_key_name"]), text(target["provider"])
		if name != "" && !slices.Contains(names[strings.ToLower(provider)], name) {
			r.forbid(p.Child("provider_key_name"),
				"no key of the provider %s has the name %s, and the gateway exits; add it, or correct the name", provider, name)
		}
	})
	all := r.values("providers.*.keys[]", "name")
	r.each("governance.pricing_overrides[]", func(p *field.Path, override map[string]any) {
		if name := text(override["provider_key_name"]); name != "" && !slices.Contains(all, name) {
			r.forbid(p.Child("provider_key_name"),
				"no key of providers has the name %s, and the gateway exits; add it, or correct the name", name)
		}
	})
	r.each("governance.providers[]", func(p *field.Path, object map[string]any) {
		if name := text(object["name"]); name != "" && !providers[name] {
			r.forbid(p.Child("name"), "providers has no %s, and the gateway exits; add it, or correct the name", name)
		}
	})
	clients := r.values("mcp.client_configs[]", "name")
	r.each("governance.virtual_keys[].mcp_configs[]", func(p *field.Path, object map[string]any) {
		if name := text(object["mcp_client_name"]); name != "" && !slices.Contains(clients, name) {
			r.forbid(p.Child("mcp_client_name"),
				"mcp.client_configs has no %s, and the gateway passes over this; add it, or correct the name", name)
		}
	})
}

package configjson

import (
	"slices"

	"bifrost/internal/check"
)

// whatIsLost without a store.
var whatIsLost = map[string]string{
	"config_store": "no store: administration and inference are open, and nothing made there outlives the process",
	"logs_store":   "no logs",
	"vector_store": "no vector store",
}

// vectorStores are the types of vector_store. The gateway exits on another one, and even for a store that is off.
var vectorStores = []string{"pinecone", "qdrant", "redis", "weaviate"}

// storeSwitches: a store that is configured must be on, or be said to be off.
func storeSwitches(r *review) {
	for _, name := range []string{"config_store", "logs_store", "vector_store"} {
		store, ok := r.document[name].(map[string]any)
		if !ok {
			continue
		}
		p := r.p.Child(name)
		if _, there := store["enabled"]; !there {
			r.require(p.Child("enabled"), "write true: without it the gateway has %s", whatIsLost[name])
			continue
		}
		switch kind := text(store["type"]); {
		case kind == "" && (store["enabled"] == true || name == "vector_store"):
			r.require(p.Child("type"), "the gateway exits without it")
		case name == "vector_store" && store["config"] == nil:
			r.require(p.Child("config"), "the gateway exits without it")
		case name == "vector_store" && !slices.Contains(vectorStores, kind) && !r.newer(kind):
			r.problems = append(r.problems, check.NotSupported(p.Child("type"), kind, vectorStores))
		}
	}
	if object(r.document["config_store"])["enabled"] != false {
		return
	}
	client := object(r.document["client"])
	_, governance := r.document["governance"]
	for _, c := range []struct {
		used bool
		what string
	}{
		{governance, "governance needs it: the gateway exits"},
		{client["enforce_auth_on_inference"] == true,
			"client.enforce_auth_on_inference needs it: without it inference is open to everybody"},
	} {
		if c.used {
			r.forbid(r.p.Child("config_store", "enabled"), "must be true: %s", c.what)
			return
		}
	}
}

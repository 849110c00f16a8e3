package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway/configjson"
)

const (
	// maxTaskDefinition, in bytes, is the most of a task definition (Amazon ECS endpoints and quotas, "Task definition size").
	maxTaskDefinition = 64 << 10
	// maxVariable, in bytes, is the most of NAME=VALUE and the byte behind it with which Linux starts a program
	// (include/uapi/linux/binfmts.h, MAX_ARG_STRLEN).
	maxVariable = 128 << 10
)

// validateSizes refuses values that are longer than what carries them.
func (c *Config) validateSizes(k *checker) {
	c.validateTaskSize(k)
	plain := c.plainVariables()
	plain["refresher.env"] = c.Refresher.Env
	for _, key := range slices.Sorted(maps.Keys(plain)) {
		for _, name := range slices.Sorted(maps.Keys(plain[key])) {
			if tooLong(name, plain[key][name]) {
				k.add(field.TooLong(field.NewPath(key).Key(name), "", maxVariable))
			}
		}
	}
	for _, at := range c.targets() {
		c.validateSecretSizes(k, at)
	}
}

func tooLong(name, value string) bool { return len(name)+len("=")+len(value)+1 > maxVariable }

// validateTaskSize refuses plain variables that a task definition has no room for. What else stands in it is small.
func (c *Config) validateTaskSize(k *checker) {
	if c.Ecs == nil || c.Aws == nil {
		return
	}
	type variable struct{ Name, Value string }
	var all []variable
	env := c.env(onEcs)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		all = append(all, variable{name, env[name]})
	}
	text, err := json.Marshal(all)
	if size := len(text) + len(c.Ecs.Restart); err == nil && size > maxTaskDefinition {
		k.add(field.Invalid(field.NewPath("ecs", "env"), fmt.Sprintf("%d bytes", size), fmt.Sprintf("with gateway.env and ecs.restart, "+
			"and ECS takes %d in a task definition; shorten them, or keep long values in secrets.ecsEnv", maxTaskDefinition)))
	}
}

// validateSecretSizes refuses secret variables that a place has no room for: a secret of AWS each on ECS, one Secret for all of them on
// Kubernetes.
func (c *Config) validateSecretSizes(k *checker, at target) {
	all, sum := c.secretEnv(at), 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sum += len(all[name])
		switch p := c.secretPath(at, name); {
		case !at.pods() && len(all[name]) > configjson.MaxSecretsManager:
			k.add(field.Forbidden(p, fmt.Sprintf("has %d bytes, and a secret of AWS Secrets Manager takes %d; shorten it", len(all[name]),
				configjson.MaxSecretsManager)))
		case tooLong(name, all[name]):
			k.add(field.Forbidden(p, fmt.Sprintf("has %d bytes, and Linux starts no program with a variable of more than %d; shorten it",
				len(all[name]), maxVariable)))
		}
	}
	if at.pods() && sum > configjson.MaxSecret {
		k.add(field.Forbidden(field.NewPath("secrets", "env"), fmt.Sprintf("%d bytes in all, and a Secret of Kubernetes takes %d; keep "+
			"some in Secrets of your own, which gateway.secretRefs names", sum, configjson.MaxSecret)))
	}
}

// secretPath is where the value of a secret variable stands.
func (c *Config) secretPath(at target, name string) *field.Path {
	p := field.NewPath("secrets")
	if _, own := at.overlay(c); own[name] != "" {
		return p.Child("ecsEnv").Key(name)
	}
	if own := ownKeys[name]; own != "" {
		return p.Child(own)
	}
	return p.Child("env").Key(name)
}

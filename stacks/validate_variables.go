package stacks

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/ecs"
	"bifrost/internal/check"
	"bifrost/internal/gateway"
)

// validateVariables: every variable has one place, and a secret's is not a plain one. ECS has places of its own beside.
func (c *Config) validateVariables(k *checker) {
	g := &c.Gateway
	plain := c.plainVariables()
	if c.Ecs == nil && len(c.Secrets.EcsEnv) > 0 {
		k.add(field.Forbidden(field.NewPath("secrets", "ecsEnv"), "only tasks of ECS read it, and this stack has none; remove it"))
	}
	for _, key := range slices.Sorted(maps.Keys(plain)) {
		for _, name := range slices.Sorted(maps.Keys(plain[key])) {
			c.validateVariable(k, field.NewPath(key).Key(name), name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Secrets.Env)) {
		validateSecretVariable(k, field.NewPath("secrets", "env").Key(name), name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Secrets.EcsEnv)) {
		validateSecretVariable(k, field.NewPath("secrets", "ecsEnv").Key(name), name)
	}
	configured := map[string]string{}
	if on := c.onKubernetes(); on != nil {
		configured = c.secretEnv(on)
	}
	for _, name := range slices.Sorted(maps.Keys(g.SecretRefs)) {
		p := field.NewPath("gateway", "secretRefs").Key(name)
		if _, both := configured[name]; both {
			k.add(field.Forbidden(p, "has a value under secrets, too: secrets."+SecretPath(name)+"; keep one of them"))
		}
		if name == gateway.AdminUsernameVariable && c.namesAdmin() {
			k.add(field.Forbidden(p, "gateway.adminUsername says it, too; keep one of them"))
		}
		if c.Ecs != nil && !c.provided(onEcs, name) {
			k.add(field.Forbidden(p, "tasks of ECS cannot read a Secret of Kubernetes; keep the value under secrets, or name one of AWS "+
				"in ecs.secretRefs, too"))
		}
	}
	c.validateEcsReferences(k)
}

// validateEcsReferences: what the tasks read of secrets that exist has no other place, too.
func (c *Config) validateEcsReferences(k *checker) {
	if c.Ecs == nil {
		return
	}
	configured := c.secretEnv(onEcs)
	for _, name := range slices.Sorted(maps.Keys(c.Ecs.SecretRefs)) {
		p := field.NewPath("ecs", "secretRefs").Key(name)
		if _, both := configured[name]; both {
			k.add(field.Forbidden(p, "has a value under secrets, too: secrets."+SecretPath(name)+"; keep one of them"))
		}
		if name == gateway.AdminUsernameVariable && c.namesAdmin() {
			k.add(field.Forbidden(p, "gateway.adminUsername says it, too; keep one of them"))
		}
	}
}

// plainVariables are those of the stack file, by their configuration key.
func (c *Config) plainVariables() map[string]map[string]string {
	plain := map[string]map[string]string{"gateway.env": c.Gateway.Env}
	if c.Ecs != nil {
		plain["ecs.env"] = c.Ecs.Env
	}
	return plain
}

// validateVariable checks a plain variable.
func (c *Config) validateVariable(k *checker, p *field.Path, name string) {
	k.add(check.EnvName(p, name)...)
	_, secret := c.Secrets.Env[name]
	_, secretOnEcs := c.Secrets.EcsEnv[name]
	switch reader := secretsOfLibraries[name]; {
	case secret || secretOnEcs || ownKeys[name] != "":
		k.add(field.Forbidden(p, "is a secret; keep it under secrets alone"))
	case reader != "":
		k.add(field.Forbidden(p, reader+" reads a secret from it; "+c.asSecret(name)))
	}
	if c.Gateway.Log != nil && (name == gateway.LogLevelVariable || name == gateway.LogStyleVariable) {
		k.add(field.Forbidden(p, "gateway.log says it; remove it"))
	}
	if name == gateway.AdminUsernameVariable {
		k.add(field.Forbidden(p, "has a key of its own: gateway.adminUsername"))
	}
	if name == gateway.ModeVariable {
		k.add(field.Forbidden(p, "makes a broker of every gateway; remove it, and set gateway.clustering.type to broker, which runs one "+
			"beside "+
			"them"))
	}
}

func validateSecretVariable(k *checker, p *field.Path, name string) {
	// It is a key of a Secret, too.
	if len(validation.IsEnvVarName(name))+len(validation.IsConfigMapKey(name)) > 0 {
		k.add(field.Forbidden(p, "not the name of an environment variable, of 253 characters at most"))
	}
	if own := ownKeys[name]; own != "" {
		k.add(field.Forbidden(p, "has a key of its own: secrets."+own))
	}
	if name == gateway.AdminUsernameVariable {
		k.add(field.Forbidden(p, "has a key of its own: gateway.adminUsername"))
	}
	if name == ecs.ConfigVariable || name == ecs.DatabaseCaContentVariable || name == ecs.NetworkCaContentVariable {
		k.add(field.Forbidden(p, "carries config.json or authorities; give the variable another name"))
	}
}

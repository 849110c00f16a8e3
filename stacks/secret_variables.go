package stacks

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway/configjson"
)

// secretsOfLibraries are variables that libraries in the gateway read secrets from, though config.json does not name them, with the reader
// (AWS SDKs and Tools reference guide, "Environment variables"; Azure Identity, EnvironmentCredential; libpq, "Environment Variables").
var secretsOfLibraries = map[string]string{
	"AWS_SECRET_ACCESS_KEY": "the AWS SDK", "AWS_SESSION_TOKEN": "the AWS SDK",
	"AZURE_CLIENT_SECRET": "the Azure SDK", "AZURE_CLIENT_CERTIFICATE_PASSWORD": "the Azure SDK",
	"PGPASSWORD": "the PostgreSQL driver",
}

// validateSecretVariables: what config.json takes a secret from is not a plain variable.
func (c *Config) validateSecretVariables(k *checker) {
	places := map[string]string{}
	for _, at := range c.targets() {
		maps.Copy(places, configjson.SecretVariables(c.Gateway.configPath(), c.document(at)))
	}
	plain := c.plainVariables()
	for _, key := range slices.Sorted(maps.Keys(plain)) {
		for _, name := range slices.Sorted(maps.Keys(plain[key])) {
			_, secret := c.Secrets.Env[name]
			_, secretOnEcs := c.Secrets.EcsEnv[name]
			place := places[name]
			// The others are refused by their names.
			if place == "" || secret || secretOnEcs || ownKeys[name] != "" || secretsOfLibraries[name] != "" {
				continue
			}
			k.add(field.Forbidden(field.NewPath(key).Key(name), fmt.Sprintf("config.json takes a secret from it (%s); %s", place,
				c.asSecret(name))))
		}
	}
}

// TakesPlain tells whether config.json asks for a variable and takes no secret from it: the name of a login, for instance.
func (c *Config) TakesPlain(variable string) bool {
	asked := false
	for _, at := range c.targets() {
		document := c.document(at)
		if _, secret := configjson.SecretVariables(c.Gateway.configPath(), document)[variable]; secret {
			return false
		}
		asked = asked || slices.Contains(configjson.EnvReferences(document), variable)
	}
	return asked && ownKeys[variable] == "" && secretsOfLibraries[variable] == ""
}

// asSecret says why a secret is no plain variable, and what to do instead.
func (c *Config) asSecret(name string) string {
	text := "here it stands in the repository, in the state, and in what previews write on pull requests: change it where it is from, " +
		"remove this, and run `" + setSecret("env."+name) + "`"
	switch {
	case c.Ecs == nil:
		text += ", or name a key of an existing Secret in gateway.secretRefs"
	case c.onKubernetes() == nil:
		text += ", or name an existing secret of AWS in ecs.secretRefs"
	}
	return text
}

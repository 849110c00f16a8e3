package stacks

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// target is a place where a stack runs the gateway. Each has a config.json and variables of its own.
type target string

const (
	onEks target = "eks"
	onEcs target = "ecs"
	onAks target = "aks"
)

// targets are the stack's, in the order of their deployment.
func (c *Config) targets() []target {
	var all []target
	for _, at := range []struct {
		name target
		used bool
	}{{onEks, c.Eks != nil}, {onEcs, c.Ecs != nil}, {onAks, c.Aks != nil}} {
		if at.used {
			all = append(all, at.name)
		}
	}
	return all
}

// kubernetes tells whether the gateway runs in pods there.
func (t target) kubernetes() bool { return t == onEks || t == onAks }

// kubernetesTarget is the stack's one target on Kubernetes, or empty.
func (c *Config) kubernetesTarget() target {
	for _, at := range c.targets() {
		if at.kubernetes() {
			return at
		}
	}
	return ""
}

// fillers complete config.json, one concern each, in this order. They keep what is configured, and the document that they are given.
var fillers = []func(*Config, target, configjson.Document) configjson.Document{
	withTraces, withCluster, withAdminLogin, withSourceOfTruth, withoutDatabasePings,
}

// document is config.json as the gateway reads it there.
func (c *Config) document(at target) configjson.Document {
	document := c.Gateway.Config
	for _, fill := range fillers {
		document = fill(c, at, document)
	}
	return document
}

// configJSON is the text of config.json: a secret, for what it may say of the inside of a company.
func (c *Config) configJSON(at target) (pulumi.StringOutput, error) {
	text, err := configjson.Render(c.document(at))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("rendering config.json: %w", err)
	}
	return secretString(string(text)), nil
}

// env are the gateway's plain variables there. The image's entrypoint reads those of its log on every platform.
func (c *Config) env(at target) map[string]string {
	env := map[string]string{}
	maps.Copy(env, c.Gateway.Env)
	if at == onEcs {
		maps.Copy(env, c.Ecs.Env)
	}
	if name, used := c.givenUsername(at); used {
		env[gateway.AdminUsernameVariable] = name
	}
	if log := c.Gateway.Log; log != nil {
		for name, value := range map[string]string{gateway.LogLevelVariable: log.Level, gateway.LogStyleVariable: log.Style} {
			if value != "" {
				env[name] = value
			}
		}
	}
	return env
}

// secretEnv are the gateway's secret variables there, as far as their values are configured.
func (c *Config) secretEnv(at target) map[string]string {
	all := map[string]string{}
	maps.Copy(all, c.Secrets.Env)
	if at == onEcs {
		maps.Copy(all, c.Secrets.EcsEnv)
	}
	for name, value := range map[string]string{
		gateway.EncryptionKeyVariable: c.Secrets.EncryptionKey,
		gateway.LicenseVariable:       c.Secrets.License,
		gateway.SetupTokenVariable:    c.Secrets.SetupToken,
		gateway.AdminPasswordVariable: c.Secrets.AdminPassword,
		gateway.BrokerTokenVariable:   c.Secrets.BrokerToken,
	} {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

// secretInputs are the secret variables as Pulumi secrets.
func (c *Config) secretInputs(at target) map[string]pulumi.StringInput {
	inputs := map[string]pulumi.StringInput{}
	for name, value := range c.secretEnv(at) {
		inputs[name] = secretString(value)
	}
	return inputs
}

// provided tells whether the gateway gets the variable there.
func (c *Config) provided(at target, variable string) bool {
	_, referred := c.Gateway.SecretRefs[variable]
	_, plain := c.env(at)[variable]
	return plain || referred && at.kubernetes() || c.secretEnv(at)[variable] != ""
}

// validateRendered checks what the gateway will read there: its size, and what the gateway would exit on or pass over.
func (c *Config) validateRendered(k *checker, at target, p *field.Path) {
	text, err := configjson.Render(c.document(at))
	if err != nil {
		k.add(field.InternalError(p, err))
		return
	}
	if at.kubernetes() {
		k.add(configjson.ValidateSize(p, text, configjson.MaxSecret, "a Secret of Kubernetes")...)
	} else {
		k.add(configjson.ValidateSize(p, text, configjson.MaxSecretsManager, "a secret of AWS Secrets Manager")...)
	}
	// As text, so that what is filled in has the same types as what is configured.
	document, err := configjson.Parse(text)
	if err != nil {
		k.add(field.InternalError(p, err))
		return
	}
	k.add(configjson.Check(p, document, configjson.Facts{Value: c.resolve(at)}, c.schema)...)
}

// warnings are what a stack may do and should know of.
func (c *Config) warnings() []string {
	if c.Rollout == RolloutIdentity {
		return nil
	}
	var all []string
	for _, warn := range []func(*Config) string{sqliteOnEcs, openAdministration, unknownAdministration, onlySingleSignOn, unknownConfigKeys, unclustered} {
		if warning := warn(c); warning != "" {
			all = append(all, warning)
		}
	}
	return append(all, c.databaseWarnings()...)
}

func sqliteOnEcs(c *Config) string {
	if c.Ecs == nil || c.Gateway.withoutSQLite() {
		return ""
	}
	return "a store of the gateway is SQLite: what it holds is lost whenever a task of ECS is replaced; give config_store and logs_store of type postgres in gateway.config"
}

// unknownConfigKeys: a mistyped key that resembles no other is passed over by the gateway, too. The schema decides where it is given.
func unknownConfigKeys(c *Config) string {
	if c.schema != nil || c.Gateway.ExistingConfigSecret != "" {
		return ""
	}
	unknown := configjson.Unknown(c.Gateway.configPath(), c.Gateway.Config)
	if len(unknown) == 0 {
		return ""
	}
	return fmt.Sprintf("the gateway %s has no such keys, and passes over them: %s; where a newer one has them, give its schema: bifrostctl schema, and gateway.schemaFile",
		configjson.KeysVersion, strings.Join(unknown, ", "))
}

// withoutSchema tells what a preview without the vendor's schema did not check; empty where it did, or where there is nothing to check.
func (c *Config) withoutSchema() string {
	if c.Rollout == RolloutIdentity || c.schema != nil || c.Gateway.ExistingConfigSecret != "" {
		return ""
	}
	return "config.json is checked by the rules of this program alone; `bifrostctl schema` fetches the vendor's schema, for gateway.schemaFile"
}

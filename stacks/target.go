package stacks

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// target is a place where a stack runs the gateway: an existing cluster of one kind. Each has a config.json and variables of its own.
// All that tells one place from another stands in its methods; a further place is a type with these, and a row in targets.
type target interface {
	// name is the place's key in the configuration and in the outputs, and begins the names of what is made there.
	name() string
	// title is what people call it.
	title() string
	// used tells whether the stack runs the gateway there.
	used(*Config) bool
	// pods tells whether the gateway runs in pods there, which can read Secrets of Kubernetes.
	pods() bool
	// carrier is what brings config.json to the gateway, and the most bytes that it takes.
	carrier() (what string, most int)
	// overlay are the variables of the place's own: they win over those of gateway.env and of secrets.env.
	overlay(*Config) (plain, secret map[string]string)
	// refers tells whether a variable comes from a secret that exists there.
	refers(c *Config, variable string) bool
	// processes are how many run there at once: those that the configuration asks for, and those that a rollout, or the Job that
	// migrates before it, adds.
	processes(*Config) (most, added int)
	// wantsCluster tells whether the place's own keys ask for a cluster.
	wantsCluster(*Config) bool
	// discovery is the kind of discovery by which the members of a mesh find each other there, and members what it needs to know.
	discovery() string
	members(*Config, *configjson.Cluster)
	// brokerHost is where a broker of the stack answers there.
	brokerHost(*Config) string
	// lookUp finds what must be there already.
	lookUp(*pulumi.Context, *Config, pulumi.ProviderResource) (deployment, error)
}

// The places, in the order of their deployment.
var (
	onEks   cluster = eksTarget{podsTarget{"eks"}}
	onEcs   target  = ecsTarget{}
	onAks   cluster = aksTarget{podsTarget{"aks"}}
	onGke   cluster = gkeTarget{podsTarget{"gke"}}
	onAny   cluster = anyTarget{podsTarget{"kubernetes"}}
	targets         = []target{
		onEks, onEcs, onAks, onGke,
		onAny,
	}
)

// targets are the stack's, in the order of their deployment.
func (c *Config) targets() []target {
	var all []target
	for _, at := range targets {
		if at.used(c) {
			all = append(all, at)
		}
	}
	return all
}

// onKubernetes is the stack's one place with pods; nil where it has none.
func (c *Config) onKubernetes() cluster {
	for _, at := range c.targets() {
		if on, ok := at.(cluster); ok {
			return on
		}
	}
	return nil
}

// fillers complete config.json, one concern each, in this order. They keep what is configured, and the document that they are given.
var fillers = []func(*Config, target, configjson.Document) configjson.Document{
	withTraces, withCluster, withAdminLogin, withSourceOfTruth, withoutDatabasePings, withProxy,
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
	maps.Copy(env, c.proxyEnv(at))
	maps.Copy(env, c.Gateway.Env)
	// What the tasks' own secretRefs name wins, as what ecs.env names does.
	maps.DeleteFunc(env, func(name, _ string) bool { return !at.pods() && at.refers(c, name) })
	plain, _ := at.overlay(c)
	maps.Copy(env, plain)
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
	_, secret := at.overlay(c)
	maps.Copy(all, secret)
	for name, value := range c.Secrets.own() {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

// own are the values with keys of their own, by the variables that carry them; empty where they are not given.
func (s *Secrets) own() map[string]string {
	return map[string]string{
		gateway.EncryptionKeyVariable: s.EncryptionKey,
		gateway.LicenseVariable:       s.License,
		gateway.SetupTokenVariable:    s.SetupToken,
		gateway.AdminPasswordVariable: s.AdminPassword,
		gateway.BrokerTokenVariable:   s.BrokerToken,
	}
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
	_, plain := c.env(at)[variable]
	return plain || at.refers(c, variable) || c.secretEnv(at)[variable] != ""
}

// documentFacts are what the rules of config.json need to know of the gateway there.
func (c *Config) documentFacts(at target) configjson.Facts {
	facts := configjson.Facts{Value: c.resolveVariable(at), Mountable: at.pods(), OwnImage: c.Registry.Mirror}
	if at.pods() {
		for _, mount := range c.Gateway.ExtraVolumeMounts {
			facts.Mounts = append(facts.Mounts, mount.MountPath)
		}
	}
	return facts
}

// validateRendered checks what the gateway will read there: its size, and what the gateway would exit on or pass over.
func (c *Config) validateRendered(k *checker, at target, p *field.Path) {
	text, err := configjson.Render(c.document(at))
	if err != nil {
		k.add(field.InternalError(p, err))
		return
	}
	what, most := at.carrier()
	k.add(configjson.ValidateSize(p, text, most, what)...)
	// As text, so that what is filled in has the same types as what is configured.
	document, err := configjson.Parse(text)
	if err != nil {
		k.add(field.InternalError(p, err))
		return
	}
	k.add(configjson.Check(p, document, c.documentFacts(at), c.schema)...)
}

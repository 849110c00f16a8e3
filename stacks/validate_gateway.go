package stacks

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"

	"bifrost/internal/check"
	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// validateCount refuses more than one process on SQLite, which locks its file.
func (c *Config) validateCount(k *checker, p *field.Path, count *int) {
	switch {
	case count == nil:
	case *count < 1:
		k.add(field.Invalid(p, *count, "at least 1"))
	case *count > 1 && c.Gateway.described() && !c.Gateway.withoutSQLite():
		k.add(field.Invalid(p, *count, "SQLite, the default store, allows one process; write 1, or give config_store and logs_store of "+
			"type "+
			"postgres in gateway.config"))
	}
}

func (c *Config) validateGateway(k *checker) {
	p, g := field.NewPath("gateway"), &c.Gateway
	k.add(check.IfSet(p.Child("namespace"), g.Namespace, check.Label)...)
	k.add(check.IfSet(p.Child("name"), g.Name, check.Label)...)
	k.add(check.Labels(p.Child("selector"), g.Selector)...)
	k.add(check.IfSet(p.Child("serviceAccount"), g.ServiceAccount, check.Subdomain)...)
	c.validateCount(k, p.Child("replicas"), g.Replicas)
	c.validateVariables(k)
	c.validateClusterKeys(k)
	if g.Log != nil {
		k.add(check.OneOf(p.Child("log", "level"), g.Log.Level, gateway.LogLevels...)...)
		k.add(check.OneOf(p.Child("log", "style"), g.Log.Style, gateway.LogStyles...)...)
	}
	switch {
	case c.onKubernetes() != nil:
		c.validateKubernetes(k)
	case len(c.targets()) > 0: // where there is no place at all, that is the problem
		c.refuseKubernetesKeys(k)
	}
	if c.Rollout != RolloutIdentity {
		c.validateGatewayItself(k)
	} else if g.described() {
		// It is not made yet, and is right already: whoever writes the file is told of everything at once.
		itself := &checker{}
		c.validateGatewayItself(itself)
		k.add(slices.DeleteFunc(itself.problems, c.comesLater)...)
	}
	for _, missing := range c.missingSecrets() {
		why := ""
		if missing == adminPasswordKey {
			why = "; it closes the administration, which gateway.openAdministration: true would leave to anybody who reaches the gateway"
		}
		how := setSecret(missing)
		if variable := strings.TrimPrefix(missing, "env."); c.TakesPlain(variable) {
			how = "config.json asks for env." + variable + ", which is no secret: write gateway.env." + variable + ", or run `" + how + "`"
		}
		k.add(field.Required(field.NewPath("secrets").Child(missing), how+why))
	}
}

// validateGatewayItself checks what the gateway runs as.
func (c *Config) validateGatewayItself(k *checker) {
	c.validateConfig(k)
	c.validateKeyStrength(k)
	c.validateStart(k)
	if on := c.onKubernetes(); on != nil {
		c.validateExposure(k, on)
		c.validateWorkload(k, on)
	}
}

// described tells whether the stack file says what the gateway's configuration is.
func (g *Gateway) described() bool {
	return len(g.Config) > 0 || g.ConfigFile != "" || g.ExistingConfigSecret != ""
}

// comesLater tells whether a problem is one of what a stack may lack until its gateway comes: secrets, and what the vendor answers.
func (c *Config) comesLater(p *field.Error) bool {
	return p.Type == field.ErrorTypeRequired && isAt(p.Field, "secrets") || p.Field == "registry.image" && c.Registry.Image == ""
}

// ownKeys are the secret variables that have keys of their own.
var ownKeys = map[string]string{
	gateway.LicenseVariable:       "license",
	gateway.EncryptionKeyVariable: "encryptionKey",
	gateway.SetupTokenVariable:    "setupToken",
	gateway.AdminPasswordVariable: adminPasswordKey,
	gateway.BrokerTokenVariable:   "brokerToken",
}

// readEverywhere are the keys of gateway that every place reads. Those that are not here are of Kubernetes alone.
var readEverywhere = []string{
	"config", "configFile", "schemaFile", "env", "changeEncryptionKey", "weakEncryptionKey", "adminUsername", "openAdministration",
	"postgres", "startupSeconds", "migrationJob", "ipFamily", "replicas", "log", "otel", "clustering",
}

// noReader is why a key of Kubernetes has no reader.
const noReader = "only Kubernetes reads it, and this stack has no cluster of it"

// refuseKubernetesKeys: a stack without a cluster of Kubernetes reads none of them.
func (c *Config) refuseKubernetesKeys(k *checker) {
	written, set := reflect.ValueOf(c.written.Gateway), map[string]bool{}
	for _, key := range fieldNames(written.Type()) {
		f, _ := fieldByName(written.Type(), key)
		set[key] = !slices.Contains(readEverywhere, key) && !written.FieldByIndex(f.Index).IsZero()
	}
	k.forbid("gateway", noReader+"; remove it", set)
}

// validateKubernetes checks what holds at every rollout.
func (c *Config) validateKubernetes(k *checker) {
	g := &c.Gateway
	c.validateNamedObjects(k)
	c.validateApiParts(k)
	g.validateVolumes(k)
	if m := g.Monitoring; m != nil {
		p := field.NewPath("gateway", "monitoring")
		if !m.ServiceMonitor && (m.Interval != "" || len(m.Labels) > 0 || m.BasicAuth != nil) {
			k.add(field.Required(p.Child("serviceMonitor"), "the other keys here are the ServiceMonitor's; write true, or remove them"))
		}
		if !m.AlertRules && len(m.AlertLabels) > 0 {
			k.add(field.Required(p.Child("alertRules"), "alertLabels are the PrometheusRule's; write true, or remove them"))
		}
	}
}

// validateConfig checks config.json.
func (c *Config) validateConfig(k *checker) {
	g := &c.Gateway
	p := g.configPath()
	postgres := field.NewPath("gateway", "postgres", "maxConnections")
	if g.Postgres.MaxConnections < 0 {
		k.add(field.Invalid(postgres, g.Postgres.MaxConnections, "at least 1; leave it out where the database's max_connections is not "+
			"known"))
	}
	c.validateDatabaseCa(k)
	if g.ExistingConfigSecret != "" {
		c.validateExistingConfig(k)
		c.validateAdministration(k)
		return
	}
	if len(g.Config) == 0 {
		if g.ConfigFile == "" {
			k.add(field.Required(p, "the content of Bifrost's config.json, or gateway.configFile; {config_store: {enabled: true, type: "+
				"sqlite, "+
				"config: {path: /app/data/config.db}}} for a trial"))
		}
		return
	}
	facts := configjson.Facts{
		AllowInsecure: g.Postgres.AllowInsecure, InsecureKey: "gateway.postgres.allowInsecure: true",
	}
	k.add(configjson.Validate(p, g.Config, facts)...)
	c.validateEncryptionKey(k)
	c.validateSecretVariables(k)
	c.validateConnections(k)
	if g.Otel != nil {
		c.validateOtel(k)
	}
	c.validateClustering(k)
	c.validateAdministration(k)
	c.validateDatabases(k)
	c.validateHosts(k)
	for _, at := range c.targets() {
		c.validateRendered(k, at, p)
	}
}

// validateExistingConfig refuses what would have to be written into a config.json that is not here.
func (c *Config) validateExistingConfig(k *checker) {
	g := &c.Gateway
	k.forbid("gateway", "gateway.existingConfigSecret holds config.json already, and is not read here; remove one of them", map[string]bool{
		"config": len(g.Config) > 0 && g.ConfigFile == "", "configFile": g.ConfigFile != "", "schemaFile": g.SchemaFile != "",
		"openAdministration": g.OpenAdministration, "otel": g.Otel != nil,
		"postgres": g.Postgres.MaxConnections != 0 || g.Postgres.AllowInsecure,
	})
	if c.Gateway.Clustering.Type == configjson.Broker {
		k.add(field.Forbidden(field.NewPath("gateway", "clustering", "type"), "the broker's address belongs into config.json, which "+
			"gateway.existingConfigSecret holds and nobody writes here; remove one of them"))
	}
	if c.Ecs != nil {
		k.add(field.Forbidden(field.NewPath("gateway", "existingConfigSecret"), "tasks of ECS cannot read a Secret of Kubernetes; write "+
			"gateway.config"))
	}
}

// workloadKeys are the keys of the component's arguments that are not below gateway.
var workloadKeys = keys{
	"image": "registry.image", "labels": "labels", "secretEnv": "secrets.env", "encryptionKey": "secrets.encryptionKey",
	"awsRoleArn": "eks.gatewayRoleArn", "podIdentity": "eks.gatewayAuth", "ecrRoleArn": "eks.pull", "azureClientId": "aks.gatewayClientId",
	"googleServiceAccount": "gke.gatewayServiceAccountEmail",
	"pullSecret":           "registry.pullSecret", "databaseCa": "", "networkCa": "network", "networkCa.configMap": "",
	"config": "", "namespace": "", "name": "", otherwise: "gateway",
}

// validateWorkload asks the component for what it would refuse, before anything is registered.
func (c *Config) validateWorkload(k *checker, on cluster) {
	g := &c.Gateway
	if g.Replicas != nil && g.Autoscaling != nil {
		k.add(field.Forbidden(field.NewPath("gateway", "replicas"), "gateway.autoscaling decides; remove one of them"))
	}
	if g.Storage != nil && g.withoutSQLite() {
		k.add(field.Forbidden(field.NewPath("gateway", "storage"),
			"no store of config.json is SQLite, and nothing else is kept there; remove it"))
	}
	args := c.workloadArgs(on)
	args.Namespace = pulumi.String(g.Namespace)
	if args.ExistingConfigSecret == "" {
		args.Config = pulumi.String("{}")
	}
	on.runtime(c, &args)
	from := maps.Clone(workloadKeys)
	if c.Eks != nil && len(c.Eks.GatewayPolicyArns) > 0 {
		from["awsRoleArn"] = "eks.gatewayPolicyArns"
	}
	k.arguments(args.Validate(nil), from)
}

// missingSecrets are the paths below secrets that the workload needs and that are not there.
func (c *Config) missingSecrets() []string {
	if c.Rollout == RolloutIdentity {
		return nil
	}
	return c.lackedSecrets()
}

// lackedSecrets are those that the workload would lack, were it made now.
func (c *Config) lackedSecrets() []string {
	var missing []string
	need := func(at target, variable string) {
		if c.provided(at, variable) {
			return
		}
		missing = append(missing, SecretPath(variable))
	}
	for _, at := range c.targets() {
		need(at, gateway.EncryptionKeyVariable)
		if c.needsLicense() {
			need(at, gateway.LicenseVariable)
		}
		for _, name := range configjson.EnvReferences(c.document(at)) {
			need(at, name)
		}
	}
	if c.holdsKey() && c.Secrets.RegistryKey == "" {
		missing = append(missing, registryKeyPath)
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// SecretPath is where a secret variable of the gateway stands, below secrets: encryptionKey or env.PG_PASSWORD, for instance.
func SecretPath(variable string) string {
	if own := ownKeys[variable]; own != "" {
		return own
	}
	return "env." + variable
}

// needsLicense: Bifrost Enterprise needs its licence from 2.0 on. A digest alone does not tell the version.
func (c *Config) needsLicense() bool {
	v, err := version.ParseGeneric(c.image.Tag)
	return err == nil && v.Major() >= 2
}

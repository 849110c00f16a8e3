package stacks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"

	"bifrost/components/ecs"
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
	case *count > 1 && c.Rollout != RolloutIdentity && !c.Gateway.withoutSQLite():
		k.add(field.Invalid(p, *count, "SQLite, the default store, allows one process; write 1, or give config_store and logs_store of type postgres in gateway.config"))
	}
}

func (c *Config) validateGateway(k *checker) {
	p, g := field.NewPath("gateway"), &c.Gateway
	k.ifSet(g.Namespace, check.Label, p.Child("namespace"))
	k.ifSet(g.ServiceAccount, check.Subdomain, p.Child("serviceAccount"))
	c.validateCount(k, p.Child("replicas"), g.Replicas)
	c.validateVariables(k)
	c.validateClusterKeys(k)
	if g.Log != nil {
		k.add(check.OneOf(p.Child("log", "level"), g.Log.Level, gateway.LogLevels...)...)
		k.add(check.OneOf(p.Child("log", "style"), g.Log.Style, gateway.LogStyles...)...)
	}
	if c.onKubernetes() != nil {
		c.validateKubernetes(k)
	} else {
		c.refuseKubernetesKeys(k)
	}
	if c.Rollout == RolloutIdentity {
		return
	}
	c.validateConfig(k)
	c.validateStart(k)
	if on := c.onKubernetes(); on != nil {
		c.validateWorkload(k, on)
	}
	for _, missing := range c.missingSecrets() {
		why := ""
		if missing == adminPasswordKey {
			why = "; it closes the administration, which gateway.openAdministration: true would leave to anybody who reaches the gateway"
		}
		k.add(field.Required(field.NewPath("secrets").Child(missing), setSecret(missing)+why))
	}
}

// ownKeys are the secret variables that have keys of their own.
var ownKeys = map[string]string{
	gateway.LicenseVariable:       "license",
	gateway.EncryptionKeyVariable: "encryptionKey",
	gateway.SetupTokenVariable:    "setupToken",
	gateway.AdminPasswordVariable: adminPasswordKey,
	gateway.BrokerTokenVariable:   "brokerToken",
}

// validateVariables: every variable has one place, and a secret's is not a plain one. ECS has places of its own beside.
func (c *Config) validateVariables(k *checker) {
	g := &c.Gateway
	plain := map[string]map[string]string{"gateway.env": g.Env}
	if c.Ecs != nil {
		plain["ecs.env"] = c.Ecs.Env
	} else if len(c.Secrets.EcsEnv) > 0 {
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
			k.add(field.Forbidden(p, "has a value under secrets, too; keep one of them"))
		}
		if name == gateway.AdminUsernameVariable && c.namesAdmin() {
			k.add(field.Forbidden(p, "gateway.adminUsername says it, too; keep one of them"))
		}
		if c.Ecs != nil {
			k.add(field.Forbidden(p, "tasks of ECS cannot read a Secret of Kubernetes; keep the value under secrets"))
		}
	}
}

// validateVariable checks a plain variable.
func (c *Config) validateVariable(k *checker, p *field.Path, name string) {
	k.add(check.EnvName(p, name)...)
	_, secret := c.Secrets.Env[name]
	_, secretOnEcs := c.Secrets.EcsEnv[name]
	if secret || secretOnEcs || ownKeys[name] != "" {
		k.add(field.Forbidden(p, "is a secret; keep it under secrets alone"))
	}
	if c.Gateway.Log != nil && (name == gateway.LogLevelVariable || name == gateway.LogStyleVariable) {
		k.add(field.Forbidden(p, "gateway.log says it; remove it"))
	}
	if name == gateway.AdminUsernameVariable {
		k.add(field.Forbidden(p, "has a key of its own: gateway.adminUsername"))
	}
	if name == gateway.ModeVariable {
		k.add(field.Forbidden(p, "makes a broker of every gateway; remove it, and set gateway.clustering.type to broker, which runs one beside them"))
	}
}

func validateSecretVariable(k *checker, p *field.Path, name string) {
	if len(validation.IsEnvVarName(name)) > 0 {
		k.add(field.Forbidden(p, "not the name of an environment variable"))
	}
	if own := ownKeys[name]; own != "" {
		k.add(field.Forbidden(p, "has a key of its own: secrets."+own))
	}
	if name == gateway.AdminUsernameVariable {
		k.add(field.Forbidden(p, "has a key of its own: gateway.adminUsername"))
	}
	if name == ecs.ConfigVariable || name == ecs.DatabaseCaContentVariable {
		k.add(field.Forbidden(p, "carries config.json or the database's authorities; give the variable another name"))
	}
}

// refuseKubernetesKeys: a stack without a cluster of Kubernetes reads none of them.
func (c *Config) refuseKubernetesKeys(k *checker) {
	g := &c.written.Gateway
	k.forbid("gateway", "only Kubernetes reads it, and this stack has no cluster of it; remove it", map[string]bool{
		"existingNamespace": g.ExistingNamespace, "existingServiceAccount": g.ExistingServiceAccount, "existingConfigSecret": g.ExistingConfigSecret != "",
		"imagePullPolicy": g.ImagePullPolicy != "", "storage": g.Storage != nil,
		"autoscaling": g.Autoscaling != nil, "disruptionBudget": g.DisruptionBudget != nil, "scheduling": g.Scheduling != nil,
		"preStopSeconds": g.PreStopSeconds != 0, "terminationGraceSeconds": g.TerminationGraceSeconds != 0,
		"service": g.Service != nil, "ingress": g.Ingress != nil, "httpRoute": g.HttpRoute != nil,
		"networkPolicy": g.NetworkPolicy != nil, "monitoring": g.Monitoring != nil, "annotations": g.Annotations != nil,
		"podLabels": g.PodLabels != nil, "podAnnotations": g.PodAnnotations != nil, "extraVolumes": g.ExtraVolumes != nil,
		"extraVolumeMounts": g.ExtraVolumeMounts != nil, "extraContainers": g.ExtraContainers != nil, "initContainers": g.InitContainers != nil,
	})
}

// validateKubernetes checks what holds at every rollout.
func (c *Config) validateKubernetes(k *checker) {
	g := &c.Gateway
	if m := g.Monitoring; m != nil {
		p := field.NewPath("gateway", "monitoring")
		if !m.ServiceMonitor && (m.Interval != "" || len(m.Labels) > 0 || m.BasicAuth != nil) {
			k.add(field.Required(p.Child("serviceMonitor"), "the other keys here are the ServiceMonitor's; write true, or remove them"))
		}
		if !m.AlertRules && len(m.AlertLabels) > 0 {
			k.add(field.Required(p.Child("alertRules"), "alertLabels are the PrometheusRule's; write true, or remove them"))
		}
		if m.AlertRules && !c.onKubernetes().refreshes(c) {
			k.add(field.Forbidden(p.Child("alertRules"), "this stack has no refresher to tell of; remove it"))
		}
	}
}

// validateConfig checks config.json.
func (c *Config) validateConfig(k *checker) {
	g := &c.Gateway
	p := g.configPath()
	postgres := field.NewPath("gateway", "postgres", "maxConnections")
	if g.Postgres.MaxConnections < 0 {
		k.add(field.Invalid(postgres, g.Postgres.MaxConnections, "at least 1; leave it out where the database's max_connections is not known"))
	}
	c.validateDatabaseCa(k)
	if g.ExistingConfigSecret != "" {
		c.validateExistingConfig(k)
		c.validateAdministration(k)
		return
	}
	if len(g.Config) == 0 {
		if g.ConfigFile == "" {
			k.add(field.Required(p, "the content of Bifrost's config.json, or gateway.configFile; {config_store: {enabled: true, type: sqlite, config: {path: /app/data/config.db}}} for a trial"))
		}
		return
	}
	facts := configjson.Facts{
		AllowInsecure: g.Postgres.AllowInsecure, InsecureKey: "gateway.postgres.allowInsecure: true",
	}
	k.add(configjson.Validate(p, g.Config, facts)...)
	c.validateEncryptionKey(k)
	c.validateConnections(k)
	if g.Otel != nil {
		c.validateOtel(k)
	}
	c.validateClustering(k)
	c.validateAdministration(k)
	c.validateDatabases(k)
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
		k.add(field.Forbidden(field.NewPath("gateway", "clustering", "type"), "the broker's address belongs into config.json, which gateway.existingConfigSecret holds and nobody writes here; remove one of them"))
	}
	if c.Ecs != nil {
		k.add(field.Forbidden(field.NewPath("gateway", "existingConfigSecret"), "tasks of ECS cannot read a Secret of Kubernetes; write gateway.config"))
	}
}

// otelEndpoint is how the plugin otel takes the address of a collector.
var otelEndpoint = check.Rule{
	Pattern: regexp.MustCompile(`^(https?://\S+|[^:/\s]+:\d+|env\.[A-Za-z_][A-Za-z0-9_]*)$`),
	Want:    "HOST:PORT, a URL, or a reference such as env.OTEL_ENDPOINT",
}

// validateOtel checks the traces' profile.
func (c *Config) validateOtel(k *checker) {
	p, o := field.NewPath("gateway", "otel"), c.Gateway.Otel
	if configjson.HasPlugin(c.Gateway.Config, configjson.OtelPlugin) {
		k.add(field.Forbidden(p, "config.json has the plugin otel already; keep one of them"))
	}
	k.add(check.Required(p.Child("collectorUrl"), o.CollectorUrl, otelEndpoint)...)
	k.add(check.Optional(p.Child("metricsEndpoint"), o.MetricsEndpoint, otelEndpoint)...)
	k.add(check.OneOf(p.Child("protocol"), o.Protocol, otelGrpc, "http")...)
	k.add(check.OneOf(p.Child("traceType"), o.TraceType, otelTraceType, "vercel", "open_inference")...)
	if o.MetricsPushInterval < 0 || o.MetricsPushInterval > 300 {
		k.add(field.Invalid(p.Child("metricsPushInterval"), o.MetricsPushInterval, "1 to 300 seconds"))
	}
	headers := map[string]any{}
	for name, value := range o.Headers {
		headers[name] = value
	}
	k.add(configjson.ClearSecrets(p, configjson.Document{"headers": headers})...)
}

// workloadKeys are the configuration keys of the component's arguments that are not below gateway; "" has its own check elsewhere.
var workloadKeys = map[string]string{
	"image": "registry.image", "labels": "labels", "secretEnv": "secrets.env", "encryptionKey": "secrets.encryptionKey",
	"awsRoleArn": "eks.gatewayRoleArn", "podIdentity": "eks.gatewayAuth", "ecrRoleArn": "eks.pull", "azureClientId": "aks.gatewayClientId",
	"pullSecret": "registry.pullSecret", "databaseCa": "", "config": "", "namespace": "", "name": "",
}

// validateWorkload asks the component for what it would refuse, before anything is registered.
func (c *Config) validateWorkload(k *checker, on cluster) {
	g := &c.Gateway
	if g.Replicas != nil && g.Autoscaling != nil {
		k.add(field.Forbidden(field.NewPath("gateway", "replicas"), "gateway.autoscaling decides; remove one of them"))
	}
	if g.Storage != nil && g.withoutSQLite() {
		k.add(field.Forbidden(field.NewPath("gateway", "storage"), "no store of config.json is SQLite, and nothing else is kept there; remove it"))
	}
	args := c.workloadArgs(on)
	args.Namespace = pulumi.String(g.Namespace)
	if args.ExistingConfigSecret == "" {
		args.Config = pulumi.String("{}")
	}
	on.runtime(c, &args)
	for _, problem := range args.Validate() {
		if path := c.configurationPath(problem.Field); path != "" {
			mapped := *problem
			mapped.Field = path
			k.add(&mapped)
		}
	}
}

// configurationPath is the key of an argument's path.
func (c *Config) configurationPath(argument string) string {
	first := argument[:strings.IndexAny(argument+".", ".[")]
	if first == "awsRoleArn" && len(c.Eks.GatewayPolicyArns) > 0 {
		return "eks.gatewayPolicyArns"
	}
	if key, elsewhere := workloadKeys[first]; elsewhere {
		if key == "" {
			return ""
		}
		return key + strings.TrimPrefix(argument, first)
	}
	return "gateway." + argument
}

// missingSecrets are the paths below secrets that the workload needs and that are not there.
func (c *Config) missingSecrets() []string {
	if c.Rollout == RolloutIdentity {
		return nil
	}
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

// loadSchema reads the schema that config.json must meet, where one is named.
func (c *Config) loadSchema(dir string) field.ErrorList {
	p, name := field.NewPath("gateway", "schemaFile"), c.Gateway.SchemaFile
	if name == "" {
		return nil
	}
	text, problem := readFile(dir, name, p)
	if problem != nil {
		return field.ErrorList{problem}
	}
	schema, err := configjson.CompileSchema(text)
	if err != nil {
		return field.ErrorList{field.Invalid(p, name, fmt.Sprintf("%v; `bifrostctl schema` fetches the vendor's, https://www.getbifrost.ai/schema", err))}
	}
	c.schema = schema
	return nil
}

package stacks

import (
	"regexp"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/gateway/configjson"
)

// Otel is the profile of the plugin otel: where traces, and metrics, go.
type Otel struct {
	// CollectorUrl is where traces go: HOST:PORT for grpc, a URL, or env.NAME. Required.
	CollectorUrl string
	// Protocol that the collector speaks. Default grpc.
	Protocol string
	// TraceType names the attributes of the spans. Default genai_extension.
	TraceType string
	// ServiceName is the gateway's name in the traces. Default bifrost.
	ServiceName string
	// Headers for the collector, with secrets as env.NAME.
	Headers map[string]string
	// Insecure: no TLS to the collector, or none that is verified. The plugin's own default is true. Default false.
	Insecure bool
	// MetricsEndpoint is where metrics are pushed, too: HOST:PORT, a URL, or env.NAME. Default: no metrics are pushed.
	MetricsEndpoint string
	// MetricsPushInterval is the time between two pushes in seconds, at most 300. Default: the plugin's own, 15.
	MetricsPushInterval int
	// DisableContentLogging leaves prompts and answers out of the spans. Default false.
	DisableContentLogging bool
}

// Defaults of the exported traces: names of the plugin otel.
const (
	otelGrpc      = "grpc"
	otelTraceType = "genai_extension"
)

// withTraces adds the plugin that exports traces.
func withTraces(c *Config, _ target, document configjson.Document) configjson.Document {
	if c.Gateway.Otel == nil {
		return document
	}
	return configjson.WithPlugin(document, configjson.OtelPlugin, c.Gateway.Otel.profile())
}

// profile is the configuration of the plugin otel.
func (o *Otel) profile() map[string]any {
	profile := map[string]any{
		"collector_url": o.CollectorUrl, "protocol": o.Protocol, "trace_type": o.TraceType, "service_name": o.ServiceName,
		// The plugin skips verification by default.
		"insecure": o.Insecure,
	}
	if len(o.Headers) > 0 {
		headers := map[string]any{}
		for k, v := range o.Headers {
			headers[k] = v
		}
		profile["headers"] = headers
	}
	if o.MetricsEndpoint != "" {
		profile["metrics_enabled"], profile["metrics_endpoint"] = true, o.MetricsEndpoint
	}
	if o.MetricsPushInterval != 0 {
		profile["metrics_push_interval"] = o.MetricsPushInterval
	}
	if o.DisableContentLogging {
		profile["disable_content_logging"] = true
	}
	return profile
}

// otelEndpoint is how the plugin otel takes the address of a collector.
var otelEndpoint = check.Rule{
	Pattern: regexp.MustCompile(`^(https?://[\x21-\x7e]+|([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]):\d+|env\.[A-Za-z_][A-Za-z0-9_]*)$`),
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
	for key, endpoint := range map[string]string{"collectorUrl": o.CollectorUrl, "metricsEndpoint": o.MetricsEndpoint} {
		if _, port := hostAndPort(endpoint); port != "" {
			number, _ := strconv.Atoi(port)
			k.add(check.Port(p.Child(key), number)...)
		}
	}
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

package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOddDestinations: endpoints as people write them open what they lead to, no more and no less.
func TestOddDestinations(t *testing.T) {
	t.Parallel()
	const url, env = "gateway.otel.collectorUrl", "gateway.env."
	object := func(v ...any) map[string]any {
		all := map[string]any{}
		for i := 0; i < len(v); i += 2 {
			all[v[i].(string)] = v[i+1]
		}
		return all
	}
	plugin := func(config map[string]any) []any {
		return []any{object("name", "otel", "enabled", true, "config", config)}
	}
	profile := func(endpoint string) map[string]any { return object("collector_url", endpoint, "protocol", "http") }
	provider := func(kind, url string) map[string]any { return object("proxy_config", object("type", kind, "url", url)) }
	for name, c := range map[string]struct {
		set  map[string]any
		want []any
	}{
		"HOST:PORT of IPv6":              {object(url, "[fd00::7]:4317"), []any{wayOut(4317, block("fd00::7/128"))}},
		"HTTPS at an address of IPv6":    {object(url, "https://[fd00::7]/v1"), []any{wayOut(443, block("fd00::7/128"))}},
		"an address of IPv6 with zone":   {object(url, "http://[fe80::1%25eth0]:4318"), []any{wayOut(4318, block("fe80::1/128"))}},
		"an address of IPv4 in IPv6":     {object(url, "http://[::ffff:10.1.2.3]:4318"), []any{wayOut(4318, block("10.1.2.3/32"))}},
		"userinfo":                       {object(url, "http://user@10.1.2.3:4318"), []any{wayOut(4318, block("10.1.2.3/32"))}},
		"userinfo, no port":              {object(url, "http://user@10.1.2.3"), []any{wayOut(80, block("10.1.2.3/32"))}},
		"a query and a fragment":         {object(url, "http://10.1.2.3:4318/v1?a=b:9#c"), []any{wayOut(4318, block("10.1.2.3/32"))}},
		"a trailing dot":                 {object(url, "collector.otel.svc.cluster.local.:4317"), []any{wayOut(4317, namespace("otel"))}},
		"upper case":                     {object(url, "Collector.OTEL.SVC:4317"), []any{wayOut(4317, namespace("otel"))}},
		"a pod of a StatefulSet":         {object(url, "collector-0.collector.otel.svc.cluster.local:4317"), []any{wayOut(4317, namespace("otel"))}},
		"a public name with svc in it":   {object(url, "collector.prod.svc.example.com:4317"), []any{wayOut(4317, anybody...)}},
		"a sidecar":                      {object(url, "localhost:4317"), nil},
		"a sidecar's address":            {object(url, "http://127.0.0.1:4318"), nil},
		"a sidecar's address of IPv6":    {object(url, "http://[::1]:4318"), nil},
		"a plain variable":               {object(url, "env.OTEL_ENDPOINT", env+"OTEL_ENDPOINT", "10.1.2.3:4317"), []any{wayOut(4317, block("10.1.2.3/32"))}},
		"a plugin of config.json":        {object("gateway.config.plugins", plugin(profile("http://10.1.2.3:4318"))), []any{wayOut(4318, block("10.1.2.3/32"))}},
		"profiles of config.json":        {object("gateway.config.plugins", plugin(object("profiles", []any{profile("http://10.1.2.3"), profile("http://10.1.2.4:4318")}))), []any{wayOut(80, block("10.1.2.3/32")), wayOut(4318, block("10.1.2.4/32"))}},
		"a plugin that is off":           {object("gateway.config.plugins", []any{object("name", "otel", "enabled", false, "config", profile("http://10.1.2.3"))}), nil},
		"a proxy":                        {object(env+"HTTPS_PROXY", "http://proxy.example.com:3128"), []any{wayOut(3128, anybody...)}},
		"a proxy without a scheme":       {object(env+"HTTPS_PROXY", "10.1.2.3:3128"), []any{wayOut(3128, block("10.1.2.3/32"))}},
		"a proxy's name alone":           {object(env+"HTTP_PROXY", "proxy.egress.svc"), []any{wayOut(80, namespace("egress"))}},
		"a proxy in capitals":            {object(env+"HTTPS_PROXY", "HTTP://10.1.2.3"), []any{wayOut(80, block("10.1.2.3/32"))}},
		"a proxy with HTTPS":             {object(env+"HTTPS_PROXY", "https://proxy.example.com"), nil},
		"a proxy of SOCKS":               {object(env+"https_proxy", "socks5://10.1.2.3"), []any{wayOut(1080, block("10.1.2.3/32"))}},
		"the network's own proxy":        {object("network.proxy", "http://[fd00::7]:3128"), []any{wayOut(3128, block("fd00::7/128"))}},
		"one proxy by two names":         {object(env+"HTTPS_PROXY", "http://10.1.2.3:3128", env+"HTTP_PROXY", "10.1.2.3:3128/"), []any{wayOut(3128, block("10.1.2.3/32"))}},
		"two proxies":                    {object(env+"HTTPS_PROXY", "http://10.1.2.3:3128", env+"HTTP_PROXY", "http://10.1.2.4:3128"), []any{wayOut(3128, block("10.1.2.3/32")), wayOut(3128, block("10.1.2.4/32"))}},
		"who needs no proxy":             {object(env+"NO_PROXY", "10.0.0.0/8,.svc,pg.data.svc:5432"), nil},
		"no proxy":                       {object(env+"HTTPS_PROXY", ""), nil},
		"a proxy that is no URL":         {object(env+"HTTPS_PROXY", "http://[fd00::7:3128"), nil},
		"a provider's proxy":             {object("gateway.config.providers.openai", provider("http", "http://10.1.2.3:3128")), []any{wayOut(3128, block("10.1.2.3/32"))}},
		"a provider's proxy, SOCKS":      {object("gateway.config.providers.openai", provider("socks5", "socks5://10.1.2.3")), []any{wayOut(1080, block("10.1.2.3/32"))}},
		"a provider's proxy by a name":   {object("gateway.config.providers.openai", provider("http", "env.EGRESS"), env+"EGRESS", "10.1.2.3:3128"), []any{wayOut(3128, block("10.1.2.3/32"))}},
		"a provider's proxy, not used":   {object("gateway.config.providers.openai", provider("none", "http://10.1.2.3:3128")), nil},
		"the proxy of the environment":   {object("gateway.config.providers.openai", provider("environment", ""), env+"HTTP_PROXY", "10.1.2.3:3128"), []any{wayOut(3128, block("10.1.2.3/32"))}},
		"a collector, and a proxy there": {object(url, "http://10.1.2.3:3128", env+"HTTP_PROXY", "10.1.2.3:3128"), []any{wayOut(3128, block("10.1.2.3/32"))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, "azure-dev").set("gateway.clustering.enabled", false).set("gateway.networkPolicy", map[string]any{"databasePorts": []any{5432}})
			for path, v := range c.set {
				s.set(path, v)
			}
			require.ElementsMatch(t, c.want, gatewayPolicy(t, s)[3:])
		})
	}
	for name, c := range map[string]struct {
		host string
		want any
	}{
		"a database behind a sidecar": {"127.0.0.1", wayOut(5432, anybody...)},
		"a database of IPv6":          {"fd00::7", wayOut(6432, block("fd00::7/128"))},
		"a database in a StatefulSet": {"pg-0.pg.data.svc.cluster.local.", wayOut(6432, namespace("data"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, "azure-dev").set("gateway.clustering.enabled", false).set("secrets.env.PG_PASSWORD", canary)
			for _, store := range []string{"config_store", "logs_store"} {
				s.set("gateway.config."+store, object("enabled", true, "type", "postgres", "config", object(
					"host", c.host, "port", "6432", "user", "bifrost", "password", "env.PG_PASSWORD", "db_name", "bifrost", "ssl_mode", "require")))
			}
			require.Equal(t, []any{c.want}, gatewayPolicy(t, s)[2:])
		})
	}
}

package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// TestMistakes: mistakes that a far end would have refused, or that would have meant something else in silence, are refused at their keys.
func TestMistakes(t *testing.T) {
	t.Parallel()
	const sent = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:generateAccessToken"
	volume := []any{map[string]any{"name": "ca", "configMap": map[string]any{"name": "corporate-ca"}}}
	mount := func(name, path string) map[string]any { return map[string]any{"name": name, "mountPath": path} }
	keys := func(n string) string { return `{"keys": [{"kty": "RSA", "e": "AQAB", "n": "` + n + `"}]}` }
	for name, c := range map[string]struct {
		stack string
		set   []any
		want  string
	}{
		"nothing behind a colon":  {"aws-dev", []any{"gateway.log", map[string]any{"level": nil}}, "bifrost:gateway.log.level: Required value: nothing stands there"},
		"nothing in a list":       {"aws-dev", []any{"ecs.subnets", []any{nil}}, "bifrost:ecs.subnets[0]: Required value: nothing stands there"},
		"an open policy":          {"aws-dev", []any{"gateway.networkPolicy.extraEgress", []any{nil}}, "bifrost:gateway.networkPolicy.extraEgress[0]: Required"},
		"more than 32 bits":       {"aws-dev", []any{"gateway.replicas", 2147483648}, "bifrost:gateway.replicas: Invalid value: 2147483648: a whole number of at most 2147483647"},
		"zero":                    {"aws-dev", []any{"gateway.preStopSeconds", 0}, "bifrost:gateway.preStopSeconds: Invalid value: 0: is no value of it"},
		"zero days":               {"aws-dev", []any{"ecs.logRetentionDays", 0}, "bifrost:ecs.logRetentionDays: Invalid value: 0"},
		"one for true":            {"aws-dev", []any{"protectIdentities", "1"}, `bifrost:protectIdentities: Invalid value: "1": is text; write true`},
		"a host twice":            {"azure-dev", []any{"gateway.httpRoute", map[string]any{"hosts": []any{"a.example.com", "a.example.com"}}}, "bifrost:gateway.httpRoute.hosts[1]: Duplicate"},
		"a peer twice":            {"azure-dev", []any{"gateway.networkPolicy.from", []any{map[string]any{"namespace": "a"}, map[string]any{"namespace": "a"}}}, "bifrost:gateway.networkPolicy.from[1]: Duplicate"},
		"EKS on another platform": {"local-dev", []any{"eks", map[string]any{"clusterName": "dev", "gatewayPolicyArns": []any{"arn:aws:iam::aws:policy/p"}}}, "bifrost:eks: Forbidden"},
		"a boundary for nothing":  {"aws-dev", []any{"ecs", nil, "eks.pull", "node", "eks.nodeRoleArns", []any{nodeRole}, "aws.permissionsBoundary", "x"}, "bifrost:aws.permissionsBoundary: Invalid"},
		"read by Kubernetes only": {"aws-dev", []any{"eks", nil, "gateway.cpuRequest", "1"}, "bifrost:gateway.cpuRequest: Forbidden: only Kubernetes reads it"},

		"key of another document": {"azure-dev", []any{"gcp.credentialConfig.service_account_impersonation_ur", sent}, "did you mean service_account_impersonation_url?"},
		"list for a URL":          {"azure-dev", []any{"gcp.credentialConfig.service_account_impersonation_url", []any{sent}}, "service_account_impersonation_url: Forbidden: is a list; write text"},
		"text for a format":       {"azure-dev", []any{"gcp.credentialConfig.credential_source.format", "text"}, "credential_source.format: Forbidden: is text; write an object"},

		"a placeholder for a secret":   {"aws-dev", []any{"secrets.adminPassword", "<your password>"}, "bifrost:secrets.adminPassword: Forbidden: still holds a placeholder"},
		"a template":                   {"aws-dev", []any{"eks.context", "${CONTEXT}"}, "bifrost:eks.context: Invalid value"},
		"changeme":                     {"aws-dev", []any{"secrets.adminPassword", "changeme"}, "bifrost:secrets.adminPassword: Forbidden"},
		"a licence with its line end":  {"aws-dev", []any{"secrets.license", "abc\n"}, "bifrost:secrets.license: Forbidden: has blanks or a line break at an end"},
		"a character that is not seen": {"aws-dev", []any{"secrets.adminPassword", "abc\u200bdef"}, "bifrost:secrets.adminPassword: Forbidden: has blanks"},
		"blanks for a password":        {"aws-dev", []any{"secrets.env.PG_PASSWORD", "   "}, "bifrost:secrets.env[PG_PASSWORD]: Forbidden: holds blanks alone"},
		"a context that is not given":  {"local-dev", []any{"secrets.kubeconfig", aksUserKubeconfig, "kubernetes.context", "prod"}, "bifrost:kubernetes.context: Invalid value: \"prod\": no context of secrets.kubeconfig, which has dev"},

		"a mount of nothing":       {"azure-dev", []any{"gateway.extraVolumes", volume, "gateway.extraVolumeMounts", []any{mount("cert", "/etc/ssl/own")}}, "bifrost:gateway.extraVolumeMounts[0].name: Invalid value: \"cert\": no volume of the pods"},
		"a mount of a sidecar's":   {"azure-dev", []any{"gateway.extraContainers", []any{map[string]any{"name": "a", "image": "a/b:1", "volumeMounts": []any{mount("cert", "/a")}}}}, "extraContainers[0].volumeMounts[0].name"},
		"a path that is none":      {"azure-dev", []any{"gateway.extraVolumes", volume, "gateway.extraVolumeMounts", []any{mount("ca", "etc/ssl")}}, "bifrost:gateway.extraVolumeMounts[0].mountPath"},
		"a path twice":             {"azure-dev", []any{"gateway.extraVolumes", volume, "gateway.extraVolumeMounts", []any{mount("ca", "/a"), mount("tmp", "/a")}}, "bifrost:gateway.extraVolumeMounts[1].mountPath: Duplicate"},
		"a name of the gateway's":  {"azure-dev", []any{"gateway.extraVolumes", []any{map[string]any{"name": "data"}}}, "bifrost:gateway.extraVolumes[0].name: Invalid value: \"data\": another volume"},
		"a volume of no ConfigMap": {"azure-dev", []any{"gateway.extraVolumes", []any{map[string]any{"name": "ca", "configMap": map[string]any{}}}}, "bifrost:gateway.extraVolumes[0].configMap.name: Required"},

		"keys that are no numbers": {"local-dev", []any{"kubernetes", federatedCluster(), "gcp", federation(), "secrets.registryKey", nil, "kubernetes.issuer", "https://kubernetes.default.svc", "kubernetes.jwks", keys("AQ–AB")}, "bifrost:kubernetes.jwks: Invalid value: \"\": one of its keys has no n in base64url"},
		"a host with its port":     {"aws-dev", []any{"gateway.env.PG_HOST", "db.example.com:5432"}, `bifrost:gateway.env[PG_HOST]: Invalid value: "db.example.com:5432": a host alone`},
		"a URL for a host":         {"azure-dev", []any{"gateway.config.config_store.config.host", "postgres://db.example.com/bifrost"}, "config_store.config.host: Invalid value"},
		"a host and a blank":       {"google-dev", []any{"gateway.env.PG_HOST", "db.example.com "}, "bifrost:gateway.env[PG_HOST]: Invalid value"},
		"a URL with a password":    {"aws-dev", []any{"gateway.env.PG_HOST", "postgres://u:hunter2canary@db.example.com/bifrost"}, "bifrost:gateway.env[PG_HOST]: Invalid value: a host alone"},
		"a list for a host":        {"aws-dev", []any{"gateway.config.config_store.config.host", []any{"a"}}, "config_store.config.host: Forbidden"},
		"a text for a key":         {"aws-dev", []any{"gateway.config.providers.openai.keys", []any{"sk"}}, "providers.openai.keys[0]: Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, c.stack)
			for i := 0; i < len(c.set); i += 2 {
				s.set(c.set[i].(string), c.set[i+1])
			}
			_, err := stacks.Parse("test", rawOf(t, s))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "hunter2canary")
		})
	}
}

// TestNotMistaken: what looks like one of them, and is right, is taken.
func TestNotMistaken(t *testing.T) {
	t.Parallel()
	for name, set := range map[string][]any{
		"arguments that repeat":     {"gateway.extraContainers", []any{map[string]any{"name": "a", "image": "a/b:1", "args": []any{"-v", "-v", "$(POD_IP)", "${HOME}"}}}},
		"a template of annotations": {"gateway.annotations", map[string]any{"example.com/text": "{{ .Name }}"}},
		"a free variable":           {"gateway.env.NOTE", "TODO"},
		"secrets of several lines":  {"secrets.env.PEM", "-----BEGIN-----\nAA==\n-----END-----\n"},
		"the gateway's own volumes": {"gateway.extraVolumeMounts", []any{map[string]any{"name": "tmp", "mountPath": "/scratch"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, "azure-dev")
			for i := 0; i < len(set); i += 2 {
				s.set(set[i].(string), set[i+1])
			}
			_, err := stacks.Parse("test", rawOf(t, s))
			require.NoError(t, err)
		})
	}
}

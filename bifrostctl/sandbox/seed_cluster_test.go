package sandbox

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/sandbox/cloud/kubernetes"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/crds"
)

// TestClusterContents: what a stack file takes for granted in its cluster is there, and nothing else.
func TestClusterContents(t *testing.T) {
	in := func(name string) kubernetes.Name { return kubernetes.Name{Namespace: "llm", Name: name} }
	opaque := func(name string, keys ...string) kubernetes.Data {
		d := kubernetes.Data{Name: in(name), Keys: map[string]string{}}
		for _, key := range keys {
			d.Keys[key] = "sandbox-fake"
		}
		return d
	}
	for name, c := range map[string]struct {
		file string
		want kubernetes.Contents
	}{
		"nothing": {"gateway: {namespace: llm, monitoring: {serviceMonitor: false}, config: {a: {secret: x, key: y}}}", kubernetes.Contents{}},
		"custom resources": {"gateway: {httpRoute: {gateway: g, section: tls}, monitoring: {serviceMonitor: true}}", kubernetes.Contents{
			Definitions: []string{crds.HTTPRoutes, crds.ServiceMonitors},
			Gateways:    []kubernetes.Gateway{{Name: kubernetes.Name{Namespace: "bifrost", Name: "g"}, Listener: "tls"}},
		}},
		"rules":              {"gateway: {monitoring: {alertRules: true}}", kubernetes.Contents{Definitions: []string{crds.PrometheusRules}}},
		"ingress":            {"gateway: {ingress: {controller: appRouting}}", kubernetes.Contents{IngressClasses: []string{"webapprouting.kubernetes.azure.com"}}},
		"class of one's own": {"gateway: {ingress: {controller: nginx, className: inner}}", kubernetes.Contents{IngressClasses: []string{"inner"}}},
		"certificate": {"gateway: {namespace: llm, ingress: {controller: nginx, tlsSecret: cert}}", kubernetes.Contents{
			IngressClasses: []string{"nginx"},
			Secrets:        []kubernetes.Data{{Name: in("cert"), Type: "kubernetes.io/tls", Keys: map[string]string{"tls.crt": "sandbox-fake", "tls.key": "sandbox-fake"}}},
		}},
		"classes": {"gateway: {storage: {className: fast}, scheduling: {priorityClass: high}}", kubernetes.Contents{StorageClasses: []string{"fast"}, PriorityClasses: []string{"high"}}},
		"others' objects": {"gateway: {namespace: llm, existingNamespace: true, serviceAccount: sa, existingServiceAccount: true, storage: {existingClaim: c}}", kubernetes.Contents{
			Namespaces: []string{"llm"}, ServiceAccounts: []kubernetes.Name{in("sa")}, Claims: []kubernetes.Name{in("c")},
		}},
		"keys of secrets": {"gateway: {namespace: llm, secretRefs: {A: {secret: s, key: a}, B: {secret: s, key: b}}, monitoring: {basicAuth: {username: {secret: u, key: name}}}}", kubernetes.Contents{
			Secrets: []kubernetes.Data{opaque("s", "a", "b"), opaque("u", "name")},
		}},
		"volumes": {"gateway: {namespace: llm, extraVolumes: [{name: a, configMap: {name: ca}}, {name: b, secret: {secretName: s, items: [{key: k, path: p}]}}, {name: c, persistentVolumeClaim: {claimName: d}}]}", kubernetes.Contents{
			Secrets: []kubernetes.Data{opaque("s", "k")}, ConfigMaps: []kubernetes.Data{opaque("ca", "sandbox")}, Claims: []kubernetes.Name{in("d")},
		}},
		"variables": {"gateway: {namespace: llm, extraContainers: [{name: c, env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: B, valueFrom: {configMapKeyRef: {name: m, key: k}}}]}]}", kubernetes.Contents{
			Secrets: []kubernetes.Data{opaque("s", "k")}, ConfigMaps: []kubernetes.Data{opaque("m", "k")},
		}},
		"authorities of the database": {"gateway: {namespace: llm, postgres: {caConfigMap: {name: m, key: k}, caSecret: {secret: s, key: k}}}", kubernetes.Contents{
			Secrets: []kubernetes.Data{opaque("s", "k")}, ConfigMaps: []kubernetes.Data{opaque("m", "k")},
		}},
		"pull secret of a mirror": {"{registry: {image: 'r.example.com/i:1', pullSecret: p}, gateway: {namespace: llm}}", kubernetes.Contents{
			Secrets: []kubernetes.Data{{Name: in("p"), Type: "kubernetes.io/dockerconfigjson", Keys: map[string]string{".dockerconfigjson": `{"auths":{"r.example.com":{"auth":"c2FuZGJveDpzYW5kYm94LWZha2U="}}}`}}},
		}},
		"config.json": {"gateway: {namespace: llm, existingConfigSecret: c}", kubernetes.Contents{Secrets: []kubernetes.Data{{Name: in("c"), Keys: map[string]string{"config.json": "{}"}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			var values map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(c.file), &values))
			got := clusterContents(lenient(values))
			require.ElementsMatch(t, c.want.Definitions, got.Definitions)
			got.Definitions = c.want.Definitions
			require.Equal(t, c.want, got)
		})
	}
}

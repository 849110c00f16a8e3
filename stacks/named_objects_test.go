package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// TestNamedObjects: what a key names in a namespace that the stack makes cannot be there before the first up. It is refused by the key that
// names it, all of it at once; in a namespace that exists, or where something else puts it there, it is taken.
func TestNamedObjects(t *testing.T) {
	t.Parallel()
	key := map[string]any{"secret": "s", "key": "k"}
	inMap := map[string]any{"name": "m", "key": "k"}
	container := map[string]any{"name": "c", "image": "registry.example.com/c:1",
		"env":     []any{map[string]any{"name": "A", "valueFrom": map[string]any{"configMapKeyRef": inMap}}},
		"envFrom": []any{map[string]any{"secretRef": map[string]any{"name": "s"}}}}
	volumes := []any{
		map[string]any{"name": "a", "configMap": map[string]any{"name": "m"}},
		map[string]any{"name": "b", "secret": map[string]any{"secretName": "s"}},
		map[string]any{"name": "c", "persistentVolumeClaim": map[string]any{"claimName": "data"}},
		map[string]any{"name": "d", "projected": map[string]any{"sources": []any{map[string]any{"configMap": map[string]any{"name": "m"}}}}},
		map[string]any{"name": "e", "secret": map[string]any{"secretName": "maybe", "optional": true}},
		map[string]any{"name": "f", "configMap": map[string]any{"name": "kube-root-ca.crt"}},
	}
	ingress := map[string]any{"controller": "nginx", "hosts": []any{"a.example.com"}, "tlsSecret": "tls", "allowedCidrs": []any{"10.0.0.0/8"}}
	for name, c := range map[string]struct {
		set      map[string]any
		keys     []string
		supplied []any
	}{
		"variables":             {map[string]any{"gateway.secretRefs.A": key}, []string{"gateway.secretRefs[A].secret"}, []any{"secret/s"}},
		"config.json":           {map[string]any{"gateway.config": nil, "gateway.existingConfigSecret": "s"}, []string{"gateway.existingConfigSecret"}, []any{"secret/s"}},
		"the ServiceAccount":    {map[string]any{"gateway.serviceAccount": "sa", "gateway.existingServiceAccount": true}, []string{"gateway.existingServiceAccount"}, []any{"serviceaccount/sa"}},
		"the default one":       {map[string]any{"gateway.serviceAccount": "default", "gateway.existingServiceAccount": true}, nil, nil},
		"authorities":           {map[string]any{"gateway.postgres.caConfigMap": inMap}, []string{"gateway.postgres.caConfigMap.name"}, []any{"configmap/m"}},
		"authorities, secret":   {map[string]any{"gateway.postgres.caSecret": key}, []string{"gateway.postgres.caSecret.secret"}, []any{"secret/s"}},
		"authorities of a net":  {map[string]any{"network.caConfigMap": inMap}, []string{"network.caConfigMap.name"}, []any{"configmap/m"}},
		"the refresher's":       {map[string]any{"refresher.secretRefs.A": key, "refresher.imagePullSecrets": []any{"p"}}, []string{"refresher.imagePullSecrets[0]", "refresher.secretRefs[A].secret"}, []any{"secret/p", "secret/s"}},
		"a login":               {map[string]any{"gateway.monitoring": map[string]any{"serviceMonitor": true, "basicAuth": map[string]any{"username": key, "password": key}}}, []string{"gateway.monitoring.basicAuth.username.secret", "gateway.monitoring.basicAuth.password.secret"}, []any{"secret/s"}},
		"a certificate":         {map[string]any{"gateway.ingress": ingress}, []string{"gateway.ingress.tlsSecret"}, []any{"secret/tls"}},
		"one of cert-manager":   {map[string]any{"gateway.ingress": ingress, "gateway.annotations": map[string]any{"cert-manager.io/cluster-issuer": "le"}}, nil, nil},
		"volumes":               {map[string]any{"gateway.extraVolumes": volumes}, []string{"gateway.extraVolumes[0].configMap.name", "gateway.extraVolumes[1].secret.secretName", "gateway.extraVolumes[2].persistentVolumeClaim.claimName", "gateway.extraVolumes[3].projected.sources[0].configMap.name"}, []any{"configmap/m", "secret/s", "persistentvolumeclaim/data"}},
		"containers":            {map[string]any{"gateway.initContainers": []any{container}}, []string{"gateway.initContainers[0].env[0].valueFrom.configMapKeyRef.name", "gateway.initContainers[0].envFrom[0].secretRef.name"}, []any{"configmap/m", "secret/s"}},
		"a pull Secret":         {map[string]any{"registry.mirror": true, "registry.image": "r.example.com/i:1", "registry.pullSecret": "p", "gcp": nil}, []string{"registry.pullSecret"}, []any{"secret/p"}},
		"what nothing names":    {map[string]any{"gateway.suppliedObjects": []any{"secret/x"}}, []string{"gateway.suppliedObjects[0]"}, nil},
		"several, all together": {map[string]any{"gateway.secretRefs.A": key, "gateway.ingress": ingress}, []string{"gateway.ingress.tlsSecret", "gateway.secretRefs[A].secret"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := stackFile(t, "azure-dev")
			for path, value := range c.set {
				s.set(path, value)
			}
			var refused []string
			for _, problem := range parseProblems(t, s) {
				key, _, ours := strings.Cut(problem, ": Invalid value")
				require.True(t, ours, problem)
				refused = append(refused, key)
				if !slices.Contains(c.keys, "gateway.suppliedObjects[0]") {
					require.Contains(t, problem, "set gateway.existingNamespace to true")
				}
			}
			require.Equal(t, c.keys, refused)
			if len(c.supplied) > 0 {
				require.Empty(t, parseProblems(t, s.copied(t).set("gateway.suppliedObjects", c.supplied)))
			}
			if c.set["gateway.suppliedObjects"] == nil {
				require.Empty(t, parseProblems(t, s.set("gateway.existingNamespace", true)))
			}
		})
	}
}

// parseProblems are those of a configuration for AKS; none where it is taken.
func parseProblems(t *testing.T, s settings) []string {
	t.Helper()
	_, err := stacks.Parse("azure-dev", rawOf(t, s))
	if err == nil {
		return nil
	}
	var refusal *stacks.ConfigError
	require.ErrorAs(t, err, &refusal)
	var problems []string
	for _, problem := range refusal.Problems {
		problems = append(problems, problem.Error())
	}
	return problems
}

// TestSuppliedObjectsOfAnExistingNamespace: a word too many is told of.
func TestSuppliedObjectsOfAnExistingNamespace(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "azure-dev").set("gateway.existingNamespace", true).set("gateway.suppliedObjects", []any{"secret/s"})
	require.Equal(t, []string{"gateway.suppliedObjects: Forbidden: gateway.existingNamespace says that the namespace exists, and what is in it; remove it"},
		parseProblems(t, s))
}

package kubernetes_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

// TestDatabaseCa: the authorities are a file of the pod, wherever they come from, and the driver is told of it.
func TestDatabaseCa(t *testing.T) {
	t.Parallel()
	const volume, file = "spec.template.spec.volumes[3]", "/etc/bifrost/database-ca/database-ca.pem"
	item := func(key string) []any { return []any{map[string]any{"key": key, "path": "database-ca.pem"}} }
	checksum := ""
	for name, c := range map[string]struct {
		ca   kubernetes.CaArgs
		want map[string]any
	}{
		"a text": {kubernetes.CaArgs{Pem: "PEM"},
			map[string]any{"configMap": map[string]any{"name": "bifrost-database-ca", "items": item("database-ca.pem")}}},
		"a ConfigMap": {kubernetes.CaArgs{ConfigMap: &kubernetes.ConfigMapKeyRef{"team-ca", "ca.crt"}},
			map[string]any{"configMap": map[string]any{"name": "team-ca", "items": item("ca.crt")}}},
		"a Secret": {kubernetes.CaArgs{Secret: &kubernetes.SecretKeyRef{"team-ca", "ca.crt"}},
			map[string]any{"secret": map[string]any{"secretName": "team-ca", "items": item("ca.crt")}}},
	} {
		t.Run(name, func(t *testing.T) {
			g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { a.DatabaseCa = &c.ca })
			d := g.One(t, deploymentType)
			c.want["name"] = "database-ca"
			require.Equal(t, c.want, d.Input(t, volume))
			require.Equal(t, map[string]any{"name": "database-ca", "mountPath": "/etc/bifrost/database-ca", "readOnly": true},
				d.Input(t, gatewayContainer+".volumeMounts[3]"))
			require.Equal(t, file, envOf(t, d, gatewayContainer)["PGSSLROOTCERT"])
			if c.ca.Pem == "" {
				require.Empty(t, g.Of("kubernetes:core/v1:ConfigMap"))
				return
			}
			require.Equal(t, map[string]any{"database-ca.pem": "PEM"}, g.One(t, "kubernetes:core/v1:ConfigMap").Input(t, "data"))
			checksum = d.Input(t, "spec.template.metadata.annotations").(map[string]any)["checksum/config"].(string)
			other := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
				a.DatabaseCa = &kubernetes.CaArgs{Pem: "OTHER"}
			}).One(t, deploymentType)
			require.NotEqual(t, checksum, other.Input(t, "spec.template.metadata.annotations").(map[string]any)["checksum/config"],
				"another bundle rolls the pods")
		})
	}
}

func TestDatabaseCaRefused(t *testing.T) {
	t.Parallel()
	both := workloadArgs()
	both.DatabaseCa = &kubernetes.CaArgs{Pem: "PEM", ConfigMap: &kubernetes.ConfigMapKeyRef{"A B", "a b"}, Secret: &kubernetes.SecretKeyRef{"A B", "a b"}}
	both.Env = map[string]string{"PGSSLROOTCERT": "/own"}
	graphtest.RequireRefused(t, both.Validate(nil),
		[]string{"databaseCa", "databaseCa.configMap.name", "databaseCa.configMap.key", "databaseCa.secret.secret", "databaseCa.secret.key",
			"databaseCa"},
		func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := kubernetes.NewBifrostWorkload(ctx, "x", both, on)
			return err
		})
}

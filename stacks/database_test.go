package stacks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// authority is a certificate in PEM that is valid until then.
func authority(t *testing.T, until time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "private authority"}, NotAfter: until, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// caFile writes a text outside the project and returns its path.
func caFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// TestDatabaseCA: the file reaches the gateway on every platform; what exists in the cluster is mounted as it is.
func TestDatabaseCA(t *testing.T) {
	t.Parallel()
	text := authority(t, time.Now().Add(time.Hour))
	for stack, configMap := range map[string]string{"aws-dev": "eks-gateway-database-ca", "azure-dev": "aks-gateway-database-ca"} {
		g := record(t, stack, stackFile(t, stack).set("gateway.postgres.caFile", caFile(t, text)))
		require.Equal(t, map[string]any{"database-ca.pem": text}, g.Named(t, "kubernetes:core/v1:ConfigMap", configMap).Input(t, "data"))
		if stack == "aws-dev" {
			require.Equal(t, text, g.Named(t, "aws:secretsmanager/secretVersion:SecretVersion", "ecs-database-ca-version").Input(t, "secretString"))
		}
	}
	for key, ref := range map[string]any{"caConfigMap": map[string]any{"name": "team-ca", "key": "ca.crt"}, "caSecret": map[string]any{"secret": "team-ca", "key": "ca.crt"}} {
		for _, s := range []settings{
			stackFile(t, "azure-dev").set("gateway.existingNamespace", true).set("gateway.postgres."+key, ref),
			stackFile(t, "azure-dev").set("gateway", map[string]any{"existingConfigSecret": "config", "existingNamespace": true, "postgres": map[string]any{key: ref}}),
		} {
			d := record(t, "azure-dev", s).One(t, "kubernetes:apps/v1:Deployment")
			require.Equal(t, "database-ca", d.Input(t, "spec.template.spec.volumes[3].name"))
		}
	}
}

func TestCheckAuthorities(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good, old := authority(t, now.Add(time.Hour)), authority(t, now.Add(-time.Hour))
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(canary)}))
	for name, c := range map[string]struct{ text, want string }{
		"one":               {good, ""},
		"two with comments": {"# a\n" + good + "# b\n" + good, ""},
		"none":              {"", "holds no certificate in PEM"},
		"DER":               {"\x30\x82", "holds no certificate in PEM"},
		"an expired one":    {good + old, "certificate 2, of CN=private authority, expired on " + now.Add(-time.Hour).UTC().Format(time.DateOnly)},
		"a broken one":      {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 does not parse"},
		"a key":             {good + key, "holds a PRIVATE KEY; keep nothing but the certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := stacks.CheckAuthorities([]byte(c.text), now)
			require.Equal(t, c.want == "", wrong == "")
			require.Contains(t, wrong, c.want)
			require.NotContains(t, wrong, canary)
		})
	}
}

func TestDatabaseCARefused(t *testing.T) {
	t.Parallel()
	good := authority(t, time.Now().Add(time.Hour))
	file, large := caFile(t, good), caFile(t, strings.Repeat(good, 200))
	of := func(pairs ...any) settings {
		s := stackFile(t, "aws-dev")
		for i := 0; i < len(pairs); i += 2 {
			s.set(pairs[i].(string), pairs[i+1])
		}
		return s
	}
	ref := map[string]any{"name": "team-ca", "key": "ca.crt"}
	for name, c := range map[string]struct {
		s    settings
		want []string
	}{
		"no such file":              {of("gateway.postgres.caFile", "ca.pem"), []string{"gateway.postgres.caFile: Invalid value", "no such file"}},
		"expired":                   {of("gateway.postgres.caFile", caFile(t, authority(t, time.Now().Add(-time.Hour)))), []string{"gateway.postgres.caFile", "expired on"}},
		"too large for ECS":         {of("gateway.postgres.caFile", large), []string{"gateway.postgres.caFile", "takes 65536", "https://truststore.pki.rds.amazonaws.com/us-east-1/us-east-1-bundle.pem"}},
		"two sources":               {of("ecs", nil, "gateway.postgres", map[string]any{"caFile": file, "caConfigMap": ref}), []string{"gateway.postgres: Forbidden: caFile, caConfigMap and caSecret say the same"}},
		"a ConfigMap on ECS":        {of("gateway.postgres.caConfigMap", ref), []string{"gateway.postgres.caConfigMap: Forbidden: tasks of ECS cannot read", "gateway.postgres.caFile"}},
		"no key":                    {of("ecs", nil, "gateway.postgres.caConfigMap", map[string]any{"name": "team-ca"}), []string{"gateway.postgres.caConfigMap.key"}},
		"a variable of one's own":   {of("gateway.postgres.caFile", file, "gateway.env.PGSSLROOTCERT", "/own.pem"), []string{"gateway.postgres: Forbidden: PGSSLROOTCERT says which authorities the gateway on eks trusts"}},
		"a secret variable":         {of("gateway.postgres.caFile", file, "secrets.env.PGSSLROOTCERT", canary), []string{"gateway.postgres: Forbidden: PGSSLROOTCERT"}},
		"the variable that carries": {of("secrets.env.BIFROST_DATABASE_CA", canary), []string{"secrets.env[BIFROST_DATABASE_CA]: Forbidden"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := c.s.graph(t, "aws-dev")
			err := g.Run(program(g))
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), canary)
			require.Empty(t, g.Resources)
		})
	}
	require.NotEmpty(t, record(t, "aws-dev", of("ecs", nil, "gateway.postgres.caFile", large)).Resources, "a ConfigMap takes more than a secret of AWS")
}

// TestConnectionBudget: a server's connections are those of every process on every platform, a rollout's and the server's own.
func TestConnectionBudget(t *testing.T) {
	t.Parallel()
	pools := func(s settings, each int) settings {
		return s.set("gateway.config.config_store.config.max_open_conns", each).set("gateway.config.logs_store.config.max_open_conns", each)
	}
	for name, c := range map[string]struct {
		s    settings
		want int
	}{
		"pods and tasks":                   {stackFile(t, "aws-dev"), (2+1+2+2)*100 + 3},
		"pods":                             {stackFile(t, "azure-dev"), (2+1)*100 + 3},
		"pods, scaled":                     {stackFile(t, "azure-dev").set("gateway.replicas", nil).set("gateway.autoscaling", map[string]any{"minReplicas": 2, "maxReplicas": 9}), 10*100 + 3},
		"tasks":                            {stackFile(t, "aws-dev").set("eks", nil).set("ecs.desiredCount", 3), 6*100 + 3},
		"tasks, rounded down":              {stackFile(t, "aws-dev").set("eks", nil).set("ecs.desiredCount", 3).set("ecs.maxHealthyPercent", 150), 4*100 + 3},
		"tasks, scaled":                    {stackFile(t, "aws-dev").set("eks", nil).set("ecs.autoscaling", map[string]any{"minTasks": 2, "maxTasks": 5, "cpuPercent": 60}), 10*100 + 3},
		"smaller pools":                    {pools(stackFile(t, "azure-dev"), 10), 3*20 + 3},
		"stores on two servers, the worst": {pools(stackFile(t, "azure-dev"), 10).set("gateway.config.logs_store.config.host", "logs.example.com"), 3*10 + 3},
	} {
		t.Run(name, func(t *testing.T) {
			stack := "aws-dev"
			if c.s["platform"] == "azure" {
				stack = "azure-dev"
			}
			require.NotEmpty(t, record(t, stack, c.s.set("gateway.postgres.maxConnections", c.want)).Resources)
			g := c.s.set("gateway.postgres.maxConnections", c.want-1).graph(t, stack)
			err := g.Run(program(g))
			require.ErrorContains(t, err, "bifrost:gateway.postgres.maxConnections: Invalid value")
			require.ErrorContains(t, err, fmt.Sprintf("%d are needed", c.want))
		})
	}
}

// TestDatabaseWarnings: what would surprise in production is said, with the key that mends it and the place of what is missing.
func TestDatabaseWarnings(t *testing.T) {
	t.Parallel()
	const mode, host, port = "gateway.config.config_store.config.ssl_mode", "gateway.config.config_store.config.host", "gateway.config.config_store.config.port"
	file := caFile(t, authority(t, time.Now().Add(time.Hour)))
	for name, c := range map[string]struct {
		set  []any
		want []string
	}{
		"encrypted alone":     {nil, nil},
		"verified, on Azure":  {[]any{mode, "verify-full"}, []string{"config_store verifies the certificate of bifrost-dev.postgres.database.azure.com (ssl_mode verify-full)", "give gateway.postgres.caFile", "DigiCert Global Root G2"}},
		"verified, on RDS":    {[]any{mode, "verify-ca", host, "db.c0ffee.eu-west-1.rds.amazonaws.com"}, []string{"https://truststore.pki.rds.amazonaws.com/eu-west-1/eu-west-1-bundle.pem"}},
		"verified, GovCloud":  {[]any{mode, "verify-ca", host, "db.c0ffee.us-gov-east-1.rds.amazonaws.com"}, []string{"https://truststore.pki.us-gov-west-1.rds.amazonaws.com/us-gov-east-1/us-gov-east-1-bundle.pem"}},
		"verified, Cloud SQL": {[]any{mode, "verify-ca", host, "0a1b.p.europe-west1.sql.goog"}, []string{"gcloud sql instances describe"}},
		"verified, elsewhere": {[]any{mode, "verify-full", host, "db.internal"}, []string{"the PEM file of whoever signed it"}},
		"with a file":         {[]any{mode, "verify-full", "gateway.postgres.caFile", file}, nil},
		"with an example's": {[]any{mode, "verify-full", host, "db.c0ffee.eu-west-1.rds.amazonaws.com", "gateway.postgres.caFile", "examples/eks-production/rds-ca.pem"},
			[]string{"gateway.postgres.caFile is the placeholder of an example", "give gateway.postgres.caFile another", "eu-west-1-bundle.pem"}},
		"with a ConfigMap":  {[]any{mode, "verify-full", "gateway.postgres.caConfigMap", map[string]any{"name": "ca", "key": "ca.crt"}}, nil},
		"with a variable":   {[]any{mode, "verify-full", "gateway.env.PGSSLROOTCERT", "/own.pem"}, nil},
		"with a folder":     {[]any{mode, "verify-full", "gateway.env.SSL_CERT_DIR", "/own"}, nil},
		"RDS Proxy":         {[]any{host, "app.proxy-c0ffee.us-east-1.rds.amazonaws.com"}, []string{"config_store goes through RDS Proxy", "advisory locks"}},
		"PgBouncer, a name": {[]any{host, "pgbouncer.data.svc"}, []string{"config_store goes through PgBouncer (pgbouncer.data.svc, port 5432)"}},
		"PgBouncer, a port": {[]any{port, "6432"}, []string{"PgBouncer", "port 6432"}},
		"pings":             {[]any{"gateway.config.client", map[string]any{"disable_db_pings_in_health": false}}, []string{"client.disable_db_pings_in_health is false", "every pod, task or target is taken out"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := stackFile(t, "azure-dev").set("gateway.existingNamespace", true)
			for i := 0; i < len(c.set); i += 2 {
				s.set(c.set[i].(string), c.set[i+1])
			}
			got := parsed(t, "azure-dev", s).DatabaseWarnings()
			if len(c.want) == 0 {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			for _, want := range c.want {
				require.Contains(t, got[0], want)
			}
		})
	}
}

// TestDatabasePingsAreOff: on every platform, unless the stack says otherwise.
func TestDatabasePingsAreOff(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"aws-dev", "azure-dev"} {
		c := parsed(t, stack, stackFile(t, stack))
		for _, at := range c.Targets() {
			require.Equal(t, true, c.DocumentAt(at)["client"].(map[string]any)["disable_db_pings_in_health"])
		}
		own := parsed(t, stack, stackFile(t, stack).set("gateway.config.client.disable_db_pings_in_health", false))
		require.Equal(t, false, own.DocumentAt(own.Targets()[0])["client"].(map[string]any)["disable_db_pings_in_health"])
	}
}

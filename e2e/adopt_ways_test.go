package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/desktest"
)

// The ways that are followed on real clusters: the recipes for EKS and AKS, and the chart.
var (
	recipeEKS = byHand{
		name: "the recipe for EKS", way: "eks", file: "Pulumi.aws-dev.yaml", changes: []string{"pulumi config rm bifrost:ecs"},
		host: "bifrost.cluster-c0ffee.us-east-1.rds.amazonaws.com", secret: "ecr-login", login: asTheRole, after: ecrLogin, applied: byKubectl, drains: true,
	}
	recipeAKS = byHand{
		name: "the recipe for AKS", way: "aks", file: "Pulumi.azure-dev.yaml", host: "bifrost-dev.postgres.database.azure.com",
		secret: arLogin.secret, login: asTheIdentity, after: arLogin, applied: byKubectl, told: trustsTheGateway,
	}
	chart = byHand{
		name: "the chart on any Kubernetes", way: "chart", file: "Pulumi.local-dev.yaml", host: "postgres.internal.example.com",
		changes: []string{"pulumi config set --path bifrost:kubernetes.context e2e"}, edit: onPostgres,
		secret: "by-hand", login: withTheKey, after: keyLogin, applied: byHelm, drains: true, real: true,
	}
)

// onPostgres has a stack on PostgreSQL whose file is for SQLite.
func onPostgres(config map[string]any) {
	desktest.Put(config, []string{"bifrost:gateway", "replicas"}, 2)
	for _, store := range []string{"config_store", "logs_store"} {
		desktest.Put(config, []string{"bifrost:gateway", "config", store}, map[string]any{"enabled": true, "type": "postgres", "config": map[string]any{
			"host": "postgres.internal.example.com", "port": "5432", "user": "bifrost", "password": "env.PG_PASSWORD", "db_name": "bifrost", "ssl_mode": "require",
		}})
	}
}

// byKubectl is kubectl apply, as the recipes have it.
func byKubectl(t *testing.T, s *site, file string) {
	s.kubectl(t, controlplane.AdminUser, "apply", "-f", file)
}

// byHelm records the owners as Helm does: version 3 writes objects, version 4 applies them server-side.
func byHelm(t *testing.T, s *site, file string) {
	s.kubectl(t, controlplane.AdminUser, "create", "--field-manager=helm", "-f", file)
	s.kubectl(t, controlplane.AdminUser, "apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", file)
}

// token is one of the ServiceAccount by hand, in a file.
func (d *desk) token(t *testing.T, audience string) string {
	t.Helper()
	asked, err := d.cluster.client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), gatewaySA,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{audience}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(asked.Status.Token), 0o600))
	return file
}

// program is one that was built for the images.
func program(t *testing.T, name string) string {
	t.Helper()
	folder, err := controlplane.Binaries()
	require.NoError(t, err)
	return filepath.Join(folder, name)
}

// asTheRole is the login of the role that the recipe for EKS makes, whose trust has the gateway's own ServiceAccount.
func asTheRole(t *testing.T, d *desk) []byte {
	token := d.token(t, "sts.amazonaws.com")
	password := d.shell(t, "", "env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_ROLE_ARN=arn:aws:iam::111122223333:role/BifrostECRPullRole "+
		"AWS_WEB_IDENTITY_TOKEN_FILE="+token+" "+program(t, "aws")+" ecr get-login-password --region us-east-1")
	return loginFor(ecrLogin.host, ecrLogin.user, strings.TrimSpace(password))
}

// asTheIdentity is the login of whom the recipe for AKS lets sign in at Google: the gateway's own ServiceAccount.
func asTheIdentity(t *testing.T, d *desk) []byte {
	var credentials map[string]any
	d.Edit(t, func(config map[string]any) {
		text, err := json.Marshal(config["bifrost:gcp"].(map[string]any)["credentialConfig"])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &credentials))
	})
	credentials["credential_source"].(map[string]any)["file"] = d.token(t, "api://AzureADTokenExchange")
	text, err := json.Marshal(credentials)
	require.NoError(t, err)
	configuration := filepath.Join(t.TempDir(), "credentials.json")
	require.NoError(t, os.WriteFile(configuration, text, 0o600))
	password := d.shell(t, "", "SSL_CERT_FILE=$AWS_CA_BUNDLE CLOUDSDK_CONFIG="+t.TempDir()+" CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE="+configuration+" "+
		program(t, "gcloud")+" auth print-access-token")
	return loginFor(arLogin.host, arLogin.user, strings.TrimSpace(password))
}

// trustsTheGateway: who followed the recipe told the vendor of the gateway's own ServiceAccount.
func trustsTheGateway(t *testing.T, d *desk) {
	told := 0
	d.edit(t, func(clouds map[string]any) {
		for _, resource := range clouds["resources"].(map[string]any) {
			resource := resource.(map[string]any)
			text, err := json.Marshal(resource["state"])
			require.NoError(t, err)
			now := strings.ReplaceAll(string(text), "system:serviceaccount:bifrost:"+refresherSA, "system:serviceaccount:bifrost:"+gatewaySA)
			if now == string(text) {
				continue
			}
			told++
			var state map[string]any
			require.NoError(t, json.Unmarshal([]byte(now), &state))
			resource["state"], resource["edited"] = state, true
		}
	})
	require.Positive(t, told)
}

// withTheKey is the login of the vendor's key.
func withTheKey(t *testing.T, d *desk) []byte {
	helmRemembers(t, d.cluster)
	key := serviceAccountKey(t, strings.Repeat("3", 40))
	d.Stop()
	d.shell(t, "", "pulumi config set --path bifrost:secrets.registryKey --plaintext "+key)
	d.serve(t)
	text, err := base64.StdEncoding.DecodeString(key)
	require.NoError(t, err)
	return loginFor(keyLogin.host, keyLogin.user, string(text))
}

// helmRemembers is where Helm keeps a release.
func helmRemembers(t *testing.T, s *site) {
	_, err := s.client.CoreV1().Secrets(namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "sh.helm.release.v1.bifrost.v1", Labels: map[string]string{"owner": "helm", "name": "bifrost", "version": "1"}},
		Type:       "helm.sh/release.v1", StringData: map[string]string{"release": "what it installed"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

package real

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

const gkeClusterPath = "GET /v1/projects/p/locations/l/clusters/dev"

// TestGKECluster: what Google says of a cluster, as the checks read it.
func TestGKECluster(t *testing.T) {
	found, err := googleGKE{googleAPIs(t, map[string]answer{gkeClusterPath: {body: `{"status":"RUNNING","currentMasterVersion":"1.34.1-gke.1",
		"workloadIdentityConfig":{"workloadPool":"p.svc.id.goog"},"networkConfig":{"datapathProvider":"ADVANCED_DATAPATH"},"networkPolicy":{"enabled":true},
		"nodePools":[{"name":"a","config":{"serviceAccount":"default","oauthScopes":["s"],"workloadMetadataConfig":{"mode":"GKE_METADATA"}}},{"name":"b"}]}`}}).options}.
		Cluster(t.Context(), "p", "l", "dev")
	require.NoError(t, err)
	require.Equal(t, &service.GKECluster{Status: "RUNNING", Version: "1.34.1-gke.1", WorkloadPool: "p.svc.id.goog", Datapath: "ADVANCED_DATAPATH", Calico: true,
		NodePools: []service.GKENodePool{{Name: "a", ServiceAccount: "default", Scopes: []string{"s"}, MetadataServer: true}, {Name: "b"}}}, found)

	pilot, err := googleGKE{googleAPIs(t, map[string]answer{gkeClusterPath: {body: `{"autopilot":{"enabled":true}}`}}).options}.Cluster(t.Context(), "p", "l", "dev")
	require.NoError(t, err)
	require.True(t, pilot.Autopilot)

	_, err = googleGKE{googleAPIs(t, map[string]answer{gkeClusterPath: {404, googleMissing}}).options}.Cluster(t.Context(), "p", "l", "dev")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = googleGKE{googleAPIs(t, map[string]answer{gkeClusterPath: {403, googleDenied}}).options}.Cluster(t.Context(), "p", "l", "dev")
	require.True(t, service.Forbidden(err))
}

// TestGKELogin: the API server is that of the look-up, and nobody signs in before it is asked.
func TestGKELogin(t *testing.T) {
	config := &stacks.Config{Google: &stacks.Google{ProjectId: "p"}, Gke: &stacks.Gke{ProjectId: "p", Location: "l", ClusterName: "dev"}}
	login := func(body string) login {
		return gkeLogin(config, googleGKE{googleAPIs(t, map[string]answer{gkeClusterPath: {body: body}}).options})
	}
	way, err := login(`{"endpoint":"34.1.2.3","masterAuth":{"clusterCaCertificate":"Y2E="}}`)(t.Context())
	require.NoError(t, err)
	require.Equal(t, "https://34.1.2.3", way.Host)
	require.Equal(t, "ca", string(way.CAData))
	require.NotNil(t, way.WrapTransport)
	_, err = login(`{"endpoint":"34.1.2.3"}`)(t.Context())
	require.ErrorContains(t, err, "has no endpoint or no certificate authority yet")
	_, err = login(`{"endpoint":"34.1.2.3","masterAuth":{"clusterCaCertificate":"-"}}`)(t.Context())
	require.ErrorContains(t, err, "certificate authority of GKE cluster dev")
}

func TestGoogleAccounts(t *testing.T) {
	const account, project, policy = "GET /v1/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "GET /v1/projects/p", "POST /v1/projects/p:getIamPolicy"
	cloud := googleAPIs(t, map[string]answer{
		account: {body: `{"uniqueId":"123","disabled":true}`}, project: {body: `{"projectId":"p","projectNumber":"456"}`},
		policy: {body: `{"bindings":[{"role":"roles/a","members":["m1"]},{"role":"roles/a","members":["m2"],"condition":{"expression":"false"}}]}`},
	})
	found, err := cloud.Account(t.Context(), "p", "a@p.iam.gserviceaccount.com")
	require.NoError(t, err)
	require.Equal(t, &service.ServiceAccount{UniqueID: "123", Disabled: true}, found)
	number, err := cloud.ProjectNumber(t.Context(), "p")
	require.NoError(t, err)
	require.Equal(t, "456", number)
	ask := googleThings(cloud.options)[pulumitype.GcpProjectMember]
	thing := service.Thing{ID: "p/roles/a/m1", Outputs: map[string]any{"project": "p", "role": "roles/a", "member": "m1"}}
	require.NoError(t, ask(t.Context(), thing))
	thing.Outputs["member"] = "m2"
	require.ErrorIs(t, ask(t.Context(), thing), service.ErrNotFound, "a binding with a condition may not hold")

	cloud = googleAPIs(t, map[string]answer{account: {404, googleMissing}, project: {403, googleDenied}, policy: {403, googleDenied}})
	_, err = cloud.Account(t.Context(), "p", "a@p.iam.gserviceaccount.com")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = cloud.ProjectNumber(t.Context(), "p")
	require.True(t, service.Forbidden(err))
	_, err = cloud.ProjectMembers(t.Context(), "p", "roles/a")
	require.True(t, service.Forbidden(err))
}

// TestKeyCertificate: Google publishes the certificates of keys by their ids, to anybody.
func TestKeyCertificate(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	from := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: from.AddDate(9, 0, 0)},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("somebody signs in")
		}
		switch r.URL.Path {
		case "/a@p.iam.gserviceaccount.com":
			_ = json.NewEncoder(w).Encode(map[string]string{"k1": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))})
		case "/broken@p":
			w.WriteHeader(http.StatusBadGateway)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	ask := func(email, key string) (*service.KeyCertificate, error) {
		return gcpCloud{certificates: server.URL + "/"}.KeyCertificate(context.Background(), email, key)
	}
	found, err := ask("a@p.iam.gserviceaccount.com", "k1")
	require.NoError(t, err)
	require.Equal(t, from, found.From)
	require.Equal(t, from.AddDate(9, 0, 0), found.Until)
	_, err = ask("a@p.iam.gserviceaccount.com", "k2")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = ask("gone@p.iam.gserviceaccount.com", "k1")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = ask("broken@p", "k1")
	require.ErrorContains(t, err, "502")
	require.NotErrorIs(t, err, service.ErrNotFound)
}

// TestIssuer: an API server tells whose tokens its ServiceAccounts have, and which keys sign them, in the context that is named.
func TestIssuer(t *testing.T) {
	kubeconfig := apiServer(t, map[string]answer{
		"/.well-known/openid-configuration": {body: `{"issuer":"https://oidc.example.com/c"}`},
		"/openid/v1/jwks":                   {body: `{"keys":[{"kid":"one","kty":"RSA"},{"kid":"two"}]}`},
	}, nil)
	config := &stacks.Config{Kubernetes: &stacks.Kubernetes{KubeconfigFile: write(t, kubeconfig), Context: "c"}}
	found, err := fileLogin(config).issuer(t.Context())
	require.NoError(t, err)
	require.Equal(t, &service.Issuer{URL: "https://oidc.example.com/c", Keys: []string{"one", "two"}}, found)

	config.Kubernetes.Context = "other"
	_, err = fileLogin(config).issuer(t.Context())
	require.ErrorContains(t, err, "specified context: other")
	inSecret := ofStack(config, func(context.Context) (string, error) { return config.Kubernetes.KubeconfigFile, nil }, nil)
	config.Kubernetes.Context = "c"
	found, err = inSecret.issuer(t.Context())
	require.NoError(t, err, "secrets.kubeconfig has the path of a file")
	require.Len(t, found.Keys, 2)
	config.Kubernetes.KubeconfigFile = write(t, "{")
	_, err = fileLogin(config).issuer(t.Context())
	require.ErrorContains(t, err, "cannot be read, or does not parse")
}

package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/sandbox/cloud"
)

const realIssuer = "https://issuer.example.com/cluster"

// realCluster is what a command asks a real API server for before anything else, and the kubeconfig that leads there.
func realCluster(t *testing.T) (server, kubeconfig string) {
	t.Helper()
	answers := map[string]string{
		"/version":                          `{"gitVersion":"v1.35.2"}`,
		"/.well-known/openid-configuration": `{"issuer":"` + realIssuer + `","jwks_uri":"https://10.0.0.1/openid/v1/jwks"}`,
		"/openid/v1/jwks":                   `{"keys":[]}`,
	}
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answers[r.URL.Path] == "" || r.Header.Get("Authorization") != "Bearer t" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, answers[r.URL.Path])
	}))
	t.Cleanup(api.Close)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})
	require.NoError(t, os.WriteFile(kubeconfig+".pem", ca, 0o600))
	require.NoError(t, os.WriteFile(kubeconfig, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: %q, certificate-authority: kubeconfig.pem}}]
users: [{name: u, user: {token: t}}]
`, api.URL), 0o600))
	return api.URL, kubeconfig
}

// TestServeARealCluster: the clouds report the real API server, and its pods reach the clouds' services.
func TestServeARealCluster(t *testing.T) {
	server, kubeconfig := realCluster(t)
	request := Request{Stack: "dev", Dir: writeProject(t, map[string]string{"dev": servedStack}), Kubeconfig: kubeconfig}
	stack := filepath.Join(request.Dir, ".sandbox", "dev")
	serving := startServing(t, request)

	for _, file := range []string{"network.json", "network-ca.pem"} {
		info, err := os.Stat(filepath.Join(stack, file))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	}
	text, err := os.ReadFile(filepath.Join(stack, "network.json"))
	require.NoError(t, err)
	var network struct{ Proxy, CA string }
	require.NoError(t, json.Unmarshal(text, &network))
	require.Equal(t, realIssuer+"/openid/v1/jwks", discovered(t, network.Proxy, network.CA))

	rest, err := serving.stop()
	require.NoError(t, err)
	require.Empty(t, rest)
	require.NoFileExists(t, filepath.Join(stack, "network.json"))
	require.NoFileExists(t, filepath.Join(stack, "network-ca.pem"))

	world, err := cloud.Load(filepath.Join(stack, "world.json"))
	require.NoError(t, err)
	require.Len(t, world.Clusters, 1)
	require.Equal(t, realIssuer, world.Clusters[server].Issuer)
	require.Contains(t, world.Clusters[server].CA, "BEGIN CERTIFICATE")
	require.Equal(t, "1.35", world.AWS["111122223333"].EKSCluster("us-east-1", "dev").Version)
	require.NotNil(t, world.Get("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "111122223333",
		"arn:aws:iam::111122223333:oidc-provider/issuer.example.com/cluster"), "registered for the real issuer")

	// Another server of the same stack's cluster takes its place.
	moved, again := realCluster(t)
	request.Kubeconfig = again
	_, err = startServing(t, request).stop()
	require.NoError(t, err)
	world, err = cloud.Load(filepath.Join(stack, "world.json"))
	require.NoError(t, err)
	require.Len(t, world.Clusters, 1)
	require.NotNil(t, world.Clusters[moved])
}

// discovered returns where the issuer's discovery, reached through the proxy, says that the keys are.
func discovered(t *testing.T, proxy, ca string) string {
	t.Helper()
	via, err := url.Parse(proxy)
	require.NoError(t, err)
	authority, err := os.ReadFile(ca)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(authority))
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via), TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get(realIssuer + "/.well-known/openid-configuration")
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	var document struct {
		Keys string `json:"jwks_uri"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&document))
	return document.Keys
}

func TestOneKindOfCluster(t *testing.T) {
	server, kubeconfig := realCluster(t)
	served := func(stack string) Request {
		return Request{Stack: "dev", Dir: writeProject(t, map[string]string{"dev": stack})}
	}
	refused := func(request Request, wants ...string) {
		t.Helper()
		err := Runner{Stdout: io.Discard, Stderr: io.Discard}.Serve(t.Context(), request, nil)
		for _, want := range wants {
			require.ErrorContains(t, err, want)
		}
		require.Equal(t, 2, cli.ExitCode(err))
	}

	request := served(servedStack)
	request.Kubeconfig = filepath.Join(request.Dir, "nowhere")
	refused(request, "--kubeconfig "+request.Kubeconfig, "no such file")

	request.Kubeconfig = kubeconfig
	_, err := startServing(t, request).stop()
	require.NoError(t, err)
	request.Kubeconfig = ""
	refused(request, "in the real cluster "+server, "give its --kubeconfig again, or delete the folder "+filepath.Join(request.Dir, ".sandbox", "dev"))
	require.NoError(t, Runner{Stdout: io.Discard}.Change(request, "aws:eks/cluster:Cluster", "dev", []string{"podIdentityAgent=false"}), "what needs no cluster needs no flag")

	request = served(servedStack)
	stack := filepath.Join(request.Dir, ".sandbox", "dev")
	_, err = startServing(t, request).stop()
	require.NoError(t, err)
	world, err := cloud.Load(filepath.Join(stack, "world.json"))
	require.NoError(t, err)
	world.Put(&cloud.Resource{Type: "kubernetes:core/v1:Namespace", Scope: "x", ID: "ns"})
	require.NoError(t, world.Save(filepath.Join(stack, "world.json")))
	request.Kubeconfig = kubeconfig
	refused(request, "in the sandbox's own cluster: run without --kubeconfig, or delete the folder "+stack)

	request = served(strings.Replace(servedStack, "eks: {clusterName: dev}", "ecs: {clusterName: dev}", 1))
	request.Kubeconfig = kubeconfig
	refused(request, "has no Kubernetes cluster")
}

func TestCommandsRepeatTheKubeconfig(t *testing.T) {
	request := Request{Stack: "dev", Self: "bifrostctl", Kubeconfig: "a b"}
	require.Equal(t, "bifrostctl sandbox destroy dev --kubeconfig 'a b'", request.command(Destroy))
}

package real

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/stacks"
)

// apiServer answers requests for paths, and lets others down with 404. forward is what a port-forward leads to; nil refuses one.
func apiServer(t *testing.T, answers map[string]answer, forward http.Handler) (kubeconfig string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch does := path.Base(r.URL.Path); {
		case does == "portforward" && forward != nil:
			serveForward(t, w, r, forward)
			return
		case does == "exec" && forward != nil:
			serveExec(t, w, r)
			return
		}
		if r.Header.Get("Authorization") != "Bearer token" {
			t.Errorf("no login for %s", r.URL.Path)
		}
		a, ok := answers[r.URL.Path]
		if !ok {
			a = answer{404, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"not there","code":404}`}
		}
		w.Header().Set("Content-Type", "application/json")
		if a.status != 0 {
			w.WriteHeader(a.status)
		}
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return `{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
		"clusters":[{"name":"c","cluster":{"server":"` + server.URL + `","certificate-authority-data":"` + base64.StdEncoding.EncodeToString(ca) + `"}}],"users":[{"name":"u","user":{"token":"token"}}]}`
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestKubeconfig(t *testing.T) {
	kubeconfig := apiServer(t, map[string]answer{
		"/apis/apps/v1/namespaces/bifrost/deployments/bifrost": {body: `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"bifrost"},"spec":{"replicas":2}}`},
		"/api/v1/namespaces/bifrost/secrets/ecr-pull-secret": {403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,
			"message":"secrets \"ecr-pull-secret\" is forbidden: User \"me\" cannot get resource \"secrets\""}`},
	}, nil)
	client, err := fromFile(write(t, kubeconfig)).client(t.Context())
	require.NoError(t, err)
	d, err := client.AppsV1().Deployments("bifrost").Get(t.Context(), "bifrost", metav1.GetOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 2, *d.Spec.Replicas)
	_, err = client.CoreV1().Secrets("bifrost").Get(t.Context(), "ecr-pull-secret", metav1.GetOptions{})
	require.True(t, apierrors.IsForbidden(err), "%v", err)
	_, err = client.CoreV1().Services("bifrost").Get(t.Context(), "bifrost", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), "%v", err)

	_, err = fromFile(filepath.Join(t.TempDir(), "none")).client(t.Context())
	require.ErrorContains(t, err, "--kubeconfig")
}

func TestConfiguredKubeconfig(t *testing.T) {
	const text = `{"apiVersion":"v1","kind":"Config","contexts":[{"name":"a","context":{"cluster":"a","user":"u"}},{"name":"b","context":{"cluster":"b","user":"u"}}],"current-context":"a",
		"clusters":[{"name":"a","cluster":{"server":"https://a"}},{"name":"b","cluster":{"server":"https://b"}}],"users":[{"name":"u","user":{"token":"t"}}]}`
	given := func(text string, err error) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return text, err }
	}
	config, err := ofStack(&stacks.Config{Eks: &stacks.Eks{Context: "b"}}, given(text, nil), nil)(t.Context())
	require.NoError(t, err)
	require.Equal(t, "https://b", config.Host)
	config, err = ofStack(&stacks.Config{Aks: &stacks.Aks{}}, given(text, nil), nil)(t.Context())
	require.NoError(t, err)
	require.Equal(t, "https://a", config.Host)
	_, err = ofStack(&stacks.Config{Aks: &stacks.Aks{}}, given("hush: [", nil), nil)(t.Context())
	require.EqualError(t, err, "the kubeconfig does not parse")
	_, err = ofStack(&stacks.Config{Aks: &stacks.Aks{}}, given("", errors.New("no passphrase")), nil)(t.Context())
	require.EqualError(t, err, "no passphrase")
}

func TestEKSLogin(t *testing.T) {
	clouds := awsCloud(t, map[string]answer{"GET /clusters/dev": {body: strings.Replace(eksCluster, "%s", "", 1)}})
	c := &stacks.Config{Aws: &stacks.Aws{Region: "us-east-1", Profile: "p", AssumeRoleArn: "arn:aws:iam::111122223333:role/deploy"}, Eks: &stacks.Eks{ClusterName: "dev"}}
	none := func(context.Context) (string, error) { return "", nil }
	config, err := ofStack(c, none, eksLogin(c, clouds.EKS.(awsEKS)))(t.Context())
	require.NoError(t, err)
	require.Equal(t, "https://dev.eks", config.Host)
	require.Equal(t, "ca", string(config.CAData))
	require.Equal(t, "aws --region us-east-1 eks get-token --cluster-name dev --output json --role-arn arn:aws:iam::111122223333:role/deploy --profile p",
		config.ExecProvider.Command+" "+strings.Join(config.ExecProvider.Args, " "))
}

func TestAKSLogin(t *testing.T) {
	const kubeconfig = `{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],"clusters":[{"name":"c","cluster":{"server":"https://dev.aks"}}],
		"users":[{"name":"u","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1beta1","command":"kubelogin","args":["get-token","--server-id","s","--login","devicecode"]}}}]}`
	client, err := newAKS("s", fixedToken{}, resourceManager(t, map[string]answer{"POST " + clusterPath + "/listClusterUserCredential": {
		body: `{"kubeconfigs":[{"name":"clusterUser","value":"` + base64.StdEncoding.EncodeToString([]byte(kubeconfig)) + `"}]}`}}))
	require.NoError(t, err)
	c := &stacks.Config{Azure: &stacks.Azure{ResourceGroup: "g"}, Aks: &stacks.Aks{ClusterName: "dev", ResourceGroup: "g", Login: stacks.LoginAzureCLI}}
	config, err := aksLogin(c, client)(t.Context())
	require.NoError(t, err)
	require.Equal(t, "https://dev.aks", config.Host)
	require.Equal(t, "kubelogin get-token --login azurecli --server-id s", config.ExecProvider.Command+" "+strings.Join(config.ExecProvider.Args, " "))
}

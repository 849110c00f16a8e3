package node

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// TestRealCLIs runs the vendors' own CLIs, where this machine has them, on a read-only root and as a user that is none of the machine's.
// It is not for every run: installations differ.
func TestRealCLIs(t *testing.T) {
	if os.Getenv("E2E_REAL_CLIS") == "" {
		t.Skip("set E2E_REAL_CLIS=1 to run this machine's own aws and gcloud")
	}
	clouds := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.Host {
		case "sts.test":
			_, _ = io.WriteString(w, `{"access_token":"federated","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3600}`)
		case "iam.test":
			_, _ = io.WriteString(w, `{"accessToken":"from-google","expireTime":"2099-01-01T00:00:00Z"}`)
		case "ecr.test":
			_, _ = io.WriteString(w, `{"authorizationData":[{"authorizationToken":"QVdTOmZyb20tYW1hem9u","proxyEndpoint":"https://x","expiresAt":4070908800}]}`) // AWS:from-amazon
		default:
			http.Error(w, "unexpected "+r.Host, http.StatusTeapot)
		}
	}))
	t.Cleanup(clouds.Close)
	a, served := agent(t, func(c *Config) {
		c.RealCLIs = true
		c.Network = func() (Network, error) { return Network{Proxy: clouds.URL}, nil }
	})
	served.objects["/api/v1/namespaces/place/configmaps/credentials"] = corev1.ConfigMap{Data: map[string]string{
		"config": `{"type":"external_account","audience":"//iam.googleapis.com/x","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"http://sts.test/v1/token","service_account_impersonation_url":"http://iam.test/v1/projects/-/serviceAccounts/reader@p.iam.gserviceaccount.com:generateAccessToken","credential_source":{"file":"/c/token"}}`,
		"token":  "a-token",
	}}
	volumes := pod(t, "volumes: [{name: work, emptyDir: {}}, {name: c, configMap: {name: credentials}}]").Spec.Volumes
	// Version 1 of the AWS CLI reads AWS_DEFAULT_REGION only.
	for name, c := range map[string]struct{ image, script, want string }{
		"aws":    {awsImage, "aws ecr get-login-password", "from-amazon\n"},
		"gcloud": {gcloudImage, "gcloud auth print-access-token", "from-google\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("no %s on this machine", name)
			}
			p := script(t, c.image, c.script, `, securityContext: {readOnlyRootFilesystem: true}, volumeMounts: [{name: work, mountPath: /work}, {name: c, mountPath: /c}], env: [
  {name: HOME, value: /work}, {name: CLOUDSDK_CONFIG, value: /work/gcloud}, {name: CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE, value: /c/config}, {name: CLOUDSDK_CORE_DISABLE_PROMPTS, value: "1"},
  {name: AWS_REGION, value: us-east-1}, {name: AWS_DEFAULT_REGION, value: us-east-1}, {name: AWS_ACCESS_KEY_ID, value: a}, {name: AWS_SECRET_ACCESS_KEY, value: b}, {name: AWS_ENDPOINT_URL_ECR, value: "http://ecr.test"}]`)
			p.Spec.Volumes = volumes
			r := a.Run(t.Context(), p, RunOptions{})
			require.NoError(t, r.Failure())
			require.Equal(t, c.want, r.Containers[0].Log)
		})
	}
}

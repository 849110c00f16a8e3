package kubernetes_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

// tokenContainer returns what runs the script of the init container, with stand-ins for the CLIs by name and further variables.
func tokenContainer(t *testing.T, args *kubernetes.PullSecretArgs) func(t *testing.T, clis map[string]string, vars ...string) (manifest []byte, output string, err error) {
	job := recordPullSecret(t, args).One(t, "kubernetes:batch/v1:Job")
	const container = "spec.template.spec.initContainers[0]"
	command := job.Input(t, container+".command").([]any)
	require.Equal(t, []any{"/bin/sh", "-c"}, command[:2])

	return func(t *testing.T, clis map[string]string, vars ...string) (manifest []byte, output string, err error) {
		dir := t.TempDir()
		for name, script := range clis {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755))
		}
		file := filepath.Join(dir, "secret.json")
		c := exec.Command("/bin/sh", "-c", command[2].(string))
		for k, v := range envOf(t, job, container) {
			c.Env = append(c.Env, k+"="+v.(string))
		}
		c.Env = append(append(c.Env, "PATH="+dir+":/usr/bin:/bin", "MANIFEST="+file), vars...)
		out, err := c.CombinedOutput()
		manifest, _ = os.ReadFile(file)
		return manifest, string(out), err
	}
}

// TestTokenScript runs the script of the init container with a stand-in for the cloud's CLI.
func TestTokenScript(t *testing.T) {
	t.Parallel()
	run := tokenContainer(t, ecrArgs())
	manifest, output, err := run(t, map[string]string{"aws": `[ "$*" = "ecr get-login-password" ] && echo ` + graphtest.Canary})
	require.NoError(t, err, output)
	require.NotContains(t, output, graphtest.Canary, "the token is in the log")
	var s struct {
		Kind, Type string
		Metadata   struct{ Name, Namespace string }
		Data       map[string][]byte
	}
	require.NoError(t, json.Unmarshal(manifest, &s))
	require.Equal(t, "Secret", s.Kind)
	require.Equal(t, "kubernetes.io/dockerconfigjson", s.Type)
	require.Equal(t, "ecr-pull-secret", s.Metadata.Name)
	require.Equal(t, "bifrost", s.Metadata.Namespace)
	auth := base64.StdEncoding.EncodeToString([]byte("AWS:" + graphtest.Canary))
	require.JSONEq(t, `{"auths":{"444455556666.dkr.ecr.eu-west-1.amazonaws.com":{"username":"AWS","password":"`+graphtest.Canary+`","auth":"`+auth+`"}}}`,
		string(s.Data[".dockerconfigjson"]))

	for name, aws := range map[string]string{"the CLI fails": "echo denied >&2; exit 254", "the CLI prints nothing": "exit 0"} {
		manifest, _, err := run(t, map[string]string{"aws": aws})
		require.Error(t, err, name)
		require.Empty(t, manifest, "%s: a manifest without a token would replace a good one", name)
	}
}

// TestFailedHop: the last line says which hop failed, behind what the CLI said.
func TestFailedHop(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		args *kubernetes.PullSecretArgs
		cli  string
	}{
		"getting a token of Amazon ECR with the role arn:aws:iam::111122223333:role/R failed\n":               {ecrArgs(), "aws"},
		"exchange at Google Cloud (security token service, then the service account's access token) failed\n": {arArgs(), "gcloud"},
	} {
		_, output, err := tokenContainer(t, c.args)(t, map[string]string{c.cli: "echo denied >&2; exit 1"})
		require.Error(t, err)
		require.Equal(t, "denied\n"+want, output)
	}
}

// TestEntraExchange runs the script against a token endpoint.
func TestEntraExchange(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl")
	}
	const assertion, subject = "assertion-" + graphtest.Canary, "subject-" + graphtest.Canary
	for name, c := range map[string]struct {
		status int
		body   string
		// fails is what the output says; empty when the exchange is fine.
		fails string
	}{
		"an access token":    {http.StatusOK, `{"token_type":"Bearer","expires_in":3599,"access_token":"` + subject + `"}`, ""},
		"spaces and lines":   {http.StatusOK, "{\n  \"access_token\" :\n \"" + subject + "\",\n  \"token_type\": \"Bearer\"\n}", ""},
		"a refusal":          {http.StatusUnauthorized, `{"error":"invalid_client","error_description":"AADSTS700213: No matching federated identity record"}`, "AADSTS700213"},
		"no token in it":     {http.StatusOK, `{"id_token":"` + subject + `"}`, "no access_token"},
		"an empty token":     {http.StatusOK, `{"access_token":""}`, "access_token is empty"},
		"not the right JSON": {http.StatusBadGateway, `<html>bad gateway</html>`, "502"},
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Request
			entra := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				got = *r
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer entra.Close()
			dir := t.TempDir()
			assertionFile, subjectFile := filepath.Join(dir, "assertion"), filepath.Join(dir, "subject")
			require.NoError(t, os.WriteFile(assertionFile, []byte(assertion), 0o600))

			// The stand-in for gcloud answers with the token that it finds.
			manifest, output, err := tokenContainer(t, entraArgs())(t, map[string]string{"gcloud": `read -r t < "$SUBJECT_TOKEN_FILE" || [ -n "$t" ]; echo "google-$t"`},
				"AZURE_AUTHORITY_HOST="+entra.URL, "AZURE_FEDERATED_TOKEN_FILE="+assertionFile, "SUBJECT_TOKEN_FILE="+subjectFile)
			require.NotContains(t, output, graphtest.Canary, "a token is in the log")
			require.Equal(t, "/tenant/oauth2/v2.0/token", got.URL.Path)
			require.Equal(t, url.Values{
				"grant_type": {"client_credentials"}, "client_id": {"client"}, "scope": {"api://app/.default"},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
			}, got.PostForm)
			if c.fails != "" {
				require.Error(t, err)
				require.Contains(t, output, "exchange at Microsoft Entra failed")
				require.Contains(t, output, c.fails)
				require.Empty(t, manifest)
				return
			}
			require.NoError(t, err, output)
			written, err := os.ReadFile(subjectFile)
			require.NoError(t, err)
			require.Equal(t, subject, string(written))
			mode, err := os.Stat(subjectFile)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), mode.Mode())
			require.Contains(t, string(manifest), "dockerconfigjson")
		})
	}
}

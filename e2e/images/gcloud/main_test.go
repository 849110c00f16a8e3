package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/images/imagetest"
)

func TestMain(m *testing.M) { imagetest.Main(m, main) }

// clouds is a proxy that answers for Google's token services. What it saw is by host.
func clouds(t *testing.T) (proxy string, seen func(host string) string) {
	t.Helper()
	return imagetest.Clouds(t, func(w http.ResponseWriter, host string) {
		w.Header().Set("Content-Type", "application/json")
		switch host {
		case "sts.test":
			_, _ = io.WriteString(w, `{"access_token":"federated","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3600}`)
		case "iam.test":
			_, _ = io.WriteString(w, `{"accessToken":"of-the-service-account","expireTime":"2099-01-01T00:00:00Z"}`)
		default:
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"The audience does not match"}`)
		}
	})
}

// configuration writes a credential configuration.
func configuration(t *testing.T, tokenURL, more string) string {
	t.Helper()
	dir := t.TempDir()
	token, file := filepath.Join(dir, "token"), filepath.Join(dir, "config.json")
	require.NoError(t, os.WriteFile(token, []byte("the-subject-token"), 0o600))
	require.NoError(t, os.WriteFile(file, []byte(`{"type":"external_account","audience":"//iam.googleapis.com/the-provider","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",`+
		`"token_url":"`+tokenURL+`",`+more+`"credential_source":{"file":"`+token+`"}}`), 0o600))
	return file
}

func TestAccessToken(t *testing.T) {
	proxy, seen := clouds(t)
	const impersonation = `"service_account_impersonation_url":"http://iam.test/v1/projects/-/serviceAccounts/reader@p.iam.gserviceaccount.com:generateAccessToken",`
	home := t.TempDir()
	env := []string{"HTTP_PROXY=" + proxy, "CLOUDSDK_CONFIG=" + filepath.Join(home, "made", "here"), "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=" + configuration(t, "http://sts.test/v1/token", impersonation)}
	code, out, complaints := imagetest.Command(t, env, "auth", "print-access-token", "--quiet")
	require.Zero(t, code, complaints)
	require.Equal(t, "of-the-service-account\n", out)
	require.Contains(t, seen("sts.test"), "subject_token=the-subject-token")
	require.Contains(t, seen("sts.test"), "audience=%2F%2Fiam.googleapis.com%2Fthe-provider")
	require.Contains(t, seen("iam.test"), "Bearer federated")
	require.DirExists(t, filepath.Join(home, "made", "here"))

	env[2] = "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=" + configuration(t, "http://sts.test/v1/token", "")
	code, out, complaints = imagetest.Command(t, env, "auth", "print-access-token")
	require.Zero(t, code, complaints)
	require.Equal(t, "federated\n", out, "without impersonation")
}

// TestMetadata: without a credential file the account is that of the metadata server, which is asked past every proxy.
func TestMetadata(t *testing.T) {
	var asked string
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Metadata-Flavor") + " " + r.URL.Path
		_, _ = io.WriteString(w, `{"access_token":"of-the-pod","expires_in":3599,"token_type":"Bearer"}`)
	}))
	defer metadata.Close()
	env := []string{"CLOUDSDK_CONFIG=" + t.TempDir(), "HTTP_PROXY=http://127.0.0.1:1", "GCE_METADATA_ROOT=" + metadata.Listener.Addr().String()}
	code, out, complaints := imagetest.Command(t, env, "auth", "print-access-token")
	require.Zero(t, code, complaints)
	require.Equal(t, "of-the-pod\n", out)
	require.Equal(t, "Google /computeMetadata/v1/instance/service-accounts/default/token", asked)
}

func TestRefusals(t *testing.T) {
	proxy, _ := clouds(t)
	home := "CLOUDSDK_CONFIG=" + t.TempDir()
	nobody := "GCE_METADATA_ROOT=127.0.0.1:1"
	read := []string{"auth", "print-access-token"}
	for name, c := range map[string]struct {
		env, args []string
		code      int
		want      string
	}{
		"another command": {[]string{home}, []string{"projects", "list"}, 2, "only"},
		"no account": {[]string{home, nobody, "GOOGLE_APPLICATION_CREDENTIALS=" + configuration(t, "http://sts.test", "")}, read, 1,
			"ERROR: (gcloud.auth.print-access-token) You do not currently have an active account selected."},
		"no folder": {[]string{"CLOUDSDK_CONFIG=/proc/nothing"}, read, 1, "ERROR: gcloud failed to load: could not create directory [/proc/nothing]"},
		"no file":   {[]string{home, "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=/nowhere"}, read, 1, "/nowhere"},
		"refused": {[]string{home, "HTTP_PROXY=" + proxy, "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=" + configuration(t, "http://refuses.test/v1/token", "")}, read, 1,
			"There was a problem refreshing your current auth tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, complaints := imagetest.Command(t, c.env, c.args...)
			require.Equal(t, c.code, code, complaints)
			require.Empty(t, out)
			require.Contains(t, complaints, c.want)
			require.NotContains(t, complaints, "the-subject-token")
		})
	}
}

package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/images/imagetest"
)

func TestMain(m *testing.M) { imagetest.Main(m, main) }

// command runs it where there is no machine's own role to find, and once.
func command(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return imagetest.Command(t, append([]string{"HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1"}, env...), args...)
}

const (
	answer  = `{"authorizationData":[{"authorizationToken":"`
	assumed = `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>web</AccessKeyId>` +
		`<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
)

// clouds is a proxy that answers for AWS. What it saw is by host.
func clouds(t *testing.T) (proxy string, seen func(host string) string) {
	t.Helper()
	return imagetest.Clouds(t, func(w http.ResponseWriter, host string) {
		switch host {
		case "sts.test":
			_, _ = io.WriteString(w, assumed)
		case "169.254.170.23":
			_, _ = io.WriteString(w, `{"AccessKeyId":"pod","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}`)
		case "ecr.test":
			_, _ = io.WriteString(w, answer+base64.StdEncoding.EncodeToString([]byte("AWS:a:password"))+`"}]}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"not authorized to perform: ecr:GetAuthorizationToken"}`)
		}
	})
}

func TestWebIdentity(t *testing.T) {
	proxy, seen := clouds(t)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("the-web-identity"), 0o600))
	env := []string{
		"HTTP_PROXY=" + proxy, "AWS_ENDPOINT_URL_STS=http://sts.test", "AWS_ENDPOINT_URL_ECR=http://ecr.test",
		"AWS_ROLE_ARN=arn:aws:iam::111122223333:role/pull", "AWS_WEB_IDENTITY_TOKEN_FILE=" + token, "AWS_ROLE_SESSION_NAME=bifrost-pull", "AWS_REGION=us-west-2",
	}
	code, out, complaints := command(t, env, "ecr", "get-login-password")
	require.Zero(t, code, complaints)
	require.Equal(t, "a:password\n", out)
	require.Contains(t, seen("sts.test"), "WebIdentityToken=the-web-identity")
	require.Contains(t, seen("sts.test"), "RoleSessionName=bifrost-pull")
	require.Contains(t, seen("ecr.test"), "Credential=web/")
	require.Contains(t, seen("ecr.test"), "/us-west-2/ecr/")

	code, _, complaints = command(t, env, "--region", "eu-west-1", "ecr", "get-login-password")
	require.Zero(t, code, complaints)
	require.Contains(t, seen("ecr.test"), "/eu-west-1/ecr/")
}

func TestPodIdentity(t *testing.T) {
	proxy, seen := clouds(t)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("the-pod-token"), 0o600))
	code, out, complaints := command(t, []string{
		"HTTP_PROXY=" + proxy, "AWS_ENDPOINT_URL_ECR=http://ecr.test", "AWS_REGION=us-east-1",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + token,
	}, "ecr", "get-login-password", "--region=us-east-1")
	require.Zero(t, code, complaints)
	require.Equal(t, "a:password\n", out)
	require.Contains(t, seen("169.254.170.23"), "the-pod-token")
	require.Contains(t, seen("ecr.test"), "Credential=pod/")
}

func TestRefusals(t *testing.T) {
	proxy, _ := clouds(t)
	keys := []string{"HTTP_PROXY=" + proxy, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}
	for name, c := range map[string]struct {
		env  []string
		args []string
		code int
		want string
	}{
		"another command": {nil, []string{"s3", "ls"}, exitUsage, "only"},
		"no region":       {keys, []string{"ecr", "get-login-password"}, exitConfiguration, "region"},
		"no credentials":  {[]string{"AWS_REGION=us-east-1"}, []string{"ecr", "get-login-password"}, exitConfiguration, "unable to get credentials"},
		"refused": {append(keys, "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL_ECR=http://forbidden.test"), []string{"ecr", "get-login-password"}, exitService,
			"An error occurred (AccessDeniedException): not authorized to perform: ecr:GetAuthorizationToken"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, complaints := command(t, c.env, c.args...)
			require.Equal(t, c.code, code, complaints)
			require.Empty(t, out)
			require.Contains(t, complaints, c.want)
		})
	}
}

package registry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/verify/registry"
)

const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

// serve answers requests for the manifest app:1 with a status and, but for HEAD, words. It counts the requests by method.
func serve(t *testing.T, status int, words string) (image string, asked map[string]int) {
	t.Helper()
	asked = map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, given := r.BasicAuth()
		if !given {
			w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if user != "AWS" || password != "token" {
			t.Errorf("the login is %s", user)
		}
		if r.URL.Path == "/v2/" {
			return
		}
		asked[r.Method]++
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		w.Header().Set("Docker-Content-Digest", digest)
		w.Header().Set("Content-Length", "2")
		if status != http.StatusOK {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Del("Content-Length")
		}
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, words)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://") + "/app:1", asked
}

func TestDigest(t *testing.T) {
	image, asked := serve(t, http.StatusOK, "{}")
	found, err := registry.Client{Transport: http.DefaultTransport}.Digest(t.Context(), image, "AWS", "token")
	require.NoError(t, err)
	require.Equal(t, digest, found)
	require.Equal(t, map[string]int{"HEAD": 1}, asked, "nothing is transferred")
}

// A refused HEAD has no words: they come from a GET.
func TestRefusalHasItsWords(t *testing.T) {
	for status, words := range map[int]string{
		http.StatusForbidden: `{"errors":[{"code":"DENIED","message":"no resource-based policy allows the ecr:BatchGetImage action"}]}`,
		http.StatusNotFound:  `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"Requested image not found"}]}`,
	} {
		image, _ := serve(t, status, words)
		_, err := registry.Client{Transport: http.DefaultTransport}.Digest(t.Context(), image, "AWS", "token")
		require.Error(t, err)
		require.Contains(t, words, strings.Split(err.Error(), ": ")[1], "the code")
		require.NotContains(t, err.Error(), "token")
	}
}

func TestNoImage(t *testing.T) {
	_, err := registry.Client{Transport: http.DefaultTransport}.Digest(t.Context(), "A B", "AWS", "token")
	require.ErrorContains(t, err, "image A B")
}

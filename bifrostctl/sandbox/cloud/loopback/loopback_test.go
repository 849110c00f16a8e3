package loopback

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostsAnswerByName(t *testing.T) {
	n, err := New()
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Close()) }()
	n.Handle("*.oidc.example", say("wild"))
	n.Handle("169.254.170.23", say("agent"))

	for url, want := range map[string]string{
		"https://a.oidc.example/x":    "wild a.oidc.example /x",
		"https://b.c.oidc.example/":   "wild b.c.oidc.example /",
		"http://169.254.170.23/creds": "agent 169.254.170.23 /creds",
	} {
		answer, err := n.Client().Get(url)
		require.NoError(t, err, url)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, want, string(body))
	}

	_, err = n.Client().Get("https://elsewhere.example/")
	require.ErrorContains(t, err, "no such host")
}

func say(who string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, who+" "+r.Host+" "+r.URL.Path)
	})
}

package kubernetes

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

// FuzzParseLogin: a kubeconfig leads where client-go itself goes with it.
func FuzzParseLogin(f *testing.F) {
	const one = "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: c, cluster: {server: 'https://k.example.com'}}]\n" +
		"contexts: [{name: a, context: {cluster: c, user: u, namespace: n}}]\nusers: [{name: u, user: {token: canary-5f0c}}]\n"
	for _, seed := range []string{one, "", "{}", "a: b: c", "contexts: [{name: a}]\ncurrent-context: a\n", "users: [{name: u, user: {token: [canary-5f0c]}}]\n"} {
		f.Add(seed, "")
	}
	f.Add(one, "b")
	f.Fuzz(func(t *testing.T, text, context string) {
		l, err := parseLogin(text, context)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.NotEmpty(t, l.server)
		read, err := clientcmd.Load([]byte(text))
		if err != nil {
			return // the path of a file
		}
		if context == "" {
			context = read.CurrentContext
		}
		require.NotNil(t, read.Contexts[context])
	})
}

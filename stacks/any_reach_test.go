package stacks_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const anyProvider = "pulumi:providers:kubernetes"

// withFile is the local stack with a kubeconfig in a file.
func withFile(t *testing.T, text string) (s settings, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return stackFile(t, "local-dev").set("secrets.kubeconfig", nil).set("kubernetes.kubeconfigFile", file), file
}

// TestReach: the provider gets the context that is named, and knows the cluster by its address or by its name. A file is given by its path,
// so that no login comes into the state.
func TestReach(t *testing.T) {
	t.Parallel()
	inFile, file := withFile(t, anyKubeconfig)
	for name, c := range map[string]struct {
		s                      settings
		kubeconfig, identifier string
	}{
		"a secret":  {stackFile(t, "local-dev"), anyKubeconfig, anyServer},
		"a file":    {inFile.copied(t), file, anyServer},
		"by a name": {inFile.copied(t).set("kubernetes.clusterName", "mine"), file, "mine"},
	} {
		provider := record(t, "local-dev", c.s).Named(t, anyProvider, "kubernetes")
		require.Equal(t, c.kubeconfig, provider.Input(t, "kubeconfig"), name)
		require.Equal(t, c.identifier, provider.Input(t, "clusterIdentifier"), name)
		require.Equal(t, "kind-bifrost", provider.Input(t, "context"), name)
	}
	current := record(t, "local-dev", stackFile(t, "local-dev").set("kubernetes.context", nil)).Named(t, anyProvider, "kubernetes")
	require.Equal(t, "https://production.example.com", current.Input(t, "clusterIdentifier"), "the current context of a secret")
}

// TestNotReached: what the kubeconfig lacks is told before anything is made.
func TestNotReached(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, context string
		want          []string
	}{
		"another context":  {anyKubeconfig, "staging", []string{"kubernetes.context", "has no context staging", "kind-bifrost, ", "production"}},
		"no cluster":       {strings.Replace(anyKubeconfig, "- name: mine", "- name: other", 1), "kind-bifrost", []string{"of cluster mine, which is not in it"}},
		"no kubeconfig":    {"{", "kind-bifrost", []string{"does not parse"}},
		"an empty one":     {"", "kind-bifrost", []string{"has no context kind-bifrost"}},
		"a list of things": {"- a", "kind-bifrost", []string{"does not parse"}},
	} {
		s, _ := withFile(t, c.text)
		s.set("kubernetes.context", c.context)
		g := s.graph(t, "local-dev")
		err := g.Run(program(g))
		for _, want := range c.want {
			require.ErrorContains(t, err, want, name)
		}
		require.NotContains(t, err.Error(), canary, name)
		require.Empty(t, g.Resources, name)
	}
	s := stackFile(t, "local-dev").set("secrets.kubeconfig", nil).set("kubernetes.kubeconfigFile", "no/such/file")
	g := s.graph(t, "local-dev")
	err := g.Run(program(g))
	for _, want := range []string{"kubernetes.kubeconfigFile", "../no/such/file", "secrets.kubeconfig"} {
		require.ErrorContains(t, err, want)
	}
}

// TestOwnKubeconfig: without a key the file of kubectl is read, as kubectl finds it; several files are one too many for the provider.
func TestOwnKubeconfig(t *testing.T) {
	_, file := withFile(t, anyKubeconfig)
	own := stackFile(t, "local-dev").set("secrets.kubeconfig", nil)
	reached := func() any {
		return record(t, "local-dev", own.copied(t)).Named(t, anyProvider, "kubernetes").Input(t, "kubeconfig")
	}
	t.Setenv("KUBECONFIG", file)
	require.Equal(t, file, reached())
	t.Setenv("KUBECONFIG", file+string(os.PathListSeparator)+file)
	g := own.graph(t, "local-dev")
	require.ErrorContains(t, g.Run(program(g)), "names several files")
	home := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(home, ".kube"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, ".kube", "config"), []byte(anyKubeconfig), 0o600))
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", home)
	require.Equal(t, "~/.kube/config", reached())
}

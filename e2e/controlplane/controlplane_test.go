package controlplane

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const issuer = "https://issuer.e2e.example/cluster"

func started(t *testing.T) (*Cluster, kubernetes.Interface) {
	t.Helper()
	cluster, err := Start(t.Context(), t.TempDir(), issuer)
	if errors.Is(err, ErrNoBinaries) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(cluster.Stop)
	client, err := kubernetes.NewForConfig(cluster.As(AdminUser))
	require.NoError(t, err)
	return cluster, client
}

func TestCrashKeepsWhatIsStored(t *testing.T) {
	cluster, client := started(t)
	version, err := client.Discovery().ServerVersion()
	require.NoError(t, err)
	require.Regexp(t, `^v1\.\d+\.\d+$`, version.GitVersion, "stamped")

	made, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	cluster.KillAPIServer()
	_, err = client.CoreV1().Namespaces().Get(t.Context(), "kept", metav1.GetOptions{})
	require.ErrorContains(t, err, "connection refused")
	require.NoError(t, cluster.StartAPIServer(t.Context()))
	found, err := client.CoreV1().Namespaces().Get(t.Context(), "kept", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, made.UID, found.UID)
}

func TestUsersAreWhoTheyAre(t *testing.T) {
	cluster, admin := started(t)
	node, err := kubernetes.NewForConfig(cluster.As(NodeUser))
	require.NoError(t, err)
	_, err = node.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{})
	require.ErrorContains(t, err, `User "system:node:node-1" cannot list resource "secrets"`, "RBAC and the Node authorizer are on")
	_, err = admin.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)

	token, err := admin.CoreV1().ServiceAccounts("default").CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{"some-audience"}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	stranger, err := kubernetes.NewForConfig(cluster.WithToken(token.Status.Token))
	require.NoError(t, err)
	_, err = stranger.Discovery().ServerVersion()
	require.ErrorContains(t, err, "provide credentials", "a token for another audience is none for the API server")

	events, err := cluster.Audit()
	require.NoError(t, err)
	for _, event := range events {
		require.NotContains(t, []string{AdminUser, NodeUser}, event.User.Username)
	}
}

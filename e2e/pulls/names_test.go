package pulls

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/images"
	"bifrost/e2e/outside"
)

// ended waits for a pod's end and returns what it wrote.
func (c *cluster) ended(t *testing.T, name string) (corev1.PodPhase, string) {
	t.Helper()
	var phase corev1.PodPhase
	eventually(t, name, func(ctx context.Context) error {
		p, err := c.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if phase = p.Status.Phase; phase != corev1.PodSucceeded && phase != corev1.PodFailed {
			return notYet("%s: %s", phase, c.words(ctx, name))
		}
		return nil
	})
	stream, err := c.Client.CoreV1().Pods(namespace).GetLogs(name, &corev1.PodLogOptions{}).Stream(t.Context())
	require.NoError(t, err)
	defer stream.Close()
	log, err := io.ReadAll(stream)
	require.NoError(t, err)
	return phase, string(log)
}

// TestNames: pods find Services by their names, and every other host outside.
func TestNames(t *testing.T) {
	c := started(t)
	c.podWith(t, "asks", corev1.Container{Image: images.Tool, Command: []string{"sh", "-c",
		"nslookup -type=a sts.us-east-1.amazonaws.com && nslookup -type=a kube-dns.kube-system.svc.cluster.local && ! nslookup -type=a no.default.svc.cluster.local"}})
	phase, log := c.ended(t, "asks")
	require.Equal(t, corev1.PodSucceeded, phase, log)
	require.Contains(t, log, "Name:\tsts.us-east-1.amazonaws.com\nAddress: "+c.Network.Outside.String())
	require.Contains(t, log, "Name:\tkube-dns.kube-system.svc.cluster.local\nAddress: 10.96.0.10")
	require.Contains(t, log, "NXDOMAIN")
	t.Logf("DNS answered %v after its objects were made", c.names)
}

// TestPodIdentity: the API server asks the webhook about a pod, whose token the agent hands to the clouds of its cluster.
func TestPodIdentity(t *testing.T) {
	c := started(t)
	agent, err := outside.StartAgent(outside.AgentAddress)
	require.NoError(t, err)
	t.Cleanup(agent.Stop)
	agent.Serve(c.Outside, c.Network.Pods)
	require.NoError(t, c.Outside.InstallWebhook(t.Context(), c.Client, ""))
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: associated}}
	_, err = c.Client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{})
	require.NoError(t, err)
	const script = `wget -qO- --header "Authorization: $(cat $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)" $AWS_CONTAINER_CREDENTIALS_FULL_URI`
	var log string
	for n := 0; !strings.Contains(log, "/v1/credentials"); n++ { // the API server learns of a webhook a moment later
		require.Less(t, n, 20, log)
		name := fmt.Sprint("identity-", n)
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{
			ServiceAccountName: associated, RestartPolicy: corev1.RestartPolicyNever, TerminationGracePeriodSeconds: new(int64),
			Containers: []corev1.Container{{Name: "c", Image: images.Tool, Command: []string{"sh", "-c", script}}},
		}}
		_, err = c.Client.CoreV1().Pods(namespace).Create(t.Context(), p, metav1.CreateOptions{})
		require.NoError(t, err)
		_, log = c.ended(t, name)
	}
	words := strings.Fields(log)
	require.Equal(t, []string{"169.254.170.23", "/v1/credentials"}, words[:2])
	require.Len(t, strings.Split(words[2], "."), 3, "the pod's token")
}

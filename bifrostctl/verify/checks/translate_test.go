package checks

import (
	"testing"
	"time"

	"bifrost/stacks"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// TestWordsOfNodes: a node's events, as kubelet 1.36 writes them with containerd 2.4 and, with "reference", 1.7. e2e/pulls makes them.
func TestWordsOfNodes(t *testing.T) {
	const (
		begins    = `Failed to pull image "r.example/acme:1": failed to pull and unpack image "r.example/acme:1": `
		failed    = begins + "failed to resolve image: "
		earlier   = begins + `failed to resolve reference "r.example/acme:1": `
		status    = "unexpected status from HEAD request to https://r.example/v2/acme/manifests/1: "
		forbidden = failed + status + "403 Forbidden\ndenied: "
	)
	for _, c := range []struct{ words, says string }{
		{failed + "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
			"the pod has no login for the registry"},
		{"Unable to retrieve some image pull secrets (pull); attempting to pull the image may not succeed.", "the pull Secret is missing"},
		{failed + status + "401 Unauthorized", "the registry does not know the pod's login"},
		{earlier + status + "401 Unauthorized", "the registry does not know the pod's login"},
		{forbidden + "Your authorization token has expired. Reauthenticate and try again.", "the registry token has expired"},
		{forbidden + "User: x is not authorized to perform: ecr:BatchGetImage on resource: y because no resource-based policy allows the " +
			"ecr:BatchGetImage action", "the vendor has not allowlisted the principal"},
		{"GET https://r.example/v2/acme/manifests/1: DENIED: Your Authorization Token is invalid.", "the registry does not know the pod's login"},
		{`GET https://r.example/v2/acme/manifests/1: UNAUTHORIZED: Unauthenticated request. Unauthenticated requests do not have permission ` +
			`"artifactregistry.repositories.downloadArtifacts" on resource "x"`, "the registry does not know the pod's login"},
		{earlier + status + "403 Forbidden", "the registry refuses the login: its token has expired, or its principal may not pull"},
		{failed + "r.example/acme:1: not found", "the registry has no such image"},
		{earlier + "r.example/acme:1: not found", "the registry has no such image"},
		{failed + "failed to do request: Head \"https://r.example/v2/acme/manifests/1\": dial tcp: lookup r.example: no such host",
			"the registry or service cannot be reached: private subnets need NAT or endpoints, clusters with restricted egress a mirror"},
	} {
		says, hint := Stack{Config: &stacks.Config{}}.translate(c.words)
		require.Equal(t, c.says, says, c.words)
		require.NotEmpty(t, hint, c.words)
	}
}

// TestNewestWordsOfPull: an event that comes again is the one from before, with another date.
func TestNewestWordsOfPull(t *testing.T) {
	event := func(name, message string, minute int) *corev1.Event {
		return &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}, Type: corev1.EventTypeWarning, Reason: "Failed",
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "a"}, Message: "Failed to pull image: " + message,
			LastTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)),
		}
	}
	client := fake.NewClientset(event("a.1", "no login, again", 9), event("a.2", "expired", 5))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"}}
	words, err := pullWords(t.Context(), client, pod)
	require.NoError(t, err)
	require.Equal(t, "Failed to pull image: no login, again", words)
}

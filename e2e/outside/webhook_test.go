package outside_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"

	"bifrost/e2e/outside"
)

// TestWebhook asks as an API server does, at the address that the configuration names.
func TestWebhook(t *testing.T) {
	s := start(t, outside.Config{PodIdentity: func(_, account string) bool { return account == "associated" }})
	account := func(name string, annotations map[string]string) runtime.Object {
		return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Annotations: annotations}}
	}
	cluster := fake.NewClientset(account("default", nil), account("associated", nil),
		account("irsa", map[string]string{"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r"}),
		account("azure", map[string]string{"azure.workload.identity/client-id": "the-client"}))
	require.NoError(t, s.InstallWebhook(t.Context(), cluster, "the-tenant"))
	installed, err := cluster.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), "credentials", metav1.GetOptions{})
	require.NoError(t, err)
	hook := installed.Webhooks[0].ClientConfig

	for _, c := range []struct {
		account, label string
		audience, file string
		env            map[string]string
	}{
		{account: ""},
		{account: "azure"},
		{
			account: "associated", audience: "pods.eks.amazonaws.com",
			file: "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
			env:  map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials", "AWS_REGION": "own"},
		},
		{
			account: "irsa", audience: "sts.amazonaws.com", file: "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
			env: map[string]string{"AWS_ROLE_ARN": "arn:aws:iam::1:role/r"},
		},
		{
			account: "azure", label: "true", audience: "api://AzureADTokenExchange", file: "/var/run/secrets/azure/wi/token/azure-identity-token",
			env: map[string]string{"AZURE_CLIENT_ID": "the-client", "AZURE_TENANT_ID": "the-tenant"},
		},
	} {
		pod := corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"azure.workload.identity/use": c.label}},
			Spec: corev1.PodSpec{ServiceAccountName: c.account, Containers: []corev1.Container{{Name: "c",
				Env: []corev1.EnvVar{{Name: "AWS_REGION", Value: "own"}}}}, InitContainers: []corev1.Container{{Name: "i"}}},
		}
		patched := admitted(t, s, *hook.URL, pod)
		if c.audience == "" {
			require.Equal(t, pod.Spec, patched, c.account)
			continue
		}
		token := patched.Volumes[0].Projected.Sources[0].ServiceAccountToken
		require.Equal(t, c.audience, token.Audience)
		for _, container := range append(patched.InitContainers, patched.Containers...) {
			require.Equal(t, c.file, container.VolumeMounts[0].MountPath+"/"+token.Path)
			env := map[string]string{}
			for _, e := range container.Env {
				env[e.Name] = e.Value
			}
			for name, value := range c.env {
				if container.Name == "c" {
					require.Equal(t, value, env[name])
				}
			}
		}
	}
}

// TestUserIDs: pods get the ids of the namespace's range, and those that ask for others are refused.
func TestUserIDs(t *testing.T) {
	s := start(t, outside.Config{})
	cluster := fake.NewClientset(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "default"}})
	require.NoError(t, s.InstallWebhook(t.Context(), cluster, ""))
	s.UserIDs(1000680000, 10000)
	address := "https://" + s.Address() + "/pods"
	given := admitted(t, s, address, corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c"}}}}).SecurityContext
	require.Equal(t, &corev1.PodSecurityContext{RunAsUser: ptr.To(int64(1000680000)), FSGroup: ptr.To(int64(1000680000))}, given)
	own := corev1.Pod{Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{FSGroup: ptr.To(int64(1000))},
		Containers:      []corev1.Container{{Name: "c", SecurityContext: &corev1.SecurityContext{RunAsUser: ptr.To(int64(1000))}}},
	}}
	refused := reviewed(t, s, address, own)
	require.False(t, refused.Allowed)
	require.Contains(t, refused.Result.Message, "1000 is not an allowed group")
	require.Contains(t, refused.Result.Message, ".containers[0].runAsUser: Invalid value: 1000: must be in the ranges: [1000680000, 1000689999]")
	s.UserIDs(0, 0)
	require.Equal(t, own.Spec, admitted(t, s, address, own))
}

func admitted(t *testing.T, s *served, address string, pod corev1.Pod) corev1.PodSpec {
	t.Helper()
	response := reviewed(t, s, address, pod)
	require.True(t, response.Allowed)
	require.EqualValues(t, "u", response.UID)
	if response.Patch == nil {
		return pod.Spec
	}
	var patch []struct {
		Op, Path string
		Value    corev1.PodSpec
	}
	require.NoError(t, json.Unmarshal(response.Patch, &patch))
	require.Equal(t, "/spec", patch[0].Path)
	return patch[0].Value
}

func reviewed(t *testing.T, s *served, address string, pod corev1.Pod) *admissionv1.AdmissionResponse {
	t.Helper()
	raw, err := json.Marshal(pod)
	require.NoError(t, err)
	question, err := json.Marshal(admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{
		UID: "u", Namespace: "ns", Object: runtime.RawExtension{Raw: raw}}})
	require.NoError(t, err)
	answer, err := s.client.Post(address, "application/json", bytes.NewReader(question))
	status, body := text(t, answer, err)
	require.Equal(t, http.StatusOK, status, body)
	var review admissionv1.AdmissionReview
	require.NoError(t, json.Unmarshal([]byte(body), &review))
	return review.Response
}

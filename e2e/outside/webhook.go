package outside

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// webhook writes into pods what the webhooks of IRSA, EKS Pod Identity and Azure Workload Identity write, and OpenShift's admission.
type webhook struct {
	podIdentity func(namespace, serviceAccount string) bool

	mu     sync.Mutex
	client kubernetes.Interface
	tenant string
	ids    ids
}

const webhookName = "credentials.outside.test"

// InstallWebhook lets the API server ask this server about every pod outside kube-system that is made. tenant is AKS's; empty on EKS. Like
// EKS's webhook, it is passed over while it does not answer.
func (s *Server) InstallWebhook(ctx context.Context, client kubernetes.Interface, tenant string) error {
	s.webhook.mu.Lock()
	s.webhook.client, s.webhook.tenant = client, tenant
	s.webhook.mu.Unlock()
	address := "https://" + s.Address() + "/pods"
	none, policy := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.Ignore
	scope := admissionregistrationv1.NamespacedScope
	webhooks := client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err := webhooks.Create(ctx, &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "credentials"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: webhookName, AdmissionReviewVersions: []string{"v1"}, SideEffects: &none, FailurePolicy: &policy,
			ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &address, CABundle: s.config.Authority.PEM()},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule: admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"},
					Scope: &scope},
			}},
			NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
				Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpNotIn, Values: []string{metav1.NamespaceSystem},
			}}},
		}},
	}, metav1.CreateOptions{})
	return err
}

// ServeHTTP answers an AdmissionReview.
func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(w, fmt.Sprintf("no AdmissionReview: %v", err), http.StatusBadRequest)
		return
	}
	response := &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	patch, refused, err := h.patch(r.Context(), review.Request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if refused != nil {
		response.Allowed, response.Result = false, &metav1.Status{Code: http.StatusForbidden, Message: refused.Error()}
	}
	if patch != nil {
		kind := admissionv1.PatchTypeJSONPatch
		response.Patch, response.PatchType = patch, &kind
	}
	review.Request, review.Response = nil, response
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review)
}

func (h *webhook) patch(ctx context.Context, request *admissionv1.AdmissionRequest) (patch []byte, refused, err error) {
	var pod corev1.Pod
	if err := json.Unmarshal(request.Object.Raw, &pod); err != nil {
		return nil, nil, err
	}
	i, err := h.injection(ctx, request.Namespace, &pod)
	if err != nil {
		return nil, nil, err
	}
	h.mu.Lock()
	ids := h.ids
	h.mu.Unlock()
	if i == nil && ids.none() {
		return nil, nil, nil
	}
	if i != nil {
		i.into(&pod)
	}
	if !ids.none() {
		if err := ids.admit(&pod); err != nil {
			return nil, err, nil
		}
	}
	patch, err = json.Marshal([]map[string]any{{"op": "replace", "path": "/spec", "value": pod.Spec}})
	return patch, nil, err
}

// injection is a token, with environment variables, that a cloud's webhook adds to a pod.
type injection struct {
	volume, dir, file, audience string
	lifetime                    time.Duration
	env                         []corev1.EnvVar
}

// injection is what the pod gets; nil: nothing (EKS user guide, "Configure Pods to use a Kubernetes service account" and "Learn how EKS Pod
// Identity grants pods access"; Microsoft Entra Workload ID, "Labels and annotations").
func (h *webhook) injection(ctx context.Context, namespace string, pod *corev1.Pod) (*injection, error) {
	h.mu.Lock()
	client, tenant := h.client, h.tenant
	h.mu.Unlock()
	name := pod.Spec.ServiceAccountName
	if name == "" {
		name = "default"
	}
	if h.podIdentity != nil && h.podIdentity(namespace, name) {
		const dir, file = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount", "eks-pod-identity-token"
		return &injection{"eks-pod-identity-token", dir, file, "pods.eks.amazonaws.com", 24 * time.Hour, []corev1.EnvVar{
			{Name: "AWS_CONTAINER_CREDENTIALS_FULL_URI", Value: "http://169.254.170.23/v1/credentials"},
			{Name: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Value: dir + "/" + file},
		}}, nil
	}
	account, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if role := account.Annotations["eks.amazonaws.com/role-arn"]; role != "" {
		const dir, file = "/var/run/secrets/eks.amazonaws.com/serviceaccount", "token"
		return &injection{"aws-iam-token", dir, file, "sts.amazonaws.com", 24 * time.Hour, []corev1.EnvVar{
			{Name: "AWS_ROLE_ARN", Value: role}, {Name: "AWS_WEB_IDENTITY_TOKEN_FILE", Value: dir + "/" + file},
		}}, nil
	}
	if pod.Labels["azure.workload.identity/use"] == "true" {
		const dir, file = "/var/run/secrets/azure/wi/token", "azure-identity-token"
		return &injection{"azure-identity-token", dir, file, "api://AzureADTokenExchange", time.Hour, []corev1.EnvVar{
			{Name: "AZURE_CLIENT_ID", Value: account.Annotations["azure.workload.identity/client-id"]},
			{Name: "AZURE_TENANT_ID", Value: tenant}, {Name: "AZURE_FEDERATED_TOKEN_FILE", Value: dir + "/" + file},
			{Name: "AZURE_AUTHORITY_HOST", Value: "https://login.microsoftonline.com/"},
		}}, nil
	}
	return nil, nil
}

// into adds the token's volume, its mounts and the variables. A variable that a container has stays as it is.
func (i *injection) into(pod *corev1.Pod) {
	seconds := int64(i.lifetime / time.Second)
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: i.volume, VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{
			ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: i.audience, ExpirationSeconds: &seconds, Path: i.file},
		}}},
	}})
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for n := range containers {
			c := &containers[n]
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: i.volume, MountPath: i.dir, ReadOnly: true})
			for _, variable := range i.env {
				if !slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == variable.Name }) {
					c.Env = append(c.Env, variable)
				}
			}
		}
	}
}

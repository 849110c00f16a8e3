package outside

import (
	"context"
	"fmt"
	"net"
	"net/http"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// metadataHost is the name by which the sandbox knows the metadata server of Google Cloud.
	metadataHost = "metadata.google.internal"
	// Headers in which the sandbox wants to be told whose request a node passes on (bifrostctl/sandbox/cloud/services/gcp/metadata.go).
	podTokenHeader   = "Bifrost-Sandbox-Pod-Token"
	podAccountHeader = "Bifrost-Sandbox-Pod-Account"
	nodePoolHeader   = "Bifrost-Sandbox-Node-Pool"
	// googleAccount is the annotation of a ServiceAccount that acts as one of Google's.
	googleAccount = "iam.gke.io/gcp-service-account"
)

// PodMetadata stands in for gke-metadata-server, which runs on every node of a cluster with a workload pool: it finds the pod that asks by
// its address, asks the API server for a token of the pod's ServiceAccount for the pool, and has Google answer for that one. A pod whose
// address its node has not told yet it does not know (Google Kubernetes Engine, "About Workload Identity Federation for GKE", metadata
// server).
func (s *Server) PodMetadata(client kubernetes.Interface, pool func() string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.read(w, r) {
			return
		}
		account, token, err := whoAsks(r.Context(), client, r.RemoteAddr, pool())
		if err != nil {
			http.Error(w, "GKE Metadata Server encountered an error: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		s.metadata(w, r, map[string]string{podTokenHeader: token, podAccountHeader: account.Annotations[googleAccount]})
	})
}

// NodeMetadata is what the nodes of a pool are told, as their own service account.
func (s *Server) NodeMetadata(pool string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.read(w, r) {
			s.metadata(w, r, map[string]string{nodePoolHeader: pool})
		}
	})
}

func (s *Server) metadata(w http.ResponseWriter, r *http.Request, headers map[string]string) {
	r.Host = metadataHost
	for _, name := range []string{podTokenHeader, podAccountHeader, nodePoolHeader} {
		r.Header.Del(name)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	s.clouds.ServeHTTP(w, r)
}

// whoAsks is the ServiceAccount of the pod with an address, and a token of it that ends with the pod.
func whoAsks(ctx context.Context, client kubernetes.Interface, address, audience string) (*corev1.ServiceAccount, string, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, "", err
	}
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "status.podIP=" + host})
	if err != nil {
		return nil, "", err
	}
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		accounts := client.CoreV1().ServiceAccounts(pod.Namespace)
		account, err := accounts.Get(ctx, pod.Spec.ServiceAccountName, metav1.GetOptions{})
		if err != nil {
			return nil, "", err
		}
		answer, err := accounts.CreateToken(ctx, account.Name, &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
			Audiences:      []string{audience},
			BoundObjectRef: &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
		}}, metav1.CreateOptions{})
		if err != nil {
			return nil, "", err
		}
		return account, answer.Status.Token, nil
	}
	return nil, "", fmt.Errorf("no pod has the address %s", host)
}

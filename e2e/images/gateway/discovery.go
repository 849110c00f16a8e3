package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// serviceAccount is where a pod finds its token, and the authority of the API server.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// discover finds the addresses of the members, as discovery.type says.
func (m *mesh) discover(ctx context.Context) ([]string, error) {
	found := map[string]bool{}
	var problem error
	add := func(addresses []string, err error) {
		if err != nil {
			problem = err
		}
		for _, address := range addresses {
			found[address] = true
		}
	}
	for _, peer := range m.config.Peers {
		host, _, err := net.SplitHostPort(peer)
		if err != nil {
			add(nil, err)
			continue
		}
		add(net.DefaultResolver.LookupHost(ctx, host))
	}
	switch d := m.config.Discovery; {
	case !d.Enabled:
	case d.Type == "kubernetes":
		add(podAddresses(ctx, d.Namespace, d.Selector))
	case d.Type == "dns":
		for _, name := range d.DNSNames {
			add(net.DefaultResolver.LookupHost(ctx, name))
		}
	default:
		problem = fmt.Errorf("the stand-in does not know discovery of type %s", d.Type)
	}
	list := []string{}
	for address := range found {
		list = append(list, address)
	}
	slices.Sort(list)
	return list, problem
}

// podAddresses asks the API server for the pods that run. Without a namespace it is "default", wherever the pod itself is.
func podAddresses(ctx context.Context, namespace, selector string) ([]string, error) {
	if namespace == "" {
		namespace = "default"
	}
	token, err := os.ReadFile(filepath.Join(serviceAccount, "token"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(serviceAccount, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	client := &http.Client{Timeout: 10 * time.Second, Transport: transport}
	server := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	pods := "https://" + server + "/api/v1/namespaces/" + url.PathEscape(namespace) + "/pods?labelSelector=" + url.QueryEscape(selector)
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, pods, nil)
	if err != nil {
		return nil, err
	}
	asked.Header.Set("Authorization", "Bearer "+string(token))
	got, err := client.Do(asked)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("list pods in namespace %s: %s", namespace, got.Status)
	}
	var list struct {
		Items []struct {
			Status struct {
				Phase string `json:"phase"`
				PodIP string `json:"podIP"`
			} `json:"status"`
		} `json:"items"`
	}
	if err := json.NewDecoder(got.Body).Decode(&list); err != nil {
		return nil, err
	}
	var addresses []string
	for _, pod := range list.Items {
		if pod.Status.Phase == "Running" && pod.Status.PodIP != "" {
			addresses = append(addresses, pod.Status.PodIP)
		}
	}
	return addresses, nil
}

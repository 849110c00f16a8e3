package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/upstream"
)

// adminPassword is the sandbox's own value for one that the stack file does not have.
const adminPassword = "sandbox-fake-adminPassword"

// direct keeps no connection: each request finds out anew whether a pod answers.
var direct = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}

const completions = "/v1/chat/completions"

// to is a request to one pod, past the Service: as its administrator, or with the key of an application.
func to(ctx context.Context, pod *corev1.Pod, key, method, path string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+net.JoinHostPort(pod.Status.PodIP, "8080")+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("admin", adminPassword)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return r, nil
}

// ask is what one pod answers.
func ask(ctx context.Context, pod *corev1.Pod, key, method, path, body string) (int, string, error) {
	r, err := to(ctx, pod, key, method, path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	answer, err := direct.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// members are the addresses of the members of its mesh that a pod knows.
func members(ctx context.Context, pod *corev1.Pod) ([]string, error) {
	_, text, err := ask(ctx, pod, "", http.MethodGet, "/api/cluster/nodes", "")
	if err != nil {
		return nil, err
	}
	var known struct{ Nodes []string }
	return known.Nodes, json.Unmarshal([]byte(text), &known)
}

// meet: every one of the pods knows these addresses, and no others.
func meet(t *testing.T, what string, pods []corev1.Pod) {
	t.Helper()
	var addresses []string
	for _, pod := range pods {
		addresses = append(addresses, pod.Status.PodIP)
	}
	slices.Sort(addresses)
	eventually(t, what, func(ctx context.Context) error {
		for _, pod := range pods {
			known, err := members(ctx, &pod)
			if err != nil {
				return err
			}
			if slices.Sort(known); !slices.Equal(known, addresses) {
				return fmt.Errorf("%s knows %v, and there are %v", pod.Status.PodIP, known, addresses)
			}
		}
		return nil
	})
}

// testMesh: three gateways find each other through the API server, share what one is told, and go on without the one that is lost.
func testMesh(t *testing.T, s *site) {
	if isReal() {
		t.Skip("only the stand-in tells who its members are")
	}
	pods := s.servingReady(t)
	meet(t, "the three find each other", pods)
	status, text, err := ask(t.Context(), &pods[0], "", http.MethodPost, "/api/governance/virtual-keys",
		`{"name": "made", "provider_configs": [{"provider": "openai", "allowed_models": ["*"], "key_ids": ["*"], "weight": 1}]}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, text)
	var made struct {
		VirtualKey struct{ Value string } `json:"virtual_key"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &made))
	for _, pod := range pods[1:] {
		completes(t, "a key of one is known to the others", &pod, made.VirtualKey.Value)
	}

	lost := pods[0]
	now := int64(0)
	began := time.Now()
	require.NoError(t, s.client.CoreV1().Pods(namespace).Delete(t.Context(), lost.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	eventually(t, "the others forget the lost one", func(ctx context.Context) error {
		for _, pod := range pods[1:] {
			known, err := members(ctx, &pod)
			if err != nil {
				return err
			}
			if slices.Contains(known, lost.Status.PodIP) {
				return fmt.Errorf("%s knows %v", pod.Status.PodIP, known)
			}
		}
		return nil
	})
	took := time.Since(began)
	after := s.servingReady(t)
	meet(t, "its successor is found", after)
	report.add("A mesh of three", fmt.Sprintf("all find all; a lost member is forgotten after %.0f s, its successor found after %.0f s\n",
		took.Seconds(), time.Since(began).Seconds()))
}

// completes: a pod answers a completion to the bearer of a key.
func completes(t *testing.T, what string, pod *corev1.Pod, key string) {
	t.Helper()
	eventually(t, what, func(ctx context.Context) error {
		status, text, err := ask(ctx, pod, key, http.MethodPost, completions,
			`{"model": "openai/`+upstream.Model+`", "messages": [{"role": "user", "content": "count"}]}`)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d %s", status, text)
		}
		return err
	})
}

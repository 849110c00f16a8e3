package real

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"bifrost/bifrostctl/verify/service"
)

// closedPorts are the kubelet's words about ports that no connection comes to.
var closedPorts = map[string]string{
	"10102": "error forwarding port 10102 to pod: failed to connect to localhost:10102 inside namespace: dial tcp4 127.0.0.1:10102: connect: connection refused",
	"10103": "error forwarding port 10103 to pod: network namespace is closed",
}

// serveForward is the kubelet's end of a port-forward: each data stream is a connection to the pod.
func serveForward(t *testing.T, w http.ResponseWriter, r *http.Request, pod http.Handler) {
	if _, err := httpstream.Handshake(r, w, []string{"portforward.k8s.io"}); err != nil {
		t.Error(err)
		return
	}
	streams := make(chan httpstream.Stream)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error { streams <- s; return nil })
	if conn == nil {
		t.Error("no upgrade")
		return
	}
	defer conn.Close()
	for {
		select {
		case <-conn.CloseChan():
			return
		case s := <-streams:
			port := s.Headers().Get("port")
			if s.Headers().Get("streamType") == "error" {
				_, _ = io.WriteString(s, closedPorts[port])
				_ = s.Close()
				continue
			}
			if closedPorts[port] != "" {
				_ = s.Close()
				continue
			}
			go func() {
				server := httptest.NewServer(pod)
				defer server.Close()
				c, err := net.Dial("tcp", server.Listener.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				go func() { _, _ = io.Copy(c, s) }()
				_, _ = io.Copy(s, c)
				_ = s.Close()
			}()
		}
	}
}

// serveExec is the kubelet's end of an exec of nc: to echo:7 it echoes one line, and for other hosts it has busybox's words.
func serveExec(t *testing.T, w http.ResponseWriter, r *http.Request) {
	if _, err := httpstream.Handshake(r, w, []string{"v4.channel.k8s.io"}); err != nil {
		t.Error(err)
		return
	}
	opened := make(chan httpstream.Stream)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error { opened <- s; return nil })
	if conn == nil {
		t.Error("no upgrade")
		return
	}
	defer conn.Close()
	streams := map[string]httpstream.Stream{}
	for range 4 {
		s := <-opened
		streams[s.Headers().Get("streamType")] = s
	}
	command := strings.Join(r.URL.Query()["command"], " ") + " in " + r.URL.Query().Get("container")
	status := metav1.Status{Status: metav1.StatusSuccess}
	if command == "nc -w 10 echo 7 in bifrost" {
		line := make([]byte, 5)
		_, _ = io.ReadFull(streams["stdin"], line)
		_, _ = streams["stdout"].Write(line)
	} else {
		_, _ = io.WriteString(streams["stderr"], "nc: bad address '"+r.URL.Query()["command"][3]+"'\n")
		status = metav1.Status{Status: metav1.StatusFailure, Message: "command terminated with exit code 1"}
	}
	_ = streams["stdout"].Close()
	_ = streams["stderr"].Close()
	text, _ := json.Marshal(status) // texts alone
	_, _ = streams["error"].Write(text)
	_ = streams["error"].Close()
	<-conn.CloseChan()
}

const endpoints = `{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSliceList","items":[{"endpoints":[
	{"conditions":{"ready":false},"targetRef":{"kind":"Pod","name":"bifrost-1"}},{"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"bifrost-2"}}]}]}`

func TestPortForward(t *testing.T) {
	const slices = "/apis/discovery.k8s.io/v1/namespaces/bifrost/endpointslices"
	kubeconfig := apiServer(t, map[string]answer{slices: {body: endpoints}}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "from the pod: "+r.URL.Path)
	}))
	gateway, err := forward(fromFile(write(t, kubeconfig)))(t.Context(), "bifrost", "bifrost")
	require.NoError(t, err)
	require.Equal(t, "bifrost-2", gateway.(forwarded).pod, "the ready one")
	for range 2 {
		got, err := gateway.Ask(t.Context(), service.Request{Path: "/health"})
		require.NoError(t, err)
		require.Equal(t, "from the pod: /health", string(got.Body))
		require.Equal(t, http.StatusServiceUnavailable, got.Status)
	}
}

func TestPortForwardRefused(t *testing.T) {
	const slices, pod = "/apis/discovery.k8s.io/v1/namespaces/bifrost/endpointslices", "/api/v1/namespaces/bifrost/pods/bifrost-2/portforward"
	kubeconfig := apiServer(t, map[string]answer{slices: {body: endpoints}, pod: {403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"pods \"bifrost-2\" is forbidden"}`}}, nil)
	gateway, err := forward(fromFile(write(t, kubeconfig)))(t.Context(), "bifrost", "bifrost")
	require.NoError(t, err)
	_, err = gateway.Ask(t.Context(), service.Request{Path: "/health"})
	require.ErrorContains(t, err, "port-forward to pod bifrost-2")
	require.ErrorContains(t, err, "forbidden")

	kubeconfig = apiServer(t, map[string]answer{slices: {body: `{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSliceList","items":[]}`}}, nil)
	_, err = forward(fromFile(write(t, kubeconfig)))(t.Context(), "bifrost", "bifrost")
	require.EqualError(t, err, "no ready pod is behind Service bifrost")
}

// aPod is bifrost-2 on an API server.
func aPod(t *testing.T, answers map[string]answer) service.Pod {
	t.Helper()
	pod, err := podOf(fromFile(write(t, apiServer(t, answers, http.NotFoundHandler()))))(t.Context(), "bifrost", "bifrost-2")
	require.NoError(t, err)
	return pod
}

// TestListens: a port of a pod is open, closed, or cannot be looked at.
func TestListens(t *testing.T) {
	pod := aPod(t, nil)
	listens, err := pod.Listens(t.Context(), 10101)
	require.NoError(t, err)
	require.True(t, listens)
	listens, err = pod.Listens(t.Context(), 10102)
	require.NoError(t, err)
	require.False(t, listens)
	_, err = pod.Listens(t.Context(), 10103)
	require.ErrorContains(t, err, "network namespace is closed")
}

func TestLog(t *testing.T) {
	text, err := aPod(t, map[string]answer{"/api/v1/namespaces/bifrost/pods/bifrost-2/log": {body: "cluster health: HEALTHY"}}).Log(t.Context(), "bifrost", 10)
	require.NoError(t, err)
	require.Equal(t, "cluster health: HEALTHY", text)
}

// TestTunnel: what nc reads and writes is a connection, and ends with nc's own words.
func TestTunnel(t *testing.T) {
	pod := aPod(t, nil)
	connection, err := pod.Tunnel(t.Context(), "bifrost", "echo", "7")
	require.NoError(t, err)
	_, err = io.WriteString(connection, "hello")
	require.NoError(t, err)
	text, err := io.ReadAll(connection)
	require.NoError(t, err)
	require.Equal(t, "hello", string(text))
	require.NoError(t, connection.Close())

	connection, err = pod.Tunnel(t.Context(), "bifrost", "nowhere", "5432")
	require.NoError(t, err)
	_, err = connection.Read(make([]byte, 1))
	require.EqualError(t, err, "nc nowhere 5432 in pod bifrost-2: nc: bad address 'nowhere'")
	_, err = io.WriteString(connection, "hello")
	require.EqualError(t, err, "nc nowhere 5432 in pod bifrost-2: nc: bad address 'nowhere'")
}

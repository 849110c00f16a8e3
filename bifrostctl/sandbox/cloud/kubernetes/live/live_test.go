package live

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const issuer = "https://oidc.example.com/id/A1"

// server is as much of an API server as a test needs: what it answers by method and path, each answer once but the last.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string][]answer
	asked   []string
	sent    string // with the last request
}

type answer struct {
	code int
	body any
}

func status(code int, reason, message string) answer {
	return answer{code, Object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}}
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{answers: map[string][]answer{
		"GET /version":             {{200, Object{"gitVersion": "v1.36.3-eks-0a1b2c"}}},
		"GET " + configurationPath: {{200, Object{"issuer": issuer, "jwks_uri": "https://10.0.0.1:6443/openid/v1/jwks"}}},
		"GET " + keysPath:          {{200, Object{"keys": []any{}}}},
	}}
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Method + " " + r.URL.Path
	s.asked = append(s.asked, key+"?"+r.URL.RawQuery)
	body, _ := io.ReadAll(r.Body)
	s.sent = string(body)
	next := status(404, "NotFound", key+" not found")
	if left := s.answers[key]; len(left) > 0 {
		next = left[0]
		if len(left) > 1 {
			s.answers[key] = left[1:]
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodPatch {
		w.Header().Set("Warning", `299 - "the server warns"`)
	}
	if next.code == 0 { // the connection breaks
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(next.code)
	_ = json.NewEncoder(w).Encode(next.body)
}

func (s *server) answer(key string, answers ...answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[key] = answers
}

// kubeconfig writes the login to the server, with the user's own settings.
func (s *server) kubeconfig(t *testing.T, user string) string {
	t.Helper()
	dir := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), ca, 0o600))
	file := filepath.Join(dir, "kubeconfig")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: %q, certificate-authority: ca.pem}}]
users: [{name: u, user: %s}]
`, s.URL, user), 0o600))
	return file
}

func (s *server) connect(t *testing.T) *Cluster {
	t.Helper()
	c, err := Connect(t.Context(), s.kubeconfig(t, "{token: t}"))
	require.NoError(t, err)
	c.pause = time.Millisecond
	return c
}

func TestConnect(t *testing.T) {
	s := newServer(t)
	c := s.connect(t)
	require.Equal(t, []string{s.URL, "1.36.3", issuer, "oidc.example.com"}, []string{c.Server, c.Version, c.Issuer, c.Host()})
	require.Contains(t, c.CA, "BEGIN CERTIFICATE")
}

func TestConnectRefuses(t *testing.T) {
	s := newServer(t)
	gone := newServer(t)
	gone.Close()
	locked := newServer(t)
	locked.answer("GET /version", status(401, "Unauthorized", "Unauthorized"))
	numbered := newServer(t)
	numbered.answer("GET "+configurationPath, answer{200, Object{"issuer": "https://127.0.0.1:6443"}})
	text := func(content string) string {
		file := filepath.Join(t.TempDir(), "kubeconfig")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return file
	}
	tests := map[string]struct{ file, want string }{
		"no file":         {filepath.Join(t.TempDir(), "nowhere"), "no such file"},
		"not YAML":        {text("{"), "read the kubeconfig"},
		"no context":      {text("apiVersion: v1\nkind: Config\n"), `its current context "" does not exist`},
		"another program": {s.kubeconfig(t, `{exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}}`), "logs in with another program"},
		"no server":       {gone.kubeconfig(t, "{token: t}"), "connection refused"},
		"no rights":       {locked.kubeconfig(t, "{token: t}"), "provide credentials"},
		"a number":        {numbered.kubeconfig(t, "{token: t}"), "is no https URL with a host name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Connect(t.Context(), test.file)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestDiscoveryIsTheServersOwn(t *testing.T) {
	s := newServer(t)
	c := s.connect(t)
	ask := func(url string) (int, string) {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	code, body := ask(issuer + configurationPath)
	require.Equal(t, 200, code)
	require.JSONEq(t, `{"issuer":"`+issuer+`","jwks_uri":"`+issuer+keysPath+`"}`, body, "verifiers reach the keys")
	code, body = ask(issuer + keysPath)
	require.Equal(t, 200, code)
	require.JSONEq(t, `{"keys":[]}`, body)
	for _, elsewhere := range []string{"https://oidc.example.com" + configurationPath, "https://oidc.example.com/id/B2" + keysPath, issuer + "/version"} {
		code, _ = ask(elsewhere)
		require.Equal(t, 404, code, elsewhere)
	}
	s.Close()
	code, _ = ask(issuer + keysPath)
	require.Equal(t, 200, code, "the last answer stays while the server is away")
}

var job = Ref{schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}, "ns", "first"}

const jobPath = "/apis/batch/v1/namespaces/ns/jobs/first"

func aJob(conditions ...any) Object {
	return Object{
		"apiVersion": "batch/v1", "kind": "Job", "metadata": Object{"name": "first", "namespace": "ns", "uid": "u1"},
		"spec":   Object{"selector": Object{"matchLabels": Object{"job-name": "first"}}},
		"status": Object{"conditions": conditions},
	}
}

// TestRequestsAreAskedOnce: a change that meets a server which is not there fails, as with the provider; the answer may be lost.
func TestRequestsAreAskedOnce(t *testing.T) {
	s := newServer(t)
	c := s.connect(t)
	for _, away := range []answer{{}, status(503, "ServiceUnavailable", "starting"), status(401, "Unauthorized", "Unauthorized")} {
		s.answer("PATCH "+jobPath, away, answer{200, aJob()})
		_, err := c.Apply(t.Context(), job, aJob(), Patch{Manager: "m"})
		require.Error(t, err)
		require.Equal(t, away.code == 0, Away(err))
	}
	made, err := c.Apply(t.Context(), job, aJob(), Patch{Manager: "m"})
	require.NoError(t, err)
	require.Equal(t, "u1", text(made, "metadata", "uid"))
	require.Contains(t, c.Warnings(), "the server warns")
	require.Empty(t, c.Warnings(), "each is told once")

	s.answer("POST /apis/batch/v1/namespaces/ns/jobs", answer{201, aJob()}, status(409, "AlreadyExists", `jobs.batch "first" already exists`))
	s.asked = nil
	_, err = c.Create(t.Context(), job, Object{"apiVersion": "batch/v1", "kind": "Job", "spec": Object{"parallelism": 1.0}}, true)
	require.NoError(t, err)
	require.Contains(t, s.asked[0], "dryRun=All")
	require.Contains(t, s.asked[0], "fieldManager=pulumi-kubernetes")
	_, err = c.Create(t.Context(), job, aJob(), false)
	require.EqualError(t, err, `jobs.batch "first" already exists`)

	s.answer("PATCH "+jobPath, status(409, "Conflict", `conflict with "kubectl"`))
	s.asked = nil
	_, err = c.Apply(t.Context(), job, aJob(), Patch{Manager: "m", DryRun: true})
	require.ErrorContains(t, err, `conflict with "kubectl"`)
	require.Len(t, s.asked, 1, "an answer is an answer")
	require.Contains(t, s.asked[0], "dryRun=All")
	require.Contains(t, s.asked[0], "fieldManager=m")
	require.Contains(t, s.asked[0], "force=false")

	s.answer("GET "+jobPath, status(404, "NotFound", "gone"))
	found, err := c.Get(t.Context(), job)
	require.NoError(t, err)
	require.Nil(t, found)
}

// TestRelinquish: an owner that applies nothing has nothing afterwards.
func TestRelinquish(t *testing.T) {
	s := newServer(t)
	c := s.connect(t)
	s.answer("PATCH "+jobPath, answer{200, aJob()})
	s.asked = nil
	require.NoError(t, c.Relinquish(t.Context(), job, Object{"apiVersion": "batch/v1", "kind": "Job", "spec": Object{"parallelism": 1}}, "before"))
	require.Len(t, s.asked, 1)
	require.Contains(t, s.asked[0], "fieldManager=before")
	require.JSONEq(t, `{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "first", "namespace": "ns"}}`, s.sent)
}

func TestDeleteWaits(t *testing.T) {
	s := newServer(t)
	c := s.connect(t)
	there, gone := answer{200, aJob()}, status(404, "NotFound", "gone")
	s.answer("GET "+jobPath, there, there, answer{}, there, gone) // it outlasts a restart
	s.answer("DELETE "+jobPath, answer{200, Object{"kind": "Status", "apiVersion": "v1", "status": "Success"}})
	require.NoError(t, c.Delete(t.Context(), job, time.Minute))
	require.Len(t, s.answers["GET "+jobPath], 1, "looked until it was gone")
	require.NoError(t, c.Delete(t.Context(), job, time.Minute), "what is not there is a success")

	s.answer("GET "+jobPath, there)
	require.ErrorContains(t, c.Delete(t.Context(), job, 10*time.Millisecond), "still there after 10ms")
}

func TestAwaitJob(t *testing.T) {
	s := newServer(t)
	c := s.connect(t)
	complete := Object{"type": "Complete", "status": "True"}
	failed := Object{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
	s.answer("GET /api/v1/namespaces/ns/pods", answer{200, Object{"kind": "PodList", "apiVersion": "v1", "items": []any{Object{
		"apiVersion": "v1", "kind": "Pod", "metadata": Object{"name": "first-x"}, "status": Object{"initContainerStatuses": []any{Object{
			"name": "token", "state": Object{"terminated": Object{"exitCode": 3, "reason": "Error", "message": "AccessDenied"}},
		}}, "containerStatuses": []any{Object{"name": "apply", "state": Object{"waiting": Object{"reason": "PodInitializing"}}}}},
	}}}})

	s.answer("GET "+jobPath, answer{200, aJob()}, answer{}, status(503, "ServiceUnavailable", "starting"), answer{200, aJob(complete)})
	_, reasons, err := c.Await(t.Context(), job, "Job", time.Minute)
	require.NoError(t, err)
	require.Empty(t, reasons)

	s.answer("GET "+jobPath, answer{200, aJob(failed)})
	_, reasons, err = c.Await(t.Context(), job, "Job", time.Minute)
	require.NoError(t, err)
	require.Equal(t, []string{"Resource 'first' was created but failed to initialize", "[BackoffLimitExceeded] too often", "pod first-x: container token: Error with exit code 3: AccessDenied"}, reasons)

	s.answer("GET "+jobPath, answer{200, aJob()})
	_, reasons, err = c.Await(t.Context(), job, "Job", 20*time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, []string{"'first' timed out waiting to be Ready", "the Job is not complete", "pod first-x: container token: Error with exit code 3: AccessDenied"}, reasons)

	_, reasons, err = c.Await(t.Context(), job, "Job", 0)
	require.NoError(t, err)
	require.Equal(t, "the Job is not complete", reasons[1], "a read looks once")

	ctx, interrupt := context.WithCancel(t.Context())
	s.answer("GET "+jobPath, answer{200, aJob()})
	time.AfterFunc(10*time.Millisecond, interrupt)
	_, reasons, err = c.Await(ctx, job, "Job", time.Hour)
	require.NoError(t, err)
	require.Equal(t, `Resource operation was cancelled for "first"`, reasons[0])

	s.answer("GET "+jobPath, status(404, "NotFound", "gone"))
	_, _, err = c.Await(t.Context(), job, "Job", time.Minute)
	require.ErrorContains(t, err, "was deleted while it was waited for")
}

func TestStates(t *testing.T) {
	s := newServer(t)
	c := s.connect(t)
	const slices = "GET /apis/discovery.k8s.io/v1/namespaces/ns/endpointslices"
	list := func(endpoints ...any) answer {
		return answer{200, Object{"kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "items": []any{
			Object{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": Object{"name": "s"}, "endpoints": endpoints},
		}}}
	}
	deployment := func(observed, replicas, updated, available int) Object {
		return Object{
			"metadata": Object{"name": "web", "namespace": "ns", "generation": 2}, "spec": Object{"replicas": 2},
			"status": Object{"observedGeneration": observed, "replicas": replicas, "updatedReplicas": updated, "availableReplicas": available},
		}
	}
	service := func(spec Object) Object {
		return Object{"metadata": Object{"name": "web", "namespace": "ns"}, "spec": spec}
	}
	set := func(observed, ready int, update, strategy string) Object {
		return Object{
			"metadata": Object{"name": "web", "namespace": "ns", "generation": 2}, "spec": Object{"replicas": 1, "updateStrategy": Object{"type": strategy}},
			"status": Object{"observedGeneration": observed, "replicas": 1, "readyReplicas": ready, "currentRevision": "a", "updateRevision": update},
		}
	}
	s.answer("GET /apis/storage.k8s.io/v1/storageclasses/late", answer{200, Object{"kind": "StorageClass", "apiVersion": "storage.k8s.io/v1", "volumeBindingMode": "WaitForFirstConsumer"}})
	s.answer("GET /apis/storage.k8s.io/v1/storageclasses/now", answer{200, Object{"kind": "StorageClass", "apiVersion": "storage.k8s.io/v1", "volumeBindingMode": "Immediate"}})
	claim := func(phase, class string) Object {
		return Object{"metadata": Object{"name": "data", "namespace": "ns"}, "spec": Object{"storageClassName": class}, "status": Object{"phase": phase}}
	}
	ingress := func(skip string, addresses ...any) Object {
		return Object{"metadata": Object{"name": "web", "namespace": "ns", "annotations": Object{"pulumi.com/skipAwait": skip}}, "status": Object{"loadBalancer": Object{"ingress": addresses}}}
	}
	ready, unready := Object{"conditions": Object{"ready": true}}, Object{"conditions": Object{"ready": false}}
	tests := map[string]struct {
		kind   string
		live   Object
		slices answer
		ready  bool
	}{
		"available":            {"Deployment", deployment(2, 2, 2, 2), list(), true},
		"not seen yet":         {"Deployment", deployment(1, 2, 2, 2), list(), false},
		"old pods still there": {"Deployment", deployment(2, 3, 2, 2), list(), false},
		"not updated":          {"Deployment", deployment(2, 2, 1, 2), list(), false},
		"not available":        {"Deployment", deployment(2, 2, 2, 1), list(), false},
		"endpoint":             {"Service", service(Object{"selector": Object{"a": "b"}}), list(ready), true},
		"one of two":           {"Service", service(Object{"selector": Object{"a": "b"}}), list(unready, ready), false},
		"unready endpoint":     {"Service", service(Object{"selector": Object{"a": "b"}}), list(unready), false},
		"no endpoint":          {"Service", service(Object{"selector": Object{"a": "b"}}), list(), true},
		"an ending one":        {"Service", service(Object{"selector": Object{"a": "b"}}), list(Object{"conditions": Object{"ready": false, "terminating": true}}), true},
		"no selector":          {"Service", service(Object{}), list(), true},
		"headless":             {"Service", service(Object{"selector": Object{"a": "b"}, "clusterIP": "None"}), list(), true},
		"set is ready":         {"StatefulSet", set(2, 1, "a", "RollingUpdate"), list(), true},
		"set is not seen yet":  {"StatefulSet", set(1, 1, "a", "RollingUpdate"), list(), false},
		"set is not ready":     {"StatefulSet", set(2, 0, "a", "RollingUpdate"), list(), false},
		"set is not rolled":    {"StatefulSet", set(2, 1, "b", "RollingUpdate"), list(), false},
		"set rolls nothing":    {"StatefulSet", set(2, 1, "b", "OnDelete"), list(), true},
		"bound":                {"PersistentVolumeClaim", claim("Bound", "now"), list(), true},
		"pending":              {"PersistentVolumeClaim", claim("Pending", "now"), list(), false},
		"waits for a pod":      {"PersistentVolumeClaim", claim("Pending", "late"), list(), true},
		"no such class":        {"PersistentVolumeClaim", claim("Pending", "none"), list(), false},
		"ingress":              {"Ingress", ingress(""), list(), true},
		"awaited ingress":      {"Ingress", ingress("false"), list(), false},
		"address":              {"Ingress", ingress("false", Object{"hostname": "h"}), list(), true},
		"another name":         {"Service", service(Object{"selector": Object{"a": "b"}, "type": "ExternalName"}), list(), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s.answer(slices, test.slices)
			now, err := waits[test.kind](t.Context(), c, test.live)
			require.NoError(t, err)
			require.Equal(t, test.ready, now.ready)
			require.Equal(t, test.ready, len(now.reasons) == 0)
		})
	}
}

func TestInputsFollowTheLiveObject(t *testing.T) {
	asked := Object{
		"apiVersion": "v1", "metadata": Object{"name": "n", "labels": Object{"a": "1"}}, "data": Object{"k": "b2xk"}, "stringData": Object{"s": "x"},
		"spec": Object{"cpu": "0.5", "empty": Object{}, "list": []any{Object{"port": 1.0}}, "gone": "x"},
	}
	found := Object{
		"apiVersion": "v1", "metadata": Object{"name": "n", "labels": Object{"a": "2", "added": "3"}, "uid": "u"}, "data": Object{"k": "bmV3", "l": "bW9yZQ=="},
		"spec": Object{"cpu": "500m", "list": []any{Object{"port": 2.0, "protocol": "TCP"}}, "defaulted": true}, "status": Object{},
	}
	require.Equal(t, Object{
		"apiVersion": "v1", "metadata": Object{"name": "n", "labels": Object{"a": "2"}}, "data": Object{"k": "bmV3", "l": "bW9yZQ=="}, "stringData": Object{"s": "x"},
		"spec": Object{"cpu": "0.5", "empty": Object{}, "list": []any{Object{"port": 2.0}}},
	}, Inputs(found, asked))
	imported := Inputs(found, nil)
	require.NotContains(t, imported, "status")
	require.Equal(t, Object{"name": "n", "labels": Object{"a": "2", "added": "3"}}, imported["metadata"])
}

// TestInputsOfWhatKubectlApplied: without its note an object's annotations are empty, which the provider sees in Secrets alone.
func TestInputsOfWhatKubectlApplied(t *testing.T) {
	imported := func(kind string, more Object) any {
		annotations := Object{"kubectl.kubernetes.io/last-applied-configuration": "{}"}
		maps.Copy(annotations, more)
		inputs := Inputs(Object{"kind": kind, "metadata": Object{"annotations": annotations}}, nil)
		return Normal(inputs)["metadata"]
	}
	require.Equal(t, Object{}, imported("Deployment", nil))
	require.Equal(t, Object{"annotations": Object{"a": "b"}}, imported("Deployment", Object{"a": "b"}))
	require.Equal(t, Object{"annotations": Object{}}, imported("Secret", nil))
	asked := Object{"kind": "Role", "metadata": Object{"name": "r", "labels": Object{}, "annotations": Object{}}}
	require.Equal(t, Object{"name": "r"}, Normal(asked)["metadata"])
	require.Contains(t, asked["metadata"], "labels", "what is asked for stays")
	require.Empty(t, Normal(Object{}))
}

func TestOwnership(t *testing.T) {
	entry := func(manager string, fields Object) any { return Object{"manager": manager, "fieldsV1": fields} }
	live := Object{"metadata": Object{"name": "n", "managedFields": []any{
		entry("ours", Object{"f:data": Object{"f:k": Object{}}, "f:metadata": Object{"f:labels": Object{}}}),
		entry("refresher", Object{"f:data": Object{"f:.dockerconfigjson": Object{}}}),
	}}}
	require.False(t, OwnedByOthersAlone(live, "data", "ours"), "shared")
	require.True(t, OwnedByOthersAlone(live, "data", "another"))
	require.False(t, OwnedByOthersAlone(live, "metadata.labels", "ours"))
	require.True(t, OwnedByOthersAlone(live, "metadata.labels", "another"))
	require.Equal(t, Object{"metadata": Object{"name": "n"}}, Stripped(live))
	require.Contains(t, live["metadata"], "managedFields", "nothing is changed in place")
}

// TestTaken: an update takes over what a create wrote and what people did with kubectl, but for what is a subresource.
func TestTaken(t *testing.T) {
	entry := func(manager, operation, subresource string, fields ...string) Object {
		labels := Object{}
		for _, f := range fields {
			labels["f:"+f] = Object{}
		}
		return Object{"manager": manager, "operation": operation, "subresource": subresource, "fieldsV1": Object{"f:metadata": Object{"f:labels": labels}}}
	}
	object := func(entries ...any) Object { return Object{"metadata": Object{"managedFields": entries}} }
	scaled, refresher := entry("kubectl", "Update", "scale", "s"), entry("refresher", "Apply", "", "r")

	owners, changed := Taken(object(entry("ours", "Apply", "", "a"), scaled, refresher, entry("kubectl-label", "Update", "", "b"), entry(Creator, "Update", "", "c")), "ours")
	require.True(t, changed)
	require.Equal(t, []any{scaled, refresher, entry("ours", "Apply", "", "a", "b", "c")}, owners)

	owners, changed = Taken(object(entry(Creator, "Update", "", "c")), "ours")
	require.True(t, changed, "the first update after a create")
	require.Equal(t, []any{entry("ours", "Apply", "", "c")}, owners)

	_, changed = Taken(object(entry("ours", "Apply", "", "a"), scaled, refresher), "ours")
	require.False(t, changed)
	require.True(t, Uncontested(object()))
	require.True(t, Uncontested(object(scaled, entry(Creator, "Update", "", "c"))))
	require.False(t, Uncontested(object(scaled, entry("ours", "Apply", "", "a"))))
}

// TestPasses: what a crash of the API server does to a request is asked again; what it means is not.
func TestPasses(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	for text, err := range map[string]error{
		"refused":               &url.Error{Op: "Get", URL: "https://x", Err: syscall.ECONNREFUSED},
		"reset in the answer":   fmt.Errorf("unexpected error when reading response body. Please retry. Original error: %w", reset),
		"cut off in the answer": errors.New("stream error when reading response body, may be caused by closed connection. Please retry. Original error: x"),
		"end of file":           io.ErrUnexpectedEOF,
		"busy":                  apierrors.NewTooManyRequests("later", 1),
		"broken":                apierrors.NewInternalError(errors.New("etcd")),
	} {
		require.True(t, passes(err), text)
	}
	for text, err := range map[string]error{
		"no error":  nil,
		"missing":   apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, "x"),
		"wrong":     apierrors.NewBadRequest("x"),
		"forbidden": apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "x", errors.New("rbac")),
		"stranger":  &url.Error{Op: "Get", URL: "https://x", Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}},
	} {
		require.False(t, passes(err), text)
	}
}

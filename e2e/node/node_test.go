package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// TestMain: where no container can run, the tests say so in one line.
func TestMain(m *testing.M) {
	if err := Available(); err != nil {
		fmt.Println("skipped:", err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	awsImage     = "public.ecr.aws/aws-cli/aws-cli:2.37.1"
	gcloudImage  = "gcr.io/google.com/cloudsdktool/google-cloud-cli:573.0.0-stable"
	kubectlImage = "registry.k8s.io/kubectl:v1.34.3"
)

// api answers what an agent asks for a pod: files, values and tokens.
type api struct {
	mu       sync.Mutex
	objects  map[string]any
	requests []authenticationv1.TokenRequest
	statuses []corev1.PodStatus // as they were written
	removed  []metav1.DeleteOptions
	wrote    func(corev1.PodStatus) // called at every status, when set
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	answer := a.objects[r.URL.Path]
	if r.URL.Path == "/api/v1/namespaces/place/serviceaccounts/refresher/token" {
		var request authenticationv1.TokenRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a.requests = append(a.requests, request)
		request.Status.Token = "token for " + strings.Join(request.Spec.Audiences, ",")
		answer = request
	}
	if r.Method == http.MethodPatch && r.URL.Path == "/api/v1/namespaces/place/pods/p/status" {
		var p corev1.Pod
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a.statuses, answer = append(a.statuses, p.Status), p
		if a.wrote != nil {
			a.wrote(p.Status)
		}
	}
	if r.Method == http.MethodDelete && r.URL.Path == "/api/v1/namespaces/place/pods/p" {
		var o metav1.DeleteOptions
		_ = json.NewDecoder(r.Body).Decode(&o)
		a.removed, answer = append(a.removed, o), corev1.Pod{}
	}
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		answer = metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: metav1.StatusReasonNotFound, Code: 404, Message: r.URL.Path + " not found"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// agent is one without a node, for Run.
func agent(t *testing.T, change func(*Config)) (*Agent, *api) {
	t.Helper()
	served := &api{objects: map[string]any{
		"/api/v1/namespaces/place/configmaps/settings": corev1.ConfigMap{Data: map[string]string{"a": "first", "b": "second"}},
		"/api/v1/namespaces/place/secrets/hidden":      corev1.Secret{Data: map[string][]byte{"key": []byte("value")}},
	}}
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	commands := t.TempDir()
	for _, name := range []string{"aws", "gcloud", "kubectl"} {
		require.NoError(t, os.WriteFile(filepath.Join(commands, name), []byte("#!/bin/sh\necho "+name+" \"$@\"\n"), 0o755))
	}
	// Any user of a container may run them.
	require.NoError(t, os.Chmod(commands, 0o755))
	config := Config{REST: &rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}, Name: "node-1", Commands: commands, Logf: t.Logf}
	if change != nil {
		change(&config)
	}
	a, err := newAgent(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(a.Stop)
	return a, served
}

// pod reads a pod's spec.
func pod(t *testing.T, spec string) *corev1.Pod {
	t.Helper()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "place", Labels: map[string]string{"app": "x"}}}
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &p.Spec))
	p.Spec.ServiceAccountName = "refresher"
	return p
}

// script is a pod with one container that runs a script; more is added to the container.
func script(t *testing.T, image, text, more string) *corev1.Pod {
	t.Helper()
	p := pod(t, "securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532}\ncontainers:\n- {name: c"+more+"}")
	c := &p.Spec.Containers[0]
	c.Image, c.Command = image, []string{"/bin/sh", "-c", text}
	return p
}

func TestImageTable(t *testing.T) {
	for name, want := range map[string]string{
		awsImage: "aws", "registry.example/mirror/aws-cli@sha256:abc": "aws", gcloudImage: "gcloud", "google/cloud-sdk:slim": "gcloud", kubectlImage: "kubectl",
		"maximhq/bifrost:v1.4": "", "registry.example/my-aws-cli-like:1": "",
	} {
		content, known := imageOf(name)
		require.Equal(t, want != "", known, name)
		require.Equal(t, want, strings.Join(content.own, " "), name)
	}
}

func TestImages(t *testing.T) {
	a, _ := agent(t, nil)
	for _, image := range []string{awsImage, gcloudImage} {
		r := a.Run(t.Context(), script(t, image, `for c in sh base64 cat date curl aws gcloud kubectl; do command -v $c; done`, ""), RunOptions{})
		require.NoError(t, r.Err)
		want := "/usr/bin/sh\n/usr/bin/base64\n/usr/bin/cat\n/usr/bin/date\n" + map[string]string{awsImage: "/usr/bin/aws\n", gcloudImage: "/usr/bin/curl\n/usr/bin/gcloud\n"}[image]
		require.Equal(t, want, r.Containers[0].Log)
	}
	r := a.Run(t.Context(), script(t, gcloudImage, `gcloud auth x && curl --version && printf abc | base64 -w0`, ""), RunOptions{})
	require.NoError(t, r.Failure())
	require.Contains(t, r.Containers[0].Log, "gcloud auth x\ncurl ")
	require.Contains(t, r.Containers[0].Log, "YWJj")

	r = a.Run(t.Context(), script(t, kubectlImage, `exit 0`, ""), RunOptions{})
	require.ErrorContains(t, r.Failure(), `exit code 128: exec: "/bin/sh": no such file or directory`)
	require.False(t, r.Containers[0].Started)

	entrypoint := pod(t, "containers: [{name: c, image: '"+awsImage+"', args: [ecr, get-login-password]}]")
	r = a.Run(t.Context(), entrypoint, RunOptions{})
	require.NoError(t, r.Failure())
	require.Equal(t, "aws ecr get-login-password\n", r.Containers[0].Log)
}

func TestServerDoesNothing(t *testing.T) {
	a, _ := agent(t, nil)
	run, err := a.newRun(a.client, pod(t, "containers: [{name: c, image: 'maximhq/bifrost:v1.4'}]"), RunOptions{})
	require.NoError(t, err)
	made, err := run.prepare(t.Context(), &run.pod.Spec.Containers[0])
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, outcome{reason: "Completed"}, run.execute(ctx, &run.pod.Spec.Containers[0], made))
	require.Empty(t, made.spec.Args, "there is no process")
}

func TestEnvironment(t *testing.T) {
	a, _ := agent(t, nil)
	env := `, env: [
  {name: FIRST, value: one}, {name: SECOND, value: $(FIRST)-$(KUBERNETES_SERVICE_PORT)}, {name: KEPT, value: $$(FIRST) $(UNKNOWN)},
  {name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}, {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}},
  {name: ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}},
  {name: HIDDEN, valueFrom: {secretKeyRef: {name: hidden, key: key}}}, {name: SETTING, valueFrom: {configMapKeyRef: {name: settings, key: a}}},
  {name: ABSENT, valueFrom: {secretKeyRef: {name: nowhere, key: key, optional: true}}}],
  envFrom: [{prefix: P_, configMapRef: {name: settings}}]`
	r := a.Run(t.Context(), script(t, awsImage, `echo "$(SECOND)|$SECOND|$KEPT|$NS|$LABEL|$ACCOUNT|$NODE|$HIDDEN|$SETTING|${ABSENT-absent}|$P_a|$P_b|$MORE|$KUBERNETES_SERVICE_HOST"`, env),
		RunOptions{Env: map[string]string{"MORE": "more"}, APIServer: "127.0.0.1:7"})
	require.NoError(t, r.Failure())
	require.Equal(t, "one-7|one-7|$(FIRST) $(UNKNOWN)|place|x|refresher|node-1|value|first|absent|first|second|more|127.0.0.1\n", r.Containers[0].Log)

	for more, want := range map[string]string{
		`, env: [{name: X, valueFrom: {secretKeyRef: {name: hidden, key: other}}}]`:   "couldn't find key other in secret place/hidden",
		`, env: [{name: X, valueFrom: {configMapKeyRef: {name: nowhere, key: key}}}]`: "not found",
		`, envFrom: [{secretRef: {name: nowhere}}]`:                                   "not found",
		`, securityContext: {runAsUser: 0}`:                                           "container's runAsUser breaks non-root policy",
	} {
		r := a.Run(t.Context(), script(t, awsImage, "", more), RunOptions{})
		require.ErrorContains(t, r.Err, want)
		require.Empty(t, r.Containers)
	}
	unset := script(t, awsImage, "", "")
	unset.Spec.SecurityContext.RunAsUser = nil
	require.ErrorContains(t, a.Run(t.Context(), unset, RunOptions{}).Err, "container has runAsNonRoot and image will run as root")
}

func TestNetwork(t *testing.T) {
	const show = `echo "$HTTPS_PROXY $http_proxy $NO_PROXY ${AWS_CA_BUNDLE-none}"; [ -z "${CURL_CA_BUNDLE-}" ] || cat "$CURL_CA_BUNDLE"`
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, []byte("an authority"), 0o644))
	a, _ := agent(t, func(c *Config) {
		c.Network = func() (Network, error) { return Network{Proxy: "http://127.0.0.1:5", CAFile: ca}, nil }
	})
	require.Equal(t, "http://127.0.0.1:5 http://127.0.0.1:5 127.0.0.1,127.0.0.1,localhost "+caFile+"\nan authority", a.Run(t.Context(), script(t, awsImage, show, ""), RunOptions{}).Containers[0].Log)

	down, _ := agent(t, func(c *Config) {
		c.Network = func() (Network, error) { return Network{}, errors.New("no sandbox runs") }
	})
	require.Equal(t, nobody+" "+nobody+" 127.0.0.1,127.0.0.1,localhost none\n", down.Run(t.Context(), script(t, awsImage, show, ""), RunOptions{}).Containers[0].Log)
}

func TestVolumes(t *testing.T) {
	a, served := agent(t, nil)
	p := pod(t, `
securityContext: {runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532}
volumes:
- {name: work, emptyDir: {medium: Memory}}
- {name: settings, configMap: {name: settings, items: [{key: b, path: deep/b}]}}
- {name: hidden, secret: {secretName: hidden, defaultMode: 256}}
- name: all
  projected:
    defaultMode: 288
    sources:
    - serviceAccountToken: {audience: sts.amazonaws.com, expirationSeconds: 3600, path: token}
    - configMap: {name: settings}
    - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
initContainers:
- name: write
  image: `+awsImage+`
  command: [sh, -c, 'cat /s/deep/b /h/key /all/token /all/namespace > /work/made && echo x > /all/token']
  securityContext: {readOnlyRootFilesystem: true}
  volumeMounts: [{name: work, mountPath: /work}, {name: settings, mountPath: /s}, {name: hidden, mountPath: /h}, {name: all, mountPath: /all}]
containers:
- name: read
  image: `+gcloudImage+`
  command: [sh, -c, 'cat /work/made /sub; echo x > /work/made']
  volumeMounts: [{name: work, mountPath: /work, readOnly: true}, {name: all, mountPath: /sub, subPath: a}]
`)
	r := a.Run(t.Context(), p, RunOptions{})
	require.ErrorContains(t, r.Failure(), "Read-only file system", "a projected volume is nobody's to write")
	require.Equal(t, "write", r.Containers[0].Name)

	p.Spec.InitContainers[0].Command[2] = strings.TrimSuffix(p.Spec.InitContainers[0].Command[2], " && echo x > /all/token")
	r = a.Run(t.Context(), p, RunOptions{})
	require.Len(t, r.Containers, 2)
	require.Contains(t, r.Containers[1].Log, "secondvaluetoken for sts.amazonaws.complacefirst")
	require.Contains(t, r.Containers[1].Log, "/work/made: Read-only file system")
	require.EqualValues(t, 3600, *served.requests[0].Spec.ExpirationSeconds)
	require.Nil(t, served.requests[0].Spec.BoundObjectRef, "Run's pods do not exist")

	p.Spec.Volumes[1].ConfigMap.Name = "nowhere"
	require.ErrorContains(t, a.Run(t.Context(), p, RunOptions{}).Err, `MountVolume.SetUp failed for volume "settings"`)
	p.Spec.Volumes[1].ConfigMap.Name, p.Spec.Volumes[1].ConfigMap.Items[0].Key = "settings", "nothing"
	require.ErrorContains(t, a.Run(t.Context(), p, RunOptions{}).Err, "references non-existent configmap key: nothing")
}

// TestFSGroup needs files of root's.
func TestFSGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files that a container may not read")
	}
	a, _ := agent(t, nil)
	p := script(t, awsImage, `cat /v/key`, `, volumeMounts: [{name: v, mountPath: /v}]`)
	p.Spec.Volumes = pod(t, "volumes: [{name: v, secret: {secretName: hidden, defaultMode: 256}}]").Spec.Volumes
	require.NoError(t, a.Run(t.Context(), p, RunOptions{}).Failure())
	p.Spec.SecurityContext.FSGroup = nil
	require.ErrorContains(t, a.Run(t.Context(), p, RunOptions{}).Failure(), "Permission denied")
}

func TestPodIdentity(t *testing.T) {
	a, served := agent(t, func(c *Config) {
		c.PodIdentity = func(namespace, account string) bool { return namespace+"/"+account == "place/refresher" }
	})
	r := a.Run(t.Context(), script(t, awsImage, `echo "$AWS_CONTAINER_CREDENTIALS_FULL_URI"; cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"`, ""), RunOptions{})
	require.NoError(t, r.Failure())
	require.Equal(t, "http://169.254.170.23/v1/credentials\ntoken for pods.eks.amazonaws.com", r.Containers[0].Log)
	require.Len(t, served.requests, 1)

	p := script(t, awsImage, `echo "${AWS_CONTAINER_CREDENTIALS_FULL_URI-nothing}"`, "")
	p.Spec.ServiceAccountName = "other"
	require.Equal(t, "nothing\n", a.Run(t.Context(), p, RunOptions{}).Containers[0].Log)
}

func TestTerminationMessage(t *testing.T) {
	a, _ := agent(t, nil)
	for name, c := range map[string]struct{ text, policy, want string }{
		"file":             {`echo why > /dev/termination-log; exit 1`, "File", "why\n"},
		"no fallback":      {`echo log >&2; exit 1`, "File", ""},
		"fallback":         {`echo log >&2; exit 1`, "FallbackToLogsOnError", "log\n"},
		"file wins":        {`echo log; echo why > /dev/termination-log; exit 1`, "FallbackToLogsOnError", "why\n"},
		"not when it ends": {`echo log`, "FallbackToLogsOnError", ""},
	} {
		r := a.Run(t.Context(), script(t, awsImage, c.text, ", securityContext: {readOnlyRootFilesystem: true}, terminationMessagePolicy: "+c.policy), RunOptions{})
		require.NoError(t, r.Err, name)
		require.Equal(t, c.want, r.Containers[0].Message, name)
	}
	require.Len(t, lastLines(strings.Repeat("x", 5000)), fallbackBytes)
	require.Equal(t, 80, strings.Count(lastLines(strings.Repeat("x\n", 500)), "\n"))
}

func TestKilled(t *testing.T) {
	a, _ := agent(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(asked)
		<-r.Context().Done()
	}))
	defer server.Close()
	go func() { <-asked; cancel() }()
	started := time.Now()
	r := a.Run(ctx, script(t, gcloudImage, "curl --silent "+server.URL+"; echo survived", ""), RunOptions{})
	require.NoError(t, r.Err)
	require.Equal(t, 137, r.Containers[0].ExitCode)
	require.Empty(t, r.Containers[0].Log)
	require.Less(t, time.Since(started), 30*time.Second)
	require.ErrorIs(t, a.Run(ctx, script(t, gcloudImage, "", ""), RunOptions{}).Failure(), context.Canceled)

	gone := errors.New("killed between")
	p := script(t, awsImage, "exit 0", "")
	p.Spec.InitContainers = []corev1.Container{p.Spec.Containers[0]}
	p.Spec.InitContainers[0].Name = "first"
	r = a.Run(t.Context(), p, RunOptions{BeforeContainer: func(name string) error {
		if name == "c" {
			return gone
		}
		return nil
	}})
	require.ErrorIs(t, r.Err, gone)
	require.Len(t, r.Containers, 1)
}

// TestClaim: what a pod writes to a claimed volume the next pod reads, as another container's user.
func TestClaim(t *testing.T) {
	a, served := agent(t, nil)
	disk := filepath.Join(t.TempDir(), "disk")
	const claims, volumes = "/api/v1/namespaces/place/persistentvolumeclaims/", "/api/v1/persistentvolumes/"
	served.objects[claims+"data"] = corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{VolumeName: "v"}}
	served.objects[claims+"pending"] = corev1.PersistentVolumeClaim{}
	served.objects[volumes+"v"] = corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: disk}}}}
	run := func(claim, text string) Result {
		p := script(t, awsImage, text, ", volumeMounts: [{name: v, mountPath: /data}]")
		p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}
		return a.Run(t.Context(), p, RunOptions{})
	}
	require.NoError(t, run("data", "echo kept > /data/db").Failure())
	second := run("data", "cat /data/db")
	require.NoError(t, second.Failure())
	require.Equal(t, "kept\n", second.Containers[0].Log)
	require.ErrorContains(t, run("pending", "true").Err, `persistentvolumeclaim "pending" is not bound`)
	require.ErrorContains(t, run("none", "true").Err, "not found")
}

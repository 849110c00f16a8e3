package kubelet_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/kubelet"
	"bifrost/e2e/machine"
)

const pods = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  nodeName: node-1
  terminationGracePeriodSeconds: 0
  containers:
  - name: web
    image: docker.io/library/busybox:1.37
    command: [sh, -c, "mkdir /www; echo served > /www/index.html; echo started; exec httpd -f -v -p 8080 -h /www"]
    readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  nodeName: node-2
  terminationGracePeriodSeconds: 0
  containers: [{name: client, image: "docker.io/library/busybox:1.37", command: [sleep, "86400"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: asker}
spec:
  nodeName: node-1
  restartPolicy: Never
  containers: [{name: asker, image: "docker.io/rancher/kubectl:v1.36.3", args: [get, --raw, /version]}]
`

func TestPods(t *testing.T) {
	c := started(t)
	c.must(t, pods, "apply", "-f", "-")
	c.must(t, "", "wait", "--for=condition=Ready", "--timeout="+limit.String(), "pod/web", "pod/client")

	service, err := c.Client.CoreV1().Services("default").Get(t.Context(), "web", metav1.GetOptions{})
	require.NoError(t, err)
	// The other node's kube-proxy learns a moment later that the pod is ready.
	require.Eventually(t, func() bool {
		page, err := c.kubectl(t.Context(), "", "exec", "client", "--", "timeout", "30", "wget", "-qO-", "http://"+service.Spec.ClusterIP)
		return err == nil && page == "served\n"
	}, limit, 200*time.Millisecond)
	require.Contains(t, c.must(t, "", "logs", "web"), "started\n")

	c.must(t, "", "wait", "--for=jsonpath={.status.phase}=Succeeded", "--timeout="+limit.String(), "pod/asker")
	require.Contains(t, c.must(t, "", "logs", "asker"), "gitVersion", "pods reach the API server")
}

// A node's programs can crash: its containers go on, and it finds them again.
func TestPrograms(t *testing.T) {
	c := started(t)
	c.run(t, "staying", "node-2", `sleep 86400`)
	node := c.Nodes[1]
	for _, program := range []string{kubelet.Kubelet, kubelet.Containerd, kubelet.KubeProxy} {
		node.Kill(program)
	}
	for _, program := range []string{kubelet.Containerd, kubelet.Kubelet, kubelet.KubeProxy} {
		require.NoError(t, node.Launch(program))
	}
	require.Eventually(t, func() bool {
		out, err := c.kubectl(t.Context(), "", "exec", "staying", "--", "true")
		return err == nil && out == ""
	}, limit, 200*time.Millisecond)
	require.Equal(t, "0", c.must(t, "", "get", "pod", "staying", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"))
}

// A node that loses power takes its containers with it, and nobody else's; another one takes its name and address.
func TestStop(t *testing.T) {
	c := started(t)
	config := kubelet.Config{Cluster: c.Plane, Network: c.Network, Number: 3, OutsideCA: c.CA}
	node, err := kubelet.Start(t.Context(), config)
	require.NoError(t, err)
	c.run(t, "left", "node-1", `sleep 86400`)
	c.run(t, "lost", "node-3", `sleep 111222`)
	require.Len(t, processes(t, "sleep\x00111222"), 1)
	node.Stop()
	require.Empty(t, processes(t, "sleep\x00111222"))
	require.Empty(t, c.must(t, "", "exec", "left", "--", "true"))

	c.must(t, "", "delete", "node", "node-3")
	node, err = kubelet.Start(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() {
		node.Stop()
		_, err := c.kubectl(context.Background(), "", "delete", "node", "node-3")
		require.NoError(t, err)
	})
	c.run(t, "after", "node-3", `sleep 86400`)
}

// nestedVariable holds the test program that a test starts on a machine within its own.
const nestedVariable = "BIFROST_KUBELET_NESTED"

// A run with pods is killed: nothing stays of it.
func TestNothingStays(t *testing.T) {
	if os.Getenv(nestedVariable) != "" {
		c := started(t)
		c.run(t, "running", "node-1", `sleep 333444`)
		fmt.Println("\nmade", machine.Folder())
		select {}
	}
	before := places(t)
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestNothingStays$")
	cmd.Env = append(os.Environ(), nestedVariable+"=yes")
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var folder string
	for lines := bufio.NewScanner(pipe); folder == "" && lines.Scan(); {
		_, folder, _ = strings.Cut(lines.Text(), "made ")
	}
	require.NotEmpty(t, folder)
	remains, err := machine.Remains(folder)
	require.NoError(t, err)
	require.Contains(t, strings.Join(remains, "\n"), "/kubepods/")
	require.Len(t, processes(t, "sleep\x00333444"), 1)

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool {
		remains, err := machine.Remains(folder)
		return err == nil && len(remains) == 0
	}, limit, 50*time.Millisecond)
	require.Empty(t, processes(t, "sleep\x00333444"))
	require.Equal(t, before, places(t))
}

// places are where programs of a node could put what is theirs.
func places(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"/*", "/etc/*", "/opt/*", "/root/.*", "/run/*", "/usr/*/*", "/var/lib/*", "/var/log/*"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		all = append(all, found...)
	}
	return all
}

// run has a pod with a command run on a node until the test ends.
func (c *cluster) run(t *testing.T, name, node, command string) {
	t.Helper()
	c.must(t, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  nodeName: %s
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "docker.io/library/busybox:1.37", command: [sh, -c, %q]}]
`, name, node, "exec "+command), "apply", "-f", "-")
	t.Cleanup(func() { _, _ = c.kubectl(context.Background(), "", "delete", "pod", name, "--wait=false") })
	c.must(t, "", "wait", "--for=condition=Ready", "--timeout="+limit.String(), "pod/"+name)
}

// processes are those of this machine whose arguments are these, with a zero byte between two.
func processes(t *testing.T, arguments string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	return slices.DeleteFunc(all, func(file string) bool {
		text, _ := os.ReadFile(file)
		return strings.TrimSuffix(string(text), "\x00") != arguments
	})
}

func TestNodes(t *testing.T) {
	c := started(t)
	nodes, err := c.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	zones := map[string]string{}
	for _, node := range nodes.Items {
		zones[node.Name] = node.Labels[corev1.LabelTopologyZone]
	}
	require.Equal(t, map[string]string{"node-1": "zone-a", "node-2": "zone-b"}, zones)
}

package kubelet

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
`

func TestPods(t *testing.T) {
	c := started(t)
	c.must(t, pods, "apply", "-f", "-")
	c.must(t, "", "wait", "--for=condition=Ready", "--timeout=120s", "pod/web", "pod/client")

	service, err := c.client.CoreV1().Services("default").Get(t.Context(), "web", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "served\n", c.must(t, "", "exec", "client", "--", "timeout", "30", "wget", "-qO-", "http://"+service.Spec.ClusterIP))
	require.Contains(t, c.must(t, "", "logs", "web"), "started\n")

	kubernetes, err := c.client.CoreV1().Services("default").Get(t.Context(), "kubernetes", metav1.GetOptions{})
	require.NoError(t, err)
	_, err = c.kubectl(t.Context(), "", "exec", "client", "--", "timeout", "30", "wget", "-qO-", "https://"+kubernetes.Spec.ClusterIP)
	require.ErrorContains(t, err, "401", "the API server answers pods")
}

func TestNodes(t *testing.T) {
	c := started(t)
	nodes, err := c.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	zones := map[string]string{}
	for _, node := range nodes.Items {
		zones[node.Name] = node.Labels[corev1.LabelTopologyZone]
	}
	require.Equal(t, map[string]string{"node-1": "zone-a", "node-2": "zone-b"}, zones)
}

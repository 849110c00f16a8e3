package addons

import (
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// TestObjects reads what is applied, and looks at what depends on the cluster.
func TestObjects(t *testing.T) {
	text, err := DNS{Address: netip.MustParseAddr("10.96.0.10"), Outside: netip.MustParseAddr("203.0.113.7")}.text()
	require.NoError(t, err)
	byKind := map[string]*unstructured.Unstructured{}
	for decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096); ; {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		byKind[object.GetKind()] = object
	}
	var configuration corev1.ConfigMap
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(byKind["ConfigMap"].Object, &configuration))
	require.Contains(t, configuration.Data["Corefile"], `answer "{{ .Name }} 60 IN A 203.0.113.7"`)
	require.Contains(t, configuration.Data["Corefile"], "IN A metadata.google.internal {\n"+
		`        answer "{{ .Name }} 60 IN A 169.254.169.254"`)
	var service corev1.Service
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(byKind["Service"].Object, &service))
	require.Equal(t, "10.96.0.10", service.Spec.ClusterIP)
}

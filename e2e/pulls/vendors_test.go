package pulls

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"bifrost/e2e/images"
)

// TestVendorsCLIs: the images of the CLIs that are installed here run on the node, as the refresher's user on a read-only root.
func TestVendorsCLIs(t *testing.T) {
	for reference, program := range map[string]string{images.AWSVendor: "aws", images.GoogleVendor: "gcloud"} {
		t.Run(program, func(t *testing.T) {
			version := images.Vendor(reference)
			if version == "" {
				t.Skip("not installed here")
			}
			c := started(t)
			user, yes := int64(65532), true
			c.podWith(t, "vendor-"+program, corev1.Container{Image: reference, Command: []string{program, "--version"},
				Env:             []corev1.EnvVar{{Name: "CLOUDSDK_CONFIG", Value: "/dev/shm/gcloud"}, {Name: "HOME", Value: "/dev/shm"}},
				SecurityContext: &corev1.SecurityContext{RunAsUser: &user, RunAsNonRoot: &yes, ReadOnlyRootFilesystem: &yes}})
			phase, log := c.ended(t, "vendor-"+program)
			require.Equal(t, corev1.PodSucceeded, phase, log)
			name, _, _ := strings.Cut(version, " Python")
			require.Contains(t, log, name)
		})
	}
}

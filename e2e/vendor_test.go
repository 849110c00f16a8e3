package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"bifrost/e2e/images"
)

// testVendorCLI: the refresh works with the vendor's own CLI, where this machine has it.
func testVendorCLI(t *testing.T, s *site, l *login) {
	image := images.GoogleVendor
	if l == ecrLogin {
		image = images.AWSVendor
	}
	version := images.Vendor(image)
	if version == "" {
		t.Skip("neither AWS CLI version 2 (for aws-dev) nor the Google Cloud CLI (for azure-dev) is installed here: only the stand-in was tried")
	}
	before := pullSecret(t, s, l)
	require.NoError(t, s.refresh(t.Context(), l, "vendor", func(p *corev1.PodSpec) { p.InitContainers[0].Image = image }))
	require.NotEqual(t, before.Data, pullSecret(t, s, l).Data)
	report.add("Refreshed with the vendor's own CLI, "+s.stack, version)
}

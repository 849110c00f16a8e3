package pulls_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud/hop"
)

// TestRegistryHosts: an image is pulled under every host that its registry has, in every way, and the pull Secret is for that host.
func TestRegistryHosts(t *testing.T) {
	t.Parallel()
	const (
		dual   = "444455556666.dkr-ecr.us-east-1.on.aws/acme-hub:2.1.0"
		fips   = "444455556666.dkr.ecr-fips.us-east-1.amazonaws.com/acme-hub:2.1.0"
		rep    = "docker.europe-west1.rep.pkg.dev/bifrost-dist/acme-hub/bifrost:2.1.0"
		former = "eu.gcr.io/bifrost-dist/acme-hub:2.1.0"
	)
	for image, ways := range map[string][]stacktest.Way{
		dual:   {stacktest.RefreshIRSA, stacktest.PodIdentity, stacktest.PullNode, stacktest.PullKubelet, stacktest.OnECS},
		fips:   {stacktest.RefreshIRSA, stacktest.OnECS},
		rep:    {stacktest.TrustAKS, stacktest.OwnFederation, stacktest.OnGKE, stacktest.GKENode},
		former: {stacktest.TrustAKS, stacktest.OwnFederation, stacktest.OnGKE, stacktest.GKENode},
	} {
		for _, way := range ways {
			t.Run(way.Name+"/"+image, func(t *testing.T) {
				t.Parallel()
				way.InFile = append([]string{"registry.image=" + image}, way.InFile...)
				s := way.Start(t)
				s.Engine.MustUp()
				stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			})
		}
	}
}

// TestPullThroughCache: the first pull through a cache imports the image, which takes rights of its own; later ones do not.
func TestPullThroughCache(t *testing.T) {
	t.Parallel()
	for _, way := range []stacktest.Way{stacktest.RefreshIRSA, stacktest.PullNode, stacktest.PullKubelet, stacktest.OnECS} {
		way.InFile = []string{"registry.pullThroughCache=true", "registry.image=111122223333.dkr.ecr.us-east-1.amazonaws.com/hub/acme-hub:2.1.0"}
		t.Run(way.Name, func(t *testing.T) {
			t.Parallel()
			s := way.Start(t)
			s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
		})
		t.Run(way.Name+"/without the right", func(t *testing.T) {
			t.Parallel()
			s := way.Start(t)
			s.Set("registry.pullThroughCache=false")
			up := s.Engine.Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), fmt.Sprintf("%s: %s: ", hop.Ecr, hop.NoPullPermission))
			require.Contains(t, up.Messages(), "ecr:BatchImportUpstreamImage")
		})
	}
}

// TestDualStackBehindEndpoints: no VPC endpoint leads to a host that answers over IPv6, too.
func TestDualStackBehindEndpoints(t *testing.T) {
	t.Parallel()
	way := stacktest.OnECS
	way.InFile = []string{"registry.image=444455556666.dkr-ecr.us-east-1.on.aws/acme-hub:2.1.0"}
	s := way.Start(t)
	edits.With("aws:ec2/routeTable:RouteTable", "", "routes=[]")(t, s.World)
	refused := s.Engine.Preview()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), "no VPC endpoint leads to 444455556666.dkr-ecr.us-east-1.on.aws")
	require.Contains(t, refused.Messages(), "write the same image at 444455556666.dkr.ecr.us-east-1.amazonaws.com in registry.image")
}

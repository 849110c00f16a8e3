package aws_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services"
	"bifrost/bifrostctl/world"
)

// TestMetadataService: AWS's own client gets a node's credentials there, with a token of version 2, and none where no node has a role.
func TestMetadataService(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		roles []string
		want  string
	}{
		"a role":  {roles: []string{"dev-node", "other-node"}},
		"no role": {want: "no EC2 IMDS role found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := served.New()
			w.SeedAWS(world.AWSAccount{ID: "111122223333", EKS: []world.EKSCluster{{Name: "dev", Region: "us-east-1", Version: "1.34", NodeRoles: c.roles}}})
			require.NoError(t, services.Start(w))
			defer func() { require.NoError(t, services.Stop(w)) }()
			client := imds.New(imds.Options{HTTPClient: w.Network.Client(), ClientEnableState: imds.ClientEnabled})
			got, err := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client }).Retrieve(t.Context())
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.NotEmpty(t, got.SessionToken)
			require.True(t, got.CanExpire)

			bare, err := w.Network.Client().Get("http://169.254.169.254/latest/meta-data/iam/security-credentials/")
			require.NoError(t, err)
			require.NoError(t, bare.Body.Close())
			require.Equal(t, http.StatusUnauthorized, bare.StatusCode, "not without a token")
		})
	}
}

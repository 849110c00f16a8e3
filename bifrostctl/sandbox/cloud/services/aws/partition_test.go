package aws_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/stretchr/testify/require"

	"bifrost/internal/partition"
)

// TestPartitionsOfTheSdk: the endpoint rules of AWS's own client have the same domains for each partition.
func TestPartitionsOfTheSdk(t *testing.T) {
	t.Parallel()
	regions := map[string]string{
		"aws": "eu-west-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1",
		"aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1", "aws-eusc": "eusc-de-east-1",
	}
	require.Len(t, partition.All(), len(regions))
	host := func(region string, dualStack bool) string {
		endpoint, err := ecr.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(),
			ecr.EndpointParameters{Region: aws.String(region), UseDualStack: aws.Bool(dualStack)})
		require.NoError(t, err, region)
		return endpoint.URI.Hostname()
	}
	for name, region := range regions {
		of := partition.Of(region)
		require.Equal(t, name, of.Name)
		require.Equal(t, of, partition.Named(name))
		require.Equal(t, "api.ecr."+region+"."+of.DnsSuffix, host(region, false))
		require.Regexp(t, `^(api\.)?ecr\.`+region+`\.`+of.DualStackSuffix+`$`, host(region, true))
	}
}

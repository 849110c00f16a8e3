package check_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

func TestRegions(t *testing.T) {
	t.Parallel()
	p := field.NewPath("at")
	for _, region := range append(check.AwsRegions, "eu-central-3", "th-southeast-1", "nz-north-1") {
		require.Empty(t, check.AwsRegion(p, region))
	}
	for region, want := range map[string]string{
		"eu-centrl-1": "did you mean eu-central-1?", "us-esat-1": "did you mean us-east-1?", "ap-nort-1": "no region of AWS",
		"us-east1": "an AWS region such as us-east-1", "": "Required",
	} {
		require.ErrorContains(t, check.AwsRegion(p, region).ToAggregate(), want, region)
	}
	for _, region := range append(check.AzureRegions, "eastus3", "finlandcentral", "southeurope") {
		require.Empty(t, check.AzureRegion(p, region))
	}
	for region, want := range map[string]string{
		"westeurop": "did you mean westeurope?", "wsteurope": "did you mean westeurope?", "eatus2": "did you mean eastus2?",
		"West Europe": "programmatic name", "": "Required",
	} {
		require.ErrorContains(t, check.AzureRegion(p, region).ToAggregate(), want, region)
	}
	require.Empty(t, check.UnknownRegion("eu-west-1", check.AwsRegions))
	require.Empty(t, check.UnknownRegion("", check.AwsRegions))
	require.Contains(t, check.UnknownRegion("eu-wset-1", check.AwsRegions), "did you mean eu-west-1?")
	require.NotContains(t, check.UnknownRegion("finlandcentral", check.AzureRegions), "did you mean")
	for location, region := range map[string]string{"europe-west1": "europe-west1", "europe-west1-b": "europe-west1", "": ""} {
		require.Equal(t, region, check.GoogleRegionOf(location))
		require.Empty(t, check.UnknownRegion(check.GoogleRegionOf(location), check.GoogleRegions))
	}
}

// TestAwsRegionsAreTheSDKs reads the table of the SDK.
func TestAwsRegionsAreTheSDKs(t *testing.T) {
	t.Parallel()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal", "endpoints", "awsrulesfn", "partitions.json"))
	require.NoError(t, err)
	var theirs []string
	for _, m := range regexp.MustCompile(`"([a-z]+(?:-[a-z]+)+-\d+)" : \{`).FindAllStringSubmatch(string(text), -1) {
		theirs = append(theirs, m[1])
	}
	require.ElementsMatch(t, theirs, check.AwsRegions)
}

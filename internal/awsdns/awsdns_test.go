package awsdns

import (
	"testing"

	"bifrost/internal/sdksource"
)

// TestAsTheSDK: names of the type, its properties and the look-up are the provider's.
func TestAsTheSDK(t *testing.T) {
	t.Parallel()
	sdk := sdksource.Find(t, "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53")
	sdk.Require(t, "record.go", recordType, "recordArgs", recordArgs{})
	sdk.Require(t, "pulumiTypes*.go", "", "RecordAlias", recordAlias{})
	sdk.Require(t, "getZone.go", getZone, "LookupZoneArgs", zoneArgs{})
	sdk.Require(t, "getZone.go", getZone, "LookupZoneArgs", privateZoneArgs{})
	sdk.Require(t, "getZone.go", getZone, "LookupZoneResult", Zone{})
}

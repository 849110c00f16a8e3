package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Regions of AWS (aws-sdk-go-v2, internal/endpoints/awsrulesfn, partitions.json), of Azure ("List of Azure regions", programmatic names)
// and of Google Cloud (Compute Engine, "Regions and zones"). Clouds open new ones: a name that is not among them is no error by itself.
var (
	AwsRegions = strings.Fields(`af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
		ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
		eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1
		mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2 cn-north-1 cn-northwest-1 eusc-de-east-1 us-iso-east-1 us-iso-west-1
		us-isob-east-1 us-isob-west-1 eu-isoe-west-1 us-isof-east-1 us-isof-south-1 us-gov-east-1 us-gov-west-1`)
	AzureRegions = strings.Fields(`
		australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth
		brazilsoutheast canadacentral canadaeast centralindia centralus chilecentral denmarkeast eastasia eastus eastus2
		francecentral francesouth germanynorth germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest
		jioindiacentral jioindiawest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth northcentralus
		northeurope norwayeast norwaywest polandcentral qatarcentral southafricanorth southafricawest southcentralus
		southeastasia southindia spaincentral swedencentral swedensouth switzerlandnorth switzerlandwest uaecentral uaenorth
		uksouth ukwest westcentralus westeurope westindia westus westus2 westus3 usgovarizona usgovtexas usgovvirginia chinaeast
		chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3`)
	GoogleRegions = strings.Fields(`africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1
		asia-south2 asia-southeast1 asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 europe-north1 europe-north2
		europe-southwest1 europe-west1 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 europe-west10
		europe-west12 me-central1 me-central2 me-west1 northamerica-northeast1 northamerica-northeast2 northamerica-south1
		southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4`)
)

// googleZone is the letter behind the region in the name of a zone of Google Cloud.
var googleZone = regexp.MustCompile(`-[a-z]$`)

// GoogleRegionOf is the region of a region or of a zone.
func GoogleRegionOf(location string) string { return googleZone.ReplaceAllString(location, "") }

// compass is the word before the number of every region of AWS.
var compass = regexp.MustCompile(`-(central|(north|south)?(east|west)?)-\d+$`)

// AwsRegion checks the form of a region's name, and that its word before the number is a point of the compass or central, as in all that
// there are.
func AwsRegion(p *field.Path, region string) field.ErrorList {
	errs := Required(p, region, Region)
	if len(errs) > 0 || compass.MatchString(region) && !strings.Contains(region, "--") {
		return errs
	}
	return field.ErrorList{field.Invalid(p, region, "no region of AWS is called so"+didYouMean(region, AwsRegions))}
}

// AzureRegion checks the form of a region's programmatic name, and that it is none that there is with one letter wrong.
func AzureRegion(p *field.Path, location string) field.ErrorList {
	errs := Required(p, location, AzureLocation)
	if nearest, away := nearestRegion(location, AzureRegions); len(errs) == 0 && away == 1 &&
		strings.Trim(nearest, "0123456789") != strings.Trim(location, "0123456789") {
		return field.ErrorList{field.Invalid(p, location, "no region of Azure is called so; did you mean "+nearest+"?")}
	}
	return errs
}

// UnknownRegion says of a region that is not among the known ones which one may be meant; empty of a known one.
func UnknownRegion(region string, known []string) string {
	if region == "" || slices.Contains(known, region) {
		return ""
	}
	return region + " is none of the regions that were there when this version was made" + didYouMean(region, known)
}

func didYouMean(region string, known []string) string {
	if nearest, away := nearestRegion(region, known); away <= 2 {
		return "; did you mean " + nearest + "?"
	}
	return ""
}

func nearestRegion(region string, known []string) (nearest string, away int) {
	return closest(known, func(name string) int { return levenshtein.Distance(region, name, nil) })
}

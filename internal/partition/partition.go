// Package partition knows the partitions of AWS: the separate clouds that share nothing but the form of their names.
package partition

import (
	"slices"
	"strings"
)

// Partition is one of them.
type Partition struct {
	// Name is the one in ARNs, such as aws-cn.
	Name string
	// DnsSuffix ends the names of its service endpoints, and DualStackSuffix of those that answer over IPv6, too.
	DnsSuffix, DualStackSuffix string
	// regions is how the names of its regions begin.
	regions string
}

// partitions are from AWS's own table (aws-sdk-go-v2, internal/endpoints/awsrulesfn, partitions.json). The last has all other regions.
var partitions = []Partition{
	{"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-"},
	{"aws-us-gov", "amazonaws.com", "api.aws", "us-gov-"},
	{"aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-"},
	{"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-"},
	{"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-"},
	{"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-"},
	{"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-"},
	{"aws", "amazonaws.com", "api.aws", ""},
}

// Of is the partition of a region.
func Of(region string) Partition {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.regions) {
			return p
		}
	}
	return Partition{}
}

// Named is the partition of a name.
func Named(name string) Partition {
	for _, p := range partitions {
		if p.Name == name {
			return p
		}
	}
	return Partition{}
}

// All are all of them.
func All() []Partition { return slices.Clone(partitions) }

// Registries ends the hosts of Amazon ECR's registries that answer over IPv6, too: on.aws where services have api.aws (amazon-ecs-agent,
// ecs-agent/ecr, ECRDualStackImagePattern, has one of each partition).
func (p Partition) Registries() string { return "on." + strings.TrimPrefix(p.DualStackSuffix, "api.") }

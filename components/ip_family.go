package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// Families of addresses.
const (
	IPv4 = "IPv4"
	IPv6 = "IPv6"

	// HostVariable is the address that the gateway listens on; by default 0.0.0.0, which is IPv4 alone. The unspecified address of IPv6
	// takes both, so that checks on 127.0.0.1 go on.
	HostVariable = "APP_HOST"
	anyHost      = "::"
)

// validateIpFamily refuses other families, and a second word on where the gateway listens.
func validateIpFamily(family string, given ...map[string]bool) field.ErrorList {
	p := field.NewPath("ipFamily")
	errs := check.OneOf(p, family, IPv4, IPv6)
	for _, variables := range given {
		if family != "" && variables[HostVariable] {
			return append(errs, field.Forbidden(p, "says where the gateway listens, and "+HostVariable+" says it, too; remove one of them"))
		}
	}
	return errs
}

// serviceFamilies leave the choice to the cluster where none is made.
func (a *BifrostWorkloadArgs) serviceFamilies() pulumi.StringArrayInput {
	if a.IpFamily == "" {
		return nil
	}
	return pulumi.ToStringArray([]string{a.IpFamily})
}

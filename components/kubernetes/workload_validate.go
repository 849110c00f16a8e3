package kubernetes

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/gateway"
)

// Validate reports every problem of the arguments, at p and below it.
func (a *BifrostWorkloadArgs) Validate(p *field.Path) field.ErrorList {
	errs := a.application().validate(p, a.Image, a.ImagePullPolicy)
	errs = append(errs, a.validateConfig(p)...)
	errs = append(errs, a.validateVariables(p)...)
	errs = append(errs, a.validateIdentity(p)...)
	errs = append(errs, a.validateResources(p)...)
	errs = append(errs, a.validateStorage(p)...)
	errs = append(errs, a.validateReplicas(p)...)
	errs = append(errs, a.validateTimes(p)...)
	errs = append(errs, a.validateMigration(p.Child("migrationJob"))...)
	errs = append(errs, gateway.ValidateIpFamily(p.Child("ipFamily"), a.IpFamily, a.given())...)
	errs = append(errs, a.Scheduling.Validate(p.Child("scheduling"))...)
	errs = append(errs, a.Clustering.Validate(p.Child("clustering"))...)
	errs = append(errs, a.Service.Validate(p.Child("service"))...)
	errs = append(errs, a.Ingress.Validate(p.Child("ingress"))...)
	errs = append(errs, a.validateGceBackend(p)...)
	errs = append(errs, a.HttpRoute.Validate(p.Child("httpRoute"))...)
	errs = append(errs, a.validateNetwork(p.Child("networkPolicy"))...)
	errs = append(errs, a.Monitoring.Validate(p.Child("monitoring"))...)
	errs = append(errs, check.Labels(p.Child("labels"), a.Labels)...)
	errs = append(errs, check.Labels(p.Child("podLabels"), a.PodLabels)...)
	errs = append(errs, check.Annotations(p.Child("annotations"), a.Annotations)...)
	errs = append(errs, check.Annotations(p.Child("podAnnotations"), a.PodAnnotations)...)
	errs = append(errs, check.Labels(p.Child("selector"), a.Selector)...)
	for _, label := range slices.Sorted(maps.Keys(a.application().own())) {
		if _, taken := a.PodLabels[label]; taken {
			errs = append(errs, field.Forbidden(p.Child("podLabels").Key(label), "it is in the selector; set name or selector instead"))
		}
	}
	return errs
}

// validateResources refuses what is no quantity, and a request above its limit.
func (a *BifrostWorkloadArgs) validateResources(p *field.Path) field.ErrorList {
	requests, limits := a.requests(), a.limits()
	var errs field.ErrorList
	for _, r := range []struct {
		name, request, limit string
		valid                func(*field.Path, string) field.ErrorList
	}{
		{"cpu", requests.cpu, limits.cpu, check.Quantity},
		{"memory", requests.memory, limits.memory, check.Bytes},
		{"ephemeralStorage", requests.ephemeralStorage, limits.ephemeralStorage, check.Bytes},
	} {
		errs = append(errs, r.valid(p.Child(r.name+"Request"), r.request)...)
		errs = append(errs, r.valid(p.Child(r.name+"Limit"), r.limit)...)
		errs = append(errs, check.NotAbove(p.Child(r.name+"Request"), r.request, r.limit)...)
	}
	return errs
}

// application is what the gateway's objects share.
func (a *BifrostWorkloadArgs) application() application {
	return application{cmp.Or(a.Name, DefaultNamespace), a.Selector, a.Namespace, a.Labels, a.Annotations}
}

func (a *BifrostWorkloadArgs) requests() amounts {
	return amounts{
		cpu:              cmp.Or(a.CpuRequest, DefaultCpuRequest),
		memory:           cmp.Or(a.MemoryRequest, DefaultMemoryRequest),
		ephemeralStorage: cmp.Or(a.EphemeralStorageRequest, DefaultEphemeralStorageRequest),
	}
}

func (a *BifrostWorkloadArgs) limits() amounts {
	return amounts{
		cpu:              cmp.Or(a.CpuLimit, DefaultCpuLimit),
		memory:           cmp.Or(a.MemoryLimit, DefaultMemoryLimit),
		ephemeralStorage: cmp.Or(a.EphemeralStorageLimit, DefaultEphemeralStorageLimit),
	}
}

package stacks

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
)

// checker collects problems.
type checker struct{ problems field.ErrorList }

func (k *checker) add(problems ...*field.Error) { k.problems = append(k.problems, problems...) }

// forbid refuses the keys below parent that are set, in their order.
func (k *checker) forbid(parent, why string, keys map[string]bool) {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] {
			k.add(field.Forbidden(field.NewPath(parent).Child(key), why))
		}
	}
}

// validate reports every problem of what decoded.
func (c *Config) validate() field.ErrorList {
	k := &checker{}
	platform, known := platforms[c.Platform]
	switch {
	case c.Platform == "":
		k.add(field.Required(field.NewPath("platform"), "one of "+strings.Join(platformNames(), ", ")))
	case !known:
		k.add(check.NotSupported(field.NewPath("platform"), c.Platform, platformNames()))
	default:
		k.unused(c, platform)
		platform.validate(c, k)
	}
	if c.Rollout == "" {
		k.add(field.Required(field.NewPath("rollout"), strings.Join(c.Rollout.Values(), " or ")))
	}
	k.add(oneOf(field.NewPath("rollout"), c.Rollout)...)
	k.add(check.Optional(field.NewPath("namePrefix"), c.NamePrefix, check.NamePrefix)...)
	k.add(check.Labels(field.NewPath("labels"), c.Labels)...)
	c.validateMirror(k)
	c.validateRegistryKey(k)
	c.validateNetwork(k)
	c.validateAgreed(k)
	c.validateAdopt(k)
	c.validateRefresher(k)
	c.validateGateway(k)
	c.validateStrings(k)
	return k.problems
}

// checkImage checks the image, and that its registry is of the kind that the platform pulls from.
func (c *Config) checkImage(k *checker, required bool, fits func(image.Reference) bool, want string) {
	p := field.NewPath("registry", "image")
	if c.Registry.Image == "" {
		if required {
			k.add(field.Required(p, want))
		}
		return
	}
	switch {
	case c.imageProblem != nil:
		k.add(field.Invalid(p, c.Registry.Image, c.imageProblem.Error()))
	case !c.Registry.Mirror && !fits(c.image):
		k.add(field.Invalid(p, c.Registry.Image, "not of this platform's registry; write "+want))
	}
}

// platformObjects are the objects of the configuration that not every platform reads, and whether the stack file has them.
var platformObjects = map[string]func(*Config) bool{
	"aws": func(c *Config) bool { return c.written.Aws != nil }, "eks": func(c *Config) bool { return c.Eks != nil },
	"ecs": func(c *Config) bool { return c.Ecs != nil }, "azure": func(c *Config) bool { return c.written.Azure != nil },
	"aks": func(c *Config) bool { return c.Aks != nil }, "google": func(c *Config) bool { return c.written.Google != nil },
	"gke": func(c *Config) bool { return c.Gke != nil }, "gcp": func(c *Config) bool { return c.Gcp != nil },
	"kubernetes": func(c *Config) bool { return c.Kubernetes != nil },
}

// unused refuses objects that the platform does not read.
func (k *checker) unused(c *Config, on platform) {
	for _, name := range slices.Sorted(maps.Keys(platformObjects)) {
		if platformObjects[name](c) && !slices.Contains(on.objects, name) {
			k.add(field.Forbidden(field.NewPath(name), "platform "+c.Platform+" does not read it; remove it"))
		}
	}
}

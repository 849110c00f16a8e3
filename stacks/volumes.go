package stacks

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
	"bifrost/internal/check"
)

// validateVolumes checks what no piece of the Kubernetes API tells by itself: that every mount is of a volume of the pods, each volume has
// a name of its own, and no path is mounted twice (Kubernetes, pkg/apis/core/validation, ValidateVolumes and ValidateVolumeMounts).
func (g *Gateway) validateVolumes(k *checker) {
	p := field.NewPath("gateway")
	names := kubernetes.GatewayVolumes()
	for i, volume := range g.ExtraVolumes {
		if slices.Contains(names, volume.Name) {
			k.add(field.Invalid(p.Child("extraVolumes").Index(i).Child("name"), volume.Name, "another volume of the pods has this name; "+
				"write another one"))
		}
		names = append(names, volume.Name)
	}
	k.mounts(p.Child("extraVolumeMounts"), g.ExtraVolumeMounts, names)
	for key, containers := range map[string][]corev1.Container{"extraContainers": g.ExtraContainers, "initContainers": g.InitContainers} {
		for i, of := range containers {
			k.mounts(p.Child(key).Index(i).Child("volumeMounts"), of.VolumeMounts, names)
		}
	}
}

// printable is a path without blanks at its ends, control characters and letters of other scripts, in which Kubernetes wants no colon.
var printable = regexp.MustCompile(`^[\x21-\x39\x3b-\x7e]([\x20-\x39\x3b-\x7e]*[\x21-\x39\x3b-\x7e])?$`)

// mounts checks those of one container; names are the volumes that there are.
func (k *checker) mounts(p *field.Path, mounts []corev1.VolumeMount, names []string) {
	taken := map[string]bool{}
	for i, mount := range mounts {
		at := p.Index(i)
		if mount.Name != "" && !slices.Contains(names, mount.Name) {
			k.add(field.Invalid(at.Child("name"), mount.Name, "no volume of the pods; one of "+strings.Join(names, ", ")))
		}
		switch to := mount.MountPath; {
		case to == "":
		case !path.IsAbs(to) || path.Clean(to) != to || !printable.MatchString(to):
			k.add(field.Invalid(at.Child("mountPath"), to, "an absolute path, without a slash at its end, such as /etc/ssl/own"))
		case taken[to]:
			k.add(field.Duplicate(at.Child("mountPath"), to))
		}
		taken[mount.MountPath] = true
	}
}

// named checks the name of an object that a piece of the Kubernetes API must have.
func named(p *field.Path, name *string, what string) field.ErrorList {
	if name == nil || *name == "" {
		return field.ErrorList{field.Required(p, fmt.Sprintf("the name of a %s", what))}
	}
	return check.Subdomain(p, *name)
}

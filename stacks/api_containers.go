package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/internal/check"
)

// containerRules are those of containers, volumes and rules of network policies.
func containerRules(p *field.Path, part any) field.ErrorList {
	switch of := part.(type) {
	case corev1.Container:
		return container(p, of)
	case corev1.ContainerPort:
		errs := check.IfSet(p.Child("name"), ptr.Deref(of.Name, ""), check.PortName)
		return append(errs, check.Port(p.Child("containerPort"), of.ContainerPort)...)
	case corev1.Probe:
		return probe(p, of)
	case corev1.LifecycleHandler:
		return exactlyOne(p, "exec, httpGet, sleep, tcpSocket", givenKeys(of))
	case corev1.HTTPGetAction:
		return port(p.Child("port"), of.Port)
	case corev1.TCPSocketAction:
		return port(p.Child("port"), of.Port)
	case corev1.GRPCAction:
		return check.Port(p.Child("port"), of.Port)
	case corev1.EnvVar:
		return variable(p, of)
	case corev1.EnvFromSource:
		return exactlyOne(p, "configMapRef, secretRef", slices.DeleteFunc(givenKeys(of), func(key string) bool { return key == "prefix" }))
	case corev1.ResourceRequirements:
		return resources(p, of)
	case corev1.SecurityContext:
		if ptr.Deref(of.Privileged, false) && !ptr.Deref(of.AllowPrivilegeEscalation, true) {
			return field.ErrorList{field.Invalid(p.Child("privileged"), true, "does not go with allowPrivilegeEscalation: false")}
		}
	case corev1.Volume:
		errs := check.IfSet(p.Child("name"), of.Name, check.Label)
		// One of nothing is an emptyDir (pkg/apis/core/v1/defaults.go, SetDefaults_Volume).
		if sources := slices.DeleteFunc(givenKeys(of), func(key string) bool { return key == "name" }); len(sources) > 1 {
			errs = append(errs, exactlyOne(p, "", sources)...)
		}
		return errs
	case corev1.VolumeMount:
		return below(p.Child("subPath"), ptr.Deref(of.SubPath, ""))
	case corev1.KeyToPath:
		return below(p.Child("path"), of.Path)
	case corev1.ConfigMapVolumeSource:
		return named(p.Child("name"), of.Name, "ConfigMap")
	case corev1.SecretVolumeSource:
		return named(p.Child("secretName"), of.SecretName, "Secret")
	case corev1.EmptyDirVolumeSource:
		return check.Bytes(p.Child("sizeLimit"), ptr.Deref(of.SizeLimit, ""))
	case networkingv1.NetworkPolicyPort:
		return policyPort(p, of)
	case networkingv1.NetworkPolicyPeer:
		return policyPeer(p, of)
	case networkingv1.IPBlock:
		return block(p, of)
	}
	return nil
}

// givenKeys are the keys of a piece that have a value.
func givenKeys(part any) []string {
	var given []string
	v := reflect.ValueOf(part)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			given = append(given, keyOf(v.Type().Field(i)))
		}
	}
	return given
}

func container(p *field.Path, of corev1.Container) field.ErrorList {
	errs := check.IfSet(p.Child("name"), of.Name, check.Label)
	if ptr.Deref(of.Image, "") == "" {
		errs = append(errs, field.Required(p.Child("image"), "such as registry.example.com/team/image:1.2.3"))
	}
	mounted := map[string]bool{}
	for i, mount := range of.VolumeMounts {
		if mount.MountPath != "" && mounted[mount.MountPath] {
			errs = append(errs, field.Duplicate(p.Child("volumeMounts").Index(i).Child("mountPath"), mount.MountPath))
		}
		mounted[mount.MountPath] = true
	}
	return errs
}

func probe(p *field.Path, of corev1.Probe) field.ErrorList {
	kinds := slices.DeleteFunc(givenKeys(of), func(key string) bool {
		return !slices.Contains([]string{"exec", "grpc", "httpGet", "tcpSocket"}, key)
	})
	errs := exactlyOne(p, "exec, grpc, httpGet, tcpSocket", kinds)
	for key, n := range map[string]*int{
		"failureThreshold": of.FailureThreshold, "initialDelaySeconds": of.InitialDelaySeconds, "periodSeconds": of.PeriodSeconds,
		"successThreshold": of.SuccessThreshold, "timeoutSeconds": of.TimeoutSeconds,
	} {
		if ptr.Deref(n, 0) < 0 {
			errs = append(errs, field.Invalid(p.Child(key), *n, "at least 0"))
		}
	}
	return errs
}

// port is a number, or the name of a port.
func port(p *field.Path, value any) field.ErrorList {
	if value == nil {
		return field.ErrorList{field.Required(p, "a number, or the name of a port")}
	}
	if n, isNumber := portNumber(value); isNumber {
		return check.Port(p, n)
	}
	return check.PortName(p, fmt.Sprint(value))
}

// portNumber is the number of a port; false of a name.
func portNumber(value any) (int, bool) {
	switch value := value.(type) {
	case json.Number:
		n, err := strconv.Atoi(value.String())
		return n, err == nil
	case int:
		return value, true
	}
	return 0, false
}

func variable(p *field.Path, of corev1.EnvVar) field.ErrorList {
	errs := check.IfSet(p.Child("name"), of.Name, check.PodEnvName)
	if of.ValueFrom == nil {
		return errs
	}
	if ptr.Deref(of.Value, "") != "" {
		errs = append(errs, field.Forbidden(p.Child("valueFrom"), "value is there, too; keep one of them"))
	}
	return append(errs, exactlyOne(p.Child("valueFrom"), "configMapKeyRef, fieldRef, resourceFieldRef, secretKeyRef",
		givenKeys(*of.ValueFrom))...)
}

// resources checks quantities, and that no request is above its limit.
func resources(p *field.Path, of corev1.ResourceRequirements) field.ErrorList {
	var errs field.ErrorList
	for key, amounts := range map[string]map[string]string{"limits": of.Limits, "requests": of.Requests} {
		for _, name := range slices.Sorted(maps.Keys(amounts)) {
			at := p.Child(key).Key(name)
			if !strings.Contains(name, "/") && !strings.HasPrefix(name, "hugepages-") {
				errs = append(errs, check.OneOf(at, name, "cpu", "memory", "ephemeral-storage")...)
			}
			errs = append(errs, check.Amount(at, amounts[name])...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of.Requests)) {
		errs = append(errs, check.NotAbove(p.Child("requests").Key(name), of.Requests[name], of.Limits[name])...)
	}
	return errs
}

// below checks the path of a file that must not leave its volume.
func below(p *field.Path, file string) field.ErrorList {
	if path.IsAbs(file) || slices.Contains(strings.Split(file, "/"), "..") {
		return field.ErrorList{field.Invalid(p, file, "a path inside the volume: without a slash at its beginning, and without ..")}
	}
	return nil
}

func policyPort(p *field.Path, of networkingv1.NetworkPolicyPort) field.ErrorList {
	if of.Port == nil {
		if of.EndPort != nil {
			return field.ErrorList{field.Required(p.Child("port"), "endPort ends the ports that begin with it")}
		}
		return nil
	}
	errs := port(p.Child("port"), of.Port)
	if of.EndPort == nil || len(errs) > 0 {
		return errs
	}
	first, isNumber := portNumber(of.Port)
	if !isNumber {
		return append(errs, field.Forbidden(p.Child("endPort"), "port is a name; remove it, or write numbers"))
	}
	return append(errs, check.Between(p.Child("endPort"), *of.EndPort, first, 65535)...)
}

func policyPeer(p *field.Path, of networkingv1.NetworkPolicyPeer) field.ErrorList {
	switch {
	case of.IpBlock == nil && of.NamespaceSelector == nil && of.PodSelector == nil:
		return field.ErrorList{field.Required(p, "ipBlock, or namespaceSelector, podSelector or both")}
	case of.IpBlock != nil && (of.NamespaceSelector != nil || of.PodSelector != nil):
		return field.ErrorList{field.Forbidden(p.Child("ipBlock"), "a peer has it alone; write another peer for the selectors")}
	}
	return nil
}

// block checks addresses and what is taken out of them (ValidateIPBlock).
func block(p *field.Path, of networkingv1.IPBlock) field.ErrorList {
	if of.Cidr == "" {
		return nil
	}
	errs := check.Cidr(p.Child("cidr"), of.Cidr)
	whole, err := netip.ParsePrefix(of.Cidr)
	for i, except := range of.Except {
		at := p.Child("except").Index(i)
		inner, innerErr := netip.ParsePrefix(except)
		switch {
		case innerErr != nil:
			errs = append(errs, check.Cidr(at, except)...)
		case err == nil && (!whole.Contains(inner.Addr()) || inner.Bits() <= whole.Bits()):
			errs = append(errs, field.Invalid(at, except, "not a part of "+of.Cidr))
		}
	}
	return errs
}

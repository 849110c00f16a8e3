package stacks

import (
	"encoding/json"
	"reflect"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Pieces of the Kubernetes API in the configuration are decoded into the SDK's plain types, and become inputs here.

// resolved is a plain value of the SDK as its output, which is an input, too.
func resolved[T any, O pulumi.Output](v T) O {
	numbers(reflect.ValueOf(&v))
	return pulumi.Any(v).ApplyT(func(v any) T { return v.(T) }).(O)
}

// numbers turns the numbers of fields that take a number or a text, such as ports, into numbers: JSON's own keep their digits and
// are texts underneath.
func numbers(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			numbers(v.Elem())
		}
	case reflect.Interface:
		if n, ok := v.Interface().(json.Number); ok {
			if i, err := strconv.Atoi(n.String()); err == nil {
				v.Set(reflect.ValueOf(i))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			numbers(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			numbers(v.Index(i))
		}
	}
}

func volumes(plain []corev1.Volume) corev1.VolumeArray {
	var inputs corev1.VolumeArray
	for _, v := range plain {
		inputs = append(inputs, resolved[corev1.Volume, corev1.VolumeOutput](v))
	}
	return inputs
}

func volumeMounts(plain []corev1.VolumeMount) corev1.VolumeMountArray {
	var inputs corev1.VolumeMountArray
	for _, v := range plain {
		inputs = append(inputs, resolved[corev1.VolumeMount, corev1.VolumeMountOutput](v))
	}
	return inputs
}

func containers(plain []corev1.Container) corev1.ContainerArray {
	var inputs corev1.ContainerArray
	for _, v := range plain {
		inputs = append(inputs, resolved[corev1.Container, corev1.ContainerOutput](v))
	}
	return inputs
}

func tolerations(plain []corev1.Toleration) corev1.TolerationArray {
	var inputs corev1.TolerationArray
	for _, v := range plain {
		inputs = append(inputs, resolved[corev1.Toleration, corev1.TolerationOutput](v))
	}
	return inputs
}

func egressRules(plain []networkingv1.NetworkPolicyEgressRule) networkingv1.NetworkPolicyEgressRuleArray {
	var inputs networkingv1.NetworkPolicyEgressRuleArray
	for _, v := range plain {
		inputs = append(inputs, resolved[networkingv1.NetworkPolicyEgressRule, networkingv1.NetworkPolicyEgressRuleOutput](v))
	}
	return inputs
}

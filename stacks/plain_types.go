package stacks

import (
	"encoding/json"
	"reflect"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Pieces of the Kubernetes API in the configuration are decoded into the SDK's plain types, and become inputs here.

// resolved is a plain value of the SDK as its output, which is an input, too.
func resolved[T any, O pulumi.Input](v T) O {
	numbers(reflect.ValueOf(&v))
	return any(pulumi.Any(v).ApplyT(func(v any) T { return v.(T) })).(O)
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

// inputs are plain values of the SDK as a list of inputs of type I, which their outputs of type O are.
func inputs[I, O pulumi.Input, T any](plain []T) []I {
	var all []I
	for _, v := range plain {
		all = append(all, any(resolved[T, O](v)).(I))
	}
	return all
}

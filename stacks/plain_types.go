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
	numbers(reflect.ValueOf(&v).Elem())
	return any(pulumi.Any(v).ApplyT(func(v any) T { return v.(T) })).(O)
}

// numbers turns the numbers of fields that take a number or a text, such as ports, into numbers: JSON's own keep their digits and
// are texts underneath. What v points to, and its lists, become v's own: the configuration has them, too, and stays as it is.
func numbers(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			v.Set(own)
			numbers(own.Elem())
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
		if v.IsNil() {
			return
		}
		v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
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

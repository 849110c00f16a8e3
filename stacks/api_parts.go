package stacks

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// Pieces of the Kubernetes API in the configuration would be refused by the API server, where a preview ends with the names of objects
// instead of keys. What it refuses of a piece by itself is refused here by the same rules (Kubernetes 1.36, pkg/apis/core/validation and
// pkg/apis/networking/validation), of which a test asks the API server's own code.

// apiTypes is where the types of the Kubernetes API are from.
const apiTypes = "github.com/pulumi/pulumi-kubernetes/sdk/"

// apiValues are the values of texts that take a few, by type and key. Those behind a feature gate are among them: the cluster decides.
var apiValues = map[string][]string{
	"Toleration.operator":                {"Equal", "Exists", "Lt", "Gt"},
	"Toleration.effect":                  {"NoSchedule", "PreferNoSchedule", "NoExecute"},
	"NodeSelectorRequirement.operator":   {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"},
	"LabelSelectorRequirement.operator":  {"In", "NotIn", "Exists", "DoesNotExist"},
	"Container.imagePullPolicy":          {"Always", "IfNotPresent", "Never"},
	"Container.terminationMessagePolicy": {"File", "FallbackToLogsOnError"},
	"Container.restartPolicy":            {"Always", "OnFailure", "Never"},
	"ContainerPort.protocol":             {"TCP", "UDP", "SCTP"},
	"NetworkPolicyPort.protocol":         {"TCP", "UDP", "SCTP"},
	"VolumeMount.mountPropagation":       {"None", "HostToContainer", "Bidirectional"},
	"VolumeMount.recursiveReadOnly":      {"Disabled", "IfPossible", "Enabled"},
	"HTTPGetAction.scheme":               {"HTTP", "HTTPS"},
	"SeccompProfile.type":                {"RuntimeDefault", "Localhost", "Unconfined"},
	"AppArmorProfile.type":               {"RuntimeDefault", "Localhost", "Unconfined"},
	"SecurityContext.procMount":          {"Default", "Unmasked"},
	"ImageVolumeSource.pullPolicy":       {"Always", "IfNotPresent", "Never"},
}

// mayBeEmpty are texts that the API's schema demands and that may be empty.
var mayBeEmpty = []string{"HTTPHeader.value"}

// validateApiParts checks every piece of the Kubernetes API below gateway and refresher.
func (c *Config) validateApiParts(k *checker) {
	k.apiParts(field.NewPath("gateway"), reflect.ValueOf(c.Gateway))
	k.apiParts(field.NewPath("refresher"), reflect.ValueOf(c.Refresher))
}

func (k *checker) apiParts(p *field.Path, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			k.apiParts(p, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			k.apiParts(p.Index(i), v.Index(i))
		}
	case reflect.Map:
		for _, key := range slices.SortedFunc(maps.Keys(entriesOf(v)), strings.Compare) {
			k.apiParts(p.Key(key), entriesOf(v)[key])
		}
	case reflect.Struct:
		k.apiPart(p, v)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				k.apiParts(p.Child(keyOf(f)), v.Field(i))
			}
		}
	}
}

func entriesOf(v reflect.Value) map[string]reflect.Value {
	entries := map[string]reflect.Value{}
	for _, key := range v.MapKeys() {
		entries[key.String()] = v.MapIndex(key)
	}
	return entries
}

// apiPart checks one piece: that it has what it must have, values that are known, and the rules of its type. A type of the program's own is
// none.
func (k *checker) apiPart(p *field.Path, v reflect.Value) {
	t := v.Type()
	if !strings.HasPrefix(t.PkgPath(), apiTypes) {
		return
	}
	for i := range t.NumField() {
		key, of := t.Name()+"."+keyOf(t.Field(i)), reflect.Indirect(v.Field(i))
		if of.Kind() != reflect.String {
			continue
		}
		at := p.Child(keyOf(t.Field(i)))
		demanded := t.Field(i).Type.Kind() == reflect.String && !slices.Contains(mayBeEmpty, key)
		switch values := apiValues[key]; {
		case of.String() != "" && values != nil:
			k.add(check.OneOf(at, of.String(), values...)...)
		case of.String() == "" && demanded && values != nil:
			k.add(field.Required(at, strings.Join(values, ", ")))
		case of.String() == "" && demanded:
			k.add(field.Required(at, "Kubernetes wants it here"))
		}
	}
	k.add(apiRules(p, v.Interface())...)
}

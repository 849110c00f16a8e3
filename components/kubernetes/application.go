package kubernetes

import (
	"fmt"
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

// application is what the objects around one kind of pods share: the gateway's pods or the broker's.
type application struct {
	// name is that of the workload, and the value of the label app of all objects and pods.
	name string
	// picks are the labels by which the pods are picked; nil is the label app alone.
	picks               map[string]string
	namespace           pulumi.StringInput
	labels, annotations map[string]string
}

// validate checks what the arguments of the gateway and of the broker have in common.
func (a application) validate(p *field.Path, reference, pullPolicy string) field.ErrorList {
	errs := check.Label(p.Child("name"), a.name)
	if a.namespace == nil {
		errs = append(errs, field.Required(p.Child("namespace"), "the namespace of the gateway"))
	}
	errs = append(errs, image.Validate(p.Child("image"), reference)...)
	return append(errs, check.OneOf(p.Child("imagePullPolicy"), pullPolicy, "IfNotPresent", "Always")...)
}

// selector is all that Services, policies and budgets pick the pods by.
func (a application) selector() map[string]string {
	if len(a.picks) > 0 {
		return a.picks
	}
	return map[string]string{appLabel: a.name}
}

// appLabel is the label app.
const appLabel = "app"

// own are the labels that every object and pod of the application has: those of the selector, and the label app.
func (a application) own() map[string]string {
	own := map[string]string{appLabel: a.name}
	maps.Copy(own, a.picks)
	return own
}

// pods picks the pods.
func (a application) pods() *metav1.LabelSelectorArgs {
	return &metav1.LabelSelectorArgs{MatchLabels: component.Merge(a.selector())}
}

// meta is the metadata of an object.
func (a application) meta(objectName string) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{
		Name: pulumi.String(objectName), Namespace: a.namespace,
		Labels: component.Merge(a.labels, a.own()), Annotations: component.OptionalMap(a.annotations),
	}
}

// annotated is the metadata of an object that has further annotations.
func (a application) annotated(objectName string, further pulumi.StringMap) *metav1.ObjectMetaArgs {
	meta := a.meta(objectName)
	annotations := component.Merge(a.annotations)
	for key, value := range further {
		annotations[key] = value
	}
	meta.Annotations = annotations
	return meta
}

// child is the name of an object beside the pods, such as bifrost-config.
func (a application) child(what string) string { return a.name + "-" + what }

// newSecret keeps values in a Secret.
func (a application) newSecret(
	s component.Scope, what string, data pulumi.StringMap, more ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	watched, err := effects.Watch(s, what)
	if err != nil {
		return nil, err
	}
	// The type that the API server gives stands in what is imported of a Secret, and would make another one if it went.
	more = append(more, pulumi.IgnoreChanges([]string{"type"}))
	return corev1.NewSecret(s.Ctx, s.Child(what), &corev1.SecretArgs{Metadata: a.meta(a.child(what)), Data: data},
		s.Options(append(more, watched...)...)...)
}

// MadeSecrets are the names that Secrets of the gateway, its broker and its migration may have.
func MadeSecrets() []string {
	var all []string
	for _, name := range []string{DefaultNamespace, gateway.DefaultBrokerName, application{name: DefaultNamespace}.child("migrate")} {
		for _, what := range []string{configSecret, environmentSecret, encryptionKeySecret, metricsLogin} {
			all = append(all, application{name: name}.child(what))
		}
	}
	return all
}

// environmentSecret is the name of the Secret with the secret variables, behind the application's own.
const environmentSecret = "env"

// newEnvironment keeps the secret variables in a Secret.
func (a application) newEnvironment(s component.Scope, variables map[string]pulumi.StringInput) (pulumi.Resource, error) {
	if len(variables) == 0 {
		return nil, nil
	}
	data := pulumi.StringMap{}
	for name, value := range variables {
		data[name] = encoded(value)
	}
	return a.newSecret(s, environmentSecret, data)
}

// environment is where a container takes the secret variables from.
func (a application) environment(variables map[string]pulumi.StringInput) corev1.EnvFromSourceArrayInput {
	if len(variables) == 0 {
		return nil
	}
	return corev1.EnvFromSourceArray{&corev1.EnvFromSourceArgs{
		SecretRef: &corev1.SecretEnvSourceArgs{Name: pulumi.String(a.child(environmentSecret))},
	}}
}

// object is one that other steps need.
type object struct {
	name pulumi.StringOutput
	// made is the resource; it is empty where the object exists already.
	made []pulumi.Resource
}

// need is an object that pods wait for. make returns nil where the pods need none.
type need struct {
	what string
	make func(component.Scope) (pulumi.Resource, error)
}

// makeNeeds makes what pods wait for.
func makeNeeds(s component.Scope, needs ...need) ([]pulumi.Resource, error) {
	var made []pulumi.Resource
	for _, n := range needs {
		resource, err := n.make(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.what, err)
		}
		if resource != nil {
			made = append(made, resource)
		}
	}
	return made, nil
}

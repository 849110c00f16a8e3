package kubernetes

import (
	"cmp"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
)

// BifrostNamespaceType is the type token of BifrostNamespace.
const BifrostNamespaceType = "bifrost:index:BifrostNamespace"

// DefaultNamespace is the namespace of a deployment.
const DefaultNamespace = "bifrost"

// BifrostNamespaceArgs are the arguments of NewBifrostNamespace.
type BifrostNamespaceArgs struct {
	// Name of the namespace. Default bifrost.
	Name string `pulumi:"name,optional"`
	// Existing takes a namespace that exists and does not change it: labels are refused. A namespace that does not enforce the Pod Security
	// Standard "restricted" gets a warning. Default false.
	Existing bool `pulumi:"existing,optional"`
	// Labels of the namespace, beside those of Pod Security. They are refused with existing.
	Labels map[string]string `pulumi:"labels,optional"`
}

// BifrostNamespace is the namespace of the pull Secret, the gateway and the broker. It is a component of its own because all of these are
// made in it, and none of them owns it. It enforces the Pod Security Standard "restricted", which the pods of all components meet.
type BifrostNamespace struct {
	pulumi.ResourceState

	// Name is known when the namespace exists.
	Name pulumi.StringOutput `pulumi:"name"`
}

// Validate reports every problem of the arguments, at p and below it.
func (a *BifrostNamespaceArgs) Validate(p *field.Path) field.ErrorList {
	errs := check.Label(p.Child("name"), a.name())
	if a.Existing && len(a.Labels) > 0 {
		errs = append(errs, field.Forbidden(p.Child("labels"), "an existing namespace is not changed"))
	}
	return append(errs, check.Labels(p.Child("labels"), a.Labels)...)
}

func (a *BifrostNamespaceArgs) name() string { return cmp.Or(a.Name, DefaultNamespace) }

// NewBifrostNamespace makes the namespace, or reads the existing one, which must be there.
func NewBifrostNamespace(
	ctx *pulumi.Context, name string, args *BifrostNamespaceArgs, opts ...pulumi.ResourceOption,
) (*BifrostNamespace, error) {
	if err := component.Refuse(BifrostNamespaceType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	c := &BifrostNamespace{}
	scope, err := component.Register(ctx, BifrostNamespaceType, name, c, opts...)
	if err != nil {
		return nil, err
	}
	nameOf := args.create
	if args.Existing {
		nameOf = args.read
	}
	if c.Name, err = nameOf(scope); err != nil {
		return nil, scope.Failed("namespace", err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name})
}

// enforceLabel makes admission refuse pods that do not meet a Pod Security Standard.
const enforceLabel = "pod-security.kubernetes.io/enforce"

func (a *BifrostNamespaceArgs) create(s component.Scope) (pulumi.StringOutput, error) {
	namespace, err := corev1.NewNamespace(s.Ctx, s.Child("namespace"), &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name: pulumi.String(a.name()),
			Labels: component.Merge(a.Labels, map[string]string{
				enforceLabel:                       "restricted",
				"pod-security.kubernetes.io/warn":  "restricted",
				"pod-security.kubernetes.io/audit": "restricted",
			}),
		},
	}, s.Options()...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return namespace.Metadata.Name().Elem(), nil
}

func (a *BifrostNamespaceArgs) read(s component.Scope) (pulumi.StringOutput, error) {
	name := a.name()
	namespace, err := corev1.GetNamespace(s.Ctx, s.Child("namespace"), pulumi.ID(name), nil, s.Options()...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return namespace.Metadata.Labels().ApplyT(func(labels map[string]string) (string, error) {
		if labels[enforceLabel] == "restricted" {
			return name, nil
		}
		return name, s.Ctx.Log.Warn(fmt.Sprintf("namespace %[1]s does not enforce the Pod Security Standard restricted, which all "+
			"pods here meet; run `kubectl label namespace %[1]s %[2]s=restricted`", name, enforceLabel), nil)
	}).(pulumi.StringOutput), nil
}

package components

import (
	"cmp"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// BifrostNamespaceType is the type token of BifrostNamespace.
const BifrostNamespaceType = "bifrost:index:BifrostNamespace"

// DefaultNamespace is the namespace of a deployment.
const DefaultNamespace = "bifrost"

// BifrostNamespaceArgs are the arguments of NewBifrostNamespace.
type BifrostNamespaceArgs struct {
	// Name of the namespace. Default bifrost.
	Name string `pulumi:"name,optional"`
	// Labels of the namespace, beside those of Pod Security.
	Labels map[string]string `pulumi:"labels,optional"`
}

// BifrostNamespace is the namespace that pull Secret and gateway share. It is a component of its own because both need
// it before the other: the Secret must be there before the gateway's Deployment, and the namespace before both. It enforces
// the Pod Security Standard "restricted", which the pods of all components meet.
type BifrostNamespace struct {
	pulumi.ResourceState

	// Name is known when the namespace exists.
	Name pulumi.StringOutput `pulumi:"name"`
}

// Validate reports every problem of the arguments.
func (a *BifrostNamespaceArgs) Validate() field.ErrorList {
	errs := check.Label(field.NewPath("name"), cmp.Or(a.Name, DefaultNamespace))
	return append(errs, check.Labels(field.NewPath("labels"), a.Labels)...)
}

// NewBifrostNamespace makes the namespace.
func NewBifrostNamespace(ctx *pulumi.Context, name string, args *BifrostNamespaceArgs, opts ...pulumi.ResourceOption) (*BifrostNamespace, error) {
	if err := refuse(BifrostNamespaceType, name, args.Validate()); err != nil {
		return nil, err
	}
	c := &BifrostNamespace{}
	if err := ctx.RegisterComponentResource(BifrostNamespaceType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", BifrostNamespaceType, name, err)
	}

	namespace, err := corev1.NewNamespace(ctx, name+"-namespace", &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name: pulumi.String(cmp.Or(args.Name, DefaultNamespace)),
			Labels: merge(args.Labels, map[string]string{
				"pod-security.kubernetes.io/enforce": "restricted",
				"pod-security.kubernetes.io/warn":    "restricted",
			}),
		},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: namespace: %w", name, err)
	}

	c.Name = namespace.Metadata.Name().Elem()
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name})
}

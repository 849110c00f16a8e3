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
	// Existing uses a namespace that is there already, and changes nothing of it; Labels must be empty. A warning says where it does not
	// enforce "restricted".
	Existing bool `pulumi:"existing,optional"`
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
	if a.Existing && len(a.Labels) > 0 {
		errs = append(errs, field.Forbidden(field.NewPath("labels"), "an existing namespace is not changed"))
	}
	return append(errs, check.Labels(field.NewPath("labels"), a.Labels)...)
}

// NewBifrostNamespace makes the namespace, or reads the existing one, which must be there.
func NewBifrostNamespace(ctx *pulumi.Context, name string, args *BifrostNamespaceArgs, opts ...pulumi.ResourceOption) (*BifrostNamespace, error) {
	if err := component.Refuse(BifrostNamespaceType, name, args.Validate()); err != nil {
		return nil, err
	}
	c := &BifrostNamespace{}
	if err := ctx.RegisterComponentResource(BifrostNamespaceType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", BifrostNamespaceType, name, err)
	}

	nameOf := args.create
	if args.Existing {
		nameOf = args.read
	}
	var err error
	if c.Name, err = nameOf(ctx, name+"-namespace", c); err != nil {
		return nil, fmt.Errorf("%s: namespace: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name})
}

// enforceLabel makes admission refuse pods that do not meet a Pod Security Standard.
const enforceLabel = "pod-security.kubernetes.io/enforce"

func (a *BifrostNamespaceArgs) create(ctx *pulumi.Context, name string, parent pulumi.Resource) (pulumi.StringOutput, error) {
	namespace, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name: pulumi.String(cmp.Or(a.Name, DefaultNamespace)),
			Labels: component.Merge(a.Labels, map[string]string{
				enforceLabel:                       "restricted",
				"pod-security.kubernetes.io/warn":  "restricted",
				"pod-security.kubernetes.io/audit": "restricted",
			}),
		},
	}, pulumi.Parent(parent))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return namespace.Metadata.Name().Elem(), nil
}

func (a *BifrostNamespaceArgs) read(ctx *pulumi.Context, name string, parent pulumi.Resource) (pulumi.StringOutput, error) {
	objectName := cmp.Or(a.Name, DefaultNamespace)
	namespace, err := corev1.GetNamespace(ctx, name, pulumi.ID(objectName), nil, pulumi.Parent(parent))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return namespace.Metadata.Labels().ApplyT(func(labels map[string]string) (string, error) {
		if labels[enforceLabel] == "restricted" {
			return objectName, nil
		}
		return objectName, ctx.Log.Warn(fmt.Sprintf("namespace %s does not enforce the Pod Security Standard restricted, which all pods here meet; run `kubectl label namespace %s %s=restricted`",
			objectName, objectName, enforceLabel), nil)
	}).(pulumi.StringOutput), nil
}

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
	// ReadinessGates lets pods of the namespace wait until a load balancer of AWS finds them healthy: the AWS Load Balancer Controller adds
	// a readiness gate to pods of a namespace with its label. An existing namespace without the label gets a warning. Default false.
	ReadinessGates bool `pulumi:"readinessGates,optional"`
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
	scope, err := register(ctx, BifrostNamespaceType, name, c, opts...)
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

// readinessLabel makes the AWS Load Balancer Controller add a readiness gate to each new pod that a Service or Ingress of it leads to: a
// rollout then takes no old pod away before the load balancer finds the new one healthy (AWS Load Balancer Controller, "Pod readiness
// gate").
const readinessLabel = "elbv2.k8s.aws/pod-readiness-gate-inject"

func (a *BifrostNamespaceArgs) gates() map[string]string {
	if !a.ReadinessGates {
		return nil
	}
	return map[string]string{readinessLabel: "enabled"}
}

// enforceLabel makes admission refuse pods that do not meet a Pod Security Standard.
const enforceLabel = "pod-security.kubernetes.io/enforce"

func (a *BifrostNamespaceArgs) create(s component.Scope) (pulumi.StringOutput, error) {
	namespace, err := corev1.NewNamespace(s.Ctx, s.Child("namespace"), &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name: pulumi.String(a.name()),
			Labels: component.Merge(a.Labels, a.gates(), map[string]string{
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
		for _, missing := range a.missing(labels) {
			if err := s.Ctx.Log.Warn(missing, nil); err != nil {
				return "", err
			}
		}
		return name, nil
	}).(pulumi.StringOutput), nil
}

// missing tells what labels the existing namespace should have, and how it gets them.
func (a *BifrostNamespaceArgs) missing(labels map[string]string) []string {
	var all []string
	lacks := func(label, value, why string) {
		if labels[label] != value {
			all = append(all, fmt.Sprintf("namespace %[1]s %[4]s; run `kubectl label namespace %[1]s %[2]s=%[3]s`", a.name(), label, value,
				why))
		}
	}
	lacks(enforceLabel, "restricted", "does not enforce the Pod Security Standard restricted, which all pods here meet")
	if a.ReadinessGates {
		lacks(readinessLabel, "enabled", "does not let the AWS Load Balancer Controller give its pods a readiness gate: a rollout takes "+
			"old pods away before the load balancer has the new ones")
	}
	return all
}

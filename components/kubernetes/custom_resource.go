package kubernetes

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// customResourceDefinition is read only, and so needs none of the SDK's types for it, which take long to compile.
type customResourceDefinition struct{ pulumi.CustomResourceState }

// Who brings definitions to a cluster: part of the name under which one is read, since the engine's error has that name and the
// definition's, and nothing else can be added to it.
const (
	prometheusOperator = "prometheus-operator"
	gatewayAPI         = "gateway-api"
)

// newCustomResource makes an object of a kind that a cluster may not know: its definition is read first, so that a cluster without it
// stops the preview, by the names of the definition and of who brings it.
func newCustomResource(ctx *pulumi.Context, name string, parent pulumi.Resource, crd, broughtBy, apiVersion, kind string, meta *metav1.ObjectMetaArgs, spec pulumi.Map) error {
	definition := &customResourceDefinition{}
	if err := ctx.ReadResource("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", name+"-needs-"+broughtBy, pulumi.ID(crd), nil, definition, pulumi.Parent(parent)); err != nil {
		return fmt.Errorf("reading the definition %s: %w", crd, err)
	}
	_, err := apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String(apiVersion),
		Kind:        pulumi.String(kind),
		Metadata:    meta,
		OtherFields: kubernetes.UntypedArgs{"spec": spec},
	}, pulumi.Parent(parent), pulumi.DependsOn([]pulumi.Resource{definition}))
	return err
}

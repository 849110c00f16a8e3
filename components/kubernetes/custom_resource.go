package kubernetes

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// customKind is a kind of objects that a cluster may not know.
type customKind struct {
	apiVersion, kind string
	// definition is the name of the CustomResourceDefinition.
	definition string
	// broughtBy is who brings the definition to a cluster. It is a part of the name under which the definition is read: the engine's error
	// has that name and the definition's, and nothing else can be added to it.
	broughtBy string
}

const prometheusOperator = "prometheus-operator"

var (
	httpRoute = customKind{
		"gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes.gateway.networking.k8s.io", "gateway-api",
	}
	serviceMonitor = customKind{
		"monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors.monitoring.coreos.com", prometheusOperator,
	}
	prometheusRule = customKind{
		"monitoring.coreos.com/v1", "PrometheusRule", "prometheusrules.monitoring.coreos.com", prometheusOperator,
	}
)

// customResourceDefinition is read only, and so needs none of the SDK's types for it, which take long to compile.
type customResourceDefinition struct{ pulumi.CustomResourceState }

// create makes an object of the kind. The kind's definition is read first: a cluster without it stops the preview, and the error names the
// definition and who brings it.
func (k customKind) create(s component.Scope, what string, meta *metav1.ObjectMetaArgs, spec pulumi.Map) error {
	const typ = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
	definition, name := &customResourceDefinition{}, s.Child(what)+"-needs-"+k.broughtBy
	if err := s.Ctx.ReadResource(typ, name, pulumi.ID(k.definition), nil, definition, s.Options()...); err != nil {
		return fmt.Errorf("reading the definition %s: %w", k.definition, err)
	}
	_, err := apiextensions.NewCustomResource(s.Ctx, s.Child(what), &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String(k.apiVersion),
		Kind:        pulumi.String(k.kind),
		Metadata:    meta,
		OtherFields: kubernetes.UntypedArgs{"spec": spec},
	}, s.Options(pulumi.DependsOn([]pulumi.Resource{definition}))...)
	return err
}

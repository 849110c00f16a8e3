package kubernetes

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// BifrostWorkloadType is the type token of BifrostWorkload.
const BifrostWorkloadType = "bifrost:index:BifrostWorkload"

// BifrostWorkload is the gateway on Kubernetes: ServiceAccount, config.json and secrets, Deployment or StatefulSet, Service, and what
// keeps it available, leads to it, guards it and watches it. A change of the configuration or of a secret rolls the pods, as a change
// of their own template does. The provider should have enableSecretMutable, so that Secrets change in place. The disruption budget and
// the spread of pods need Kubernetes 1.27.
type BifrostWorkload struct {
	pulumi.ResourceState

	// Deployment is the name of the Deployment, or with storage that of the StatefulSet.
	Deployment pulumi.StringOutput `pulumi:"deployment"`
	// Service is the name of the Service. It is known once the pods are ready.
	Service pulumi.StringOutput `pulumi:"service"`
	// IngressAddress is the host name or the address that a controller gave the Ingress, to which DNS must lead its hosts; empty without
	// one.
	IngressAddress pulumi.StringOutput `pulumi:"ingressAddress"`
	// ServiceAccount is the name of the gateway's ServiceAccount.
	ServiceAccount pulumi.StringOutput `pulumi:"serviceAccount"`
}

// NewBifrostWorkload makes the gateway: first what the pods need, then the pods, then what leads to them and watches them.
func NewBifrostWorkload(
	ctx *pulumi.Context, name string, args *BifrostWorkloadArgs, opts ...pulumi.ResourceOption,
) (*BifrostWorkload, error) {
	if err := component.Refuse(BifrostWorkloadType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	c := &BifrostWorkload{}
	scope, err := register(ctx, BifrostWorkloadType, name, c, opts...)
	if err != nil {
		return nil, err
	}

	account, err := args.newServiceAccount(scope)
	if err != nil {
		return nil, scope.Failed("service account", err)
	}
	rights, err := args.newRights(scope, account.name)
	if err != nil {
		return nil, scope.Failed("rights", err)
	}
	files, err := args.newFiles(scope)
	if err != nil {
		return nil, scope.Failed("files and variables", err)
	}
	if err := args.newNetworkPolicy(scope); err != nil {
		return nil, scope.Failed("network policy", err)
	}
	if err := args.newPeers(scope); err != nil {
		return nil, scope.Failed("peers", err)
	}
	needs := slices.Concat(args.DependsOn, account.made, rights, files)
	migration, err := args.newMigration(scope, needs)
	if err != nil {
		return nil, scope.Failed("migration", err)
	}

	pods, err := args.newPods(scope, slices.Concat(needs, migration))
	if err != nil {
		return nil, scope.Failed("pods", err)
	}
	if err := args.newDisruptionBudget(scope); err != nil {
		return nil, scope.Failed("disruption budget", err)
	}
	if err := args.newAutoscaler(scope, pods.name); err != nil {
		return nil, scope.Failed("autoscaler", err)
	}

	service, err := args.newService(scope, pods.made)
	if err != nil {
		return nil, scope.Failed("service", err)
	}
	address, err := args.newIngress(scope, service.name)
	if err != nil {
		return nil, scope.Failed("ingress", err)
	}
	if err := args.newHttpRoute(scope, service.name); err != nil {
		return nil, scope.Failed("route", err)
	}
	if err := args.newServiceMonitor(scope); err != nil {
		return nil, scope.Failed("service monitor", err)
	}

	c.Deployment, c.Service, c.ServiceAccount, c.IngressAddress = pods.name, service.name, account.name, address
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"deployment": c.Deployment, "service": c.Service, "serviceAccount": c.ServiceAccount, "ingressAddress": c.IngressAddress,
	})
}

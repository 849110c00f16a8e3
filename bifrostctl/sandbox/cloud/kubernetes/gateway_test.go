package kubernetes_test

import (
	"context"
	"strings"
	"testing"

	pulumikubernetes "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/components/kubernetes"
)

// gateway is a program with a namespace and the gateway in it; its secrets come from the configuration.
func gateway(args pulumikubernetes.ProviderArgs, change func(*pulumi.Context, *kubernetes.BifrostWorkloadArgs) error) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := pulumikubernetes.NewProvider(ctx, "kubernetes", &args)
		if err != nil {
			return err
		}
		on, settings := pulumi.Providers(provider), config.New(ctx, "")
		workload := &kubernetes.BifrostWorkloadArgs{
			Image: "registry.example.com/bifrost:1", Replicas: 2,
			Config: pulumi.ToSecret(s(`{}`)).(pulumi.StringOutput), EncryptionKey: settings.RequireSecret("key"),
			SecretEnv: map[string]pulumi.StringInput{"TOKEN": settings.RequireSecret("token")},
		}
		if err := change(ctx, workload); err != nil {
			return err
		}
		namespace, err := kubernetes.NewBifrostNamespace(ctx, "x", &kubernetes.BifrostNamespaceArgs{Name: "app"}, on)
		if err != nil {
			return err
		}
		workload.Namespace = namespace.Name
		_, err = kubernetes.NewBifrostWorkload(ctx, "x", workload, on)
		return err
	}
}

func asIs(*pulumi.Context, *kubernetes.BifrostWorkloadArgs) error { return nil }

func gatewayStack(t *testing.T, w *cloud.World, change func(*pulumi.Context, *kubernetes.BifrostWorkloadArgs) error) *enginetest.Engine {
	e := enginetest.New(t, w, gateway(mutable(t, w), change), nil)
	e.SetSecret("bifrost:key", "first-key")
	e.SetSecret("bifrost:token", "first-token")
	return e
}

// TestEncryptionKeyIsKept: another secret rolls the pods; another encryption key stops the preview, unless it is meant.
func TestEncryptionKeyIsKept(t *testing.T) {
	w := newWorld()
	e := gatewayStack(t, w, asIs)
	e.MustUp()
	require.NotContains(t, e.MustUp().Changes, "update", "what is unchanged rolls nothing")

	e.SetSecret("bifrost:token", "second-token")
	plan := strings.Join(e.MustUp().Plan(), "\n")
	require.Contains(t, plan, "update Deployment x-deployment")
	require.NotContains(t, plan, "x-encryption-key")

	e.SetSecret("bifrost:key", "second-key")
	preview := e.Preview()
	require.Error(t, preview.Err)
	require.Contains(t, preview.Messages()+preview.Err.Error(), "set changeEncryptionKey (gateway.changeEncryptionKey: true) for one up where the loss is meant")
	require.NotContains(t, preview.Messages(), "second-key")
	require.Error(t, e.Up().Err)

	e.SetProgram(gateway(mutable(t, w), func(_ *pulumi.Context, a *kubernetes.BifrostWorkloadArgs) error {
		a.ChangeEncryptionKey = true
		return nil
	}))
	require.Contains(t, strings.Join(e.MustUp().Plan(), "\n"), "update Secret x-encryption-key")
	e.SetProgram(gateway(mutable(t, w), asIs))
	require.NotContains(t, e.MustUp().Changes, "update")
	require.NoError(t, e.Destroy().Err, "the guard holds no destroy up")
}

// TestTransforms is the example of the documentation of package components: what no argument says, a transform of the stack does.
func TestTransforms(t *testing.T) {
	w := newWorld()
	e := gatewayStack(t, w, func(ctx *pulumi.Context, a *kubernetes.BifrostWorkloadArgs) error {
		a.Service = &kubernetes.WorkloadServiceArgs{Annotations: map[string]string{"owner": "me"}}
		a.Clustering = &kubernetes.WorkloadClusteringArgs{Discovery: "dns"}
		return ctx.RegisterResourceTransform(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
			if args.Type != "kubernetes:core/v1:Service" {
				return nil
			}
			metadata := args.Props["metadata"].(pulumi.Map)
			annotations, ok := metadata["annotations"].(pulumi.Map)
			if !ok {
				annotations = pulumi.Map{}
			}
			annotations["cost-center"] = pulumi.String("llm")
			metadata["annotations"] = annotations
			return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
		})
	})
	annotations := map[string]any{}
	for _, r := range e.MustUp().Snapshot.Resources {
		if r.Type == serviceType {
			annotations[r.URN.Name()] = r.Inputs["metadata"].ObjectValue()["annotations"].Mappable()
		}
	}
	require.Equal(t, map[string]any{
		"x-service": map[string]any{"cost-center": "llm", "owner": "me"},
		"x-peers":   map[string]any{"cost-center": "llm", "pulumi.com/skipAwait": "true"},
	}, annotations)
}

// TestGatewayIsAccepted: every part of a gateway is what the API takes, at the level restricted, and a second up changes nothing.
func TestGatewayIsAccepted(t *testing.T) {
	host := []string{"llm.example.com"}
	for name, change := range map[string]func(*kubernetes.BifrostWorkloadArgs){
		"sqlite": func(a *kubernetes.BifrostWorkloadArgs) {
			a.Replicas, a.Storage = 1, &kubernetes.WorkloadStorageArgs{Size: "20Gi", ClassName: "fast"}
		},
		"clustered": func(a *kubernetes.BifrostWorkloadArgs) {
			a.Replicas, a.Clustering = 3, &kubernetes.WorkloadClusteringArgs{}
			a.Scheduling = &kubernetes.WorkloadSchedulingArgs{TopologySpread: &kubernetes.WorkloadTopologySpreadArgs{Node: "None"}}
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{MinAvailable: "50%"}
		},
		"autoscaled behind an ingress, watched": func(a *kubernetes.BifrostWorkloadArgs) {
			a.Replicas, a.Autoscaling = 0, &kubernetes.WorkloadAutoscalingArgs{MinReplicas: 2, MaxReplicas: 5, CpuPercent: 60, MemoryPercent: 80}
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "nginx", Hosts: host, AllowHttp: true, AllowedCidrs: []string{"10.0.0.0/8"}}
			a.Monitoring = &kubernetes.WorkloadMonitoringArgs{Labels: map[string]string{"release": "prometheus"}}
			a.Log = &kubernetes.WorkloadLogArgs{Level: "info", Style: "json"}
		},
		"behind a Gateway": func(a *kubernetes.BifrostWorkloadArgs) {
			a.HttpRoute = &kubernetes.WorkloadHttpRouteArgs{Gateway: "shared", GatewayNamespace: "infra", Section: "https", Hosts: host}
		},
	} {
		t.Run(name, func(t *testing.T) {
			contents := everyCRD
			contents.StorageClasses, contents.IngressClasses = []string{"fast"}, []string{"nginx"}
			e := gatewayStack(t, furnished(t, contents), func(_ *pulumi.Context, a *kubernetes.BifrostWorkloadArgs) error {
				change(a)
				return nil
			})
			e.MustUp()
			require.Empty(t, e.MustUp().Plan())
			require.Empty(t, e.Refresh().Changes["update"])
			require.Empty(t, e.MustUp().Plan())
			require.NoError(t, e.Destroy().Err)
		})
	}
}

// TestMissingDefinition: a cluster without the Prometheus Operator stops the preview.
func TestMissingDefinition(t *testing.T) {
	preview := gatewayStack(t, newWorld(), func(_ *pulumi.Context, a *kubernetes.BifrostWorkloadArgs) error {
		a.Monitoring = &kubernetes.WorkloadMonitoringArgs{}
		return nil
	}).Preview()
	require.Error(t, preview.Err)
	require.Contains(t, preview.Messages()+preview.Err.Error(), "servicemonitors.monitoring.coreos.com")
}

// TestExistingNamespace: a missing one stops the preview; one that is there is used as it is.
func TestExistingNamespace(t *testing.T) {
	w := newWorld()
	program := func(ctx *pulumi.Context) error {
		args := mutable(t, w)
		provider, err := pulumikubernetes.NewProvider(ctx, "kubernetes", &args)
		if err != nil {
			return err
		}
		used, err := kubernetes.NewBifrostNamespace(ctx, "x", &kubernetes.BifrostNamespaceArgs{Name: "app", Existing: true}, pulumi.Providers(provider))
		if err != nil {
			return err
		}
		ctx.Export("namespace", used.Name)
		return nil
	}
	preview := enginetest.New(t, w, program, nil).Preview()
	require.Error(t, preview.Err)
	require.Contains(t, preview.Messages()+preview.Err.Error(), "app")

	enforced := object(namespaceType, "app", pulumi.Map{"metadata": pulumi.Map{
		"name": s("app"), "labels": pulumi.StringMap{"pod-security.kubernetes.io/enforce": s("restricted")},
	}})
	stack(t, w, enforced).MustUp()
	e := enginetest.New(t, w, program, nil)
	require.Equal(t, "app", e.MustUp().Outputs["namespace"].StringValue())
	require.NoError(t, e.Destroy().Err)
	require.NotNil(t, w.Get(namespaceType, serverOf(w, "dev").Server, "app"), "it is not this stack's to delete")
}

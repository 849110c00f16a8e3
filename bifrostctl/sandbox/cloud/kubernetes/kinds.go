package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	appsargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	autoscalingargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	batchargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	coreargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	policyargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	rbacargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/apiserver"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/crds"
	"bifrost/bifrostctl/world"
)

// kind is one kind of objects.
type kind struct {
	token            string
	apiVersion, kind string
	resource         string      // as the API names it in errors
	args             double.Args // nil: untyped
	definition       string      // the CustomResourceDefinition of a custom resource
	given            bool        // a cluster has such objects or not: the program only looks them up
	clusterWide      bool
	checkName        func(string) []string
	replaceIf        func(*double.Call, double.Object) []string
	allocate         func(c *double.Call, live double.Object) // what the API server gives out
	await            func(c *double.Call, r *world.Resource) []string
	broken           func(c *double.Call, id string, after double.Object) string
	leave            func(c *double.Call, r *world.Resource) // what a controller does when the object goes
}

// Names of most kinds are DNS subdomains; those of namespaces are labels and those of services begin with a letter.
var kinds = []kind{
	{
		token: pulumitype.KubernetesNamespace, apiVersion: "v1", kind: "Namespace", resource: "namespaces", args: coreargs.NamespaceArgs{},
		clusterWide: true, checkName: validation.IsDNS1123Label,
	},
	{
		token: pulumitype.KubernetesServiceAccount, apiVersion: "v1", kind: "ServiceAccount", resource: "serviceaccounts",
		args:      coreargs.ServiceAccountArgs{},
		checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: pulumitype.KubernetesSecret, apiVersion: "v1", kind: "Secret", resource: "secrets", args: coreargs.SecretArgs{},
		checkName: validation.IsDNS1123Subdomain,
		replaceIf: immutableSecret,
	},
	{
		token: pulumitype.KubernetesConfigMap, apiVersion: "v1", kind: "ConfigMap", resource: "configmaps", args: coreargs.ConfigMapArgs{},
		checkName: validation.IsDNS1123Subdomain, replaceIf: immutableConfigMap,
	},
	{
		token: pulumitype.KubernetesService, apiVersion: "v1", kind: "Service", resource: "services", args: coreargs.ServiceArgs{},
		checkName: validation.IsDNS1035Label,
		allocate:  allocateService, await: awaitService,
	},
	{
		token: pulumitype.KubernetesRole, apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role",
		resource: "roles.rbac.authorization.k8s.io", args: rbacargs.RoleArgs{},
		checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: pulumitype.KubernetesRoleBinding, apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding",
		resource: "rolebindings.rbac.authorization.k8s.io", args: rbacargs.RoleBindingArgs{},
		checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: pulumitype.KubernetesCronJob, apiVersion: "batch/v1", kind: "CronJob", resource: "cronjobs.batch",
		args:      batchargs.CronJobArgs{},
		checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: pulumitype.KubernetesJob, apiVersion: "batch/v1", kind: "Job", resource: "jobs.batch", args: batchargs.JobArgs{},
		checkName: validation.IsDNS1123Subdomain,
		await:     awaitJob, broken: brokenJob,
	},
	{
		token: pulumitype.KubernetesDeployment, apiVersion: "apps/v1", kind: "Deployment", resource: "deployments.apps",
		args:      appsargs.DeploymentArgs{},
		checkName: validation.IsDNS1123Subdomain,
		await:     awaitDeployment,
	},
	{
		token: pulumitype.KubernetesStatefulSet, apiVersion: "apps/v1", kind: "StatefulSet", resource: "statefulsets.apps",
		args:      appsargs.StatefulSetArgs{},
		checkName: validation.IsDNS1123Label,
		await:     awaitStatefulSet, leave: leaveClaims,
	},
	{
		token: pulumitype.KubernetesVolumeClaim, apiVersion: "v1", kind: "PersistentVolumeClaim", resource: "persistentvolumeclaims",
		args:      coreargs.PersistentVolumeClaimArgs{},
		checkName: validation.IsDNS1123Subdomain,
		await:     awaitClaim,
	},
	{
		token: pulumitype.KubernetesDisruptionBudget, apiVersion: "policy/v1", kind: "PodDisruptionBudget",
		resource: "poddisruptionbudgets.policy", args: policyargs.PodDisruptionBudgetArgs{},
		checkName: validation.IsDNS1123Subdomain, await: awaitBudget,
	},
	{
		token: pulumitype.KubernetesAutoscaler, apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler",
		resource: "horizontalpodautoscalers.autoscaling", args: autoscalingargs.HorizontalPodAutoscalerArgs{},
		checkName: validation.IsDNS1123Subdomain, await: awaitAutoscaler,
	},
	{
		token: pulumitype.KubernetesNetworkPolicy, apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy",
		resource: "networkpolicies.networking.k8s.io", args: networkingargs.NetworkPolicyArgs{},
		checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: pulumitype.KubernetesIngress, apiVersion: "networking.k8s.io/v1", kind: "Ingress", resource: "ingresses.networking.k8s.io",
		args:      networkingargs.IngressArgs{},
		checkName: validation.IsDNS1123Subdomain, await: awaitIngress,
	},
	{
		token: pulumitype.KubernetesHttpRoute, apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", resource: crds.HTTPRoutes,
		definition: crds.HTTPRoutes, checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: pulumitype.KubernetesServiceMonitor, apiVersion: "monitoring.coreos.com/v1", kind: "ServiceMonitor",
		resource:   crds.ServiceMonitors,
		definition: crds.ServiceMonitors, checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: pulumitype.KubernetesPrometheusRule, apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule",
		resource:   crds.PrometheusRules,
		definition: crds.PrometheusRules, checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: pulumitype.KubernetesDefinition, apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition",
		resource: "customresourcedefinitions.apiextensions.k8s.io",
		given:    true, clusterWide: true, checkName: validation.IsDNS1123Subdomain,
	},
}

// model makes the double of the kind.
func (k *kind) model() *double.Type {
	return &double.Type{
		Args:        k.args,
		Name:        autoName,
		ReplaceIf:   k.replaceIf,
		Broken:      k.broken,
		DeleteFirst: sameName,
		Check:       k.validate,
		Scope:       server,
		Create:      k.create,
		Update:      k.update,
		Await:       k.await,
		Delete:      k.remove,
	}
}

// autoName is how the provider names what the program gives no name (pulumi-kubernetes v4.32, provider/pkg/metadata/naming.go).
var autoName = double.AutoName{
	Path: "metadata.name", Unless: "metadata.generateName", MarkedAt: "metadata.annotations", MarkKey: "pulumi.com/autonamed",
	Separator: "-", Digits: 8,
}

// sameName tells whether the replacement would take the old object's name: the old one must go first. A name that the provider gave is
// another one each time (pulumi-kubernetes v4.32, provider/pkg/provider/provider.go, Diff).
func sameName(before, after double.Object) bool {
	return !autoName.Given(after) && double.Get(before, "metadata.name") == double.Get(after, "metadata.name") &&
		double.Get(before, "metadata.namespace") == double.Get(after, "metadata.namespace")
}

// validate lets the API server's own code look at an object when all of it is known, as the provider's dry run of a preview
// does; before that only what is known of its names.
func (k *kind) validate(c *double.Call, in double.Object, fail double.Fail) {
	// pulumi-kubernetes v4.25, provider/pkg/provider/provider.go, Check; met with that provider.
	if double.Get(in, "metadata.name") == nil && double.Get(in, "metadata.generateName") != nil {
		fail("", "the `.metadata.generateName` field is not supported in Server-Side Apply mode")
		return
	}
	if !double.Known(in) {
		k.validateNames(in, fail)
		return
	}
	candidate := k.live(c, in, double.String(in, "metadata.name"))
	double.Set(candidate, "metadata.uid", "to-be-given")
	// A dry run of a custom resource waits until its definition is there.
	if _, err := k.store(c, candidate, nil); err != nil && !errors.As(err, new(*noMatch)) {
		fail("", "%v", err)
	}
}

// noMatch is the answer to an object whose kind the cluster does not have.
type noMatch struct{ kind, apiVersion string }

func (e *noMatch) Error() string {
	return fmt.Sprintf("the Kubernetes API server reported that the apiVersion for this resource does not exist. Verify that any "+
		"required CRDs have been created: no matches for kind %q in version %q", e.kind, e.apiVersion)
}

// store returns what the API server stores of an object that is to exist, or to take the place of old.
func (k *kind) store(c *double.Call, object, old double.Object) (double.Object, error) {
	switch {
	case k.given:
		return nil, fmt.Errorf("the sandbox makes no objects of kind %s: its clusters have them or not", k.kind)
	case k.definition != "":
		definition := c.World.Get(pulumitype.KubernetesDefinition, server(c), k.definition)
		if definition == nil {
			return nil, &noMatch{k.kind, k.apiVersion}
		}
		return object, apiserver.Custom(object, definition.State)
	case old == nil:
		return apiserver.Create(object)
	}
	return apiserver.Update(object, old)
}

func (k *kind) validateNames(in double.Object, fail double.Fail) {
	if name := double.String(in, "metadata.name"); name != "" {
		for _, problem := range k.checkName(name) {
			fail("metadata.name", "Invalid value: %q: %s", name, problem)
		}
	}
	labels := double.Map(in, "metadata.labels")
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		for _, problem := range validation.IsQualifiedName(key) {
			fail("metadata.labels", "Invalid value: %q: %s", key, problem)
		}
		value, _ := labels[key].(string)
		for _, problem := range validation.IsValidLabelValue(value) {
			fail("metadata.labels", "Invalid value: %q: %s", value, problem)
		}
	}
}

// decode reads an object that the API server accepted, or a part of one.
func decode[T any](o double.Object) (T, error) {
	var v T
	text, err := json.Marshal(o)
	if err != nil {
		return v, fmt.Errorf("encode: %w", err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("decode: %w", err)
	}
	return v, nil
}

// encode is decode's reverse.
func encode(v any) (double.Object, error) {
	var o double.Object
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	err = json.Unmarshal(text, &o)
	return o, err
}

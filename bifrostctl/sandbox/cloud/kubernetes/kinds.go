package kubernetes

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	appsargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	batchargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	coreargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/apiserver"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

const (
	namespaceType      = "kubernetes:core/v1:Namespace"
	serviceAccountType = "kubernetes:core/v1:ServiceAccount"
	secretType         = "kubernetes:core/v1:Secret"
	configMapType      = "kubernetes:core/v1:ConfigMap"
	serviceType        = "kubernetes:core/v1:Service"
	roleType           = "kubernetes:rbac.authorization.k8s.io/v1:Role"
	roleBindingType    = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	cronJobType        = "kubernetes:batch/v1:CronJob"
	jobType            = "kubernetes:batch/v1:Job"
	deploymentType     = "kubernetes:apps/v1:Deployment"
)

// kind is one kind of objects.
type kind struct {
	token            string
	apiVersion, kind string
	resource         string // as the API names it in errors
	args             double.Args
	clusterWide      bool
	checkName        func(string) []string
	required         []string
	replace          []string // the provider's diff.go, besides metadata.name and metadata.namespace
	replaceIf        func(*double.Call, double.Object) []string
	secrets          []string
	allocate         func(c *double.Call, live double.Object) // what the API server gives out
	await            func(c *double.Call, r *world.Resource) []string
	broken           func(c *double.Call, id string, after double.Object) string
	computed         []string
}

// Names of most kinds are DNS subdomains; those of namespaces are labels and those of services begin with a letter.
var kinds = []kind{
	{
		token: namespaceType, apiVersion: "v1", kind: "Namespace", resource: "namespaces", args: coreargs.NamespaceArgs{},
		clusterWide: true, checkName: validation.IsDNS1123Label,
		computed: []string{"status"},
	},
	{
		token: serviceAccountType, apiVersion: "v1", kind: "ServiceAccount", resource: "serviceaccounts", args: coreargs.ServiceAccountArgs{},
		checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: secretType, apiVersion: "v1", kind: "Secret", resource: "secrets", args: coreargs.SecretArgs{},
		checkName: validation.IsDNS1123Subdomain,
		replace:   []string{"type"}, replaceIf: immutableSecret, secrets: []string{"data", "stringData"},
	},
	{
		token: configMapType, apiVersion: "v1", kind: "ConfigMap", resource: "configmaps", args: coreargs.ConfigMapArgs{},
		checkName: validation.IsDNS1123Subdomain, replaceIf: immutableConfigMap,
	},
	{
		token: serviceType, apiVersion: "v1", kind: "Service", resource: "services", args: coreargs.ServiceArgs{},
		checkName: validation.IsDNS1035Label,
		replace:   []string{"spec.clusterIP"}, required: []string{"spec"}, allocate: allocateService, await: awaitService,
		computed: []string{"spec.clusterIP", "spec.clusterIPs", "status"},
	},
	{
		token: roleType, apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", resource: "roles.rbac.authorization.k8s.io", args: rbacargs.RoleArgs{},
		checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: roleBindingType, apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", resource: "rolebindings.rbac.authorization.k8s.io", args: rbacargs.RoleBindingArgs{},
		checkName: validation.IsDNS1123Subdomain, replace: []string{"roleRef"},
	},
	{
		token: cronJobType, apiVersion: "batch/v1", kind: "CronJob", resource: "cronjobs.batch", args: batchargs.CronJobArgs{},
		checkName: validation.IsDNS1123Subdomain, required: []string{"spec"},
		computed: []string{"status"},
	},
	{
		token: jobType, apiVersion: "batch/v1", kind: "Job", resource: "jobs.batch", args: batchargs.JobArgs{},
		checkName: validation.IsDNS1123Subdomain, required: []string{"spec"},
		replace: []string{"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
		await:   awaitJob, broken: brokenJob, computed: []string{"status"},
	},
	{
		token: deploymentType, apiVersion: "apps/v1", kind: "Deployment", resource: "deployments.apps", args: appsargs.DeploymentArgs{},
		checkName: validation.IsDNS1123Subdomain, required: []string{"spec"},
		replace: []string{"spec.selector"}, await: awaitDeployment,
		computed: []string{"status"},
	},
}

// model makes the double of the kind.
func (k *kind) model() *double.Type {
	return &double.Type{
		Args:        k.args,
		Required:    k.required,
		Name:        double.AutoName{Path: "metadata.name", Unless: "metadata.generateName", Separator: "-", Digits: 8},
		Replace:     append([]string{"metadata.name", "metadata.namespace"}, k.replace...),
		ReplaceIf:   k.replaceIf,
		Broken:      k.broken,
		DeleteFirst: sameName,
		Secrets:     k.secrets,
		Computed:    append([]string{"metadata.uid", "metadata.resourceVersion", "metadata.creationTimestamp", "metadata.generation"}, k.computed...),
		Check:       k.validate,
		Scope:       server,
		Create:      k.create,
		Update:      k.update,
		Await:       k.await,
		Delete:      k.remove,
	}
}

// sameName tells whether the replacement would take the old object's name: the old one must go first.
func sameName(before, after double.Object) bool {
	return double.Get(before, "metadata.name") == double.Get(after, "metadata.name") &&
		double.Get(before, "metadata.namespace") == double.Get(after, "metadata.namespace")
}

// validate lets the API server's own code look at an object when all of it is known, as the provider's dry run of a preview
// does; before that only what is known of its names.
func (k *kind) validate(c *double.Call, in double.Object, fail double.Fail) {
	if !double.Known(in) {
		k.validateNames(in, fail)
		return
	}
	candidate := k.live(c, in, cmp.Or(double.String(in, "metadata.name"), double.String(in, "metadata.generateName")+"xxxxx"))
	double.Set(candidate, "metadata.uid", "to-be-given")
	if _, err := apiserver.Create(candidate); err != nil {
		fail("", "%v", err)
	}
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

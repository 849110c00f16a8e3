package kubernetes

import (
	"encoding/json"
	"fmt"

	appsargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	batchargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	coreargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacargs "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"

	"bifrost/bifrostctl/sandbox/cloud/double"
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
	object           func() any // the API's own Go type
	clusterWide      bool
	checkName        func(string) []string
	required         []string
	replace          []string // the provider's diff.go, besides metadata.name and metadata.namespace
	replaceIf        func(*double.Call, double.Object) []string
	secrets          []string
	check            func(in double.Object, fail double.Fail)
	admit            func(c *double.Call, live double.Object) // defaults that the API server writes
	await            func(c *double.Call, r *world.Resource) []string
	broken           func(c *double.Call, id string, after double.Object) string
	computed         []string
}

// Names of most kinds are DNS subdomains; those of namespaces are labels and those of services begin with a letter.
var kinds = []kind{
	{
		token: namespaceType, apiVersion: "v1", kind: "Namespace", resource: "namespaces", args: coreargs.NamespaceArgs{},
		object: func() any { return &corev1.Namespace{} }, clusterWide: true, checkName: validation.IsDNS1123Label,
		admit: func(_ *double.Call, live double.Object) {
			double.Set(live, "status.phase", "Active")
			double.Default(live, "spec.finalizers", []any{"kubernetes"})
		},
		computed: []string{"status"},
	},
	{
		token: serviceAccountType, apiVersion: "v1", kind: "ServiceAccount", resource: "serviceaccounts", args: coreargs.ServiceAccountArgs{},
		object: func() any { return &corev1.ServiceAccount{} }, checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: secretType, apiVersion: "v1", kind: "Secret", resource: "secrets", args: coreargs.SecretArgs{},
		object: func() any { return &corev1.Secret{} }, checkName: validation.IsDNS1123Subdomain,
		replace: []string{"type"}, replaceIf: immutableSecret, secrets: []string{"data", "stringData"},
		check: checkSecret, admit: admitSecret,
	},
	{
		token: configMapType, apiVersion: "v1", kind: "ConfigMap", resource: "configmaps", args: coreargs.ConfigMapArgs{},
		object: func() any { return &corev1.ConfigMap{} }, checkName: validation.IsDNS1123Subdomain, replaceIf: immutableConfigMap,
		check: func(in double.Object, fail double.Fail) { checkDataKeys(in, "data", fail) },
	},
	{
		token: serviceType, apiVersion: "v1", kind: "Service", resource: "services", args: coreargs.ServiceArgs{},
		object: func() any { return &corev1.Service{} }, checkName: validation.IsDNS1035Label,
		replace: []string{"spec.clusterIP"}, required: []string{"spec"}, admit: admitService, await: awaitService,
		computed: []string{"spec.clusterIP", "spec.clusterIPs", "status"},
	},
	{
		token: roleType, apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", resource: "roles.rbac.authorization.k8s.io", args: rbacargs.RoleArgs{},
		object: func() any { return &rbacv1.Role{} }, checkName: validation.IsDNS1123Subdomain,
	},
	{
		token: roleBindingType, apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", resource: "rolebindings.rbac.authorization.k8s.io", args: rbacargs.RoleBindingArgs{},
		object: func() any { return &rbacv1.RoleBinding{} }, checkName: validation.IsDNS1123Subdomain, replace: []string{"roleRef"},
	},
	{
		token: cronJobType, apiVersion: "batch/v1", kind: "CronJob", resource: "cronjobs.batch", args: batchargs.CronJobArgs{},
		object: func() any { return &batchv1.CronJob{} }, checkName: validation.IsDNS1123Subdomain, required: []string{"spec"},
		check: checkCronJob, admit: withStatus, computed: []string{"status"},
	},
	{
		token: jobType, apiVersion: "batch/v1", kind: "Job", resource: "jobs.batch", args: batchargs.JobArgs{},
		object: func() any { return &batchv1.Job{} }, checkName: validation.IsDNS1123Subdomain, required: []string{"spec"},
		replace: []string{"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
		check:   checkJob, admit: withStatus, await: awaitJob, broken: brokenJob, computed: []string{"status"},
	},
	{
		token: deploymentType, apiVersion: "apps/v1", kind: "Deployment", resource: "deployments.apps", args: appsargs.DeploymentArgs{},
		object: func() any { return &appsv1.Deployment{} }, checkName: validation.IsDNS1123Subdomain, required: []string{"spec"},
		replace: []string{"spec.selector"}, check: checkDeployment, admit: withStatus, await: awaitDeployment,
		computed: []string{"status"},
	},
}

// withStatus gives an object the empty status that a controller fills later.
func withStatus(_ *double.Call, live double.Object) { double.Default(live, "status", double.Object{}) }

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

// validate holds an object against its name's rules and, when all of it is known, against the API's own Go type.
func (k *kind) validate(_ *double.Call, in double.Object, fail double.Fail) {
	if name := double.String(in, "metadata.name"); name != "" {
		for _, problem := range k.checkName(name) {
			fail("metadata.name", "Invalid value: %q: %s", name, problem)
		}
	}
	checkLabels(in, "metadata.labels", fail)
	if !double.Known(in) {
		return
	}
	if err := strict(in, k.object()); err != nil {
		fail("", "%s in version %q cannot be handled as a %s: %v", k.kind, k.apiVersion, k.kind, err)
		return
	}
	if k.check != nil {
		k.check(in, fail)
	}
}

// strict decodes an object into a Go type of the API and refuses unknown fields.
func strict(in double.Object, into any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	unknown, err := kjson.UnmarshalStrict(text, into)
	if err != nil {
		return fmt.Errorf("strict decoding error: %w", err)
	}
	if len(unknown) > 0 {
		return fmt.Errorf("strict decoding error: %v", unknown)
	}
	return nil
}

// decode reads an object that passed strict before.
func decode[T any](o double.Object) (T, error) {
	var v T
	err := strict(o, &v)
	return v, err
}

package access_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/judge/rbac"
)

const namespace = "bifrost"

// manifests are the rules of a ready file, read strictly.
func manifests(t *testing.T, name string) (rules rbac.Rules, namespaces []*corev1.Namespace) {
	t.Helper()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(file(t, "kubernetes/"+name+".yaml"))))
	for {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return rules, namespaces
		}
		require.NoError(t, err)
		var head struct{ Kind string }
		require.NoError(t, yaml.Unmarshal(text, &head))
		switch head.Kind {
		case "Namespace":
			namespaces = append(namespaces, decoded[corev1.Namespace](t, text))
		case "Role":
			rules.Roles = append(rules.Roles, decoded[rbacv1.Role](t, text))
		case "RoleBinding":
			rules.Bindings = append(rules.Bindings, decoded[rbacv1.RoleBinding](t, text))
		case "ClusterRole":
			rules.ClusterRoles = append(rules.ClusterRoles, decoded[rbacv1.ClusterRole](t, text))
		case "ClusterRoleBinding":
			rules.ClusterBindings = append(rules.ClusterBindings, decoded[rbacv1.ClusterRoleBinding](t, text))
		default:
			require.Fail(t, "a manifest of another kind", head.Kind)
		}
	}
}

func decoded[T any](t *testing.T, text []byte) *T {
	t.Helper()
	object := new(T)
	require.NoError(t, yaml.UnmarshalStrict(text, object))
	return object
}

// thing is an object of a stack on the cluster.
type thing struct{ group, resource, namespace, name string }

func (o thing) ask(verb string) rbac.Request {
	asked := rbac.Request{Verb: verb, Group: o.group, Resource: o.resource, Namespace: o.namespace, Name: o.name}
	if verb == "create" {
		asked.Name = "" // in a POST the name is in the body, which nobody authorises
	}
	return asked
}

// things are the objects that stacks make and those that they look up, with who does, and the Roles among them.
type things struct {
	made, read map[thing]string
	roles      []*rbacv1.Role
}

func thingsOfStacks(t *testing.T) things {
	t.Helper()
	all := things{made: map[thing]string{}, read: map[thing]string{}}
	ways := append(stacktest.Examples(t), stacktest.Pulls...)
	ways = append(ways, stacktest.Way{Name: "broker", Stack: "azure-dev", InFile: []string{stacktest.WithBroker}})
	for _, stack := range stacktest.DevStacks { // as the ready files want it
		ways = append(ways, stacktest.Way{Name: stack, Stack: stack, InFile: []string{"gateway.existingNamespace=true"}})
	}
	for _, way := range ways {
		for _, r := range made(way.Start(t).Engine.MustUp(), "kubernetes") {
			o := objectOf(r)
			group, _, _ := strings.Cut(o.text("apiVersion"), "/")
			if group == o.text("apiVersion") {
				group = "" // the core group
			}
			resource, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Group: group, Kind: o.text("kind")})
			metadata, _ := o["metadata"].(map[string]any)
			in, _ := metadata["namespace"].(string)
			name, _ := metadata["name"].(string)
			if in != "" {
				in = namespace // some examples give it another name
			}
			if r.External {
				all.read[thing{group, resource.Resource, in, name}] = way.Name
				continue
			}
			all.made[thing{group, resource.Resource, in, name}] = way.Name
			if r.Type == pulumitype.KubernetesRole {
				all.roles = append(all.roles, roleMade(t, o))
			}
		}
	}
	require.NotEmpty(t, all.roles)
	require.NotEmpty(t, all.read)
	return all
}

func roleMade(t *testing.T, o object) *rbacv1.Role {
	t.Helper()
	text, err := json.Marshal(o["rules"])
	require.NoError(t, err)
	made := &rbacv1.Role{}
	require.NoError(t, yaml.Unmarshal(text, &made.Rules))
	return made
}

// TestKubernetes: who deploys may do all that a stack's objects need, in the one namespace; who previews may read the namespace, and with
// dry runs try what would be made or changed.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	deploy, namespaces := manifests(t, "deploy")
	preview, none := manifests(t, "preview")
	dryRun, alsoNone := manifests(t, "preview-dry-run")
	require.Empty(t, append(none, alsoNone...))
	require.Equal(t, "restricted", namespaces[0].Labels["pod-security.kubernetes.io/enforce"])
	deployer, previewer := rbac.Member("deployer", "bifrost-deploy"), rbac.Member("previewer", "bifrost-preview")
	objects := thingsOfStacks(t)
	for o, way := range objects.read {
		if o.resource == "namespaces" {
			o.name, o.namespace = namespace, namespace // the API server takes a namespace for one that lies in itself
		}
		for verb, want := range map[string]bool{"get": true, "create": false, "patch": false, "delete": false} {
			require.Equal(t, want, deploy.Allow(deployer, o.ask(verb)), "%s: deploy: %s %s %s", way, verb, o.resource, o.name)
			require.Equal(t, want, preview.Allow(previewer, o.ask(verb)), "%s: preview: %s %s %s", way, verb, o.resource, o.name)
			require.Equal(t, want, dryRun.Allow(previewer, o.ask(verb)), "%s: preview with dry runs: %s %s %s", way, verb, o.resource, o.name)
		}
	}

	made := map[schema.GroupResource]bool{}
	for o, way := range objects.made {
		if o.resource == "namespaces" {
			continue // an administrator makes it
		}
		require.NotEmpty(t, o.namespace, "%s: %s %s lies in no namespace", way, o.resource, o.name)
		made[schema.GroupResource{Group: o.group, Resource: o.resource}] = true
		for verb, tries := range map[string]bool{"get": true, "create": true, "patch": true, "list": false, "watch": false,
			"delete": false} {
			require.True(t, deploy.Allow(deployer, o.ask(verb)), "%s: deploy may not %s %s %s", way, verb, o.resource, o.name)
			require.False(t, preview.Allow(previewer, o.ask(verb)), "%s: preview may %s %s %s", way, verb, o.resource, o.name)
			require.Equal(t, tries, dryRun.Allow(previewer, o.ask(verb)), "%s: preview with dry runs: %s %s %s", way, verb, o.resource,
				o.name)
			other := o
			other.namespace = "payments"
			require.False(t, deploy.Allow(deployer, other.ask(verb)), "deploy may %s %s of another namespace", verb, o.resource)
		}
		require.False(t, deploy.Allow(previewer, o.ask("create")), "another group")
	}
	// What the provider watches while it waits (pulumi-kubernetes 4.32, await/deployment.go, service.go and the like).
	for _, read := range []thing{
		{"", "pods", namespace, "x"}, {"", "endpoints", namespace, "x"}, {"", "persistentvolumeclaims", namespace, "x"},
		{"apps", "replicasets", namespace, "x"},
	} {
		for _, verb := range []string{"get", "list", "watch"} {
			require.True(t, deploy.Allow(deployer, read.ask(verb)), "%s %s", verb, read.resource)
		}
	}

	for _, made := range objects.roles {
		require.NoError(t, deploy.Give(deployer, namespace, made.Rules))
		require.NoError(t, dryRun.Give(previewer, namespace, made.Rules), "the try of a Role is refused, too")
	}
	require.Error(t, deploy.Give(deployer, namespace, []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods/exec"},
		Verbs: []string{"create"}}}))
	for _, rule := range append(deploy.Roles[0].Rules[1:10:10], dryRun.Roles[0].Rules[1:10]...) {
		for _, resource := range rule.Resources {
			require.True(t, made[schema.GroupResource{Group: rule.APIGroups[0], Resource: resource}], "no stack makes %s", resource)
		}
	}
}

// TestKubernetesRefuses: what somebody could do on the cluster with the group that deploys.
func TestKubernetesRefuses(t *testing.T) {
	t.Parallel()
	deploy, _ := manifests(t, "deploy")
	dryRun, _ := manifests(t, "preview-dry-run")
	deployer, previewer := rbac.Member("deployer", "bifrost-deploy"), rbac.Member("previewer", "bifrost-preview")
	for what, asked := range map[string]rbac.Request{
		"other namespaces":        {Verb: "list", Resource: "namespaces"},
		"a new namespace":         {Verb: "create", Resource: "namespaces"},
		"another namespace":       {Verb: "get", Resource: "namespaces", Namespace: "payments", Name: "payments"},
		"its own labels":          {Verb: "patch", Resource: "namespaces", Namespace: namespace, Name: namespace},
		"the namespace's end":     {Verb: "delete", Resource: "namespaces", Namespace: namespace, Name: namespace},
		"secrets of others":       {Verb: "get", Resource: "secrets", Namespace: "kube-system", Name: "x"},
		"all secrets":             {Verb: "list", Resource: "secrets"},
		"a shell":                 {Verb: "create", Resource: "pods/exec", Namespace: namespace, Name: "x"},
		"a pod of its own":        {Verb: "create", Resource: "pods", Namespace: namespace},
		"a token":                 {Verb: "create", Resource: "serviceaccounts/token", Namespace: namespace, Name: "bifrost-sa"},
		"more than it holds":      {Verb: "escalate", Group: rbacv1.GroupName, Resource: "roles", Namespace: namespace},
		"what others hold":        {Verb: "bind", Group: rbacv1.GroupName, Resource: "clusterroles", Name: "cluster-admin"},
		"a ClusterRole":           {Verb: "create", Group: rbacv1.GroupName, Resource: "clusterroles"},
		"somebody else":           {Verb: "impersonate", Resource: "users", Name: "admin"},
		"nodes":                   {Verb: "get", Resource: "nodes", Name: "x"},
		"an admission webhook":    {Verb: "create", Group: "admissionregistration.k8s.io", Resource: "mutatingwebhookconfigurations"},
		"classes to write":        {Verb: "create", Group: "storage.k8s.io", Resource: "storageclasses"},
		"everything of one kind":  {Verb: "deletecollection", Resource: "secrets", Namespace: namespace},
		"quotas of the namespace": {Verb: "delete", Resource: "resourcequotas", Namespace: namespace, Name: "x"},
	} {
		require.False(t, deploy.Allow(deployer, asked), "deploy may have %s", what)
		require.False(t, dryRun.Allow(previewer, asked), "preview may have %s", what)
	}
}

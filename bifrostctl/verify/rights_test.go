package verify_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/service"
)

// asking is something that verify asks an API server.
type asking struct{ verb, group, resource, namespace, name string }

// recorder keeps what verify asks.
type recorder struct {
	service.Objects
	lock  sync.Mutex
	asked []asking
}

func (r *recorder) add(a asking) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.asked = append(r.asked, a)
}

func group(apiVersion string) string {
	of, _, named := strings.Cut(apiVersion, "/")
	if !named {
		return ""
	}
	return of
}

// plural is the resource of a kind, as Kubernetes builds it.
func plural(kind string) string {
	kind = strings.ToLower(kind)
	switch {
	case strings.HasSuffix(kind, "s"):
		return kind + "es"
	case strings.HasSuffix(kind, "y") && !strings.HasSuffix(kind, "ay"):
		return strings.TrimSuffix(kind, "y") + "ies"
	}
	return kind + "s"
}

// Object implements service.Objects.
func (r *recorder) Object(ctx context.Context, n service.ObjectName) (*unstructured.Unstructured, error) {
	r.add(asking{"get", group(n.APIVersion), plural(n.Kind), n.Namespace, n.Name})
	return r.Objects.Object(ctx, n)
}

// List implements service.Objects.
func (r *recorder) List(ctx context.Context, apiVersion, kind, namespace string) ([]unstructured.Unstructured, error) {
	r.add(asking{"list", group(apiVersion), plural(kind), namespace, ""})
	return r.Objects.List(ctx, apiVersion, kind, namespace)
}

// TestKubernetesRights: access/kubernetes/verify.yaml has every right that verify uses on a cluster.
func TestKubernetesRights(t *testing.T) {
	t.Parallel()
	inNamespace, everywhere := rulesOf(t, "../../access/kubernetes/verify.yaml")
	used := map[string]bool{}
	for _, w := range append(ways, examples(t)...) {
		r := stand(t, w)
		record := &recorder{}
		clouds := r.changed(func(_ context.Context, client kubernetes.Interface) {
			client.(*fake.Clientset).PrependReactor("*", "*", func(a clienttesting.Action) (bool, runtime.Object, error) {
				name := ""
				if get, is := a.(clienttesting.GetAction); is {
					name = get.GetName()
				}
				of := a.GetResource()
				if of.Resource != "" && of.Resource != "version" && of.Resource != "resource" { // discovery is everybody's
					record.add(asking{a.GetVerb(), of.Group, of.Resource, a.GetNamespace(), name})
				}
				return false, nil, nil
			})
		})
		inner := clouds.Objects
		clouds.Objects = func(ctx context.Context) (service.Objects, error) {
			objects, err := inner(ctx)
			record.Objects = objects
			return record, err
		}
		for _, before := range []bool{false, true} {
			r.documentOf(clouds, verify.Options{Before: before})
		}
		for _, a := range record.asked {
			rules := everywhere
			if a.namespace == r.stack.Config.Gateway.Namespace {
				rules = append(slices.Clone(everywhere), inNamespace...)
			}
			key := fmt.Sprintf("%s %s.%s", a.verb, a.resource, a.group)
			used[key] = true
			require.True(t, slices.ContainsFunc(rules, a.allowed), "%s: %s %s/%s is not in access/kubernetes/verify.yaml", w.Name, key, a.namespace, a.name)
		}
	}
	require.Greater(t, len(used), 20)
}

func (a asking) allowed(rule rbacv1.PolicyRule) bool {
	return slices.Contains(rule.APIGroups, a.group) && slices.Contains(rule.Resources, a.resource) && slices.Contains(rule.Verbs, a.verb) &&
		(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, a.name))
}

// rulesOf are the rules of the Roles and of the ClusterRoles in a file.
func rulesOf(t *testing.T, file string) (inNamespace, everywhere []rbacv1.PolicyRule) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, document := range strings.Split(string(text), "\n---\n") {
		var role struct {
			Kind  string
			Rules []rbacv1.PolicyRule
		}
		require.NoError(t, yaml.Unmarshal([]byte(document), &role))
		switch role.Kind {
		case "Role":
			inNamespace = append(inNamespace, role.Rules...)
		case "ClusterRole":
			everywhere = append(everywhere, role.Rules...)
		}
	}
	return inNamespace, everywhere
}

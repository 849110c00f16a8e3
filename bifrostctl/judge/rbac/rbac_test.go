package rbac_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/judge/rbac"
)

const namespace = "bifrost"

func bound(subject rbacv1.Subject, rule rbacv1.PolicyRule) rbac.Rules {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: "puller"}
	return rbac.Rules{
		Roles: []*rbacv1.Role{{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{rule}}},
		Bindings: []*rbacv1.RoleBinding{{
			ObjectMeta: meta, Subjects: []rbacv1.Subject{subject}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "puller"},
		}},
	}
}

func TestAllow(t *testing.T) {
	account := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "bifrost-pull", Namespace: namespace}
	group := rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:serviceaccounts:" + namespace}
	one := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"pull"}, Verbs: []string{"create", "patch"}}
	for name, c := range map[string]struct {
		subject rbacv1.Subject
		asked   rbac.Request
		allowed bool
	}{
		"the one Secret":         {account, rbac.Request{Verb: "patch", Resource: "secrets", Namespace: namespace, Name: "pull"}, true},
		"another Secret":         {account, rbac.Request{Verb: "patch", Resource: "secrets", Namespace: namespace, Name: "other"}, false},
		"a Secret without name":  {account, rbac.Request{Verb: "create", Resource: "secrets", Namespace: namespace}, false},
		"another verb":           {account, rbac.Request{Verb: "get", Resource: "secrets", Namespace: namespace, Name: "pull"}, false},
		"another namespace":      {account, rbac.Request{Verb: "patch", Resource: "secrets", Namespace: "other", Name: "pull"}, false},
		"by the group":           {group, rbac.Request{Verb: "patch", Resource: "secrets", Namespace: namespace, Name: "pull"}, true},
		"another ServiceAccount": {rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "other", Namespace: namespace}, rbac.Request{Verb: "patch", Resource: "secrets", Namespace: namespace, Name: "pull"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.allowed, bound(c.subject, one).Allow(rbac.ServiceAccount(namespace, "bifrost-pull"), c.asked))
		})
	}
}

// TestGive: only who holds a right may make a Role that gives it.
func TestGive(t *testing.T) {
	holds := rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"get", "create"}}
	rules := bound(rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "deployers"}, holds)
	who := rbac.Member("somebody", "deployers")
	require.True(t, rules.Allow(who, rbac.Request{Verb: "create", Group: "apps", Resource: "deployments", Namespace: namespace}))
	require.False(t, rules.Allow(who, rbac.Request{Verb: "create", Resource: "deployments", Namespace: namespace}), "another group")
	require.NoError(t, rules.Give(who, namespace, []rbacv1.PolicyRule{holds}))
	holds.Verbs = []string{"delete"}
	require.ErrorContains(t, rules.Give(who, namespace, []rbacv1.PolicyRule{holds}), "attempting to grant RBAC permissions not currently held")
	require.Error(t, rules.Give(who, "other", []rbacv1.PolicyRule{{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"get"}}}))
}

// TestCluster: a ClusterRoleBinding holds for what lies in no namespace.
func TestCluster(t *testing.T) {
	meta := metav1.ObjectMeta{Name: "classes"}
	rules := rbac.Rules{
		ClusterRoles: []*rbacv1.ClusterRole{{
			ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{APIGroups: []string{"storage.k8s.io"}, Resources: []string{"storageclasses"}, Verbs: []string{"get"}}},
		}},
		ClusterBindings: []*rbacv1.ClusterRoleBinding{{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "classes"},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "deployers"}},
		}},
	}
	class := rbac.Request{Verb: "get", Group: "storage.k8s.io", Resource: "storageclasses", Name: "gp3"}
	require.True(t, rules.Allow(rbac.Member("somebody", "deployers"), class))
	require.False(t, rules.Allow(rbac.Member("somebody", "others"), class))
}

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

// Package rbac decides what somebody may do on a cluster, by the Roles that bind them. Kubernetes' own authorizer answers.
package rbac

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

// Rules are the Roles and RoleBindings of a namespace, and those of the cluster where there are any: the program makes none.
type Rules struct {
	Roles           []*rbacv1.Role
	Bindings        []*rbacv1.RoleBinding
	ClusterRoles    []*rbacv1.ClusterRole
	ClusterBindings []*rbacv1.ClusterRoleBinding
}

// Request is what somebody wants to do with things of a resource.
type Request struct {
	// Group is the resource's API group; empty is the core group.
	Group string
	// Namespace is empty for what lies in none.
	Verb, Resource, Namespace string
	// Name is one thing's; empty means every thing, or one that has no name yet.
	Name string
}

// ServiceAccount is a signed-in ServiceAccount.
func ServiceAccount(namespace, name string) user.Info {
	return &user.DefaultInfo{
		Name:   serviceaccount.MakeUsername(namespace, name),
		Groups: append(serviceaccount.MakeGroupNames(namespace), user.AllAuthenticated),
	}
}

// Member is somebody signed in who belongs to a group.
func Member(name, group string) user.Info {
	return &user.DefaultInfo{Name: name, Groups: []string{group, user.AllAuthenticated}}
}

// Allow tells whether somebody may do what is asked.
func (r Rules) Allow(who user.Info, asked Request) bool {
	_, roles := validation.NewTestRuleResolver(r.Roles, r.Bindings, r.ClusterRoles, r.ClusterBindings)
	decision, _, _ := rbac.New(roles, roles, roles, roles).Authorize(context.Background(), authorizer.AttributesRecord{
		User: who, Verb: asked.Verb, Namespace: asked.Namespace, APIGroup: asked.Group, APIVersion: "v1", Resource: asked.Resource,
		Name: asked.Name, ResourceRequest: true,
	})
	return decision == authorizer.DecisionAllow
}

// Give returns why somebody may not make a Role with rules in a namespace; nil where they may. Only who holds rights may give them
// (Kubernetes, "Privilege escalation prevention and bootstrapping"); the verbs escalate and bind are not looked at.
func (r Rules) Give(who user.Info, namespace string, rules []rbacv1.PolicyRule) error {
	held, _ := validation.NewTestRuleResolver(r.Roles, r.Bindings, r.ClusterRoles, r.ClusterBindings)
	return validation.ConfirmNoEscalation(request.WithNamespace(request.WithUser(context.Background(), who), namespace), held, rules)
}

// Package rbac decides what a ServiceAccount may do, by the Roles that its namespace binds to it. Kubernetes' own authorizer answers.
package rbac

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

// Rules are the Roles and RoleBindings of a namespace. ClusterRoles are left out: the program makes none.
type Rules struct {
	Roles    []*rbacv1.Role
	Bindings []*rbacv1.RoleBinding
}

// Request is what somebody wants to do with things of a resource of the core group.
type Request struct {
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

// Allow tells whether somebody may do what is asked.
func (r Rules) Allow(who user.Info, asked Request) bool {
	_, roles := validation.NewTestRuleResolver(r.Roles, r.Bindings, nil, nil)
	decision, _, _ := rbac.New(roles, roles, roles, roles).Authorize(context.Background(), authorizer.AttributesRecord{
		User: who, Verb: asked.Verb, Namespace: asked.Namespace, APIVersion: "v1", Resource: asked.Resource, Name: asked.Name,
		ResourceRequest: true,
	})
	return decision == authorizer.DecisionAllow
}

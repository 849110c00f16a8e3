package checks

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/judge/rbac"
)

// rulesOf are the Roles that a namespace binds, with their bindings.
func rulesOf(ctx context.Context, client kubernetes.Interface, namespace string) (rbac.Rules, error) {
	var rules rbac.Rules
	bindings, err := client.RbacV1().RoleBindings(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return rules, err
	}
	for i := range bindings.Items {
		binding := &bindings.Items[i]
		if binding.RoleRef.Kind != "Role" {
			continue
		}
		role, err := client.RbacV1().Roles(namespace).Get(ctx, binding.RoleRef.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return rules, err
		}
		rules.Roles, rules.Bindings = append(rules.Roles, role), append(rules.Bindings, binding)
	}
	return rules, nil
}

// lacks are the verbs that a ServiceAccount may not do with a thing of a resource of the core group; with every thing, where it has no
// name.
func lacks(rules rbac.Rules, namespace, account, resource, name string, verbs ...string) []string {
	var lacking []string
	for _, verb := range verbs {
		if !rules.Allow(rbac.ServiceAccount(namespace, account),
			rbac.Request{Verb: verb, Resource: resource, Namespace: namespace, Name: name}) {
			lacking = append(lacking, verb)
		}
	}
	return lacking
}

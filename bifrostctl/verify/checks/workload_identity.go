package checks

import (
	"cmp"
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/check"
	"bifrost/components/kubernetes"
)

// runtimeIdentity is the gateway's own identity, which never pulls, and the annotation with which its ServiceAccount names it. With EKS Pod
// Identity there is no annotation; both are empty where no identity is configured.
func (s Stack) runtimeIdentity() (annotation, want string) {
	cluster, _ := s.Config.Cluster()
	made := s.Outputs.Cluster()
	return cluster.IdentityAnnotation, cmp.Or(cluster.Identity, made.GatewayRoleArn, made.GatewayClientID, made.GatewayServiceAccount)
}

// association looks at what EKS Pod Identity gives the gateway's ServiceAccount.
func (r runs) association(ctx context.Context) check.Result {
	account := r.objects.names.Namespace + "/" + r.Config.Gateway.ServiceAccount
	roles, err := r.clouds.EKS.Associations(ctx, r.Config.Eks.ClusterName, r.objects.names.Namespace, r.Config.Gateway.ServiceAccount)
	if err != nil {
		return unreadable("the pod identity associations", err, r.awsLogin())
	}
	if _, want := r.runtimeIdentity(); !slices.Contains(roles, want) {
		return check.Fail(r.up(), "ServiceAccount %s is associated with %s, not with %s", account, quoted(roles), want)
	}
	return check.Pass("%s", account)
}

// identity looks at what the clouds' webhooks look at: the ServiceAccount's annotation and, on AKS, the pods' own label.
func (r runs) identity(ctx context.Context) check.Result {
	client, err := r.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	account, err := client.CoreV1().ServiceAccounts(r.objects.names.Namespace).Get(ctx, r.Config.Gateway.ServiceAccount,
		metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return check.Fail(r.up(), "there is no ServiceAccount %s in namespace %s", r.Config.Gateway.ServiceAccount,
			r.objects.names.Namespace)
	}
	if err != nil {
		return unreadable("ServiceAccount "+r.Config.Gateway.ServiceAccount, err, r.clusterLogin())
	}
	annotation, want := r.runtimeIdentity()
	if have := account.Annotations[annotation]; have != want {
		return check.Fail(r.up(), "ServiceAccount %s has %s = %q, and not %s", account.Name, annotation, have, want)
	}
	d, err := r.objects.workload(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	if annotation == kubernetes.AzureClientAnnotation && d.template.Labels[azurePodLabel] != "true" {
		return check.Fail(r.up(), "the pods of %s lack the label %s: \"true\", by which the webhook picks them; one on the "+
			"ServiceAccount does nothing", d, azurePodLabel)
	}
	return check.Pass("%s", want)
}

package checks

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/check"
)

// broker: all nodes of a cluster meet in one process, and two of them would part the cluster.
func (r runs) broker(ctx context.Context) check.Result {
	client, err := r.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	namespace, name := r.objects.names.Namespace, r.Outputs.Cluster().Broker
	d, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return check.Fail(r.up(), "there is no Deployment %s in namespace %s: the gateway's pods share no state", name, namespace)
	}
	if err != nil {
		return unreadable("Deployment "+name, err, r.clusterLogin())
	}
	if wanted(d.Spec.Replicas) != 1 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		return check.Fail(r.up(), "Deployment %s wants %d pods and replaces them by %s: gateways of one broker do not hear those of "+
			"another", name, wanted(d.Spec.Replicas), d.Spec.Strategy.Type)
	}
	if w := ofDeployment(d); !w.complete() {
		return check.Fail(fmt.Sprintf("kubectl describe deployment %s -n %s; kubectl logs deployment/%s -n %s", name, namespace, name,
			namespace),
			"the broker does not run: the gateway's pods share no state until it does")
	}
	return check.Pass("one pod")
}

// broker is the service of the tasks' broker.
func (t tasks) broker(ctx context.Context) check.Result {
	service := t.Outputs.ECS.Service + "-broker"
	s, err := t.ecs.Service(ctx, t.Outputs.ECS.Cluster, service)
	if missing(err) {
		return check.Fail(t.up(), "there is no ECS service %s in cluster %s: the tasks share no state", service,
			name(t.Outputs.ECS.Cluster))
	}
	if err != nil {
		return unreadable("ECS service "+service, err, t.awsLogin())
	}
	events := fmt.Sprintf("aws ecs describe-services --region %s --cluster %s --services %s --query 'services[0].events[:5]'",
		t.Config.Aws.Region, name(t.Outputs.ECS.Cluster), service)
	switch {
	case s.Desired != 1:
		return check.Fail(t.up(), "ECS service %s wants %d tasks: gateways of one broker do not hear those of another", service, s.Desired)
	case s.TaskDefinition != t.Outputs.ECS.BrokerTaskDefinition:
		return check.Fail(events+"; mend what they name, then "+t.up(), "ECS service %s runs %s, and not the registered %s", service,
			name(s.TaskDefinition), name(t.Outputs.ECS.BrokerTaskDefinition))
	case s.Running < 1:
		return check.Fail(events, "the broker does not run: the tasks share no state until it does")
	}
	return check.Pass("one task of %s", name(s.TaskDefinition))
}

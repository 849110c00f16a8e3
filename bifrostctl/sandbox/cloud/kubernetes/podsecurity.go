package kubernetes

import (
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// evaluator holds pods against the Pod Security Standards: the API server's own checks.
var evaluator = sync.OnceValues(func() (policy.Evaluator, error) { return policy.NewEvaluator(policy.DefaultChecks(), nil) })

// podSecurity returns why the admission plug-in PodSecurity keeps a controller from making its pods, in the words of the
// controller's FailedCreate event; "" where it does not. Namespaces without a label for it allow all pods.
func podSecurity(c *double.Call, namespace, owner string, pod *corev1.PodTemplateSpec) (string, error) {
	labels, err := namespaceLabels(c, namespace)
	if err != nil {
		return "", err
	}
	unlabelled := podsecurity.LevelVersion{Level: podsecurity.LevelPrivileged, Version: podsecurity.LatestVersion()}
	wanted, problems := podsecurity.PolicyToEvaluate(labels, podsecurity.Policy{Enforce: unlabelled})
	if len(problems) > 0 {
		return "", fmt.Errorf("read the Pod Security labels of namespace %q: %w", namespace, problems.ToAggregate())
	}
	checks, err := evaluator()
	if err != nil {
		return "", fmt.Errorf("prepare the Pod Security checks: %w", err)
	}
	result := policy.AggregateCheckResults(checks.EvaluatePod(wanted.Enforce, &pod.ObjectMeta, &pod.Spec))
	if result.Allowed {
		return "", nil
	}
	return fmt.Sprintf("FailedCreate: Error creating: pods %q is forbidden: violates PodSecurity %q: %s", owner+"-",
		wanted.Enforce.String(), result.ForbiddenDetail()), nil
}

// namespaceLabels: the namespaces of every cluster have none.
func namespaceLabels(c *double.Call, name string) (map[string]string, error) {
	r := c.World.Get(pulumitype.KubernetesNamespace, server(c), name)
	if r == nil {
		return nil, nil
	}
	namespace, err := decode[corev1.Namespace](r.State)
	return namespace.Labels, err
}

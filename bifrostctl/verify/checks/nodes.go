package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// placed are pods that nodes must take, and the key that says on which they may run.
type placed struct {
	who, key string
	spec     corev1.PodSpec
}

// scheduled looks at pods that wait for a node, and then whether a node would take further ones.
func (r runs) scheduled(ctx context.Context) check.Result {
	pods, err := r.objects.pods(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	w, err := r.objects.workload(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	all := []placed{{"the gateway", "gateway.scheduling", w.template.Spec}}
	if r.objects.names.RefreshCronJob != "" {
		if cronJob, err := r.objects.cronJob(ctx); err == nil {
			all = append(all, placed{"the refresher", "refresher.scheduling", cronJob.Spec.JobTemplate.Spec.Template.Spec})
		}
	}
	found := fit(ctx, r.Stack, r.clouds, all)
	for _, pod := range pods {
		for _, c := range pod.Status.Conditions {
			if c.Type != corev1.PodScheduled || c.Status != corev1.ConditionFalse || c.Reason != corev1.PodReasonUnschedulable {
				continue
			}
			why := ""
			if found.Status == check.Failed || found.Status == check.Warning {
				why = "; " + found.Error
			}
			look := "kubectl describe pod " + pod.Name + " -n " + pod.Namespace
			return check.Fail("gateway.scheduling.tolerations and nodeSelector, or nodes that take the pods; "+look,
				"pod %s waits for a node: %s%s", pod.Name, c.Message, why)
		}
	}
	if found.Status == check.Failed { // what runs was scheduled before
		found.Status = check.Warning
	}
	return found
}

// nodesBefore looks whether nodes would take the pods of a stack that was never up.
func (s Stack) nodesBefore(c service.Clouds) check.Check {
	return check.Check{Code: "pre-nodes", Description: "nodes would take the pods", Run: func(ctx context.Context) check.Result {
		all, err := s.placements()
		if err != nil {
			return check.Fail("gateway.scheduling, refresher.scheduling", "%v", err)
		}
		return fit(ctx, s, c, all)
	}}
}

// placements are the pods of a stack that was never up, as the configuration places them.
func (s Stack) placements() ([]placed, error) {
	gateway, err := podSpec(s.Config.Gateway.Scheduling)
	if err != nil {
		return nil, err
	}
	all := []placed{{"the gateway", "gateway.scheduling", gateway}}
	if s.Config.Refresher.Scheduling == nil {
		return all, nil // it follows the gateway's
	}
	refresher, err := podSpec(s.Config.Refresher.Scheduling)
	return append(all, placed{"the refresher", "refresher.scheduling", refresher}), err
}

// podSpec takes what the configuration says in the words of the Kubernetes API: *stacks.Scheduling or *stacks.Placement.
func podSpec(of any) (corev1.PodSpec, error) {
	var spec corev1.PodSpec
	v := reflect.ValueOf(of)
	if v.IsNil() {
		return spec, nil
	}
	object := map[string]any{}
	for _, name := range []string{"NodeSelector", "Tolerations", "Affinity"} {
		object[strings.ToLower(name[:1])+name[1:]] = written(v.Elem().FieldByName(name))
	}
	if err := into(object, &spec); err != nil {
		return spec, err
	}
	if s, is := of.(*stacks.Scheduling); is && len(s.Architectures) > 0 {
		spec.NodeSelector = withArchitecture(spec.NodeSelector, s.Architectures)
	}
	return spec, nil
}

// withArchitecture adds the processor where there is one alone; several are left to the preview.
func withArchitecture(selector map[string]string, architectures []string) map[string]string {
	if len(architectures) != 1 {
		return selector
	}
	with := map[string]string{corev1.LabelArchStable: architectures[0]}
	for key, value := range selector {
		with[key] = value
	}
	return with
}

// written is a value of Pulumi's Kubernetes types as JSON has it: their fields have its names in the tag pulumi.
func written(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return written(v.Elem())
	case reflect.Struct:
		object := map[string]any{}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("pulumi"), ",")
			if each := written(v.Field(i)); each != nil {
				object[name] = each
			}
		}
		return object
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = written(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// into reads JSON-like values into a type of the Kubernetes API.
func into(object map[string]any, to any) error {
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

// NoNode is why a cluster without any node is not asked whether its nodes take the pods.
const NoNode = "the cluster has no node yet"

// fit tells whether each of the pods has a node that takes it, by its taints, labels and processor. Whether there is room is the
// scheduler's to know.
func fit(ctx context.Context, s Stack, c service.Clouds, all []placed) check.Result {
	client, err := c.Kubernetes(ctx)
	if err != nil {
		return unreadable("the cluster", err, s.clusterLogin())
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return unreadable("the nodes", err, s.clusterLogin())
	}
	if len(nodes.Items) == 0 {
		return check.Skip(NoNode)
	}
	var fitting []string
	for _, p := range all {
		taking, reasons := 0, map[string]int{}
		for i := range nodes.Items {
			if reason := refuses(&nodes.Items[i], p.spec); reason != "" {
				reasons[reason]++
				continue
			}
			taking++
		}
		if taking == 0 {
			return noNode(ctx, s, c, p, len(nodes.Items), reasons)
		}
		fitting = append(fitting, fmt.Sprintf("%d of %d nodes take %s", taking, len(nodes.Items), p.who))
	}
	return check.Pass("%s", strings.Join(fitting, ", "))
}

// noNode fails, but where Karpenter, or what stands on it, may add a node that fits: there it warns.
func noNode(ctx context.Context, s Stack, c service.Clouds, p placed, count int, reasons map[string]int) check.Result {
	var parts []string
	for reason, n := range reasons {
		parts = append(parts, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(parts)
	result := check.Fail(p.key+".tolerations and nodeSelector, or nodes that take the pods; what a cluster autoscaler adds is not seen "+
		"here",
		"none of %d nodes takes %s's pods: %s", count, p.who, strings.Join(parts, ", "))
	if objects, err := c.Objects(ctx); err == nil {
		if pools, err := objects.List(ctx, "karpenter.sh/v1", "NodePool", ""); err == nil && len(pools) > 0 {
			result.Status = check.Warning
		}
	}
	return result
}

// refuses is why a node takes no pod with a spec; "" where it does.
func refuses(node *corev1.Node, spec corev1.PodSpec) string {
	hard := func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}
	taint, found := scheduling.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, spec.Tolerations, hard, false)
	if found {
		return "with the taint " + taint.ToString() + ", which is not tolerated"
	}
	matches, err := nodeaffinity.GetRequiredNodeAffinity(&corev1.Pod{Spec: spec}).Match(node)
	if err == nil && !matches {
		return "without the labels that the pods ask for"
	}
	if node.Labels[corev1.LabelOSStable] == "windows" {
		return "of Windows"
	}
	return ""
}

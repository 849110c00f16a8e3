package checks

import (
	"context"
	"fmt"
	"maps"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

// live are the checks of what controllers make of the stack's objects.
func (r runs) live() []check.Check {
	gateway := r.Config.Gateway
	var all []check.Check
	if gateway.Autoscaling != nil {
		all = append(all, check.Check{Code: "workload-autoscaler", Description: "the autoscaler can scale",
			Needs: []string{"workload-rollout"}, Run: r.autoscaler})
	}
	if gateway.Ingress != nil || gateway.Service != nil && gateway.Service.Type == string(corev1.ServiceTypeLoadBalancer) {
		all = append(all, check.Check{Code: "workload-address", Description: "a controller has given the gateway an address",
			Run: r.address})
	}
	if gateway.HttpRoute != nil {
		all = append(all, check.Check{Code: "workload-route", Description: "the Gateway has taken the route", Run: r.route})
	}
	if gateway.Monitoring != nil && gateway.Monitoring.ServiceMonitor {
		all = append(all, check.Check{Code: "workload-monitored", Description: "a Prometheus picks the ServiceMonitor", Run: r.monitored})
	}
	return all
}

func (r runs) autoscaler(ctx context.Context) check.Result {
	client, err := r.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	namespace := r.objects.names.Namespace
	all, err := client.AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return unreadable("HorizontalPodAutoscalers", err, r.clusterLogin())
	}
	w, err := r.objects.workload(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	for _, a := range all.Items {
		if w.scaledBy(a) {
			return r.scales(a)
		}
	}
	return check.Block("no HorizontalPodAutoscaler scales %s", w)
}

// scales reads the conditions by which the controller tells whether it works (Kubernetes, "Horizontal Pod Autoscaling", status conditions).
func (r runs) scales(a autoscalingv2.HorizontalPodAutoscaler) check.Result {
	look := fmt.Sprintf("kubectl describe horizontalpodautoscaler %s -n %s", a.Name, a.Namespace)
	for _, c := range a.Status.Conditions {
		if c.Status != corev1.ConditionFalse {
			continue
		}
		switch c.Type {
		case autoscalingv2.ScalingActive:
			if c.Reason == "ScalingDisabled" {
				return check.Fail(r.up(), "HorizontalPodAutoscaler %s is off: %s has no replicas", a.Name, a.Spec.ScaleTargetRef.Name)
			}
			return check.Fail("install metrics-server where `kubectl top pods -n "+a.Namespace+"` says nothing; "+look,
				"HorizontalPodAutoscaler %s does not scale: %s: %s", a.Name, c.Reason, c.Message)
		case autoscalingv2.AbleToScale:
			return check.Fail(look, "HorizontalPodAutoscaler %s cannot scale: %s: %s", a.Name, c.Reason, c.Message)
		}
	}
	least, have := wanted(a.Spec.MinReplicas), a.Status.CurrentReplicas
	switch {
	case have < least || have > a.Spec.MaxReplicas:
		return check.Fail(look, "%d pods run, and HorizontalPodAutoscaler %s keeps %d to %d", have, a.Name, least, a.Spec.MaxReplicas)
	case have == a.Spec.MaxReplicas && have > least:
		return check.Warn("gateway.autoscaling.maxReplicas; "+look, "%d pods run, as many as HorizontalPodAutoscaler %s may make", have,
			a.Name)
	}
	return check.Pass("%d of %d to %d", have, least, a.Spec.MaxReplicas)
}

// address looks at what clients reach: of the Ingress, and of a Service of type LoadBalancer.
func (r runs) address(ctx context.Context) check.Result {
	client, err := r.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	namespace := r.objects.names.Namespace
	if r.Config.Gateway.Ingress == nil {
		return r.serviceAddress(ctx, client)
	}
	all, err := client.NetworkingV1().Ingresses(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return unreadable("the Ingresses", err, r.clusterLogin())
	}
	for _, of := range all.Items {
		if !leadsTo(of, r.objects.names.Service) {
			continue
		}
		for _, at := range of.Status.LoadBalancer.Ingress {
			if at.Hostname+at.IP != "" {
				return check.Pass("%s", at.Hostname+at.IP)
			}
		}
		return check.Fail(fmt.Sprintf("kubectl describe ingress %s -n %s; the controller's log says why", of.Name, namespace),
			"Ingress %s has no address: no controller of class %s has taken it", of.Name, r.Config.Gateway.Ingress.Class())
	}
	return check.Block("no Ingress leads to Service %s", r.objects.names.Service)
}

func leadsTo(ingress networkingv1.Ingress, service string) bool {
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, path := range rule.HTTP.Paths {
			if path.Backend.Service != nil && path.Backend.Service.Name == service {
				return true
			}
		}
	}
	return false
}

func (r runs) serviceAddress(ctx context.Context, client kubernetes.Interface) check.Result {
	name, namespace := r.objects.names.Service, r.objects.names.Namespace
	found, err := client.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return check.Block("there is no Service %s", name) // the check of the endpoints tells
	case err != nil:
		return unreadable("Service "+name, err, r.clusterLogin())
	}
	for _, at := range found.Status.LoadBalancer.Ingress {
		if at.Hostname+at.IP != "" {
			return check.Pass("%s", at.Hostname+at.IP)
		}
	}
	return check.Fail(fmt.Sprintf("kubectl describe service %s -n %s", name, namespace),
		"Service %s has no address: no load balancer was made", name)
}

// route reads what the controllers of the Gateways say of the route (Gateway API specification, RouteParentStatus).
func (r runs) route(ctx context.Context) check.Result {
	namespace := r.objects.names.Namespace
	gateway := r.Config.Gateway.HttpRoute.Gateway
	objects, err := r.clouds.Objects(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	found, err := objects.List(ctx, gatewayAPI, "HTTPRoute", namespace)
	if err != nil && !missing(err) {
		return unreadable("the HTTPRoutes", err, r.clusterLogin())
	}
	look := "kubectl describe httproute -n " + namespace
	for _, of := range found {
		for _, parent := range listAt(of.Object, "spec", "parentRefs") {
			if parent["name"] != gateway {
				continue
			}
			for _, status := range listAt(of.Object, "status", "parents") {
				if at(status, "parentRef", "name") != gateway {
					continue
				}
				if bad := untrue(listAt(status, "conditions"), "Accepted", "ResolvedRefs"); bad != "" {
					return check.Fail(look, "HTTPRoute %s at Gateway %s: %s", of.GetName(), gateway, bad)
				}
				return check.Pass("HTTPRoute %s at Gateway %s", of.GetName(), gateway)
			}
			return check.Fail(look+"; kubectl get gatewayclass shows whether a controller runs",
				"no controller says anything of HTTPRoute %s at Gateway %s", of.GetName(), gateway)
		}
	}
	return check.Block("no HTTPRoute is of Gateway %s", gateway)
}

const operatorAPI = "monitoring.coreos.com/v1"

// monitored looks for a Prometheus of the operator whose selectors take the ServiceMonitor in (Prometheus Operator, API reference,
// PrometheusSpec: a selector that is absent takes none, an empty one all; an absent selector of namespaces means the Prometheus' own).
func (r runs) monitored(ctx context.Context) check.Result {
	objects, err := r.clouds.Objects(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	all, err := objects.List(ctx, operatorAPI, "Prometheus", "")
	switch {
	case missing(err) || err == nil && len(all) == 0:
		return check.Skip("no Prometheus of the Prometheus Operator is in the cluster")
	case err != nil:
		return unreadable("the Prometheuses", err, r.clusterLogin())
	}
	own := service.ObjectName{APIVersion: "v1", Kind: "Namespace", Name: r.objects.names.Namespace}
	namespace, err := objects.Object(ctx, own)
	if err != nil {
		return unreadable("namespace "+own.Name, err, r.clusterLogin())
	}
	monitor := maps.Clone(r.Config.Labels)
	if monitor == nil {
		monitor = map[string]string{}
	}
	maps.Copy(monitor, r.Config.Gateway.Monitoring.Labels)
	var names []string
	for _, p := range all {
		names = append(names, p.GetNamespace()+"/"+p.GetName())
		sameNamespace := at(p.Object, "spec", "serviceMonitorNamespaceSelector") == nil && p.GetNamespace() == own.Name
		if takes(at(p.Object, "spec", "serviceMonitorSelector"), monitor) &&
			(sameNamespace || takes(at(p.Object, "spec", "serviceMonitorNamespaceSelector"), namespace.GetLabels())) {
			return check.Pass("Prometheus %s/%s", p.GetNamespace(), p.GetName())
		}
	}
	slices.Sort(names)
	return check.Warn("kubectl get prometheus -A -o yaml shows serviceMonitorSelector: write its labels into gateway.monitoring.labels",
		"no Prometheus picks the ServiceMonitor, of %s", quoted(names))
}

// takes tells whether a label selector, as it is in an object, matches.
func takes(selector any, of map[string]string) bool {
	object, isObject := selector.(map[string]any)
	if !isObject {
		return false
	}
	var parsed metav1.LabelSelector
	if err := into(object, &parsed); err != nil {
		return false
	}
	matching, err := metav1.LabelSelectorAsSelector(&parsed)
	return err == nil && matching.Matches(labels.Set(of))
}

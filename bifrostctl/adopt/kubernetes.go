package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"bifrost/bifrostctl/verify/service"
	"bifrost/components/kubernetes"
)

// objectRef names an object and its kind.
type objectRef struct {
	apiVersion, kind, namespace, name string
}

func (r objectRef) id() string { return strings.TrimPrefix(r.namespace+"/"+r.name, "/") }

func (r objectRef) typ() string {
	group := r.apiVersion
	if !strings.Contains(group, "/") {
		group = "core/" + group
	}
	return "kubernetes:" + group + ":" + r.kind
}

func (r objectRef) String() string { return r.kind + " " + r.id() }

// onCluster looks at one cluster.
type onCluster struct {
	*finder
	target    string
	objects   service.Objects
	namespace string
	// workload is the gateway as it runs; nil where it does not, or is none that can be adopted.
	workload *appsv1.Deployment
}

func (f *finder) kubernetes(target string) error {
	objects, err := f.clouds.Objects(f.ctx)
	if err != nil {
		return fmt.Errorf("%s: the cluster cannot be reached: %w", target, err)
	}
	o := &onCluster{finder: f, target: target, objects: objects, namespace: f.c.Gateway.Namespace}
	if _, err := o.get(objectRef{"v1", "Namespace", "", o.namespace}); !f.found("namespace "+o.namespace, err) {
		return nil
	}
	if err := o.findWorkload(); err != nil {
		return err
	}
	o.keepNamespace()
	switch {
	case o.workload != nil && f.known[target+"-gateway-deployment"]:
		f.plan.Has = append(f.plan.Has, target+"-gateway-deployment")
		o.keepService()
	case o.workload != nil:
		o.keepWorkload()
		o.keepService()
		o.keepConfig()
		o.keepPull()
		o.keepOpen()
	}
	o.takeObjects()
	o.leftovers()
	return nil
}

// get reads an object.
func (o *onCluster) get(ref objectRef) (*unstructured.Unstructured, error) {
	return o.objects.Object(o.ctx, service.ObjectName{APIVersion: ref.apiVersion, Kind: ref.kind, Namespace: ref.namespace, Name: ref.name})
}

// list reads all objects of a kind in the namespace. One that cannot be listed is noted, and has none.
func (o *onCluster) list(apiVersion, kind string) []unstructured.Unstructured {
	found, err := o.objects.List(o.ctx, apiVersion, kind, o.namespace)
	if err != nil {
		o.found(kind+"s of namespace "+o.namespace, err)
	}
	return found
}

func listed[T any](o *onCluster, apiVersion, kind string) []T {
	var all []T
	for _, item := range o.list(apiVersion, kind) {
		var one T
		if runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &one) == nil {
			all = append(all, one)
		}
	}
	return all
}

// runs tells whether a pod's template has the gateway's image, or its name.
func (o *onCluster) runs(name string, template corev1.PodTemplateSpec) bool {
	if o.options.Workload != "" {
		return name == o.options.Workload
	}
	repository := o.c.Image().Host + "/" + o.c.Image().Path
	return slices.ContainsFunc(template.Spec.Containers, func(c corev1.Container) bool {
		image, _, _ := strings.Cut(c.Image, "@")
		if at := strings.LastIndex(image, ":"); at > strings.LastIndex(image, "/") {
			image = image[:at]
		}
		return image == repository
	})
}

func (o *onCluster) findWorkload() error {
	var found []appsv1.Deployment
	for _, d := range listed[appsv1.Deployment](o, "apps/v1", "Deployment") {
		if o.runs(d.Name, d.Spec.Template) {
			found = append(found, d)
		}
	}
	for _, s := range listed[appsv1.StatefulSet](o, "apps/v1", "StatefulSet") {
		if o.runs(s.Name, s.Spec.Template) && !o.known[o.target+"-gateway-stateful-set"] {
			o.statefulSet(&s)
		}
	}
	var names []string
	for _, d := range found {
		names = append(names, d.Name)
	}
	switch {
	case len(found) > 1:
		return fmt.Errorf("namespace %s has several Deployments of the image: %s; say which is the gateway with --workload NAME",
			o.namespace,
			strings.Join(names, ", "))
	case len(found) == 0 && o.options.Workload != "" && len(o.plan.Cannot) == 0:
		return fmt.Errorf("--workload %s: namespace %s has no such Deployment or StatefulSet", o.options.Workload, o.namespace)
	case len(found) == 0:
		return nil
	}
	if o.c.Stateful() {
		o.plan.Cannot = append(o.plan.Cannot, Note{What: "Deployment " + names[0],
			Why:  "with SQLite the stack runs a StatefulSet, and the kind of an object never changes",
			Mend: claimMend("deployment", names[0], found[0].Spec.Template)})
		return nil
	}
	o.workload = &found[0]
	return nil
}

// statefulSet says how the gateway of one goes on: its serviceName, its claims and its pod's name never change.
func (o *onCluster) statefulSet(s *appsv1.StatefulSet) {
	mend := fmt.Sprintf("kubectl delete statefulset %s --namespace %s, then pulumi up", s.Name, s.Namespace)
	if o.c.Stateful() && len(s.Spec.VolumeClaimTemplates) > 0 {
		claim := s.Spec.VolumeClaimTemplates[0].Name + "-" + s.Name + "-0"
		o.plan.set("gateway.storage", map[string]any{"existingClaim": claim}, "the volume with the database of SQLite, which outlives "+
			"its StatefulSet")
		o.supplied("persistentvolumeclaim/" + claim)
	}
	o.plan.Cannot = append(o.plan.Cannot, Note{What: "StatefulSet " + s.Name,
		Why: "its headless Service, its claims and how it makes pods never change; SQLite has one process, so that the gateway is away " +
			"for as long as one start takes", Mend: mend})
}

func claimMend(kind, name string, template corev1.PodTemplateSpec) string {
	for _, volume := range template.Spec.Volumes {
		if claim := volume.PersistentVolumeClaim; claim != nil {
			return fmt.Sprintf("write gateway.storage.existingClaim: %s, then kubectl delete %s %s and pulumi up", claim.ClaimName, kind,
				name)
		}
	}
	return fmt.Sprintf("kubectl delete %s %s, then pulumi up; or let gateway.config name PostgreSQL", kind, name)
}

// keepNamespace takes the namespace in, unless it is others' too: the stack enforces Pod Security there, and deletes it at its end.
func (o *onCluster) keepNamespace() {
	if o.c.Gateway.ExistingNamespace || o.known[o.target+"-namespace"] {
		return
	}
	var others []string
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		for _, item := range o.list("apps/v1", kind) {
			if o.workload == nil || item.GetName() != o.workload.Name || kind != "Deployment" {
				others = append(others, kind+" "+item.GetName())
			}
		}
	}
	if len(others) == 0 && o.namespace != "default" {
		return
	}
	o.c.Gateway.ExistingNamespace = true
	o.plan.set("gateway.existingNamespace", true, "it has others in it ("+strings.Join(append(others, o.namespace), ", ")+
		"): the stack does not change or delete it")
}

// keepWorkload keeps the names and what never changes of the Deployment.
func (o *onCluster) keepWorkload() {
	d, g := o.workload, &o.c.Gateway
	what := objectRef{"apps/v1", "Deployment", d.Namespace, d.Name}
	if d.Name != g.Name {
		g.Name = d.Name
		o.plan.set("gateway.name", d.Name, "the name of the Deployment and of its Service")
	}
	selector := d.Spec.Selector
	if selector == nil || len(selector.MatchExpressions) > 0 {
		o.plan.Cannot = append(o.plan.Cannot, Note{What: what.String(), Why: "its selector has expressions, and never changes",
			Mend: "write another gateway.name, bring the stack up beside it, move the clients, and delete it"})
		o.workload = nil
		return
	}
	if want := map[string]string{"app": g.Name}; !maps.Equal(selector.MatchLabels, want) && !maps.Equal(selector.MatchLabels, g.Selector) {
		g.Selector = selector.MatchLabels
		o.plan.set("gateway.selector", selector.MatchLabels, "the selector of a Deployment never changes")
	}
	if account := d.Spec.Template.Spec.ServiceAccountName; account != "" && account != "default" && account != g.ServiceAccount &&
		!o.plan.has("gateway.serviceAccount") && account != o.c.Refresher.ServiceAccount {
		g.ServiceAccount = account
		o.plan.set("gateway.serviceAccount", account, "as which the pods run")
	}
	o.keepReplicas()
	o.take(Thing{o.target + "-gateway-deployment", what.typ(), what.id(), what.String()})
	o.plan.Changes = append(o.plan.Changes, fmt.Sprintf("%s: its pods roll, one after the other, to those of the stack: config.json, "+
		"variables and the pull Secret of the stack, probes that no outage of the database trips, no right that they do not need. A pod "+
		"goes once its successor is ready%s", what, goesAtOnce(d.Spec.Template.Spec)))
}

// goesAtOnce says what becomes of requests where the pods have nothing that lets them serve on until nobody sends them any. A pod that runs
// cannot get a preStop: the roll that would give it one refuses the same requests.
func goesAtOnce(pod corev1.PodSpec) string {
	for _, container := range pod.Containers {
		if container.Lifecycle != nil && container.Lifecycle.PreStop != nil {
			return ""
		}
	}
	return ". Those of today have no preStop: as at each of their rolls so far, connections may be refused in the moment in which one " +
		"goes. Pods of the stack serve on until nobody sends them any"
}

func (o *onCluster) keepReplicas() {
	d, g := o.workload, &o.c.Gateway
	for _, scaler := range o.list("autoscaling/v2", "HorizontalPodAutoscaler") {
		if name, _, _ := unstructured.NestedString(scaler.Object, "spec", "scaleTargetRef", "name"); name != d.Name {
			continue
		}
		least, _, _ := unstructured.NestedInt64(scaler.Object, "spec", "minReplicas")
		most, _, _ := unstructured.NestedInt64(scaler.Object, "spec", "maxReplicas")
		if g.Autoscaling == nil {
			o.plan.set("gateway.autoscaling", map[string]any{"minReplicas": max(least, 1), "maxReplicas": most},
				"an autoscaler decides about the number of pods")
			o.plan.set("gateway.replicas", nil, "the autoscaler's")
			g.Autoscaling = &kubernetes.WorkloadAutoscalingArgs{MinReplicas: int(max(least, 1)), MaxReplicas: int(most)}
		}
		if scaler.GetName() != d.Name {
			o.plan.Left = append(o.plan.Left, Note{What: "HorizontalPodAutoscaler " + scaler.GetName(),
				Why: "two of one Deployment fight: the stack's is " + d.Name,
				Mend: fmt.Sprintf("kubectl delete hpa %s --namespace %s, before the up", scaler.GetName(),
					d.Namespace)})
		}
		return
	}
	if replicas := d.Spec.Replicas; replicas != nil && (g.Replicas == nil || *g.Replicas != int(*replicas)) && g.Autoscaling == nil {
		o.plan.set("gateway.replicas", int(*replicas), "as many pods as run")
	}
}

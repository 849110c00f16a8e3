package adopt

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"bifrost/bifrostctl/verify/service"
	"bifrost/components/kubernetes"
	"bifrost/stacks"
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
			Why: "with SQLite the stack runs a StatefulSet, and the " +
				"kind of an object never changes", Mend: claimMend("deployment", names[0], found[0].Spec.Template)})
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
		o.plan.set("gateway.storage", map[string]any{"existingClaim": claim}, "the volume with the database of SQLite, which outlives its "+
			"StatefulSet")
		if !o.c.Gateway.ExistingNamespace {
			o.plan.set("gateway.suppliedObjects", []string{"persistentvolumeclaim/" + claim}, "it is in the namespace already")
		}
	}
	o.plan.Cannot = append(o.plan.Cannot, Note{What: "StatefulSet " + s.Name,
		Why: "its headless Service, its claims and how it makes pods " +
			"never change; SQLite has one process, so that the gateway is away for as long as one start takes", Mend: mend})
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
		"variables and the pull Secret of the stack, probes that no outage of the database trips, no right that they do not need. A "+
		"pod goes "+
		"once its successor is ready", what))
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
				"an autoscaler decides about "+
					"the number of pods")
			o.plan.set("gateway.replicas", nil, "the autoscaler's")
			g.Autoscaling = &kubernetes.WorkloadAutoscalingArgs{MinReplicas: int(max(least, 1)), MaxReplicas: int(most)}
		}
		if scaler.GetName() != d.Name {
			o.plan.Left = append(o.plan.Left, Note{What: "HorizontalPodAutoscaler " + scaler.GetName(),
				Why: "two of one Deployment fight: " +
					"the stack's is " + d.Name, Mend: fmt.Sprintf("kubectl delete hpa %s --namespace %s, before the up", scaler.GetName(),
					d.Namespace)})
		}
		return
	}
	if replicas := d.Spec.Replicas; replicas != nil && (g.Replicas == nil || *g.Replicas != int(*replicas)) && g.Autoscaling == nil {
		o.plan.set("gateway.replicas", int(*replicas), "as many pods as run")
	}
}

// keepService keeps the Service of the workload's name. Others that lead to the pods go on doing so.
func (o *onCluster) keepService() {
	if o.workload == nil { // its selector cannot be kept
		return
	}
	pods := labels.Set(o.workload.Spec.Template.Labels)
	kept := labels.Set(o.selector())
	for _, s := range listed[corev1.Service](o, "v1", "Service") {
		if len(s.Spec.Selector) == 0 || !labels.SelectorFromSet(s.Spec.Selector).Matches(pods) || s.Spec.ClusterIP == corev1.ClusterIPNone {
			continue
		}
		what := objectRef{"v1", "Service", s.Namespace, s.Name}
		if s.Name != o.c.Gateway.Name {
			o.otherService(&s, labels.SelectorFromSet(s.Spec.Selector).Matches(kept))
			continue
		}
		if !o.take(Thing{o.target + "-gateway-service", what.typ(), what.id(), what.String()}) {
			continue
		}
		o.plan.Changes = append(o.plan.Changes, fmt.Sprintf("%s: it keeps its address, and leads to the pods by the selector of the "+
			"stack", what))
		of := o.c.Gateway.Service
		if len(s.Spec.Ports) > 0 && s.Spec.Ports[0].Port != 80 && (of == nil || of.Port == 0) {
			o.plan.set("gateway.service.port", int(s.Spec.Ports[0].Port), "the port of the Service, which clients have")
		}
		if s.Spec.Type != corev1.ServiceTypeClusterIP && (of == nil || of.Type == "") {
			o.plan.set("gateway.service.type", string(s.Spec.Type), "with gateway.service.sourceRanges, annotations and allowHttp it "+
				"says who "+
				"may come")
		}
	}
}

// selector is that of the stack's pods.
func (o *onCluster) selector() map[string]string {
	own := map[string]string{"app": o.c.Gateway.Name}
	maps.Copy(own, o.c.Gateway.Selector)
	return own
}

func (o *onCluster) otherService(s *corev1.Service, leads bool) {
	why := "it leads to the pods by the same labels, and goes on"
	if !leads {
		why = "it picks the pods by labels that the stack's do not have: write them to gateway.podLabels, or its clients lose the gateway"
	}
	o.plan.Left = append(o.plan.Left, Note{What: "Service " + s.Name, Why: why + "; the stack's own has the name " + o.c.Gateway.Name,
		Mend: "move its clients to " + o.c.Gateway.Name + ", and delete it"})
}

// keepConfig names the Secret with config.json where the stack file says nothing of it.
func (o *onCluster) keepConfig() {
	g := &o.c.Gateway
	if o.workload == nil || len(g.Config) > 0 || g.ConfigFile != "" || g.ExistingConfigSecret != "" {
		return
	}
	spec := o.workload.Spec.Template.Spec
	for _, volume := range spec.Volumes {
		mounted := slices.ContainsFunc(spec.Containers, func(c corev1.Container) bool {
			return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
				return m.Name == volume.Name && path.Base(m.MountPath) == "config.json"
			})
		})
		switch {
		case !mounted:
		case volume.Secret != nil:
			g.ExistingConfigSecret = volume.Secret.SecretName
			o.plan.set("gateway.existingConfigSecret", g.ExistingConfigSecret,
				"config.json stays where it is. Nothing here checks it, and its "+
					"changes roll no pods: gateway.config does both")
			if !g.ExistingNamespace {
				o.plan.set("gateway.suppliedObjects", []string{"secret/" + g.ExistingConfigSecret}, "it is in the namespace already")
			}
		case volume.ConfigMap != nil:
			o.plan.Left = append(o.plan.Left, Note{What: "ConfigMap " + volume.ConfigMap.Name,
				Why: "config.json is in it, and whoever reads " +
					"ConfigMaps reads it: the stack keeps it in a Secret", Mend: "write its content to gateway.config, with secrets as " +
					"references"})
		}
	}
}

// keepOpen lets in whom nobody kept out: the stack's own policy would.
func (o *onCluster) keepOpen() {
	n := o.c.Gateway.NetworkPolicy
	if o.workload == nil || o.known[o.target+"-gateway-network-policy"] || n != nil && (n.Disabled || n.FromAnywhere || len(n.From) > 0) {
		return
	}
	pods := labels.Set(o.workload.Spec.Template.Labels)
	for _, policy := range listed[networkingv1.NetworkPolicy](o, "networking.k8s.io/v1", "NetworkPolicy") {
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err == nil && selector.Matches(pods) {
			o.plan.Left = append(o.plan.Left, Note{What: "NetworkPolicy " + policy.Name,
				Why: "the pods are let in by both, its and the stack's, " +
					"as long as it picks them", Mend: "write whom it lets in to gateway.networkPolicy, and delete it"})
			return
		}
	}
	o.plan.set("gateway.networkPolicy.fromAnywhere", true, "no policy keeps anybody out today, and the stack's own lets in the namespace "+
		"alone. Better: gateway.networkPolicy.from, once you know who comes")
}

// made is an object that the stack makes under a name.
type made struct {
	resource, apiVersion, kind, name string
	// change is what becomes of it; empty for what every object gets, the labels of the stack.
	change string
	// skip says that the stack does not make it.
	skip bool
}

// takeObjects takes in what else has a name of the stack's.
func (o *onCluster) takeObjects() {
	g, c := &o.c.Gateway, o.c
	on, _ := c.Cluster()
	gateway, pull := o.target+"-gateway-", o.target+"-pull-"
	secret, cronJob := pullNames(c)
	for _, m := range []made{
		{resource: o.target + "-namespace", apiVersion: "v1", kind: "Namespace", name: o.namespace, skip: g.ExistingNamespace,
			change: "it enforces Pod Security restricted, which the stack's pods meet; what runs goes on, and what does not meet it " +
				"is not made anew"},
		{resource: gateway + "service-account", apiVersion: "v1", kind: "ServiceAccount", name: g.ServiceAccount,
			skip:   g.ExistingServiceAccount,
			change: "it mounts no token, and its annotations are the stack's"},
		{resource: gateway + "config", apiVersion: "v1", kind: "Secret", name: g.Name + "-config", skip: g.ExistingConfigSecret != "",
			change: "its content becomes the stack's config.json; what it has now is in the stack's state, encrypted, until the up is " +
				"done"},
		{resource: gateway + "network-policy", apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", name: g.Name,
			skip: g.NetworkPolicy != nil && g.NetworkPolicy.Disabled},
		{resource: gateway + "disruption-budget", apiVersion: "policy/v1", kind: "PodDisruptionBudget", name: g.Name, skip: c.Stateful()},
		{resource: gateway + "autoscaler", apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", name: g.Name,
			skip: g.Autoscaling == nil},
		{resource: gateway + "ingress", apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: g.Name, skip: g.Ingress == nil},
		{resource: pull + "service-account", apiVersion: "v1", kind: "ServiceAccount", name: c.Refresher.ServiceAccount,
			skip:   !on.Refreshes,
			change: "the refresher's alone; it mounts no token, and has no annotation that it does not need"},
		{resource: pull + "secret", apiVersion: "v1", kind: "Secret", name: secret, skip: !on.Refreshes && !on.StaticKey,
			change: "it stays, with its token, and is written in place from now on"},
		{resource: pull + "credential-config", apiVersion: "v1", kind: "ConfigMap", name: "gcp-credential-config",
			skip: !on.Refreshes || o.target == "eks" || o.target == "gke"},
		{resource: pull + "role", apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", name: "secret-manager", skip: !on.Refreshes,
			change: "create and patch on the one pull Secret, instead of every Secret of the namespace"},
		{resource: pull + "role-binding", apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", name: "secret-manager-binding",
			skip: !on.Refreshes, change: "its subject becomes the refresher's ServiceAccount"},
		{resource: pull + "cron-job", apiVersion: "batch/v1", kind: "CronJob", name: cronJob, skip: !on.Refreshes,
			change: "it writes the Secret in place, with an image that has what it needs"},
	} {
		o.takeObject(m)
	}
}

// pullNames are those of the pull Secret and of the CronJob that keeps it fresh.
func pullNames(c *stacks.Config) (secret, cronJob string) {
	secret, cronJob = "bifrost-pull-secret", kubernetes.DefaultArCronJobName
	switch {
	case c.Eks != nil:
		return c.Eks.SecretName, kubernetes.DefaultEcrCronJobName
	case c.Aks != nil:
		secret = c.Aks.SecretName
	case c.Gke != nil:
		secret = c.Gke.SecretName
	case c.Kubernetes != nil:
		secret = c.Kubernetes.SecretName
	}
	return secret, cronJob
}

func (o *onCluster) takeObject(m made) {
	if m.skip {
		return
	}
	ref := objectRef{m.apiVersion, m.kind, o.namespace, m.name}
	if m.kind == "Namespace" {
		ref.namespace = ""
	}
	found, err := o.get(ref)
	if !o.found(ref.String(), err) {
		return
	}
	if why, mend := o.unfit(m, found); why != "" {
		o.plan.Cannot = append(o.plan.Cannot, Note{What: ref.String(), Why: why, Mend: mend})
		return
	}
	if found.GetLabels()["app.kubernetes.io/managed-by"] == "pulumi" && !o.known[m.resource] {
		o.plan.Left = append(o.plan.Left, Note{What: ref.String(), Why: "its labels say that a stack of Pulumi made it: take it in " +
			"only if this " +
			"stack has lost its state"})
	}
	if o.take(Thing{m.resource, ref.typ(), ref.id(), ref.String()}) && m.change != "" {
		o.plan.Changes = append(o.plan.Changes, ref.String()+": "+m.change)
	}
}

// unfit says what of an object never changes and is another one than the stack's.
func (o *onCluster) unfit(m made, found *unstructured.Unstructured) (why, mend string) {
	remove := fmt.Sprintf("kubectl delete %s %s --namespace %s, right before the up", strings.ToLower(m.kind), m.name, o.namespace)
	switch {
	case m.kind == "Secret" && strings.HasSuffix(m.resource, "-pull-secret"):
		if is, _, _ := unstructured.NestedString(found.Object, "type"); is != string(corev1.SecretTypeDockerConfigJson) {
			return "its type is " + is + ", and the type of a Secret never changes", remove
		}
	case m.kind == "Secret":
		if is, _, _ := unstructured.NestedString(found.Object, "type"); is != "" && is != string(corev1.SecretTypeOpaque) {
			return "its type is " + is + ", and the type of a Secret never changes", remove
		}
	case m.kind == "RoleBinding":
		if role, _, _ := unstructured.NestedString(found.Object, "roleRef", "name"); role != "secret-manager" {
			return "it binds " + role + ", and a binding never changes what it binds", remove
		}
	}
	if immutable, _, _ := unstructured.NestedBool(found.Object, "immutable"); immutable {
		return "it is immutable", remove
	}
	return "", ""
}

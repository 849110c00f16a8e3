package adopt

import (
	"fmt"
	"maps"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

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
				"says who may come")
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
				"config.json stays where it is. Nothing here checks it, and its changes roll no pods: gateway.config does both")
			o.supplied("secret/" + g.ExistingConfigSecret)
		case volume.ConfigMap != nil:
			o.plan.Left = append(o.plan.Left, Note{What: "ConfigMap " + volume.ConfigMap.Name,
				Why:  "config.json is in it, and whoever reads ConfigMaps reads it: the stack keeps it in a Secret",
				Mend: "write its content to gateway.config, with secrets as references"})
		}
	}
}

// supplied says that an object is in the namespace already, where the stack has the namespace and would make sure of that.
func (o *onCluster) supplied(object string) {
	g := &o.c.Gateway
	if g.ExistingNamespace || slices.Contains(g.SuppliedObjects, object) {
		return
	}
	g.SuppliedObjects = append(slices.Clone(g.SuppliedObjects), object)
	o.plan.set("gateway.suppliedObjects", g.SuppliedObjects, "they are in the namespace already")
}

// keepPull keeps the Secret with which pods pull from a mirror. Where the stack has a way to pull of its own, nobody needs the former one.
func (o *onCluster) keepPull() {
	if o.workload == nil {
		return
	}
	own, _ := pullNames(o.c)
	for _, secret := range o.workload.Spec.Template.Spec.ImagePullSecrets {
		r := &o.c.Registry
		switch {
		case r.Mirror && r.PullSecret == "":
			r.PullSecret = secret.Name
			o.plan.set("registry.pullSecret", secret.Name, "with which the pods pull from the mirror")
			o.supplied("secret/" + secret.Name)
		case r.Mirror && secret.Name == r.PullSecret, !r.Mirror && secret.Name == own:
		default:
			o.left("Secret "+secret.Name, "pods pulled with it, and those of the stack do not", "kubectl delete secret "+secret.Name)
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
				Why:  "the pods are let in by both, its and the stack's, as long as it picks them",
				Mend: "write whom it lets in to gateway.networkPolicy, and delete it"})
			return
		}
	}
	o.plan.set("gateway.networkPolicy.fromAnywhere", true, "no policy keeps anybody out today, and the stack's own lets in the "+
		"namespace alone. Better: gateway.networkPolicy.from, once you know who comes")
}

package adopt

import (
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"bifrost/stacks"
)

// leftovers are what the tools of before leave in the namespace, and whose fields the adopted objects have.
func (o *onCluster) leftovers() {
	adopted := map[string]bool{}
	for _, t := range o.plan.Things {
		adopted[t.Type+" "+t.ID] = true
	}
	for _, job := range listed[batchv1.Job](o, "batch/v1", "Job") {
		byPulumi := job.Labels["app.kubernetes.io/managed-by"] == "pulumi"
		if !byPulumi && len(o.plan.Things) > 0 {
			o.left("Job "+job.Name, "somebody started it by hand, and it has done its work", "kubectl delete job "+job.Name)
		}
	}
	for _, cronJob := range o.list("batch/v1", "CronJob") {
		ref := objectRef{"batch/v1", "CronJob", o.namespace, cronJob.GetName()}
		if !adopted[ref.typ()+" "+ref.id()] && !o.known[o.target+"-pull-cron-job"] {
			o.left("CronJob "+ref.name, "where it was made by hand for the pull Secret, the stack's own does its work",
				"kubectl delete cronjob "+ref.name)
		}
	}
	o.helm()
	o.owners()
}

func (o *onCluster) left(what, why, mend string) {
	o.plan.Left = append(o.plan.Left, Note{What: what, Why: why, Mend: mend + " --namespace " + o.namespace})
}

// helm finds the release by the label that the chart gives.
func (o *onCluster) helm() {
	if o.workload == nil || o.workload.Labels["app.kubernetes.io/managed-by"] != "Helm" {
		return
	}
	release := o.workload.Labels["app.kubernetes.io/instance"]
	o.left("the Helm release "+release, "helm uninstall and helm upgrade would delete or change what the stack has now: never run them "+
		"again, and delete what Helm remembers", "kubectl delete secret --selector owner=helm,name="+release)
	o.left("ConfigMap "+o.workload.Name+"-config", "it was the chart's config.json; no pod of the stack reads it",
		"kubectl delete configmap "+o.workload.Name+"-config")
}

// authors are the tools by whose names people write objects, by how those begin: their fields are given to the stack. Pulumi is one of
// them, where a stack has lost its state. Controllers keep theirs, such as the revision of a Deployment, and the refresher its token.
var authors = []string{"kubectl", "before-first-apply", "helm", "Terraform", "HashiCorp", "terraform-provider-kubernetes", "pulumi-",
	"argocd", "kustomize", "flux", "rancher", "Lens", "node-fetch", "k9s", "dashboard", "Mozilla", "OpenAPI-Generator", "python-requests",
	"curl", "Go-http-client"}

// author tells whether an entry of an object's fields is a tool's of a person. What is of a subresource, as kubectl scale, stays.
func author(entry map[string]any) bool {
	manager, _ := entry["manager"].(string)
	if of, _ := entry["subresource"].(string); of != "" {
		return false
	}
	return slices.ContainsFunc(authors, func(name string) bool { return strings.HasPrefix(manager, name) })
}

// owners are the adopted objects of Kubernetes that tools of people own.
func (o *onCluster) owners() {
	for _, t := range o.plan.Things {
		parts := strings.Split(t.Type, ":")
		if parts[0] != "kubernetes" {
			continue
		}
		ref := objectRef{apiVersion: strings.TrimPrefix(parts[1], "core/"), kind: parts[2], name: t.ID}
		if namespace, name, is := strings.Cut(t.ID, "/"); is {
			ref.namespace, ref.name = namespace, name
		}
		found, err := o.get(ref)
		if err != nil {
			continue // it was told of where it was found
		}
		var by []string
		for _, entry := range managedFields(found) {
			if manager := fmt.Sprint(entry["manager"]); author(entry) && !slices.Contains(by, manager) {
				by = append(by, manager)
			}
		}
		if len(by) > 0 {
			o.plan.Owned = append(o.plan.Owned, Owned{Object: ref.String(), By: by, ref: ref})
		}
	}
}

func managedFields(object *unstructured.Unstructured) []map[string]any {
	list, _, _ := unstructured.NestedSlice(object.Object, "metadata", "managedFields")
	var all []map[string]any
	for _, item := range list {
		if entry, is := item.(map[string]any); is {
			all = append(all, entry)
		}
	}
	return all
}

// handedOver is who owns an object's fields once the stack has what people's tools own; false where that is nothing. The values stay.
func handedOver(object *unstructured.Unstructured) (entries []any, changed bool) {
	var own map[string]any
	for _, entry := range managedFields(object) {
		switch {
		case entry["manager"] == stacks.AdoptManager && entry["operation"] == "Apply":
			own = merged(own, entry)
		case author(entry):
			own, changed = merged(own, entry), true
		default:
			entries = append(entries, entry)
		}
	}
	if own == nil {
		return entries, false
	}
	own["manager"], own["operation"] = stacks.AdoptManager, "Apply"
	return append(entries, own), changed
}

// merged is one entry with the fields of another.
func merged(own, entry map[string]any) map[string]any {
	if own == nil {
		own = map[string]any{}
		for key, value := range entry {
			own[key] = value
		}
		return own
	}
	own["fieldsV1"] = union(own["fieldsV1"], entry["fieldsV1"])
	return own
}

func union(a, b any) map[string]any {
	all := map[string]any{}
	for _, fields := range []any{a, b} {
		fields, _ := fields.(map[string]any)
		for key, below := range fields {
			all[key] = union(all[key], below)
		}
	}
	return all
}

package stacks

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/internal/check"
)

// toleration checks one by the rules of ValidateTolerations.
func toleration(p *field.Path, of corev1.Toleration) field.ErrorList {
	key, operator, value := ptr.Deref(of.Key, ""), ptr.Deref(of.Operator, ""), ptr.Deref(of.Value, "")
	errs := check.IfSet(p.Child("key"), key, check.LabelKey)
	switch {
	case key == "" && operator != "Exists":
		errs = append(errs, field.Required(p.Child("key"), "the key of a taint; without one only operator Exists fits, which tolerates "+
			"every taint"))
	case operator == "Exists" && value != "":
		errs = append(errs, field.Forbidden(p.Child("value"), "operator Exists compares none; remove it, or write operator: Equal"))
	case operator == "" || operator == "Equal":
		errs = append(errs, check.LabelValue(p.Child("value"), value)...)
	}
	if of.TolerationSeconds != nil && ptr.Deref(of.Effect, "") != "NoExecute" {
		errs = append(errs, field.Forbidden(p.Child("tolerationSeconds"), "only effect NoExecute has it"))
	}
	return errs
}

// valuesFor checks the values of a requirement against its operator, by the rules of ValidateNodeSelectorRequirement and
// ValidateLabelSelectorRequirement.
func valuesFor(p *field.Path, key, operator string, values []string) field.ErrorList {
	errs := check.IfSet(p.Child("key"), key, check.LabelKey)
	at := p.Child("values")
	switch operator {
	case "In", "NotIn":
		if len(values) == 0 {
			errs = append(errs, field.Required(at, "operator "+operator+" compares with at least one"))
		}
	case "Exists", "DoesNotExist":
		if len(values) > 0 {
			errs = append(errs, field.Forbidden(at, "operator "+operator+" compares with none; remove them"))
		}
	case "Gt", "Lt":
		if len(values) != 1 {
			errs = append(errs, field.Required(at, "operator "+operator+" compares with one number, in quotes"))
		}
	}
	for i, value := range values {
		errs = append(errs, check.LabelValue(at.Index(i), value)...)
	}
	return errs
}

// matchFields checks the fields of a node, of which there is one (ValidateNodeFieldSelectorRequirement).
func matchFields(p *field.Path, of corev1.NodeSelectorTerm) field.ErrorList {
	var errs field.ErrorList
	for i, requirement := range of.MatchFields {
		at := p.Child("matchFields").Index(i)
		errs = append(errs, check.OneOf(at.Child("key"), requirement.Key, "metadata.name")...)
		errs = append(errs, check.OneOf(at.Child("operator"), requirement.Operator, "In", "NotIn")...)
		if len(requirement.Values) != 1 {
			errs = append(errs, field.Required(at.Child("values"), "exactly one name of a node"))
		}
	}
	return errs
}

// weight is that of a preference.
func weight(p *field.Path, weight int) field.ErrorList {
	return check.Between(p.Child("weight"), weight, 1, 100)
}

// podAffinity checks the labels over which pods are counted (validatePodAffinityTerm).
func podAffinity(p *field.Path, of corev1.PodAffinityTerm) field.ErrorList {
	errs := check.IfSet(p.Child("topologyKey"), of.TopologyKey, check.LabelKey)
	for i, namespace := range of.Namespaces {
		errs = append(errs, check.Label(p.Child("namespaces").Index(i), namespace)...)
	}
	if of.LabelSelector == nil && len(of.MatchLabelKeys)+len(of.MismatchLabelKeys) > 0 {
		errs = append(errs, field.Required(p.Child("labelSelector"), "matchLabelKeys and mismatchLabelKeys narrow it"))
	}
	return errs
}

// apiRules are the rules of a type of the Kubernetes API; a type without any has none.
func apiRules(p *field.Path, part any) field.ErrorList {
	switch of := part.(type) {
	case corev1.Toleration:
		return toleration(p, of)
	case corev1.NodeSelectorRequirement:
		return valuesFor(p, of.Key, of.Operator, of.Values)
	case metav1.LabelSelectorRequirement:
		return valuesFor(p, of.Key, of.Operator, of.Values)
	case metav1.LabelSelector:
		return check.Labels(p.Child("matchLabels"), of.MatchLabels)
	case corev1.NodeSelectorTerm:
		return matchFields(p, of)
	case corev1.NodeSelector:
		if len(of.NodeSelectorTerms) == 0 {
			return field.ErrorList{field.Required(p.Child("nodeSelectorTerms"), "at least one, with matchExpressions")}
		}
	case corev1.PreferredSchedulingTerm:
		return weight(p, of.Weight)
	case corev1.WeightedPodAffinityTerm:
		return weight(p, of.Weight)
	case corev1.PodAffinityTerm:
		return podAffinity(p, of)
	}
	return containerRules(p, part)
}

// exactlyOne says which of several alternatives there must be one of.
func exactlyOne(p *field.Path, what string, given []string) field.ErrorList {
	switch len(given) {
	case 0:
		return field.ErrorList{field.Required(p, "one of "+what)}
	case 1:
		return nil
	}
	return field.ErrorList{field.Forbidden(p.Child(given[1]), fmt.Sprintf("%s is there, too; keep one of them", given[0]))}
}

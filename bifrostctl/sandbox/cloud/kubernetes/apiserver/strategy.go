package apiserver

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	autoscalingvalidation "k8s.io/kubernetes/pkg/apis/autoscaling/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
	"k8s.io/kubernetes/pkg/apis/rbac"
	rbacvalidation "k8s.io/kubernetes/pkg/apis/rbac/validation"
	podsecurity "k8s.io/pod-security-admission/api"
)

// prepareForCreate fills in what the registries' PrepareForCreate fills in.
func prepareForCreate(o runtime.Object) {
	switch o := o.(type) {
	case *core.Namespace:
		o.Status = core.NamespaceStatus{Phase: core.NamespaceActive}
		if !slices.Contains(o.Spec.Finalizers, core.FinalizerKubernetes) {
			o.Spec.Finalizers = append(o.Spec.Finalizers, core.FinalizerKubernetes)
		}
	case *batch.Job:
		if !*o.Spec.ManualSelector {
			generateSelector(o)
		}
	case *core.Service:
		// k8s.io/kubernetes/pkg/registry/core/service/storage, normalizeClusterIPs.
		if o.Spec.ClusterIP != "" && len(o.Spec.ClusterIPs) == 0 {
			o.Spec.ClusterIPs = []string{o.Spec.ClusterIP}
		}
	}
}

// prepareForUpdate takes away what an object no longer needs and nobody has changed (k8s.io/kubernetes/pkg/registry/core/service,
// dropTypeDependentFields: what a Service has by default while others than the cluster reach it).
func prepareForUpdate(o, old runtime.Object) {
	service, is := o.(*core.Service)
	if !is {
		return
	}
	was, now := &old.(*core.Service).Spec, &service.Spec
	outside := func(s *core.ServiceSpec) bool {
		//lint:ignore SA1019 servers still have external addresses
		external := len(s.ExternalIPs) > 0
		return s.Type == core.ServiceTypeNodePort || s.Type == core.ServiceTypeLoadBalancer ||
			s.Type == core.ServiceTypeClusterIP && external
	}
	if outside(was) && !outside(now) && was.ExternalTrafficPolicy == now.ExternalTrafficPolicy {
		now.ExternalTrafficPolicy = ""
	}
	before, after := was.AllocateLoadBalancerNodePorts, now.AllocateLoadBalancerNodePorts
	left := was.Type == core.ServiceTypeLoadBalancer && now.Type != core.ServiceTypeLoadBalancer
	if left && before != nil && after != nil && *before == *after {
		now.AllocateLoadBalancerNodePorts = nil
	}
	if now.Type != core.ServiceTypeLoadBalancer {
		service.Status.LoadBalancer = core.LoadBalancerStatus{}
	}
}

// generateSelector lets a Job select its own pods by its uid. Labels that the user gave stay; validation refuses those that
// are not the Job's.
func generateSelector(job *batch.Job) {
	uid := string(job.UID)
	labels := map[string]string{
		batch.LegacyJobNameLabel: job.Name, batch.JobNameLabel: job.Name,
		batch.LegacyControllerUidLabel: uid, batch.ControllerUidLabel: uid,
	}
	maps.Copy(labels, job.Spec.Template.Labels)
	job.Spec.Template.Labels = labels
	if job.Spec.Selector == nil {
		job.Spec.Selector = &metav1.LabelSelector{}
	}
	selected := map[string]string{batch.ControllerUidLabel: uid}
	maps.Copy(selected, job.Spec.Selector.MatchLabels)
	job.Spec.Selector.MatchLabels = selected
}

// validateCreate does what the registries' Validate does.
func validateCreate(o runtime.Object) field.ErrorList {
	switch o := o.(type) {
	case *core.Namespace:
		return append(validation.ValidateNamespace(o), validatePodSecurity(o)...)
	case *core.ServiceAccount:
		return validation.ValidateServiceAccount(o)
	case *core.Secret:
		return validation.ValidateSecret(o)
	case *core.ConfigMap:
		return validation.ValidateConfigMap(o)
	case *core.Service:
		return append(validateServiceName(o.Name), validation.ValidateServiceCreate(o)...)
	case *rbac.Role:
		return rbacvalidation.ValidateRole(o)
	case *rbac.RoleBinding:
		return rbacvalidation.ValidateRoleBinding(o)
	case *batch.CronJob:
		return batchvalidation.ValidateCronJobCreate(o, pod.GetValidationOptionsFromPodTemplate(&o.Spec.JobTemplate.Spec.Template, nil))
	case *batch.Job:
		return batchvalidation.ValidateJob(o, jobOptions(o, nil))
	case *apps.Deployment:
		return appsvalidation.ValidateDeployment(o, pod.GetValidationOptionsFromPodTemplate(&o.Spec.Template, nil))
	case *apps.StatefulSet:
		return appsvalidation.ValidateStatefulSet(o, pod.GetValidationOptionsFromPodTemplate(&o.Spec.Template, nil))
	case *core.PersistentVolumeClaim:
		return validation.ValidatePersistentVolumeClaim(o, validation.ValidationOptionsForPersistentVolumeClaim(o, nil))
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(o, policyvalidation.PodDisruptionBudgetValidationOptions{})
	case *autoscaling.HorizontalPodAutoscaler:
		return autoscalingvalidation.ValidateHorizontalPodAutoscaler(o, autoscalerOptions)
	case *networking.NetworkPolicy:
		return networkingvalidation.ValidateNetworkPolicy(o, networkingvalidation.ValidationOptionsForNetworking(o, nil))
	case *networking.Ingress:
		return networkingvalidation.ValidateIngressCreate(o)
	}
	return unmodelled(o)
}

// validateUpdate does what the registries' ValidateUpdate does. Both objects are of one type.
func validateUpdate(o, old runtime.Object) field.ErrorList {
	switch o := o.(type) {
	case *core.Namespace:
		problems := append(validation.ValidateNamespace(o), validatePodSecurity(o)...)
		return append(problems, validation.ValidateNamespaceUpdate(o, old.(*core.Namespace))...)
	case *core.ServiceAccount:
		return validation.ValidateServiceAccountUpdate(o, old.(*core.ServiceAccount))
	case *core.Secret:
		return validation.ValidateSecretUpdate(o, old.(*core.Secret))
	case *core.ConfigMap:
		return validation.ValidateConfigMapUpdate(o, old.(*core.ConfigMap))
	case *core.Service:
		return validation.ValidateServiceUpdate(o, old.(*core.Service))
	case *rbac.Role:
		return rbacvalidation.ValidateRoleUpdate(o, old.(*rbac.Role))
	case *rbac.RoleBinding:
		return rbacvalidation.ValidateRoleBindingUpdate(o, old.(*rbac.RoleBinding))
	case *batch.CronJob:
		was := old.(*batch.CronJob)
		options := pod.GetValidationOptionsFromPodTemplate(&o.Spec.JobTemplate.Spec.Template, &was.Spec.JobTemplate.Spec.Template)
		return batchvalidation.ValidateCronJobUpdate(o, was, options)
	case *batch.Job:
		was := old.(*batch.Job)
		options := jobOptions(o, &was.Spec.Template)
		return append(batchvalidation.ValidateJob(o, options), batchvalidation.ValidateJobUpdate(o, was, options)...)
	case *apps.Deployment:
		was := old.(*apps.Deployment)
		return appsvalidation.ValidateDeploymentUpdate(o, was,
			pod.GetValidationOptionsFromPodTemplate(&o.Spec.Template, &was.Spec.Template))
	case *apps.StatefulSet:
		was := old.(*apps.StatefulSet)
		return appsvalidation.ValidateStatefulSetUpdate(o, was,
			pod.GetValidationOptionsFromPodTemplate(&o.Spec.Template, &was.Spec.Template))
	case *core.PersistentVolumeClaim:
		was := old.(*core.PersistentVolumeClaim)
		return validation.ValidatePersistentVolumeClaimUpdate(o, was, validation.ValidationOptionsForPersistentVolumeClaim(o, was))
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(o, policyvalidation.PodDisruptionBudgetValidationOptions{})
	case *autoscaling.HorizontalPodAutoscaler:
		return autoscalingvalidation.ValidateHorizontalPodAutoscalerUpdate(o, old.(*autoscaling.HorizontalPodAutoscaler), autoscalerOptions)
	case *networking.NetworkPolicy:
		was := old.(*networking.NetworkPolicy)
		return networkingvalidation.ValidateNetworkPolicyUpdate(o, was, networkingvalidation.ValidationOptionsForNetworking(o, was))
	case *networking.Ingress:
		return networkingvalidation.ValidateIngressUpdate(o, old.(*networking.Ingress))
	}
	return unmodelled(o)
}

// autoscalerOptions are the strategy's for objects that were valid before: at least one replica, and whole references.
var autoscalerOptions = autoscalingvalidation.HorizontalPodAutoscalerSpecValidationOptions{
	MinReplicasLowerBound:          1,
	ObjectMetricsValidationOptions: autoscalingvalidation.CrossVersionObjectReferenceValidationOptions{AllowEmptyAPIGroup: true},
}

// jobOptions are the strategy's, but that the template of a suspended Job is as immutable as that of any other.
func jobOptions(job *batch.Job, old *core.PodTemplateSpec) batchvalidation.JobValidationOptions {
	return batchvalidation.JobValidationOptions{
		PodValidationOptions:  pod.GetValidationOptionsFromPodTemplate(&job.Spec.Template, old),
		RequirePrefixedLabels: true,
	}
}

// validatePodSecurity does what the admission plug-in PodSecurity does to namespaces.
func validatePodSecurity(namespace *core.Namespace) field.ErrorList {
	_, problems := podsecurity.PolicyToEvaluate(namespace.Labels, podsecurity.Policy{})
	return problems
}

// validateServiceName: before Kubernetes 1.36 (KEP-5311) the name of a Service must begin with a letter.
func validateServiceName(name string) field.ErrorList {
	var problems field.ErrorList
	for _, problem := range validation.ValidateServiceName(name, false) {
		problems = append(problems, field.Invalid(field.NewPath("metadata", "name"), name, problem))
	}
	return problems
}

func unmodelled(o runtime.Object) field.ErrorList {
	return field.ErrorList{field.InternalError(nil, fmt.Errorf("the sandbox does not validate objects of type %T", o))}
}

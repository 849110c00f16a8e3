package pulumitype

// Resources of the Kubernetes provider.
const (
	KubernetesDefinition       = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
	KubernetesDeployment       = "kubernetes:apps/v1:Deployment"
	KubernetesStatefulSet      = "kubernetes:apps/v1:StatefulSet"
	KubernetesAutoscaler       = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	KubernetesCronJob          = "kubernetes:batch/v1:CronJob"
	KubernetesJob              = "kubernetes:batch/v1:Job"
	KubernetesConfigMap        = "kubernetes:core/v1:ConfigMap"
	KubernetesNamespace        = "kubernetes:core/v1:Namespace"
	KubernetesNode             = "kubernetes:core/v1:Node"
	KubernetesVolumeClaim      = "kubernetes:core/v1:PersistentVolumeClaim"
	KubernetesSecret           = "kubernetes:core/v1:Secret"
	KubernetesService          = "kubernetes:core/v1:Service"
	KubernetesServiceAccount   = "kubernetes:core/v1:ServiceAccount"
	KubernetesGateway          = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
	KubernetesHttpRoute        = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
	KubernetesPrometheusRule   = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
	KubernetesServiceMonitor   = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
	KubernetesIngress          = "kubernetes:networking.k8s.io/v1:Ingress"
	KubernetesIngressClass     = "kubernetes:networking.k8s.io/v1:IngressClass"
	KubernetesNetworkPolicy    = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	KubernetesDisruptionBudget = "kubernetes:policy/v1:PodDisruptionBudget"
	KubernetesRole             = "kubernetes:rbac.authorization.k8s.io/v1:Role"
	KubernetesRoleBinding      = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	KubernetesPriorityClass    = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
	KubernetesStorageClass     = "kubernetes:storage.k8s.io/v1:StorageClass"
	// The program makes none of these, and what others add to it may.
	KubernetesClusterRole        = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	KubernetesClusterRoleBinding = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
)

package kubernetes

import (
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// providerSchema is what the Pulumi Kubernetes provider says of the modelled types at this version, beside its argument structs. Replace
// follows the provider's provider/pkg/provider/diff.go. Required is what the API server demands. Computed are the fields that it or a
// controller writes. Secrets are what the constructors of the Go SDK make secret outputs.
var providerSchema = double.Schema{
	Version: "4.32.0",
	Every: double.TypeSchema{
		Replace:  []string{"metadata.name", "metadata.namespace"},
		Computed: []string{"metadata.uid", "metadata.resourceVersion", "metadata.creationTimestamp", "metadata.generation"},
	},
	Types: map[string]double.TypeSchema{
		pulumitype.KubernetesNamespace: {
			Computed: []string{"status"},
		},
		pulumitype.KubernetesServiceAccount: {},
		pulumitype.KubernetesSecret: {
			Replace: []string{"type"},
			Secrets: []string{"data", "stringData"},
		},
		pulumitype.KubernetesConfigMap: {},
		pulumitype.KubernetesService: {
			Required: []string{"spec"},
			Replace:  []string{"spec.clusterIP"},
			Computed: []string{"spec.clusterIP", "spec.clusterIPs", "status"},
		},
		pulumitype.KubernetesRole: {},
		pulumitype.KubernetesRoleBinding: {
			Replace: []string{"roleRef"},
		},
		pulumitype.KubernetesCronJob: {
			Required: []string{"spec"},
			Computed: []string{"status"},
		},
		pulumitype.KubernetesJob: {
			Required: []string{"spec"},
			Replace:  []string{"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
			Computed: []string{"status"},
		},
		pulumitype.KubernetesDeployment: {
			Required: []string{"spec"},
			Replace:  []string{"spec.selector"},
			Computed: []string{"status"},
		},
		pulumitype.KubernetesStatefulSet: {
			Required: []string{"spec"},
			Replace: []string{
				"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates",
			},
			Computed: []string{"status"},
		},
		pulumitype.KubernetesVolumeClaim: {
			Required: []string{"spec"},
			Replace:  []string{"spec"},
			Computed: []string{"status"},
		},
		pulumitype.KubernetesDisruptionBudget: {
			Computed: []string{"status"},
		},
		pulumitype.KubernetesAutoscaler: {
			Required: []string{"spec"},
			Computed: []string{"status"},
		},
		pulumitype.KubernetesNetworkPolicy: {},
		pulumitype.KubernetesIngress: {
			Computed: []string{"status"},
		},
		pulumitype.KubernetesHttpRoute:      {},
		pulumitype.KubernetesServiceMonitor: {},
		pulumitype.KubernetesPrometheusRule: {},
		pulumitype.KubernetesDefinition:     {},
	},
}

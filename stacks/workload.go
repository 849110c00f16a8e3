package stacks

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway"
)

// workloadArgs are the component's arguments as far as they are the configuration's alone.
func (c *Config) workloadArgs(at cluster) kubernetes.BifrostWorkloadArgs {
	g := &c.Gateway
	args := kubernetes.BifrostWorkloadArgs{
		Name:                    g.Name,
		Selector:                g.Selector,
		Image:                   c.Registry.Image,
		ImagePullPolicy:         g.ImagePullPolicy,
		ExistingConfigSecret:    g.ExistingConfigSecret,
		Env:                     c.env(at),
		SecretEnv:               c.secretInputs(at),
		SecretRefs:              g.SecretRefs,
		ChangeEncryptionKey:     g.ChangeEncryptionKey,
		DatabaseCa:              c.databaseCaArgs(),
		NetworkCa:               c.Network.caArgs(),
		ServiceAccount:          g.ServiceAccount,
		ExistingServiceAccount:  g.ExistingServiceAccount,
		CpuRequest:              g.CpuRequest,
		MemoryRequest:           g.MemoryRequest,
		EphemeralStorageRequest: g.EphemeralStorageRequest,
		CpuLimit:                g.CpuLimit,
		MemoryLimit:             g.MemoryLimit,
		EphemeralStorageLimit:   g.EphemeralStorageLimit,
		Storage:                 g.Storage,
		Autoscaling:             g.Autoscaling,
		DisruptionBudget:        g.DisruptionBudget,
		PreStopSeconds:          g.PreStopSeconds,
		TerminationGraceSeconds: g.TerminationGraceSeconds,
		StartupSeconds:          g.StartupSeconds,
		MigrationJob:            g.MigrationJob,
		IpFamily:                g.IpFamily,
		Service:                 c.taggedService(at),
		Ingress:                 c.taggedIngress(),
		HttpRoute:               g.HttpRoute,
		NetworkPolicy:           c.networkPolicyArgs(at),
		Labels:                  c.labels(),
		Annotations:             g.Annotations,
		PodLabels:               g.PodLabels,
		PodAnnotations:          g.PodAnnotations,
		RuntimeIdentity:         at.runtimeIdentity(c),
		NamespaceUserIds:        c.namespaceUserIds(),
		ExtraVolumes:            inputs[corev1.VolumeInput, corev1.VolumeOutput](g.ExtraVolumes),
		ExtraVolumeMounts:       inputs[corev1.VolumeMountInput, corev1.VolumeMountOutput](g.ExtraVolumeMounts),
		ExtraContainers:         inputs[corev1.ContainerInput, corev1.ContainerOutput](g.ExtraContainers),
		InitContainers:          inputs[corev1.ContainerInput, corev1.ContainerOutput](g.InitContainers),
	}
	delete(args.SecretEnv, gateway.EncryptionKeyVariable)
	if c.Secrets.EncryptionKey != "" {
		args.EncryptionKey = secretString(c.Secrets.EncryptionKey)
	}
	if !g.withoutSQLite() && args.Storage == nil {
		args.Storage = &kubernetes.WorkloadStorageArgs{}
	}
	if g.Autoscaling == nil {
		args.Replicas = g.replicas()
	}
	if s := g.Scheduling; s != nil {
		args.Scheduling = s.placement().args()
		args.Scheduling.TopologySpread, args.Scheduling.Architectures = s.TopologySpread, s.Architectures
	}
	if c.clusterForm(at) == meshCluster {
		args.Clustering = &kubernetes.WorkloadClusteringArgs{}
	}
	if m := g.Monitoring; m != nil && m.ServiceMonitor {
		args.Monitoring = &kubernetes.WorkloadMonitoringArgs{Interval: m.Interval, Labels: m.Labels, BasicAuth: m.BasicAuth}
		if m.BasicAuth == nil {
			args.Monitoring.Login = c.scrapeLogin(at)
		}
	}
	return args
}

// networkPolicyArgs opens the addresses of the databases, collectors, proxies and of a broker, as far as they are known. The ports
// of databases that the stack gives are open to any address.
func (c *Config) networkPolicyArgs(at target) *kubernetes.WorkloadNetworkPolicyArgs {
	g := &c.Gateway
	args := &kubernetes.WorkloadNetworkPolicyArgs{}
	if n := g.NetworkPolicy; n != nil {
		args.Disabled, args.From, args.FromAnywhere = n.Disabled, n.From, n.FromAnywhere
		args.MetricsFrom, args.DatabasePorts = n.MetricsFrom, n.DatabasePorts
		args.ExtraEgress = inputs[networkingv1.NetworkPolicyEgressRuleInput, networkingv1.NetworkPolicyEgressRuleOutput](n.ExtraEgress)
	}
	if databases := c.databaseDestinations(at); len(args.DatabasePorts) == 0 && len(databases) > 0 {
		args.DatabasePorts, args.Destinations = []int{}, databases
	}
	args.ExtraEgress = append(args.ExtraEgress, c.brokerEgress(at)...)
	args.ExtraEgress = append(args.ExtraEgress, c.dnsEgress()...)
	args.Destinations = append(args.Destinations, c.otherDestinations(at)...)
	return args
}

package checks

import (
	"maps"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/service"
)

// madeGroup is one check of things that the stack made. Each says that they are still there.
type madeGroup struct {
	code, description string
	types             []string
}

var madeGroups = []madeGroup{
	{"made-namespace", "the namespace that the stack made is there", []string{pulumitype.KubernetesNamespace}},
	{"made-accounts", "the ServiceAccounts and their rights are there", []string{
		pulumitype.KubernetesServiceAccount, pulumitype.KubernetesRole, pulumitype.KubernetesRoleBinding,
	}},
	{"made-configuration", "the Secrets and ConfigMaps are there", []string{
		pulumitype.KubernetesSecret, pulumitype.KubernetesConfigMap,
	}},
	{"made-workloads", "the other workloads are there", []string{
		pulumitype.KubernetesDeployment, pulumitype.KubernetesStatefulSet, pulumitype.KubernetesCronJob, pulumitype.KubernetesJob,
	}},
	{"made-exposure", "what leads to the gateway is there, as the stack wrote it", []string{
		pulumitype.KubernetesService, pulumitype.KubernetesIngress, pulumitype.KubernetesHttpRoute,
	}},
	{"made-policies", "the network policies are there, as the stack wrote them", []string{pulumitype.KubernetesNetworkPolicy}},
	{"made-availability", "", []string{
		pulumitype.KubernetesDisruptionBudget, pulumitype.KubernetesAutoscaler,
	}},
	{"made-monitoring", "monitors and alert rules are there, as the stack wrote them", []string{
		pulumitype.KubernetesServiceMonitor, pulumitype.KubernetesPrometheusRule,
	}},
	{"made-aws-identities", "the roles and their policies are there", []string{
		pulumitype.AwsRole, pulumitype.AwsPolicy, pulumitype.AwsRolePolicy, pulumitype.AwsRolePolicyAttachment,
		pulumitype.AwsPodIdentityAssociation,
	}},
	{"made-aws-secrets", "the tasks' secrets are there", []string{pulumitype.AwsSecret, pulumitype.AwsSecretVersion}},
	{"made-aws-tasks", "task definitions, log groups and scaling are there", []string{
		pulumitype.AwsEcsService, pulumitype.AwsTaskDefinition, pulumitype.AwsLogGroup, pulumitype.AwsScalableTarget,
		pulumitype.AwsScalingPolicy,
	}},
	{"made-aws-network", "security groups, load balancer and names are there", []string{
		pulumitype.AwsSecurityGroup, pulumitype.AwsIngressRule, pulumitype.AwsEgressRule, pulumitype.AwsLoadBalancer,
		pulumitype.AwsTargetGroup, pulumitype.AwsListener, pulumitype.AwsPrivateDnsNamespace, pulumitype.AwsDiscoveryService,
		pulumitype.AwsCertificate, pulumitype.AwsCertificateValidation, pulumitype.AwsRecord,
	}},
	{"made-aws-alarms", "the alarms are there", []string{pulumitype.AwsMetricAlarm}},
	{"made-azure", "the gateway's role assignments are there", []string{
		pulumitype.AzureManagedIdentity, pulumitype.AzureFederatedCredential, pulumitype.AzureRoleAssignment,
	}},
	{"made-gcp", "the service accounts and their roles are there", []string{
		pulumitype.GcpServiceAccount, pulumitype.GcpPool, pulumitype.GcpPoolProvider, pulumitype.GcpServiceAccountMember,
		pulumitype.GcpRepositoryMember, pulumitype.GcpProjectMember,
	}},
}

// of describes the group's check of things. What keeps the gateway available is named as far as the stack has it.
func (g madeGroup) of(things []service.Thing) string {
	if g.code != "made-availability" {
		return g.description
	}
	has := func(typ string) bool {
		return slices.ContainsFunc(things, func(t service.Thing) bool { return t.Type == typ })
	}
	switch {
	case !has(pulumitype.KubernetesAutoscaler):
		return "the disruption budget is there, as the stack wrote it"
	case !has(pulumitype.KubernetesDisruptionBudget):
		return "the autoscaler is there, as the stack wrote it"
	}
	return "disruption budget and autoscaler are there, as the stack wrote them"
}

// MadeTypes are the types of all things that verify looks for.
func MadeTypes() []string {
	var all []string
	for _, group := range madeGroups {
		all = append(all, group.types...)
	}
	return all
}

// told are things whose loss a check of their own tells, with a hint of its own.
var told = map[string]func(Stack, service.Thing) bool{
	pulumitype.KubernetesDeployment:  ofCluster(func(c *Cluster) []string { return []string{c.Deployment, c.Broker} }),
	pulumitype.KubernetesStatefulSet: ofCluster(func(c *Cluster) []string { return []string{c.Deployment} }),
	pulumitype.KubernetesCronJob:     ofCluster(func(c *Cluster) []string { return []string{c.RefreshCronJob} }),
	pulumitype.KubernetesService:     ofCluster(func(c *Cluster) []string { return []string{c.Service} }),
	pulumitype.KubernetesSecret:      ofCluster(func(c *Cluster) []string { return []string{c.PullSecret} }),
	pulumitype.KubernetesConfigMap: func(s Stack, t service.Thing) bool {
		return objectName(t).Name == credentialConfigMap && s.Config.Gcp != nil && s.Config.Gcp.CredentialConfig != nil &&
			s.Outputs.Cluster() != nil
	},
	pulumitype.AwsRole: func(s Stack, t service.Thing) bool {
		return slices.ContainsFunc(s.Outputs.Handoff, func(p Principal) bool { return p.PrincipalArn == t.Text("arn") })
	},
	pulumitype.AwsEcsService:             toldAlways,
	pulumitype.AwsPodIdentityAssociation: toldAlways,
	pulumitype.AzureManagedIdentity:      toldAlways,
	pulumitype.AzureFederatedCredential:  toldAlways,
	pulumitype.GcpServiceAccount: func(s Stack, t service.Thing) bool {
		return t.Text("email") != "" && t.Text("email") == s.principal("gke").ServiceAccountEmail
	},
	pulumitype.GcpPool:                 toldAlways,
	pulumitype.GcpPoolProvider:         toldAlways,
	pulumitype.GcpServiceAccountMember: toldAlways,
	pulumitype.GcpRepositoryMember:     toldAlways,
	// It is the wait for a certificate, and nothing of its own.
	pulumitype.AwsCertificateValidation: toldAlways,
}

func toldAlways(Stack, service.Thing) bool { return true }

// ofCluster tells whether an object is one of those that the outputs name. Identities alone have no workload whose checks could tell.
func ofCluster(names func(*Cluster) []string) func(Stack, service.Thing) bool {
	return func(s Stack, t service.Thing) bool {
		cluster := s.Outputs.Cluster()
		return cluster != nil && slices.Contains(names(cluster), objectName(t).Name)
	}
}

// compared are the objects whose words nobody but the stack changes: what it wrote under spec must be there.
var compared = map[string]bool{
	pulumitype.KubernetesIngress: true, pulumitype.KubernetesHttpRoute: true, pulumitype.KubernetesNetworkPolicy: true,
	pulumitype.KubernetesDisruptionBudget: true, pulumitype.KubernetesAutoscaler: true, pulumitype.KubernetesServiceMonitor: true,
	pulumitype.KubernetesPrometheusRule: true,
}

// passing are things that a cluster's own tidying may take away: the next up makes them again.
var passing = map[string]bool{pulumitype.KubernetesJob: true}

// standsOn are checks that would only repeat that something is gone.
var standsOn = map[string][]string{
	"config-json": {"made-configuration", "named-objects"}, "config-env": {"made-configuration", "named-objects"},
	"config-checksum":     {"made-configuration", "named-objects"},
	"workload-autoscaler": {"made-availability"}, "workload-address": {"made-exposure", "named-classes"},
	"workload-route": {"made-exposure", "named-gateway"}, "workload-monitored": {"made-monitoring"},
	"config-replicas": {"made-availability"}, "workload-disruption": {"made-availability"},
	"pull-rights": {"made-accounts"}, "workload-discovery": {"made-accounts"}, "workload-identity": {"made-accounts"},
	"eks-kubelet-annotation": {"made-accounts"}, "gke-annotation": {"made-accounts"}, "gateway-peers": {"made-exposure"},
	"made-exposure": {"named-kinds"}, "made-monitoring": {"named-kinds"},
	"named-gateway": {"named-kinds"}, "eks-policy-token": {"made-aws-identities"}, "eks-policy-pull": {"made-aws-identities"},
	"eks-node-policy-token": {"made-aws-identities"}, "eks-node-policy-pull": {"made-aws-identities"},
	"ecs-policy-token": {"made-aws-identities"}, "ecs-policy-pull": {"made-aws-identities"},
	"ecs-policy-run":   {"made-aws-identities", "made-aws-tasks"},
	"ecs-config-image": {"made-aws-tasks"}, "ecs-tasks": {"made-aws-secrets", "made-aws-tasks", "made-aws-network"},
	"gke-gateway-member": {"made-gcp"}, "workload-network-policies": {"gke-cluster"}, "gcp-member": {"made-gcp"},
	"gcp-repository": {"made-gcp"},
}

// credentialConfigMap is the ConfigMap of the credential configuration.
const credentialConfigMap = "gcp-credential-config"

// kindOf is the last part of a type token, such as NetworkPolicy.
func kindOf(typ string) string { return typ[strings.LastIndex(typ, ":")+1:] }

func isKubernetes(typ string) bool { return strings.HasPrefix(typ, "kubernetes:") }

// kubernetesType is Pulumi's type token of a kind.
func kubernetesType(apiVersion, kind string) string {
	if apiVersion == "v1" {
		apiVersion = "core/v1"
	}
	return "kubernetes:" + apiVersion + ":" + kind
}

// objectName reads the name of a Kubernetes object from its state.
func objectName(t service.Thing) service.ObjectName {
	metadata, _ := t.Outputs["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	namespace, _ := metadata["namespace"].(string)
	return service.ObjectName{APIVersion: t.Text("apiVersion"), Kind: t.Text("kind"), Namespace: namespace, Name: name}
}

// unlisted are the types among things that no group has.
func unlisted(things []service.Thing) []string {
	listed := map[string]bool{}
	for _, typ := range MadeTypes() {
		listed[typ] = true
	}
	lacking := map[string]bool{}
	for _, t := range things {
		if !listed[t.Type] {
			lacking[t.Type] = true
		}
	}
	return slices.Sorted(maps.Keys(lacking))
}

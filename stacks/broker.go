package stacks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/ecs"
	"bifrost/components/kubernetes"
	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// The broker of a cluster (Bifrost Enterprise, "Clustering", "Broker Mode": https://docs.getbifrost.ai/enterprise/clustering): the
// gateway's image in another mode, one process without a database. This was read, and no broker was run.

// brokerVariables are the secret variables that the broker gets. It is the Enterprise program, which may ask for its licence.
var brokerVariables = []string{gateway.BrokerTokenVariable, gateway.LicenseVariable}

// brokerAddress is where the processes at a place reach the broker that the stack runs there.
func (c *Config) brokerAddress(at target) string {
	return fmt.Sprintf("%s:%d", at.brokerHost(c), gateway.BrokerPort)
}

// brokerConfig is the text of the broker's config.json: how to reach it, as the nodes read it.
func (c *Config) brokerConfig(address string) (pulumi.StringInput, error) {
	text, err := configjson.Render(configjson.BrokerDocument(address))
	if err != nil {
		return nil, fmt.Errorf("rendering the broker's config.json: %w", err)
	}
	return pulumi.String(text), nil
}

// newBroker makes the broker beside the gateway's pods, and pulls its image as they do. Where kubelets pull with a token of the gateway's
// ServiceAccount, or the namespace's are somebody else's to make, it runs as that one.
func (c *Config) newBroker(
	ctx *pulumi.Context, parts kubernetesParts, workload *kubernetes.BifrostWorkloadArgs, gateway *kubernetes.BifrostWorkload,
) (*kubernetes.BifrostBroker, error) {
	if c.clusterForm(parts.at) != brokerCluster {
		return nil, nil
	}
	config, err := c.brokerConfig(c.brokerAddress(parts.at))
	if err != nil {
		return nil, err
	}
	args := &kubernetes.BifrostBrokerArgs{
		Namespace: workload.Namespace, Image: workload.Image, ImagePullPolicy: workload.ImagePullPolicy, PullSecret: workload.PullSecret,
		Config: config, SecretEnv: map[string]pulumi.StringInput{}, SecretRefs: map[string]kubernetes.SecretKeyRef{},
		Clients:     map[string]string{"app": c.Gateway.appLabel()},
		OpenNetwork: workload.NetworkPolicy.Disabled, Scheduling: workload.Scheduling,
		NamespaceUserIds: workload.NamespaceUserIds,
		Labels:           workload.Labels, Annotations: workload.Annotations, DependsOn: workload.DependsOn,
	}
	for _, name := range brokerVariables {
		if value, ok := workload.SecretEnv[name]; ok {
			args.SecretEnv[name] = value
		}
		if ref, ok := workload.SecretRefs[name]; ok {
			args.SecretRefs[name] = ref
		}
	}
	if workload.EcrRoleArn != nil || workload.ExistingServiceAccount {
		args.ServiceAccount = c.Gateway.ServiceAccount
		args.DependsOn = append(slices.Clone(args.DependsOn), gateway)
	}
	return kubernetes.NewBifrostBroker(ctx, parts.at.name()+"-broker", args, pulumi.Providers(parts.provider))
}

// brokerEgress lets the gateway's pods out to the broker that the stack runs.
func (c *Config) brokerEgress(at target) networkingv1.NetworkPolicyEgressRuleArray {
	if c.clusterForm(at) != brokerCluster {
		return nil
	}
	return networkingv1.NetworkPolicyEgressRuleArray{&networkingv1.NetworkPolicyEgressRuleArgs{
		To: networkingv1.NetworkPolicyPeerArray{&networkingv1.NetworkPolicyPeerArgs{PodSelector: &metav1.LabelSelectorArgs{
			MatchLabels: pulumi.StringMap{"app": pulumi.String(gateway.DefaultBrokerName)},
		}}},
		Ports: networkingv1.NetworkPolicyPortArray{
			&networkingv1.NetworkPolicyPortArgs{Port: pulumi.Int(gateway.BrokerPort), Protocol: pulumi.String("TCP")},
		},
	}}
}

// ecsClusteringArgs are the zone and the name of the tasks' cluster, or of its broker. Nobody else's zone in the VPC has the name of the
// stack in it.
func (c *Config) ecsClusteringArgs() *ecs.EcsClusteringArgs {
	args := &ecs.EcsClusteringArgs{}
	if given := c.Ecs.Clustering; given != nil {
		args.Namespace, args.Service = given.Namespace, given.Service
	}
	if args.Namespace == "" {
		args.Namespace = cmp.Or(dnsLabel(c.stack), "stack") + ".bifrost.internal"
	}
	if c.clusterForm(onEcs) == brokerCluster {
		args.Broker = &ecs.EcsBrokerArgs{}
	}
	return args
}

// ecsCluster are the component's arguments: nil where nothing is made for a cluster.
func (c *Config) ecsCluster() (*ecs.EcsClusteringArgs, error) {
	form := c.clusterForm(onEcs)
	if form == noCluster || form == othersBroker {
		return nil, nil
	}
	args := c.ecsClusteringArgs()
	if args.Broker == nil {
		return args, nil
	}
	var err error
	args.Broker.Config, err = c.brokerConfig(c.brokerAddress(onEcs))
	secrets := c.secretEnv(onEcs)
	for _, name := range brokerVariables {
		if _, ok := secrets[name]; ok || onEcs.refers(c, name) {
			args.Broker.SecretEnv = append(args.Broker.SecretEnv, name)
		}
	}
	return args, err
}

// makesZone tells whether the stack makes a private DNS zone for the tasks.
func (c *Config) makesZone() bool {
	form := c.clusterForm(onEcs)
	return form == meshCluster || form == brokerCluster
}

var noLabel = regexp.MustCompile(`[^a-z0-9]+`)

// dnsLabel is a stack's name as a part of a DNS name.
func dnsLabel(stack string) string {
	label := strings.Trim(noLabel.ReplaceAllString(strings.ToLower(stack), "-"), "-")
	return strings.Trim(label[:min(len(label), 63)], "-")
}

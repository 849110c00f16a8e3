package stacks

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/kubernetes"
)

// Refresher is what keeps the pull Secret fresh.
type Refresher struct {
	// ServiceAccount of the refresher: the subject that the clouds trust. Default bifrost-pull.
	ServiceAccount string
	// Schedule is a cron expression. It is refused when a token would expire between two runs. Default: `0 * * * *` for ECR, `*/20 * * * *`
	// for Artifact Registry.
	Schedule string
	// Images of the refresher's containers, for clusters with restricted egress.
	Images RefresherImages
	// ImagePullSecrets are existing Secrets in the namespace with which these images are pulled. Default: the nodes can pull them.
	ImagePullSecrets []string
	// Scheduling says on which nodes the refresher's pods run. Default: gateway.scheduling, but for its spread and its processors.
	Scheduling *Placement
	// PodLabels are labels of the refresher's pods alone, beside labels, which are of every object.
	PodLabels map[string]string
	// PodAnnotations are annotations of the refresher's pods. Those by which meshes leave the pods alone are there without being asked for,
	// and these win over them.
	PodAnnotations map[string]string
	// Env are plain environment variables of the container that fetches the token.
	Env map[string]string
	// SecretRefs are variables of that container from keys of existing Secrets in the namespace.
	SecretRefs map[string]kubernetes.SecretKeyRef
	// ExtraEgress are further rules of the refresher's network policy, as in the Kubernetes API.
	ExtraEgress []networkingv1.NetworkPolicyEgressRule
}

// RefresherImages replace the refresher's images, for clusters with restricted egress.
type RefresherImages struct {
	// Aws is an image with the AWS CLI. Default public.ecr.aws/aws-cli/aws-cli:2.37.1.
	Aws string
	// Gcloud is an image with the Google Cloud CLI. Default gcr.io/google.com/cloudsdktool/google-cloud-cli:573.0.0-stable.
	Gcloud string
	// Kubectl is an image with kubectl. Default registry.k8s.io/kubectl:v1.34.3.
	Kubectl string
}

// completePullSecret adds what is the same on every cluster.
func (c *Config) completePullSecret(pull *kubernetes.PullSecretArgs, namespace pulumi.StringInput) {
	r := &c.Refresher
	pull.Namespace = namespace
	pull.RegistryHost = c.image.Host
	pull.Labels = c.labels()
	if pull.RegistryKey != nil {
		return
	}
	pull.ServiceAccount = r.ServiceAccount
	pull.Schedule = r.Schedule
	pull.KubectlImage = r.Images.Kubectl
	pull.IpFamily = c.Gateway.IpFamily
	pull.AlertRules = c.alertRules()
	pull.Pods = &kubernetes.PullSecretPodArgs{
		Scheduling: c.refresherPlacement().args(), Labels: r.PodLabels, Annotations: r.PodAnnotations,
		Env: c.refresherEnv(), SecretRefs: r.SecretRefs, ImagePullSecrets: r.ImagePullSecrets, Ca: c.Network.caArgs(),
		NamespaceUserIds: c.namespaceUserIds(),
	}
	pull.NetworkPolicy = &kubernetes.PullSecretNetworkPolicyArgs{
		Destinations: destinationsOf(nil, c.Network.Proxy),
		ExtraEgress: append(c.dnsEgress(),
			inputs[networkingv1.NetworkPolicyEgressRuleInput, networkingv1.NetworkPolicyEgressRuleOutput](r.ExtraEgress)...),
	}
}

// alertRules are those of the refresher, where they are asked for.
func (c *Config) alertRules() *kubernetes.PullSecretAlertRulesArgs {
	if m := c.Gateway.Monitoring; m != nil && m.AlertRules {
		return &kubernetes.PullSecretAlertRulesArgs{Labels: m.AlertLabels}
	}
	return nil
}

// refresherPlacement is where the refresher's pods run: with the gateway, unless something else is said.
func (c *Config) refresherPlacement() *Placement {
	if c.Refresher.Scheduling != nil {
		return c.Refresher.Scheduling
	}
	return c.Gateway.Scheduling.placement()
}

// placement is what the gateway's pods and others of the stack have in common.
func (s *Scheduling) placement() *Placement {
	if s == nil {
		return nil
	}
	return &Placement{s.NodeSelector, s.Tolerations, s.Affinity, s.PriorityClass}
}

// args are the component's. Nil has none.
func (p *Placement) args() *kubernetes.WorkloadSchedulingArgs {
	if p == nil {
		return nil
	}
	args := &kubernetes.WorkloadSchedulingArgs{
		NodeSelector: p.NodeSelector, Tolerations: inputs[corev1.TolerationInput, corev1.TolerationOutput](p.Tolerations),
		PriorityClass: p.PriorityClass,
	}
	if p.Affinity != nil {
		args.Affinity = resolved[corev1.Affinity, corev1.AffinityOutput](*p.Affinity).ToAffinityPtrOutput()
	}
	return args
}

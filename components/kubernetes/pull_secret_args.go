package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/gateway"
)

// Defaults of a PullSecret, whatever its registry is.
const (
	DefaultPullServiceAccount = "bifrost-pull"
	DefaultKubectlImage       = "registry.k8s.io/kubectl:v1.34.3"
)

// PullSecretArgs are the arguments of NewPullSecret. Exactly one of Ecr, ArtifactRegistry and RegistryKey says what is in the Secret.
type PullSecretArgs struct {
	// Namespace of everything; it must exist.
	Namespace pulumi.StringInput `pulumi:"namespace"`
	// RegistryHost is the registry that the Secret is for, such as 444455556666.dkr.ecr.us-east-1.amazonaws.com.
	RegistryHost string `pulumi:"registryHost"`
	// Ecr takes tokens from Amazon ECR.
	Ecr *EcrTokenArgs `pulumi:"ecr,optional"`
	// ArtifactRegistry takes tokens from Google Cloud, through workload identity federation or from GKE's metadata server.
	ArtifactRegistry *ArtifactRegistryTokenArgs `pulumi:"artifactRegistry,optional"`
	// RegistryKey is a key that does not expire by itself, at Artifact Registry: nothing keeps the Secret fresh, and what is said of a
	// refresher is refused.
	RegistryKey *RegistryKeyArgs `pulumi:"registryKey,optional"`
	// SecretName of the pull Secret. Default ecr-pull-secret, ar-pull-secret or bifrost-pull-secret.
	SecretName string `pulumi:"secretName,optional"`
	// ServiceAccount of the refresher, made here: the subject that clouds trust. Default bifrost-pull.
	ServiceAccount string `pulumi:"serviceAccount,optional"`
	// Schedule in cron's five fields, in the cluster's time zone. Default every hour for ECR, every 20 minutes for Artifact Registry.
	Schedule string `pulumi:"schedule,optional"`
	// KubectlImage writes the Secret.
	KubectlImage string `pulumi:"kubectlImage,optional"`
	// NetworkPolicy of the refresher's pods. Default: nothing in; DNS, HTTPS and the API server out.
	NetworkPolicy *PullSecretNetworkPolicyArgs `pulumi:"networkPolicy,optional"`
	// Pods are what the cluster asks of the refresher's pods. Default: nothing.
	Pods *PullSecretPodArgs `pulumi:"pods,optional"`
	// IpFamily IPv6 opens the policy for destinations of IPv6, too. Default: of IPv4 alone.
	IpFamily string `pulumi:"ipFamily,optional"`
	// AlertRules make a PrometheusRule.
	AlertRules *PullSecretAlertRulesArgs `pulumi:"alertRules,optional"`
	// Labels of all objects.
	Labels map[string]string `pulumi:"labels,optional"`
	// DependsOn is what must exist before a token can be had: the role with its policies, the federated credential.
	DependsOn []pulumi.Resource
}

// PullSecretNetworkPolicyArgs say what the refresher's pods reach.
type PullSecretNetworkPolicyArgs struct {
	// Disabled makes no policy.
	Disabled bool `pulumi:"disabled,optional"`
	// Destinations are further addresses that the pods may reach, such as a proxy on the way out. Default: none.
	Destinations []NetworkDestination `pulumi:"destinations,optional"`
	// ExtraEgress are further rules, in the words of the Kubernetes API. Default: none.
	ExtraEgress networkingv1.NetworkPolicyEgressRuleArray `pulumi:"extraEgress,optional"`
}

// PullSecretAlertRulesArgs warn of a refresh that fails and of a token that is older than its life, by the metrics of kube-state-metrics.
// The Prometheus Operator's CRD must be there: `up` stops before the rules where it is not.
type PullSecretAlertRulesArgs struct {
	// Labels by which a Prometheus picks its rules.
	Labels map[string]string `pulumi:"labels,optional"`
}

// Validate reports every problem of the arguments, below the path.
func (a *PullSecretArgs) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.Namespace == nil {
		errs = append(errs, field.Required(p.Child("namespace"), "the namespace of the Secret"))
	}
	errs = append(errs, check.Required(p.Child("registryHost"), a.RegistryHost, check.RegistryHost)...)
	switch {
	case !a.oneSource():
		errs = append(errs, field.Required(p.Child("ecr"), "give exactly one of ecr, artifactRegistry and registryKey"))
	case a.Ecr != nil:
		errs = append(errs, a.Ecr.Validate(p.Child("ecr"))...)
	case a.ArtifactRegistry != nil:
		errs = append(errs, a.ArtifactRegistry.Validate(p.Child("artifactRegistry"))...)
	default:
		errs = append(errs, a.validateKey(p)...)
	}
	if a.SecretName != "" {
		errs = append(errs, check.Subdomain(p.Child("secretName"), a.SecretName)...)
	}
	if a.ServiceAccount != "" {
		errs = append(errs, check.Subdomain(p.Child("serviceAccount"), a.ServiceAccount)...)
	}
	errs = append(errs, check.Cron(p.Child("schedule"), a.Schedule)...)
	errs = append(errs, check.OneOf(p.Child("ipFamily"), a.IpFamily, gateway.IPv4, gateway.IPv6)...)
	errs = append(errs, validateImage(p.Child("kubectlImage"), a.KubectlImage)...)
	errs = append(errs, a.Pods.validate(p.Child("pods"), a.ownVariables())...)
	if a.AlertRules != nil {
		errs = append(errs, a.AlertRules.Validate(p.Child("alertRules"))...)
	}
	return append(errs, check.Labels(p.Child("labels"), a.Labels)...)
}

// Validate reports every problem of the arguments, below the path.
func (a *PullSecretAlertRulesArgs) Validate(p *field.Path) field.ErrorList {
	return check.Labels(p.Child("labels"), a.Labels)
}

// oneSource tells whether one thing alone says what is in the Secret.
func (a *PullSecretArgs) oneSource() bool {
	return check.ExactlyOne(a.Ecr != nil, a.ArtifactRegistry != nil, a.RegistryKey != nil)
}

// complete tells whether all is there that the pods' variables are made of. What is missing is refused.
func (a *PullSecretArgs) complete() bool {
	switch {
	case a.Namespace == nil, !a.oneSource(), a.RegistryKey != nil:
		return false
	case a.Ecr != nil:
		return a.Ecr.PodIdentity || a.Ecr.RoleArn != nil
	}
	entra := a.ArtifactRegistry.Entra
	return entra == nil || entra.TenantId != nil && entra.ClientId != nil
}

// ownVariables are the names of those that the refresher sets itself.
func (a *PullSecretArgs) ownVariables() map[string]bool {
	names := map[string]bool{networkCaVariable: true}
	if !a.complete() {
		return names
	}
	for _, variable := range a.refresher().ownEnv() {
		names[string(variable.(*corev1.EnvVarArgs).Name.(pulumi.String))] = true
	}
	return names
}

// validateImage checks a reference to another image than the default; an empty one is absent.
func validateImage(p *field.Path, reference string) field.ErrorList {
	if reference == "" {
		return nil
	}
	return image.Validate(p, reference)
}

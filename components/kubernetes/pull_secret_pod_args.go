package kubernetes

import (
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// PullSecretPodArgs are what a cluster asks of the refresher's pods, of the schedule and of the first run.
type PullSecretPodArgs struct {
	// Scheduling says on which nodes they run. The spread is not read. Default: on any of Linux.
	Scheduling *WorkloadSchedulingArgs `pulumi:"scheduling,optional"`
	// Labels of the pods, beside those of all objects. They win over those by which meshes leave the pods alone. The label app is refused.
	Labels map[string]string `pulumi:"labels,optional"`
	// Annotations of the pods. They win over those by which meshes leave the pods alone.
	Annotations map[string]string `pulumi:"annotations,optional"`
	// Env are plain variables of the container that fetches the token, such as a proxy's. The container that writes the Secret has none of
	// them: it speaks to the API server alone.
	Env map[string]string `pulumi:"env,optional"`
	// SecretRefs are variables of that container whose values are in Secrets that exist, such as a proxy's login.
	SecretRefs map[string]SecretKeyRef `pulumi:"secretRefs,optional"`
	// ImagePullSecrets are names of existing Secrets with which the refresher's own images are pulled. Default: the nodes can pull them.
	ImagePullSecrets []string `pulumi:"imagePullSecrets,optional"`
	// NamespaceUserIds lets the namespace give the pods their users and groups, as OpenShift does. Default: the refresher's own, 65532.
	NamespaceUserIds bool `pulumi:"namespaceUserIds,optional"`
	// Ca are authorities of the network, such as those of a proxy that opens TLS. The token is fetched with trust in them, beside the
	// public ones of the image. Default: those in the image alone.
	Ca *CaArgs `pulumi:"ca,optional"`
}

// validate reports every problem of the arguments, at p and below it. Nil has none. taken are the variables that the refresher sets itself.
func (a *PullSecretPodArgs) validate(p *field.Path, taken map[string]bool) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := a.Scheduling.Validate(p.Child("scheduling"))
	errs = append(errs, check.Labels(p.Child("labels"), a.Labels)...)
	if _, ok := a.Labels["app"]; ok {
		errs = append(errs, field.Forbidden(p.Child("labels").Key("app"), "the network policy picks the pods by it; remove it"))
	}
	errs = append(errs, check.Annotations(p.Child("annotations"), a.Annotations)...)
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		at := p.Child("env").Key(name)
		errs = append(errs, check.EnvName(at, name)...)
		if taken[name] {
			errs = append(errs, field.Forbidden(at, "the refresher sets it itself; remove it"))
		}
	}
	given := maps.Clone(taken)
	for name := range a.Env {
		given[name] = true
	}
	errs = append(errs, validateSecretRefs(p.Child("secretRefs"), a.SecretRefs, given)...)
	for i, name := range a.ImagePullSecrets {
		errs = append(errs, check.Subdomain(p.Child("imagePullSecrets").Index(i), name)...)
	}
	return append(errs, a.Ca.Validate(p.Child("ca"))...)
}

// variables are those of the container that fetches the token, sorted.
func (a PullSecretPodArgs) variables() corev1.EnvVarArray {
	var vars corev1.EnvVarArray
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		vars = append(vars, env(name, pulumi.String(a.Env[name])))
	}
	return append(vars, referredEnv(a.SecretRefs)...)
}

// pullSecrets are references to the Secrets with which the refresher's own images are pulled.
func (a PullSecretPodArgs) pullSecrets() corev1.LocalObjectReferenceArray {
	var all corev1.LocalObjectReferenceArray
	for _, name := range a.ImagePullSecrets {
		all = append(all, &corev1.LocalObjectReferenceArgs{Name: pulumi.String(name)})
	}
	return all
}

// refresherCaName is the name of the ConfigMap with the network's authorities, where it is made here.
const refresherCaName = DefaultPullServiceAccount + "-network-ca"

// newCa keeps given authorities of the network in a ConfigMap of their own.
func (r refresher) newCa(s component.Scope) ([]pulumi.Resource, error) {
	if r.pods.Ca == nil || r.pods.Ca.Pem == "" {
		return nil, nil
	}
	configMap, err := corev1.NewConfigMap(s.Ctx, s.Child(networkCaVolume), &corev1.ConfigMapArgs{
		Metadata: r.meta(pulumi.String(refresherCaName)),
		Data:     pulumi.StringMap{gateway.NetworkCaFile: pulumi.String(r.pods.Ca.Pem)},
	}, s.Options()...)
	return []pulumi.Resource{configMap}, err
}

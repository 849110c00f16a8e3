package kubernetes

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/component"
)

// DefaultRegistryKeySecretName is the name of a pull Secret with a key, as the vendor's documents have it.
const DefaultRegistryKeySecretName = "bifrost-pull-secret"

// RegistryKeyArgs are a key of a service account at Google Cloud that may read the repository.
type RegistryKeyArgs struct {
	// Key is its JSON document. It stands in the Secret alone, and in the stack's state, encrypted.
	Key pulumi.StringInput `pulumi:"key"`
}

// validateKey checks a pull Secret with a key, below the path.
func (a *PullSecretArgs) validateKey(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.RegistryKey.Key == nil {
		errs = append(errs, field.Required(p.Child("registryKey", "key"), "the JSON document of the service account's key"))
	}
	for _, unread := range []struct {
		key   string
		given bool
	}{
		{"serviceAccount", a.ServiceAccount != ""}, {"schedule", a.Schedule != ""}, {"kubectlImage", a.KubectlImage != ""},
		{"networkPolicy", a.NetworkPolicy != nil}, {"pods", a.Pods != nil}, {"alertRules", a.AlertRules != nil},
	} {
		if unread.given {
			errs = append(errs, field.Forbidden(p.Child(unread.key), "a key needs no refresher; remove it"))
		}
	}
	return errs
}

// patchForce lets Pulumi write fields that somebody else wrote last, such as a refresher that the Secret had before (Pulumi Kubernetes
// provider, "Server-Side Apply", conflict resolution).
const patchForce = "pulumi.com/patchForce"

// hold makes the Secret with the key. Another key is written in place: no pull meets a missing Secret, and no pod is made anew.
func (c *PullSecret) hold(s component.Scope, args *PullSecretArgs) error {
	name := cmp.Or(args.SecretName, DefaultRegistryKeySecretName)
	host := args.RegistryHost
	content := args.RegistryKey.Key.ToStringOutput().ApplyT(func(key string) (string, error) {
		return dockerConfig(host, RegistryKeyUser, key)
	})
	secret, err := corev1.NewSecret(s.Ctx, s.Child("secret"), &corev1.SecretArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name: pulumi.String(name), Namespace: args.Namespace, Labels: component.Merge(args.Labels),
			Annotations: pulumi.StringMap{patchForce: pulumi.String("true")},
		},
		Type: pulumi.String("kubernetes.io/dockerconfigjson"),
		Data: pulumi.StringMap{".dockerconfigjson": pulumi.ToSecret(content).(pulumi.StringOutput)},
	}, s.Options()...)
	if err != nil {
		return s.Failed("secret", err)
	}
	c.SecretName = pulumi.String(name).ToStringOutput()
	c.FirstRun, c.CronJob = pulumi.String("").ToStringOutput(), pulumi.String("").ToStringOutput()
	c.Resources = []pulumi.Resource{secret}
	return s.Ctx.RegisterResourceOutputs(c, pulumi.Map{"secretName": c.SecretName, "firstRun": c.FirstRun, "cronJob": c.CronJob})
}

// dockerConfig is the content of a pull Secret for a login, in base64, as the API has it.
func dockerConfig(host, user, password string) (string, error) {
	text, err := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{
		"username": user, "password": password, "auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + password)),
	}}})
	if err != nil {
		return "", fmt.Errorf("rendering the pull Secret: %w", err)
	}
	return base64.StdEncoding.EncodeToString(text), nil
}

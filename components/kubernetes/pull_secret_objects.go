package kubernetes

import (
	"encoding/base64"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

const (
	roleName            = "secret-manager"
	roleBindingName     = "secret-manager-binding"
	credentialConfigMap = "gcp-credential-config"
	emptyDockerConfig   = `{"auths":{}}`
)

// newCredentialConfig makes the ConfigMap of what the CLI signs in with, and returns its name; nil where it needs none.
func (r refresher) newCredentialConfig(s component.Scope) (pulumi.StringInput, error) {
	if r.source.credentialConfig == nil {
		return nil, nil
	}
	configMap, err := corev1.NewConfigMap(s.Ctx, s.Child("credential-config"), &corev1.ConfigMapArgs{
		Metadata: r.meta(pulumi.String(credentialConfigMap)),
		Data:     pulumi.StringMap{credentialConfigKey: r.source.credentialConfig},
	}, s.Options()...)
	if err != nil {
		return nil, err
	}
	return configMap.Metadata.Name().Elem(), nil
}

func (r refresher) newServiceAccount(s component.Scope) (*corev1.ServiceAccount, error) {
	meta := r.meta(pulumi.String(r.serviceAccount))
	if len(r.source.annotations) > 0 {
		meta.Annotations = r.source.annotations
	}
	return corev1.NewServiceAccount(s.Ctx, s.Child("service-account"), &corev1.ServiceAccountArgs{
		Metadata:                     meta,
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, s.Options()...)
}

// newSecret makes the Secret, without a token. The type cannot change later and the content must be valid JSON from the start. Seeded
// through data, not stringData, so that ignoring changes of data covers everything a refresh writes.
func (r refresher) newSecret(s component.Scope) (*corev1.Secret, error) {
	return corev1.NewSecret(s.Ctx, s.Child("secret"), &corev1.SecretArgs{
		Metadata: r.meta(pulumi.String(r.secretName)),
		Type:     pulumi.String("kubernetes.io/dockerconfigjson"),
		Data:     pulumi.StringMap{".dockerconfigjson": pulumi.String(base64.StdEncoding.EncodeToString([]byte(emptyDockerConfig)))},
	}, s.Options(pulumi.IgnoreChanges([]string{"data"}))...)
}

// newRights let the ServiceAccount write the Secret. Server-side apply needs patch alone; create lets it heal a Secret that was deleted.
// No get or list: only the answer to its own patch shows it this one Secret (docs/e2e.md, "What is left").
func (r refresher) newRights(s component.Scope, serviceAccount pulumi.StringPtrOutput) (*rbacv1.RoleBinding, error) {
	role, err := rbacv1.NewRole(s.Ctx, s.Child("role"), &rbacv1.RoleArgs{
		Metadata: r.meta(pulumi.String(roleName)),
		Rules: rbacv1.PolicyRuleArray{&rbacv1.PolicyRuleArgs{
			ApiGroups:     pulumi.StringArray{pulumi.String("")},
			Resources:     pulumi.StringArray{pulumi.String("secrets")},
			ResourceNames: pulumi.StringArray{pulumi.String(r.secretName)},
			Verbs:         pulumi.StringArray{pulumi.String("create"), pulumi.String("patch")},
		}},
	}, s.Options()...)
	if err != nil {
		return nil, err
	}
	return rbacv1.NewRoleBinding(s.Ctx, s.Child("role-binding"), &rbacv1.RoleBindingArgs{
		Metadata: r.meta(pulumi.String(roleBindingName)),
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("Role"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: rbacv1.SubjectArray{&rbacv1.SubjectArgs{
			Kind:      pulumi.String("ServiceAccount"),
			Name:      serviceAccount.Elem(),
			Namespace: r.namespace,
		}},
	}, s.Options()...)
}

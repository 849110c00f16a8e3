package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/iampolicy"
)

// EcrRoleAnnotation is the ServiceAccount's annotation from which ecr-credential-provider, the kubelet's plugin, takes the role
// (cloud-provider-aws 1.35). It is not the annotation of IRSA, which serves containers.
const EcrRoleAnnotation = "eks.amazonaws.com/ecr-role-arn"

// irsaAnnotation is the one from which EKS takes the role of a ServiceAccount's containers.
const irsaAnnotation = "eks.amazonaws.com/role-arn"

func (a *BifrostWorkloadArgs) validateIdentity() field.ErrorList {
	errs := check.Subdomain(field.NewPath("serviceAccount"), a.serviceAccount())
	errs = append(errs, check.Optional(field.NewPath("azureClientId"), a.AzureClientId, check.UUID)...)
	if a.AzureClientId != "" && (a.AwsRoleArn != nil || a.PodIdentity) {
		errs = append(errs, field.Invalid(field.NewPath("azureClientId"), a.AzureClientId, "a gateway runs in one cloud: awsRoleArn or podIdentity is set too"))
	}
	if a.PodIdentity && a.AwsRoleArn != nil {
		errs = append(errs, field.Forbidden(field.NewPath("awsRoleArn"), "the pod identity association names the role; remove it or podIdentity"))
	}
	if a.ExistingServiceAccount && a.EcrRoleArn != nil {
		errs = append(errs, field.Forbidden(field.NewPath("ecrRoleArn"), "the existing ServiceAccount is not changed: annotate it with "+EcrRoleAnnotation+" yourself, and leave this out"))
	}
	if a.ExistingServiceAccount && a.AwsRoleArn != nil {
		errs = append(errs, field.Forbidden(field.NewPath("awsRoleArn"), "the existing ServiceAccount is not changed: annotate it with "+irsaAnnotation+" yourself, and leave this out"))
	}
	return errs
}

// newServiceAccount makes the gateway's own, or names the existing one.
func (w *workload) newServiceAccount() error {
	if w.ExistingServiceAccount {
		w.serviceAccountName = pulumi.String(w.serviceAccount()).ToStringOutput()
		return nil
	}
	meta := w.meta(w.serviceAccount())
	annotations := component.Merge(w.Annotations)
	if w.AwsRoleArn != nil {
		annotations[irsaAnnotation] = w.AwsRoleArn
	}
	if w.AzureClientId != "" {
		annotations["azure.workload.identity/client-id"] = pulumi.String(w.AzureClientId)
	}
	if w.EcrRoleArn != nil {
		annotations[EcrRoleAnnotation] = w.EcrRoleArn
	}
	meta.Annotations = annotations
	serviceAccount, err := corev1.NewServiceAccount(w.ctx, w.prefix+"-service-account", &corev1.ServiceAccountArgs{
		Metadata:                     meta,
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, pulumi.Parent(w.parent))
	if err != nil {
		return err
	}
	w.serviceAccountName = serviceAccount.Metadata.Name().Elem()
	w.dependsOn = append(w.dependsOn, serviceAccount)
	return nil
}

// newTokenAudience lets the nodes ask for tokens of the gateway's ServiceAccount for AWS STS, where kubelets pull with them. The API
// server refuses a node any audience that no volume of the pod names, unless RBAC allows this verb; it asks with the audience as the
// resource, and with the namespace and name of the ServiceAccount (admission plugin NodeRestriction).
func (w *workload) newTokenAudience() error {
	if w.EcrRoleArn == nil {
		return nil
	}
	binding, err := w.grant("token-audience", &rbacv1.PolicyRuleArgs{
		ApiGroups:     pulumi.StringArray{pulumi.String("")},
		Resources:     pulumi.StringArray{pulumi.String(iampolicy.STSAudience)},
		ResourceNames: pulumi.StringArray{w.serviceAccountName},
		Verbs:         pulumi.StringArray{pulumi.String("request-serviceaccounts-token-audience")},
	}, &rbacv1.SubjectArgs{
		ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
		Kind:     pulumi.String("Group"),
		Name:     pulumi.String("system:nodes"),
	})
	if err != nil {
		return err
	}
	w.dependsOn = append(w.dependsOn, binding)
	return nil
}

// grant gives one subject one rule in the gateway's namespace.
func (w *workload) grant(what string, rule *rbacv1.PolicyRuleArgs, subject *rbacv1.SubjectArgs) (*rbacv1.RoleBinding, error) {
	meta := w.meta(w.name() + "-" + what)
	role, err := rbacv1.NewRole(w.ctx, w.prefix+"-"+what, &rbacv1.RoleArgs{
		Metadata: meta,
		Rules:    rbacv1.PolicyRuleArray{rule},
	}, pulumi.Parent(w.parent))
	if err != nil {
		return nil, err
	}
	return rbacv1.NewRoleBinding(w.ctx, w.prefix+"-"+what+"-binding", &rbacv1.RoleBindingArgs{
		Metadata: meta,
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String("rbac.authorization.k8s.io"),
			Kind:     pulumi.String("Role"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: rbacv1.SubjectArray{subject},
	}, pulumi.Parent(w.parent))
}

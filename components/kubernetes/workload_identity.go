package kubernetes

import (
	"cmp"

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

// rbacGroup is the group of the API that has roles and groups of users.
const rbacGroup = "rbac.authorization.k8s.io"

func (a *BifrostWorkloadArgs) serviceAccount() string {
	return cmp.Or(a.ServiceAccount, DefaultGatewayServiceAccount)
}

func (a *BifrostWorkloadArgs) validateIdentity(p *field.Path) field.ErrorList {
	errs := check.Subdomain(p.Child("serviceAccount"), a.serviceAccount())
	if id, plain := a.AzureClientId.(pulumi.String); plain {
		errs = append(errs, check.Required(p.Child("azureClientId"), string(id), check.UUID)...)
	}
	onAws := a.AwsRoleArn != nil || a.PodIdentity
	if a.AzureClientId != nil && onAws {
		errs = append(errs, field.Forbidden(p.Child("azureClientId"), "a gateway runs in one cloud: awsRoleArn or podIdentity is set too"))
	}
	if email, plain := a.GoogleServiceAccount.(pulumi.String); plain {
		errs = append(errs, check.Required(p.Child("googleServiceAccount"), string(email), check.GcpServiceAccountEmail)...)
	}
	if a.GoogleServiceAccount != nil && (onAws || a.AzureClientId != nil) {
		errs = append(errs, field.Forbidden(p.Child("googleServiceAccount"),
			"a gateway runs in one cloud: awsRoleArn, podIdentity or azureClientId is set too"))
	}
	if a.PodIdentity && a.AwsRoleArn != nil {
		errs = append(errs, field.Forbidden(p.Child("awsRoleArn"), "the pod identity association names the role; remove it or podIdentity"))
	}
	unchanged := func(annotation string) string {
		return "the existing ServiceAccount is not changed: annotate it with " + annotation + " yourself, and leave this out"
	}
	if a.ExistingServiceAccount && a.EcrRoleArn != nil {
		errs = append(errs, field.Forbidden(p.Child("ecrRoleArn"), unchanged(EcrRoleAnnotation)))
	}
	if a.ExistingServiceAccount && a.AwsRoleArn != nil {
		errs = append(errs, field.Forbidden(p.Child("awsRoleArn"), unchanged(IrsaAnnotation)))
	}
	return errs
}

// identityAnnotations are how clouds learn which identities the ServiceAccount has.
func (a *BifrostWorkloadArgs) identityAnnotations() pulumi.StringMap {
	annotations := pulumi.StringMap{}
	if a.AwsRoleArn != nil {
		annotations[IrsaAnnotation] = a.AwsRoleArn
	}
	if a.AzureClientId != nil {
		annotations[AzureClientAnnotation] = a.AzureClientId
	}
	if a.GoogleServiceAccount != nil {
		annotations[GoogleAccountAnnotation] = a.GoogleServiceAccount
	}
	if a.EcrRoleArn != nil {
		annotations[EcrRoleAnnotation] = a.EcrRoleArn
	}
	return annotations
}

// nodeAgents are those that give the gateway its credentials.
func (a *BifrostWorkloadArgs) nodeAgents() []nodeAgent {
	switch {
	case a.PodIdentity:
		return podIdentityAgents
	case a.GoogleServiceAccount != nil:
		return metadataServers
	}
	return nil
}

// identityLabels are labels of pods: the webhook of Azure Workload Identity looks at a pod's own label, and never at its ServiceAccount's.
func (a *BifrostWorkloadArgs) identityLabels() map[string]string {
	if a.AzureClientId == nil {
		return nil
	}
	return map[string]string{"azure.workload.identity/use": "true"}
}

// newServiceAccount makes the gateway's ServiceAccount, or names the existing one.
func (a *BifrostWorkloadArgs) newServiceAccount(s component.Scope) (object, error) {
	if a.ExistingServiceAccount {
		return object{name: pulumi.String(a.serviceAccount()).ToStringOutput()}, nil
	}
	account, err := corev1.NewServiceAccount(s.Ctx, s.Child("service-account"), &corev1.ServiceAccountArgs{
		Metadata:                     a.application().annotated(a.serviceAccount(), a.identityAnnotations()),
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, s.Options()...)
	if err != nil {
		return object{}, err
	}
	return object{account.Metadata.Name().Elem(), []pulumi.Resource{account}}, nil
}

// newRights gives the ServiceAccount, and the nodes, the rights that pulling and clustering need.
func (a *BifrostWorkloadArgs) newRights(s component.Scope, account pulumi.StringOutput) ([]pulumi.Resource, error) {
	return makeNeeds(s,
		need{"token audience", func(s component.Scope) (pulumi.Resource, error) { return a.newTokenAudience(s, account) }},
		need{"discovery", func(s component.Scope) (pulumi.Resource, error) { return a.newDiscovery(s, account) }},
	)
}

// newTokenAudience lets the nodes ask for tokens of the gateway's ServiceAccount for AWS STS, where kubelets pull with them. The API
// server refuses a node any audience that no volume of the pod names, unless RBAC allows this verb; it asks with the audience as the
// resource, and with the namespace and name of the ServiceAccount (admission plugin NodeRestriction).
func (a *BifrostWorkloadArgs) newTokenAudience(s component.Scope, account pulumi.StringOutput) (pulumi.Resource, error) {
	if a.EcrRoleArn == nil {
		return nil, nil
	}
	rule := &rbacv1.PolicyRuleArgs{
		ApiGroups:     pulumi.StringArray{pulumi.String("")},
		Resources:     pulumi.StringArray{pulumi.String(iampolicy.STSAudience)},
		ResourceNames: pulumi.StringArray{account},
		Verbs:         pulumi.StringArray{pulumi.String("request-serviceaccounts-token-audience")},
	}
	nodes := &rbacv1.SubjectArgs{ApiGroup: pulumi.String(rbacGroup), Kind: pulumi.String("Group"), Name: pulumi.String("system:nodes")}
	return a.application().grant(s, "token-audience", rule, nodes)
}

// grant gives one subject one rule in the namespace. It returns the binding, after which the right holds.
func (a application) grant(
	s component.Scope, what string, rule *rbacv1.PolicyRuleArgs, subject *rbacv1.SubjectArgs,
) (pulumi.Resource, error) {
	meta := a.meta(a.child(what))
	role, err := rbacv1.NewRole(s.Ctx, s.Child(what), &rbacv1.RoleArgs{
		Metadata: meta,
		Rules:    rbacv1.PolicyRuleArray{rule},
	}, s.Options()...)
	if err != nil {
		return nil, err
	}
	return rbacv1.NewRoleBinding(s.Ctx, s.Child(what+"-binding"), &rbacv1.RoleBindingArgs{
		Metadata: meta,
		RoleRef: &rbacv1.RoleRefArgs{
			ApiGroup: pulumi.String(rbacGroup),
			Kind:     pulumi.String("Role"),
			Name:     role.Metadata.Name().Elem(),
		},
		Subjects: rbacv1.SubjectArray{subject},
	}, s.Options()...)
}

package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/iampolicy"
	"bifrost/stacks"
)

// providerArn is the ARN that the IAM OIDC provider of the cluster must have.
func (t eksTrust) providerArn(cluster *service.EKSCluster) string {
	return fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", iampolicy.Partition(t.Config.Aws.Region), t.Config.Aws.AccountId,
		iampolicy.IssuerHost(cluster.Issuer))
}

func (t eksTrust) provider(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the EKS cluster", err, t.awsLogin())
	}
	arn := t.providerArn(cluster)
	provider, err := t.iam.OIDCProvider(ctx, arn)
	associate := fmt.Sprintf("eksctl utils associate-iam-oidc-provider --region %s --cluster %s --approve", t.Config.Aws.Region,
		t.Config.Eks.ClusterName)
	if t.Config.Eks.OidcProvider == stacks.OidcCreate {
		associate = t.up()
	}
	switch {
	case missing(err):
		gone := check.Fail(associate, "account %s has no IAM OIDC provider for %s", t.Config.Aws.AccountId, cluster.Issuer)
		if t.Config.Eks.OidcProvider == stacks.OidcCreate {
			return gone
		}
		return gone.Without(pulumitype.AwsOidcProvider, arn)
	case err != nil:
		return unreadable(arn, err, t.awsLogin())
	case !slices.Contains(provider.ClientIDs, iampolicy.STSAudience):
		return check.Fail(fmt.Sprintf("aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn %s --client-id %s",
			arn, iampolicy.STSAudience),
			"the IAM OIDC provider knows the audiences %s, and tokens have %s", quoted(provider.ClientIDs), iampolicy.STSAudience)
	}
	return check.Pass("%s", arn)
}

// account is the ServiceAccount whose tokens the role must trust.
func (t eksTrust) account(ctx context.Context) string {
	if t.Config.Eks.Pull == stacks.PullKubelet {
		return t.Config.Gateway.ServiceAccount
	}
	return t.objects.account(ctx, t.Config.Refresher.ServiceAccount)
}

// trusts asks the trust document about a token of the ServiceAccount in use.
func (t eksTrust) trusts(ctx context.Context) (*service.Role, iam.Decision, error) {
	role, err := t.role(ctx)
	if err != nil {
		return nil, iam.Decision{}, err
	}
	cluster, err := t.cluster(ctx)
	if err != nil {
		return nil, iam.Decision{}, err
	}
	host := iampolicy.IssuerHost(cluster.Issuer)
	d, err := iam.Evaluate(role.Trust, iam.Request{
		Federated: t.providerArn(cluster), Action: webIdentityAction,
		Context: map[string]string{
			host + ":aud": iampolicy.STSAudience, host + ":sub": iampolicy.ServiceAccountSubject(t.Config.Gateway.Namespace,
				t.account(ctx)),
		},
	})
	return role, d, err
}

func (t eksTrust) federated(ctx context.Context) check.Result {
	role, d, err := t.trusts(ctx)
	switch {
	case err != nil && role != nil:
		return t.unjudged("the trust", role, err)
	case err != nil:
		return unreadable("the trust of "+t.PrincipalArn, err, t.awsLogin())
	case !d.Principal:
		return check.Fail(t.up(), "the trust of %s does not name the OIDC provider of the cluster", name(role.ARN))
	case !d.Action:
		return check.Fail(t.up(), "the trust of %s does not allow %s", name(role.ARN), webIdentityAction)
	case d.Denied:
		return check.Fail(t.up(), "the trust of %s denies %s", name(role.ARN), webIdentityAction)
	}
	return check.Pass("%s", webIdentityAction)
}

func (t eksTrust) subject(ctx context.Context) check.Result {
	return t.condition(ctx, ":sub", iampolicy.ServiceAccountSubject(t.Config.Gateway.Namespace, t.account(ctx)))
}

func (t eksTrust) audience(ctx context.Context) check.Result {
	return t.condition(ctx, ":aud", iampolicy.STSAudience)
}

// condition looks at the conditions on one claim.
func (t eksTrust) condition(ctx context.Context, claim, have string) check.Result {
	role, d, err := t.trusts(ctx)
	if err != nil {
		return unreadable("the trust of "+t.PrincipalArn, err, t.awsLogin())
	}
	for _, miss := range d.Missed {
		if !d.Allowed && strings.HasSuffix(miss.Key, claim) {
			return check.Fail(fmt.Sprintf("%s; it writes %q for %s in the trust of %s", t.up(), have, miss.Key, name(role.ARN)),
				"the trust of %s wants %s = %s, and the token has %s", name(role.ARN), miss.Key, strings.Join(miss.Want, " or "), have)
		}
	}
	return check.Pass("%s", have)
}

func (t eksTrust) agent(ctx context.Context) check.Result {
	has, err := t.eks.HasAddon(ctx, t.Config.Eks.ClusterName, podIdentityAgent)
	if err != nil {
		return unreadable("the add-ons of the EKS cluster", err, t.awsLogin())
	}
	if !has {
		return check.Fail(fmt.Sprintf("aws eks create-addon --region %s --cluster-name %s --addon-name %s", t.Config.Aws.Region,
			t.Config.Eks.ClusterName, podIdentityAgent),
			"EKS cluster %s does not have the add-on %s", t.Config.Eks.ClusterName, podIdentityAgent)
	}
	return check.Pass("%s", podIdentityAgent)
}

func (t eksTrust) association(ctx context.Context) check.Result {
	account := t.account(ctx)
	roles, err := t.eks.Associations(ctx, t.Config.Eks.ClusterName, t.Config.Gateway.Namespace, account)
	if err != nil {
		return unreadable("the pod identity associations", err, t.awsLogin())
	}
	if !slices.Contains(roles, t.PrincipalArn) {
		return check.Fail(t.up(), "ServiceAccount %s/%s is associated with %s, not with %s", t.Config.Gateway.Namespace, account,
			quoted(roles), t.PrincipalArn)
	}
	return check.Pass("%s/%s", t.Config.Gateway.Namespace, account)
}

func (t eksTrust) podIdentity(ctx context.Context) check.Result {
	role, err := t.role(ctx)
	if err != nil {
		return unreadable("the role "+t.PrincipalArn, err, t.awsLogin())
	}
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the EKS cluster", err, t.awsLogin())
	}
	account := t.account(ctx)
	for _, action := range []string{assumeAction, "sts:TagSession"} {
		d, err := iam.Evaluate(role.Trust, iam.Request{Service: "pods.eks.amazonaws.com", Action: action, Context: map[string]string{
			"aws:SourceAccount": t.Config.Aws.AccountId, "aws:SourceArn": cluster.ARN,
			"aws:RequestTag/eks-cluster-arn": cluster.ARN, "aws:RequestTag/eks-cluster-name": t.Config.Eks.ClusterName,
			"aws:RequestTag/kubernetes-namespace": t.Config.Gateway.Namespace, "aws:RequestTag/kubernetes-service-account": account,
		}})
		if err != nil {
			return t.unjudged("the trust", role, err)
		}
		if result, ok := t.refused(role, d, action); !ok {
			return result
		}
	}
	return check.Pass("%s/%s of %s", t.Config.Gateway.Namespace, account, cluster.ARN)
}

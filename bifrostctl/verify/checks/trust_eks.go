package checks

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components/kubernetes"
	"bifrost/stacks"
)

// eksTrust is who pulls on EKS.
type eksTrust struct {
	awsRole
	eks     service.EKS
	iam     service.IAM
	cluster func(context.Context) (*service.EKSCluster, error)
	objects *objects // nil before there is a workload
}

func (s Stack) eksTrust(c service.Clouds, o *objects) []check.Check {
	p := s.principal("eks")
	t := eksTrust{
		awsRole: awsRole{s, p, s.roleOf(c.IAM, p.PrincipalArn)}, eks: c.EKS, iam: c.IAM, objects: o,
		cluster: shared(func(ctx context.Context) (*service.EKSCluster, error) {
			return c.EKS.Cluster(ctx, s.Config.Eks.ClusterName)
		}),
	}
	checks := []check.Check{{Code: "eks-cluster", Description: "the EKS cluster is active", Fatal: true, Run: t.active}}
	if s.Config.Registry.Mirror {
		return checks // nobody that the vendor knows pulls
	}
	return append(checks, eksPulls[s.Config.Eks.Pull].trust(t)...)
}

// eksPulls are the checks of each way to pull on EKS. A further way is a row here.
var eksPulls = map[stacks.PullMode]struct {
	// trust are those of who pulls, and before those of what that takes for granted, before the first up.
	trust, before func(eksTrust) []check.Check
}{
	stacks.PullRefresh: {eksTrust.refresher, eksTrust.signInBefore},
	stacks.PullNode:    {eksTrust.nodes, eksTrust.nodesBefore},
	stacks.PullKubelet: {eksTrust.kubelets, eksTrust.signInBefore},
}

// refresher are the checks of a role that a ServiceAccount takes.
func (t eksTrust) refresher() []check.Check {
	return append(t.signIn(), t.policies("eks", "the role")...)
}

// kubelets look at the annotation by which a kubelet finds the role, too.
func (t eksTrust) kubelets() []check.Check {
	checks := t.signIn()
	if t.objects != nil {
		checks = append(checks, check.Check{
			Code: "eks-kubelet-annotation", Description: "the gateway's ServiceAccount names the role for kubelets",
			Needs: []string{"eks-role"}, Run: t.annotation,
		})
	}
	return append(checks, t.policies("eks", "the role")...)
}

// signIn are the checks of how a ServiceAccount takes the role.
func (t eksTrust) signIn() []check.Check {
	role := check.Check{Code: "eks-role", Description: "the role that pulls on EKS is the one that the vendor was told of", Run: t.exists}
	needs := []string{role.Code}
	if t.Config.Eks.Auth == stacks.SignInPodIdentity {
		return []check.Check{
			role,
			{Code: "eks-pod-identity-agent", Description: "the cluster has the EKS Pod Identity agent", Run: t.agent},
			{
				Code: "eks-pod-identity-association", Description: "the refresher's ServiceAccount is associated with the role",
				Needs: needs, Run: t.association,
			},
			{
				Code: "eks-trust-pod-identity", Description: "the role trusts EKS Pod Identity for that ServiceAccount",
				Needs: needs, Run: t.podIdentity,
			},
		}
	}
	provider := check.Check{
		Code: "eks-trust-provider", Description: "the role's trust lets tokens of that provider in", Needs: needs, Run: t.federated,
	}
	needs = []string{provider.Code}
	return []check.Check{
		role,
		{Code: "eks-oidc-provider", Description: "the account has an IAM OIDC provider for the cluster", Run: t.provider},
		provider,
		{Code: "eks-trust-subject", Description: "the role's trust names the ServiceAccount in use", Needs: needs, Run: t.subject},
		{Code: "eks-trust-audience", Description: "the role's trust names the audience of its tokens", Needs: needs, Run: t.audience},
	}
}

// signInBefore are the checks of what a ServiceAccount signs in through.
func (t eksTrust) signInBefore() []check.Check {
	switch {
	case t.Config.Eks.Auth == stacks.SignInPodIdentity:
		return []check.Check{{Code: "eks-pod-identity-agent", Description: "the cluster has the EKS Pod Identity agent", Run: t.agent}}
	case t.Config.Eks.OidcProvider == stacks.OidcCreate:
		return nil
	}
	return []check.Check{{Code: "eks-oidc-provider", Description: "the account has an IAM OIDC provider for the cluster", Run: t.provider}}
}

func (t eksTrust) nodesBefore() []check.Check {
	return []check.Check{{
		Code: "eks-node-roles", Description: "every node that may run the pods has a role of eks.nodeRoleArns", Run: t.nodeRoles,
	}}
}

func (t eksTrust) active(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	config := t.Config
	switch {
	case missing(err):
		return check.Fail(fmt.Sprintf("aws eks list-clusters --region %s, then pulumi config set --stack %s --path "+
			"'bifrost:eks.clusterName' NAME", config.Aws.Region, t.Name),
			"there is no EKS cluster %s in %s", config.Eks.ClusterName, config.Aws.Region)
	case err != nil:
		return unreadable("the EKS cluster "+config.Eks.ClusterName, err, t.awsLogin())
	case cluster.Status != "ACTIVE":
		return check.Fail(fmt.Sprintf("aws eks wait cluster-active --region %s --name %s", config.Aws.Region, config.Eks.ClusterName),
			"the EKS cluster %s is %s", config.Eks.ClusterName, cluster.Status)
	}
	return check.Pass("%s, Kubernetes %s", cluster.ARN, cluster.Version)
}

func (t eksTrust) annotation(ctx context.Context) check.Result {
	client, err := t.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, t.clusterLogin())
	}
	account, err := client.CoreV1().ServiceAccounts(t.objects.names.Namespace).Get(ctx, t.Config.Gateway.ServiceAccount,
		metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return check.Fail(t.up(), "there is no ServiceAccount %s in namespace %s", t.Config.Gateway.ServiceAccount,
			t.objects.names.Namespace)
	}
	if err != nil {
		return unreadable("ServiceAccount "+t.Config.Gateway.ServiceAccount, err, t.clusterLogin())
	}
	if have := account.Annotations[kubernetes.EcrRoleAnnotation]; have != t.PrincipalArn {
		return check.Fail(t.up(), "ServiceAccount %s names %q in %s, not %s", account.Name, have, kubernetes.EcrRoleAnnotation,
			t.PrincipalArn)
	}
	return check.Pass("%s", t.PrincipalArn)
}

// nodes are the checks where kubelets pull as their node's role.
func (t eksTrust) nodes() []check.Check {
	var roles []awsRole
	for _, p := range t.Outputs.Handoff {
		if p.Platform == "eks" {
			roles = append(roles, awsRole{t.Stack, p, t.roleOf(t.iam, p.PrincipalArn)})
		}
	}
	return []check.Check{
		{Code: "eks-node-roles", Description: "every node that may run the pods has a role of eks.nodeRoleArns", Run: t.nodeRoles},
		{Code: "eks-node-role", Description: "the node roles are those that the vendor was told of", Run: each(roles, awsRole.exists)},
		{Code: "eks-node-policy-token", Description: "the node roles may ask Amazon ECR for a token", Needs: []string{"eks-node-role"},
			Run: each(roles, awsRole.mayGetToken)},
		{Code: "eks-node-policy-pull", Description: "the node roles may pull from the image's repository",
			Needs: []string{"eks-node-policy-token"}, Run: each(roles, awsRole.mayPull)},
	}
}

func (t eksTrust) nodeRoles(ctx context.Context) check.Result {
	used, err := t.eks.PullRoles(ctx, t.Config.Eks.ClusterName, t.Config.Gateway.Namespace)
	if err != nil {
		return unreadable("the node groups and Fargate profiles", err, t.awsLogin())
	}
	var others []string
	for _, role := range used {
		if !slices.Contains(t.Config.Eks.NodeRoleArns, role) {
			others = append(others, role)
		}
	}
	if len(others) > 0 {
		return check.Fail("add them to eks.nodeRoleArns in Pulumi."+t.Name+".yaml, then "+t.toldAnew(),
			"pods of namespace %s may land on nodes of %s, which eks.nodeRoleArns lacks", t.Config.Gateway.Namespace, quoted(others))
	}
	return check.Pass("%s", quoted(used))
}

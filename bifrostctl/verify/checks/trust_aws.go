package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components/kubernetes"
	"bifrost/internal/iampolicy"
	"bifrost/stacks"
)

const (
	webIdentityAction = "sts:AssumeRoleWithWebIdentity"
	assumeAction      = "sts:AssumeRole"
	getToken          = "ecr:GetAuthorizationToken"
	podIdentityAgent  = "eks-pod-identity-agent"
)

// roleOf looks a role up once, for the checks of it.
func (s Stack) roleOf(i service.IAM, arn string) func(context.Context) (*service.Role, error) {
	return shared(func(ctx context.Context) (*service.Role, error) { return i.Role(ctx, name(arn)) })
}

// awsRole is a role of the hand-off, with the checks that every such role has.
type awsRole struct {
	Stack
	Principal
	role func(context.Context) (*service.Role, error)
}

func (r awsRole) exists(ctx context.Context) check.Result {
	role, err := r.role(ctx)
	switch {
	case r.PrincipalArn == "":
		return check.Fail(r.up(), "vendorHandoff has no principal for %s", r.Platform)
	case missing(err):
		return check.Fail(r.up()+", then "+r.handOff(), "the role %s does not exist", r.PrincipalArn)
	case err != nil:
		return unreadable("the role "+r.PrincipalArn, err, r.awsLogin())
	case role.ID != r.PrincipalID:
		return check.Fail(r.up()+", then "+r.handOff(), "the role %s was made again: its unique id is %s, and the vendor was told of %s", name(role.ARN), role.ID, r.PrincipalID)
	}
	return check.Pass("%s (%s)", role.ARN, role.ID)
}

func (r awsRole) mayGetToken(ctx context.Context) check.Result {
	return r.allowed(ctx, "*", getToken)
}

func (r awsRole) mayPull(ctx context.Context) check.Result {
	return r.allowed(ctx, r.Config.RepositoryArn(), iampolicy.PullActions...)
}

// allowed asks the role's own policies.
func (r awsRole) allowed(ctx context.Context, resource string, actions ...string) check.Result {
	role, err := r.role(ctx)
	if err != nil {
		return unreadable("the role "+r.PrincipalArn, err, r.awsLogin())
	}
	var lacking []string
	for _, action := range actions {
		allowed := false
		for _, policy := range role.Policies {
			d, err := iam.Evaluate(policy, iam.Request{Action: action, Resource: resource})
			switch {
			case err != nil:
				return r.unjudged("a policy", role, err)
			case d.Denied:
				return check.Fail(r.up(), "a policy of %s denies %s on %s", name(role.ARN), action, resource)
			}
			allowed = allowed || d.Allowed
		}
		if !allowed {
			lacking = append(lacking, action)
		}
	}
	if len(lacking) > 0 {
		return check.Fail(r.up(), "no policy of %s allows %s on %s", name(role.ARN), strings.Join(lacking, ", "), resource)
	}
	return check.Pass("%s on %s", strings.Join(actions, ", "), resource)
}

// unjudged is the result for a document that the evaluator does not understand: no yes and no no.
func (r awsRole) unjudged(document string, role *service.Role, err error) check.Result {
	return check.Warn(fmt.Sprintf("aws iam simulate-principal-policy --policy-source-arn %s --action-names %s", role.ARN, getToken),
		"%s of %s has a form that is not judged here: %v", document, name(role.ARN), err)
}

// policies are the checks of the role's own rights.
func (r awsRole) policies(prefix, who string) []check.Check {
	return []check.Check{
		{Code: prefix + "-policy-token", Description: who + " may ask Amazon ECR for a token", Needs: []string{prefix + "-role"}, Run: r.mayGetToken},
		{Code: prefix + "-policy-pull", Description: who + " may pull from the image's repository", Needs: []string{prefix + "-policy-token"}, Run: r.mayPull},
	}
}

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
		return check.Fail(fmt.Sprintf("aws eks list-clusters --region %s, then pulumi config set --stack %s --path 'bifrost:eks.clusterName' NAME", config.Aws.Region, t.Name),
			"there is no EKS cluster %s in %s", config.Eks.ClusterName, config.Aws.Region)
	case err != nil:
		return unreadable("the EKS cluster "+config.Eks.ClusterName, err, t.awsLogin())
	case cluster.Status != "ACTIVE":
		return check.Fail(fmt.Sprintf("aws eks wait cluster-active --region %s --name %s", config.Aws.Region, config.Eks.ClusterName), "the EKS cluster %s is %s", config.Eks.ClusterName, cluster.Status)
	}
	return check.Pass("%s, Kubernetes %s", cluster.ARN, cluster.Version)
}

// providerArn is the ARN that the IAM OIDC provider of the cluster must have.
func (t eksTrust) providerArn(cluster *service.EKSCluster) string {
	return fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", iampolicy.Partition(t.Config.Aws.Region), t.Config.Aws.AccountId, iampolicy.IssuerHost(cluster.Issuer))
}

func (t eksTrust) provider(ctx context.Context) check.Result {
	cluster, err := t.cluster(ctx)
	if err != nil {
		return unreadable("the EKS cluster", err, t.awsLogin())
	}
	arn := t.providerArn(cluster)
	provider, err := t.iam.OIDCProvider(ctx, arn)
	associate := fmt.Sprintf("eksctl utils associate-iam-oidc-provider --region %s --cluster %s --approve", t.Config.Aws.Region, t.Config.Eks.ClusterName)
	if t.Config.Eks.OidcProvider == stacks.OidcCreate {
		associate = t.up()
	}
	switch {
	case missing(err):
		return check.Fail(associate, "account %s has no IAM OIDC provider for %s", t.Config.Aws.AccountId, cluster.Issuer)
	case err != nil:
		return unreadable(arn, err, t.awsLogin())
	case !slices.Contains(provider.ClientIDs, iampolicy.STSAudience):
		return check.Fail(fmt.Sprintf("aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn %s --client-id %s", arn, iampolicy.STSAudience),
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
			host + ":aud": iampolicy.STSAudience, host + ":sub": iampolicy.ServiceAccountSubject(t.Config.Gateway.Namespace, t.account(ctx)),
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
		return check.Fail(fmt.Sprintf("aws eks create-addon --region %s --cluster-name %s --addon-name %s", t.Config.Aws.Region, t.Config.Eks.ClusterName, podIdentityAgent),
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
		return check.Fail(t.up(), "ServiceAccount %s/%s is associated with %s, not with %s", t.Config.Gateway.Namespace, account, quoted(roles), t.PrincipalArn)
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

// refused says why a trust document does not let a service of AWS in.
func (r awsRole) refused(role *service.Role, d iam.Decision, action string) (check.Result, bool) {
	switch {
	case d.Allowed:
		return check.Result{}, true
	case len(d.Missed) > 0:
		miss := d.Missed[0]
		return check.Fail(r.up(), "the trust of %s wants %s = %s for %s, and it is %q", name(role.ARN), miss.Key, strings.Join(miss.Want, " or "), action, miss.Got), false
	}
	return check.Fail(r.up(), "the trust of %s does not allow %s", name(role.ARN), action), false
}

func (t eksTrust) annotation(ctx context.Context) check.Result {
	client, err := t.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, t.clusterLogin())
	}
	account, err := client.CoreV1().ServiceAccounts(t.objects.names.Namespace).Get(ctx, t.Config.Gateway.ServiceAccount, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return check.Fail(t.up(), "there is no ServiceAccount %s in namespace %s", t.Config.Gateway.ServiceAccount, t.objects.names.Namespace)
	}
	if err != nil {
		return unreadable("ServiceAccount "+t.Config.Gateway.ServiceAccount, err, t.clusterLogin())
	}
	if have := account.Annotations[kubernetes.EcrRoleAnnotation]; have != t.PrincipalArn {
		return check.Fail(t.up(), "ServiceAccount %s names %q in %s, not %s", account.Name, have, kubernetes.EcrRoleAnnotation, t.PrincipalArn)
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
		{Code: "eks-node-policy-token", Description: "the node roles may ask Amazon ECR for a token", Needs: []string{"eks-node-role"}, Run: each(roles, awsRole.mayGetToken)},
		{Code: "eks-node-policy-pull", Description: "the node roles may pull from the image's repository", Needs: []string{"eks-node-policy-token"}, Run: each(roles, awsRole.mayPull)},
	}
}

// each asks the same of every role, and stops at the first that is not good.
func each(roles []awsRole, ask func(awsRole, context.Context) check.Result) func(context.Context) check.Result {
	return func(ctx context.Context) check.Result {
		var names []string
		for _, role := range roles {
			if result := ask(role, ctx); result.Status != check.OK {
				return result
			}
			names = append(names, name(role.PrincipalArn))
		}
		return check.Pass("%s", quoted(names))
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
		return check.Fail("add them to eks.nodeRoleArns in Pulumi."+t.Name+".yaml, then "+t.up()+", then "+t.handOff(),
			"pods of namespace %s may land on nodes of %s, which eks.nodeRoleArns lacks", t.Config.Gateway.Namespace, quoted(others))
	}
	return check.Pass("%s", quoted(used))
}

// ecsTrust is who pulls on ECS.
type ecsTrust struct {
	awsRole
	ecs service.ECS
}

func (s Stack) ecsTrust(c service.Clouds, _ *objects) []check.Check {
	p := s.principal("ecs")
	t := ecsTrust{awsRole{s, p, s.roleOf(c.IAM, p.PrincipalArn)}, c.ECS}
	checks := []check.Check{
		{Code: "ecs-role", Description: "the execution role is the one that the vendor was told of", Run: t.exists},
		{Code: "ecs-trust", Description: "the execution role trusts the ECS tasks of this account", Needs: []string{"ecs-role"}, Run: t.tasks},
	}
	checks = append(checks, t.policies("ecs", "the execution role")...)
	if s.Outputs.ECS != nil {
		checks = append(checks, check.Check{
			Code: "ecs-policy-run", Description: "the execution role may read the tasks' secrets and write their log", Needs: []string{"ecs-role"}, Run: t.run,
		})
	}
	return checks
}

func (t ecsTrust) tasks(ctx context.Context) check.Result {
	role, err := t.role(ctx)
	if err != nil {
		return unreadable("the role "+t.PrincipalArn, err, t.awsLogin())
	}
	account, region := t.Config.Aws.AccountId, t.Config.Aws.Region
	d, err := iam.Evaluate(role.Trust, iam.Request{Service: "ecs-tasks.amazonaws.com", Action: assumeAction, Context: map[string]string{
		"aws:SourceAccount": account, "aws:SourceArn": fmt.Sprintf("arn:%s:ecs:%s:%s:*", iampolicy.Partition(region), region, account),
	}})
	if err != nil {
		return t.unjudged("the trust", role, err)
	}
	if result, ok := t.refused(role, d, assumeAction); !ok {
		return result
	}
	return check.Pass("account %s", account)
}

func (t ecsTrust) run(ctx context.Context) check.Result {
	task, err := t.ecs.TaskDefinition(ctx, t.Outputs.ECS.TaskDefinition)
	if missing(err) {
		return check.Fail(t.up(), "the task definition %s is not registered", t.Outputs.ECS.TaskDefinition)
	}
	if err != nil {
		return unreadable("task definition "+t.Outputs.ECS.TaskDefinition, err, t.awsLogin())
	}
	if task.ExecutionRole != t.PrincipalArn {
		return check.Fail(t.up(), "the tasks run with the execution role %s, not with %s", task.ExecutionRole, t.PrincipalArn)
	}
	for _, secret := range task.Secrets {
		// The reference may go on with a JSON key, a stage and a version.
		arn := strings.Join(strings.SplitN(secret, ":", 8)[:min(7, strings.Count(secret, ":")+1)], ":")
		if result := t.allowed(ctx, arn, "secretsmanager:GetSecretValue"); result.Status != check.OK {
			return result
		}
	}
	region := t.Config.Aws.Region
	for _, group := range task.LogGroups {
		stream := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:log-stream:%s/task", iampolicy.Partition(region), region, t.Config.Aws.AccountId, group, t.Outputs.ECS.Service)
		if result := t.allowed(ctx, stream, "logs:CreateLogStream", "logs:PutLogEvents"); result.Status != check.OK {
			return result
		}
	}
	return check.Pass("%d secrets, log group %s", len(task.Secrets), quoted(slices.Compact(task.LogGroups)))
}

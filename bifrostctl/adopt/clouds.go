package adopt

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components/gcp"
	"bifrost/internal/iampolicy"
	"bifrost/stacks"
)

func (f *finder) arn(kind, name string) string {
	a := f.c.Aws
	return fmt.Sprintf("arn:%s:iam::%s:%s%s%s", iampolicy.Partition(a.Region), a.AccountId, kind, cmp.Or(a.IamPath, "/"), name)
}

// roleAndPolicy are those of a component: the ARN of the role is what the vendor knows, and it stays, since the role does.
func (f *finder) roleAndPolicy(component, role, policy string) {
	p := Thing{component + "-policy", pulumitype.AwsPolicy, f.arn("policy", policy), "policy " + policy}
	if f.there(p) && f.take(p) {
		f.plan.Changes = append(f.plan.Changes, fmt.Sprintf("policy %s: its document becomes the rights to pull the repositories that "+
			"the stack names, and nothing else; it gets the stack's tags", policy))
	}
	if role == "" {
		return
	}
	r := Thing{component + "-role", pulumitype.AwsRole, role, "role " + role}
	if !f.there(r) || !f.take(r) {
		return
	}
	f.plan.Principals = append(f.plan.Principals, f.arn("role", role)+", with its unique id")
	f.plan.Left = append(f.plan.Left, Note{What: "policies that somebody attached to role " + role,
		Why: "they stay attached: the stack adds its own and takes none away", Mend: "aws iam list-attached-role-policies --role-name " +
			role +
			" shows them, and aws iam list-role-policies those of its own"})
}

func (f *finder) eks() {
	e := f.c.Eks
	if f.c.Registry.Mirror {
		return
	}
	role := e.RoleName
	if e.Pull == stacks.PullNode {
		role = ""
	}
	f.roleAndPolicy("eks-ecr", role, e.PolicyName)
	if role == "" || !slices.ContainsFunc(f.plan.Things, func(t Thing) bool { return t.Resource == "eks-ecr-role" }) {
		return
	}
	who := f.c.Refresher.ServiceAccount
	if e.Pull == stacks.PullKubelet {
		who = f.c.Gateway.ServiceAccount
	}
	f.plan.Changes = append(f.plan.Changes, fmt.Sprintf("role %s: its trust becomes the ServiceAccount %s/%s, which keeps the pull "+
		"Secret fresh. What the gateway's own ServiceAccount did with the role it does no longer: eks.gatewayPolicyArns makes it a role "+
		"of its own",
		role, f.c.Gateway.Namespace, who))
}

func (f *finder) aks() {
	a, on := f.c.Aks, f.c.Azure
	if f.c.Registry.Mirror {
		return
	}
	group := "/subscriptions/" + on.SubscriptionId + "/resourcegroups/" + on.ResourceGroup
	id := group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + a.IdentityName
	identity := Thing{"aks-identity", pulumitype.AzureManagedIdentity, id, "managed identity " + a.IdentityName}
	if !f.there(identity) {
		return
	}
	if f.take(identity) {
		if known, err := f.clouds.Identity.Identity(f.ctx, on.ResourceGroup, a.IdentityName); err == nil && a.Trust == stacks.TrustEntra {
			f.plan.Principals = append(f.plan.Principals, "managed identity with client id "+known.ClientID)
		}
		f.plan.Changes = append(f.plan.Changes, "managed identity "+a.IdentityName+": it gets the stack's tags")
	}
	credential := Thing{"aks-federated-credential", pulumitype.AzureFederatedCredential,
		id + "/federatedIdentityCredentials/" + a.FederatedCredentialName, "federated credential " + a.FederatedCredentialName}
	if !f.there(credential) {
		return
	}
	f.take(credential)
	f.keepSubject()
}

// keepSubject: with the cluster's own tokens Google's side knows the subject of the recipe's, which stays the refresher's. The gateway gets
// another ServiceAccount: it has no use for the right to pull.
func (f *finder) keepSubject() {
	a, c := f.c.Aks, f.c
	found, err := f.clouds.Identity.Credential(f.ctx, c.Azure.ResourceGroup, a.IdentityName, a.FederatedCredentialName)
	if !f.found("federated credential "+a.FederatedCredentialName, err) {
		return
	}
	account, named := strings.CutPrefix(found.Subject, "system:serviceaccount:"+c.Gateway.Namespace+":")
	if !named {
		f.plan.Cannot = append(f.plan.Cannot, Note{What: "the subject " + found.Subject,
			Why: "the gateway's namespace is " + c.Gateway.Namespace +
				" in the stack file", Mend: "write gateway.namespace as it is in the subject"})
		return
	}
	if account == c.Refresher.ServiceAccount || c.Gcp == nil || len(c.Gcp.CredentialConfig) == 0 || a.Trust == stacks.TrustEntra {
		if account != c.Refresher.ServiceAccount {
			f.plan.Changes = append(f.plan.Changes, fmt.Sprintf("federated credential %s: its subject becomes %s, the refresher's",
				a.FederatedCredentialName, iampolicy.ServiceAccountSubject(c.Gateway.Namespace, c.Refresher.ServiceAccount)))
		}
		return
	}
	f.plan.set("refresher.serviceAccount", account, "the subject that the vendor's side at Google trusts")
	c.Refresher.ServiceAccount = account
	f.plan.Principals = append(f.plan.Principals, found.Subject+" of "+found.Issuer)
	if c.Gateway.ServiceAccount == account {
		const own = "bifrost-gateway"
		c.Gateway.ServiceAccount = own
		f.plan.set("gateway.serviceAccount", own, "the gateway itself has no use for the right to pull: another one, made here")
	}
}

func (f *finder) gke() {
	g := f.c.Gke
	if g.Pull == stacks.GkePullNode || g.Auth == stacks.GkeSignInPrincipal || g.ServiceAccountEmail != "" || f.c.Registry.Mirror {
		return
	}
	project := cmp.Or(g.ProjectId, f.c.Google.ProjectId)
	email := gcp.Email(g.ServiceAccountId, project)
	account := Thing{"gke-pull-account", pulumitype.GcpServiceAccount, "projects/" + project + "/serviceAccounts/" + email,
		"service account " + email}
	if f.there(account) && f.take(account) {
		f.plan.Principals = append(f.plan.Principals, "serviceAccount:"+email)
		f.plan.Changes = append(f.plan.Changes, "service account "+email+": its display name says of which stack it is")
	}
}

// ecs finds the service, and what it runs as and writes to.
func (f *finder) ecs() error {
	e := f.c.Ecs
	found, err := f.clouds.ECS.Service(f.ctx, e.ClusterName, e.Name)
	if err == nil && found.Status == "INACTIVE" {
		err = service.ErrNotFound
	}
	if f.found("ECS service "+e.ClusterName+"/"+e.Name, err) {
		f.ecsService(found)
	}
	f.roleAndPolicy("ecs-execution", e.RoleName, e.PolicyName)
	logs := Thing{"ecs-logs", pulumitype.AwsLogGroup, e.LogGroup, "log group " + e.LogGroup}
	if f.there(logs) && f.take(logs) {
		f.plan.Changes = append(f.plan.Changes, fmt.Sprintf("log group %s: it keeps logs for %d days, and gets the stack's tags",
			e.LogGroup,
			e.LogRetentionDays))
	}
	return nil
}

func (f *finder) ecsService(found *service.ECSService) {
	e := f.c.Ecs
	what := e.ClusterName + "/" + e.Name
	if found.LaunchType != "" && found.LaunchType != "FARGATE" {
		f.plan.Cannot = append(f.plan.Cannot, Note{What: "ECS service " + what, Why: "it runs on " + found.LaunchType + ", and a " +
			"service never changes that",
			Mend: "write another ecs.name, bring the stack up beside it, move the clients, and delete the service"})
		return
	}
	if !f.take(Thing{"ecs-service", pulumitype.AwsEcsService, what, "ECS service " + what}) {
		return
	}
	task, err := f.clouds.ECS.TaskDefinition(f.ctx, found.TaskDefinition)
	if f.found("task definition "+found.TaskDefinition, err) {
		if role := path.Base(task.ExecutionRole); task.ExecutionRole != "" && role != e.RoleName {
			e.RoleName = role
			f.plan.set("ecs.roleName", role, "the execution role, which the vendor knows")
		}
		if len(task.LogGroups) > 0 && task.LogGroups[0] != e.LogGroup {
			e.LogGroup = task.LogGroups[0]
			f.plan.set("ecs.logGroup", e.LogGroup, "where the tasks log")
		}
	}
	if e.DesiredCount == nil || *e.DesiredCount != found.Desired {
		f.plan.set("ecs.desiredCount", found.Desired, "as many tasks as run")
	}
	if len(found.Subnets) > 0 && !same(found.Subnets, e.Subnets) {
		f.plan.set("ecs.subnets", found.Subnets, "where the tasks run")
	}
	if len(found.SecurityGroups) > 0 && !same(found.SecurityGroups, e.SecurityGroups) {
		f.plan.set("ecs.securityGroups", found.SecurityGroups, "who reaches the tasks")
	}
	if found.PublicIP && !e.AssignPublicIp {
		f.plan.set("ecs.assignPublicIp", true, "as the tasks have it; false needs another way out")
	}
	if len(found.TargetGroups) > 0 && e.TargetGroupArn == "" && e.LoadBalancer == nil {
		f.plan.set("ecs.targetGroupArn", found.TargetGroups[0], "the load balancer that leads to the tasks stays whoever's it is")
	}
	f.plan.Changes = append(f.plan.Changes, fmt.Sprintf("ECS service %s: it rolls to a task definition of the family %s, which the "+
		"stack registers, with the circuit breaker on. Tasks of before run until those are healthy", what, e.Name))
	family, _, _ := strings.Cut(path.Base(found.TaskDefinition), ":")
	f.plan.Left = append(f.plan.Left, Note{What: "the task definition " + family,
		Why:  "a revision is never changed: the stack's own is the next",
		Mend: "aws ecs deregister-task-definition --task-definition " + path.Base(found.TaskDefinition)})
}

// same tells whether two lists have the same members.
func same(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

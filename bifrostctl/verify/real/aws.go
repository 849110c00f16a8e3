package real

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// awsConfig signs in as the stack's provider does: the default chain, or a profile, then a role.
func awsConfig(ctx context.Context, c *stacks.Aws) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(c.Region)}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return loaded, fmt.Errorf("credentials of AWS: %w", err)
	}
	if c.AssumeRoleArn != "" {
		loaded.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(loaded), c.AssumeRoleArn))
	}
	return loaded, nil
}

// notFound makes an SDK's error one that wraps service.ErrNotFound, where it is of one of the given kinds.
func notFound(what string, err error, kinds ...any) error {
	for _, kind := range kinds {
		if errors.As(err, kind) {
			return fmt.Errorf("%s: %w", what, service.ErrNotFound)
		}
	}
	return err
}

type awsSTS struct{ client *sts.Client }

// Caller implements service.STS.
func (s awsSTS) Caller(ctx context.Context) (account, arn string, err error) {
	answer, err := s.client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", "", err
	}
	return aws.ToString(answer.Account), aws.ToString(answer.Arn), nil
}

type awsEKS struct{ client *eks.Client }

func (e awsEKS) describe(ctx context.Context, name string) (*ekstypes.Cluster, error) {
	answer, err := e.client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return nil, notFound("EKS cluster "+name, err, new(*ekstypes.ResourceNotFoundException))
	}
	return answer.Cluster, nil
}

// Cluster implements service.EKS.
func (e awsEKS) Cluster(ctx context.Context, name string) (*service.EKSCluster, error) {
	found, err := e.describe(ctx, name)
	if err != nil {
		return nil, err
	}
	cluster := &service.EKSCluster{ARN: aws.ToString(found.Arn), Status: string(found.Status), Version: aws.ToString(found.Version)}
	if found.Identity != nil && found.Identity.Oidc != nil {
		cluster.Issuer = aws.ToString(found.Identity.Oidc.Issuer)
	}
	return cluster, nil
}

// HasAddon implements service.EKS. EKS Auto Mode has the Pod Identity agent built in.
func (e awsEKS) HasAddon(ctx context.Context, cluster, name string) (bool, error) {
	found, err := e.describe(ctx, cluster)
	if err != nil {
		return false, err
	}
	if found.ComputeConfig != nil && aws.ToBool(found.ComputeConfig.Enabled) {
		return true, nil
	}
	_, err = e.client.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &cluster, AddonName: &name})
	if err = notFound(name, err, new(*ekstypes.ResourceNotFoundException)); errors.Is(err, service.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Associations implements service.EKS.
func (e awsEKS) Associations(ctx context.Context, cluster, namespace, serviceAccount string) ([]string, error) {
	listed, err := e.client.ListPodIdentityAssociations(ctx, &eks.ListPodIdentityAssociationsInput{ClusterName: &cluster, Namespace: &namespace, ServiceAccount: &serviceAccount})
	if err != nil {
		return nil, err
	}
	var roles []string
	for _, summary := range listed.Associations {
		answer, err := e.client.DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{ClusterName: &cluster, AssociationId: summary.AssociationId})
		if err != nil {
			return nil, err
		}
		roles = append(roles, aws.ToString(answer.Association.RoleArn))
	}
	return roles, nil
}

// PullRoles implements service.EKS. It knows of Fargate profiles, managed node groups and EKS Auto Mode; nodes that others manage, such as
// Karpenter's, it does not see.
func (e awsEKS) PullRoles(ctx context.Context, cluster, namespace string) ([]string, error) {
	fargate, err := e.fargateRoles(ctx, cluster, namespace)
	if err != nil || len(fargate) > 0 {
		return fargate, err
	}
	found, err := e.describe(ctx, cluster)
	if err != nil {
		return nil, err
	}
	var roles []string
	if found.ComputeConfig != nil && aws.ToBool(found.ComputeConfig.Enabled) {
		roles = append(roles, aws.ToString(found.ComputeConfig.NodeRoleArn))
	}
	pages := eks.NewListNodegroupsPaginator(e.client, &eks.ListNodegroupsInput{ClusterName: &cluster})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, group := range page.Nodegroups {
			answer, err := e.client.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &group})
			if err != nil {
				return nil, err
			}
			roles = append(roles, aws.ToString(answer.Nodegroup.NodeRole))
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles), nil
}

func (e awsEKS) fargateRoles(ctx context.Context, cluster, namespace string) ([]string, error) {
	var roles []string
	pages := eks.NewListFargateProfilesPaginator(e.client, &eks.ListFargateProfilesInput{ClusterName: &cluster})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, profile := range page.FargateProfileNames {
			answer, err := e.client.DescribeFargateProfile(ctx, &eks.DescribeFargateProfileInput{ClusterName: &cluster, FargateProfileName: &profile})
			if err != nil {
				return nil, err
			}
			for _, selector := range answer.FargateProfile.Selectors {
				// Namespaces may have the wildcards * and ? (EKS user guide, "Fargate profile wildcards").
				if matched, err := path.Match(aws.ToString(selector.Namespace), namespace); err == nil && matched {
					roles = append(roles, aws.ToString(answer.FargateProfile.PodExecutionRoleArn))
				}
			}
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles), nil
}

type awsIAM struct{ client *iam.Client }

// Role implements service.IAM. Documents come URL-encoded (IAM API reference, GetRole).
func (i awsIAM) Role(ctx context.Context, name string) (*service.Role, error) {
	answer, err := i.client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return nil, notFound("role "+name, err, new(*iamtypes.NoSuchEntityException))
	}
	role := &service.Role{ARN: aws.ToString(answer.Role.Arn), ID: aws.ToString(answer.Role.RoleId)}
	if role.Trust, err = document(answer.Role.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(i.client, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.AttachedPolicies {
			text, err := i.policy(ctx, p.PolicyArn)
			if err != nil {
				return nil, err
			}
			role.Policies = append(role.Policies, text)
		}
	}
	inline := iam.NewListRolePoliciesPaginator(i.client, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, policy := range page.PolicyNames {
			answer, err := i.client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
			if err != nil {
				return nil, err
			}
			text, err := document(answer.PolicyDocument)
			if err != nil {
				return nil, err
			}
			role.Policies = append(role.Policies, text)
		}
	}
	return role, nil
}

// policy is the document of a managed policy's default version.
func (i awsIAM) policy(ctx context.Context, arn *string) (string, error) {
	found, err := i.client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if err != nil {
		return "", err
	}
	version, err := i.client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: found.Policy.DefaultVersionId})
	if err != nil {
		return "", err
	}
	return document(version.PolicyVersion.Document)
}

func document(encoded *string) (string, error) {
	text, err := url.QueryUnescape(aws.ToString(encoded))
	if err != nil {
		return "", fmt.Errorf("decode a policy document: %w", err)
	}
	return text, nil
}

// OIDCProvider implements service.IAM.
func (i awsIAM) OIDCProvider(ctx context.Context, arn string) (*service.OIDCProvider, error) {
	answer, err := i.client.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn})
	if err != nil {
		return nil, notFound(arn, err, new(*iamtypes.NoSuchEntityException))
	}
	return &service.OIDCProvider{ClientIDs: answer.ClientIDList}, nil
}

type awsECS struct{ client *ecs.Client }

// Cluster implements service.ECS.
func (e awsECS) Cluster(ctx context.Context, name string) (string, error) {
	answer, err := e.client.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{name}})
	if err != nil {
		return "", err
	}
	if len(answer.Clusters) == 0 {
		return "", fmt.Errorf("ECS cluster %s: %w", name, service.ErrNotFound)
	}
	return aws.ToString(answer.Clusters[0].Status), nil
}

// Service implements service.ECS.
func (e awsECS) Service(ctx context.Context, cluster, name string) (*service.ECSService, error) {
	answer, err := e.client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{name}})
	if err != nil {
		return nil, notFound("ECS service "+name, err, new(*ecstypes.ClusterNotFoundException))
	}
	if len(answer.Services) == 0 {
		return nil, fmt.Errorf("ECS service %s: %w", name, service.ErrNotFound)
	}
	found := answer.Services[0]
	s := &service.ECSService{
		Status: aws.ToString(found.Status), TaskDefinition: aws.ToString(found.TaskDefinition), Desired: int(found.DesiredCount), Running: int(found.RunningCount),
	}
	for _, d := range found.Deployments {
		if aws.ToString(d.Status) == "PRIMARY" {
			s.TaskDefinition, s.Rollout, s.RolloutReason = aws.ToString(d.TaskDefinition), string(d.RolloutState), aws.ToString(d.RolloutStateReason)
		}
	}
	for _, event := range found.Events {
		s.Events = append(s.Events, aws.ToString(event.Message))
	}
	return s, nil
}

// TaskDefinition implements service.ECS.
func (e awsECS) TaskDefinition(ctx context.Context, arn string) (*service.TaskDefinition, error) {
	answer, err := e.client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn})
	var refused *ecstypes.ClientException
	if errors.As(err, &refused) && strings.Contains(refused.ErrorMessage(), "Unable to describe task definition") {
		return nil, fmt.Errorf("task definition %s: %w", arn, service.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	task := &service.TaskDefinition{ExecutionRole: aws.ToString(answer.TaskDefinition.ExecutionRoleArn), Images: map[string]string{}}
	for _, c := range answer.TaskDefinition.ContainerDefinitions {
		task.Images[aws.ToString(c.Name)] = aws.ToString(c.Image)
		for _, s := range c.Secrets {
			task.Secrets = append(task.Secrets, aws.ToString(s.ValueFrom))
		}
		if c.LogConfiguration != nil && c.LogConfiguration.Options["awslogs-group"] != "" {
			task.LogGroups = append(task.LogGroups, c.LogConfiguration.Options["awslogs-group"])
		}
	}
	return task, nil
}

// StoppedTasks implements service.ECS. ECS tells of a hundred at most at a time; the newest page is enough.
func (e awsECS) StoppedTasks(ctx context.Context, cluster, name string) ([]service.StoppedTask, error) {
	listed, err := e.client.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &cluster, ServiceName: &name, DesiredStatus: ecstypes.DesiredStatusStopped})
	if err != nil {
		return nil, notFound("ECS service "+name, err, new(*ecstypes.ClusterNotFoundException), new(*ecstypes.ServiceNotFoundException))
	}
	if len(listed.TaskArns) == 0 {
		return nil, nil
	}
	answer, err := e.client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: listed.TaskArns})
	if err != nil {
		return nil, err
	}
	var tasks []service.StoppedTask
	for _, t := range answer.Tasks {
		stopped := service.StoppedTask{ARN: aws.ToString(t.TaskArn), Reason: aws.ToString(t.StoppedReason), At: aws.ToTime(t.StoppedAt)}
		for _, c := range t.Containers {
			if reason := aws.ToString(c.Reason); reason != "" {
				stopped.ContainerReasons = append(stopped.ContainerReasons, aws.ToString(c.Name)+": "+reason)
			}
		}
		tasks = append(tasks, stopped)
	}
	slices.SortFunc(tasks, func(a, b service.StoppedTask) int { return b.At.Compare(a.At) })
	return tasks, nil
}

package real

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"bifrost/bifrostctl/verify/service"
)

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
		Status: aws.ToString(found.Status), TaskDefinition: aws.ToString(found.TaskDefinition), Desired: int(found.DesiredCount),
		Running: int(found.RunningCount), LaunchType: string(found.LaunchType),
	}
	if n := found.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		s.Subnets, s.SecurityGroups = n.AwsvpcConfiguration.Subnets, n.AwsvpcConfiguration.SecurityGroups
		s.PublicIP = n.AwsvpcConfiguration.AssignPublicIp == ecstypes.AssignPublicIpEnabled
	}
	for _, balancer := range found.LoadBalancers {
		s.TargetGroups = append(s.TargetGroups, aws.ToString(balancer.TargetGroupArn))
	}
	for _, d := range found.Deployments {
		if aws.ToString(d.Status) == "PRIMARY" {
			s.TaskDefinition, s.Rollout, s.RolloutReason = aws.ToString(d.TaskDefinition), string(d.RolloutState),
				aws.ToString(d.RolloutStateReason)
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
	if err = noTaskDefinition(arn, err); err != nil {
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

// noTaskDefinition knows the error for one that does not exist: ECS has no code for it.
func noTaskDefinition(arn string, err error) error {
	var refused *ecstypes.ClientException
	if errors.As(err, &refused) && strings.Contains(refused.ErrorMessage(), "Unable to describe task definition") {
		return fmt.Errorf("task definition %s: %w", arn, service.ErrNotFound)
	}
	return err
}

// StoppedTasks implements service.ECS. ECS tells of a hundred at most at a time; the newest page is enough.
func (e awsECS) StoppedTasks(ctx context.Context, cluster, name string) ([]service.StoppedTask, error) {
	listed, err := e.client.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &cluster, ServiceName: &name,
		DesiredStatus: ecstypes.DesiredStatusStopped})
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

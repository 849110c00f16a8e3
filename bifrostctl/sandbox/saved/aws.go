package saved

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/aws"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
	"bifrost/internal/enforcement"
)

const (
	podIdentityAgent = "eks-pod-identity-agent"
)

type sts struct{ w *cloud.World }

// Caller implements service.STS.
func (s sts) Caller(context.Context) (account, arn string, err error) {
	s.w.Lock()
	defer s.w.Unlock()
	account = s.w.SignedIn.AWSAccount
	return account, fmt.Sprintf("arn:aws:iam::%s:user/sandbox", account), nil
}

type eks struct{ w *cloud.World }

// find returns the cluster of a name, in the account that is signed in.
func (e eks) find(name string) (*world.EKSCluster, string, error) {
	account := e.w.AWS[e.w.SignedIn.AWSAccount]
	if account != nil {
		for i := range account.EKS {
			if account.EKS[i].Name == name {
				return &account.EKS[i], account.ID, nil
			}
		}
	}
	return nil, "", fmt.Errorf("EKS cluster %s: %w", name, service.ErrNotFound)
}

// Cluster implements service.EKS.
func (e eks) Cluster(_ context.Context, name string) (*service.EKSCluster, error) {
	e.w.Lock()
	defer e.w.Unlock()
	found, account, err := e.find(name)
	if err != nil {
		return nil, err
	}
	return &service.EKSCluster{ARN: found.ARN(account), Status: "ACTIVE", Version: found.Version, Issuer: found.Issuer(account),
		AutoMode: found.Automatic()}, nil
}

// HasAddon implements service.EKS.
func (e eks) HasAddon(_ context.Context, cluster, name string) (bool, error) {
	e.w.Lock()
	defer e.w.Unlock()
	found, _, err := e.find(cluster)
	return err == nil && name == podIdentityAgent && (found.PodIdentityAgent || found.Automatic()), err
}

// AddonConfiguration implements service.EKS.
func (e eks) AddonConfiguration(_ context.Context, cluster, name string) (string, error) {
	e.w.Lock()
	defer e.w.Unlock()
	found, _, err := e.find(cluster)
	if err != nil {
		return "", err
	}
	if configuration, has := found.HasVpcCni(); has && name == enforcement.EKSAddon {
		return configuration, nil
	}
	return "", fmt.Errorf("add-on %s: %w", name, service.ErrNotFound)
}

// Associations implements service.EKS.
func (e eks) Associations(_ context.Context, cluster, namespace, serviceAccount string) ([]string, error) {
	e.w.Lock()
	defer e.w.Unlock()
	var roles []string
	for _, r := range e.w.Resources {
		if r.Type == pulumitype.AwsPodIdentityAssociation && !r.Deleted && text(r, "clusterName") == cluster &&
			text(r, "namespace") == namespace && text(r, "serviceAccount") == serviceAccount {
			roles = append(roles, text(r, "roleArn"))
		}
	}
	return roles, nil
}

// PullRoles implements service.EKS.
func (e eks) PullRoles(_ context.Context, cluster, namespace string) ([]string, error) {
	e.w.Lock()
	defer e.w.Unlock()
	found, account, err := e.find(cluster)
	if err != nil {
		return nil, err
	}
	for _, profile := range found.Fargate {
		if profile.Namespace == namespace {
			return []string{found.NodeRoleARN(account, profile.PodExecutionRole)}, nil
		}
	}
	var roles []string
	for _, name := range found.NodeRoles {
		roles = append(roles, found.NodeRoleARN(account, name))
	}
	return roles, nil
}

type iam struct{ w *cloud.World }

// Role implements service.IAM.
func (i iam) Role(_ context.Context, name string) (*service.Role, error) {
	i.w.Lock()
	defer i.w.Unlock()
	found, err := only(i.w, pulumitype.AwsRole, name, func(r *world.Resource) bool { return text(r, "name") == name })
	if err != nil {
		return nil, err
	}
	role := &service.Role{ARN: text(found, "arn"), ID: text(found, "uniqueId"), Trust: text(found, "assumeRolePolicy")}
	for _, r := range i.w.Resources {
		if r.Deleted || r.Scope != found.Scope || text(r, "role") != found.ID {
			continue
		}
		switch r.Type {
		case pulumitype.AwsRolePolicy:
			role.Policies = append(role.Policies, text(r, "policy"))
		case pulumitype.AwsRolePolicyAttachment:
			if policy := i.w.Get(pulumitype.AwsPolicy, found.Scope, text(r, "policyArn")); policy != nil {
				role.Policies = append(role.Policies, text(policy, "policy"))
			}
		}
	}
	return role, nil
}

// OIDCProvider implements service.IAM.
func (i iam) OIDCProvider(_ context.Context, arn string) (*service.OIDCProvider, error) {
	i.w.Lock()
	defer i.w.Unlock()
	found, err := only(i.w, pulumitype.AwsOidcProvider, arn, func(r *world.Resource) bool { return r.ID == arn })
	if err != nil {
		return nil, err
	}
	return &service.OIDCProvider{ClientIDs: texts(found.State["clientIdLists"])}, nil
}

type ecs struct{ w *cloud.World }

// Cluster implements service.ECS.
func (e ecs) Cluster(_ context.Context, name string) (string, error) {
	e.w.Lock()
	defer e.w.Unlock()
	if account := e.w.AWS[e.w.SignedIn.AWSAccount]; account != nil {
		for _, cluster := range account.ECS {
			if cluster.Name == name {
				return "ACTIVE", nil
			}
		}
	}
	return "", fmt.Errorf("ECS cluster %s: %w", name, service.ErrNotFound)
}

func (e ecs) find(cluster, name string) (*world.Resource, error) {
	return only(e.w, pulumitype.AwsEcsService, name, func(r *world.Resource) bool {
		of := text(r, "cluster")
		return text(r, "name") == name && (of == cluster || strings.HasSuffix(of, "/"+cluster))
	})
}

// Service implements service.ECS. The tasks of the service run when they would start now, and where the circuit breaker has not given up.
func (e ecs) Service(ctx context.Context, cluster, name string) (*service.ECSService, error) {
	e.w.Lock()
	defer e.w.Unlock()
	found, err := e.find(cluster, name)
	if err != nil {
		return nil, err
	}
	desired, _ := found.State["desiredCount"].(float64)
	answer := &service.ECSService{
		Status: "ACTIVE", TaskDefinition: text(found, "taskDefinition"), Rollout: "COMPLETED", Desired: int(desired), Running: int(desired),
		LaunchType: text(found, "launchType"),
	}
	if network, ok := found.State["networkConfiguration"].(map[string]any); ok {
		answer.Subnets, answer.SecurityGroups = texts(network["subnets"]), texts(network["securityGroups"])
		answer.PublicIP = network["assignPublicIp"] == true
	}
	balancers, _ := found.State["loadBalancers"].([]any)
	for _, balancer := range balancers {
		of, _ := balancer.(map[string]any)
		answer.TargetGroups = append(answer.TargetGroups, fmt.Sprint(of["targetGroupArn"]))
	}
	if tasks := e.w.Tasks[found.ID]; tasks != nil && tasks.Failed {
		answer.Running, answer.Rollout = tasks.Running, "FAILED"
	}
	if problems := aws.TaskProblems(ctx, e.w, found); len(problems) > 0 {
		answer.Running, answer.Rollout = 0, "FAILED"
	}
	return answer, nil
}

// TaskDefinition implements service.ECS.
func (e ecs) TaskDefinition(_ context.Context, arn string) (*service.TaskDefinition, error) {
	e.w.Lock()
	defer e.w.Unlock()
	found, err := only(e.w, pulumitype.AwsTaskDefinition, arn, func(r *world.Resource) bool { return text(r, "arn") == arn })
	if err != nil {
		return nil, err
	}
	var containers []struct {
		Name, Image      string
		Secrets          []struct{ ValueFrom string }
		LogConfiguration struct{ Options map[string]string }
	}
	if err := json.Unmarshal([]byte(text(found, "containerDefinitions")), &containers); err != nil {
		return nil, fmt.Errorf("container definitions of %s: %w", arn, err)
	}
	task := &service.TaskDefinition{ExecutionRole: text(found, "executionRoleArn"), Images: map[string]string{}}
	for _, c := range containers {
		task.Images[c.Name] = c.Image
		for _, s := range c.Secrets {
			task.Secrets = append(task.Secrets, s.ValueFrom)
		}
		if group := c.LogConfiguration.Options["awslogs-group"]; group != "" {
			task.LogGroups = append(task.LogGroups, group)
		}
	}
	return task, nil
}

// StoppedTasks implements service.ECS: those that would not start now.
func (e ecs) StoppedTasks(ctx context.Context, cluster, name string) ([]service.StoppedTask, error) {
	e.w.Lock()
	defer e.w.Unlock()
	found, err := e.find(cluster, name)
	if err != nil {
		return nil, err
	}
	var tasks []service.StoppedTask
	for _, problem := range aws.TaskProblems(ctx, e.w, found) {
		tasks = append(tasks, service.StoppedTask{ARN: found.ID, Reason: problem, At: e.w.Now()})
	}
	return tasks, nil
}

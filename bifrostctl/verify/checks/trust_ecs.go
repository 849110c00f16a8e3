package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/iampolicy"
)

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
		{Code: "ecs-trust", Description: "the execution role trusts the ECS tasks of this account", Needs: []string{"ecs-role"},
			Run: t.tasks},
	}
	checks = append(checks, t.policies("ecs", "the execution role")...)
	if s.Outputs.ECS != nil {
		checks = append(checks, check.Check{
			Code: "ecs-policy-run", Description: "the execution role may read the tasks' secrets and write their log",
			Needs: []string{"ecs-role"}, Run: t.run,
		})
	}
	return append(checks, t.references(c.Secrets)...)
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
		action := "secretsmanager:GetSecretValue"
		if strings.HasPrefix(arn, "arn:"+iampolicy.Partition(t.Config.Aws.Region)+":ssm:") {
			action = "ssm:GetParameters"
		}
		if result := t.allowed(ctx, arn, action); result.Status != check.OK {
			return result
		}
	}
	region := t.Config.Aws.Region
	for _, group := range task.LogGroups {
		stream := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:log-stream:%s/task", iampolicy.Partition(region), region,
			t.Config.Aws.AccountId, group, t.Outputs.ECS.Service)
		if result := t.allowed(ctx, stream, "logs:CreateLogStream", "logs:PutLogEvents"); result.Status != check.OK {
			return result
		}
	}
	return check.Pass("%d secrets, log group %s", len(task.Secrets), quoted(slices.Compact(task.LogGroups)))
}

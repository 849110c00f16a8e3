package stacks

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// administrators are AWS's own policies with which the gateway could do anything in the account, or give itself the right to (IAM user
// guide, "AWS managed policies for job functions"). What a policy of somebody's own allows is not looked at.
var administrators = []string{"policy/AdministratorAccess", "policy/PowerUserAccess", "policy/IAMFullAccess"}

// administratorPolicies tells of each that is attached to a role of the gateway's own.
func (c *Config) administratorPolicies() []string {
	attached := map[string][]string{}
	if c.Eks != nil {
		attached["eks.gatewayPolicyArns"] = c.Eks.GatewayPolicyArns
	}
	if c.Ecs != nil {
		attached["ecs.taskPolicyArns"] = c.Ecs.TaskPolicyArns
	}
	var all []string
	for key, arns := range attached {
		for i, policy := range arns {
			parsed, err := arn.Parse(policy)
			if err != nil || parsed.AccountID != "aws" || !slices.Contains(administrators, parsed.Resource) {
				continue
			}
			all = append(all, fmt.Sprintf("%s[%d]: %s makes whoever takes over the gateway an administrator of the account; give a policy "+
				"with what the gateway calls, such as bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream on the models that "+
				"it uses", key, i, policy))
		}
	}
	slices.Sort(all)
	return all
}

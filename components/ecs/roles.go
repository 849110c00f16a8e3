package ecs

import (
	"cmp"
	"fmt"
	"path"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/iampolicy"
)

// EcsTaskRoleArgs are the gateway's own role to make. It starts with no rights.
type EcsTaskRoleArgs struct {
	// AccountId has 12 digits: only ECS tasks of this account may assume the role.
	AccountId string `pulumi:"accountId"`
	// RoleName is fixed, at most 64 characters. Default BifrostECSTaskRole.
	RoleName string `pulumi:"roleName,optional"`
	// PolicyArns are existing policies to attach, such as one for Amazon Bedrock.
	PolicyArns []string `pulumi:"policyArns,optional"`
	// Path is the IAM path of the role, beginning and ending with a slash. Default "/".
	Path string `pulumi:"path,optional"`
	// PermissionsBoundary is the ARN of a policy that bounds the role.
	PermissionsBoundary string `pulumi:"permissionsBoundary,optional"`
}

func (a *EcsTaskRoleArgs) validate(p *field.Path) field.ErrorList {
	errs := check.Required(p.Child("accountId"), a.AccountId, check.AccountId)
	errs = append(errs, check.RoleName(p.Child("roleName"), a.RoleName)...)
	errs = append(errs, ValidateTaskPolicies(p.Child("policyArns"), a.PolicyArns)...)
	errs = append(errs, check.Optional(p.Child("path"), a.Path, check.IamPath)...)
	return append(errs, check.Arn(p.Child("permissionsBoundary"), a.PermissionsBoundary, check.PolicyArn)...)
}

// ValidateTaskPolicies refuses what is no ARN of a policy, and a policy whose name comes twice.
func ValidateTaskPolicies(p *field.Path, arns []string) field.ErrorList {
	var errs field.ErrorList
	seen := map[string]bool{}
	for i, arn := range arns {
		switch problems := check.Arn(p.Index(i), arn, check.PolicyArn); {
		case arn == "":
			errs = append(errs, field.Required(p.Index(i), "the ARN of a policy"))
		case len(problems) > 0:
			errs = append(errs, problems...)
		case seen[path.Base(arn)]:
			errs = append(errs, field.Duplicate(p.Index(i), arn))
		}
		seen[path.Base(arn)] = true
	}
	return errs
}

func (a *EcsServiceArgs) validateRoles() field.ErrorList {
	var errs field.ErrorList
	if a.ExecutionRoleArn == nil || a.ExecutionRoleName == nil {
		errs = append(errs, field.Required(field.NewPath("executionRoleArn"), "ARN and name of the role that may pull the image"))
	}
	errs = append(errs, check.Arn(field.NewPath("taskRoleArn"), a.TaskRoleArn, check.RoleArn)...)
	if (a.TaskRole == nil) == (a.TaskRoleArn == "") {
		errs = append(errs, field.Required(field.NewPath("taskRole"), "give exactly one of taskRole and taskRoleArn"))
	}
	if a.TaskRole != nil {
		errs = append(errs, a.TaskRole.validate(field.NewPath("taskRole"))...)
	}
	return errs
}

// newExecutionRights adds what the execution role needs beside the pull: a policy of the role's own, so that the identity that
// the vendor allowlists stays as it is.
func (a *EcsServiceArgs) newExecutionRights(ctx *pulumi.Context, name string, parent pulumi.Resource, logGroupArn pulumi.StringOutput, secretArns pulumi.StringArrayOutput) (pulumi.Resource, error) {
	rights, err := iam.NewRolePolicy(ctx, name+"-logs-and-secrets", &iam.RolePolicyArgs{
		Name: pulumi.String(a.name() + "-logs-and-secrets"),
		Role: a.ExecutionRoleName,
		Policy: pulumi.All(logGroupArn, secretArns).ApplyT(func(v []any) (string, error) {
			return iampolicy.EcsExecution(v[0].(string), v[1].([]string), a.SecretKmsKeyArn, a.Region).JSON()
		}).(pulumi.StringOutput),
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("%s: execution role's policy: %w", name, err)
	}
	return rights, nil
}

// ecsTaskRole is the gateway's own role, and what must be attached to it before a task starts.
type ecsTaskRole struct {
	arn    pulumi.StringOutput
	rights []pulumi.Resource
}

// newTaskRole makes the gateway's own role, unless there is one.
func (a *EcsServiceArgs) newTaskRole(ctx *pulumi.Context, name string, parent pulumi.Resource) (ecsTaskRole, error) {
	if a.TaskRole == nil {
		return ecsTaskRole{arn: pulumi.String(a.TaskRoleArn).ToStringOutput()}, nil
	}
	trust, err := iampolicy.EcsTasksTrust(a.TaskRole.AccountId).JSON()
	if err != nil {
		return ecsTaskRole{}, err
	}
	role, err := iam.NewRole(ctx, name+"-task-role", &iam.RoleArgs{
		Name:                pulumi.String(cmp.Or(a.TaskRole.RoleName, DefaultEcsTaskRoleName)),
		Path:                component.OptionalString(a.TaskRole.Path),
		Description:         pulumi.String("The Bifrost gateway itself, at run time. It pulls nothing."),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: component.OptionalString(a.TaskRole.PermissionsBoundary),
	}, pulumi.Parent(parent))
	if err != nil {
		return ecsTaskRole{}, fmt.Errorf("%s: task role: %w", name, err)
	}

	made := ecsTaskRole{arn: role.Arn}
	for _, arn := range a.TaskRole.PolicyArns {
		attachment, err := iam.NewRolePolicyAttachment(ctx, name+"-task-policy-"+path.Base(arn), &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String(arn),
		}, pulumi.Parent(parent))
		if err != nil {
			return ecsTaskRole{}, fmt.Errorf("%s: task role's policy %s: %w", name, arn, err)
		}
		made.rights = append(made.rights, attachment)
	}
	if !a.Exec {
		return made, nil
	}
	document, err := iampolicy.EcsExec().JSON()
	if err != nil {
		return ecsTaskRole{}, err
	}
	exec, err := iam.NewRolePolicy(ctx, name+"-exec", &iam.RolePolicyArgs{
		Name: pulumi.String(a.name() + "-exec"), Role: role.Name, Policy: pulumi.String(document),
	}, pulumi.Parent(parent))
	if err != nil {
		return ecsTaskRole{}, fmt.Errorf("%s: task role's policy for ECS Exec: %w", name, err)
	}
	made.rights = append(made.rights, exec)
	return made, nil
}

package ecs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
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

// Validate reports every problem, at paths below p. Nil is no role to make.
func (a *EcsTaskRoleArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	return slices.Concat(
		check.Required(p.Child("accountId"), a.AccountId, check.AccountId),
		check.RoleName(p.Child("roleName"), a.RoleName),
		validateTaskPolicies(p.Child("policyArns"), a.PolicyArns),
		check.Optional(p.Child("path"), a.Path, check.IamPath),
		check.Arn(p.Child("permissionsBoundary"), a.PermissionsBoundary, check.PolicyArn),
	)
}

// validateTaskPolicies refuses what is no ARN of a policy, and a policy whose name comes twice.
func validateTaskPolicies(p *field.Path, arns []string) field.ErrorList {
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

// rightsName begins the name of the execution role's policy, behind that of the service.
const rightsName = "logs-and-secrets-"

// newExecutionRights adds what the execution role needs beside the pull: a policy of the role's own, so that the identity that
// the vendor allowlists stays as it is. Other secrets, or another log group, are another policy, which comes before the former one goes:
// until the service runs the new revision, and after a rollback, tasks of the former revision start with the former rights.
func (a *EcsServiceArgs) newExecutionRights(
	in component.Scope, logGroup *cloudwatch.LogGroup, secrets ecsSecrets,
) (pulumi.Resource, error) {
	what := rightsName + a.rightsKey(secrets.variables)
	rights, err := iam.NewRolePolicy(in.Ctx, in.Child(what), &iam.RolePolicyArgs{
		Name: pulumi.String(a.name() + "-" + what),
		Role: a.ExecutionRoleName,
		Policy: pulumi.All(logGroup.Arn, secrets.arns).ApplyT(func(v []any) (string, error) {
			return iampolicy.EcsExecution(v[0].(string), v[1].([]string), a.secretPrefix(), a.Region).
				Reading(a.referenced(), a.SecretRefKmsKeyArns).JSON()
		}).(pulumi.StringOutput),
	}, in.Options()...)
	if err != nil {
		return nil, in.Failed("execution role's policy", err)
	}
	return rights, nil
}

// rightsKey stands for what the execution role may reach.
func (a *EcsServiceArgs) rightsKey(variables []string) string {
	names := slices.Concat([]string{a.name(), a.logGroup(), a.secretPrefix()}, variables)
	for _, reference := range a.referenced() {
		names = append(names, reference.Arn)
	}
	names = append(names, a.SecretRefKmsKeyArns...)
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:4])
}

// taskRoleDocuments are the policy documents of a role made here.
type taskRoleDocuments struct{ trust, exec string }

func (a *EcsServiceArgs) taskRoleDocuments() (taskRoleDocuments, error) {
	if a.TaskRole == nil {
		return taskRoleDocuments{}, nil
	}
	trust, wrongTrust := iampolicy.EcsTasksTrust(a.TaskRole.AccountId, a.Region).JSON()
	exec, wrongExec := iampolicy.EcsExec().JSON()
	return taskRoleDocuments{trust, exec}, errors.Join(wrongTrust, wrongExec)
}

// ecsTaskRole is the gateway's own role.
type ecsTaskRole struct {
	arn pulumi.StringOutput
	// rights must be attached before a task starts.
	rights []pulumi.Resource
}

// newTaskRole makes the gateway's own role, unless there is one.
func (a *EcsServiceArgs) newTaskRole(in component.Scope, documents taskRoleDocuments) (ecsTaskRole, error) {
	if a.TaskRole == nil {
		return ecsTaskRole{arn: pulumi.String(a.TaskRoleArn).ToStringOutput()}, nil
	}
	role, err := iam.NewRole(in.Ctx, in.Child("task-role"), &iam.RoleArgs{
		Name:                pulumi.String(cmp.Or(a.TaskRole.RoleName, DefaultEcsTaskRoleName)),
		Path:                component.OptionalString(a.TaskRole.Path),
		Description:         pulumi.String("The Bifrost gateway itself, at run time. It pulls nothing."),
		AssumeRolePolicy:    pulumi.String(documents.trust),
		PermissionsBoundary: component.OptionalString(a.TaskRole.PermissionsBoundary),
	}, in.Options()...)
	if err != nil {
		return ecsTaskRole{}, in.Failed("task role", err)
	}
	rights, err := a.newTaskRights(in, role, documents)
	return ecsTaskRole{arn: role.Arn, rights: rights}, err
}

// newTaskRights attaches the given policies and, for ECS Exec, one of the role's own.
func (a *EcsServiceArgs) newTaskRights(in component.Scope, role *iam.Role, documents taskRoleDocuments) ([]pulumi.Resource, error) {
	var rights []pulumi.Resource
	for _, arn := range a.TaskRole.PolicyArns {
		attachment, err := iam.NewRolePolicyAttachment(in.Ctx, in.Child("task-policy-"+path.Base(arn)), &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String(arn),
		}, in.Options()...)
		if err != nil {
			return nil, fmt.Errorf("%s: task role's policy %s: %w", in.Name, arn, err)
		}
		rights = append(rights, attachment)
	}
	if !a.Exec {
		return rights, nil
	}
	exec, err := iam.NewRolePolicy(in.Ctx, in.Child("exec"), &iam.RolePolicyArgs{
		Name: pulumi.String(a.name() + "-exec"), Role: role.Name, Policy: pulumi.String(documents.exec),
	}, in.Options()...)
	if err != nil {
		return nil, in.Failed("task role's policy for ECS Exec", err)
	}
	return append(rights, exec), nil
}

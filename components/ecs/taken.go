package ecs

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// secretTaken explains that a secret's name is in use. What was deleted keeps its name until its recovery window ends (Secrets Manager API
// reference, DeleteSecret), and the provider asks for two minutes only.
func (a *EcsServiceArgs) secretTaken(in component.Scope, failed *pulumi.ErrorHookArgs) error {
	name, _ := component.KnownText(failed.NewInputs["name"])
	on := fmt.Sprintf("--region %s --secret-id %s", a.Region, name)
	take := in.ImportCommand(failed, `"$(aws secretsmanager describe-secret `+on+` --query ARN --output text)"`)
	switch text := failed.Errors[0]; {
	case strings.Contains(text, "scheduled for deletion"):
		return fmt.Errorf("%s: a secret of this name was deleted, and its recovery window has not ended. Bring it back with "+
			"`aws secretsmanager restore-secret %s`, take it in with `%s`, and run `pulumi up` again, which puts the configured value. "+
			"Where no value of before is needed, free the name instead with `aws secretsmanager delete-secret %s "+
			"--force-delete-without-recovery`. Where secretPrefix was another one since, nothing can be taken in: free the name so, "+
			"or choose a prefix that the stack has not had. With secretRecoveryDays (of a stack ecs.secretRecoveryDays) 0, a name "+
			"is free at once",
			text, on, take, on)
	case strings.Contains(text, "already exists"):
		return fmt.Errorf("%s: where it is this stack's, take it in with `%s` and run `pulumi up` again; where it is not, choose another "+
			"secretPrefix (of a stack ecs.secretPrefix)", text, take)
	}
	return nil
}

// logGroupTaken explains that a log group exists.
func (a *EcsServiceArgs) logGroupTaken(in component.Scope, failed *pulumi.ErrorHookArgs) error {
	text := failed.Errors[0]
	if !strings.Contains(text, "already exists") {
		return nil
	}
	return fmt.Errorf("%s: a log group is kept when its stack is destroyed, unless keepLogs (of a stack ecs.keepLogs) is false. Where "+
		"this one is yours to go on with, take it in with `%s` and run `pulumi up` again; where it is not, choose another logGroup (of "+
		"a stack ecs.logGroup)", text, in.ImportCommand(failed, a.logGroup()))
}

package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/services/amazon"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

// steadyState starts the service's tasks and returns why they do not stay, where the program waits for them.
func steadyState(c *double.Call, r *world.Resource) []string {
	if r.Inputs["waitForSteadyState"] != true || keepsOldRevision(r) {
		return nil
	}
	var reasons []string
	for _, problem := range taskProblems(c, double.String(r.State, "taskDefinition")) {
		reasons = append(reasons, fmt.Sprintf("waiting for ECS Service (%s): timeout while waiting for state to become 'tfSTABLE' (last state: 'tfPENDING'): %s", r.ID, problem))
	}
	return reasons
}

// keepsOldRevision tells whether the service was rolled back: it is steady on another revision than it was asked for.
func keepsOldRevision(r *world.Resource) bool {
	return r.State["taskDefinition"] != r.Inputs["taskDefinition"]
}

// rolledBack tells whether the deployment circuit breaker gives up a change of the service and returns to the revision that
// ran before (ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures"). The provider calls that
// a success, because the service is steady (terraform-provider-aws #20858). A first deployment has nothing to return to.
func rolledBack(c *double.Call, r *world.Resource, becomes double.Object) bool {
	breaker := double.Map(becomes, "deploymentCircuitBreaker")
	before, after := double.String(r.State, "taskDefinition"), double.String(becomes, "taskDefinition")
	if breaker["enable"] != true || breaker["rollback"] != true || before == after {
		return false
	}
	steady := keepsOldRevision(r) || len(taskProblems(c, before)) == 0
	return steady && len(taskProblems(c, after)) > 0
}

// taskProblems returns why tasks of a definition do not start or do not stay healthy.
func taskProblems(c *double.Call, name string) []string {
	task := findTask(c, name)
	if task == nil {
		return []string{fmt.Sprintf("the task definition %s is inactive", name)}
	}
	var problems []string
	for _, property := range []string{"executionRoleArn", "taskRoleArn"} {
		if role := double.String(task.State, property); role != "" && !roleOfARNExists(c, role) {
			problems = append(problems, fmt.Sprintf("ECS was unable to assume the role '%s' that was provided for this task.", role))
		}
	}
	containers, err := containersOf(task.State)
	if err != nil {
		return append(problems, err.Error())
	}
	for _, container := range containers {
		problems = append(problems, stopReasons(c, container)...)
	}
	if len(problems) > 0 {
		return problems
	}
	return executionProblems(c, double.String(task.State, "executionRoleArn"), containers)
}

// executionProblems returns what ECS cannot do for a task as its execution role: pull the images, read the secrets, write the log
// (ECS developer guide, "Amazon ECS task execution IAM role").
func executionProblems(c *double.Call, role string, containers []container) []string {
	s := sessionOf(c)
	as := amazon.As{Hop: hop.Task, RoleARN: role, Service: "ecs-tasks.amazonaws.com", Context: map[string]string{
		"aws:SourceAccount": s.account, "aws:SourceArn": fmt.Sprintf("arn:%s:ecs:%s:%s:*", s.partition, s.region, s.account),
	}}
	var problems []string
	add := func(words string, err error) {
		why := c.World.Network.Refusals.Take()
		var refusal *hop.Refusal
		if errors.As(err, &refusal) {
			why = append(why, refusal)
		}
		if len(why) == 0 {
			why = append(why, hop.Refuse(hop.Task, hop.Invalid, "%v", err))
		}
		problems = append(problems, words+": "+hop.Join(why))
	}
	if role == "" {
		return nil // the images of a task without one are public
	}
	c.World.Network.Refusals.Take()
	if err := as.Assume(c.World); err != nil {
		add(fmt.Sprintf("ECS was unable to assume the role '%s' that was provided for this task", role), err)
		return problems
	}
	for _, container := range containers {
		host, _, _ := strings.Cut(container.Image, "/")
		if _, _, ecr := amazon.RegistryOf(host); ecr {
			if err := as.Pull(context.Background(), c.World, container.Image); err != nil {
				add("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "+container.Image, err)
			}
		}
		for _, secret := range container.Secrets {
			arn := strings.Join(strings.SplitN(secret.ValueFrom, ":", 8)[:7], ":")
			if err := amazon.Allowed(c.World, role, arn, "secretsmanager:GetSecretValue"); err != nil {
				add("ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException", hop.Refuse(hop.Task, hop.Forbidden, "%v", err))
			}
		}
		if log := container.LogConfiguration; log != nil && log.LogDriver == "awslogs" {
			stream := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:log-stream:%s/%s/task", s.partition, log.Options["awslogs-region"], s.account,
				log.Options["awslogs-group"], log.Options["awslogs-stream-prefix"], container.Name)
			if err := amazon.Allowed(c.World, role, stream, "logs:CreateLogStream", "logs:PutLogEvents"); err != nil {
				add("ResourceInitializationError: failed to validate logger args: AccessDeniedException", hop.Refuse(hop.Task, hop.Forbidden, "%v", err))
			}
		}
	}
	return problems
}

// stopReasons returns why a task with this container stops before the container starts, or is stopped for its health.
func stopReasons(c *double.Call, container container) []string {
	var reasons []string
	for _, s := range container.Secrets {
		if !secretExists(c, s.ValueFrom) {
			reasons = append(reasons, fmt.Sprintf("ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret %s: ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT", s.ValueFrom))
		}
	}
	if program := lackingProgram(container); program != "" {
		reasons = append(reasons, fmt.Sprintf("Task failed container health checks: container %q: %s: not found", container.Name, program))
	}
	log := container.LogConfiguration
	if log == nil || log.LogDriver != "awslogs" || log.Options["awslogs-create-group"] == "true" {
		return reasons
	}
	group := log.Options["awslogs-group"]
	if c.World.Get(logGroupType, sessionOf(c).account+"/"+log.Options["awslogs-region"], group) == nil {
		reasons = append(reasons, fmt.Sprintf("ResourceInitializationError: failed to validate logger args: the log group %s does not exist in region %q: ResourceNotFoundException: The specified log group does not exist.", group, log.Options["awslogs-region"]))
	}
	return reasons
}

// lacking are programs that the images of the sandbox lack: all are taken for images made from the public Bifrost image,
// which has wget and no curl.
var lacking = []string{"curl"}

// lackingProgram returns the program for whose sake a container's health check can never succeed; "" where it can. ECS
// ignores the check of the image itself.
func lackingProgram(container container) string {
	if container.HealthCheck == nil || len(container.HealthCheck.Command) < 2 {
		return ""
	}
	kind, command := container.HealthCheck.Command[0], container.HealthCheck.Command[1:]
	if kind == "CMD" && slices.Contains(lacking, command[0]) {
		return command[0]
	}
	if kind != "CMD-SHELL" {
		return ""
	}
	missing := ""
	for _, alternative := range strings.Split(strings.Join(command, " "), "||") {
		program := failing(alternative)
		if program == "" {
			return ""
		}
		if program != "exit" {
			missing = program
		}
	}
	return missing
}

// failing returns the program with which a part of a shell's command fails: one that is not there, or the exit with a status
// that says so.
func failing(command string) string {
	for _, part := range strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune("&;|(){}", r) }) {
		words := strings.Fields(part)
		if len(words) > 0 && slices.Contains(lacking, words[0]) {
			return words[0]
		}
		if len(words) == 2 && words[0] == "exit" && words[1] != "0" {
			return words[0]
		}
	}
	return ""
}

func roleOfARNExists(c *double.Call, role string) bool {
	return slices.ContainsFunc(c.World.List(roleType, global(c)), func(r *world.Resource) bool { return r.State["arn"] == role })
}

// secretExists tells whether the secret that a container asks for has a value. The reference may go on with a JSON key,
// stage and version: arn:partition:secretsmanager:region:account:secret:name:key:stage:version.
func secretExists(c *double.Call, reference string) bool {
	parts := strings.SplitN(reference, ":", 8)
	if len(parts) < 7 || parts[2] != "secretsmanager" {
		return false
	}
	id := strings.Join(parts[:7], ":")
	versions := c.World.List(secretVersionType, regional(c))
	return slices.ContainsFunc(versions, func(v *world.Resource) bool { return v.State["secretId"] == id })
}

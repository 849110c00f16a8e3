package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	services "bifrost/bifrostctl/sandbox/cloud/services/aws"
	"bifrost/bifrostctl/world"
)

// roleProblems: ECS takes both roles of a task as ecs-tasks.amazonaws.com, from the service's account.
func roleProblems(c *double.Call, task *world.Resource) []string {
	var problems []string
	c.World.Network.Refusals.Take()
	for property, at := range map[string]hop.Hop{"executionRoleArn": hop.Task, "taskRoleArn": hop.TaskRole} {
		role := double.String(task.State, property)
		if role == "" {
			continue
		}
		as := asTask(c, role)
		as.Hop = at
		if err := as.Assume(c.World); err != nil {
			words := fmt.Sprintf("ECS was unable to assume the role '%s' that was provided for this task. Please verify that the role "+
				"being passed has the proper trust relationship and permissions", role)
			problems = append(problems, words+": "+whyRefused(c, err))
		}
	}
	slices.Sort(problems)
	return problems
}

// asTask is ECS in the role of a task.
func asTask(c *double.Call, role string) services.As {
	s := sessionOf(c)
	return services.As{Hop: hop.Task, RoleARN: role, Service: "ecs-tasks.amazonaws.com", Context: map[string]string{
		"aws:SourceAccount": s.account, "aws:SourceArn": fmt.Sprintf("arn:%s:ecs:%s:%s:*", s.partition, s.region, s.account),
	}}
}

// whyRefused is the hop that refused, with its reason.
func whyRefused(c *double.Call, err error) string {
	why := c.World.Network.Refusals.Take()
	var refusal *hop.Refusal
	if errors.As(err, &refusal) {
		why = append(why, refusal)
	}
	if len(why) == 0 {
		why = append(why, hop.Refuse(hop.Task, hop.Invalid, "%v", err))
	}
	return hop.Join(why)
}

// executionProblems returns what ECS cannot do for a task as its execution role: pull the images, read the secrets, write the log
// (ECS developer guide, "Amazon ECS task execution IAM role").
func executionProblems(c *double.Call, task *world.Resource, containers []container) []string {
	role := double.String(task.State, "executionRoleArn")
	if role == "" {
		return nil // the images of a task without one are public
	}
	c.World.Network.Refusals.Take()
	var problems []string
	for _, container := range containers {
		if err := pull(c, task, role, container.Image); err != nil {
			problems = append(problems, fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "+
				"resolve ref %s: %s", container.Image, whyRefused(c, err)))
		}
		for _, secret := range container.Secrets {
			if err := mayReadSecret(c, role, secretOf(secret.ValueFrom)); err != nil {
				problems = append(problems, "ResourceInitializationError: unable to pull secrets or registry auth: "+
					"AccessDeniedException: "+hop.Refuse(hop.Task, hop.Forbidden, "%v", err).Error())
			}
		}
		if err := mayLog(c, role, container); err != nil {
			problems = append(problems, "ResourceInitializationError: failed to validate logger args: "+
				"AccessDeniedException: "+hop.Refuse(hop.Task, hop.Forbidden, "%v", err).Error())
		}
	}
	return problems
}

// pull gets an image of ECR as the role, for the task's architecture; other images are public and for every one.
func pull(c *double.Call, task *world.Resource, role, image string) error {
	host, rest, _ := strings.Cut(image, "/")
	account, region, ecr := services.RegistryOf(host)
	if !ecr {
		return nil
	}
	if err := asTask(c, role).Pull(context.Background(), c.World, image); err != nil {
		return err
	}
	name := strings.FieldsFunc(rest, func(r rune) bool { return r == ':' || r == '@' })[0]
	architectures := double.List(c.World.Get(pulumitype.AwsEcrRepository, account+"/"+region, name).State, "architectures")
	wanted := double.String(task.State, "runtimePlatform.cpuArchitecture")
	if len(architectures) > 0 && !slices.Contains(architectures, any(cmp.Or(wanted, x86))) {
		return hop.Refuse(hop.Ecr, hop.ImageNotFound, "image Manifest does not contain descriptor matching platform '%s'",
			platforms[wanted])
	}
	return nil
}

func mayLog(c *double.Call, role string, container container) error {
	log, s := container.LogConfiguration, sessionOf(c)
	if log == nil || log.LogDriver != "awslogs" {
		return nil
	}
	stream := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:log-stream:%s/%s/task", s.partition, log.Options["awslogs-region"], s.account,
		log.Options["awslogs-group"], log.Options["awslogs-stream-prefix"], container.Name)
	return services.Allowed(c.World, role, stream, nil, "logs:CreateLogStream", "logs:PutLogEvents")
}

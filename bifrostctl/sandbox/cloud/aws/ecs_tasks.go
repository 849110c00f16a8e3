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

// What a task's image and the gateway in it are taken for: those of Bifrost, for both architectures unless the repository says otherwise.
const (
	x86 = "X86_64"
	arm = "ARM64"

	// dataDir is the one path that the image declares as a volume: a mount there is the image's user's, any other is root's (ECS
	// developer guide, "Use bind mounts with Amazon ECS").
	dataDir = "/app/data"
)

// platforms are the architectures by the names that images have for them.
var platforms = map[string]string{"": "linux/amd64", x86: "linux/amd64", arm: "linux/arm64"}

// steadyState starts the service's tasks and returns why they do not stay, where the program waits for them.
func steadyState(c *double.Call, r *world.Resource) []string {
	if r.Inputs["waitForSteadyState"] != true || keepsOldRevision(r) {
		return nil
	}
	var reasons []string
	for _, problem := range taskProblems(c, r.State, double.String(r.State, "taskDefinition")) {
		reasons = append(reasons, fmt.Sprintf("waiting for ECS Service (%s): timeout while waiting for state to become 'tfSTABLE' (last state: 'tfPENDING'): %s", r.ID, problem))
	}
	if len(reasons) == 0 {
		warnOfTasks(c, r.State)
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
	steady := keepsOldRevision(r) || len(taskProblems(c, r.State, before)) == 0
	return steady && len(taskProblems(c, becomes, after)) > 0
}

// taskProblems returns why tasks of a definition do not start in a service's place or do not stay healthy: what is missing, then what
// cannot be reached, what the execution role may not do, and what the load balancer cannot reach.
func taskProblems(c *double.Call, service double.Object, name string) []string {
	task := findTask(c, name)
	if task == nil {
		return []string{fmt.Sprintf("the task definition %s is inactive", name)}
	}
	containers, err := containersOf(task.State)
	if err != nil {
		return []string{err.Error()}
	}
	place, err := placeOf(c, service)
	if err != nil {
		return []string{err.Error()}
	}
	problems := roleProblems(c, task)
	for _, container := range containers {
		problems = append(problems, stopReasons(c, container)...)
		problems = append(problems, fileProblems(container, containers)...)
	}
	if len(problems) > 0 {
		return problems
	}
	if problems = networkProblems(c, place, containers); len(problems) > 0 {
		return problems
	}
	if problems = executionProblems(c, task, containers); len(problems) > 0 {
		return problems
	}
	return targetProblems(c, place, service)
}

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
			words := fmt.Sprintf("ECS was unable to assume the role '%s' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions", role)
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
			problems = append(problems, fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref %s: %s", container.Image, whyRefused(c, err)))
		}
		for _, secret := range container.Secrets {
			if err := mayReadSecret(c, role, secretOf(secret.ValueFrom)); err != nil {
				problems = append(problems, "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: "+hop.Refuse(hop.Task, hop.Forbidden, "%v", err).Error())
			}
		}
		if err := mayLog(c, role, container); err != nil {
			problems = append(problems, "ResourceInitializationError: failed to validate logger args: AccessDeniedException: "+hop.Refuse(hop.Task, hop.Forbidden, "%v", err).Error())
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
		return hop.Refuse(hop.Ecr, hop.ImageNotFound, "image Manifest does not contain descriptor matching platform '%s'", platforms[wanted])
	}
	return nil
}

// mayReadSecret asks for the secret, and for the customer's key with which it is encrypted (Secrets Manager user guide, "Permissions for
// the KMS key").
func mayReadSecret(c *double.Call, role, secret string) error {
	if err := services.Allowed(c.World, role, secret, nil, "secretsmanager:GetSecretValue"); err != nil {
		return err
	}
	given := double.String(stateOf(c, pulumitype.AwsSecret, secret), "kmsKeyId")
	if given == "" {
		return nil // AWS's own key, which everyone in the account may use through Secrets Manager
	}
	key := findKey(c, given)
	if key == nil {
		return fmt.Errorf("the secret %s is encrypted with the KMS key %s, which does not exist or is disabled", secret, given)
	}
	return services.MayUseKey(c.World, role, key, "kms:Decrypt", map[string]string{
		"kms:ViaService": "secretsmanager." + sessionOf(c).region + "." + world.DNSSuffix(sessionOf(c).partition),
	})
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

// stopReasons returns why a task with this container stops before the container starts, or is stopped for its health.
func stopReasons(c *double.Call, container container) []string {
	var reasons []string
	for _, s := range container.Secrets {
		if versionOf(c, s.ValueFrom) == nil {
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
	if c.World.Get(pulumitype.AwsLogGroup, sessionOf(c).account+"/"+log.Options["awslogs-region"], group) == nil {
		reasons = append(reasons, fmt.Sprintf("ResourceInitializationError: failed to validate logger args: the log group %s does not exist in region %q: ResourceNotFoundException: The specified log group does not exist.", group, log.Options["awslogs-region"]))
	}
	return reasons
}

// fileProblems: the gateway's entrypoint ends without a writable data folder, and what another container is to write there it must be
// able to write.
func fileProblems(container container, containers []container) []string {
	ended := func(why string) []string {
		return []string{fmt.Sprintf("Essential container in task exited: container %q: exit code 1: %s", container.Name, why)}
	}
	i := slices.IndexFunc(container.MountPoints, func(m mountPoint) bool { return m.ContainerPath == dataDir })
	switch {
	case !container.essential():
		return nil
	case i < 0 && container.ReadonlyRootFilesystem:
		return ended(dataDir + " is not writable: the root file system is read-only and no volume is mounted there")
	case i < 0:
		return nil
	case container.MountPoints[i].ReadOnly:
		return ended(dataDir + " is not writable: its mount is read-only")
	}
	volume := container.MountPoints[i].SourceVolume
	for _, other := range containers {
		for _, m := range other.MountPoints {
			root := other.User == "0" || other.User == "root"
			if m.SourceVolume == volume && m.ContainerPath != dataDir && !m.ReadOnly && !root {
				return ended(fmt.Sprintf("container %q mounts volume %s at %s, where it is root's: Permission denied (only %s is the image's own user's)", other.Name, volume, m.ContainerPath, dataDir))
			}
		}
	}
	return nil
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
	return slices.ContainsFunc(c.World.List(pulumitype.AwsRole, global(c)), func(r *world.Resource) bool { return r.State["arn"] == role })
}

// versionOf is the version of a secret with which a container's reference is answered, or nil.
func versionOf(c *double.Call, reference string) *world.Resource {
	parts := strings.Split(reference, ":")
	if stateOf(c, pulumitype.AwsSecret, secretOf(reference)) == nil {
		return nil
	}
	for _, v := range c.World.List(pulumitype.AwsSecretVersion, regional(c)) {
		named := len(parts) == 10 && parts[9] != ""
		if v.State["secretId"] == secretOf(reference) && (!named || v.State["versionId"] == parts[9]) {
			return v
		}
	}
	return nil
}

// secretOf is the ARN of the secret that a reference is about. It may go on with a JSON key, stage and version:
// arn:partition:secretsmanager:region:account:secret:name:key:stage:version.
func secretOf(reference string) string {
	parts := strings.SplitN(reference, ":", 8)
	if len(parts) < 7 || parts[2] != "secretsmanager" {
		return ""
	}
	return strings.Join(parts[:7], ":")
}

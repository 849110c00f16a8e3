package aws

import (
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
	"bifrost/internal/gateway"
)

// What a task's image and the gateway in it are taken for: those of Bifrost, for both architectures unless the repository says otherwise.
const (
	x86 = "X86_64"
	arm = "ARM64"

	// dataDir is the one path that the image declares as a volume: a mount there is the image's user's, any other is root's (ECS
	// developer guide, "Use bind mounts with Amazon ECS").
	dataDir = gateway.DataDir
)

// platforms are the architectures by the names that images have for them.
var platforms = map[string]string{"": "linux/amd64", x86: "linux/amd64", arm: "linux/arm64"}

// taskProblems returns why tasks of a definition do not start in a service's place or do not stay healthy: what is missing, then what
// cannot be reached, what the execution role may not do, and what the load balancer cannot reach.
func taskProblems(c *double.Call, service double.Object, name string) []string {
	task := registeredTask(c, name)
	if task == nil {
		return []string{fmt.Sprintf("the task definition %s does not exist", name)}
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

// stopReasons returns why a task with this container stops before the container starts, or is stopped for its health.
func stopReasons(c *double.Call, container container) []string {
	var reasons []string
	for _, s := range container.Secrets {
		of := secretOf(s.ValueFrom)
		if of.service == "ssm" {
			if stateOf(c, pulumitype.AwsParameter, of.secret) == nil {
				reasons = append(reasons, "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve "+
					"secrets from ssm: The task cannot find the parameter: invalid parameters: "+of.secret)
			}
			continue
		}
		version := versionOf(c, of)
		if version != nil && lacksKey(version, of) {
			reasons = append(reasons, fmt.Sprintf("ResourceInitializationError: unable to pull secrets or registry auth: unable to "+
				"retrieve secret from asm: retrieved secret from Secrets Manager did not contain json key %s", of.key))
		}
		if version == nil {
			reasons = append(reasons, fmt.Sprintf("ResourceInitializationError: unable to pull secrets or registry auth: unable to "+
				"retrieve secret %s: ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: "+
				"AWSCURRENT", s.ValueFrom))
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
		reasons = append(reasons, fmt.Sprintf("ResourceInitializationError: failed to validate logger args: the log group %s does not "+
			"exist in region %q: ResourceNotFoundException: The specified log group does not exist.", group, log.Options["awslogs-region"]))
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
				return ended(fmt.Sprintf("container %q mounts volume %s at %s, where it is root's: Permission denied (only %s is the "+
					"image's own user's)", other.Name, volume, m.ContainerPath, dataDir))
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

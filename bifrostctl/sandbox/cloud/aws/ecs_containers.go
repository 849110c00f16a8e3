package aws

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"bifrost/bifrostctl/sandbox/cloud/double"
)

// container is what the double reads of a container definition.
type container struct {
	Name         string        `json:"name"`
	Image        string        `json:"image"`
	Essential    *bool         `json:"essential"`
	User         string        `json:"user"`
	DependsOn    []dependency  `json:"dependsOn"`
	PortMappings []portMapping `json:"portMappings"`
	Environment  []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"environment"`
	Secrets []struct {
		Name      string `json:"name"`
		ValueFrom string `json:"valueFrom"`
	} `json:"secrets"`
	MountPoints            []mountPoint `json:"mountPoints"`
	ReadonlyRootFilesystem bool         `json:"readonlyRootFilesystem"`
	StopTimeout            *int         `json:"stopTimeout"`
	HealthCheck            *struct {
		Command     []string `json:"command"`
		Interval    *int     `json:"interval"`
		Timeout     *int     `json:"timeout"`
		Retries     *int     `json:"retries"`
		StartPeriod *int     `json:"startPeriod"`
	} `json:"healthCheck"`
	LogConfiguration *struct {
		LogDriver string            `json:"logDriver"`
		Options   map[string]string `json:"options"`
	} `json:"logConfiguration"`
}

type (
	dependency struct {
		ContainerName string `json:"containerName"`
		Condition     string `json:"condition"`
	}
	portMapping struct {
		ContainerPort int    `json:"containerPort"`
		HostPort      int    `json:"hostPort"`
		Protocol      string `json:"protocol"`
	}
	mountPoint struct {
		SourceVolume  string `json:"sourceVolume"`
		ContainerPath string `json:"containerPath"`
		ReadOnly      bool   `json:"readOnly"`
	}
)

// essential is the default: a task stops when one of its essential containers does.
func (c container) essential() bool { return c.Essential == nil || *c.Essential }

// containersOf reads the container definitions; none where they are not known yet.
func containersOf(in double.Object) ([]container, error) {
	text, known := in["containerDefinitions"].(string)
	if !known {
		return nil, nil
	}
	var containers []container
	if err := json.Unmarshal([]byte(text), &containers); err != nil {
		return nil, fmt.Errorf("ECS Task Definition container_definitions is invalid: %w", err)
	}
	if len(containers) == 0 {
		return nil, fmt.Errorf("ClientException: Container list cannot be empty")
	}
	return containers, nil
}

// containerName: ECS API reference, ContainerDefinition.
var containerName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// checkContainers follows the ECS API reference: ContainerDefinition, ContainerDependency, HealthCheck, PortMapping, MountPoint.
func checkContainers(in double.Object, containers []container, fail double.Fail) {
	refuse := func(format string, args ...any) { fail("containerDefinitions", "ClientException: "+format, args...) }
	var names []string
	for i, c := range containers {
		at := fmt.Sprintf("containerDefinitions[%d]", i)
		switch {
		case c.Name == "" || c.Image == "":
			refuse("%s: Container.name and Container.image should not be null or empty.", at)
			continue
		case !containerName.MatchString(c.Name):
			refuse("%s: container name %q: letters, numbers, hyphens and underscores, 255 at most", at, c.Name)
		case slices.Contains(names, c.Name):
			refuse("%s: the container name %q is not unique in the task", at, c.Name)
		}
		names = append(names, c.Name)
		c.checkRights(in, fail)
		c.checkVariables(refuse)
		c.checkMounts(in, refuse)
		c.checkLimits(in, refuse)
		c.checkDependencies(containers, refuse)
	}
	if len(containers) > 0 && !slices.ContainsFunc(containers, container.essential) {
		refuse("At least one container in the task definition must be essential.")
	}
}

// checkRights: what ECS does for a container before it starts it needs a role.
func (c container) checkRights(in double.Object, fail double.Fail) {
	if len(c.Secrets) > 0 && in["executionRoleArn"] == nil {
		fail("executionRoleArn", "ClientException: When you are specifying container secrets, you must also specify a value for "+
			"'executionRoleArn'.")
	}
	if isFargate(in) && c.LogConfiguration != nil && c.LogConfiguration.LogDriver == "awslogs" && in["executionRoleArn"] == nil {
		fail("executionRoleArn", "ClientException: Fargate requires task definition to have execution role ARN to support log driver "+
			"awslogs.")
	}
}

type refusal func(format string, args ...any)

func (c container) checkVariables(refuse refusal) {
	var taken []string
	for _, v := range c.Environment {
		taken = append(taken, v.Name)
	}
	for _, s := range c.Secrets {
		if slices.Contains(taken, s.Name) {
			refuse("The secret name must be unique and not shared with any new or existing environment variables set on the container, "+
				"such as '%s'.", s.Name)
		}
		taken = append(taken, s.Name)
	}
}

func (c container) checkMounts(in double.Object, refuse refusal) {
	if in["volumes"] == double.Unknown {
		return
	}
	var volumes []any
	for _, v := range double.List(in, "volumes") {
		volume, _ := v.(double.Object)
		volumes = append(volumes, volume["name"])
	}
	for _, m := range c.MountPoints {
		if !slices.Contains(volumes, any(m.SourceVolume)) {
			refuse("Unknown volume '%s' in the mount points of container '%s'.", m.SourceVolume, c.Name)
		}
	}
}

func (c container) checkLimits(in double.Object, refuse refusal) {
	for _, m := range c.PortMappings {
		if in["networkMode"] == "awsvpc" && m.HostPort != 0 && m.HostPort != m.ContainerPort {
			refuse("When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
		}
		if m.ContainerPort < 1 || m.ContainerPort > 65535 || !slices.Contains([]string{"", "tcp", "udp"}, m.Protocol) {
			refuse("Invalid port mapping of container '%s': port %d, protocol %q.", c.Name, m.ContainerPort, m.Protocol)
		}
	}
	within := func(what string, value *int, least, most int) {
		if value != nil && (*value < least || *value > most) {
			refuse("%s of container '%s' must be from %d to %d, got %d.", what, c.Name, least, most, *value)
		}
	}
	if isFargate(in) {
		within("stopTimeout", c.StopTimeout, 2, 120)
	}
	check := c.HealthCheck
	if check == nil {
		return
	}
	within("healthCheck.interval", check.Interval, 5, 300)
	within("healthCheck.timeout", check.Timeout, 2, 60)
	within("healthCheck.retries", check.Retries, 1, 10)
	within("healthCheck.startPeriod", check.StartPeriod, 0, 300)
}

var conditions = []string{"START", "COMPLETE", "SUCCESS", "HEALTHY"}

func (c container) checkDependencies(containers []container, refuse refusal) {
	for _, d := range c.DependsOn {
		i := slices.IndexFunc(containers, func(other container) bool { return other.Name == d.ContainerName })
		switch {
		case !slices.Contains(conditions, d.Condition):
			refuse("Container '%s' depends on '%s' with condition %q: one of %v.", c.Name, d.ContainerName, d.Condition, conditions)
		case i < 0 || d.ContainerName == c.Name:
			refuse("Container '%s' depends on '%s', which is no other container of the task.", c.Name, d.ContainerName)
		case (d.Condition == "COMPLETE" || d.Condition == "SUCCESS") && containers[i].essential():
			refuse("Container '%s' depends on essential container '%s' with condition %s: one that is to end must not be essential.",
				c.Name, d.ContainerName, d.Condition)
		case d.Condition == "HEALTHY" && containers[i].HealthCheck == nil:
			refuse("Container '%s' depends on '%s' with condition HEALTHY, and that has no health check.", c.Name, d.ContainerName)
		}
	}
}

package aws

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"bifrost/bifrostctl/sandbox/cloud/double"
)

// answeredLists are the lists of a container that ECS answers empty where none was given (Amazon ECS API reference, the examples of
// DescribeTaskDefinition).
var answeredLists = []string{"environment", "mountPoints", "portMappings", "systemControls", "volumesFrom"}

// answeredContainers are container definitions as the provider keeps them of what ECS answers: with ECS's defaults, ordered by name
// (terraform-provider-aws 5.100, task_definition.go, resourceTaskDefinitionRead; container_definitions.go, flattenContainerDefinitions,
// which leaves out a cpu of 0).
func answeredContainers(text string, awsvpc bool) (string, error) {
	var containers []double.Object
	if err := json.Unmarshal([]byte(text), &containers); err != nil {
		return "", err
	}
	byName(containers)
	for _, c := range containers {
		c["essential"] = c["essential"] != false
		if c["cpu"] == 0.0 {
			delete(c, "cpu")
		}
		for _, list := range answeredLists {
			if double.List(c, list) == nil {
				c[list] = []any{}
			}
		}
		byName(double.List(c, "environment"))
		byName(double.List(c, "secrets"))
		answerPorts(double.List(c, "portMappings"), awsvpc)
		answerHealthCheck(double.Map(c, "healthCheck"))
		answerCapabilities(double.Map(c, "linuxParameters"))
		for name, v := range c {
			if v == nil {
				delete(c, name)
			}
		}
	}
	b, err := json.Marshal(containers)
	return string(b), err
}

// byName orders objects by their names.
func byName[T any](objects []T) {
	slices.SortStableFunc(objects, func(a, b T) int {
		one, _ := any(a).(double.Object)
		two, _ := any(b).(double.Object)
		return cmp.Compare(double.String(one, "name"), double.String(two, "name"))
	})
}

// answerPorts: ECS API reference, PortMapping.
func answerPorts(ports []any, awsvpc bool) {
	for _, v := range ports {
		port, _ := v.(double.Object)
		double.Default(port, "protocol", "tcp")
		if host, _ := port["hostPort"].(float64); host == 0 && awsvpc {
			port["hostPort"] = port["containerPort"]
		}
	}
}

// answerHealthCheck: ECS API reference, HealthCheck.
func answerHealthCheck(check double.Object) {
	if check == nil {
		return
	}
	double.Default(check, "interval", 30.0)
	double.Default(check, "timeout", 5.0)
	double.Default(check, "retries", 3.0)
}

// answerCapabilities: ECS answers both lists where one is given, and no capabilities where none is. Its documentation does not say so;
// users of the provider found it in their plans (braintrustdata/terraform-aws-braintrust-data-plane #335, TerraConstructs/base #158).
func answerCapabilities(linux double.Object) {
	given := double.Map(linux, "capabilities")
	if given == nil {
		return
	}
	add, drop := double.List(given, "add"), double.List(given, "drop")
	if len(add)+len(drop) == 0 {
		delete(linux, "capabilities")
		return
	}
	double.Default(given, "add", []any{})
	double.Default(given, "drop", []any{})
}

// sameContainers tells whether the provider takes two container definitions for the same: with the defaults that it knows of, whatever the
// order of containers, variables and secrets, and without the empty lists of a container. In what a container holds, such as its
// capabilities, an empty list is not the same as none (terraform-provider-aws 5.100, container_definitions.go,
// containerDefinitionsAreEquivalent).
func sameContainers(before, after string, awsvpc bool) bool {
	one, err1 := normalContainers(before, awsvpc)
	two, err2 := normalContainers(after, awsvpc)
	return err1 == nil && err2 == nil && reflect.DeepEqual(one, two)
}

func normalContainers(text string, awsvpc bool) ([]types.ContainerDefinition, error) {
	var containers []types.ContainerDefinition
	if err := json.Unmarshal([]byte(text), &containers); err != nil {
		return nil, err
	}
	slices.SortStableFunc(containers, func(a, b types.ContainerDefinition) int { return compareNames(a.Name, b.Name) })
	for i := range containers {
		c := &containers[i]
		dropEmpty(reflect.ValueOf(c).Elem())
		slices.SortStableFunc(c.Environment, func(a, b types.KeyValuePair) int { return compareNames(a.Name, b.Name) })
		slices.SortStableFunc(c.Secrets, func(a, b types.Secret) int { return compareNames(a.Name, b.Name) })
		c.Essential = cmp.Or(c.Essential, sdk.Bool(true))
		if check := c.HealthCheck; check != nil {
			check.Interval = cmp.Or(check.Interval, sdk.Int32(30))
			check.Retries = cmp.Or(check.Retries, sdk.Int32(3))
			check.Timeout = cmp.Or(check.Timeout, sdk.Int32(5))
		}
		for j := range c.PortMappings {
			normalPort(&c.PortMappings[j], awsvpc)
		}
	}
	return containers, nil
}

func compareNames(a, b *string) int { return cmp.Compare(sdk.ToString(a), sdk.ToString(b)) }

// dropEmpty makes the empty lists of a struct nil, after the empty structs in them are gone.
func dropEmpty(s reflect.Value) {
	for i := range s.NumField() {
		list := s.Field(i)
		if list.Kind() != reflect.Slice {
			continue
		}
		kept := reflect.Zero(list.Type())
		for j := range list.Len() {
			if e := list.Index(j); e.Kind() != reflect.Struct || !e.IsZero() {
				kept = reflect.Append(kept, e)
			}
		}
		list.Set(kept)
	}
}

func normalPort(port *types.PortMapping, awsvpc bool) {
	if port.Protocol == types.TransportProtocolTcp {
		port.Protocol = ""
	}
	if sdk.ToInt32(port.HostPort) != 0 {
		return
	}
	port.HostPort = nil
	if awsvpc {
		port.HostPort = port.ContainerPort
	}
}

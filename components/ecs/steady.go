package ecs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// awaited are the options of a service, which `up` awaits: how long, and what to say where it waited in vain. what is the service's part in
// names, serviceName its name.
func (a *EcsServiceArgs) awaited(
	in component.Scope, what, serviceName string, times deploymentTimes, waits []pulumi.Resource,
) ([]pulumi.ResourceOption, error) {
	explained, err := in.OnFailure(what+"-not-steady", func(args *pulumi.ErrorHookArgs) error {
		if len(args.Errors) == 0 || !strings.Contains(args.Errors[0], "tfSTABLE") {
			return nil
		}
		// The engine shows the provider's error, and not one of the hook: its words go to the log.
		words := fmt.Sprintf("the ECS service %s did not become steady, for which the provider gives no reason", serviceName)
		return in.Ctx.Log.Error(words+a.wayOut(serviceName, string(args.URN)), nil)
	})
	if err != nil {
		return nil, err
	}
	stopped, err := stopUpdate(in, what+"-repeated", func(args *pulumi.ResourceHookArgs) error {
		if !a.startsNothing(args) {
			return nil
		}
		return fmt.Errorf("no up saw the last deployment of the ECS service %s become steady, and nothing that would start another has "+
			"changed since%s", serviceName, a.wayOut(serviceName, string(args.URN)))
	})
	if err != nil {
		return nil, err
	}
	return in.Options(pulumi.DependsOn(waits), explained, stopped,
		// The name is taken while the old service stands, and `pulumi up --replace` asks no provider which of the two comes first.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: seconds(times.create), Update: seconds(times.update),
			Delete: seconds(times.delete)})), nil
}

// wayOut says how a service becomes steady whose deployment failed. The circuit breaker has given up: ECS starts none of its tasks any
// more, also when what kept them from starting is mended (Amazon ECS developer guide, "How the Amazon ECS deployment circuit breaker
// detects failures").
func (a *EcsServiceArgs) wayOut(serviceName, urn string) string {
	of := fmt.Sprintf("--region %s --cluster %s", a.Region, a.clusterName())
	return fmt.Sprintf("; see why with `aws ecs describe-services %[1]s --services %[2]s --query 'services[0].events[:10]'` and mend "+
		"that. ECS starts no task of a deployment that it gave up: where no task runs, `pulumi up --replace '%[3]s'` makes the service "+
		"anew; where some run, `aws ecs update-service %[1]s --service %[2]s --force-new-deployment` deploys beside them. Once "+
		"`aws ecs wait services-stable %[1]s --services %[2]s` says so, `pulumi up --refresh` takes it for done", of, serviceName, urn)
}

// startsNothing tells whether the service is what an update asks for. The engine makes such an update after a deployment that did not
// become steady; the provider then asks ECS for nothing, waits for nothing and calls that a success (terraform-provider-aws 5.100,
// service.go, resourceServiceUpdate). After a failed update the engine keeps the inputs of before, and has the outputs that were asked for.
func (a *EcsServiceArgs) startsNothing(args *pulumi.ResourceHookArgs) bool {
	for _, inputs := range []resource.PropertyMap{args.OldInputs, args.NewInputs} {
		for key := range inputs {
			ignored := key == "__defaults" || key == "desiredCount" && a.Autoscaling != nil
			if !ignored && !settled(args.NewInputs[key], args.OldOutputs[key]) {
				return false
			}
		}
	}
	return true
}

// settled tells whether a state has what an input asks for; it may say more. Lists are sets.
func settled(input, state resource.PropertyValue) bool {
	input, known := component.Revealed(input)
	state, _ = component.Revealed(state)
	switch {
	case !known:
		return false
	case input.IsObject() && state.IsObject():
		for key, v := range input.ObjectValue() {
			if !settled(v, state.ObjectValue()[key]) {
				return false
			}
		}
		return true
	case input.IsArray() && state.IsArray():
		members := state.ArrayValue()
		missing := func(v resource.PropertyValue) bool {
			return !slices.ContainsFunc(members, func(member resource.PropertyValue) bool { return settled(v, member) })
		}
		return len(input.ArrayValue()) == len(members) && !slices.ContainsFunc(input.ArrayValue(), missing)
	}
	return input.DeepEquals(state) || saysNothing(input) && saysNothing(state)
}

// saysNothing tells whether a value says no more than none.
func saysNothing(v resource.PropertyValue) bool {
	switch {
	case v.IsNull():
		return true
	case v.IsBool():
		return !v.BoolValue()
	case v.IsNumber():
		return v.NumberValue() == 0
	case v.IsString():
		return v.StringValue() == ""
	case v.IsArray():
		return len(v.ArrayValue()) == 0
	}
	return v.IsObject() && len(v.ObjectValue()) == 0
}

// runningTaskDefinition compares what runs with what was registered: a circuit breaker's rollback leaves the service steady on
// the old revision, and in the old network, which the provider takes for success (terraform-provider-aws issue 20858); and after
// `pulumi refresh` nobody knows any more that a first deployment failed. A preview compares nothing: what runs is what the up is to change.
func (a *EcsServiceArgs) runningTaskDefinition(
	in component.Scope, service *ecs.Service, registered *ecs.TaskDefinition, network taskNetwork,
) pulumi.StringOutput {
	if in.Ctx.DryRun() {
		return registered.Arn
	}
	// The name is known before the service exists, its id is not: nothing may look for what is not there yet.
	name := pulumi.All(service.ID(), service.Name).ApplyT(func(v []any) string { return v[1].(string) }).(pulumi.StringOutput)
	running := ecs.LookupServiceOutput(in.Ctx, ecs.LookupServiceOutputArgs{
		ClusterArn:  pulumi.String(a.ClusterArn),
		ServiceName: name,
	}, pulumi.Parent(in.Parent)).TaskDefinition()
	cluster := name.ApplyT(func(string) string { return a.clusterName() }).(pulumi.StringOutput)
	tasks := ecs.LookupClusterOutput(in.Ctx, ecs.LookupClusterOutputArgs{ClusterName: cluster},
		pulumi.Parent(in.Parent)).RunningTasksCount()
	place := service.NetworkConfiguration
	asked := network.taskGroups.ToStringArrayOutput()
	return pulumi.All(name, running, registered.Arn, tasks, service.URN(), place.Subnets(), place.SecurityGroups(), asked).ApplyT(
		func(v []any) (string, error) {
			what := runningService{
				v[0].(string), v[1].(string), v[3].(int), string(v[4].(pulumi.URN)), v[5].([]string), v[6].([]string),
			}
			return what.taskDefinition, a.compare(what, v[2].(string), v[7].([]string))
		}).(pulumi.StringOutput)
}

// runningService is what runs, as far as it can be looked up.
type runningService struct {
	name, taskDefinition string
	// clusterTasks is the one number of tasks that the provider looks up: the cluster's, with others' among them.
	clusterTasks            int
	urn                     string
	subnets, securityGroups []string
}

func (a *EcsServiceArgs) compare(what runningService, registered string, groups []string) error {
	rolledBack := func(runs, asked any) error {
		return fmt.Errorf("the ECS service %s runs %v and not %v, which was asked for: the deployment was rolled back; "+
			"see why with `aws ecs describe-services --cluster %s --services %s --query 'services[0].events[:10]'`, "+
			"mend the configuration and run `pulumi up --refresh`", what.name, runs, asked, a.ClusterArn, what.name)
	}
	switch {
	case what.taskDefinition != registered:
		return rolledBack(what.taskDefinition, registered)
	case !sameMembers(what.subnets, a.Subnets):
		return rolledBack(what.subnets, a.Subnets)
	case !sameMembers(what.securityGroups, groups):
		return rolledBack(what.securityGroups, groups)
	case what.clusterTasks == 0:
		return fmt.Errorf("no task runs in the cluster %s, and so none of the ECS service %s", a.clusterName(),
			what.name+a.wayOut(what.name, what.urn))
	}
	return nil
}

func sameMembers(one, two []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(one)), slices.Sorted(slices.Values(two)))
}

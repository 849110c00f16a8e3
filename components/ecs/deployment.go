package ecs

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

// serviceArgs are what the services of the gateway and of its broker have in common. `up` awaits both, and a deployment that fails is
// rolled back.
func (a *EcsServiceArgs) serviceArgs(name string, definition *ecs.TaskDefinition, network taskNetwork) *ecs.ServiceArgs {
	return &ecs.ServiceArgs{
		Name:                     pulumi.String(name),
		Cluster:                  pulumi.String(a.ClusterArn),
		TaskDefinition:           definition.Arn,
		LaunchType:               pulumi.String("FARGATE"),
		DeploymentCircuitBreaker: &ecs.ServiceDeploymentCircuitBreakerArgs{Enable: pulumi.Bool(true), Rollback: pulumi.Bool(true)},
		WaitForSteadyState:       pulumi.Bool(true),
		EnableEcsManagedTags:     pulumi.Bool(true),
		PropagateTags:            pulumi.String("SERVICE"),
		NetworkConfiguration: &ecs.ServiceNetworkConfigurationArgs{
			Subnets: pulumi.ToStringArray(a.Subnets), SecurityGroups: network.taskGroups, AssignPublicIp: pulumi.Bool(a.AssignPublicIp),
		},
	}
}

// newService makes the gateway's service: it exists once waits do, and in steady state.
func (a *EcsServiceArgs) newService(
	in component.Scope, definition *ecs.TaskDefinition, network taskNetwork, front ecsFront, registry *servicediscovery.Service,
	waits []pulumi.Resource,
) (*ecs.Service, error) {
	args := a.serviceArgs(a.name(), definition, network)
	args.DesiredCount = pulumi.Int(a.DesiredCount)
	args.DeploymentMinimumHealthyPercent = pulumi.Int(a.minHealthyPercent())
	args.DeploymentMaximumPercent = pulumi.Int(a.maxHealthyPercent())
	args.EnableExecuteCommand = pulumi.Bool(a.Exec)
	if front.targetGroupArn != nil {
		args.HealthCheckGracePeriodSeconds = pulumi.Int(a.startupSeconds())
		args.LoadBalancers = ecs.ServiceLoadBalancerArray{&ecs.ServiceLoadBalancerArgs{
			TargetGroupArn: front.targetGroupArn.ToStringOutput().ToStringPtrOutput(),
			ContainerName:  pulumi.String(a.name()),
			ContainerPort:  pulumi.Int(gateway.Port),
		}}
	}
	if a.meshed() {
		args.ServiceRegistries = &ecs.ServiceServiceRegistriesArgs{RegistryArn: registry.Arn}
	}

	opts, err := a.awaited(in, "service", a.name(), a.deploymentTimes(), waits)
	if err != nil {
		return nil, err
	}
	// ECS cannot give a living service its first load balancer together with a grace period, nor take the last one: it becomes another
	// service, and the old one goes first because it has the name.
	opts = append(opts, pulumi.ReplacementTrigger(pulumi.String(a.frontKind())))
	if a.Autoscaling != nil {
		opts = append(opts, pulumi.IgnoreChanges([]string{"desiredCount"}))
	}
	teller, told, err := effects.Tell(in, effects.EcsService, "service")
	if err != nil {
		return nil, err
	}
	service, err := ecs.NewService(in.Ctx, in.Child("service"), args, append(opts, told...)...)
	if err != nil {
		return nil, in.Failed("service", err)
	}
	teller.Say(service, true, a.Autoscaling != nil)
	return service, nil
}

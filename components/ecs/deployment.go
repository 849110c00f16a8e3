package ecs

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// deploymentTimeout is what a deployment takes at most: the pulls, the checks and, behind a load balancer, the deregistration of the
// old tasks.
const deploymentTimeout = "30m"

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

	// ECS cannot give a living service its first load balancer together with a grace period, nor take the last one: it becomes another
	// service, and the old one goes first because it has the name.
	opts := append(serviceOptions(in, waits), pulumi.ReplacementTrigger(pulumi.String(a.frontKind())), pulumi.DeleteBeforeReplace(true))
	if a.Autoscaling != nil {
		opts = append(opts, pulumi.IgnoreChanges([]string{"desiredCount"}))
	}
	service, err := ecs.NewService(in.Ctx, in.Child("service"), args, opts...)
	if err != nil {
		return nil, in.Failed("service", err)
	}
	return service, nil
}

func serviceOptions(in component.Scope, waits []pulumi.Resource) []pulumi.ResourceOption {
	timeouts := &pulumi.CustomTimeouts{Create: deploymentTimeout, Update: deploymentTimeout}
	return in.Options(pulumi.DependsOn(waits), pulumi.Timeouts(timeouts))
}

// runningTaskDefinition compares what runs with what was registered: a circuit breaker's rollback leaves the service steady on
// the old revision, which the provider takes for success (terraform-provider-aws issue 20858).
func (a *EcsServiceArgs) runningTaskDefinition(
	in component.Scope, service *ecs.Service, registered *ecs.TaskDefinition,
) pulumi.StringOutput {
	// The name is known before the service exists, its id is not: a preview must not look for what is not there yet.
	name := pulumi.All(service.ID(), service.Name).ApplyT(func(v []any) string { return v[1].(string) }).(pulumi.StringOutput)
	running := ecs.LookupServiceOutput(in.Ctx, ecs.LookupServiceOutputArgs{
		ClusterArn:  pulumi.String(a.ClusterArn),
		ServiceName: name,
	}, pulumi.Parent(in.Parent)).TaskDefinition()
	return pulumi.All(name, running, registered.Arn).ApplyT(func(v []any) (string, error) {
		service, running, registered := v[0].(string), v[1].(string), v[2].(string)
		if running == registered {
			return running, nil
		}
		return "", fmt.Errorf("the ECS service %s runs %s and not %s, which was registered: the deployment was rolled back; "+
			"see why with `aws ecs describe-services --cluster %s --services %s --query 'services[0].events[:10]'`, "+
			"mend the configuration and run `pulumi up --refresh`", service, running, registered, a.ClusterArn, service)
	}).(pulumi.StringOutput)
}

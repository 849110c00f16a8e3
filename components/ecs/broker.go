package ecs

import (
	"bifrost/internal/gateway"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// EcsBrokerArgs are the broker of the tasks' cluster: one task of the gateway's own image to which all tasks connect, without a database
// (Bifrost Enterprise, "Clustering", "Broker Mode": https://docs.getbifrost.ai/enterprise/clustering). It was read and never run. It
// shares the service's cluster, network, execution role and log group; its task has no role, for it asks AWS for nothing.
type EcsBrokerArgs struct {
	// Config is the text of the broker's config.json. It holds no secret.
	Config pulumi.StringInput `pulumi:"config"`
	// SecretEnv are the names of the service's secret variables that the broker gets, too.
	SecretEnv []string `pulumi:"secretEnv,optional"`
}

// Size of the broker's task, Fargate's least.
const (
	ecsBrokerCpu    = 256
	ecsBrokerMemory = 512
)

// brokered tells whether the tasks speak to a broker made here, meshed whether they speak to each other.
func (a *EcsServiceArgs) brokered() bool { return a.Clustering != nil && a.Clustering.Broker != nil }
func (a *EcsServiceArgs) meshed() bool   { return a.Clustering != nil && a.Clustering.Broker == nil }

func (a *EcsServiceArgs) brokerName() string { return a.name() + "-broker" }

func (a *EcsServiceArgs) validateBroker(p *field.Path) field.ErrorList {
	if !a.brokered() {
		return nil
	}
	var errs field.ErrorList
	if a.Clustering.Broker.Config == nil {
		errs = append(errs, field.Required(p.Child("config"), "the text of the broker's config.json"))
	}
	for i, name := range a.Clustering.Broker.SecretEnv {
		if _, there := a.SecretEnv[name]; !there {
			errs = append(errs, field.NotFound(p.Child("secretEnv").Index(i), name))
		}
	}
	return errs
}

// newBroker makes the broker's task definition and its service: never two tasks, for half of the nodes would meet in the second.
func (a *EcsServiceArgs) newBroker(
	ctx *pulumi.Context, name string, parent pulumi.Resource,
	logGroup pulumi.StringOutput, secrets ecsSecrets, around ecsSurroundings, registry *servicediscovery.Service,
) (pulumi.StringOutput, error) {
	definition, err := a.registerTask(ctx, name+"-broker", parent, ecsTask{
		family: a.brokerName(), cpu: ecsBrokerCpu, memory: ecsBrokerMemory, containers: a.brokerContainers(logGroup, secrets),
	})
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	service, err := ecs.NewService(ctx, name+"-broker-service", &ecs.ServiceArgs{
		Name:                            pulumi.String(a.brokerName()),
		Cluster:                         pulumi.String(a.ClusterArn),
		TaskDefinition:                  definition.Arn,
		DesiredCount:                    pulumi.Int(1),
		LaunchType:                      pulumi.String("FARGATE"),
		DeploymentMinimumHealthyPercent: pulumi.Int(0),
		DeploymentMaximumPercent:        pulumi.Int(100),
		DeploymentCircuitBreaker:        &ecs.ServiceDeploymentCircuitBreakerArgs{Enable: pulumi.Bool(true), Rollback: pulumi.Bool(true)},
		WaitForSteadyState:              pulumi.Bool(true),
		EnableEcsManagedTags:            pulumi.Bool(true),
		PropagateTags:                   pulumi.String("SERVICE"),
		NetworkConfiguration:            a.networkConfiguration(around.network),
		ServiceRegistries:               &ecs.ServiceServiceRegistriesArgs{RegistryArn: registry.Arn},
	}, pulumi.Parent(parent), pulumi.DependsOn(slices.Concat([]pulumi.Resource{around.rights}, a.DependsOn, around.network.rules)),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: ecsTimeout, Update: ecsTimeout}))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("%s: broker's service: %w", name, err)
	}
	return runningTaskDefinition(ctx, parent, a.ClusterArn, service, definition), nil
}

// brokerContainers are the writer of config.json, which gets it in clear, and the broker. It has no check of its own: the image has no
// program that speaks gRPC, and ECS sees a process that ends.
func (a *EcsServiceArgs) brokerContainers(logGroup pulumi.StringOutput, secrets ecsSecrets) pulumi.StringOutput {
	return pulumi.All(logGroup, secrets.references, a.Clustering.Broker.Config).ApplyT(func(v []any) (string, error) {
		common := a.container(v[0].(string), a.brokerName())
		common.LinuxParameters = linuxParameters{Capabilities: &capabilities{Drop: []string{"ALL"}}}
		writer, broker := configWriter(common, []string{ConfigVariable}), common
		writer.Environment = []variable{{ConfigVariable, v[2].(string)}}

		broker.Name = a.brokerName()
		broker.Essential = true
		broker.DependsOn = []dependency{{writer.Name, "SUCCESS"}}
		broker.PortMappings = []portMapping{{gateway.BrokerPort, gateway.BrokerPort, "tcp"}}
		broker.Environment = []variable{
			{gateway.ModeVariable, gateway.ModeBroker}, {"GOMEMLIMIT", strconv.Itoa(ecsBrokerMemory*9/10) + "MiB"}, {tmpVariable, tmpDir},
		}
		for i, reference := range v[1].([]string) {
			if slices.Contains(a.Clustering.Broker.SecretEnv, secrets.variables[i]) {
				broker.Secrets = append(broker.Secrets, secretReference{Name: secrets.variables[i], ValueFrom: reference})
			}
		}
		b, err := json.Marshal([]containerDefinition{writer, broker})
		return string(b), err
	}).(pulumi.StringOutput)
}

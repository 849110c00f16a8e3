package ecs

import (
	"encoding/json"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

// EcsBrokerArgs are the broker of the tasks' cluster: one task of the gateway's own image to which all tasks connect, without a database
// (Bifrost Enterprise, "Clustering", "Broker Mode": https://docs.getbifrost.ai/enterprise/clustering). That page was read, and no broker
// was run. The broker shares the service's cluster, network, execution role and log group. Its task has no role: it asks AWS for nothing.
type EcsBrokerArgs struct {
	// Config is the text of the broker's config.json. It holds no secret.
	Config pulumi.StringInput `pulumi:"config"`
	// SecretEnv are the names of the service's secret variables that the broker gets, too.
	SecretEnv []string `pulumi:"secretEnv,optional"`
}

// Validate reports every problem, at paths below p. Nil is no broker.
func (a *EcsBrokerArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil || a.Config != nil {
		return nil
	}
	return field.ErrorList{field.Required(p.Child("config"), "the text of the broker's config.json")}
}

// validateBroker checks that the service has the secret variables that the broker is to get.
func (a *EcsServiceArgs) validateBroker(p *field.Path) field.ErrorList {
	if !a.brokered() {
		return nil
	}
	var errs field.ErrorList
	for i, name := range a.Clustering.Broker.SecretEnv {
		if _, there := a.SecretEnv[name]; !there && a.SecretRefs[name] == "" {
			errs = append(errs, field.NotFound(p.Child("secretEnv").Index(i), name))
		}
	}
	return errs
}

// Size of the broker's task: Fargate's least.
const (
	brokerCpu    = 256
	brokerMemory = 512
)

// newBroker makes the broker's task definition and its service, and tells which revision runs; nothing without a broker. There are never
// two tasks: half of the nodes would meet in the second.
func (a *EcsServiceArgs) newBroker(
	in component.Scope, logGroup *cloudwatch.LogGroup, secrets ecsSecrets, network taskNetwork, registry *servicediscovery.Service,
	waits []pulumi.Resource,
) (pulumi.StringOutput, error) {
	if !a.brokered() {
		return pulumi.String("").ToStringOutput(), nil
	}
	definition, err := a.registerTask(in, "broker-task-definition", ecsTask{
		family: a.brokerName(), cpu: brokerCpu, memory: brokerMemory, containers: a.brokerContainers(logGroup, secrets),
	})
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	args := a.serviceArgs(a.brokerName(), definition, network)
	args.DesiredCount = pulumi.Int(1)
	args.DeploymentMinimumHealthyPercent = pulumi.Int(0)
	args.DeploymentMaximumPercent = pulumi.Int(100)
	args.ServiceRegistries = &ecs.ServiceServiceRegistriesArgs{RegistryArn: registry.Arn}
	opts, err := a.awaited(in, "broker-service", a.brokerName(), a.brokerTimes(), waits)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	teller, told, err := effects.Tell(in, effects.EcsService, "broker-service")
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	service, err := ecs.NewService(in.Ctx, in.Child("broker-service"), args, append(opts, told...)...)
	if err != nil {
		return pulumi.StringOutput{}, in.Failed("broker's service", err)
	}
	teller.Say(service, false, false)
	return a.runningTaskDefinition(in, service, definition, network), nil
}

// brokerContainers are the broker and the writer of its config.json, which gets the text in clear. The broker has no check of its own: the
// image has no program that speaks gRPC, and ECS sees a process that ends.
func (a *EcsServiceArgs) brokerContainers(logGroup *cloudwatch.LogGroup, secrets ecsSecrets) pulumi.StringOutput {
	return pulumi.All(logGroup.Name, secrets.references, a.Clustering.Broker.Config).ApplyT(func(v []any) (string, error) {
		common := a.container(v[0].(string), a.brokerName())
		common.LinuxParameters = withoutCapabilities()
		writer, broker := configWriter(common, []string{ConfigVariable}), common
		writer.Environment = []variable{{ConfigVariable, v[2].(string)}}

		broker.Name = a.brokerName()
		broker.Essential = true
		broker.DependsOn = []dependency{{writer.Name, "SUCCESS"}}
		broker.PortMappings = []portMapping{{gateway.BrokerPort, gateway.BrokerPort, "tcp"}}
		broker.Environment = []variable{
			{gateway.ModeVariable, gateway.ModeBroker}, {gateway.MemoryLimitVariable, softMemory(brokerMemory)}, {tmpVariable, tmpDir},
		}
		for i, reference := range v[1].([]string) {
			if slices.Contains(a.Clustering.Broker.SecretEnv, secrets.variables[i]) {
				broker.Secrets = append(broker.Secrets, secretReference{Name: secrets.variables[i], ValueFrom: reference})
			}
		}
		broker.Secrets = a.withReferences(broker.Secrets, func(variable string) bool {
			return slices.Contains(a.Clustering.Broker.SecretEnv, variable)
		})
		broker.DockerLabels = a.restartLabel()
		b, err := json.Marshal([]containerDefinition{writer, broker})
		return string(b), err
	}).(pulumi.StringOutput)
}

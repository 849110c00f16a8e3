package ecs

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// EcsServiceType is the type token of EcsService.
const EcsServiceType = "bifrost:index:EcsService"

// EcsService is the gateway on ECS Fargate: roles, network, load balancer, log group, secrets, task definition and a service that
// `up` awaits. An `up` whose deployment the circuit breaker rolled back fails.
type EcsService struct {
	pulumi.ResourceState

	// ServiceName is the service.
	ServiceName pulumi.StringOutput `pulumi:"serviceName"`
	// TaskDefinitionArn is the revision that runs, compared with the one registered.
	TaskDefinitionArn pulumi.StringOutput `pulumi:"taskDefinitionArn"`
	// TaskRoleArn is the gateway's own role.
	TaskRoleArn pulumi.StringOutput `pulumi:"taskRoleArn"`
	// LogGroup is where the tasks log.
	LogGroup pulumi.StringOutput `pulumi:"logGroup"`
	// TaskSecurityGroups are the tasks' security groups, given or made here.
	TaskSecurityGroups pulumi.StringArrayOutput `pulumi:"taskSecurityGroups"`
	// BrokerTaskDefinitionArn is the broker's revision that runs, compared with the one registered; empty without a broker.
	BrokerTaskDefinitionArn pulumi.StringOutput `pulumi:"brokerTaskDefinitionArn"`
	// ClusterDnsName is the name at which the tasks find each other, or their broker; empty without clustering.
	ClusterDnsName pulumi.StringOutput `pulumi:"clusterDnsName"`
	// Url is https:// or http:// and the first name of the load balancer made here, by loadBalancer.dns or else its own; empty without
	// a load balancer. A given certificate is for a name of yours: point that name to the load balancer.
	Url pulumi.StringOutput `pulumi:"url"`
	// LoadBalancerArn is what a web ACL of AWS WAF is associated with; empty without a load balancer made here.
	LoadBalancerArn pulumi.StringOutput `pulumi:"loadBalancerArn"`
	// LoadBalancerDnsName is what an alias record of Route 53 points to; empty without a load balancer made here.
	LoadBalancerDnsName pulumi.StringOutput `pulumi:"loadBalancerDnsName"`
	// LoadBalancerZoneId is the zone of LoadBalancerDnsName, which the alias record names, too.
	LoadBalancerZoneId pulumi.StringOutput `pulumi:"loadBalancerZoneId"`
	// CertificateArn is the certificate of the load balancer made here, given or made here; empty without one.
	CertificateArn pulumi.StringOutput `pulumi:"certificateArn"`
	// LoadBalancerSecurityGroups are the groups of the load balancer made here, given or made here.
	LoadBalancerSecurityGroups pulumi.StringArrayOutput `pulumi:"loadBalancerSecurityGroups"`
}

// NewEcsService makes the service and what belongs to it.
func NewEcsService(ctx *pulumi.Context, name string, args *EcsServiceArgs, opts ...pulumi.ResourceOption) (*EcsService, error) {
	if err := component.Refuse(EcsServiceType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	documents, err := args.taskRoleDocuments()
	if err != nil {
		return nil, fmt.Errorf("%s: documents of the task role: %w", name, err)
	}
	c := &EcsService{}
	in, err := component.Register(ctx, EcsServiceType, name, c, opts...)
	if err != nil {
		return nil, err
	}

	logGroup, err := args.newLogGroup(in)
	if err != nil {
		return nil, err
	}
	secrets, err := args.newSecrets(in)
	if err != nil {
		return nil, err
	}
	rights, err := args.newExecutionRights(in, logGroup, secrets)
	if err != nil {
		return nil, err
	}
	role, err := args.newTaskRole(in, documents)
	if err != nil {
		return nil, err
	}
	network, err := args.newNetwork(in)
	if err != nil {
		return nil, err
	}
	if err := args.newFrontGuard(in); err != nil {
		return nil, err
	}
	front, err := args.newFront(in, network.balancerGroups)
	if err != nil {
		return nil, err
	}
	registry, err := args.newRegistry(in)
	if err != nil {
		return nil, err
	}

	// IAM is eventually consistent, and without the rules nothing is let through: without these waits the first tasks fail to pull.
	toStart := slices.Concat([]pulumi.Resource{rights}, args.DependsOn, network.rules)
	brokerArn, err := args.newBroker(in, logGroup, secrets, network, registry, toStart)
	if err != nil {
		return nil, err
	}
	definition, err := args.newTaskDefinition(in, logGroup, secrets, role)
	if err != nil {
		return nil, err
	}
	// ECS refuses a target group that no listener uses yet.
	toServe := slices.Concat(toStart, role.rights, front.listeners)
	service, err := args.newService(in, definition, network, front, registry, toServe)
	if err != nil {
		return nil, err
	}
	// The names lead to another load balancer only once the service has moved there.
	if err := args.LoadBalancer.newRecords(in, front, service); err != nil {
		return nil, err
	}
	if err := args.newAutoscaling(in, service, front); err != nil {
		return nil, err
	}
	if err := args.newAlarms(in, service, front); err != nil {
		return nil, err
	}

	c.ServiceName, c.LogGroup, c.TaskRoleArn = service.Name, logGroup.Name, role.arn
	c.TaskDefinitionArn, c.BrokerTaskDefinitionArn = args.runningTaskDefinition(in, service, definition, network), brokerArn
	c.TaskSecurityGroups, c.ClusterDnsName = network.taskGroups.ToStringArrayOutput(), args.clusterDnsName()
	c.Url, c.LoadBalancerDnsName, c.LoadBalancerZoneId = front.url, front.dnsName, front.zoneId
	c.LoadBalancerArn, c.CertificateArn = front.arn, front.certificateArn
	c.LoadBalancerSecurityGroups = network.balancerGroups.ToStringArrayOutput()
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"serviceName": c.ServiceName, "taskDefinitionArn": c.TaskDefinitionArn, "brokerTaskDefinitionArn": c.BrokerTaskDefinitionArn,
		"taskRoleArn": c.TaskRoleArn, "taskSecurityGroups": c.TaskSecurityGroups,
		"logGroup": c.LogGroup, "clusterDnsName": c.ClusterDnsName,
		"url": c.Url, "loadBalancerArn": c.LoadBalancerArn,
		"loadBalancerDnsName": c.LoadBalancerDnsName, "loadBalancerZoneId": c.LoadBalancerZoneId,
		"certificateArn":             c.CertificateArn,
		"loadBalancerSecurityGroups": c.LoadBalancerSecurityGroups,
	})
}

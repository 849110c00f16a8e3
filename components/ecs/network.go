package ecs

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/awsec2"
	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// The most that a task's network interface takes (Amazon ECS API, AwsVpcConfiguration).
const (
	maxSubnets        = 16
	maxSecurityGroups = 5
)

func (a *EcsServiceArgs) validateNetwork(p *field.Path) field.ErrorList {
	errs := check.Ids(p.Child("subnets"), a.Subnets, check.Subnet)
	if len(a.Subnets) > maxSubnets {
		errs = append(errs, field.TooMany(p.Child("subnets"), len(a.Subnets), maxSubnets))
	}
	errs = append(errs, a.validateTaskGroups(p)...)
	errs = append(errs, check.Optional(p.Child("vpcId"), a.VpcId, check.Vpc)...)
	if a.VpcId == "" && (len(a.SecurityGroups) == 0 || a.LoadBalancer != nil || a.Clustering != nil) {
		errs = append(errs, field.Required(p.Child("vpcId"),
			"the VPC of the subnets, for the security groups, the load balancer and the DNS zone made here"))
	}
	return append(errs, check.Cidrs(p.Child("vpcCidrs"), a.VpcCidrs)...)
}

// validateTaskGroups checks the security groups of the tasks, or who may reach the tasks where one is made.
func (a *EcsServiceArgs) validateTaskGroups(p *field.Path) field.ErrorList {
	groupsPath, clientsPath := p.Child("securityGroups"), p.Child("clientSecurityGroups")
	errs := check.OptionalIds(groupsPath, a.SecurityGroups, check.SecurityGroup)
	errs = append(errs, check.OptionalIds(clientsPath, a.ClientSecurityGroups, check.SecurityGroup)...)
	if len(a.SecurityGroups) > maxSecurityGroups {
		errs = append(errs, field.TooMany(groupsPath, len(a.SecurityGroups), maxSecurityGroups))
	}
	switch {
	case len(a.SecurityGroups) > 0 && len(a.ClientSecurityGroups) > 0:
		errs = append(errs, field.Forbidden(clientsPath,
			fmt.Sprintf("the given %s decide who reaches the tasks; remove one of them", groupsPath)))
	case len(a.SecurityGroups) == 0 && len(a.ClientSecurityGroups) == 0 && a.TargetGroupArn != "":
		errs = append(errs, field.Required(clientsPath, fmt.Sprintf(
			"the security group of the load balancer of %s, which must reach the tasks; or give %s that let it in",
			p.Child("targetGroupArn"), groupsPath)))
	}
	return errs
}

// taskNetwork is what tasks need of their network.
type taskNetwork struct {
	// taskGroups are the security groups of the tasks.
	taskGroups pulumi.StringArray
	// balancerGroups are those of the load balancer made here.
	balancerGroups pulumi.StringArray
	// rules must exist before a task can start.
	rules []pulumi.Resource
}

// newNetwork makes the security groups that were not given, and their rules.
func (a *EcsServiceArgs) newNetwork(in component.Scope) (taskNetwork, error) {
	balancer, err := a.balancerGroups(in)
	if err != nil {
		return taskNetwork{}, err
	}
	tasks, err := a.groups(in, a.SecurityGroups, "tasks", "The tasks of the Bifrost gateway.")
	if err != nil {
		return taskNetwork{}, err
	}
	rules, err := newRules(in, a.groupRules(tasks, balancer))
	return taskNetwork{taskGroups: tasks.ids, balancerGroups: balancer.ids, rules: rules}, err
}

// securityGroups are given ones, or one that is made here.
type securityGroups struct {
	ids pulumi.StringArray
	// made is nil where groups were given.
	made *awsec2.SecurityGroup
}

// balancerGroups are the security groups of the load balancer; none without one.
func (a *EcsServiceArgs) balancerGroups(in component.Scope) (securityGroups, error) {
	if a.LoadBalancer == nil {
		return securityGroups{}, nil
	}
	return a.groups(in, a.LoadBalancer.SecurityGroups, "lb", "The load balancer of the Bifrost gateway.")
}

func (a *EcsServiceArgs) groups(in component.Scope, given []string, what, description string) (securityGroups, error) {
	if len(given) > 0 {
		return securityGroups{ids: pulumi.ToStringArray(given)}, nil
	}
	group, err := awsec2.NewSecurityGroup(in.Ctx, in.Child(what), awsec2.SecurityGroupArgs{
		Description: pulumi.String(description),
		VpcId:       pulumi.String(a.VpcId),
		Tags:        pulumi.StringMap{"Name": pulumi.String(a.name() + "-" + what)},
	}, in.Options()...)
	if err != nil {
		return securityGroups{}, fmt.Errorf("security group %s: %w", in.Child(what), err)
	}
	return securityGroups{ids: pulumi.StringArray{group.ID().ToStringOutput()}, made: group}, nil
}

// groupRules are what the security groups made here let through. Tasks may go anywhere: providers, databases and stores are where the
// gateway's configuration says. What comes in is named.
func (a *EcsServiceArgs) groupRules(tasks, balancer securityGroups) []groupRule {
	if tasks.made == nil {
		return nil
	}
	out := groupRule{name: "out", description: "Image, logs, secrets, providers, stores", outgoing: true, protocol: "-1", cidr: anywhere}
	rules := rulesOf(tasks, "tasks", append([]groupRule{out}, a.taskRules(tasks, balancer)...))
	if balancer.made == nil {
		return rules
	}
	toTasks := tcp("to-tasks", "Requests and checks", gateway.Port, tasks.ids[0])
	toTasks.outgoing = true
	return slices.Concat(rules, rulesOf(balancer, "lb", append([]groupRule{toTasks}, a.balancerRules()...)))
}

// taskRules are who reaches the tasks: the load balancer, the clients, and each other, directly or through the broker among them.
func (a *EcsServiceArgs) taskRules(tasks, balancer securityGroups) []groupRule {
	var rules []groupRule
	if balancer.made != nil {
		rules = append(rules, tcp("from-lb", "Requests", gateway.Port, balancer.ids[0]))
	}
	for _, id := range a.requesters() {
		rules = append(rules, tcp("from-"+id, "Requests", gateway.Port, pulumi.String(id)))
	}
	if a.brokered() {
		rules = append(rules, tcp(fmt.Sprintf("broker-tcp-%d", gateway.BrokerPort),
			"Tasks to the broker of their cluster", gateway.BrokerPort, tasks.ids[0]))
	}
	if a.meshed() {
		for _, p := range clusterPorts {
			rule := tcp(fmt.Sprintf("cluster-%s-%d", p.protocol, p.port), "Other tasks of the cluster", p.port, tasks.ids[0])
			rule.protocol = p.protocol
			rules = append(rules, rule)
		}
	}
	return rules
}

// requesters are the given security groups that may reach the tasks: the load balancer's and the clients', each once.
func (a *EcsServiceArgs) requesters() []string {
	var all []string
	if a.LoadBalancer != nil {
		all = append(all, a.LoadBalancer.SecurityGroups...)
	}
	for _, id := range a.ClientSecurityGroups {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// balancerRules are who reaches the load balancer, on the port that it listens on.
func (a *EcsServiceArgs) balancerRules() []groupRule {
	cidrs := a.LoadBalancer.AllowedCidrs
	if a.LoadBalancer.openToVpc() {
		cidrs = a.VpcCidrs
	}
	var rules []groupRule
	for _, cidr := range cidrs {
		port := a.LoadBalancer.port()
		rule := tcp(fmt.Sprintf("from-%s-%d", cidr, port), "Clients", port, nil)
		rule.cidr = cidr
		rules = append(rules, rule)
	}
	return rules
}

package ecs

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/awsec2"
	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// anywhere is every IPv4 address.
const anywhere = "0.0.0.0/0"

func (a *EcsServiceArgs) validateNetwork() field.ErrorList {
	errs := ValidateSubnets(field.NewPath("subnets"), a.Subnets)
	errs = append(errs, ValidateTaskGroups(field.NewPath("securityGroups"), field.NewPath("clientSecurityGroups"), field.NewPath("targetGroupArn"), a.SecurityGroups, a.ClientSecurityGroups, a.TargetGroupArn)...)
	errs = append(errs, check.Optional(field.NewPath("vpcId"), a.VpcId, check.Vpc)...)
	if a.VpcId == "" && (len(a.SecurityGroups) == 0 || a.LoadBalancer != nil || a.Clustering != nil) {
		errs = append(errs, field.Required(field.NewPath("vpcId"), "the VPC of the subnets, for the security groups, the load balancer and the DNS zone made here"))
	}
	errs = append(errs, check.Cidrs(field.NewPath("vpcCidrs"), a.VpcCidrs)...)
	errs = append(errs, check.Arn(field.NewPath("targetGroupArn"), a.TargetGroupArn, check.TargetGroupArn)...)
	errs = append(errs, check.Arn(field.NewPath("loadBalancerArn"), a.LoadBalancerArn, check.LoadBalancerArn)...)
	if (a.TargetGroupArn == "") != (a.LoadBalancerArn == "") {
		errs = append(errs, field.Required(field.NewPath("loadBalancerArn"), "goes with targetGroupArn: the load balancer that the target group hangs on"))
	}
	if a.LoadBalancer == nil {
		return errs
	}
	p := field.NewPath("loadBalancer")
	if a.TargetGroupArn != "" {
		errs = append(errs, field.Forbidden(p, "targetGroupArn names an existing load balancer's target group; remove one of them"))
	}
	if a.LoadBalancer.openToVpc() && len(a.VpcCidrs) == 0 {
		errs = append(errs, field.Required(field.NewPath("vpcCidrs"), "who may reach an internal load balancer without allowedCidrs or securityGroups"))
	}
	return append(errs, a.LoadBalancer.Validate(p, a.SecurityGroups)...)
}

// The most that a task's network interface takes (Amazon ECS API, AwsVpcConfiguration).
const (
	maxSubnets        = 16
	maxSecurityGroups = 5
)

// ValidateSubnets checks the subnets of the tasks, 1 to 16.
func ValidateSubnets(p *field.Path, subnets []string) field.ErrorList {
	errs := check.Ids(p, subnets, check.Subnet)
	if len(subnets) > maxSubnets {
		errs = append(errs, field.TooMany(p, len(subnets), maxSubnets))
	}
	return errs
}

// ValidateTaskGroups checks the security groups of the tasks, or who may reach the tasks where one is made.
func ValidateTaskGroups(groupsPath, clientsPath, targetGroupPath *field.Path, groups, clients []string, targetGroupArn string) field.ErrorList {
	errs := check.OptionalIds(groupsPath, groups, check.SecurityGroup)
	errs = append(errs, check.OptionalIds(clientsPath, clients, check.SecurityGroup)...)
	if len(groups) > maxSecurityGroups {
		errs = append(errs, field.TooMany(groupsPath, len(groups), maxSecurityGroups))
	}
	switch {
	case len(groups) > 0 && len(clients) > 0:
		errs = append(errs, field.Forbidden(clientsPath, fmt.Sprintf("the given %s decide who reaches the tasks; remove one of them", groupsPath)))
	case len(groups) == 0 && len(clients) == 0 && targetGroupArn != "":
		errs = append(errs, field.Required(clientsPath, fmt.Sprintf("the security group of the load balancer of %s, which must reach the tasks; or give %s that let it in", targetGroupPath, groupsPath)))
	}
	return errs
}

// ecsNetwork are the security groups: of the tasks, and of the load balancer made here.
type ecsNetwork struct {
	taskGroups pulumi.StringArray
	lbGroups   pulumi.StringArray
	// madeForLB is the load balancer's group where it was made here.
	madeForLB *awsec2.SecurityGroup
	// rules must exist before a task can start.
	rules []pulumi.Resource
}

// groupRule is one thing that a security group lets through: TCP or UDP on a port, to or from another group or addresses.
type groupRule struct {
	name, description string
	// protocol "-1" is everything, and then there is no port.
	protocol string
	port     int
	group    pulumi.StringInput
	cidr     string
}

// newNetwork makes the security groups that were not given. Tasks may go anywhere: providers, databases and stores are where the
// gateway's configuration says. What comes in is named.
func (a *EcsServiceArgs) newNetwork(ctx *pulumi.Context, name string, parent pulumi.Resource) (*ecsNetwork, error) {
	n := &ecsNetwork{taskGroups: pulumi.ToStringArray(a.SecurityGroups)}
	if a.LoadBalancer != nil {
		n.lbGroups = pulumi.ToStringArray(a.LoadBalancer.SecurityGroups)
		if len(n.lbGroups) == 0 {
			group, err := a.newGroup(ctx, name+"-lb", "The load balancer of the Bifrost gateway.", "-lb", parent)
			if err != nil {
				return nil, err
			}
			n.madeForLB, n.lbGroups = group, pulumi.StringArray{group.ID().ToStringOutput()}
		}
	}
	if len(n.taskGroups) > 0 {
		return n, nil
	}
	tasks, err := a.newGroup(ctx, name+"-tasks", "The tasks of the Bifrost gateway.", "-tasks", parent)
	if err != nil {
		return nil, err
	}
	n.taskGroups = pulumi.StringArray{tasks.ID().ToStringOutput()}

	out := groupRule{name: "out", description: "Image, logs, secrets, providers, stores", protocol: "-1", cidr: anywhere}
	if err := n.allowOut(ctx, name+"-tasks", tasks, out, parent); err != nil {
		return nil, err
	}
	for _, rule := range a.taskRules(n) {
		if err := n.allowIn(ctx, name+"-tasks", tasks, rule, parent); err != nil {
			return nil, err
		}
	}
	if n.madeForLB == nil {
		return n, nil
	}
	toTasks := groupRule{name: "to-tasks", description: "Requests and checks", protocol: "tcp", port: gateway.Port, group: tasks.ID().ToStringOutput()}
	if err := n.allowOut(ctx, name+"-lb", n.madeForLB, toTasks, parent); err != nil {
		return nil, err
	}
	for _, rule := range a.lbRules() {
		if err := n.allowIn(ctx, name+"-lb", n.madeForLB, rule, parent); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// taskRules are who reaches the tasks: the load balancer, the clients, and each other, directly or through the broker among them.
func (a *EcsServiceArgs) taskRules(n *ecsNetwork) []groupRule {
	var rules []groupRule
	requests := func(from string, group pulumi.StringInput) {
		rules = append(rules, groupRule{name: "from-" + from, description: "Requests", protocol: "tcp", port: gateway.Port, group: group})
	}
	switch {
	case n.madeForLB != nil:
		requests("lb", n.lbGroups[0])
	case a.LoadBalancer != nil:
		for _, id := range a.LoadBalancer.SecurityGroups {
			requests(id, pulumi.String(id))
		}
	}
	for _, id := range a.ClientSecurityGroups {
		if a.LoadBalancer == nil || !slices.Contains(a.LoadBalancer.SecurityGroups, id) {
			requests(id, pulumi.String(id))
		}
	}
	if a.brokered() {
		rules = append(rules, groupRule{
			name: fmt.Sprintf("broker-tcp-%d", gateway.BrokerPort), description: "Tasks to the broker of their cluster",
			protocol: "tcp", port: gateway.BrokerPort, group: n.taskGroups[0],
		})
	}
	if a.meshed() {
		for _, p := range ecsClusterPorts {
			rules = append(rules, groupRule{
				name: fmt.Sprintf("cluster-%s-%d", p.protocol, p.port), description: "Other tasks of the cluster",
				protocol: p.protocol, port: p.port, group: n.taskGroups[0],
			})
		}
	}
	return rules
}

// lbRules are who reaches the load balancer, on the ports that it listens on.
func (a *EcsServiceArgs) lbRules() []groupRule {
	cidrs := a.LoadBalancer.AllowedCidrs
	if a.LoadBalancer.openToVpc() {
		cidrs = a.VpcCidrs
	}
	var rules []groupRule
	for _, cidr := range cidrs {
		for _, port := range a.LoadBalancer.ports() {
			rules = append(rules, groupRule{name: "from-" + cidr + "-" + strconv.Itoa(port), description: "Clients", protocol: "tcp", port: port, cidr: cidr})
		}
	}
	return rules
}

func (a *EcsServiceArgs) newGroup(ctx *pulumi.Context, logical, description, suffix string, parent pulumi.Resource) (*awsec2.SecurityGroup, error) {
	group, err := awsec2.NewSecurityGroup(ctx, logical, awsec2.SecurityGroupArgs{
		Description: pulumi.String(description),
		VpcId:       pulumi.String(a.VpcId),
		Tags:        pulumi.StringMap{"Name": pulumi.String(a.name() + suffix)},
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("security group %s: %w", logical, err)
	}
	return group, nil
}

func (n *ecsNetwork) allowIn(ctx *pulumi.Context, logical string, group *awsec2.SecurityGroup, r groupRule, parent pulumi.Resource) error {
	rule, err := vpc.NewSecurityGroupIngressRule(ctx, logical+"-"+r.name, &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(), Description: pulumi.String(r.description), IpProtocol: pulumi.String(r.protocol),
		FromPort: r.portInput(), ToPort: r.portInput(), CidrIpv4: component.OptionalString(r.cidr), ReferencedSecurityGroupId: r.groupInput(),
	}, pulumi.Parent(parent))
	return n.addRule(logical, r, rule, err)
}

func (n *ecsNetwork) allowOut(ctx *pulumi.Context, logical string, group *awsec2.SecurityGroup, r groupRule, parent pulumi.Resource) error {
	rule, err := vpc.NewSecurityGroupEgressRule(ctx, logical+"-"+r.name, &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: group.ID(), Description: pulumi.String(r.description), IpProtocol: pulumi.String(r.protocol),
		FromPort: r.portInput(), ToPort: r.portInput(), CidrIpv4: component.OptionalString(r.cidr), ReferencedSecurityGroupId: r.groupInput(),
	}, pulumi.Parent(parent))
	return n.addRule(logical, r, rule, err)
}

func (n *ecsNetwork) addRule(logical string, r groupRule, rule pulumi.Resource, err error) error {
	if err != nil {
		return fmt.Errorf("security group %s: rule %s: %w", logical, r.name, err)
	}
	n.rules = append(n.rules, rule)
	return nil
}

func (r groupRule) portInput() pulumi.IntPtrInput {
	if r.port == 0 {
		return nil
	}
	return pulumi.Int(r.port)
}

func (r groupRule) groupInput() pulumi.StringPtrInput {
	if r.group == nil {
		return nil
	}
	return r.group.ToStringOutput().ToStringPtrOutput()
}

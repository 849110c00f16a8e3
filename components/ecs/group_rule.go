package ecs

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/awsec2"
	"bifrost/internal/component"
)

// anywhere is every IPv4 address.
const anywhere = "0.0.0.0/0"

// groupRule is one thing that a security group lets through.
type groupRule struct {
	// group has the rule.
	group *awsec2.SecurityGroup
	// of is the group's part of the logical name, such as tasks.
	of string
	// name is the rule's part of the logical name, such as from-lb.
	name string
	// description is what AWS shows.
	description string
	// outgoing tells whether the members of the group reach the other side, and not the other side them.
	outgoing bool
	// protocol is tcp, udp or -1, which is everything.
	protocol string
	// port is 0 where the protocol is everything.
	port int
	// peer is the security group on the other side; nil where addresses are.
	peer pulumi.StringInput
	// cidr are the addresses on the other side; empty where a group is.
	cidr string
}

// tcp is a rule for a port, with a group on the other side.
func tcp(name, description string, port int, peer pulumi.StringInput) groupRule {
	return groupRule{name: name, description: description, protocol: "tcp", port: port, peer: peer}
}

// rulesOf gives rules to a group.
func rulesOf(groups securityGroups, of string, rules []groupRule) []groupRule {
	for i := range rules {
		rules[i].group, rules[i].of = groups.made, of
	}
	return rules
}

func newRules(in component.Scope, rules []groupRule) ([]pulumi.Resource, error) {
	var made []pulumi.Resource
	for _, r := range rules {
		rule, err := r.register(in)
		if err != nil {
			return nil, fmt.Errorf("security group %s: rule %s: %w", in.Child(r.of), r.name, err)
		}
		made = append(made, rule)
	}
	return made, nil
}

func (r groupRule) register(in component.Scope) (pulumi.Resource, error) {
	logical := in.Child(r.of + "-" + r.name)
	if r.outgoing {
		return vpc.NewSecurityGroupEgressRule(in.Ctx, logical, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: r.group.ID(), Description: pulumi.String(r.description), IpProtocol: pulumi.String(r.protocol),
			FromPort: r.portInput(), ToPort: r.portInput(),
			CidrIpv4: component.OptionalString(r.cidr), ReferencedSecurityGroupId: r.peerInput(),
		}, in.Options()...)
	}
	return vpc.NewSecurityGroupIngressRule(in.Ctx, logical, &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: r.group.ID(), Description: pulumi.String(r.description), IpProtocol: pulumi.String(r.protocol),
		FromPort: r.portInput(), ToPort: r.portInput(),
		CidrIpv4: component.OptionalString(r.cidr), ReferencedSecurityGroupId: r.peerInput(),
	}, in.Options()...)
}

func (r groupRule) portInput() pulumi.IntPtrInput {
	if r.port == 0 {
		return nil
	}
	return pulumi.Int(r.port)
}

func (r groupRule) peerInput() pulumi.StringPtrInput {
	if r.peer == nil {
		return nil
	}
	return r.peer.ToStringOutput().ToStringPtrOutput()
}

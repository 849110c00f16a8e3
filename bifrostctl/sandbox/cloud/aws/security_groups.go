package aws

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// securityGroup follows terraform-provider-aws, internal/service/ec2/vpc_security_group.go: EC2 gives a new group a rule that lets
// everything out, and the provider takes it away.
func securityGroup() *double.Type {
	return taggable(&double.Type{
		Args:  structOf[securityGroupArgs]{},
		Name:  named("name"),
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			double.Default(in, "description", "Managed by Pulumi")
			checkTexts(pulumitype.AwsSecurityGroup, in, fail)
			if strings.HasPrefix(double.String(in, "name"), "sg-") {
				fail("name", "invalid value for name (cannot begin with sg-)")
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name, vpcID := prefixed(c, in), double.String(in, "vpcId")
			failed := func(format string, args ...any) (string, double.Object, error) {
				return "", nil, fmt.Errorf("creating Security Group (%s): %s", name, fmt.Sprintf(format, args...))
			}
			if c.World.Get(pulumitype.AwsVpc, regional(c), vpcID) == nil {
				return failed("InvalidVpcID.NotFound: The vpc ID '%s' does not exist", vpcID)
			}
			for _, other := range c.World.List(pulumitype.AwsSecurityGroup, regional(c)) {
				if other.State["name"] == name && other.State["vpcId"] == vpcID {
					return failed("InvalidGroup.Duplicate: The security group '%s' already exists for VPC '%s'", name, vpcID)
				}
			}
			id := "sg-" + world.Hex(17, "security group", c.World.Next())
			s := state(in, double.Object{"name": name, "arn": sessionOf(c).arn("ec2", "security-group/"+id),
				"ownerId": sessionOf(c).account})
			double.Default(s, "ingress", []any{})
			double.Default(s, "egress", []any{})
			return id, s, nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			if user := userOfGroup(c, r.ID); user != "" {
				return fmt.Errorf("deleting Security Group (%s): DependencyViolation: resource %s has a dependent object (%s)", r.ID, r.ID,
					user)
			}
			for _, typ := range []string{pulumitype.AwsIngressRule, pulumitype.AwsEgressRule} {
				for _, rule := range c.World.List(typ, regional(c)) {
					if rule.State["securityGroupId"] == r.ID {
						c.World.Remove(rule)
					}
				}
			}
			return nil
		},
	})
}

// userOfGroup names what keeps a security group from being deleted: network interfaces, and rules of other groups.
func userOfGroup(c *double.Call, id string) string {
	for _, lb := range c.World.List(pulumitype.AwsLoadBalancer, regional(c)) {
		if slices.Contains(double.List(lb.State, "securityGroups"), any(id)) {
			return "load balancer " + lb.ID
		}
	}
	for _, s := range c.World.List(pulumitype.AwsEcsService, regional(c)) {
		if slices.Contains(double.List(s.State, "networkConfiguration.securityGroups"), any(id)) {
			return "tasks of service " + s.ID
		}
	}
	for _, typ := range []string{pulumitype.AwsIngressRule, pulumitype.AwsEgressRule} {
		for _, rule := range c.World.List(typ, regional(c)) {
			if rule.State["referencedSecurityGroupId"] == id && rule.State["securityGroupId"] != id {
				return "rule " + rule.ID
			}
		}
	}
	return ""
}

// groupRule is a rule of a security group as a resource of its own (terraform-provider-aws,
// internal/service/ec2/vpc_security_group_ingress_rule.go).
func groupRule(args double.Args, typ string) *double.Type {
	return taggable(&double.Type{
		Args:  args,
		Scope: regional,
		// A rule keeps its kind of peer (vpc_security_group_ingress_rule.go, ModifyPlan).
		Broken: func(c *double.Call, id string, after double.Object) string {
			r := c.World.Get(typ, regional(c), id)
			if r == nil || peerKind(r.State) == peerKind(after) {
				return ""
			}
			return peerKind(after)
		},
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkPeer(in, fail)
			checkPorts(in, fail)
			checkTexts(typ, in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			if err := checkRule(c, typ, "", in); err != nil {
				return "", nil, fmt.Errorf("creating VPC Security Group Rule: %w", err)
			}
			id := "sgr-" + world.Hex(17, "rule", c.World.Next())
			return id, state(in, double.Object{"arn": sessionOf(c).arn("ec2", "security-group-rule/"+id), "securityGroupRuleId": id}), nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := checkRule(c, typ, r.ID, in); err != nil {
				return nil, fmt.Errorf("updating VPC Security Group Rule (%s): %w", r.ID, err)
			}
			return double.Overlay(r.State, r.Inputs, in), nil
		},
	})
}

func ingressRule() *double.Type {
	return groupRule(vpc.SecurityGroupIngressRuleArgs{}, pulumitype.AwsIngressRule)
}
func egressRule() *double.Type {
	return groupRule(vpc.SecurityGroupEgressRuleArgs{}, pulumitype.AwsEgressRule)
}

var peers = []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}

// peerKind is the property that names who is at the other end of a rule.
func peerKind(in double.Object) string {
	i := slices.IndexFunc(peers, func(peer string) bool { return in[peer] != nil })
	if i < 0 {
		return ""
	}
	return peers[i]
}

func checkPeer(in double.Object, fail double.Fail) {
	given := 0
	for _, peer := range peers {
		if in[peer] != nil {
			given++
		}
	}
	if given != 1 {
		fail(peers[0], "Invalid Attribute Combination: Exactly one of these attributes must be configured: [%s]", strings.Join(peers, ","))
	}
	if text := double.String(in, "cidrIpv4"); text != "" {
		if block, err := netip.ParsePrefix(text); err != nil || !block.Addr().Is4() || block.Masked() != block {
			fail("cidrIpv4", "%q is not a valid IPv4 CIDR block", text)
		}
	}
}

// checkPorts: EC2 API reference, IpPermission.
func checkPorts(in double.Object, fail double.Fail) {
	protocol := double.String(in, "ipProtocol")
	from, to := in["fromPort"], in["toPort"]
	switch {
	case protocol != "tcp" && protocol != "udp":
		return
	case from == nil || to == nil:
		fail("fromPort", "InvalidParameterValue: Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		return
	}
	least, ok1 := from.(float64)
	most, ok2 := to.(float64)
	if ok1 && ok2 && (least < 0 || most > 65535 || least > most) {
		fail("fromPort", "InvalidParameterValue: Invalid value '%v-%v' for portRange. Must be from 0 to 65535, the least first.", least,
			most)
	}
}

func checkRule(c *double.Call, typ, id string, in double.Object) error {
	group := c.World.Get(pulumitype.AwsSecurityGroup, regional(c), double.String(in, "securityGroupId"))
	if group == nil {
		return fmt.Errorf("InvalidGroup.NotFound: The security group '%s' does not exist", double.String(in, "securityGroupId"))
	}
	if other := double.String(in, "referencedSecurityGroupId"); other != "" {
		peer := c.World.Get(pulumitype.AwsSecurityGroup, regional(c), other)
		if peer == nil {
			return fmt.Errorf("InvalidGroup.NotFound: The security group '%s' does not exist", other)
		}
		if peer.State["vpcId"] != group.State["vpcId"] {
			return fmt.Errorf("InvalidParameterValue: You have specified two resources that belong to different networks: %s and %s",
				group.ID, other)
		}
	}
	for _, rule := range c.World.List(typ, regional(c)) {
		if rule.ID != id && sameRule(rule.State, in) {
			return fmt.Errorf("InvalidPermission.Duplicate: the specified rule %q already exists", ruleWords(in))
		}
	}
	return nil
}

func sameRule(a, b double.Object) bool {
	return !slices.ContainsFunc(append([]string{"securityGroupId", "ipProtocol", "fromPort", "toPort"}, peers...), func(key string) bool {
		return a[key] != b[key]
	})
}

func ruleWords(in double.Object) string {
	peer := ""
	for _, key := range peers {
		peer += double.String(in, key)
	}
	if in["ipProtocol"] == "-1" {
		return fmt.Sprintf("peer: %s, ALL, ALLOW", peer)
	}
	return fmt.Sprintf("peer: %s, %s, from port: %v, to port: %v, ALLOW", peer, strings.ToUpper(double.String(in, "ipProtocol")),
		in["fromPort"], in["toPort"])
}

// opening is what one rule of a security group lets through, in one direction.
type opening struct {
	protocol string
	from, to float64
	blocks   []any
	groups   []any
}

// peerOf is who is at the other end: its security groups, or its prefix list, and the addresses that it may have.
type peerOf struct {
	groups []any
	block  string
}

// anywhere is any address of the internet.
const anywhere = "0.0.0.0/0"

// lets tells whether some rule of the groups lets the protocol and port through, in the direction "ingress" or "egress".
func lets(c *double.Call, groups []any, direction, protocol string, port float64, peer peerOf) bool {
	for _, id := range groups {
		text, _ := id.(string)
		for _, o := range openings(c, text, direction) {
			if o.fits(protocol, port) && (overlap(o.groups, peer.groups) || slices.ContainsFunc(o.blocks, func(b any) bool {
				return covers(b, peer.block)
			})) {
				return true
			}
		}
	}
	return false
}

func (o opening) fits(protocol string, port float64) bool {
	return o.protocol == "-1" || o.protocol == protocol && port >= o.from && port <= o.to
}

func overlap(a, b []any) bool {
	return slices.ContainsFunc(a, func(v any) bool { return v != nil && slices.Contains(b, v) })
}

// covers tells whether all addresses of a block are in another.
func covers(block any, inner string) bool {
	text, _ := block.(string)
	outer, err1 := netip.ParsePrefix(text)
	small, err2 := netip.ParsePrefix(inner)
	return err1 == nil && err2 == nil && outer.Bits() <= small.Bits() && outer.Contains(small.Addr())
}

// openings are the rules of a group in one direction: its own, and those that are resources of their own.
func openings(c *double.Call, id, direction string) []opening {
	group := c.World.Get(pulumitype.AwsSecurityGroup, regional(c), id)
	if group == nil {
		return nil
	}
	var all []opening
	for _, v := range double.List(group.State, direction) {
		rule, _ := v.(double.Object)
		o := opening{protocol: double.String(rule, "protocol"), blocks: double.List(rule, "cidrBlocks"),
			groups: double.List(rule, "securityGroups")}
		o.from, _ = rule["fromPort"].(float64)
		o.to, _ = rule["toPort"].(float64)
		if rule["self"] == true {
			o.groups = append(slices.Clone(o.groups), id)
		}
		all = append(all, o)
	}
	typ := map[string]string{"ingress": pulumitype.AwsIngressRule, "egress": pulumitype.AwsEgressRule}[direction]
	for _, r := range c.World.List(typ, regional(c)) {
		if r.State["securityGroupId"] != id {
			continue
		}
		o := opening{protocol: double.String(r.State, "ipProtocol"), blocks: []any{r.State["cidrIpv4"]},
			groups: []any{r.State["referencedSecurityGroupId"], r.State["prefixListId"]}}
		o.from, _ = r.State["fromPort"].(float64)
		o.to, _ = r.State["toPort"].(float64)
		all = append(all, o)
	}
	return all
}

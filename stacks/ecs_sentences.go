package stacks

import (
	"fmt"
	"strings"

	"bifrost/components/ecs"
	"bifrost/image"
	"bifrost/internal/gateway"
	"bifrost/internal/iampolicy"
	"bifrost/internal/partition"
)

// The sentences about the place of the tasks. Those that return an error stop the stack; the others are told as warnings.

// The cluster.

func noEcsCluster(c *Config, err error) error {
	return fmt.Errorf("ecs.clusterName: there is no cluster %s in %s, or it cannot be read: %w; "+
		"make it with `aws ecs create-cluster --region %s --cluster-name %s`, or set %s:ecs.clusterName",
		c.Ecs.ClusterName, c.Aws.Region, err, c.Aws.Region, c.Ecs.ClusterName, Project)
}

func deletedEcsCluster(c *Config, status string) error {
	return fmt.Errorf("ecs.clusterName: cluster %s is %s, as ECS calls a deleted one; "+
		"make it again with `aws ecs create-cluster --region %s --cluster-name %s`, or set %s:ecs.clusterName",
		c.Ecs.ClusterName, status, c.Aws.Region, c.Ecs.ClusterName, Project)
}

func noInsights(c *Config) error {
	return fmt.Errorf("ecs.alarms: cluster %s has no Container Insights, which counts desired and running tasks; "+
		"turn it on with `aws ecs update-cluster-settings --region %s --cluster %s --settings name=containerInsights,value=enabled`, "+
		"or remove %s:ecs.alarms", c.Ecs.ClusterName, c.Aws.Region, c.Ecs.ClusterName, Project)
}

// What is given.

func groupsBeforeBroker(groups string) string {
	return fmt.Sprintf("ecs.securityGroups: see that %s let the tasks reach the broker, or no cluster forms: TCP %d",
		groups, gateway.BrokerPort)
}

func groupsBetweenTasks(groups string) string {
	return fmt.Sprintf("ecs.securityGroups: see that %s let the tasks reach each other, or no cluster forms: TCP and UDP %d, TCP %d",
		groups, gateway.GossipPort, gateway.GrpcPort)
}

func roleForExec(role string) string {
	return fmt.Sprintf("ecs.taskRoleArn: see that %s allows %s, or ECS Exec opens nothing", role, strings.Join(iampolicy.ExecActions, ", "))
}

// Subnets and zones. The key is that of the list which has the subnet.

func subnetUnseen(subnet string, err error) string {
	return fmt.Sprintf("ecs.subnets: %s could not be looked up, "+
		"so neither its zones nor its way to ECR, CloudWatch Logs and Secrets Manager was checked: %v", subnet, err)
}

func noVpcForZone(key, subnet string, err error) error {
	return fmt.Errorf("%s: %s cannot be read (ec2:DescribeSubnets), and its VPC gets the private DNS zone of the tasks' cluster: %w; "+
		"allow it, or, where the tasks must not know each other, set %s:gateway.clustering.enabled to false", key, subnet, err, Project)
}

func noSubnet(key, subnet, region string, err error) error {
	return fmt.Errorf("%s: there is no subnet %s in %s, or it cannot be read (ec2:DescribeSubnets): %w; "+
		"see `aws ec2 describe-subnets --region %s`, and set %s:%s", key, subnet, region, err, region, Project, key)
}

func twoVpcs(key, subnet, vpcId, other string) error {
	return fmt.Errorf("%s: %s is in %s, and another subnet in %s; a service and its load balancer have one VPC: set %s:%s",
		key, subnet, vpcId, other, Project, key)
}

func balancerInOneZone(zones []string) error {
	return fmt.Errorf("ecs.loadBalancer.subnets: all in %s, and an Application Load Balancer needs two zones; "+
		"name a subnet of another zone in %s:ecs.loadBalancer.subnets, or in ecs.subnets where that is not set",
		strings.Join(zones, ", "), Project)
}

func tasksInOneZone(zones []string) error {
	return fmt.Errorf("%s, or, where that is meant, `pulumi config set --path '%s:ecs.singleZone' %s`",
		tasksInOneZoneAllowed(zones), Project, SingleZoneAllow)
}

func tasksInOneZoneAllowed(zones []string) string {
	return fmt.Sprintf("ecs.subnets: all in zone %s, and the gateway stops when it does; add a subnet of another zone",
		strings.Join(zones, ", "))
}

// The way out of a subnet. The services are those that a task needs before it runs.

func routesUnseen(subnet, services string, err error) string {
	return fmt.Sprintf("ecs.subnets: the routes of %s could not be looked up (ec2:DescribeRouteTables), "+
		"so it was not checked that its tasks reach %s: %v", subnet, services, err)
}

func publicSubnet(subnet, target string) error {
	return fmt.Errorf("ecs.subnets: %s is public (its way out is %s), and tasks without a public address have none through it; "+
		"name private subnets, or `pulumi config set --path '%s:ecs.assignPublicIp' true`", subnet, target, Project)
}

func wayNotFollowed(subnet, target, services string) string {
	return fmt.Sprintf("ecs.subnets: the way out of %s leads through %s and cannot be followed from here; see that its tasks reach %s",
		subnet, target, services)
}

// wayUnseen is about routes that a VPN gateway propagates: the AWS provider leaves them out of a route table.
func wayUnseen(subnet, gateway, services string) string {
	return fmt.Sprintf("ecs.subnets: %s has no way out, unless %s propagates one, which cannot be seen from here; see that its tasks "+
		"reach %s",
		subnet, gateway, services)
}

func gatewayUnseen(vpcId string, noWay, err error) string {
	return fmt.Sprintf("%v. That is so unless a VPN gateway of %s propagates a way out; it could not be looked up "+
		"(ec2:DescribeVpnGateways): %v",
		noWay, vpcId, err)
}

func endpointsInChina(subnet string) string {
	return fmt.Sprintf("ecs.subnets: %s has no way out, and some endpoints have other names in China, which are not known here; "+
		"see that its tasks reach ECR, S3, CloudWatch Logs and Secrets Manager", subnet)
}

func endpointsUnseen(subnet string, services []string, err error) string {
	return fmt.Sprintf("ecs.subnets: %s has no way out, and the VPC endpoints %s could not be looked up (ec2:DescribeVpcEndpoints), "+
		"so it was not checked that its tasks reach them: %v", subnet, strings.Join(services, ", "), err)
}

// noWayOut tells what is wrong with the endpoints, each in one of the three phrases that follow.
func noWayOut(subnet, vpcId, routeTable, region string, wrong []string) error {
	return fmt.Errorf("ecs.subnets: the tasks in %s could not start: it has no route to a NAT gateway, "+
		"and of the VPC endpoints that do instead %s %s; "+
		"make them (`aws ec2 create-vpc-endpoint --region %s --vpc-id %s --service-name NAME ...`, for S3 with --route-table-ids %s), "+
		"add a route to a NAT gateway, or name other subnets", subnet, vpcId, strings.Join(wrong, ", "), region, vpcId, routeTable)
}

// noEndpointForImage: a registry's host that answers over IPv6, too, has no VPC endpoint (Amazon ECR user guide, "Making requests to Amazon
// ECR registries").
func noEndpointForImage(subnet string, image image.Reference) error {
	ecr, _ := image.Ecr()
	return fmt.Errorf("ecs.subnets: the tasks in %s could not start: it has no route to a NAT gateway, and no VPC endpoint leads to %s; "+
		"write the same image at %s.dkr.ecr.%s.%s in registry.image, or add a route to a NAT gateway",
		subnet, image.Host, ecr.AccountId, ecr.Region, partition.Of(ecr.Region).DnsSuffix)
}

func endpointMissing(service string) string { return "lacks " + service }

func endpointOffRoute(service, routeTable string) string {
	return "has " + service + " without the route table " + routeTable
}

func endpointWithoutDns(service string) string { return "has " + service + " without private DNS" }

// The load balancer's subnets.

func publicUnseen(subnet string, err error) string {
	return fmt.Sprintf("ecs.loadBalancer.subnets: the routes of %s could not be looked up (ec2:DescribeRouteTables), "+
		"so it was not checked that it is public: %v", subnet, err)
}

func balancerInPrivateSubnet(subnet string) error {
	return fmt.Errorf("ecs.loadBalancer.subnets: %s is not public (no default route to an internet gateway), "+
		"and nobody would reach an internet-facing load balancer there; "+
		"name public subnets in %s:ecs.loadBalancer.subnets, or set ecs.loadBalancer.scheme to %s", subnet, Project, ecs.SchemeInternal)
}

// The VPC.

func vpcUnseen(vpcId string, err error) error {
	return fmt.Errorf("ecs.loadBalancer.allowedCidrs: the addresses of %s, who may reach the load balancer by default, "+
		"cannot be read (ec2:DescribeVpcs and ec2:DescribeVpcAttribute): %w; set %s:ecs.loadBalancer.allowedCidrs", vpcId, err, Project)
}

func dnsUnseen(vpcId string, err error) string {
	return fmt.Sprintf("ecs.clustering: %s could not be looked up (ec2:DescribeVpcs and ec2:DescribeVpcAttribute), "+
		"so it was not checked that DNS names resolve in it: %v", vpcId, err)
}

func noDnsNames(vpcId, region string) error {
	return fmt.Errorf("ecs.clustering: private DNS zones do not resolve in %s; "+
		"run `aws ec2 modify-vpc-attribute --region %s --vpc-id %s --enable-dns-support`, and the same with --enable-dns-hostnames",
		vpcId, region, vpcId)
}

// The target group.

func noTargetGroup(arn, region string, err error) error {
	return fmt.Errorf("ecs.targetGroupArn: there is no target group %s, "+
		"or it cannot be read (elasticloadbalancing:DescribeTargetGroups): %w; see `aws elbv2 describe-target-groups --region %s`",
		arn, err, region)
}

// unfitTargetGroup tells what is wrong with it, each in one of the four phrases that follow.
func unfitTargetGroup(arn, region string, wrong []string) error {
	return fmt.Errorf("ecs.targetGroupArn: %s does not do: %s; "+
		"see `aws elbv2 describe-target-groups --region %s --target-group-arns %s`, or let this stack make one with %s:ecs.loadBalancer",
		arn, strings.Join(wrong, "; "), region, arn, Project)
}

func targetsByType(kind string) string {
	return fmt.Sprintf("its targets are of type %s, and Fargate's tasks are of type ip", kind)
}

func targetsByProtocol(protocol string) string {
	return fmt.Sprintf("its protocol is %s, and the gateway speaks HTTP on port %d", protocol, gateway.Port)
}

func targetsElsewhere(vpcId, own string) string {
	return fmt.Sprintf("it is in %s, and the tasks in %s", vpcId, own)
}

const targetsUnused = "no listener of a load balancer uses it yet, and ECS refuses it then"

func targetsCheckElsewhere(arn, path string) string {
	return fmt.Sprintf("ecs.targetGroupArn: %s checks %s; the gateway says at %s whether it can serve", arn, path, gateway.HealthPath)
}

package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"bifrost/components/ecs"
	"bifrost/stacks"
)

// What stands around every ECS cluster of the sandbox, whether the stack file names it or not, so that overlays can use it too. Accounts
// and regions are the stack's own.
const (
	sandboxVPC           = "vpc-0123456789abcdef0"
	sandboxSecurityGroup = "sg-0123456789abcdef0"
	sandboxZone          = "Z0123456789ABCDEFGHIJ"

	sandboxCertificate = "arn:%s:acm:%s:%s:certificate/0a1b2c3d-0000-4000-8000-000000000001"
	sandboxTargetGroup = "arn:%s:elasticloadbalancing:%s:%s:targetgroup/bifrost/0123456789abcdef"
	sandboxTopic       = "arn:%s:sns:%s:%s:bifrost-alarms"
	sandboxKey         = "arn:%s:kms:%s:%s:key/0a1b2c3d-0000-4000-8000-00000000000a"
)

// sandboxPublicSubnets lead to the internet gateway, in zones a and b.
var sandboxPublicSubnets = []string{"subnet-0c1d2e3f4a5b60718", "subnet-0d1e2f3a4b5c60718"}

// seedECS makes what a service on ECS takes for granted exist: the network that the stack file names, private with a NAT gateway unless
// the tasks get public addresses or the load balancer is internet-facing; certificates, keys, a topic, a bucket, policies and a role by
// their names there; and the sandbox's own.
func seedECS(w *cloud.World, file *stacks.Config, account cloud.AWSAccount) {
	if len(account.ECS) == 0 {
		return
	}
	service := file.Ecs
	balancer, alarms := orEmpty(service.LoadBalancer), orEmpty(service.Alarms)
	n := networkSeed(service, account)
	w.SeedNetwork(n)
	own := func(format string) string { return fmt.Sprintf(format, world.Partition(n.Region), n.Region, n.Account) }
	each := func(seed func(world.Network, string), ids ...string) {
		for _, id := range ids {
			if id != "" {
				seed(n, id)
			}
		}
	}
	each(w.SeedCertificate, own(sandboxCertificate), balancer.CertificateArn)
	each(w.SeedTopic, own(sandboxTopic), alarms.TopicArn)
	each(w.SeedKey, own(sandboxKey), service.SecretKmsKeyArn, service.LogKmsKeyArn)
	each(w.SeedBucket, balancer.AccessLogsBucket)
	seedZones(w, n.Account, balancer)
	seedReferences(w, n, service)
	if service.TaskRoleArn != "" {
		w.SeedTaskRole(account.ID, service.TaskRoleArn)
	}
	for _, policy := range service.TaskPolicyArns {
		w.SeedPolicy(account.ID, policy)
	}
	w.SeedBalancer(n, world.SharedBalancer{
		TargetGroup: cmp.Or(service.TargetGroupArn, own(sandboxTargetGroup)), Certificate: own(sandboxCertificate),
		SecurityGroup: slices.Concat(service.ClientSecurityGroups, []string{sandboxSecurityGroup})[0],
	})
}

func networkSeed(service *stacks.Ecs, account cloud.AWSAccount) world.Network {
	balancer := orEmpty(service.LoadBalancer)
	n := world.Network{
		Account: account.ID, Region: account.ECS[0].Region, VPC: sandboxVPC, Public: sandboxPublicSubnets,
		SecurityGroups: slices.Concat([]string{sandboxSecurityGroup}, service.SecurityGroups, service.ClientSecurityGroups,
			balancer.SecurityGroups),
	}
	tasks := service.Subnets
	if service.AssignPublicIp {
		n.Public = slices.Concat(tasks, n.Public)
	} else {
		n.Private = tasks
	}
	others := slices.DeleteFunc(slices.Clone(balancer.Subnets), func(id string) bool { return slices.Contains(tasks, id) })
	if balancer.Scheme == ecs.SchemeInternetFacing {
		n.Public = slices.Concat(others, n.Public)
		return n
	}
	n.Private = slices.Concat(n.Private, others)
	return n
}

// seedZones makes the hosted zones exist that the stack names, of the domain in which its first name is: private where another one
// proves its names. The sandbox's own is of example.com.
func seedZones(w *cloud.World, account string, balancer ecs.EcsLoadBalancerArgs) {
	w.SeedZone(account, sandboxZone, "example.com", false)
	if balancer.Dns == nil || len(balancer.Dns.Names) == 0 {
		return
	}
	_, domain, _ := strings.Cut(balancer.Dns.Names[0], ".")
	for _, zone := range []string{balancer.Dns.ZoneId, balancer.Dns.ValidationZone()} {
		if zone != "" {
			w.SeedZone(account, zone, domain, zone != balancer.Dns.ValidationZone())
		}
	}
}

// seedReferences makes the secrets and parameters exist that the tasks' variables come from: secrets with every JSON key that is asked for,
// under the first of the keys that the stack names.
func seedReferences(w *cloud.World, n world.Network, service *stacks.Ecs) {
	key := ""
	if len(service.SecretRefKmsKeyArns) > 0 {
		key = service.SecretRefKmsKeyArns[0]
		w.SeedKey(n, key)
	}
	values := map[string]map[string]string{}
	for _, reference := range service.SecretRefs {
		parts := strings.Split(reference, ":")
		switch {
		case len(parts) == 6:
			w.SeedParameter(n, reference, key)
		case len(parts) >= 7:
			arn := strings.Join(parts[:7], ":")
			if values[arn] == nil {
				values[arn] = map[string]string{}
			}
			if len(parts) > 7 && parts[7] != "" {
				values[arn][parts[7]] = "sandbox-fake-" + parts[7]
			}
		}
	}
	for arn, fields := range values {
		w.SeedSecret(n, arn, key, fields)
	}
}

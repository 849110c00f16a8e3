package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/internal/gateway"
)

// VPCBlock is the address range of every VPC that stands in the sandbox; its subnets have a /24 of it each.
const VPCBlock = "10.0.0.0/16"

// Network is a VPC with its subnets and security groups, of one account and region. An internet gateway and a NAT gateway are in
// it, and no endpoint.
type Network struct {
	Account, Region string
	// VPC is its id.
	VPC string
	// Private subnets lead to the NAT gateway, Public ones to the internet gateway. Those of a kind lie in zones a, b, c in turn.
	Private, Public []string
	// SecurityGroups let the VPC reach port 8080, their members each other, and everything out.
	SecurityGroups []string
}

func (n Network) scope() string { return n.Account + "/" + n.Region }

func (n Network) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", Partition(n.Region), service, n.Region, n.Account, resource)
}

// SeedNetwork makes the VPC and what is in it exist.
func (w *World) SeedNetwork(n Network) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Settle(&Resource{Type: pulumitype.AwsVpc, Scope: n.scope(), ID: n.VPC, State: map[string]any{
		"cidrBlock": VPCBlock, "enableDnsSupport": true, "enableDnsHostnames": true, "arn": n.arn("ec2", "vpc/"+n.VPC),
		"tags":            map[string]any{},
		"internetGateway": n.id("igw"),
	}})
	main := n.id("rtb", "main")
	w.Settle(&Resource{Type: pulumitype.AwsRouteTable, Scope: n.scope(), ID: main, State: map[string]any{
		"vpcId": n.VPC, "main": true, "subnetIds": []any{}, "routes": []any{}, "arn": n.arn("ec2", "route-table/"+main),
		"tags": map[string]any{},
	}})
	n.addSubnets(w, 0, n.Private, map[string]any{"natGatewayId": n.id("nat")}, false)
	n.addSubnets(w, len(n.Private), n.Public, map[string]any{"gatewayId": n.id("igw")}, true)
	for _, id := range n.SecurityGroups {
		everywhere := map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlocks": []any{"0.0.0.0/0"}}
		inward := map[string]any{"protocol": "tcp", "fromPort": float64(gateway.Port), "toPort": float64(gateway.Port),
			"cidrBlocks": []any{VPCBlock}}
		members := map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "self": true}
		w.Settle(&Resource{Type: pulumitype.AwsSecurityGroup, Scope: n.scope(), ID: id, State: map[string]any{
			"name": "existing-" + id, "vpcId": n.VPC, "description": "stood there before", "arn": n.arn("ec2", "security-group/"+id),
			"ingress": []any{inward, members}, "egress": []any{everywhere}, "tags": map[string]any{},
		}})
	}
}

// id is the id of the network's gateway or route table of a kind.
func (n Network) id(kind string, of ...any) string {
	return kind + "-" + Hex(17, slices.Concat([]any{kind, n.Account, n.Region, n.VPC}, of)...)
}

// addSubnets makes subnets of one kind, with the route table that leads all of them out.
func (n Network) addSubnets(w *World, from int, ids []string, out map[string]any, public bool) {
	if len(ids) == 0 {
		return
	}
	for i, id := range ids {
		w.Settle(&Resource{Type: pulumitype.AwsSubnet, Scope: n.scope(), ID: id, State: map[string]any{
			"vpcId": n.VPC, "availabilityZone": n.Region + string(rune('a'+i%3)), "cidrBlock": fmt.Sprintf("10.0.%d.0/24", from+i),
			"mapPublicIpOnLaunch": public, "arn": n.arn("ec2", "subnet/"+id), "tags": map[string]any{},
		}})
	}
	out["cidrBlock"] = "0.0.0.0/0"
	id := n.id("rtb", public)
	w.Settle(&Resource{Type: pulumitype.AwsRouteTable, Scope: n.scope(), ID: id, State: map[string]any{
		"vpcId": n.VPC, "subnetIds": anys(ids), "routes": []any{out}, "arn": n.arn("ec2", "route-table/"+id), "tags": map[string]any{},
	}})
}

// SharedBalancer is an application load balancer that stands in a network, with one target group to which its HTTPS listener forwards.
type SharedBalancer struct {
	// TargetGroup is the target group's ARN: of addresses, HTTP on port 8080, checked at /health.
	TargetGroup string
	// Certificate is the listener's, SecurityGroup the load balancer's own.
	Certificate, SecurityGroup string
}

// SeedBalancer makes the load balancer exist in the network's private subnets.
func (w *World) SeedBalancer(n Network, b SharedBalancer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	const suffix = "app/shared/0123456789abcdef"
	balancer := n.arn("elasticloadbalancing", "loadbalancer/"+suffix)
	w.Settle(&Resource{Type: pulumitype.AwsLoadBalancer, Scope: n.scope(), ID: balancer, State: map[string]any{
		"arn": balancer, "arnSuffix": suffix, "name": "shared", "internal": true, "loadBalancerType": "application", "vpcId": n.VPC,
		"dnsName":        fmt.Sprintf("internal-shared-1234567890.%s.elb.%s", n.Region, DNSSuffix(Partition(n.Region))),
		"securityGroups": []any{b.SecurityGroup}, "subnets": anys(n.Private), "tags": map[string]any{},
	}})
	_, name, _ := strings.Cut(b.TargetGroup, ":targetgroup/")
	w.Settle(&Resource{Type: pulumitype.AwsTargetGroup, Scope: n.scope(), ID: b.TargetGroup, State: map[string]any{
		"arn": b.TargetGroup, "arnSuffix": "targetgroup/" + name, "name": strings.Split(name, "/")[0], "vpcId": n.VPC, "targetType": "ip",
		"protocol": "HTTP", "protocolVersion": "HTTP1", "port": 8080.0, "deregistrationDelay": 300.0, "tags": map[string]any{},
		"healthCheck": map[string]any{
			"enabled": true, "path": gateway.HealthPath, "port": "traffic-port", "protocol": "HTTP", "matcher": "200", "interval": 30.0,
			"timeout":          5.0,
			"healthyThreshold": 3.0, "unhealthyThreshold": 3.0,
		},
	}})
	listener := n.arn("elasticloadbalancing", "listener/"+suffix+"/0123456789abcdef")
	w.Settle(&Resource{Type: pulumitype.AwsListener, Scope: n.scope(), ID: listener, State: map[string]any{
		"arn": listener, "loadBalancerArn": balancer, "port": 443.0, "protocol": "HTTPS", "certificateArn": b.Certificate,
		"defaultActions": []any{map[string]any{"type": "forward", "targetGroupArn": b.TargetGroup}},
	}})
}

func anys(texts []string) []any {
	var all []any
	for _, text := range texts {
		all = append(all, text)
	}
	return all
}

// SeedCertificate makes an issued certificate of AWS Certificate Manager exist in the network's region.
func (w *World) SeedCertificate(n Network, arn string) {
	w.seedOne(n, pulumitype.AwsCertificate, arn, map[string]any{"arn": arn, "domainName": "gateway.example.com", "status": "ISSUED"})
}

// SeedZone makes a hosted zone of Route 53 exist, to which the public name servers lead unless it is private.
func (w *World) SeedZone(account, id, name string, private bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Settle(&Resource{Type: pulumitype.AwsZone, Scope: account, ID: id, State: map[string]any{
		"zoneId": id, "name": name, "privateZone": private, "delegated": !private, "tags": map[string]any{},
	}})
}

// SeedTopic makes a topic of SNS exist in the network's region.
func (w *World) SeedTopic(n Network, arn string) {
	w.seedOne(n, pulumitype.AwsTopic, arn, map[string]any{"arn": arn})
}

// SeedBucket makes a bucket exist to which load balancers of the network's region may write their access logs.
func (w *World) SeedBucket(n Network, name string) {
	w.seedOne(n, pulumitype.AwsBucket, name, map[string]any{"bucket": name, "region": n.Region})
}

// SeedKey makes an enabled KMS key exist in the network's region, whose policy leaves its use to the account's IAM policies and lets
// CloudWatch Logs encrypt with it.
func (w *World) SeedKey(n Network, arn string) {
	const policy = `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"Account","Effect":"Allow","Principal":{"AWS":"arn:%[1]s:iam::%[2]s:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Sid":"Logs","Effect":"Allow","Principal":{"Service":"logs.%[3]s.%[4]s"},"Resource":"*",` +
		`"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"]}]}`
	partition := Partition(n.Region)
	w.seedOne(n, pulumitype.AwsKey, arn, map[string]any{"arn": arn, "isEnabled": true,
		"policy": fmt.Sprintf(policy, partition, n.Account, n.Region, DNSSuffix(partition))})
}

// SeedSecret makes a secret of Secrets Manager exist, with a version that is current: fields as a JSON object, under a key or AWS's own.
func (w *World) SeedSecret(n Network, arn, key string, fields map[string]string) {
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err) // strings always encode
	}
	name := arn[strings.Index(arn, ":secret:")+len(":secret:") : len(arn)-len("-AbCdEf")]
	version := GUID("secret version", arn)
	w.seedOne(n, pulumitype.AwsSecret, arn, map[string]any{"arn": arn, "name": name, "kmsKeyId": key, "tags": map[string]any{}})
	w.seedOne(n, pulumitype.AwsSecretVersion, arn+"|"+version, map[string]any{
		"arn": arn, "secretId": arn, "versionId": version, "versionStages": []any{"AWSCURRENT"}, "secretString": string(text),
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.EncryptedUnder[arn+"|"+version] = key
}

// SeedParameter makes a SecureString of Systems Manager exist, under a key or AWS's own.
func (w *World) SeedParameter(n Network, arn, key string) {
	w.seedOne(n, pulumitype.AwsParameter, arn, map[string]any{"arn": arn, "type": "SecureString", "keyId": key})
}

func (w *World) seedOne(n Network, typ, id string, state map[string]any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Settle(&Resource{Type: typ, Scope: n.scope(), ID: id, State: state})
}

// SeedTaskRole makes a role exist that ECS tasks of the account may take.
func (w *World) SeedTaskRole(account, arn string) {
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},` +
		`"Action":"sts:AssumeRole"}]}`
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addRole(account, arn[strings.LastIndex(arn, "/")+1:], arn, trust)
}

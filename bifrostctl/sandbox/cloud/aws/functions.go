package aws

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

func functions() map[string]*double.Function {
	return map[string]*double.Function{
		pulumitype.AwsGetCallerIdentity: {Args: aws.GetCallerIdentityArgs{}, Call: getCallerIdentity},
		pulumitype.AwsGetPartition:      {Args: aws.GetPartitionArgs{}, Call: getPartition},
		pulumitype.AwsGetEksCluster:     {Args: eks.LookupClusterArgs{}, Call: getEKSCluster},
		pulumitype.AwsGetEcsCluster:     {Args: ecs.LookupClusterArgs{}, Call: getECSCluster},
		pulumitype.AwsGetEcsService:     {Args: ecs.LookupServiceArgs{}, Call: getService},
		pulumitype.AwsGetLogGroup:       {Args: cloudwatch.LookupLogGroupArgs{}, Call: getLogGroup},
		pulumitype.AwsGetAddon:          {Args: eks.LookupAddonArgs{}, Call: getAddon},
		pulumitype.AwsGetRole:           {Args: iam.LookupRoleArgs{}, Call: getRole},
		pulumitype.AwsGetPolicy:         {Args: iam.LookupPolicyArgs{}, Call: getPolicy},
		pulumitype.AwsGetSecret:         {Args: secretsmanager.LookupSecretArgs{}, Call: getSecret},
		pulumitype.AwsGetDnsNamespace:   {Args: servicediscovery.GetDnsNamespaceArgs{}, Call: getDnsNamespace},
		pulumitype.AwsGetSubnet:         {Args: getSubnetArgs{}, Call: getSubnet},
		pulumitype.AwsGetVpc:            {Args: getVpcArgs{}, Call: getVpc},
		pulumitype.AwsGetRouteTable:     {Args: getRouteTableArgs{}, Call: getRouteTable},
		pulumitype.AwsGetVpcEndpoint:    {Args: getVpcEndpointArgs{}, Call: getVpcEndpoint},
		pulumitype.AwsGetVpnGateway:     {Args: getVpnGatewayArgs{}, Call: getVpnGateway},
		pulumitype.AwsGetTargetGroup:    {Args: lb.LookupTargetGroupArgs{}, Call: getTargetGroup},
		pulumitype.AwsGetZone:           {Args: getZoneArgs{}, Call: getZone},
		pulumitype.AwsGetOidcProvider: {
			Args: iam.LookupOpenIdConnectProviderArgs{}, Call: getOpenIDConnectProvider,
		},
	}
}

func getCallerIdentity(c *double.Call, _ double.Object) (double.Object, error) {
	s := sessionOf(c)
	return double.Object{
		"accountId": s.account, "arn": s.caller, "id": s.account,
		"userId": "AIDA" + strings.ToUpper(world.Hex(17, s.caller)),
	}, nil
}

func getPartition(c *double.Call, _ double.Object) (double.Object, error) {
	s := sessionOf(c)
	suffix := world.DNSSuffix(s.partition)
	labels := strings.Split(suffix, ".")
	slices.Reverse(labels)
	return double.Object{
		"dnsSuffix": suffix, "id": s.partition, "partition": s.partition, "reverseDnsPrefix": strings.Join(labels, "."),
	}, nil
}

func getEKSCluster(c *double.Call, args double.Object) (double.Object, error) {
	s := sessionOf(c)
	name := double.String(args, "name")
	cluster := c.World.AWS[s.account].EKSCluster(s.region, name)
	if cluster == nil {
		return nil, fmt.Errorf("reading EKS Cluster (%s): couldn't find resource", name)
	}
	endpoint := cluster.Endpoint(s.account)
	ca := base64.StdEncoding.EncodeToString([]byte(c.World.Clusters[endpoint].CA))
	return double.Object{
		"id": name, "name": name, "arn": cluster.ARN(s.account), "clusterId": "",
		"endpoint": endpoint, "version": cluster.Version, "platformVersion": "eks.1", "status": "ACTIVE",
		"certificateAuthorities":   []any{double.Object{"data": ca}},
		"identities":               []any{double.Object{"oidcs": []any{double.Object{"issuer": cluster.Issuer(s.account)}}}},
		"accessConfigs":            []any{double.Object{"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": true}},
		"roleArn":                  s.arn("iam", "role/"+name+"-cluster"),
		"createdAt":                "2025-01-01T00:00:00Z",
		"kubernetesNetworkConfigs": []any{double.Object{"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16", "serviceIpv6Cidr": ""}},
		"computeConfigs":           []any{double.Object{"enabled": cluster.Automatic()}},
		"enabledClusterLogTypes":   []any{}, "tags": double.Object{},
		"vpcConfig": double.Object{
			"clusterSecurityGroupId": "sg-" + world.Hex(17, endpoint), "endpointPrivateAccess": true, "endpointPublicAccess": true,
			"publicAccessCidrs": []any{"0.0.0.0/0"}, "securityGroupIds": []any{}, "subnetIds": []any{},
			"vpcId": "vpc-" + world.Hex(17, endpoint),
		},
	}, nil
}

// findCluster returns an ECS cluster by name or ARN; "" is the cluster named default.
func findCluster(c *double.Call, nameOrARN string) (world.ECSCluster, error) {
	s := sessionOf(c)
	if nameOrARN == "" {
		nameOrARN = "default"
	}
	for _, cluster := range c.World.AWS[s.account].ECS {
		if cluster.Region == s.region && (cluster.Name == nameOrARN || cluster.ARN(s.account) == nameOrARN) {
			return cluster, nil
		}
	}
	return world.ECSCluster{}, fmt.Errorf("ClusterNotFoundException: Cluster not found: %s in region %s of account %s", nameOrARN, s.region,
		s.account)
}

func getECSCluster(c *double.Call, args double.Object) (double.Object, error) {
	cluster, err := findCluster(c, double.String(args, "clusterName"))
	if err != nil {
		return nil, fmt.Errorf("reading ECS Cluster (%s): empty result", double.String(args, "clusterName"))
	}
	id := cluster.ARN(sessionOf(c).account)
	return double.Object{
		"id": id, "arn": id, "clusterName": cluster.Name, "status": "ACTIVE",
		"pendingTasksCount": 0.0, "registeredContainerInstancesCount": 0.0, "runningTasksCount": runningIn(c, cluster.Name),
		"serviceConnectDefaults": []any{}, "tags": double.Object{},
		"settings": []any{double.Object{"name": "containerInsights", "value": cluster.Insights()}},
	}, nil
}

// servicesIn are the services of a cluster that is named by its ARN or its name.
func servicesIn(c *double.Call, cluster string) []*world.Resource {
	all := c.World.List(pulumitype.AwsEcsService, regional(c))
	name := cluster[strings.LastIndex(cluster, "/")+1:]
	return slices.DeleteFunc(all, func(r *world.Resource) bool { return !strings.Contains(r.ID, ":service/"+name+"/") })
}

// runningIn is how many tasks run in a cluster: those of its services.
func runningIn(c *double.Call, cluster string) (running float64) {
	for _, service := range servicesIn(c, cluster) {
		running += float64(tasksOf(c, service.ID, service.State).Running)
	}
	return running
}

// getService answers with the task definition that runs: after a rollback by the deployment circuit breaker that is not the
// one that was asked for.
func getService(c *double.Call, args double.Object) (double.Object, error) {
	cluster, name := double.String(args, "clusterArn"), double.String(args, "serviceName")
	for _, r := range servicesIn(c, cluster) {
		if r.State["name"] != name {
			continue
		}
		answer := double.Object{"id": r.ID, "arn": r.ID, "clusterArn": cluster, "serviceName": name}
		for _, key := range []string{"availabilityZoneRebalancing", "desiredCount", "launchType", "schedulingStrategy", "taskDefinition"} {
			answer[key] = r.State[key]
		}
		answer["tags"] = r.State["tagsAll"]
		return answer, nil
	}
	return nil, errors.New("no matching ECS Service found")
}

func getOpenIDConnectProvider(c *double.Call, args double.Object) (double.Object, error) {
	url, id := double.String(args, "url"), double.String(args, "arn")
	for _, r := range c.World.List(pulumitype.AwsOidcProvider, global(c)) {
		if r.ID != id && r.State["url"] != issuerHost(url) {
			continue
		}
		return double.Object{
			"id": r.ID, "arn": r.ID, "url": r.State["url"], "clientIdLists": r.State["clientIdLists"],
			"thumbprintLists": r.State["thumbprintLists"], "tags": r.State["tagsAll"],
		}, nil
	}
	if id != "" {
		return nil, errors.New("reading IAM OIDC Provider: couldn't find resource")
	}
	return nil, fmt.Errorf("reading IAM OIDC Provider (%s): couldn't find resource", url)
}

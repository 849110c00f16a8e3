package aws

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	services "bifrost/bifrostctl/sandbox/cloud/services/aws"
	"bifrost/bifrostctl/world"
)

// networkProblems returns which services a task cannot reach while ECS starts it: the registries of its images, Secrets Manager, and
// CloudWatch Logs.
func networkProblems(c *double.Call, place tasksIn, containers []container) []string {
	var problems []string
	ask := func(words string, r reach) {
		if why := place.unreachable(c, r); why != "" && !slices.Contains(problems, words+why) {
			problems = append(problems, words+why)
		}
	}
	suffix := world.DNSSuffix(sessionOf(c).partition)
	for _, container := range containers {
		askForImage(container.Image, ask)
		for _, secret := range container.Secrets {
			of, region := secretOf(secret.ValueFrom).service, sessionOf(c).region
			ask(fmt.Sprintf("ResourceInitializationError: unable to pull secrets or registry auth: The task can't retrieve the secret "+
				"from %s, exceeded maximum number of attempts, 5, request send failed: ", secretOperations[of]),
				reach{of, region, of + "." + region + "." + suffix})
		}
		if log := container.LogConfiguration; log != nil && log.LogDriver == "awslogs" {
			region := log.Options["awslogs-region"]
			ask("ResourceInitializationError: failed to validate logger args: There is a connection issue between the task and Amazon "+
				"CloudWatch. Check your network configuration. : signal: killed: ",
				reach{"logs", region, "logs." + region + "." + suffix})
		}
	}
	return problems
}

// secretOperations are what ECS asks for by the services that hold secrets, in its words.
var secretOperations = map[string]string{
	"secretsmanager": "AWS Secrets Manager: operation error Secrets Manager: GetSecretValue",
	"ssm":            "SSM: operation error SSM: GetParameters",
}

// askForImage: an image of ECR takes a token, the manifest, and the layers, which are in S3 in the registry's region (Amazon ECR user
// guide, "Amazon ECR interface VPC endpoints"); any other comes from the internet.
func askForImage(image string, ask func(words string, r reach)) {
	host, path, _ := strings.Cut(image, "/")
	_, region, ecr := services.RegistryOf(host)
	if !ecr {
		if !strings.Contains(host, ".") || path == "" {
			host = "registry-1.docker.io"
		}
		ask("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "+image+": failed to do "+
			"request: ", reach{host: host})
		return
	}
	suffix := world.DNSSuffix(world.Partition(region))
	ask("ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There "+
		"is a connection issue between the task and Amazon ECR. Check your task network configuration. operation error ECR: "+
		"GetAuthorizationToken, exceeded maximum number of attempts, 3, request send failed: ",
		reach{"ecr.api", region, "api.ecr." + region + "." + suffix})
	manifest := reach{"ecr.dkr", region, host}
	if strings.Contains(host, ".dkr-ecr") {
		// No endpoint leads to a host that answers over IPv6, too (Amazon ECR user guide, "Making requests to Amazon ECR registries").
		manifest = reach{host: host}
	}
	ask("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "+image+": failed to do request: ",
		manifest)
	ask("CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do "+
		"request: ",
		reach{"s3", region, fmt.Sprintf("prod-%[1]s-starport-layer-bucket.s3.%[1]s.%[2]s", region, suffix)})
}

// targetProblems returns why the service's load balancers find its tasks unhealthy: no way to the port, or an answer that they do not
// want. The gateway answers 200 over plain HTTP on the port of its container.
func targetProblems(c *double.Call, place tasksIn, service double.Object) []string {
	var problems []string
	for _, v := range double.List(service, "loadBalancers") {
		at, _ := v.(double.Object)
		arn := double.String(at, "targetGroupArn")
		group := c.World.Get(pulumitype.AwsTargetGroup, regional(c), arn)
		if group == nil {
			return []string{fmt.Sprintf("(service %v) was unable to register targets: the target group %s does not exist", service["name"],
				arn)}
		}
		why := unhealthy(group.State, at["containerPort"])
		if group.State["vpcId"] != place.vpc {
			why = fmt.Sprintf("the target group is of %v, the tasks are in %s: their addresses are not in its VPC", group.State["vpcId"],
				place.vpc)
		}
		for _, balancer := range balancersOf(c, arn) {
			if found := c.World.Get(pulumitype.AwsLoadBalancer, regional(c), fmt.Sprint(balancer)); why == "" && found != nil {
				why = place.closedTo(c, found, checkedPort(group.State, at["containerPort"]))
			}
		}
		if why != "" {
			problems = append(problems, fmt.Sprintf("Task failed ELB health checks in (target-group %s): %s", arn, why))
		}
	}
	return problems
}

// checkedPort is the port that a target group's health check asks.
func checkedPort(group double.Object, containerPort any) float64 {
	if port, err := strconv.ParseFloat(double.String(group, "healthCheck.port"), 64); err == nil {
		return port
	}
	port, _ := containerPort.(float64)
	return port
}

func unhealthy(group double.Object, containerPort any) string {
	check := double.Map(group, "healthCheck")
	switch {
	case check["protocol"] == "HTTPS" || group["protocol"] == "HTTPS":
		return "Health checks failed: the gateway speaks HTTP on its port, not HTTPS"
	case checkedPort(group, containerPort) != containerPort:
		return fmt.Sprintf("Request timed out: nothing listens on port %v, the gateway does on %v", checkedPort(group, containerPort),
			containerPort)
	case !matches200(double.String(check, "matcher")):
		return fmt.Sprintf("Health checks failed with these codes: [200] (wanted: %v)", check["matcher"])
	}
	return ""
}

// matches200 tells whether 200 is among codes like "200", "200,302" and "200-299".
func matches200(matcher string) bool {
	return slices.ContainsFunc(strings.Split(matcher, ","), func(part string) bool {
		least, most, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			return least == "200"
		}
		return least <= "200" && "200" <= most
	})
}

// closedTo says which security group is in the way from a load balancer to a port of the tasks.
func (t tasksIn) closedTo(c *double.Call, balancer *world.Resource, port float64) string {
	groups := double.List(balancer.State, "securityGroups")
	subnets, _, err := subnetsOf(c, double.List(balancer.State, "subnets"))
	if err != nil {
		return err.Error()
	}
	for _, subnet := range t.subnets {
		if !lets(c, groups, "egress", "tcp", port, peerOf{t.groups, double.String(subnet.State, "cidrBlock")}) {
			return fmt.Sprintf("Request timed out: no rule of the load balancer's security groups %v lets it out to the tasks on port %v",
				groups, port)
		}
	}
	for _, subnet := range subnets {
		if !lets(c, t.groups, "ingress", "tcp", port, peerOf{groups, double.String(subnet.State, "cidrBlock")}) {
			return fmt.Sprintf("Request timed out: no rule of the tasks' security groups %v lets the load balancer in on port %v", t.groups,
				port)
		}
	}
	return ""
}

// warnOfTasks tells what does not work though the tasks run: ECS Exec, and the gateways' cluster.
func warnOfTasks(c *double.Call, service double.Object) {
	task := registeredTask(c, double.String(service, "taskDefinition"))
	containers, err := containersOf(task.State)
	if err != nil {
		return
	}
	place, err := placeOf(c, service)
	if err != nil {
		return
	}
	if service["enableExecuteCommand"] == true {
		for _, why := range execProblems(c, place, task, containers) {
			c.World.Warn(fmt.Sprintf("ECS Exec into tasks of service %v does not work: %s", service["name"], why))
		}
	}
	switch {
	case isBroker(containers):
		for _, why := range brokerProblems(c, place, service, containers) {
			c.World.Warn(fmt.Sprintf("the broker of service %v serves no cluster: %s", service["name"], why))
		}
	case service["serviceRegistries"] != nil:
		for _, why := range clusterProblems(c, place, service, containers) {
			c.World.Warn(fmt.Sprintf("the gateways of service %v do not find each other: %s", service["name"], why))
		}
	}
}

// execActions are what the agent of ECS Exec does as the task role (ECS developer guide, "Monitor Amazon ECS containers with ECS Exec").
var execActions = []string{"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
	"ssmmessages:OpenDataChannel"}

func execProblems(c *double.Call, place tasksIn, task *world.Resource, containers []container) []string {
	var problems []string
	for _, container := range containers {
		if container.essential() && container.ReadonlyRootFilesystem {
			problems = append(problems, fmt.Sprintf("its agent cannot write to the read-only root file system of container %q",
				container.Name))
		}
	}
	if err := services.Allowed(c.World, double.String(task.State, "taskRoleArn"), "*", nil, execActions...); err != nil {
		problems = append(problems, "the task role: "+err.Error())
	}
	region := sessionOf(c).region
	if why := place.unreachable(c, reach{"ssmmessages", region,
		"ssmmessages." + region + "." + world.DNSSuffix(sessionOf(c).partition)}); why != "" {
		problems = append(problems, why)
	}
	return problems
}

package stacks_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// refusal is a dev stack with one thing changed, and what the error says of it.
type refusal struct {
	name, stack, path string
	value             any
	want              []string
}

// refused are configurations that must be refused before anything is registered, by the stage that refuses them: decode reads
// shapes, keys and types, validate what they say. What only a cloud knows is refused later: TestLookUps.
var refused = map[string][]refusal{
	"decode": {
		// Unknown keys and wrong types.
		{"unknown top-level key", "aws-dev", "gatway", map[string]any{"replicas": 2}, []string{"bifrost:gatway: Forbidden", "did you mean gateway?"}},
		{"unknown key", "aws-dev", "eks.clustername", "dev", []string{"bifrost:eks.clustername: Forbidden", "did you mean clusterName?"}},
		{"unknown key without a near one", "aws-dev", "registry.zzzzzzzzzzzz", "x", []string{"bifrost:registry.zzzzzzzzzzzz", "known here: image, mirror, pullThroughCache, pullSecret, additionalRepositoryArns"}},
		{"unknown nested key", "aws-dev", "refresher.images.kubctl", "x/y:1", []string{"bifrost:refresher.images.kubctl", "did you mean kubectl?"}},
		{"unknown secret", "aws-dev", "secrets.licence", "x", []string{"bifrost:secrets.licence", "did you mean license?"}},
		{"text for an object", "aws-dev", "eks", "dev", []string{`bifrost:eks: Invalid value: "dev": is text; write an object with the keys clusterName, pull`}},
		{"list for an object", "aws-dev", "eks", []any{"dev"}, []string{"bifrost:eks: Invalid value: is a list; write an object with the keys clusterName, pull"}},
		{"text for a number", "aws-dev", "gateway.replicas", "two", []string{"bifrost:gateway.replicas: Invalid value", "a whole number"}},
		{"fraction for a number", "aws-dev", "gateway.replicas", 1.5, []string{"bifrost:gateway.replicas: Invalid value"}},
		{"text for a boolean", "aws-dev", "ecs.assignPublicIp", "yes", []string{`bifrost:ecs.assignPublicIp: Invalid value: "yes": is text; write true`}},
		{"number for a tag", "aws-dev", "tags.team", map[string]any{"a": 1}, []string{"bifrost:tags"}},
		{"protect is no boolean", "aws-dev", "protectIdentities", "maybe", []string{"bifrost:protectIdentities: Invalid value", "true or false"}},
		{"unknown key in a list", "aws-dev", "gateway.networkPolicy.from", []any{map[string]any{"cdir": "10.0.0.0/8"}}, []string{"bifrost:gateway.networkPolicy.from[0].cdir", "did you mean cidr?"}},
		{"unknown key in a map", "aws-dev", "gateway.secretRefs", map[string]any{"A": map[string]any{"name": "x", "key": "y"}}, []string{"bifrost:gateway.secretRefs[A].name", "known here: secret, key"}},
		{"unknown key of the Kubernetes API", "aws-dev", "gateway.extraVolumes", []any{map[string]any{"name": "x", "emptydir": map[string]any{}}}, []string{"bifrost:gateway.extraVolumes[0].emptydir", "did you mean emptyDir?"}},
		{"text for a list", "aws-dev", "gateway.ingress.hosts", "llm.example.com", []string{`bifrost:gateway.ingress.hosts: Invalid value: "llm.example.com": is text; write a list: [llm.example.com]`}},
		{"number for a wait", "aws-dev", "gateway.startupSeconds", "5m", []string{"bifrost:gateway.startupSeconds", "a whole number"}},
		{"wrong type in a container", "aws-dev", "gateway.extraContainers", []any{map[string]any{"name": "x", "tty": "yes"}}, []string{`bifrost:gateway.extraContainers[0].tty: Invalid value: "yes": is text; write true`}},
		{"secret of the wrong type", "aws-dev", "secrets.license", map[string]any{"a": canary}, []string{"bifrost:secrets.license: Forbidden", "text"}},
	},
	"validate": {
		// Platform and rollout.
		{"no platform", "aws-dev", "platform", nil, []string{"bifrost:platform: Required", "aws, azure"}},
		{"unknown platform", "aws-dev", "platform", "gcp", []string{`bifrost:platform: Unsupported value: "gcp"`, `"aws", "azure"`}},
		{"empty rollout", "aws-dev", "rollout", "", []string{"bifrost:rollout: Required", "identity or full"}},
		{"unknown rollout", "aws-dev", "rollout", "identities", []string{`bifrost:rollout: Unsupported value: "identities"`, `"identity", "full"`}},
		{"objects of another platform", "aws-dev", "aks", map[string]any{"clusterName": "x"}, []string{"bifrost:aks: Forbidden", "platform aws does not read it"}},
		{"objects of another platform", "azure-dev", "ecs", map[string]any{"clusterName": "x"}, []string{"bifrost:ecs: Forbidden", "platform azure does not read it"}},

		// Placeholders of the recipes.
		{"placeholder slug", "aws-dev", "registry.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/YOUR_HUB_SLUG:1.0", []string{"bifrost:registry.image: Invalid value", "placeholder YOUR_HUB_SLUG"}},
		{"placeholder account", "aws-dev", "registry.image", "BIFROST_ACCOUNT_ID.dkr.ecr.us-east-1.amazonaws.com/acme:1.0", []string{"placeholder BIFROST_ACCOUNT_ID"}},
		{"placeholder cluster", "aws-dev", "eks.clusterName", "YOUR_CLUSTER_NAME", []string{"bifrost:eks.clusterName", "placeholder YOUR_CLUSTER_NAME"}},
		{"placeholder subnet", "aws-dev", "ecs.subnets", []any{"subnet-xxx"}, []string{"bifrost:ecs.subnets[0]", "placeholder subnet-xxx"}},
		{"placeholder region", "azure-dev", "registry.image", "REGION-docker.pkg.dev/p/acme/bifrost:1.0", []string{"placeholder REGION-docker.pkg.dev"}},
		{"placeholder project number", "azure-dev", "gcp.credentialConfig.audience", "//iam.googleapis.com/projects/BIFROST_PROJECT_NUMBER/locations/global/workloadIdentityPools/a-pool/providers/a-provider", []string{"bifrost:gcp.credentialConfig.audience", "placeholder BIFROST_PROJECT_NUMBER"}},
		{"placeholder in a secret", "aws-dev", "secrets.license", "YOUR_LICENSE " + canary, []string{"bifrost:secrets.license: Forbidden", "placeholder YOUR_LICENSE"}},

		// The image.
		{"no image", "aws-dev", "registry.image", nil, []string{"bifrost:registry.image: Required"}},
		{"latest", "aws-dev", "registry.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:latest", []string{"bifrost:registry.image", "latest names another image", "write the version or a digest"}},
		{"neither tag nor digest", "aws-dev", "registry.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub", []string{"neither tag nor digest"}},
		{"not a reference", "aws-dev", "registry.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/Acme Hub:1", []string{"invalid reference format"}},
		{"short digest", "aws-dev", "registry.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub@sha256:abc", []string{"bifrost:registry.image"}},
		{"no registry", "aws-dev", "registry.image", "acme-hub:1.0", []string{"no registry host"}},
		{"another registry on AWS", "aws-dev", "registry.image", "europe-west1-docker.pkg.dev/p/r/i:1.0", []string{"not of this platform's registry", "dkr.ecr"}},
		{"another registry on Azure", "azure-dev", "registry.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:1.0", []string{"not of this platform's registry", "docker.pkg.dev"}},
		{"repository that is none", "aws-dev", "registry.additionalRepositoryArns", []any{"arn:aws:s3:::bucket"}, []string{"bifrost:registry.additionalRepositoryArns[0]", "arn:aws:ecr:REGION:ACCOUNT:repository/NAME"}},
		{"repositories on Azure", "azure-dev", "registry.additionalRepositoryArns", []any{"arn:aws:ecr:us-east-1:444455556666:repository/x"}, []string{"platform azure does not read it"}},

		// AWS.
		{"no aws object", "aws-dev", "aws", nil, []string{"bifrost:aws: Required", "region and accountId"}},
		{"no region", "aws-dev", "aws.region", nil, []string{"bifrost:aws.region: Required"}},
		{"not a region", "aws-dev", "aws.region", "us-east1", []string{"bifrost:aws.region: Invalid value", "us-east-1"}},
		{"a misspelt region", "aws-dev", "aws.region", "eu-centrl-1", []string{"bifrost:aws.region: Invalid value", "did you mean eu-central-1?"}},
		{"a misspelt location", "azure-dev", "azure.location", "westeurop", []string{"bifrost:azure.location: Invalid value", "did you mean westeurope?"}},
		{"no account", "aws-dev", "aws.accountId", nil, []string{"bifrost:aws.accountId: Required"}},
		{"short account", "aws-dev", "aws.accountId", "11112222333", []string{"bifrost:aws.accountId: Invalid value", "12 digits"}},
		{"role that is no ARN", "aws-dev", "aws.assumeRoleArn", "deployer", []string{"bifrost:aws.assumeRoleArn", "arn:aws:iam::ACCOUNT:role/NAME"}},
		{"user for a role", "aws-dev", "aws.assumeRoleArn", "arn:aws:iam::111122223333:user/deployer", []string{"bifrost:aws.assumeRoleArn"}},
		{"boundary that is no policy", "aws-dev", "aws.permissionsBoundary", "arn:aws:iam::1111:policy/b", []string{"bifrost:aws.permissionsBoundary"}},
		{"IAM path", "aws-dev", "aws.iamPath", "bifrost", []string{"bifrost:aws.iamPath", "begins and ends with a slash"}},
		{"no EKS cluster's name", "aws-dev", "eks", map[string]any{"oidcProvider": "existing"}, []string{"bifrost:eks.clusterName: Required"}},
		{"EKS cluster's name", "aws-dev", "eks.clusterName", "-dev", []string{"bifrost:eks.clusterName: Invalid value"}},
		{"OIDC provider", "aws-dev", "eks.oidcProvider", "maybe", []string{"bifrost:eks.oidcProvider", `"existing", "create"`}},
		{"pull", "aws-dev", "eks.pull", "nodes", []string{"bifrost:eks.pull", `"refresh", "node", "kubelet"`}},
		{"auth", "aws-dev", "eks.auth", "pod-identity", []string{"bifrost:eks.auth", `"irsa", "podIdentity"`}},
		{"Pod Identity for the kubelet", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "kubelet", "auth": "podIdentity"}, []string{"bifrost:eks.auth", "serves containers", "eks.pull to refresh"}},
		{"Pod Identity for nodes", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "node", "auth": "podIdentity", "nodeRoleArns": []any{nodeRole}}, []string{"bifrost:eks.auth", "serves containers"}},
		{"OIDC provider for Pod Identity", "aws-dev", "eks", map[string]any{"clusterName": "dev", "auth": "podIdentity", "oidcProvider": "create"}, []string{"bifrost:eks.oidcProvider: Forbidden", "remove it"}},
		{"OIDC provider for nodes", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{nodeRole}, "oidcProvider": "existing"}, []string{"bifrost:eks.oidcProvider: Forbidden"}},
		{"pull Secret for nodes", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{nodeRole}, "secretName": "s"}, []string{"bifrost:eks.secretName: Forbidden", "makes no pull Secret"}},
		{"one token for two roles, made", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "kubelet", "gatewayPolicyArns": []any{"arn:aws:iam::aws:policy/p"}}, []string{"bifrost:eks.gatewayAuth: Invalid value: \"irsa\"", "set it to podIdentity"}},
		{"one token for two roles, given", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "kubelet", "gatewayRoleArn": "arn:aws:iam::111122223333:role/r", "gatewayAuth": "irsa"}, []string{"bifrost:eks.gatewayAuth: Invalid value: \"irsa\"", "set it to podIdentity"}},
		{"pull Secret for the kubelet", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "kubelet", "secretName": "s"}, []string{"bifrost:eks.secretName: Forbidden", "eks.pull kubelet"}},
		{"role for nodes", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{nodeRole}, "roleName": "R"}, []string{"bifrost:eks.roleName: Forbidden", "makes no role"}},
		{"no node roles", "aws-dev", "eks.pull", "node", []string{"bifrost:eks.nodeRoleArns: Required", "aws eks describe-nodegroup"}},
		{"node roles for nothing", "aws-dev", "eks.nodeRoleArns", []any{nodeRole}, []string{"bifrost:eks.nodeRoleArns: Forbidden", "eks.pull to node"}},
		{"node role that is no ARN", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{"nodes"}}, []string{"bifrost:eks.nodeRoleArns[0]", "arn:aws:iam::ACCOUNT:role/NAME"}},
		{"instance profile for a node role", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{"arn:aws:iam::111122223333:instance-profile/nodes"}}, []string{"bifrost:eks.nodeRoleArns[0]", "arn:aws:iam::ACCOUNT:role/NAME"}},
		{"node role of another account", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{"arn:aws:iam::222233334444:role/nodes"}}, []string{"bifrost:eks.nodeRoleArns[0]", "another account", "aws.accountId 111122223333"}},
		{"node role twice", "aws-dev", "eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{nodeRole, "arn:aws:iam::111122223333:role/team/nodes"}}, []string{"bifrost:eks.nodeRoleArns[1]: Duplicate"}},
		{"role's name", "aws-dev", "eks.roleName", "Bifrost Role", []string{"bifrost:eks.roleName", "at most 64"}},
		{"Secret's name", "aws-dev", "eks.secretName", "ECR_Secret", []string{"bifrost:eks.secretName"}},
		{"gateway's role", "aws-dev", "eks.gatewayRoleArn", "BedrockRole", []string{"bifrost:eks.gatewayRoleArn"}},
		{"context without kubeconfig", "aws-dev", "eks.context", "dev", []string{"bifrost:eks.context", "secrets.kubeconfig"}},

		// ECS.
		{"no ECS cluster's name", "aws-dev", "ecs.clusterName", nil, []string{"bifrost:ecs.clusterName: Required"}},
		{"no subnets", "aws-dev", "ecs.subnets", nil, []string{"bifrost:ecs.subnets: Required"}},
		{"subnet", "aws-dev", "ecs.subnets", []any{"subnet-0a1b2c3d4e5f60718", "private-a"}, []string{"bifrost:ecs.subnets[1]", "subnet-0123456789abcdef0"}},
		{"security group", "aws-dev", "ecs.securityGroups", []any{"default"}, []string{"bifrost:ecs.securityGroups[0]"}},
		{"Fargate cpu", "aws-dev", "ecs.cpu", 500, []string{"bifrost:ecs.cpu: Invalid value: 500", "256, 512, 1024"}},
		{"Fargate memory too small", "aws-dev", "ecs.memory", 512, []string{"bifrost:ecs.memory: Invalid value: 512", "1024 to 4096"}},
		{"Fargate memory between steps", "aws-dev", "ecs.memory", 1500, []string{"bifrost:ecs.memory", "steps of 1024"}},
		{"log retention", "aws-dev", "ecs.logRetentionDays", 31, []string{"bifrost:ecs.logRetentionDays", "30"}},
		{"recovery window", "aws-dev", "ecs.secretRecoveryDays", 3, []string{"bifrost:ecs.secretRecoveryDays", "7 to 30"}},
		{"log group", "aws-dev", "ecs.logGroup", "/ecs/bi frost", []string{"bifrost:ecs.logGroup"}},
		{"task role", "aws-dev", "ecs.taskRoleArn", "x", []string{"bifrost:ecs.taskRoleArn"}},
		{"negative count", "aws-dev", "ecs.desiredCount", -1, []string{"bifrost:ecs.desiredCount", "at least 1"}},
		{"too many security groups", "aws-dev", "ecs.securityGroups", []any{"sg-00000001", "sg-00000002", "sg-00000003", "sg-00000004", "sg-00000005", "sg-00000006"}, []string{"bifrost:ecs.securityGroups: Too many", "at most 5"}},
		{"too many subnets", "aws-dev", "ecs.subnets", slices.Repeat(ecsSubnets, 9), []string{"bifrost:ecs.subnets: Too many", "at most 16"}},
		{"the nearest pair", "aws-dev", "ecs.memory", 5000, []string{"bifrost:ecs.memory: Invalid value: 5000", "the nearest pair of Fargate that is not smaller is ecs.cpu 1024 with ecs.memory 5120"}},
		{"architecture", "aws-dev", "ecs.cpuArchitecture", "arm64", []string{"bifrost:ecs.cpuArchitecture", `"X86_64", "ARM64"`}},
		{"Exec with a read-only root", "aws-dev", "ecs.exec", true, []string{"bifrost:ecs.exec: Invalid value: true", "set ecs.readOnlyRoot to false"}},
		{"stop timeout", "aws-dev", "ecs.stopTimeoutSeconds", 300, []string{"bifrost:ecs.stopTimeoutSeconds", "2 to 120 seconds"}},
		{"no room for a deployment", "aws-dev", "ecs.maxHealthyPercent", 100, []string{"bifrost:ecs.maxHealthyPercent", "with 2 of 2 tasks kept and 2 allowed", "lower ecs.minHealthyPercent"}},
		{"no room for the least load", "aws-dev", "ecs", ecsWith("desiredCount", 4, "maxHealthyPercent", 125, "autoscaling", map[string]any{"minTasks": 2, "maxTasks": 8, "cpuPercent": 60}), []string{"bifrost:ecs.maxHealthyPercent", "with 2 of 2 tasks kept and 2 allowed"}},
		{"percentage", "aws-dev", "ecs.minHealthyPercent", 110, []string{"bifrost:ecs.minHealthyPercent", "0 to 100 percent"}},
		{"one zone", "aws-dev", "ecs.singleZone", "yes", []string{"bifrost:ecs.singleZone", `"allow"`}},
		{"client group", "aws-dev", "ecs.clientSecurityGroups", []any{"sg-0123456789abcdef0"}, []string{"bifrost:ecs.clientSecurityGroups: Forbidden", "the given ecs.securityGroups decide"}},
		{"name of a role that is given", "aws-dev", "ecs", ecsWith("taskRoleArn", "arn:aws:iam::111122223333:role/bedrock", "taskRoleName", "R"), []string{"bifrost:ecs.taskRoleName: Forbidden", "ecs.taskRoleArn"}},
		{"policies of a role that is given", "aws-dev", "ecs", ecsWith("taskRoleArn", "arn:aws:iam::111122223333:role/bedrock", "taskPolicyArns", []any{"arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess"}), []string{"bifrost:ecs.taskPolicyArns: Forbidden"}},
		{"policy that is none", "aws-dev", "ecs.taskPolicyArns", []any{"AmazonBedrockFullAccess"}, []string{"bifrost:ecs.taskPolicyArns[0]", "arn:aws:iam::ACCOUNT:policy/NAME"}},
		{"policy twice", "aws-dev", "ecs.taskPolicyArns", []any{"arn:aws:iam::aws:policy/P", "arn:aws:iam::aws:policy/P"}, []string{"bifrost:ecs.taskPolicyArns[1]: Duplicate"}},
		{"alias for a key", "aws-dev", "ecs.secretKmsKeyArn", "arn:aws:kms:us-east-1:111122223333:alias/secrets", []string{"bifrost:ecs.secretKmsKeyArn", "key/ID"}},
		{"key of the logs", "aws-dev", "ecs.logKmsKeyArn", "key", []string{"bifrost:ecs.logKmsKeyArn"}},

		// ECS: load balancer and target group.
		{"load balancer without TLS", "aws-dev", "ecs.loadBalancer", lbWith("certificateArn", ""), []string{"bifrost:ecs.loadBalancer.certificateArn: Required", "allowHttp"}},
		{"HTTP beside HTTPS", "aws-dev", "ecs.loadBalancer", lbWith("allowHttp", true), []string{"bifrost:ecs.loadBalancer.allowHttp: Forbidden", "in clear"}},
		{"certificate", "aws-dev", "ecs.loadBalancer", lbWith("certificateArn", "arn:aws:acm::111122223333:certificate/x"), []string{"bifrost:ecs.loadBalancer.certificateArn: Invalid", "arn:aws:acm:REGION:ACCOUNT:certificate/ID"}},
		{"TLS policy without TLS", "aws-dev", "ecs.loadBalancer", map[string]any{"allowHttp": true, "securityGroups": []any{lbGroup}, "sslPolicy": "ELBSecurityPolicy-2016-08"}, []string{"bifrost:ecs.loadBalancer.sslPolicy: Forbidden"}},
		{"TLS policy", "aws-dev", "ecs.loadBalancer", lbWith("sslPolicy", "modern"), []string{"bifrost:ecs.loadBalancer.sslPolicy", "aws elbv2 describe-ssl-policies"}},
		{"scheme", "aws-dev", "ecs.loadBalancer", lbWith("scheme", "public"), []string{"bifrost:ecs.loadBalancer.scheme", `"internal", "internet-facing"`}},
		{"load balancer's group for given groups", "aws-dev", "ecs.loadBalancer", map[string]any{"certificateArn": certificate}, []string{"bifrost:ecs.loadBalancer.securityGroups: Required", "on port 8080"}},
		{"the internet unnamed", "aws-dev", "ecs", map[string]any{"clusterName": "dev", "subnets": ecsSubnets, "loadBalancer": map[string]any{"certificateArn": certificate, "scheme": "internet-facing"}}, []string{"bifrost:ecs.loadBalancer.allowedCidrs: Required", "0.0.0.0/0"}},
		{"addresses for a given group", "aws-dev", "ecs.loadBalancer", lbWith("allowedCidrs", []any{"10.0.0.0/8"}), []string{"bifrost:ecs.loadBalancer.allowedCidrs: Forbidden"}},
		{"addresses", "aws-dev", "ecs", map[string]any{"clusterName": "dev", "subnets": ecsSubnets, "loadBalancer": map[string]any{"certificateArn": certificate, "allowedCidrs": []any{"10.1.2.3/8", "fd00::/8"}}}, []string{"bifrost:ecs.loadBalancer.allowedCidrs[0]", "write 10.0.0.0/8", "bifrost:ecs.loadBalancer.allowedCidrs[1]"}},
		{"load balancer's subnet", "aws-dev", "ecs.loadBalancer", lbWith("subnets", []any{"public-a"}), []string{"bifrost:ecs.loadBalancer.subnets[0]"}},
		{"idle timeout", "aws-dev", "ecs.loadBalancer", lbWith("idleTimeoutSeconds", 4001), []string{"bifrost:ecs.loadBalancer.idleTimeoutSeconds", "1 to 4000"}},
		{"deregistration delay", "aws-dev", "ecs.loadBalancer", lbWith("deregistrationDelaySeconds", 4000), []string{"bifrost:ecs.loadBalancer.deregistrationDelaySeconds", "0 to 3600"}},
		{"bucket", "aws-dev", "ecs.loadBalancer", lbWith("accessLogsBucket", "s3://logs"), []string{"bifrost:ecs.loadBalancer.accessLogsBucket"}},
		{"load balancer and target group", "aws-dev", "ecs", ecsWith("targetGroupArn", targetGroup, "loadBalancer", lbWith("scheme", "internal")), []string{"bifrost:ecs.loadBalancer: Forbidden", "remove one of them"}},
		{"target group", "aws-dev", "ecs.targetGroupArn", "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/x/0", []string{"bifrost:ecs.targetGroupArn", "targetgroup/NAME/ID"}},
		{"target group that cannot reach the tasks", "aws-dev", "ecs", map[string]any{"clusterName": "dev", "subnets": ecsSubnets, "targetGroupArn": targetGroup}, []string{"bifrost:ecs.clientSecurityGroups: Required", "load balancer of ecs.targetGroupArn"}},

		{"names that are none", "aws-dev", "ecs.loadBalancer", named("zoneId", "example.com", "names", []any{"https://llm.example.com", "llm.example.com", "llm.example.com"}), []string{"bifrost:ecs.loadBalancer.dns.zoneId: Invalid", "aws route53 list-hosted-zones", "bifrost:ecs.loadBalancer.dns.names[0]: Invalid", "bifrost:ecs.loadBalancer.dns.names[2]: Duplicate"}},
		{"no name", "aws-dev", "ecs.loadBalancer", named("names", nil), []string{"bifrost:ecs.loadBalancer.dns.names: Required", "llm.example.com"}},
		{"no host", "aws-dev", "ecs.loadBalancer", named("names", []any{"*.example.com"}), []string{"bifrost:ecs.loadBalancer.dns.names[0]: Invalid", "put one without * first"}},
		{"names in no zone", "aws-dev", "ecs.loadBalancer", named("zoneId", nil), []string{"bifrost:ecs.loadBalancer.dns.zoneId: Required", "validationZoneId"}},
		{"a first name that is long", "aws-dev", "ecs.loadBalancer", named("names", []any{strings.Repeat("a", 60) + ".example.com"}), []string{"bifrost:ecs.loadBalancer.dns.names[0]: Invalid", "64 characters"}},
		{"more names than ACM takes", "aws-dev", "ecs.loadBalancer", named("names", manyNames(11)), []string{"bifrost:ecs.loadBalancer.dns.names: Too many", "10"}},
		{"proof of nothing", "aws-dev", "ecs.loadBalancer", named("certificateArn", certificate, "validationZoneId", "Z0FEDCBA9876543210000"), []string{"bifrost:ecs.loadBalancer.dns.validationZoneId: Forbidden", "no certificate is made here"}},
		{"nothing to make of names", "aws-dev", "ecs.loadBalancer", named("certificateArn", certificate, "zoneId", nil), []string{"bifrost:ecs.loadBalancer.dns.zoneId: Required", "remove dns"}},

		{"certificate of another region", "aws-dev", "ecs.loadBalancer", lbWith("certificateArn", "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d"), []string{"bifrost:ecs.loadBalancer.certificateArn: Invalid", "another region than us-east-1"}},
		{"target group of another region", "aws-dev", "ecs.targetGroupArn", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/bifrost/0123456789abcdef", []string{"bifrost:ecs.targetGroupArn: Invalid", "another region"}},
		{"key of another region", "aws-dev", "ecs.secretKmsKeyArn", "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d", []string{"bifrost:ecs.secretKmsKeyArn: Invalid", "another region"}},
		{"logs' key of another region", "aws-dev", "ecs.logKmsKeyArn", "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d", []string{"bifrost:ecs.logKmsKeyArn: Invalid", "another region"}},
		{"topic of another region", "aws-dev", "ecs.alarms.topicArn", "arn:aws:sns:eu-west-1:111122223333:alarms", []string{"bifrost:ecs.alarms.topicArn: Invalid", "another region"}},

		// ECS: scale, clustering, alarms.
		{"no most tasks", "aws-dev", "ecs.autoscaling", map[string]any{"cpuPercent": 60}, []string{"bifrost:ecs.autoscaling.maxTasks: Required"}},
		{"nothing to follow", "aws-dev", "ecs.autoscaling", map[string]any{"maxTasks": 4}, []string{"bifrost:ecs.autoscaling.cpuPercent: Required", "at least one of"}},
		{"most below least", "aws-dev", "ecs.autoscaling", map[string]any{"minTasks": 5, "maxTasks": 4, "cpuPercent": 60}, []string{"bifrost:ecs.autoscaling.maxTasks", "which is 5"}},
		{"begin below least", "aws-dev", "ecs", ecsWith("desiredCount", 1, "autoscaling", map[string]any{"minTasks": 2, "maxTasks": 4, "cpuPercent": 60}), []string{"bifrost:ecs.autoscaling.minTasks", "which is 1"}},
		{"percentage of the CPU", "aws-dev", "ecs.autoscaling", map[string]any{"maxTasks": 4, "cpuPercent": 600}, []string{"bifrost:ecs.autoscaling.cpuPercent", "percent"}},
		{"requests that nobody counts", "aws-dev", "ecs.autoscaling", map[string]any{"maxTasks": 4, "requestsPerTarget": 600}, []string{"bifrost:ecs.autoscaling.requestsPerTarget", "loadBalancer or targetGroupArn"}},
		{"namespace of the tasks", "aws-dev", "ecs.clustering.namespace", "Bifrost", []string{"bifrost:ecs.clustering.namespace"}},
		{"a cluster that is switched off", "aws-dev", "gateway", with("aws-dev", "clustering", map[string]any{"enabled": false}, "config.cluster_config", map[string]any{"enabled": true}), []string{"bifrost:gateway.clustering.enabled: Required", "config.json has cluster_config on"}},
		{"no topic", "aws-dev", "ecs.alarms", map[string]any{"serverErrors": 5}, []string{"bifrost:ecs.alarms.topicArn: Required"}},
		{"topic", "aws-dev", "ecs.alarms.topicArn", "alarms", []string{"bifrost:ecs.alarms.topicArn", "arn:aws:sns:REGION:ACCOUNT:NAME"}},

		// Azure.
		{"no azure object", "azure-dev", "azure", nil, []string{"bifrost:azure: Required"}},
		{"subscription", "azure-dev", "azure.subscriptionId", "my-subscription", []string{"bifrost:azure.subscriptionId", "UUID"}},
		{"no tenant", "azure-dev", "azure.tenantId", nil, []string{"bifrost:azure.tenantId: Required"}},
		{"location", "azure-dev", "azure.location", "West Europe", []string{"bifrost:azure.location", "westeurope"}},
		{"resource group", "azure-dev", "azure.resourceGroup", "a b", []string{"bifrost:azure.resourceGroup"}},
		{"no aks object", "azure-dev", "aks", nil, []string{"bifrost:aks: Required"}},
		{"AKS cluster's name", "azure-dev", "aks.clusterName", "dev_", []string{"bifrost:aks.clusterName"}},
		{"login", "azure-dev", "aks.login", "devicecode", []string{"bifrost:aks.login", `"azurecli", "workloadidentity", "spn"`}},
		{"identity's name", "azure-dev", "aks.identityName", "x", []string{"bifrost:aks.identityName"}},
		{"gateway's client", "azure-dev", "aks.gatewayClientId", "x", []string{"bifrost:aks.gatewayClientId"}},
		{"relative token file", "azure-dev", "aks.tokenFile", "token", []string{"bifrost:aks.tokenFile", "absolute path"}},
		{"token file where something else is mounted", "azure-dev", "aks.tokenFile", "/work/token", []string{"bifrost:aks.tokenFile", "mounted at /work"}},
		{"trust", "azure-dev", "aks.trust", "azure", []string{"bifrost:aks.trust", `"aks", "entra"`}},
		{"entra without its app registration", "azure-dev", "aks.trust", "entra", []string{"bifrost:aks.entra: Required", "appIdUri and tokenVersion"}},
		{"app registration for nothing", "azure-dev", "aks.entra", entraTrust(1), []string{"bifrost:aks.entra: Forbidden", "set aks.trust to entra"}},
		{"entra without the URI", "azure-dev", "aks", entraAks(map[string]any{"tokenVersion": 1}), []string{"bifrost:aks.entra.appIdUri: Required"}},
		{"URI with a slash at its end", "azure-dev", "aks", entraAks(map[string]any{"tokenVersion": 1, "appIdUri": "api://bifrost/"}), []string{"bifrost:aks.entra.appIdUri: Invalid"}},
		{"entra without the version", "azure-dev", "aks", entraAks(map[string]any{"appIdUri": "api://bifrost"}), []string{"bifrost:aks.entra.tokenVersion: Required", "requestedAccessTokenVersion"}},
		{"another version", "azure-dev", "aks", entraAks(map[string]any{"tokenVersion": 3, "appIdUri": "api://bifrost"}), []string{"bifrost:aks.entra.tokenVersion: Invalid value: 3", "1 or 2"}},
		{"version 2 without the client id", "azure-dev", "aks", entraAks(map[string]any{"tokenVersion": 2, "appIdUri": "api://bifrost"}), []string{"bifrost:aks.entra.appId: Required", "az ad app show"}},
		{"client id", "azure-dev", "aks", entraAks(map[string]any{"tokenVersion": 2, "appIdUri": "api://bifrost", "appId": "bifrost"}), []string{"bifrost:aks.entra.appId: Invalid"}},
		{"audience with entra", "azure-dev", "aks", map[string]any{"clusterName": "dev", "trust": "entra", "entra": entraTrust(1), "tokenAudience": "api://x"}, []string{"bifrost:aks.tokenAudience: Forbidden"}},
		{"subject longer than Google's", "azure-dev", "refresher.serviceAccount", strings.Repeat("x", 100), []string{"bifrost:refresher.serviceAccount", "Google takes 127"}},

		// The vendor's credential configuration.
		{"no credential configuration", "azure-dev", "gcp", nil, []string{"bifrost:gcp.credentialConfig: Required", "rollout to identity"}},
		{"a service account key", "azure-dev", "gcp.credentialConfig", map[string]any{"type": "service_account", "private_key": "k"}, []string{"bifrost:gcp.credentialConfig.type", "external_account"}},
		{"file elsewhere", "azure-dev", "gcp.credentialConfig.credential_source.file", "/tmp/token", []string{"bifrost:gcp.credentialConfig.credential_source.file", "/var/run/secrets/azure/tokens/azure-identity-token", "aks.tokenFile"}},
		{"URL for a file", "azure-dev", "gcp.credentialConfig.credential_source", map[string]any{"url": "http://169.254.169.254"}, []string{"bifrost:gcp.credentialConfig.credential_source.file"}},
		{"JSON token", "azure-dev", "gcp.credentialConfig.credential_source.format.type", "json", []string{"credential_source.format.type"}},
		{"audience", "azure-dev", "gcp.credentialConfig.audience", "api://AzureADTokenExchange", []string{"bifrost:gcp.credentialConfig.audience", "workloadIdentityPools"}},
		{"token type", "azure-dev", "gcp.credentialConfig.subject_token_type", "urn:ietf:params:aws:token-type:aws4_request", []string{"subject_token_type"}},
		{"token URL", "azure-dev", "gcp.credentialConfig.token_url", "https://evil.example.com/v1/token", []string{"token_url", "https://sts.googleapis.com/v1/token"}},
		{"impersonation", "azure-dev", "gcp.credentialConfig.service_account_impersonation_url", "https://evil.example.com/x", []string{"service_account_impersonation_url"}},

		{"audience of another provider", "azure-dev", "aks.tokenAudience", "https://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-hub-azure-pool/providers/other", []string{"bifrost:aks.tokenAudience", "write https://iam.googleapis.com/", "providers/acme-hub-azure-provider"}},

		// The federation.
		{"both", "azure-dev", "gcp.federation", federation()["federation"], []string{"bifrost:gcp.credentialConfig: Forbidden", "remove one of them"}},
		{"empty federation", "azure-dev", "gcp", map[string]any{"federation": map[string]any{}}, []string{
			"bifrost:gcp.federation.projectId: Required", "bifrost:gcp.federation.poolId: Required", "bifrost:gcp.federation.providerId: Required", "bifrost:gcp.federation.serviceAccountId: Required",
		}},
		{"ids of the federation", "azure-dev", "gcp", map[string]any{"federation": map[string]any{"projectId": "123456789012", "poolId": "gcp-x", "providerId": "abc", "serviceAccountId": "x@y"}}, []string{
			"bifrost:gcp.federation.projectId: Invalid", "not its number", "bifrost:gcp.federation.poolId: Invalid", "Google keeps", "bifrost:gcp.federation.providerId: Invalid", "bifrost:gcp.federation.serviceAccountId: Invalid",
		}},

		// The refresher.
		{"schedule", "aws-dev", "refresher.schedule", "every 6 hours", []string{"bifrost:refresher.schedule", "*/20 * * * *"}},
		{"schedule with seconds", "aws-dev", "refresher.schedule", "0 0 */6 * * *", []string{"bifrost:refresher.schedule"}},
		{"schedule longer than an ECR token", "aws-dev", "refresher.schedule", "0 0 * * *", []string{"bifrost:refresher.schedule", "an ECR token lives 12h"}},
		{"schedule longer than a Google token", "azure-dev", "refresher.schedule", "0 */2 * * *", []string{"bifrost:refresher.schedule", "a Google access token lives 1h"}},
		{"schedule with a gap at the weekend", "aws-dev", "refresher.schedule", "0 */6 * * 1-5", []string{"bifrost:refresher.schedule"}},
		{"schedule that a shorter Google token does not outlive", "azure-dev", "gcp.credentialConfig.service_account_impersonation", map[string]any{"token_lifetime_seconds": 900}, []string{"bifrost:refresher.schedule", `"*/20 * * * *"`, "lives 15m"}},
		{"life of a Google token", "azure-dev", "gcp.credentialConfig.service_account_impersonation", map[string]any{"token_lifetime_seconds": 60}, []string{"bifrost:gcp.credentialConfig.service_account_impersonation.token_lifetime_seconds", "600"}},
		{"refresher's pods", "aws-dev", "refresher", map[string]any{"podLabels": map[string]any{"app": "x"}, "podAnnotations": map[string]any{"a b": "c"}, "env": map[string]any{"AWS_ROLE_ARN": "x", "AWS_SESSION_TOKEN": canary},
			"secretRefs": map[string]any{"HOME": map[string]any{"secret": "s", "key": "k"}}, "imagePullSecrets": []any{"A"}, "scheduling": map[string]any{"priorityClass": "A"}},
			[]string{"bifrost:refresher.podLabels[app]", "bifrost:refresher.podAnnotations[a b]", "bifrost:refresher.env[AWS_ROLE_ARN]", "bifrost:refresher.env[AWS_SESSION_TOKEN]: Forbidden: the AWS SDK reads a secret from it", "bifrost:refresher.secretRefs[HOME]", "bifrost:refresher.imagePullSecrets[0]", "bifrost:refresher.scheduling.priorityClass"}},
		{"placement that the refresher follows", "azure-dev", "gateway.scheduling", map[string]any{"priorityClass": "A", "architectures": []any{"s390x"}}, []string{"bifrost:gateway.scheduling.priorityClass", "bifrost:gateway.scheduling.architectures[0]"}},

		// The network.
		{"proxy without a port", "aws-dev", "network.proxy", "http://proxy.example.com", []string{"bifrost:network.proxy: Invalid", "http://proxy.example.com:3128"}},
		{"proxy that is no URL", "azure-dev", "network.proxy", "proxy.example.com:3128", []string{"bifrost:network.proxy: Invalid"}},
		{"proxy of another kind", "azure-dev", "network.proxy", "socks5://proxy.example.com:1080", []string{"bifrost:network.proxy: Invalid"}},
		{"proxy with a login", "aws-dev", "network.proxy", "http://user:" + canary + "@proxy.example.com:3128", []string{"bifrost:network.proxy: Forbidden: holds a login", "pulumi config set --secret --path 'bifrost:secrets.env.HTTPS_PROXY'", "refresher.secretRefs"}},
		{"proxy with a login and no scheme", "aws-dev", "network.proxy", "user:" + canary + "@proxy.example.com:3128", []string{"bifrost:network.proxy: Forbidden: holds a login"}},
		{"proxy's login in a variable without a scheme", "aws-dev", "ecs.env.https_proxy", "user:" + canary + "@proxy.example.com:3128", []string{"bifrost:ecs.env[https_proxy]: Forbidden: holds a login"}},
		{"proxy of the tasks' own check", "aws-dev", "gateway.env.http_proxy", "http://proxy.example.com:3128", []string{"bifrost:gateway.env[http_proxy]: Forbidden", "write network.proxy"}},
		{"proxy's login in a variable", "azure-dev", "gateway.env.HTTPS_PROXY", "http://user:" + canary + "@proxy.example.com:3128", []string{"bifrost:gateway.env[HTTPS_PROXY]: Forbidden: holds a login"}},
		{"refresher's proxy's login in a variable", "azure-dev", "refresher.env.https_proxy", "http://user:" + canary + "@proxy.example.com:3128", []string{"bifrost:refresher.env[https_proxy]: Forbidden: holds a login"}},
		{"exceptions from no proxy", "aws-dev", "network.noProxy", []any{"a.example.com, b.example.com", ""}, []string{"bifrost:network.proxy: Required", "bifrost:network.noProxy[0]: Invalid", "bifrost:network.noProxy[1]: Invalid"}},
		{"authorities at an address", "azure-dev", "network.caFile", "https://ca.example.com/ca.pem", []string{"bifrost:network.caFile", "is an address, and a file is wanted: save it beside Pulumi.yaml"}},
		{"authorities of a database at an address", "aws-dev", "gateway.postgres.caFile", "https://truststore.pki.rds.amazonaws.com/us-east-1/us-east-1-bundle.pem", []string{"bifrost:gateway.postgres.caFile", "is an address, and a file is wanted"}},
		{"authorities that are not there", "azure-dev", "network.caFile", "nowhere.pem", []string{"bifrost:network.caFile", "cannot be read"}},
		{"authorities that are none", "azure-dev", "network.caFile", "go.mod", []string{"bifrost:network.caFile", "holds no certificate"}},
		{"authorities for tasks in a ConfigMap", "aws-dev", "network.caConfigMap", map[string]any{"name": "A B", "key": "ca.crt"}, []string{"bifrost:network.caConfigMap.name", "bifrost:network.caConfigMap: Forbidden", "write network.caFile"}},
		{"authorities twice", "azure-dev", "network", map[string]any{"caFile": "examples/eks-production/rds-ca.pem", "caConfigMap": map[string]any{"name": "ca", "key": "ca.crt"}}, []string{"bifrost:network: Forbidden", "keep one of them"}},
		{"schedule that never comes", "aws-dev", "refresher.schedule", "0 0 31 2 *", []string{"bifrost:refresher.schedule"}},
		{"refresher's image", "aws-dev", "refresher.images.kubectl", "registry.k8s.io/kubectl:latest", []string{"bifrost:refresher.images.kubectl", "latest"}},
		{"image of the other registry's refresher", "aws-dev", "refresher.images.gcloud", "gcr.io/cli:latest", []string{"bifrost:refresher.images.gcloud", "latest"}},
		{"refresher as the gateway", "aws-dev", "refresher.serviceAccount", "bifrost-sa", []string{"bifrost:refresher.serviceAccount", "gateway.serviceAccount"}},
		{"refresher's name", "aws-dev", "refresher.serviceAccount", "Bifrost", []string{"bifrost:refresher.serviceAccount"}},

		// The gateway.
		{"namespace", "aws-dev", "gateway.namespace", "Bifrost_1", []string{"bifrost:gateway.namespace"}},
		{"no replicas", "aws-dev", "gateway.replicas", 0, []string{"bifrost:gateway.replicas: Invalid value: 0", "at least 1"}},
		{"no tasks", "aws-dev", "ecs.desiredCount", 0, []string{"bifrost:ecs.desiredCount: Invalid value: 0", "at least 1"}},
		{"negative replicas", "aws-dev", "gateway.replicas", -1, []string{"bifrost:gateway.replicas", "at least 1"}},
		{"replicas on SQLite", "aws-dev", "gateway.config", map[string]any{"config_store": map[string]any{"enabled": true, "type": "sqlite"}}, []string{"bifrost:gateway.replicas: Invalid value: 2", "SQLite"}},
		{"replicas on a SQLite log store", "azure-dev", "gateway.config.logs_store.type", "sqlite", []string{"bifrost:gateway.replicas", "SQLite"}},
		{"replicas on no store at all", "aws-dev", "gateway.config", map[string]any{"client": map[string]any{"a": true}}, []string{"SQLite, the default store"}},
		{"no config.json", "aws-dev", "gateway.config", nil, []string{"bifrost:gateway.config: Required"}},
		{"memory", "aws-dev", "gateway.memoryLimit", "2 gigabytes", []string{"bifrost:gateway.memoryLimit", "512Mi"}},
		{"cpu", "aws-dev", "gateway.cpuLimit", "-1", []string{"bifrost:gateway.cpuLimit"}},
		{"memory limit below the request", "aws-dev", "gateway.memoryLimit", "256Mi", []string{"bifrost:gateway.memoryRequest", "512Mi", "above the limit, which is 256Mi"}},
		{"cpu request above the limit", "azure-dev", "gateway.cpuRequest", "2", []string{"bifrost:gateway.cpuRequest", "above the limit"}},
		{"variable", "aws-dev", "gateway.env", map[string]any{"1=x": "y"}, []string{"bifrost:gateway.env[1=x]"}},
		{"a secret in clear", "aws-dev", "gateway.env.PG_PASSWORD", "hunter2", []string{"bifrost:gateway.env[PG_PASSWORD]: Forbidden"}},
		{"the licence in clear", "aws-dev", "gateway.env.BIFROST_LICENSE", "l", []string{"bifrost:gateway.env[BIFROST_LICENSE]: Forbidden"}},
		{"label", "aws-dev", "labels", map[string]any{"team": "a b"}, []string{"bifrost:labels[team]"}},

		// Secrets.
		{"no encryption key", "aws-dev", "secrets.encryptionKey", nil, []string{"bifrost:secrets.encryptionKey: Required", "pulumi config set --secret --path 'bifrost:secrets.encryptionKey'"}},
		{"no licence for 2.x", "aws-dev", "secrets.license", nil, []string{"bifrost:secrets.license: Required"}},
		{"no value for a reference", "aws-dev", "secrets.env", nil, []string{"bifrost:secrets.env.PG_PASSWORD: Required"}},
		{"secret variable", "aws-dev", "secrets.env", map[string]any{"A B": canary, "PG_PASSWORD": canary}, []string{"bifrost:secrets.env[A B]: Forbidden"}},
		{"reserved variable", "aws-dev", "secrets.env.BIFROST_CONFIG", canary, []string{"bifrost:secrets.env[BIFROST_CONFIG]: Forbidden", "carries config.json"}},
		{"key with a place of its own", "aws-dev", "secrets.env.BIFROST_ENCRYPTION_KEY", canary, []string{"secrets.encryptionKey"}},

		// config.json.
		{"config.json twice", "aws-dev", "gateway.configFile", "examples/clustered/config.json", []string{"bifrost:gateway.configFile: Forbidden", "keep one of them"}},
		{"no such file", "aws-dev", "gateway", fromFile("aws-dev", "config.json"), []string{"bifrost:gateway.configFile: Invalid value", "no such file", "folder of Pulumi.yaml"}},
		{"a file that is no JSON", "aws-dev", "gateway", fromFile("aws-dev", "README.md"), []string{"bifrost:gateway.configFile: Invalid value", "not JSON, at byte"}},
		{"no such schema", "aws-dev", "gateway.schemaFile", "schema.json", []string{"bifrost:gateway.schemaFile: Invalid value", "no such file"}},
		{"a schema that is none", "aws-dev", "gateway.schemaFile", "README.md", []string{"bifrost:gateway.schemaFile: Invalid value", "https://www.getbifrost.ai/schema"}},
		{"against the schema", "aws-dev", "gateway.schemaFile", "stacks/testdata/strict.schema.json", []string{"bifrost:gateway.config.config_store: Forbidden", "the schema has no such key"}},
		{"a misspelled key", "aws-dev", "gateway.config.client", map[string]any{"enforceAuthOnInference": true}, []string{"bifrost:gateway.config.client.enforceAuthOnInference: Forbidden", "did you mean enforce_auth_on_inference?", "gateway.schemaFile"}},
		{"a misspelled key for a schema", "aws-dev", "gateway", with("aws-dev", "schemaFile", "stacks/testdata/strict.schema.json", "config.encryption_kye", "env.X"), []string{"bifrost:gateway.config.encryption_kye: Forbidden: the schema has no such key; did you mean encryption_key?"}},
		{"a store that is not enabled", "azure-dev", "gateway.config.logs_store.enabled", nil, []string{"bifrost:gateway.config.logs_store.enabled: Required", "write true"}},
		{"a config store that is off", "aws-dev", "gateway", with("aws-dev", "config.config_store.enabled", false, "openAdministration", true), []string{"bifrost:gateway.config.config_store.enabled: Forbidden", "client.enforce_auth_on_inference needs it"}},
		{"a value of the wrong kind", "azure-dev", "gateway.config.client.enforce_auth_on_inference", "env.ENFORCE", []string{"bifrost:gateway.config.client.enforce_auth_on_inference: Forbidden: must be true or false"}},
		{"a virtual key that nobody has", "aws-dev", "gateway.config.governance", map[string]any{"virtual_keys": []any{map[string]any{
			"id": "v", "name": "v", "value": "env.PG_PASSWORD", "provider_configs": []any{map[string]any{"provider": "openai", "allowed_models": []any{"*"}, "key_ids": []any{"*"}}},
		}}}, []string{"bifrost:gateway.config.governance.virtual_keys[0].value: Forbidden", "PG_PASSWORD does not begin with sk-bf-"}},
		{"SQLite without a path", "azure-dev", "gateway", map[string]any{"config": map[string]any{"config_store": map[string]any{"enabled": true, "type": "sqlite"}}}, []string{"bifrost:gateway.config.config_store.config.path: Required", "write /app/data/config.db"}},
		{"a secret in clear", "aws-dev", "gateway.config.encryption_key", canary, []string{"bifrost:gateway.config.encryption_key: Forbidden", "a secret in clear", "secrets.env.NAME"}},
		{"a provider's key in clear", "aws-dev", "gateway.config.providers", map[string]any{"openai": map[string]any{"keys": []any{map[string]any{"name": "k", "value": canary}}}}, []string{"bifrost:gateway.config.providers.openai.keys[0].value: Forbidden"}},
		{"a database without TLS", "aws-dev", "gateway.config.config_store.config.ssl_mode", "disable", []string{"bifrost:gateway.config.config_store.config.ssl_mode", "gateway.postgres.allowInsecure: true"}},
		{"a login without a password", "azure-dev", "gateway.config.logs_store.config", passwordless("aks"), []string{"bifrost:gateway.config.logs_store.config.password_command: Forbidden", "no program that makes a token", "gateway.initContainers"}},
		{"a login without a password on two platforms", "aws-dev", "gateway.config.logs_store.config", passwordless("rds"), []string{"bifrost:gateway.config.logs_store.config.password_command: Forbidden", "no program that makes a token"}},
		{"an empty password", "azure-dev", "gateway.config.logs_store.config.password", "", []string{"bifrost:gateway.config.logs_store.config.password: Required"}},
		{"a port as a number", "azure-dev", "gateway.config.logs_store.config.port", 5432, []string{"bifrost:gateway.config.logs_store.config.port", "write \"5432\""}},
		{"another encryption key than the guarded one", "aws-dev", "gateway.config.encryption_key", "env.MY_KEY", []string{"bifrost:gateway.config.encryption_key", "env.MY_KEY", "write env.BIFROST_ENCRYPTION_KEY"}},
		{"more connections than the database takes", "aws-dev", "gateway.postgres.maxConnections", 399, []string{"bifrost:gateway.postgres.maxConnections", "703 are needed",
			"eks: (2 + 1 in a rollout) processes x 100 connections = 300", "ecs: (2 + 2 in a rollout) processes x 100 connections = 400", "3 that PostgreSQL keeps for itself",
			"lower gateway.config.config_store.config.max_open_conns and gateway.config.logs_store.config.max_open_conns (50 by default) to 28 each: 14 pools x 28 + 3 = 395; or lower the number"}},
		{"far more connections than the database takes", "aws-dev", "gateway.postgres.maxConnections", 30, []string{"bifrost:gateway.postgres.maxConnections", "for 14 pools of at least 2 connections that is too few: lower the number of processes"}},
		{"negative connections", "aws-dev", "gateway.postgres.maxConnections", -1, []string{"bifrost:gateway.postgres.maxConnections", "at least 1"}},
		{"too large for ECS", "aws-dev", "gateway.config.client", map[string]any{"a": strings.Repeat("x", 65<<10)}, []string{"bifrost:gateway.config", "AWS Secrets Manager takes 65536"}},
		{"too large for Kubernetes", "azure-dev", "gateway.config.client", map[string]any{"a": strings.Repeat("x", 1<<20)}, []string{"bifrost:gateway.config", "a Secret of Kubernetes takes 1048576"}},
		{"SQLite outside the volume", "azure-dev", "gateway", sqlite("config_store", "/var/config.db"), []string{"bifrost:gateway.config.config_store.config.path", "/app/data/config.db"}},
		{"autoscaled SQLite", "azure-dev", "gateway", sqlite("autoscaling", map[string]any{"minReplicas": 1, "maxReplicas": 2}), []string{"bifrost:gateway.autoscaling"}},
		{"a volume for nothing", "azure-dev", "gateway", with("azure-dev", "storage", map[string]any{"size": "20Gi"}, "replicas", 1), []string{"bifrost:gateway.storage: Forbidden", "no store of config.json is SQLite"}},
		{"an existing Secret and config.json", "azure-dev", "gateway.existingConfigSecret", "config", []string{"bifrost:gateway.config: Forbidden", "remove one of them"}},
		{"an existing Secret on ECS", "aws-dev", "gateway", map[string]any{"existingConfigSecret": "config", "existingNamespace": true}, []string{"bifrost:gateway.existingConfigSecret: Forbidden", "ECS"}},
		{"an existing Secret and traces", "azure-dev", "gateway", map[string]any{"existingConfigSecret": "config", "existingNamespace": true, "otel": map[string]any{"collectorUrl": "otel:4317"}, "postgres": map[string]any{"maxConnections": 1}}, []string{"bifrost:gateway.otel: Forbidden", "bifrost:gateway.postgres: Forbidden"}},

		// Variables.
		{"a reference that is a secret, too", "azure-dev", "gateway.secretRefs", ref("PG_PASSWORD"), []string{"bifrost:gateway.secretRefs[PG_PASSWORD]: Forbidden", "keep one of them"}},
		{"a reference on ECS", "aws-dev", "gateway.secretRefs", ref("OPENAI_API_KEY"), []string{"bifrost:gateway.secretRefs[OPENAI_API_KEY]: Forbidden", "ECS"}},
		{"a reference to no key", "azure-dev", "gateway.secretRefs", map[string]any{"A": map[string]any{"secret": "x"}}, []string{"bifrost:gateway.secretRefs[A].key"}},
		{"log level twice", "aws-dev", "gateway", with("aws-dev", "log", map[string]any{"level": "debug"}, "env", map[string]any{"LOG_LEVEL": "info", "PG_HOST": "h", "PG_USER": "u"}), []string{"bifrost:gateway.env[LOG_LEVEL]: Forbidden", "gateway.log says it"}},
		{"log level", "aws-dev", "gateway.log.level", "trace", []string{"bifrost:gateway.log.level", `"debug", "info", "warn", "error"`}},
		{"log style", "azure-dev", "gateway.log.style", "text", []string{"bifrost:gateway.log.style", `"json", "pretty"`}},
		{"setup token in clear", "aws-dev", "gateway.env.BIFROST_SETUP_TOKEN", "t", []string{"bifrost:gateway.env[BIFROST_SETUP_TOKEN]: Forbidden"}},
		{"setup token with a place of its own", "aws-dev", "secrets.env.BIFROST_SETUP_TOKEN", canary, []string{"secrets.setupToken"}},
		{"a setup token that is only referred to", "aws-dev", "gateway.config.setup_token", "env.BIFROST_SETUP_TOKEN", []string{"bifrost:secrets.setupToken: Required"}},
		{"a header without its value", "aws-dev", "gateway.otel", map[string]any{"collectorUrl": "otel:4317", "headers": map[string]any{"authorization": "env.OTEL_TOKEN"}}, []string{"bifrost:secrets.env.OTEL_TOKEN: Required"}},

		// Traces.
		{"no collector", "aws-dev", "gateway.otel", map[string]any{"protocol": "grpc"}, []string{"bifrost:gateway.otel.collectorUrl: Required"}},
		{"collector without a port", "aws-dev", "gateway.otel.collectorUrl", "otel-collector", []string{"bifrost:gateway.otel.collectorUrl", "HOST:PORT"}},
		{"protocol", "aws-dev", "gateway.otel", map[string]any{"collectorUrl": "otel:4317", "protocol": "udp"}, []string{"bifrost:gateway.otel.protocol", `"grpc", "http"`}},
		{"trace type", "aws-dev", "gateway.otel", map[string]any{"collectorUrl": "otel:4317", "traceType": "otel"}, []string{"bifrost:gateway.otel.traceType", "genai_extension"}},
		{"interval of metrics", "aws-dev", "gateway.otel", map[string]any{"collectorUrl": "otel:4317", "metricsPushInterval": 301}, []string{"bifrost:gateway.otel.metricsPushInterval"}},
		{"a header in clear", "aws-dev", "gateway.otel", map[string]any{"collectorUrl": "otel:4317", "headers": map[string]any{"authorization": canary}}, []string{"bifrost:gateway.otel.headers.authorization: Forbidden"}},
		{"the plugin twice", "aws-dev", "gateway", with("aws-dev", "config.plugins", []any{map[string]any{"name": "otel", "enabled": true, "config": map[string]any{}}}, "otel", map[string]any{"collectorUrl": "otel:4317"}), []string{"bifrost:gateway.otel: Forbidden", "keep one of them"}},

		// Clustering.
		{"clustered SQLite", "azure-dev", "gateway", sqlite("clustering", map[string]any{"enabled": true}), []string{"bifrost:gateway.clustering.enabled", "SQLite"}},
		{"clustered SQLite in config.json", "azure-dev", "gateway", sqliteClustered(), []string{"bifrost:gateway.config.cluster_config.enabled", "SQLite"}},
		{"a form of clustered SQLite", "azure-dev", "gateway", sqlite("clustering", map[string]any{"type": "broker"}), []string{"bifrost:gateway.clustering: Forbidden", "SQLite"}},
		{"clustered otherwise", "azure-dev", "gateway.config.cluster_config", map[string]any{"enabled": true, "discovery": map[string]any{"enabled": true, "type": "kubernetes", "k8s_namespace": "default"}, "gossip": map[string]any{"port": 7946}}, []string{
			`bifrost:gateway.config.cluster_config.discovery.k8s_namespace: Invalid value: "default": must be bifrost`, "bifrost:gateway.config.cluster_config.gossip.port: Invalid value: 7946: must be 10101",
		}},
		{"a cluster that is no object", "azure-dev", "gateway.config.cluster_config", true, []string{"bifrost:gateway.config.cluster_config: Invalid value", "must be an object"}},
		{"on here and off there", "azure-dev", "gateway", with("azure-dev", "clustering", map[string]any{"enabled": true}, "config.cluster_config", map[string]any{"enabled": false}), []string{"bifrost:gateway.config.cluster_config.enabled: Invalid value: false", "gateway.clustering.enabled wants a cluster"}},
		{"a region of no cluster", "azure-dev", "gateway.clustering", map[string]any{"enabled": false, "region": "eu"}, []string{"bifrost:gateway.clustering.enabled: Required", "region is the cluster's"}},
		{"a form of no cluster", "azure-dev", "gateway.clustering", map[string]any{"enabled": false, "type": "broker"}, []string{"bifrost:gateway.clustering.enabled: Required", "type is the cluster's"}},
		{"form of a cluster", "azure-dev", "gateway.clustering.type", "star", []string{"bifrost:gateway.clustering.type: Unsupported value", `"mesh", "broker"`}},
		{"a broker without its token", "azure-dev", "gateway.clustering.type", "broker", []string{"bifrost:secrets.brokerToken: Required"}},
		{"a broker whose address config.json should know", "azure-dev", "gateway", map[string]any{"existingConfigSecret": "config", "existingNamespace": true, "clustering": map[string]any{"type": "broker"}}, []string{"bifrost:gateway.clustering.type: Forbidden", "address"}},
		{"a broker without an address", "azure-dev", "gateway.config.cluster_config", map[string]any{"enabled": true, "type": "broker"}, []string{"bifrost:gateway.config.cluster_config.broker.address: Required", "gateway.clustering.type"}},
		{"a broker without a port", "azure-dev", "gateway.config.cluster_config", map[string]any{"enabled": true, "type": "broker", "broker": map[string]any{"address": "broker.example.com"}}, []string{"bifrost:gateway.config.cluster_config.broker.address: Invalid value", "HOST:PORT"}},
		{"another broker than the one made", "azure-dev", "gateway", with("azure-dev", "clustering", map[string]any{"type": "broker"}, "config.cluster_config", map[string]any{"type": "mesh", "broker": map[string]any{"address": "broker.example.com:443", "tls": true}}), []string{
			"bifrost:gateway.config.cluster_config.type: Invalid value", "cluster_config.broker.address: Invalid value", "must be bifrost-broker.bifrost.svc:50051", "cluster_config.broker.tls: Invalid value",
		}},
		{"a broker and a mesh", "azure-dev", "gateway", with("azure-dev", "clustering", map[string]any{"type": "mesh"}, "config.cluster_config", map[string]any{"enabled": true, "type": "broker"}), []string{"bifrost:gateway.config.cluster_config.type: Invalid value"}},
		{"the program's mode", "aws-dev", "gateway.env.BIFROST_MODE", "broker", []string{"bifrost:gateway.env[BIFROST_MODE]: Forbidden", "gateway.clustering.type"}},

		// One database, two gateways.
		{"a database for both", "aws-dev", "ecs.env", nil, []string{`bifrost:gateway.config.config_store.config.db_name: Invalid value: "env.PG_DATABASE"`, "bifrost:gateway.config.logs_store.config.db_name", "EKS and ECS", "give PG_DATABASE another value in ecs.env"}},
		{"a literal database for both", "aws-dev", "gateway.config.config_store.config.db_name", "bifrost", []string{`bifrost:gateway.config.config_store.config.db_name: Invalid value: "bifrost"`, "write env.PG_DATABASE here"}},
		{"one host under two spellings", "aws-dev", "ecs.env", map[string]any{"PG_HOST": "BIFROST.cluster-c0ffee.us-east-1.rds.amazonaws.com."}, []string{"bifrost:gateway.config.config_store.config.db_name"}},
		{"a secret in clear for the tasks", "aws-dev", "ecs.env", map[string]any{"PG_DATABASE": "bifrost_ecs", "PG_PASSWORD": "hunter2"}, []string{"bifrost:ecs.env[PG_PASSWORD]: Forbidden"}},
		{"variable of the tasks", "aws-dev", "ecs.env", map[string]any{"1=x": "y"}, []string{"bifrost:ecs.env[1=x]"}},
		{"a secret of the tasks in clear", "aws-dev", "secrets.ecsEnv", map[string]any{"PG_HOST": canary}, []string{"bifrost:gateway.env[PG_HOST]: Forbidden"}},
		{"secret variable of the tasks", "aws-dev", "secrets.ecsEnv", map[string]any{"A B": canary}, []string{"bifrost:secrets.ecsEnv[A B]: Forbidden"}},
		{"key of the tasks with a place of its own", "aws-dev", "secrets.ecsEnv", map[string]any{"BIFROST_ENCRYPTION_KEY": canary}, []string{"bifrost:secrets.ecsEnv[BIFROST_ENCRYPTION_KEY]: Forbidden", "secrets.encryptionKey"}},
		{"secrets of tasks that there are not", "azure-dev", "secrets.ecsEnv", map[string]any{"A": canary}, []string{"bifrost:secrets.ecsEnv: Forbidden", "ECS"}},

		// Availability, exposure, policies and monitoring: the component's own rules, with the configuration's keys.
		{"replicas and autoscaling", "azure-dev", "gateway.autoscaling", map[string]any{"minReplicas": 2, "maxReplicas": 4}, []string{"bifrost:gateway.replicas: Forbidden", "gateway.autoscaling decides"}},
		{"fewer at most than at least", "azure-dev", "gateway", with("azure-dev", "autoscaling", map[string]any{"minReplicas": 4, "maxReplicas": 2}, "replicas", nil), []string{"bifrost:gateway.autoscaling.maxReplicas"}},
		{"two budgets", "azure-dev", "gateway.disruptionBudget", map[string]any{"maxUnavailable": "1", "minAvailable": "1"}, []string{"bifrost:gateway.disruptionBudget"}},
		{"no budget", "azure-dev", "gateway.disruptionBudget.maxUnavailable", "all", []string{"bifrost:gateway.disruptionBudget.maxUnavailable"}},
		{"a budget that rounds up to all", "azure-dev", "gateway", with("azure-dev", "disruptionBudget", map[string]any{"minAvailable": "67%"}, "replicas", 3), []string{"bifrost:gateway.disruptionBudget.minAvailable", "3 of the 3 pods", "could ever be drained"}},
		{"a budget of the least load", "aws-dev", "gateway", with("aws-dev", "disruptionBudget", map[string]any{"minAvailable": "51%"}, "replicas", nil, "autoscaling", map[string]any{"minReplicas": 2, "maxReplicas": 9}), []string{"bifrost:gateway.disruptionBudget.minAvailable", "2 of the 2 pods"}},
		{"memory in thousandths of a byte", "azure-dev", "gateway.memoryRequest", "512m", []string{"bifrost:gateway.memoryRequest", "512Mi", "thousandths"}},
		{"grace shorter than the way out", "azure-dev", "gateway.terminationGraceSeconds", 10, []string{"bifrost:gateway.terminationGraceSeconds"}},
		{"spread", "azure-dev", "gateway.scheduling.topologySpread.zone", "always", []string{"bifrost:gateway.scheduling.topologySpread.zone", "ScheduleAnyway"}},
		{"a public Service without TLS", "azure-dev", "gateway.service.type", "LoadBalancer", []string{"bifrost:gateway.service", "allowHttp"}},
		{"a public Service without clients", "azure-dev", "gateway.service", map[string]any{"type": "LoadBalancer", "allowHttp": true}, []string{"bifrost:gateway.service.sourceRanges: Required", "azure-load-balancer-internal", "0.0.0.0/0"}},
		{"a certificate that AKS does not read", "azure-dev", "gateway.service", map[string]any{"type": "LoadBalancer", "sourceRanges": []any{"10.0.0.0/8"}, "annotations": map[string]any{"service.beta.kubernetes.io/aws-load-balancer-ssl-cert": certificate}}, []string{"bifrost:gateway.service.annotations[service.beta.kubernetes.io/aws-load-balancer-ssl-cert]: Forbidden", "AKS"}},
		{"internal in Azure's words on EKS", "aws-dev", "gateway.service", map[string]any{"type": "LoadBalancer", "allowHttp": true, "annotations": map[string]any{"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}}, []string{"bifrost:gateway.service.annotations[service.beta.kubernetes.io/azure-load-balancer-internal]: Forbidden", "EKS"}},
		{"a public ALB without clients", "aws-dev", "gateway.ingress", map[string]any{"controller": "alb", "hosts": []any{"llm.example.com"}, "certificateArn": certificate, "public": true}, []string{"bifrost:gateway.ingress.allowedCidrs: Required", "0.0.0.0/0"}},
		{"the controller of AKS without clients", "azure-dev", "gateway.ingress", map[string]any{"controller": "appRouting", "hosts": []any{"llm.example.com"}, "tlsSecret": "tls"}, []string{"bifrost:gateway.ingress.allowedCidrs: Required", "faces the internet"}},
		{"the controller of AWS on AKS", "azure-dev", "gateway.ingress", map[string]any{"controller": "alb", "hosts": []any{"llm.example.com"}, "certificateArn": certificate}, []string{"bifrost:gateway.ingress.controller", "AKS does not run it"}},
		{"the controller of AKS on EKS", "aws-dev", "gateway.ingress", map[string]any{"controller": "appRouting", "hosts": []any{"llm.example.com"}, "tlsSecret": "tls", "allowedCidrs": []any{"10.0.0.0/8"}}, []string{"bifrost:gateway.ingress.controller", "EKS does not run it"}},
		{"no controller", "azure-dev", "gateway.ingress", map[string]any{"hosts": []any{"llm.example.com"}, "tlsSecret": "tls"}, []string{"bifrost:gateway.ingress.controller"}},
		{"no TLS", "azure-dev", "gateway.ingress", map[string]any{"controller": "nginx", "hosts": []any{"llm.example.com"}}, []string{"bifrost:gateway.ingress.tlsSecret", "allowHttp"}},
		{"no host", "azure-dev", "gateway.ingress", map[string]any{"controller": "nginx", "tlsSecret": "tls"}, []string{"bifrost:gateway.ingress.hosts"}},
		{"ALB without a certificate", "aws-dev", "gateway.ingress", map[string]any{"controller": "alb", "hosts": []any{"llm.example.com"}}, []string{"bifrost:gateway.ingress.certificateArn"}},
		{"ALB without its peers", "aws-dev", "gateway.ingress", map[string]any{"controller": "alb", "hosts": []any{"llm.example.com"}, "certificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/x"}, []string{"bifrost:gateway.networkPolicy.from"}},
		{"a route without its listener", "azure-dev", "gateway.httpRoute", map[string]any{"gateway": "public", "hosts": []any{"llm.example.com"}}, []string{"bifrost:gateway.httpRoute.section"}},
		{"a peer that is two", "azure-dev", "gateway.networkPolicy.from", []any{map[string]any{"namespace": "a", "cidr": "10.0.0.0/8"}}, []string{"bifrost:gateway.networkPolicy.from[0]"}},
		{"a range with bits behind it", "azure-dev", "gateway.networkPolicy.from", []any{map[string]any{"cidr": "10.0.0.1/8"}}, []string{"bifrost:gateway.networkPolicy.from[0].cidr"}},
		{"interval of scrapes", "azure-dev", "gateway.monitoring", map[string]any{"serviceMonitor": true, "interval": "soon"}, []string{"bifrost:gateway.monitoring.interval"}},
		{"a monitor that is not asked for", "azure-dev", "gateway.monitoring.interval", "30s", []string{"bifrost:gateway.monitoring.serviceMonitor: Required"}},
		{"rules that are not asked for", "azure-dev", "gateway.monitoring.alertLabels", map[string]any{"a": "b"}, []string{"bifrost:gateway.monitoring.alertRules: Required"}},
		{"the selector", "azure-dev", "gateway.podLabels", map[string]any{"app": "x"}, []string{"bifrost:gateway.podLabels[app]"}},
		{"pull policy", "azure-dev", "gateway.imagePullPolicy", "Never", []string{"bifrost:gateway.imagePullPolicy"}},
		{"ephemeral storage", "azure-dev", "gateway.ephemeralStorageLimit", "much", []string{"bifrost:gateway.ephemeralStorageLimit"}},

		// The gateway's identity on EKS.
		{"a role that is given and made", "aws-dev", "eks", map[string]any{"clusterName": "dev", "gatewayRoleArn": "arn:aws:iam::111122223333:role/r", "gatewayPolicyArns": []any{"arn:aws:iam::aws:policy/p"}}, []string{"bifrost:eks.gatewayRoleArn: Forbidden", "remove one of them"}},
		{"a policy that is none", "aws-dev", "eks.gatewayPolicyArns", []any{"AmazonBedrockFullAccess"}, []string{"bifrost:eks.gatewayPolicyArns[0]: Invalid value", "arn:aws:iam::ACCOUNT:policy/NAME"}},
		{"a policy twice", "aws-dev", "eks.gatewayPolicyArns", []any{"arn:aws:iam::aws:policy/p", "arn:aws:iam::aws:policy/p"}, []string{"bifrost:eks.gatewayPolicyArns[1]: Duplicate"}},
		{"a name for no role", "aws-dev", "eks.gatewayRoleName", "Gateway", []string{"bifrost:eks.gatewayRoleName: Forbidden"}},
		{"a way in for no role", "aws-dev", "eks.gatewayAuth", "podIdentity", []string{"bifrost:eks.gatewayAuth: Forbidden", "the gateway has no role"}},
		{"way in", "aws-dev", "eks", map[string]any{"clusterName": "dev", "gatewayRoleArn": "arn:aws:iam::111122223333:role/r", "gatewayAuth": "oidc"}, []string{"bifrost:eks.gatewayAuth", `"irsa", "podIdentity"`}},

		// A registry of one's own.
		{"a pull Secret without a mirror", "azure-dev", "registry.pullSecret", "mine", []string{"bifrost:registry.pullSecret: Forbidden", "registry.mirror"}},
		{"a mirror on ECS", "aws-dev", "registry.mirror", true, []string{"bifrost:registry.mirror: Forbidden", "execution role"}},
		{"a mirror with the vendor's side", "azure-dev", "registry.mirror", true, []string{"bifrost:gcp: Forbidden", "remove it"}},
		{"a mirror's latest", "azure-dev", "registry", map[string]any{"mirror": true, "image": "registry.internal.example.com/bifrost:latest"}, []string{"bifrost:registry.image", "latest"}},
	},
}

// with is the gateway of a dev stack with some keys changed: pairs of dotted path and value.
func with(stack string, pairs ...any) map[string]any {
	text, err := os.ReadFile(filepath.Join("..", "Pulumi."+stack+".yaml"))
	if err != nil {
		panic(err)
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		panic(err)
	}
	gateway := settings(file.Config[stacks.Project+":gateway"].(map[string]any))
	for i := 0; i < len(pairs); i += 2 {
		gateway.set(pairs[i].(string), pairs[i+1])
	}
	return gateway
}

// fromFile is such a gateway with its config.json in a file.
func fromFile(stack, name string) map[string]any {
	return with(stack, "config", nil, "configFile", name)
}

// sqliteClustered is a gateway on SQLite whose config.json asks for a cluster.
func sqliteClustered() map[string]any {
	gateway := sqlite("log", map[string]any{"level": "info"})
	gateway["config"].(map[string]any)["cluster_config"] = map[string]any{"enabled": true}
	return gateway
}

// sqlite is a gateway on SQLite, with one more key. One that is a store is its file.
func sqlite(key string, value any) map[string]any {
	gateway := settings{"config": map[string]any{"config_store": map[string]any{
		"enabled": true, "type": "sqlite", "config": map[string]any{"path": "/app/data/config.db"},
	}}}
	if key == "config_store" {
		return gateway.set("config.config_store.config", map[string]any{"path": value})
	}
	return gateway.set(key, value)
}

func ref(variable string) map[string]any {
	return map[string]any{variable: map[string]any{"secret": "bifrost-secrets", "key": "key"}}
}

// entraAks is the dev cluster with trust entra.
func entraAks(entra map[string]any) map[string]any {
	return map[string]any{"clusterName": "dev", "trust": "entra", "entra": entra}
}

// TestFederationNeedsTheImage: its service account is let into the image's repository, at every rollout.
func TestFederationNeedsTheImage(t *testing.T) {
	t.Parallel()
	for image, want := range map[any]string{
		nil: "bifrost:registry.image: Required",
		"europe-west1-docker.pkg.dev/acme-images/bifrost:2.1.0": "bifrost:registry.image: Invalid value",
	} {
		g := stackFile(t, "azure-dev").set("gcp", federation()).set("rollout", stacks.RolloutIdentity).set("registry.image", image).graph(t, "azure-dev")
		require.ErrorContains(t, g.Run(program(g)), want)
		require.Empty(t, g.Resources)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for stage, refusals := range refused {
		for _, c := range refusals {
			t.Run(stage+"/"+c.name, func(t *testing.T) {
				g := stackFile(t, c.stack).set(c.path, c.value).graph(t, c.stack)
				err := g.Run(program(g))
				var refusal *stacks.ConfigError
				require.ErrorAs(t, err, &refusal)
				for _, want := range c.want {
					require.ErrorContains(t, err, want)
				}
				require.NotContains(t, err.Error(), canary, "an error tells a secret")
				require.Empty(t, g.Resources, "something was registered")
				require.Empty(t, g.Calls, "something was looked up")
				require.Equal(t, stage == "decode", len(decodeProblems(g)) > 0, "another stage refused it")
			})
		}
	}
}

// decodeProblems are what the first stage finds.
func decodeProblems(g *graphtest.Graph) field.ErrorList {
	raw := stacks.Raw{Values: map[string]string{}, Secret: map[string]bool{"secrets": true}}
	for key, v := range g.Config {
		raw.Values[strings.TrimPrefix(key, stacks.Project+":")] = v
	}
	values, problems := stacks.DecodeValues(raw)
	return append(problems, stacks.Decode(values, &stacks.Config{})...)
}

// TestRefusedTogether are configurations in which several keys do not fit each other.
func TestRefusedTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s    settings
		want []string
	}{
		"a role for a ServiceAccount of others": {
			stackFile(t, "aws-dev").set("eks.gatewayPolicyArns", []any{"arn:aws:iam::aws:policy/p"}).set("gateway.existingServiceAccount", true),
			[]string{"bifrost:eks.gatewayPolicyArns: Forbidden", "annotate it"},
		},
		"a subject that leaves no room for its issuer": {
			stackFile(t, "azure-dev").set("gcp", federation()).set("refresher.serviceAccount", strings.Repeat("x", 81)),
			[]string{"bifrost:refresher.serviceAccount", "Google takes 110"},
		},
		"keys of Kubernetes on ECS": {
			stackFile(t, "aws-dev").set("eks", nil).set("gateway.ingress", map[string]any{"controller": "alb"}).set("gateway.monitoring", map[string]any{"serviceMonitor": true}),
			[]string{"bifrost:gateway.ingress: Forbidden", "bifrost:gateway.monitoring: Forbidden", "only Kubernetes reads it"},
		},
		"a mirror and the way to the vendor's registry": {
			stackFile(t, "aws-dev").set("ecs", nil).set("registry.mirror", true).set("rollout", stacks.RolloutIdentity).set("refresher.schedule", "0 */6 * * *").
				set("eks.roleName", "R").set("eks.auth", "podIdentity").set("eks.oidcProvider", "create"),
			[]string{"bifrost:eks.roleName: Forbidden", "bifrost:eks.auth: Forbidden", "bifrost:eks.oidcProvider: Forbidden", "bifrost:refresher: Forbidden", "bifrost:rollout: Invalid value"},
		},
		"a mirror, and a path of roles that IAM does not take": {
			stackFile(t, "aws-dev").set("ecs", nil).set("registry.mirror", true).set("aws.iamPath", "x"),
			[]string{"bifrost:aws.iamPath: Invalid value"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := c.s.graph(t, "aws-dev")
			err := g.Run(program(g))
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.Empty(t, g.Resources)
			require.Empty(t, g.Calls)
		})
	}
}

func TestNowhereToRun(t *testing.T) {
	t.Parallel()
	g := stackFile(t, "aws-dev").set("eks", nil).set("ecs", nil).graph(t, "aws-dev")
	require.ErrorContains(t, g.Run(program(g)), "bifrost:eks: Required value: give eks or ecs or both")
	require.Empty(t, g.Resources)
}

// TestAllProblemsAtOnce: nobody mends a configuration one error at a time.
func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "aws-dev").set("aws.region", "nowhere").set("ecs.cpu", 500).set("registry.image", nil).set("secrets.encryptionKey", nil).
		set("gateway.replica", 3).set("gateway.replicas", "two")
	g := s.graph(t, "aws-dev")
	err := g.Run(program(g))
	var refusal *stacks.ConfigError
	require.ErrorAs(t, err, &refusal)
	require.Len(t, refusal.Problems, 6)
	require.ErrorContains(t, err, "the configuration of stack aws-dev has 6 problems")
	require.ErrorContains(t, err, "Pulumi.aws-dev.yaml")
}

func TestEncryptedAndClearValuesInTheirPlaces(t *testing.T) {
	t.Parallel()
	clear := stackFile(t, "aws-dev").graph(t, "aws-dev")
	clear.Secrets = nil
	err := clear.Run(program(clear))
	require.ErrorContains(t, err, "bifrost:secrets: Forbidden: stands in clear")
	require.NotContains(t, err.Error(), canary)
	require.Empty(t, clear.Resources)

	elsewhere := stackFile(t, "aws-dev").graph(t, "aws-dev")
	elsewhere.Secrets = append(elsewhere.Secrets, "bifrost:gateway")
	err = elsewhere.Run(program(elsewhere))
	require.ErrorContains(t, err, "bifrost:gateway: Forbidden: holds an encrypted value")
	require.Empty(t, elsewhere.Resources)
}

// TestProviderKeys: with default providers disabled, a key such as aws:region would be read by nobody, nor would a misspelt namespace.
func TestProviderKeys(t *testing.T) {
	t.Parallel()
	g := stackFile(t, "aws-dev").graph(t, "aws-dev")
	g.Config["aws:region"] = "eu-west-1"
	g.Config["bifost:network"] = "{}"
	g.Config["bifrost-team:owner"] = "somebody else's"
	err := g.Run(program(g))
	var refusal *stacks.ConfigError
	require.True(t, errors.As(err, &refusal))
	require.ErrorContains(t, err, "\n  aws:region: Forbidden: default providers are disabled")
	require.ErrorContains(t, err, "\n  bifost:network: Forbidden: nothing reads it; did you mean bifrost:network?")
	require.NotContains(t, err.Error(), "bifrost-team")
	require.Empty(t, g.Resources)
}

// passwordless is a store on PostgreSQL whose password a program prints.
func passwordless(name string) map[string]any {
	return map[string]any{
		"host": "db.internal", "port": "5432", "user": "bifrost", "db_name": name, "ssl_mode": "require",
		"password_command": map[string]any{"command": "aws", "args": []any{"rds", "generate-db-auth-token"}},
	}
}

package setup

import (
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/fold"
	"bifrost/stacks"
)

// place is somewhere where the gateway runs: what is asked there, and what not everybody has.
type place struct {
	name, title string
	// example is the folder whose stack file is the beginning.
	example   string
	fits      func(c *stacks.Config) bool
	questions []question
	parts     []part
}

// question is a key that is a user's own.
type question struct {
	key, ask string
	// about says what to write, where the reference has no words for the key or too few; empty where it has.
	about string
	// kind says how an answer is written.
	kind kind
	// free need not be answered: the example's value may stay.
	free bool
	// part is the part without which nobody asks.
	part string
	// also are keys that get the same value.
	also []string
}

// kind is how an answer becomes a value.
type kind int

const (
	text  kind = iota
	list       // of texts, with commas between them
	cidrs      // a list of objects with a cidr each, with commas between them
)

// part is something that an example has and not everybody does.
type part struct {
	name, title string
	// without are the keys to delete for whoever lacks it, instead what to write then.
	without, instead []string
}

// In every production example.
var (
	monitoring = part{name: "monitoring", title: "Prometheus Operator, which scrapes the gateway",
		without: []string{"gateway.monitoring", "gateway.networkPolicy.metricsFrom"}}
	route = part{name: "route", title: "A Gateway of the Gateway API, which leads to the gateway", without: []string{"gateway.httpRoute"}}
	image = question{key: "registry.image", ask: "The image, as the vendor names it, with its tag", free: true,
		about: "HOST/REPOSITORY:TAG. The vendor names both. Until then the example's will do: no image is pulled before."}

	bedrockPolicies = "ARNs of your account's own policies. The file access/aws/bedrock.json is one, with your account in " +
		"place of 111122223333: aws iam create-policy --policy-name BifrostBedrock " +
		"--policy-document file://access/aws/bedrock.json makes it."

	host = question{key: "gateway.env.PG_HOST", ask: "The host of PostgreSQL 16 or newer, without scheme and port",
		about: "A host name or an IP address, such as db.example.com: no postgres:// before it and no :5432 behind it. The port and the " +
			"names of the two databases stand in gateway.config, in config_store and logs_store."}
	user = question{key: "gateway.env.PG_USER", ask: "Its login, which owns both databases", free: true,
		about: "The name of a login of PostgreSQL. Its password is the secret env.PG_PASSWORD, which is set later."}

	routes = []question{
		{key: "gateway.httpRoute.gateway", ask: "The name of the Gateway", part: route.name, free: true},
		{key: "gateway.httpRoute.gatewayNamespace", ask: "Its namespace", part: route.name, free: true},
		{key: "gateway.httpRoute.section", ask: "Its listener", part: route.name, free: true},
		{key: "gateway.httpRoute.hosts", ask: "Your host names", kind: list, part: route.name},
	}
	account = []question{
		{key: "aws.region", ask: "The region",
			about: "The region of the cluster, such as eu-central-1.",
			also:  []string{"gateway.config.providers.bedrock.keys[0].bedrock_key_config.region"}},
		{key: "aws.accountId", ask: "The account",
			about: "The 12 digits of the cluster's account. Write them as they are, without quotes."},
	}
)

// places are all of them, in the order in which they are offered.
var places = []place{
	{
		name: "eks", title: "Amazon EKS", example: "examples/eks-production",
		fits: func(c *stacks.Config) bool { return c.Eks != nil },
		questions: slices.Concat(account, []question{
			{key: "eks.clusterName", ask: "The cluster",
				about: "The name of an existing EKS cluster, of Kubernetes 1.27 or newer."},
			image,
			{key: "gateway.ingress.hosts", ask: "Your host names", kind: list, part: "ingress"},
			{key: "gateway.ingress.certificateArn", ask: "Their certificate", part: "ingress",
				about: "The ARN of a certificate for your host names, in AWS Certificate Manager and in the cluster's region: with it " +
					"clients speak HTTPS to the load balancer."},
			{key: "gateway.networkPolicy.from", ask: "The blocks of the load balancer's subnets", kind: cidrs, part: "ingress",
				about: "A block for each subnet of the load balancer, such as 10.0.0.0/20, 10.0.16.0/20: " +
					"from there alone the gateway's port can be reached."},
			{key: "eks.gatewayPolicyArns", ask: "Policies that let the gateway call Amazon Bedrock", kind: list, part: "bedrock",
				about: bedrockPolicies},
			host, user,
		}),
		parts: []part{
			{name: "ingress", title: "AWS Load Balancer Controller",
				without: []string{"gateway.ingress", "gateway.networkPolicy.from"}},
			{name: "bedrock", title: "Amazon Bedrock", without: []string{"gateway.config.providers.bedrock", "eks.gatewayPolicyArns"}},
			{name: "autoscaling", title: "metrics server, for autoscaling", without: []string{"gateway.autoscaling"},
				instead: []string{"gateway.replicas=3"}},
			{name: "zones", title: "nodes in three zones", without: []string{"gateway.scheduling.topologySpread"}},
			monitoring,
			{name: "otel", title: "OpenTelemetry collector", without: []string{"gateway.otel"}},
		},
	},
	{
		name: "ecs", title: "Amazon ECS on Fargate", example: "examples/ecs-production",
		fits: func(c *stacks.Config) bool { return c.Ecs != nil },
		questions: slices.Concat(account, []question{
			{key: "ecs.clusterName", ask: "The cluster", about: "The name of an existing ECS cluster."},
			image,
			{key: "ecs.subnets", ask: "Private subnets of two zones", kind: list},
			{key: "ecs.loadBalancer.certificateArn", ask: "The certificate of your host name", part: "balancer",
				about: "The ARN of a certificate in AWS Certificate Manager, in the cluster's region: with it clients speak HTTPS, on " +
					"port 443."},
			{key: "ecs.loadBalancer.allowedCidrs", ask: "The blocks of addresses that may reach the load balancer", kind: list,
				part: "balancer", free: true},
			{key: "ecs.taskPolicyArns", ask: "Policies that let the gateway call Amazon Bedrock", kind: list, part: "bedrock",
				about: bedrockPolicies},
			{key: "ecs.alarms.topicArn", ask: "The topic of Amazon SNS that is told of alarms", part: "alarms"},
			{key: "ecs.logKmsKeyArn", ask: "The KMS key that encrypts the logs", part: "kms"},
			{key: "ecs.secretKmsKeyArn", ask: "The KMS key that encrypts the secrets", part: "kms"},
			host, user,
		}),
		parts: []part{
			{name: "balancer", title: "A load balancer with HTTPS, made here", without: []string{"ecs.loadBalancer"}},
			{name: "bedrock", title: "Amazon Bedrock", without: []string{"gateway.config.providers.bedrock", "ecs.taskPolicyArns"}},
			{name: "alarms", title: "Alarms, to a topic of Amazon SNS", without: []string{"ecs.alarms"}},
			{name: "kms", title: "KMS keys of your own", without: []string{"ecs.logKmsKeyArn", "ecs.secretKmsKeyArn"}},
		},
	},
	{
		name: "aks", title: "Azure AKS", example: "examples/aks-production",
		fits: func(c *stacks.Config) bool { return c.Aks != nil },
		questions: slices.Concat([]question{
			{key: "azure.subscriptionId", ask: "The subscription"},
			{key: "azure.tenantId", ask: "Its tenant"},
			{key: "aks.clusterName", ask: "The cluster",
				about: "The name of an existing AKS cluster, of Kubernetes 1.27 or newer, with OIDC issuer and workload identity on."},
			{key: "azure.resourceGroup", ask: "An existing resource group, for the identity that pulls"},
			{key: "aks.resourceGroup", ask: "The cluster's resource group, where it is another", free: true},
			{key: "azure.location", ask: "The location of that identity"},
			image,
		}, routes, []question{
			{key: "aks.gatewayIdentity.roleAssignments[0].scope", ask: "The id of your Azure OpenAI account", part: "openai"},
			{key: "gateway.config.providers.azure.keys[0].azure_key_config.endpoint", ask: "Its endpoint", part: "openai",
				about: "The URL of that account, such as https://acme.openai.azure.com."},
			host, user,
		}),
		parts: []part{
			route,
			{name: "openai", title: "Azure OpenAI", without: []string{"gateway.config.providers.azure", "aks.gatewayIdentity"}},
			{name: "pool", title: "nodes with the taint workload=gateway", without: []string{"gateway.scheduling"}},
			monitoring,
		},
	},
	{
		name: "gke", title: "Google GKE", example: "examples/gke-production",
		fits: func(c *stacks.Config) bool { return c.Gke != nil },
		questions: slices.Concat([]question{
			{key: "google.projectId", ask: "The " +
				"project", also: []string{"gateway.config.providers.vertex.keys[0].vertex_key_config.project_id"}},
			{key: "gke.clusterName", ask: "The cluster",
				about: "The name of an existing GKE cluster, of Kubernetes 1.27 or newer, with its workload pool on."},
			{key: "gke.location", ask: "Its region or zone"},
			image,
		}, routes, []question{
			{key: "gateway.networkPolicy.from[0].cidr", ask: "The block of the region's proxy-only subnet", part: route.name},
			{key: "gateway.config.providers.vertex.keys[0].vertex_key_config.region", ask: "The region of Vertex AI", part: "vertex",
				about: "Where the models run, such as europe-west1.", free: true},
			host, user,
		}),
		parts: []part{
			{name: route.name, title: route.title, without: []string{"gateway.httpRoute", "gateway.networkPolicy.from"}},
			{name: "vertex", title: "Vertex AI", without: []string{"gateway.config.providers.vertex", "gke.gatewayServiceAccount"}},
			monitoring,
		},
	},
	{
		name: "kubernetes", title: "Any other cluster of Kubernetes, with the vendor's key", example: "examples/on-premises",
		fits: func(c *stacks.Config) bool { return c.Kubernetes != nil },
		questions: slices.Concat([]question{
			{key: "kubernetes.context", ask: "The context of your kubeconfig"},
			{key: "kubernetes.clusterName", ask: "The name of its cluster, in that file"},
			image,
		}, routes, []question{
			{key: "gateway.postgres.caConfigMap.name", ask: "The ConfigMap with the database's certificate authority", part: "ca"},
			{key: "gateway.postgres.caConfigMap.key", ask: "The key in it", part: "ca", free: true},
			host, user,
		}),
		parts: []part{
			route,
			{name: "ca", title: "A ConfigMap with the certificate authority of the database",
				without: []string{"gateway.postgres.caConfigMap", "gateway.existingNamespace"}},
			{name: "ipv6", title: "Services of IPv6", without: []string{"gateway.ipFamily"}},
			monitoring,
		},
	},
}

// placeOf is the first place of a stack file; nil where it has none that is known.
func placeOf(c *stacks.Config) *place {
	for i := range places {
		if places[i].fits(c) {
			return &places[i]
		}
	}
	return nil
}

func placeNames() []string {
	var names []string
	for _, p := range places {
		names = append(names, p.name)
	}
	return names
}

// has tells whether a stack file has a part.
func (p part) has(d *draft) bool { return slices.ContainsFunc(p.without, d.there) }

// partsHelp are the names of all parts with what they are, and the places that have them.
func partsHelp() string {
	type row struct{ name, title string }
	var order []row
	of := map[row][]string{}
	for _, p := range places {
		for _, each := range p.parts {
			r := row{each.name, each.title}
			if len(of[r]) == 0 {
				order = append(order, r)
			}
			of[r] = append(of[r], p.name)
		}
	}
	var b strings.Builder
	for _, r := range order {
		line := fold.Words(fmt.Sprintf("  %-12s %s (%s)", r.name, r.title, strings.Join(of[r], ", ")), 78)
		b.WriteString(strings.ReplaceAll(line, "\n", "\n"+strings.Repeat(" ", 15)) + "\n")
	}
	return b.String()
}

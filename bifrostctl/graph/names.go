package graph

import (
	"regexp"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
)

// Cloud is where a resource is.
type Cloud string

// The clouds. Others are named by their provider's package.
const (
	AWS        Cloud = "AWS"
	Azure      Cloud = "Azure"
	Google     Cloud = "Google"
	Kubernetes Cloud = "Kubernetes"
	Other      Cloud = "Other"
)

// Clouds are all, in the order of a legend.
var Clouds = []Cloud{AWS, Azure, Google, Kubernetes, Other}

var clouds = map[string]Cloud{
	"aws": AWS, "aws-native": AWS, "azure-native": Azure, "azure": Azure, "azuread": Azure, "gcp": Google, "google-native": Google,
	"kubernetes": Kubernetes,
}

// CloudOf is the cloud of a resource's type.
func CloudOf(typ string) Cloud {
	name, _, _ := strings.Cut(typ, ":")
	if cloud, known := clouds[name]; known {
		return cloud
	}
	return Other
}

// kinds are types whose plain names do not follow from their tokens.
var kinds = map[string]string{
	pulumitype.AwsScalingPolicy:          "scaling policy",
	pulumitype.AwsScalableTarget:         "scalable target",
	pulumitype.AwsOidcProvider:           "IAM OIDC provider",
	pulumitype.AwsPodIdentityAssociation: "Pod Identity association",
	pulumitype.AwsTaskDefinition:         "ECS task definition",
	pulumitype.AzureManagedIdentity:      "managed identity",
	pulumitype.AzureFederatedCredential:  "federated credential",
	pulumitype.GcpServiceAccount:         "service account",
	pulumitype.GcpServiceAccountMember:   "service account member",
	pulumitype.GcpProjectMember:          "project member",
	pulumitype.GcpPoolProvider:           "workload identity provider",
	pulumitype.GcpRepositoryMember:       "repository member",
}

// served are services without which the plain name of a type of AWS would say too little.
var served = map[string]string{
	"iam": "IAM", "ecs": "ECS", "ecr": "ECR", "eks": "EKS", "kms": "KMS", "sns": "SNS", "ssm": "SSM", "acm": "ACM", "s3": "S3",
	"route53": "Route 53", "servicediscovery": "Cloud Map", "cloudwatch": "CloudWatch", "secretsmanager": "Secrets Manager",
}

// spelled are words of types that are written otherwise.
var spelled = map[string]string{
	"iam": "IAM", "ecr": "ECR", "ecs": "ECS", "eks": "EKS", "aks": "AKS", "gke": "GKE", "gcp": "Google Cloud", "oidc": "OIDC",
	"kms": "KMS", "dns": "DNS", "vpc": "VPC", "vpn": "VPN", "bifrost": "Bifrost", "kubernetes": "Kubernetes",
}

var word = regexp.MustCompile(`[A-Z]+(?:[a-z0-9]+|$)|[A-Z]+|[a-z0-9]+`)

// KindOf is a type in plain words, as "IAM role" of aws:iam/role:Role. A kind of Kubernetes stays as Kubernetes writes it.
func KindOf(typ string) string {
	if kind, known := kinds[typ]; known {
		return kind
	}
	parts := strings.Split(typ, ":")
	last := parts[len(parts)-1]
	if parts[0] == "kubernetes" {
		return last
	}
	var words []string
	if parts[0] == "aws" && len(parts) > 1 {
		service, _, _ := strings.Cut(parts[1], "/")
		if name := served[service]; name != "" {
			words = append(words, name)
		}
	}
	for _, w := range word.FindAllString(last, -1) {
		w = strings.ToLower(w)
		if name := spelled[w]; name != "" {
			w = name
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// Headed is a text with a capital letter in front, for where it stands alone.
func Headed(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Package iampolicy holds the IAM documents that the components attach, as typed values from pure functions:
// what a role may do and who may assume it can be read, compared and tested without a cloud.
package iampolicy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bifrost/internal/partition"
)

const version = "2012-10-17"

// Document is an IAM policy or trust document.
type Document struct {
	Version   string      `json:"Version"`
	Statement []Statement `json:"Statement"`
}

// Statement is one statement of a Document. Every statement made here is an Allow.
type Statement struct {
	Sid       string     `json:"Sid,omitempty"`
	Effect    string     `json:"Effect"`
	Principal *Principal `json:"Principal,omitempty"`
	Action    []string   `json:"Action"`
	Resource  []string   `json:"Resource,omitempty"`
	Condition *Condition `json:"Condition,omitempty"`
}

// Principal is who a trust document lets in: an OIDC provider's ARN or an AWS service.
type Principal struct {
	Federated string `json:"Federated,omitempty"`
	Service   string `json:"Service,omitempty"`
}

// Condition compares request keys, exactly or with a pattern: all of them must match.
type Condition struct {
	StringEquals map[string]string `json:"StringEquals,omitempty"`
	StringLike   map[string]string `json:"StringLike,omitempty"`
	ArnLike      map[string]string `json:"ArnLike,omitempty"`
}

// JSON renders the document, always the same bytes for the same document.
func (d Document) JSON() (string, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("rendering an IAM document: %w", err)
	}
	return string(b), nil
}

// PullActions are the three actions that an image pull needs on its repository (Amazon ECR user guide,
// "Private repository policy examples").
var PullActions = []string{
	"ecr:BatchGetImage",
	"ecr:GetDownloadUrlForLayer",
	"ecr:BatchCheckLayerAvailability",
}

// ImportActions are what the first pull through a pull-through cache of Amazon ECR needs on the repository beside the pull: the image is
// imported, and the repository made where it is not there yet, with the tags of a creation template (Amazon ECR user guide, "IAM
// permissions required to sync an upstream registry with an Amazon ECR private registry").
var ImportActions = []string{
	"ecr:BatchImportUpstreamImage",
	"ecr:CreateRepository",
	"ecr:TagResource",
}

// ECRPull allows pulling from exactly the given repositories, which may belong to any account. With cached they lie behind pull-through
// caches, and the first pull may import what it asks for.
func ECRPull(repositoryArns []string, cached bool) Document {
	document := Document{Version: version, Statement: []Statement{
		{
			Sid:    "ECRAuth",
			Effect: "Allow",
			Action: []string{"ecr:GetAuthorizationToken"},
			// The action has no resource type: AWS accepts nothing but "*" (Service Authorization Reference, Amazon ECR).
			Resource: []string{"*"},
		},
		{
			Sid:      "ECRPullFromBifrost",
			Effect:   "Allow",
			Action:   PullActions,
			Resource: repositoryArns,
		},
	}}
	if cached {
		document.Statement = append(document.Statement, Statement{
			Sid: "ECRImportUpstream", Effect: "Allow", Action: ImportActions, Resource: repositoryArns,
		})
	}
	return document
}

// IRSATrust lets one Kubernetes ServiceAccount of the cluster behind the OIDC provider assume the role (Amazon EKS
// user guide, "Assign IAM roles to Kubernetes service accounts"). The provider's ARN carries the partition; issuer is the
// cluster's issuer URL.
func IRSATrust(oidcProviderArn, issuer, namespace, serviceAccount string) Document {
	host := IssuerHost(issuer)
	return Document{Version: version, Statement: []Statement{{
		Effect:    "Allow",
		Principal: &Principal{Federated: oidcProviderArn},
		Action:    []string{"sts:AssumeRoleWithWebIdentity"},
		Condition: &Condition{StringEquals: map[string]string{
			host + ":aud": STSAudience,
			host + ":sub": ServiceAccountSubject(namespace, serviceAccount),
		}},
	}}}
}

// PodIdentityTrust lets EKS Pod Identity assume the role for one ServiceAccount of one cluster (Amazon EKS user guide, "Create IAM
// role with trust policy required by EKS Pod Identity"). EKS tags every session with what the conditions compare.
func PodIdentityTrust(clusterArn, namespace, serviceAccount string) Document {
	return Document{Version: version, Statement: []Statement{{
		Effect:    "Allow",
		Principal: &Principal{Service: "pods.eks.amazonaws.com"},
		Action:    []string{"sts:AssumeRole", "sts:TagSession"},
		Condition: &Condition{StringEquals: map[string]string{
			"aws:RequestTag/eks-cluster-arn":            clusterArn,
			"aws:RequestTag/kubernetes-namespace":       namespace,
			"aws:RequestTag/kubernetes-service-account": serviceAccount,
		}},
	}}}
}

// STSAudience is the audience of a ServiceAccount token that AWS STS accepts.
const STSAudience = "sts.amazonaws.com"

// AzureTokenExchangeAudience is the audience that Microsoft Entra recommends for federated credentials.
const AzureTokenExchangeAudience = "api://AzureADTokenExchange"

// ServiceAccountSubject is the subject of a Kubernetes ServiceAccount's token.
func ServiceAccountSubject(namespace, serviceAccount string) string {
	return "system:serviceaccount:" + namespace + ":" + serviceAccount
}

// IssuerHost is an issuer URL as IAM names it: without scheme and trailing slash.
func IssuerHost(issuer string) string {
	return strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
}

// EcsTasksTrust lets the ECS tasks of one account and region assume the role. The conditions close the confused deputy
// (Amazon ECS developer guide, "Task execution IAM role").
func EcsTasksTrust(accountId, region string) Document {
	tasks := fmt.Sprintf("arn:%s:ecs:%s:%s:*", Partition(region), region, accountId)
	return Document{Version: version, Statement: []Statement{{
		Effect:    "Allow",
		Principal: &Principal{Service: "ecs-tasks.amazonaws.com"},
		Action:    []string{"sts:AssumeRole"},
		Condition: &Condition{
			StringEquals: map[string]string{"aws:SourceAccount": accountId}, ArnLike: map[string]string{"aws:SourceArn": tasks},
		},
	}}}
}

// EcsExecution allows what an execution role needs beside the pull: writing the streams of one log group, reading exactly the given
// secrets, and decrypting what those of one prefix hold, through Secrets Manager of the region alone. Which KMS key that takes is left
// open: a version stays under the key that its secret had when it was put, and after a change of the key a task of the former revision
// reads the former version. What may be decrypted is bound to the secrets instead: Secrets Manager hands their ARN to KMS with each call
// (Secrets Manager user guide, "Secret encryption and decryption", encryption context). logGroupArn is without the trailing ":*".
func EcsExecution(logGroupArn string, secretArns []string, secretPrefix, region string) Document {
	in := Partition(region)
	return Document{Version: version, Statement: []Statement{
		{
			Sid:      "WriteLogStreams",
			Effect:   "Allow",
			Action:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resource: []string{logGroupArn + ":log-stream:*"},
		},
		{
			Sid:      "ReadSecrets",
			Effect:   "Allow",
			Action:   []string{"secretsmanager:GetSecretValue"},
			Resource: secretArns,
		},
		{
			Sid:      "DecryptSecrets",
			Effect:   "Allow",
			Action:   []string{"kms:Decrypt"},
			Resource: []string{"arn:" + in + ":kms:" + region + ":*:key/*"},
			Condition: &Condition{
				StringEquals: map[string]string{"kms:ViaService": "secretsmanager." + region + "." + dnsSuffix(region)},
				StringLike: map[string]string{
					"kms:EncryptionContext:SecretARN": "arn:" + in + ":secretsmanager:" + region + ":*:secret:" + secretPrefix + "*",
				},
			},
		},
	}}
}

// Reference is a secret of AWS Secrets Manager or a parameter of Systems Manager that exists already.
type Reference struct {
	Arn string
	// Service is secretsmanager or ssm.
	Service, Region string
}

// readActions are what ECS asks each service for to read a value.
var readActions = map[string]string{"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameters"}

// Reading allows reading exactly the references, too, and decrypting them with exactly the keys, through the services that hold them alone.
func (d Document) Reading(references []Reference, keyArns []string) Document {
	byService, places := map[string][]string{}, map[[2]string]bool{}
	for _, r := range references {
		byService[r.Service] = append(byService[r.Service], r.Arn)
		places[[2]string{r.Service, r.Region}] = true
	}
	sids := map[string]string{"secretsmanager": "ReadExistingSecrets", "ssm": "ReadExistingParameters"}
	for _, service := range slices.Sorted(maps.Keys(byService)) {
		d.Statement = append(d.Statement, Statement{
			Sid: sids[service], Effect: "Allow", Action: []string{readActions[service]}, Resource: byService[service],
		})
	}
	if len(keyArns) == 0 {
		return d
	}
	for _, place := range slices.SortedFunc(maps.Keys(places), func(one, two [2]string) int {
		return slices.Compare(one[:], two[:])
	}) {
		d.Statement = append(d.Statement, Statement{
			Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: keyArns,
			Condition: &Condition{StringEquals: map[string]string{"kms:ViaService": place[0] + "." + place[1] + "." + dnsSuffix(place[1])}},
		})
	}
	return d
}

// ExecActions are the four actions of the agent of ECS Exec in a task, which opens its channels with them (Amazon ECS developer guide,
// "Monitor Amazon ECS containers with ECS Exec").
var ExecActions = []string{
	"ssmmessages:CreateControlChannel",
	"ssmmessages:CreateDataChannel",
	"ssmmessages:OpenControlChannel",
	"ssmmessages:OpenDataChannel",
}

// EcsExec allows a task ECS Exec.
func EcsExec() Document {
	return Document{Version: version, Statement: []Statement{{
		Sid:    "ECSExec",
		Effect: "Allow",
		Action: ExecActions,
		// The actions have no resource type: AWS accepts nothing but "*" (Service Authorization Reference, Amazon Message Gateway Service).
		Resource: []string{"*"},
	}}}
}

// dnsSuffix ends the names of a region's service endpoints.
func dnsSuffix(region string) string { return partition.Of(region).DnsSuffix }

// Partition is the AWS partition of a region, such as aws or aws-cn.
func Partition(region string) string { return partition.Of(region).Name }

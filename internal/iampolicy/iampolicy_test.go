package iampolicy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	const (
		repo     = "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub"
		provider = "arn:aws-cn:iam::111122223333:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC"
		issuer   = "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC"
	)
	for name, c := range map[string]struct {
		doc  Document
		want string
	}{
		"pull": {ECRPull([]string{repo}, false), `{"Version":"2012-10-17","Statement":[
			{"Sid":"ECRAuth","Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]},
			{"Sid":"ECRPullFromBifrost","Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"],"Resource":["` + repo + `"]}]}`},
		"pull through a cache": {ECRPull([]string{repo}, true), `{"Version":"2012-10-17","Statement":[
			{"Sid":"ECRAuth","Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]},
			{"Sid":"ECRPullFromBifrost","Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"],"Resource":["` + repo + `"]},
			{"Sid":"ECRImportUpstream","Effect":"Allow","Action":["ecr:BatchImportUpstreamImage","ecr:CreateRepository","ecr:TagResource"],"Resource":["` + repo + `"]}]}`},
		"irsa": {IRSATrust(provider, issuer, "bifrost", "bifrost-pull"), `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":["sts:AssumeRoleWithWebIdentity"],
			 "Condition":{"StringEquals":{
				"oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC:aud":"sts.amazonaws.com",
				"oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC:sub":"system:serviceaccount:bifrost:bifrost-pull"}}}]}`},
		"pod identity": {PodIdentityTrust("arn:aws:eks:eu-west-1:111122223333:cluster/dev", "bifrost", "bifrost-pull"), `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"],
			 "Condition":{"StringEquals":{
				"aws:RequestTag/eks-cluster-arn":"arn:aws:eks:eu-west-1:111122223333:cluster/dev",
				"aws:RequestTag/kubernetes-namespace":"bifrost",
				"aws:RequestTag/kubernetes-service-account":"bifrost-pull"}}}]}`},
		"ecs tasks": {EcsTasksTrust("111122223333", "us-gov-west-1"), `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":["sts:AssumeRole"],
			 "Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws-us-gov:ecs:us-gov-west-1:111122223333:*"}}}]}`},
		"execution": {EcsExecution("arn:aws:logs:us-east-1:1:log-group:/ecs/bifrost", []string{"arn:s", "arn:t"}, "bifrost/", "us-east-1"), `{"Version":"2012-10-17","Statement":[
			{"Sid":"WriteLogStreams","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["arn:aws:logs:us-east-1:1:log-group:/ecs/bifrost:log-stream:*"]},
			{"Sid":"ReadSecrets","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":["arn:s","arn:t"]},
			{"Sid":"DecryptSecrets","Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws:kms:us-east-1:*:key/*"],
			 "Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"},
			  "StringLike":{"kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:us-east-1:*:secret:bifrost/*"}}}]}`},
		"execution in China": {EcsExecution("arn:g", []string{"arn:s"}, "b/", "cn-north-1"), `{"Version":"2012-10-17","Statement":[
			{"Sid":"WriteLogStreams","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["arn:g:log-stream:*"]},
			{"Sid":"ReadSecrets","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":["arn:s"]},
			{"Sid":"DecryptSecrets","Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws-cn:kms:cn-north-1:*:key/*"],
			 "Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.cn-north-1.amazonaws.com.cn"},
			  "StringLike":{"kms:EncryptionContext:SecretARN":"arn:aws-cn:secretsmanager:cn-north-1:*:secret:b/*"}}}]}`},
		"existing secrets": {Document{Version: "v"}.Reading([]Reference{
			{"arn:s", "secretsmanager", "us-east-1"}, {"arn:t", "secretsmanager", "us-east-1"}, {"arn:p", "ssm", "cn-north-1"},
		}, []string{"arn:k"}), `{"Version":"v","Statement":[
			{"Sid":"ReadExistingSecrets","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":["arn:s","arn:t"]},
			{"Sid":"ReadExistingParameters","Effect":"Allow","Action":["ssm:GetParameters"],"Resource":["arn:p"]},
			{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:k"],"Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"}}},
			{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:k"],"Condition":{"StringEquals":{"kms:ViaService":"ssm.cn-north-1.amazonaws.com.cn"}}}]}`},
		"existing secrets under AWS's own keys": {Document{Version: "v"}.Reading([]Reference{{"arn:s", "secretsmanager", "us-east-1"}}, nil), `{"Version":"v","Statement":[
			{"Sid":"ReadExistingSecrets","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":["arn:s"]}]}`},
		"exec": {EcsExec(), `{"Version":"2012-10-17","Statement":[
			{"Sid":"ECSExec","Effect":"Allow","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],
			 "Resource":["*"]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.doc.JSON()
			require.NoError(t, err)
			require.JSONEq(t, c.want, got)
		})
	}
}

func TestPartition(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"} {
		require.Equal(t, want, Partition(region))
	}
}

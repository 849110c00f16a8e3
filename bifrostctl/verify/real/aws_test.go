package real

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/verify/service"
)

// answer is a recorded answer of a service.
type answer struct {
	status int
	body   string
}

// recorded gives recorded answers in JSON by method and path. Whatever has no answer fails the test.
func recorded(t *testing.T, answers map[string]answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			t.Errorf("there is no answer for %s %s", r.Method, r.URL.Path)
		}
		w.Header().Set("Content-Type", "application/json")
		if a.status != 0 {
			w.WriteHeader(a.status)
		}
		_, _ = io.WriteString(w, a.body)
	}
}

// awsServer is the URL of a server that gives recorded answers by what is asked: an action of the query and JSON protocols, or a method and
// path. Whatever has no answer fails the test.
func awsServer(t *testing.T, answers map[string]answer) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		form, _ := url.ParseQuery(string(body))
		asked := r.Method + " " + r.URL.Path
		if target := r.Header.Get("X-Amz-Target"); target != "" {
			asked = target[strings.LastIndex(target, ".")+1:]
		} else if action := form.Get("Action"); action != "" {
			asked = action
		}
		a, ok := answers[asked]
		if !ok {
			t.Errorf("there is no answer for %s", asked)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if strings.HasPrefix(a.body, "<") {
			w.Header().Set("Content-Type", "text/xml")
		}
		if kind, _, isError := strings.Cut(a.body, "|"); isError && a.status >= 400 {
			w.Header().Set("X-Amzn-ErrorType", kind)
			a.body = strings.TrimPrefix(a.body, kind+"|")
		}
		if a.status != 0 {
			w.WriteHeader(a.status)
		}
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// awsCloud is the services of AWS on such a server.
func awsCloud(t *testing.T, answers map[string]answer) service.Clouds {
	t.Helper()
	var clouds service.Clouds
	useAWS(&clouds, aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(awsServer(t, answers)), Credentials: credentials.NewStaticCredentialsProvider("AKIATEST", "secret", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	return clouds
}

const noSuchEntity = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name nobody cannot be found.</Message></Error><RequestId>1</RequestId></ErrorResponse>`

const denied = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::111122223333:user/me is not authorized to perform: iam:GetRole on resource: role x</Message></Error><RequestId>1</RequestId></ErrorResponse>`

func TestCaller(t *testing.T) {
	clouds := awsCloud(t, map[string]answer{"GetCallerIdentity": {body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
		<Arn>arn:aws:iam::111122223333:user/me</Arn><UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`}})
	account, arn, err := clouds.STS.Caller(t.Context())
	require.NoError(t, err)
	require.Equal(t, "111122223333 arn:aws:iam::111122223333:user/me", account+" "+arn)

	clouds = awsCloud(t, map[string]answer{"GetCallerIdentity": {403, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>`}})
	_, _, err = clouds.STS.Caller(t.Context())
	require.ErrorContains(t, err, "ExpiredToken")
}

func TestRole(t *testing.T) {
	const trust, pull, inline = `{"Version":"2012-10-17","Statement":[]}`, `{"Statement":["pull + more"]}`, `{"Statement":["inline"]}`
	result := func(action, content string) answer {
		return answer{body: `<` + action + `Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><` + action + `Result>` + content + `</` + action + `Result></` + action + `Response>`}
	}
	clouds := awsCloud(t, map[string]answer{
		"GetRole": result("GetRole", `<Role><Path>/</Path><RoleName>r</RoleName><RoleId>AROA1</RoleId><Arn>arn:aws:iam::111122223333:role/r</Arn>
			<CreateDate>2025-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>`+url.QueryEscape(trust)+`</AssumeRolePolicyDocument></Role>`),
		"ListAttachedRolePolicies": result("ListAttachedRolePolicies", `<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::111122223333:policy/p</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>`),
		"GetPolicy":                result("GetPolicy", `<Policy><Arn>arn:aws:iam::111122223333:policy/p</Arn><DefaultVersionId>v3</DefaultVersionId></Policy>`),
		"GetPolicyVersion":         result("GetPolicyVersion", `<PolicyVersion><VersionId>v3</VersionId><Document>`+url.QueryEscape(pull)+`</Document></PolicyVersion>`),
		"ListRolePolicies":         result("ListRolePolicies", `<PolicyNames><member>i</member></PolicyNames><IsTruncated>false</IsTruncated>`),
		"GetRolePolicy":            result("GetRolePolicy", `<RoleName>r</RoleName><PolicyName>i</PolicyName><PolicyDocument>`+url.QueryEscape(inline)+`</PolicyDocument>`),
	})
	role, err := clouds.IAM.Role(t.Context(), "r")
	require.NoError(t, err)
	require.Equal(t, &service.Role{ARN: "arn:aws:iam::111122223333:role/r", ID: "AROA1", Trust: trust, Policies: []string{pull, inline}}, role)

	_, err = awsCloud(t, map[string]answer{"GetRole": {404, noSuchEntity}}).IAM.Role(t.Context(), "nobody")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = awsCloud(t, map[string]answer{"GetRole": {403, denied}}).IAM.Role(t.Context(), "x")
	require.ErrorContains(t, err, "is not authorized to perform: iam:GetRole")
	require.NotErrorIs(t, err, service.ErrNotFound)
}

func TestOIDCProvider(t *testing.T) {
	clouds := awsCloud(t, map[string]answer{"GetOpenIDConnectProvider": {body: `<GetOpenIDConnectProviderResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetOpenIDConnectProviderResult>
		<Url>oidc.eks.us-east-1.amazonaws.com/id/A</Url><ClientIDList><member>sts.amazonaws.com</member></ClientIDList></GetOpenIDConnectProviderResult></GetOpenIDConnectProviderResponse>`}})
	provider, err := clouds.IAM.OIDCProvider(t.Context(), "arn:aws:iam::111122223333:oidc-provider/x")
	require.NoError(t, err)
	require.Equal(t, []string{"sts.amazonaws.com"}, provider.ClientIDs)
	_, err = awsCloud(t, map[string]answer{"GetOpenIDConnectProvider": {404, noSuchEntity}}).IAM.OIDCProvider(t.Context(), "arn")
	require.ErrorIs(t, err, service.ErrNotFound)
}

const eksCluster = `{"cluster":{"name":"dev","arn":"arn:aws:eks:us-east-1:111122223333:cluster/dev","version":"1.34","status":"ACTIVE","endpoint":"https://dev.eks",
	"identity":{"oidc":{"issuer":"https://oidc.eks.us-east-1.amazonaws.com/id/A"}},"certificateAuthority":{"data":"Y2E="}%s}}`

func TestEKS(t *testing.T) {
	const missing = `ResourceNotFoundException|{"message":"not there"}`
	cluster := answer{body: strings.Replace(eksCluster, "%s", "", 1)}
	clouds := awsCloud(t, map[string]answer{
		"GET /clusters/dev": cluster,
		"GET /clusters/dev/addons/eks-pod-identity-agent": {404, missing},
		"GET /clusters/dev/addons/vpc-cni":                {body: `{"addon":{"addonName":"vpc-cni","configurationValues":"{\"enableNetworkPolicy\":\"true\"}"}}`},
		"GET /clusters/dev/addons/denied":                 {403, `AccessDeniedException|{"message":"no"}`},
		"GET /clusters/dev/pod-identity-associations":     {body: `{"associations":[{"associationId":"a-1","namespace":"bifrost","serviceAccount":"bifrost-pull"}]}`},
		"GET /clusters/dev/pod-identity-associations/a-1": {body: `{"association":{"associationId":"a-1","roleArn":"arn:aws:iam::111122223333:role/r"}}`},
		"GET /clusters/dev/fargate-profiles":              {body: `{"fargateProfileNames":["f"]}`},
		"GET /clusters/dev/fargate-profiles/f":            {body: `{"fargateProfile":{"podExecutionRoleArn":"arn:aws:iam::111122223333:role/fargate","selectors":[{"namespace":"bif*"}]}}`},
		"GET /clusters/dev/node-groups":                   {body: `{"nodegroups":["one","two"]}`},
		"GET /clusters/dev/node-groups/one":               {body: `{"nodegroup":{"nodeRole":"arn:aws:iam::111122223333:role/n1"}}`},
		"GET /clusters/dev/node-groups/two":               {body: `{"nodegroup":{"nodeRole":"arn:aws:iam::111122223333:role/n1"}}`},
	})
	found, err := clouds.EKS.Cluster(t.Context(), "dev")
	require.NoError(t, err)
	require.Equal(t, &service.EKSCluster{ARN: "arn:aws:eks:us-east-1:111122223333:cluster/dev", Status: "ACTIVE", Version: "1.34", Issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/A"}, found)
	has, err := clouds.EKS.HasAddon(t.Context(), "dev", "eks-pod-identity-agent")
	require.NoError(t, err)
	require.False(t, has)
	configuration, err := clouds.EKS.AddonConfiguration(t.Context(), "dev", "vpc-cni")
	require.NoError(t, err)
	require.JSONEq(t, `{"enableNetworkPolicy":"true"}`, configuration)
	_, err = clouds.EKS.AddonConfiguration(t.Context(), "dev", "eks-pod-identity-agent")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = clouds.EKS.AddonConfiguration(t.Context(), "dev", "denied")
	require.ErrorContains(t, err, "AccessDeniedException")
	require.NotErrorIs(t, err, service.ErrNotFound)
	roles, err := clouds.EKS.Associations(t.Context(), "dev", "bifrost", "bifrost-pull")
	require.NoError(t, err)
	require.Equal(t, []string{"arn:aws:iam::111122223333:role/r"}, roles)
	for namespace, want := range map[string]string{"bifrost": "fargate", "other": "n1"} {
		roles, err := clouds.EKS.PullRoles(t.Context(), "dev", namespace)
		require.NoError(t, err)
		require.Equal(t, []string{"arn:aws:iam::111122223333:role/" + want}, roles)
	}

	_, err = awsCloud(t, map[string]answer{"GET /clusters/dev": {404, missing}}).EKS.Cluster(t.Context(), "dev")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = awsCloud(t, map[string]answer{"GET /clusters/dev": {403, `AccessDeniedException|{"message":"no"}`}}).EKS.Cluster(t.Context(), "dev")
	require.NotErrorIs(t, err, service.ErrNotFound)
	require.ErrorContains(t, err, "AccessDeniedException")
}

// EKS Auto Mode has the agent, and a node role of its own.
func TestAutoMode(t *testing.T) {
	clouds := awsCloud(t, map[string]answer{
		"GET /clusters/dev":                  {body: strings.Replace(eksCluster, "%s", `,"computeConfig":{"enabled":true,"nodeRoleArn":"arn:aws:iam::111122223333:role/auto"}`, 1)},
		"GET /clusters/dev/fargate-profiles": {body: `{"fargateProfileNames":[]}`},
		"GET /clusters/dev/node-groups":      {body: `{"nodegroups":[]}`},
	})
	found, err := clouds.EKS.Cluster(t.Context(), "dev")
	require.NoError(t, err)
	require.True(t, found.AutoMode)
	has, err := clouds.EKS.HasAddon(t.Context(), "dev", "eks-pod-identity-agent")
	require.NoError(t, err)
	require.True(t, has)
	roles, err := clouds.EKS.PullRoles(t.Context(), "dev", "bifrost")
	require.NoError(t, err)
	require.Equal(t, []string{"arn:aws:iam::111122223333:role/auto"}, roles)
}

func TestECS(t *testing.T) {
	const task = "arn:aws:ecs:us-east-1:111122223333:task-definition/bifrost:7"
	clouds := awsCloud(t, map[string]answer{
		"DescribeClusters": {body: `{"clusters":[{"clusterName":"dev","status":"ACTIVE"}],"failures":[]}`},
		"DescribeServices": {body: `{"services":[{"status":"ACTIVE","taskDefinition":"` + task + `","desiredCount":2,"runningCount":1,
			"deployments":[{"status":"PRIMARY","taskDefinition":"` + task + `","rolloutState":"FAILED","rolloutStateReason":"tasks failed to start"},{"status":"ACTIVE","taskDefinition":"old"}],
			"events":[{"message":"(service bifrost) was unable to place a task"}]}],"failures":[]}`},
		"DescribeTaskDefinition": {body: `{"taskDefinition":{"executionRoleArn":"arn:aws:iam::111122223333:role/e","containerDefinitions":[{"name":"bifrost","image":"i:1",
			"secrets":[{"name":"A","valueFrom":"arn:aws:secretsmanager:us-east-1:111122223333:secret:a"}],"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/bifrost"}}}]}}`},
		"ListTasks": {body: `{"taskArns":["arn:aws:ecs:us-east-1:111122223333:task/dev/1","arn:aws:ecs:us-east-1:111122223333:task/dev/2"]}`},
		"DescribeTasks": {body: `{"tasks":[{"taskArn":"arn:aws:ecs:us-east-1:111122223333:task/dev/1","stoppedAt":1767225600,"stoppedReason":"older"},
			{"taskArn":"arn:aws:ecs:us-east-1:111122223333:task/dev/2","stoppedAt":1767229200,"stoppedReason":"CannotPullContainerError: denied","containers":[{"name":"bifrost","reason":"why"},{"name":"config"}]}],"failures":[]}`},
	})
	status, err := clouds.ECS.Cluster(t.Context(), "dev")
	require.NoError(t, err)
	require.Equal(t, "ACTIVE", status)
	s, err := clouds.ECS.Service(t.Context(), "dev", "bifrost")
	require.NoError(t, err)
	require.Equal(t, &service.ECSService{Status: "ACTIVE", TaskDefinition: task, Rollout: "FAILED", RolloutReason: "tasks failed to start", Desired: 2, Running: 1,
		Events: []string{"(service bifrost) was unable to place a task"}}, s)
	definition, err := clouds.ECS.TaskDefinition(t.Context(), task)
	require.NoError(t, err)
	require.Equal(t, &service.TaskDefinition{ExecutionRole: "arn:aws:iam::111122223333:role/e", Images: map[string]string{"bifrost": "i:1"},
		Secrets: []string{"arn:aws:secretsmanager:us-east-1:111122223333:secret:a"}, LogGroups: []string{"/ecs/bifrost"}}, definition)
	tasks, err := clouds.ECS.StoppedTasks(t.Context(), "dev", "bifrost")
	require.NoError(t, err)
	require.Len(t, tasks, 2)
	require.Equal(t, service.StoppedTask{ARN: "arn:aws:ecs:us-east-1:111122223333:task/dev/2", Reason: "CannotPullContainerError: denied", ContainerReasons: []string{"bifrost: why"},
		At: time.Unix(1767229200, 0).UTC()}, tasks[0], "the newest comes first")
}

func TestECSMissing(t *testing.T) {
	ctx := context.Background()
	refused := func(code, message string) answer {
		return answer{400, `{"__type":"` + code + `","message":"` + message + `"}`}
	}
	clouds := awsCloud(t, map[string]answer{
		"DescribeClusters": {body: `{"clusters":[],"failures":[{"reason":"MISSING"}]}`}, "DescribeServices": {body: `{"services":[],"failures":[{"reason":"MISSING"}]}`},
		"DescribeTaskDefinition": refused("ClientException", "Unable to describe task definition."), "ListTasks": refused("ServiceNotFoundException", "Service not found."),
	})
	_, err := clouds.ECS.Cluster(ctx, "dev")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = clouds.ECS.Service(ctx, "dev", "bifrost")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = clouds.ECS.TaskDefinition(ctx, "t")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = clouds.ECS.StoppedTasks(ctx, "dev", "bifrost")
	require.ErrorIs(t, err, service.ErrNotFound)

	clouds = awsCloud(t, map[string]answer{"DescribeServices": refused("ClusterNotFoundException", "Cluster not found."), "ListTasks": {body: `{"taskArns":[]}`},
		"DescribeTaskDefinition": refused("AccessDeniedException", "no")})
	_, err = clouds.ECS.Service(ctx, "dev", "bifrost")
	require.ErrorIs(t, err, service.ErrNotFound)
	tasks, err := clouds.ECS.StoppedTasks(ctx, "dev", "bifrost")
	require.NoError(t, err)
	require.Empty(t, tasks)
	_, err = clouds.ECS.TaskDefinition(ctx, "t")
	require.NotErrorIs(t, err, service.ErrNotFound)
	require.ErrorContains(t, err, "AccessDeniedException")
}

func TestSecretsManager(t *testing.T) {
	const arn, version = "arn:aws:secretsmanager:us-east-1:111122223333:secret:s-AbCdEf", "0a1b2c3d-0000-4000-8000-000000000001"
	clouds := awsCloud(t, map[string]answer{
		"DescribeSecret":     {body: `{"ARN":"` + arn + `","KmsKeyId":"alias/mine","DeletedDate":1767225600,"VersionIdsToStages":{"` + version + `":["AWSCURRENT","blue"]}}`},
		"GetSecretValue":     {body: `{"SecretString":"{\"username\":\"u\",\"password\":\"p\"}"}`},
		"DescribeParameters": {body: `{"Parameters":[{"Name":"/llm/other","KeyId":"x"},{"Name":"/llm/anthropic","KeyId":"alias/aws/ssm"}]}`},
		"DescribeKey":        {body: `{"KeyMetadata":{"KeyId":"k","Arn":"arn:aws:kms:us-east-1:111122223333:key/k","KeyState":"PendingDeletion"}}`},
		"GetKeyPolicy":       {body: `{"Policy":"{}"}`},
	})
	secret, err := clouds.Secrets.Secret(t.Context(), "eu-west-1", arn)
	require.NoError(t, err)
	require.Equal(t, &service.Secret{KmsKey: "alias/mine", Deleted: time.Unix(1767225600, 0).UTC(), Versions: map[string]string{"AWSCURRENT": version, "blue": version}}, secret)
	fields, err := clouds.Secrets.Fields(t.Context(), "us-east-1", arn, version)
	require.NoError(t, err)
	require.Equal(t, []string{"password", "username"}, fields)
	found, err := clouds.Secrets.Parameter(t.Context(), "us-east-1", "arn:aws:ssm:us-east-1:111122223333:parameter/llm/anthropic")
	require.NoError(t, err)
	require.Equal(t, &service.Secret{KmsKey: "alias/aws/ssm"}, found)
	_, err = clouds.Secrets.Parameter(t.Context(), "us-east-1", "arn:aws:ssm:us-east-1:111122223333:parameter/llm/nobody")
	require.ErrorIs(t, err, service.ErrNotFound)
	key, err := clouds.Secrets.Key(t.Context(), "us-east-1", "k")
	require.NoError(t, err)
	require.Equal(t, &service.Key{ARN: "arn:aws:kms:us-east-1:111122223333:key/k", State: "PendingDeletion", Policy: "{}"}, key)

	refused := func(code string) answer { return answer{400, `{"__type":"` + code + `","message":"no"}`} }
	clouds = awsCloud(t, map[string]answer{
		"DescribeSecret": refused("ResourceNotFoundException"), "GetSecretValue": refused("AccessDeniedException"), "DescribeKey": refused("NotFoundException"),
		"DescribeParameters": refused("AccessDeniedException"),
	})
	_, err = clouds.Secrets.Secret(t.Context(), "us-east-1", arn)
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = clouds.Secrets.Key(t.Context(), "us-east-1", "k")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = clouds.Secrets.Fields(t.Context(), "us-east-1", arn, version)
	require.ErrorContains(t, err, "AccessDeniedException")
	require.NotErrorIs(t, err, service.ErrNotFound)
	_, err = clouds.Secrets.Parameter(t.Context(), "us-east-1", "arn:aws:ssm:us-east-1:111122223333:parameter/x")
	require.NotErrorIs(t, err, service.ErrNotFound)
}

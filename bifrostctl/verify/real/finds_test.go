package real

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

const (
	callerAnswer = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
		<Arn>arn:aws:iam::111122223333:user/me</Arn><UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	policiesAnswer = `<ListPoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListPoliciesResult><Policies><member><PolicyName>bedrock</PolicyName>
		<Arn>arn:aws:iam::111122223333:policy/bedrock</Arn></member></Policies><IsTruncated>false</IsTruncated></ListPoliciesResult></ListPoliciesResponse>`
	subnetAnswer = `{"ResourceDescription":{"Identifier":"subnet-1","Properties":"{\"SubnetId\":\"subnet-1\",\"VpcId\":\"vpc-1\",\"CidrBlock\":\"10.0.0.0/20\",\"AvailabilityZone\":\"us-east-1a\"}"}}`
)

// TestFindsAWS: what each key may name, as AWS tells it to the credentials of this machine.
func TestFindsAWS(t *testing.T) {
	eks := &stacks.Config{Aws: &stacks.Aws{Region: "us-east-1"}, Eks: &stacks.Eks{ClusterName: "dev"}}
	for key, test := range map[string]struct {
		answers map[string]answer
		want    []Choice
	}{
		"aws.region":    {nil, []Choice{{Value: "eu-north-1", About: "of this machine's settings"}}},
		"aws.accountId": {map[string]answer{"GetCallerIdentity": {body: callerAnswer}}, []Choice{{Value: "111122223333", About: "signed in as arn:aws:iam::111122223333:user/me"}}},
		"eks.clusterName": {map[string]answer{"GET /clusters": {body: `{"clusters":["two","one"]}`}},
			[]Choice{{Value: "one"}, {Value: "two"}}},
		"ecs.clusterName": {map[string]answer{"ListClusters": {body: `{"clusterArns":["arn:aws:ecs:us-east-1:111122223333:cluster/prod"]}`}}, []Choice{{Value: "prod"}}},
		"gateway.ingress.certificateArn": {map[string]answer{"ListCertificates": {body: `{"CertificateSummaryList":[{"CertificateArn":"arn:c","DomainName":"llm.acme.com"}]}`}},
			[]Choice{{Value: "arn:c", About: "llm.acme.com"}}},
		"eks.gatewayPolicyArns": {map[string]answer{"ListPolicies": {body: policiesAnswer}}, []Choice{{Value: "arn:aws:iam::111122223333:policy/bedrock", About: "bedrock"}}},
		"gateway.networkPolicy.from": {map[string]answer{"GET /clusters/dev": {body: `{"cluster":{"resourcesVpcConfig":{"subnetIds":["subnet-1"]}}}`}, "GetResource": {body: subnetAnswer}},
			[]Choice{{Value: "10.0.0.0/20", About: "subnet-1 us-east-1a 10.0.0.0/20 vpc-1"}}},
		"ecs.subnets": {map[string]answer{"ListResources": {body: `{"ResourceDescriptions":[{"Identifier":"subnet-1"}]}`}, "GetResource": {body: subnetAnswer}},
			[]Choice{{Value: "subnet-1", About: "subnet-1 us-east-1a 10.0.0.0/20 vpc-1"}}},
		"gateway.env.PG_HOST": {map[string]answer{"ListResources": {body: `{"ResourceDescriptions":[{"Identifier":"db"}]}`},
			"GetResource": {body: `{"ResourceDescription":{"Identifier":"db","Properties":"{\"Engine\":\"aurora-postgresql\",\"Endpoint\":{\"Address\":\"db.rds.amazonaws.com\"}}"}}`}},
			[]Choice{{Value: "db.rds.amazonaws.com", About: "db"}}},
	} {
		t.Run(key, func(t *testing.T) {
			for name, value := range map[string]string{
				"AWS_ENDPOINT_URL": awsServer(t, test.answers), "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-north-1",
				"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_MAX_ATTEMPTS": "1",
			} {
				t.Setenv(name, value)
			}
			finder := NewFinder()
			require.True(t, finder.Knows(key))
			found, err := finder.Find(t.Context(), key, eks)
			require.NoError(t, err)
			require.Equal(t, test.want, found)
			found, err = finder.Find(t.Context(), key, &stacks.Config{})
			require.NoError(t, err)
			require.Empty(t, found, "a stack that is not on AWS does not ask it")
		})
	}
}

// TestFindsOthers: clusters come with their place.
func TestFindsOthers(t *testing.T) {
	const list = "GET /subscriptions/s/providers/Microsoft.ContainerService/managedClusters"
	clusters, err := newAKS("s", fixedToken{}, resourceManager(t, map[string]answer{list: {body: `{"value":[{"name":"dev","location":"westeurope",
		"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/dev"}]}`}}))
	require.NoError(t, err)
	found, err := clusters.all(t.Context())
	require.NoError(t, err)
	require.Equal(t, []Choice{{Value: "dev", About: "g, westeurope", And: map[string]string{"aks.resourceGroup": "g", "azure.location": "westeurope"}}}, found)

	found, err = googleGKE{googleAPIs(t, map[string]answer{"GET /v1/projects/p/locations/-/clusters": {body: `{"clusters":[{"name":"dev","location":"europe-west1"}]}`}}).options}.
		all(t.Context(), "p")
	require.NoError(t, err)
	require.Equal(t, []Choice{{Value: "dev", About: "europe-west1", And: map[string]string{"gke.location": "europe-west1"}}}, found)
}

// TestFindsContexts: contexts of the kubeconfig that kubectl reads, and nothing secret of a file that does not parse.
func TestFindsContexts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	t.Setenv("KUBECONFIG", file)
	require.NoError(t, os.WriteFile(file, []byte(`{apiVersion: v1, kind: Config, contexts: [{name: me@a, context: {cluster: a}}], clusters: [{name: a, cluster: {server: "https://a"}}]}`), 0o600))
	found, err := NewFinder().Find(t.Context(), "kubernetes.context", &stacks.Config{})
	require.NoError(t, err)
	require.Equal(t, []Choice{{Value: "me@a", About: "https://a", And: map[string]string{"kubernetes.clusterName": "a"}}}, found)
	require.NoError(t, os.WriteFile(file, []byte("token: CANARY: ["), 0o600))
	_, err = NewFinder().Find(t.Context(), "kubernetes.context", &stacks.Config{})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "CANARY")
}

package real

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/service"
)

// TestEveryTypeIsAsked: what the checks look for in a cloud, the real clouds can be asked for; the rest has checks of its own, or is nothing
// that a cloud has.
func TestEveryTypeIsAsked(t *testing.T) {
	all := asked{}
	all.add(googleThings(nil))
	all.add(awsThings(aws.Config{Region: "us-east-1"}))
	require.NoError(t, all.azure(fixedToken{}, nil))
	elsewhere := []string{
		pulumitype.AwsEcsService, pulumitype.AwsPodIdentityAssociation, pulumitype.AwsCertificateValidation, pulumitype.GcpPool,
		pulumitype.GcpPoolProvider, pulumitype.GcpServiceAccountMember, pulumitype.GcpRepositoryMember,
	}
	for _, typ := range checks.MadeTypes() {
		if !strings.HasPrefix(typ, "kubernetes:") && !slices.Contains(elsewhere, typ) {
			require.Contains(t, all, typ)
		}
	}
	require.ErrorContains(t, all.exists(t.Context(), service.Thing{Type: "aws:x:X"}), "verify does not know how to ask for aws:x:X")
}

// TestAWSThings: what is there, what is gone, and what nobody may look at, of each type.
func TestAWSThings(t *testing.T) {
	const secretArn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:s"
	attached := `<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies><member><PolicyArn>%s</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>`
	records := `<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet><Name>%s</Name><Type>A</Type></ResourceRecordSet></ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>1</MaxItems></ListResourceRecordSetsResponse>`
	secret := `{"ARN":"` + secretArn + `","VersionIdsToStages":{"v1":["AWSCURRENT"]}}`
	for _, c := range []struct {
		thing          service.Thing
		ask            string
		there, missing answer
	}{
		{service.Thing{Type: pulumitype.AwsLogGroup, ID: "/ecs/bifrost"}, "GetResource", answer{body: `{"TypeName":"AWS::Logs::LogGroup"}`}, answer{400, `ResourceNotFoundException|{"message":"no"}`}},
		{service.Thing{Type: pulumitype.AwsRole, ID: "r"}, "GetRole", answer{body: `<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName></Role></GetRoleResult></GetRoleResponse>`}, answer{404, noSuchEntity}},
		{service.Thing{Type: pulumitype.AwsPolicy, ID: "arn:aws:iam::111122223333:policy/p"}, "GetPolicy", answer{body: `<GetPolicyResponse><GetPolicyResult/></GetPolicyResponse>`}, answer{404, noSuchEntity}},
		{service.Thing{Type: pulumitype.AwsRolePolicy, ID: "r:p"}, "GetRolePolicy", answer{body: `<GetRolePolicyResponse><GetRolePolicyResult/></GetRolePolicyResponse>`}, answer{404, noSuchEntity}},
		{service.Thing{Type: pulumitype.AwsRolePolicyAttachment, ID: "r-1", Outputs: map[string]any{"role": "r", "policyArn": "p"}}, "ListAttachedRolePolicies", answer{body: fmt.Sprintf(attached, "p")}, answer{body: fmt.Sprintf(attached, "q")}},
		{service.Thing{Type: pulumitype.AwsSecret, ID: secretArn}, "DescribeSecret", answer{body: secret}, answer{body: `{"DeletedDate":1700000000}`}},
		{service.Thing{Type: pulumitype.AwsSecretVersion, ID: secretArn + "|v1"}, "DescribeSecret", answer{body: secret}, answer{body: `{"VersionIdsToStages":{"v2":["AWSCURRENT"]}}`}},
		{service.Thing{Type: pulumitype.AwsPrivateDnsNamespace, ID: "ns-1"}, "GetNamespace", answer{body: `{"Namespace":{"Id":"ns-1"}}`}, answer{400, `NamespaceNotFound|{"Message":"no"}`}},
		{service.Thing{Type: pulumitype.AwsDiscoveryService, ID: "srv-1"}, "GetService", answer{body: `{"Service":{"Id":"srv-1"}}`}, answer{400, `ServiceNotFound|{"Message":"no"}`}},
		{service.Thing{Type: pulumitype.AwsCertificate, ID: "arn"}, "DescribeCertificate", answer{body: `{"Certificate":{"Status":"ISSUED"}}`}, answer{400, `ResourceNotFoundException|{"message":"no"}`}},
		{service.Thing{Type: pulumitype.AwsCertificate, ID: "expired"}, "DescribeCertificate", answer{body: `{"Certificate":{"Status":"ISSUED"}}`}, answer{body: `{"Certificate":{"Status":"EXPIRED"}}`}},
		{service.Thing{Type: pulumitype.AwsRecord, ID: "Z1_llm.example.com_A", Outputs: map[string]any{"zoneId": "Z1", "fqdn": "llm.example.com", "type": "A"}}, "GET /2013-04-01/hostedzone/Z1/rrset", answer{body: fmt.Sprintf(records, "llm.example.com.")}, answer{body: fmt.Sprintf(records, "other.example.com.")}},
		{service.Thing{Type: pulumitype.AwsTaskDefinition, ID: "bifrost", Outputs: map[string]any{"arn": "arn"}}, "DescribeTaskDefinition", answer{body: `{"taskDefinition":{"status":"ACTIVE"}}`}, answer{body: `{"taskDefinition":{"status":"INACTIVE"}}`}},
	} {
		t.Run(c.thing.Type, func(t *testing.T) {
			ask := func(a answer) error {
				return awsCloud(t, map[string]answer{c.ask: a}).Exists(t.Context(), c.thing)
			}
			require.NoError(t, ask(c.there))
			require.ErrorIs(t, ask(c.missing), service.ErrNotFound)
			forbidden := answer{403, `AccessDeniedException|{"message":"no"}`}
			if strings.HasPrefix(c.there.body, "<") {
				forbidden = answer{403, denied}
			}
			require.True(t, service.Forbidden(ask(forbidden)), "%v", ask(forbidden))
		})
	}
}

// TestControlForbidden: a right that the type's own handler lacks comes with another code.
func TestControlForbidden(t *testing.T) {
	clouds := awsCloud(t, map[string]answer{"GetResource": {400, `GeneralServiceException|{"message":"AccessDeniedException. User: me is not authorized to perform: logs:DescribeLogGroups"}`}})
	require.True(t, service.Forbidden(clouds.Exists(t.Context(), service.Thing{Type: pulumitype.AwsLogGroup, ID: "/ecs/bifrost"})))
}

// TestIdentifiers: Cloud Control wants the parts of a composite identifier in the schema's order.
func TestIdentifiers(t *testing.T) {
	scaling := service.Thing{ID: "service/dev/bifrost", Outputs: map[string]any{
		"arn": "arn:aws:autoscaling:x", "resourceId": "service/dev/bifrost", "scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs",
	}}
	require.Equal(t, "service/dev/bifrost|ecs:service:DesiredCount|ecs", controlledTypes[pulumitype.AwsScalableTarget].identifier(scaling))
	require.Equal(t, "arn:aws:autoscaling:x|ecs:service:DesiredCount", controlledTypes[pulumitype.AwsScalingPolicy].identifier(scaling))
}

func TestAzureThings(t *testing.T) {
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Authorization/roleAssignments/x"
	ask := func(a answer) error {
		all := asked{}
		require.NoError(t, all.azure(fixedToken{}, resourceManager(t, map[string]answer{"GET " + id: a})))
		return all.exists(t.Context(), service.Thing{Type: pulumitype.AzureRoleAssignment, ID: id})
	}
	require.NoError(t, ask(answer{body: `{"id":"x"}`}))
	require.ErrorIs(t, ask(answer{404, azureMissing}), service.ErrNotFound)
	require.True(t, service.Forbidden(ask(answer{403, azureForbidden})))
}

// TestObjects: kinds are found by the cluster's own discovery.
func TestObjects(t *testing.T) {
	kubeconfig := apiServer(t, map[string]answer{
		"/apis/gateway.networking.k8s.io/v1":                                       {body: `{"kind":"APIResourceList","groupVersion":"gateway.networking.k8s.io/v1","resources":[{"name":"httproutes","kind":"HTTPRoute","namespaced":true}]}`},
		"/apis/gateway.networking.k8s.io/v1/namespaces/bifrost/httproutes/bifrost": {body: `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"bifrost"}}`},
		"/apis/gateway.networking.k8s.io/v1/httproutes":                            {body: `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRouteList","items":[{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"a"}}]}`},
		"/api/v1":                               {body: `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"secrets","kind":"Secret","namespaced":true}]}`},
		"/api/v1/namespaces/bifrost/secrets/no": {403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no"}`},
	}, nil)
	objects, err := fromFile(write(t, kubeconfig)).objects(t.Context())
	require.NoError(t, err)
	route := service.ObjectName{APIVersion: "gateway.networking.k8s.io/v1", Kind: "HTTPRoute", Namespace: "bifrost", Name: "bifrost"}
	found, err := objects.Object(t.Context(), route)
	require.NoError(t, err)
	require.Equal(t, "bifrost", found.GetName())
	route.Name = "gone"
	_, err = objects.Object(t.Context(), route)
	require.ErrorIs(t, err, service.ErrNotFound)
	all, err := objects.List(t.Context(), route.APIVersion, route.Kind, "")
	require.NoError(t, err)
	require.Len(t, all, 1)
	_, err = objects.Object(t.Context(), service.ObjectName{APIVersion: "v1", Kind: "Secret", Namespace: "bifrost", Name: "no"})
	require.True(t, service.Forbidden(err))
	_, err = objects.Object(t.Context(), service.ObjectName{APIVersion: "monitoring.coreos.com/v1", Kind: "ServiceMonitor", Namespace: "bifrost", Name: "b"})
	require.ErrorIs(t, err, service.ErrNotFound)
}

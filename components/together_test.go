package components_test

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/aws"
	"bifrost/components/gcp"
	"bifrost/components/kubernetes"
	"bifrost/image"
	"bifrost/internal/graphtest"
)

// Components know nothing of each other. These tests hand one what another made, as a program does.

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	jobType        = "kubernetes:batch/v1:Job"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	issuer         = "https://oidc.eks.us-east-1.amazonaws.com/id/ABC"
)

func irsa(serviceAccount string) *aws.IrsaTrustArgs {
	return &aws.IrsaTrustArgs{
		OidcProviderArn: pulumi.String("arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC"),
		Issuer:          issuer, Namespace: "bifrost", ServiceAccount: serviceAccount,
	}
}

func TestPullSecretWaitsForTheRole(t *testing.T) {
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		role, err := aws.NewEcrPullRole(ctx, "r", &aws.EcrPullRoleArgs{
			RepositoryArns: []string{graphtest.Repository}, Irsa: irsa("bifrost-pull"),
		}, on)
		if err != nil {
			return err
		}
		_, err = kubernetes.NewPullSecret(ctx, "x", &kubernetes.PullSecretArgs{
			Namespace: pulumi.String("bifrost"), RegistryHost: "444455556666.dkr.ecr.eu-west-1.amazonaws.com",
			Ecr: &kubernetes.EcrTokenArgs{RoleArn: role.RoleArn, Region: "eu-west-1"}, DependsOn: role.Ready(),
		}, on)
		return err
	})
	require.True(t, g.DependsOn(g.One(t, jobType), g.One(t, attachmentType)),
		"a token that is asked for before the policy is attached cannot pull")
}

// TestPullSecretWaitsForTheFederation: the first token is asked for when everything that it needs is there, and in the way that reaches it.
func TestPullSecretWaitsForTheFederation(t *testing.T) {
	const subject = "system:serviceaccount:bifrost:bifrost-pull"
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		federation, err := gcp.NewGcpFederation(ctx, "x", &gcp.GcpFederationArgs{
			ProjectId: "acme-mirror", ProjectNumber: pulumi.String("123456789012"),
			PoolId: "acme-pool", ProviderId: "acme-provider", ServiceAccountId: "bifrost-pull",
			Issuer: pulumi.String(issuer), Subject: pulumi.String(subject),
			Audience: pulumi.String("api://AzureADTokenExchange"), Condition: pulumi.String("assertion.sub == '" + subject + "'"),
			Repository: image.ArtifactRegistryRepository{Project: "acme-images", Location: "europe-west1", Name: "acme-hub"},
			TokenFile:  "/run/t/token",
		}, on)
		if err != nil {
			return err
		}
		_, err = kubernetes.NewPullSecret(ctx, "pull", &kubernetes.PullSecretArgs{
			Namespace: pulumi.String("bifrost"), RegistryHost: "europe-west1-docker.pkg.dev",
			ArtifactRegistry: &kubernetes.ArtifactRegistryTokenArgs{CredentialConfig: federation.CredentialConfig},
		}, on)
		return err
	})
	configMap := g.One(t, "kubernetes:core/v1:ConfigMap")
	var config map[string]any
	require.NoError(t, json.Unmarshal([]byte(configMap.Input(t, `data["credential-config.json"]`).(string)), &config))
	require.Equal(t, map[string]any{
		"type":               "external_account",
		"audience":           "//iam.googleapis.com/name-of-x-provider",
		"subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
		"token_url":          "https://sts.googleapis.com/v1/token",
		"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" +
			"x-account@test.iam.gserviceaccount.com:generateAccessToken",
		"credential_source": map[string]any{"file": "/run/t/token", "format": map[string]any{"type": "text"}},
	}, config)

	for _, typ := range []string{
		"gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
		"gcp:artifactregistry/repositoryIamMember:RepositoryIamMember", "gcp:serviceaccount/iAMMember:IAMMember",
	} {
		require.True(t, g.DependsOn(configMap, g.One(t, typ)), "the credential configuration is known before %s exists", typ)
		require.True(t, g.DependsOn(g.One(t, jobType), g.One(t, typ)), "the first token is asked for before %s exists", typ)
	}
}

func recordGateway(t *testing.T, args *aws.EksGatewayRoleArgs) *graphtest.Graph {
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		role, err := aws.NewEksGatewayRole(ctx, "x", args, on)
		if err != nil {
			return err
		}
		workload := &kubernetes.BifrostWorkloadArgs{
			Namespace: pulumi.String("bifrost"), Image: graphtest.Image, Replicas: 2, Config: graphtest.Secret("{}"),
			DependsOn: role.Ready(), PodIdentity: args.PodIdentity != nil,
		}
		if args.Irsa != nil {
			workload.AwsRoleArn = role.RoleArn
		}
		_, err = kubernetes.NewBifrostWorkload(ctx, "y", workload, on)
		return err
	})
}

func TestGatewayWaitsForItsRole(t *testing.T) {
	g := recordGateway(t, &aws.EksGatewayRoleArgs{
		PolicyArns: []string{"arn:aws:iam::aws:policy/models", "arn:aws:iam::111122223333:policy/models"}, Irsa: irsa("bifrost-sa"),
	})
	serviceAccount := g.One(t, "kubernetes:core/v1:ServiceAccount")
	require.Equal(t, "arn:aws:test:us-east-1:111122223333:x-role", serviceAccount.Input(t, `metadata.annotations["eks.amazonaws.com/role-arn"]`))
	require.Len(t, g.Of(attachmentType), 2)
	for _, a := range g.Of(attachmentType) {
		require.True(t, g.DependsOn(g.One(t, deploymentType), a), "no pod before the role can do its work")
		require.False(t, g.DependsOn(serviceAccount, a), "an attachment that is made again must not take the ServiceAccount with it")
	}
}

func TestGatewayWaitsForItsPodIdentity(t *testing.T) {
	g := recordGateway(t, &aws.EksGatewayRoleArgs{
		PolicyArns: []string{"arn:aws:iam::aws:policy/models"},
		PodIdentity: &aws.PodIdentityTrustArgs{
			ClusterName: "dev", ClusterArn: "arn:aws:eks:us-east-1:111122223333:cluster/dev", Namespace: "bifrost", ServiceAccount: "bifrost-sa",
		},
	})
	association := g.One(t, "aws:eks/podIdentityAssociation:PodIdentityAssociation")
	require.True(t, g.DependsOn(g.One(t, deploymentType), association), "a pod without it would run without the role")
	require.Contains(t, g.One(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy").Input(t, "spec.egress"), map[string]any{
		"to": []any{
			map[string]any{"ipBlock": map[string]any{"cidr": "169.254.170.23/32"}},
			map[string]any{"ipBlock": map[string]any{"cidr": "fd00:ec2::23/128"}},
		},
		"ports": []any{map[string]any{"protocol": "TCP", "port": 80.0}},
	}, "the agent that gives the credentials")
}

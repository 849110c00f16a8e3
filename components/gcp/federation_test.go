package gcp_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/gcp"
	"bifrost/image"
	"bifrost/internal/graphtest"
)

const federatedSubject = "system:serviceaccount:bifrost:bifrost-pull"

func federationArgs() *gcp.GcpFederationArgs {
	return &gcp.GcpFederationArgs{
		ProjectId: "acme-mirror", ProjectNumber: pulumi.String("123456789012"),
		PoolId: "acme-pool", ProviderId: "acme-provider", ServiceAccountId: "bifrost-pull",
		Issuer: pulumi.String("https://issuer.example.com/"), Subject: pulumi.String(federatedSubject),
		Audience: pulumi.String("api://AzureADTokenExchange"), Condition: pulumi.String("assertion.sub == '" + federatedSubject + "'"),
		Repository: image.ArtifactRegistryRepository{Project: "acme-images", Location: "europe-west1", Name: "acme-hub"},
		TokenFile:  "/run/t/token",
	}
}

const (
	poolType     = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
	providerType = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
	accountType  = "gcp:serviceaccount/account:Account"
	readerType   = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"
	userType     = "gcp:serviceaccount/iAMMember:IAMMember"
	wantedMember = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-pool/subject/" +
		"60c54c47145d6c8f/" + federatedSubject
	wantedPoolPath = "projects/acme-mirror/locations/global/workloadIdentityPools/acme-pool"
)

func recordFederation(t *testing.T, args *gcp.GcpFederationArgs) *graphtest.Graph {
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := gcp.NewGcpFederation(ctx, "x", args, on)
		return err
	})
}

func TestGcpFederation(t *testing.T) {
	t.Parallel()
	args := federationArgs()
	args.Protect = true
	g := recordFederation(t, args)
	pool, provider, account := g.One(t, poolType), g.One(t, providerType), g.One(t, accountType)
	reader, user := g.One(t, readerType), g.One(t, userType)

	require.Equal(t, "acme-pool", pool.Input(t, "workloadIdentityPoolId"))
	require.Equal(t, "acme-pool", provider.Input(t, "workloadIdentityPoolId"), "the id, not the resource's path")
	require.Equal(t, "acme-provider", provider.Input(t, "workloadIdentityPoolProviderId"))
	require.Equal(t, map[string]any{"google.subject": "'60c54c47145d6c8f/' + assertion.sub"}, provider.Input(t, "attributeMapping"))
	require.Equal(t, "assertion.sub == '"+federatedSubject+"'", provider.Input(t, "attributeCondition"))
	require.Equal(t, "https://issuer.example.com/", provider.Input(t, "oidc.issuerUri"), "verbatim, with its slash")
	require.Equal(t, []any{"api://AzureADTokenExchange"}, provider.Input(t, "oidc.allowedAudiences"))
	require.True(t, g.DependsOn(provider, pool))
	require.True(t, g.DependsOn(provider, user), "nobody is mapped to a member that may do nothing yet")
	for _, r := range []graphtest.Resource{pool, provider, account} {
		require.Equal(t, "acme-mirror", r.Input(t, "project"))
		require.Equal(t, r.Type != providerType, r.Request.GetProtect(), r.URN)
		require.Empty(t, r.Request.GetImportId())
	}

	require.Equal(t, "bifrost-pull", account.Input(t, "accountId"))
	require.Equal(t, map[string]any{
		"project": "acme-images", "location": "europe-west1", "repository": "acme-hub",
		"role": "roles/artifactregistry.reader", "member": "serviceAccount:x-account@test.iam.gserviceaccount.com",
	}, graphtest.Plain(reader.Inputs).Mappable())
	require.Equal(t, map[string]any{
		"serviceAccountId": "name-of-x-account", "role": "roles/iam.workloadIdentityUser", "member": wantedMember,
	}, graphtest.Plain(user.Inputs).Mappable())

	for _, r := range []graphtest.Resource{pool, provider, account, reader, user} {
		require.Equal(t, g.One(t, gcp.GcpFederationType).URN, r.Parent())
	}
}

func TestGcpFederationAdopts(t *testing.T) {
	t.Parallel()
	args := federationArgs()
	args.Adopt = true
	g := recordFederation(t, args)
	require.Equal(t, wantedPoolPath, g.One(t, poolType).Request.GetImportId())
	require.Equal(t, wantedPoolPath+"/providers/acme-provider", g.One(t, providerType).Request.GetImportId())
	require.Empty(t, g.One(t, accountType).Request.GetImportId(), "a service account's id is free at once")
	require.Empty(t, g.One(t, poolType).Request.GetHooks().GetOnError())
}

// TestGcpFederationTaken: an id in soft delete is answered with the commands that restore it.
func TestGcpFederationTaken(t *testing.T) {
	t.Parallel()
	g := recordFederation(t, federationArgs())
	for _, typ := range []string{poolType, providerType} {
		require.Equal(t, []string{"x-taken"}, g.One(t, typ).Request.GetHooks().GetOnError())
	}
	const conflict = "Error creating WorkloadIdentityPool: googleapi: Error 409: Requested entity already exists"
	args := federationArgs()
	for name, c := range map[string]struct {
		operation string
		failure   string
		explained bool
	}{
		"taken":             {"create", conflict, true},
		"refused otherwise": {"create", "googleapi: Error 403: Permission denied", false},
		"on deletion":       {"delete", conflict, false},
	} {
		retry, err := gcp.Taken(args, &pulumi.ErrorHookArgs{FailedOperation: c.operation, Errors: []string{c.failure}})
		require.False(t, retry, name)
		if !c.explained {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, conflict)
		require.ErrorContains(t, err, "gcloud iam workload-identity-pools undelete acme-pool --project acme-mirror --location global")
		require.ErrorContains(t, err, "gcloud iam workload-identity-pools providers undelete acme-provider "+
			"--workload-identity-pool acme-pool --project acme-mirror --location global")
		require.ErrorContains(t, err, "adopt")
	}
}

func TestGcpFederationRefuses(t *testing.T) {
	t.Parallel()
	args := &gcp.GcpFederationArgs{
		ProjectId: "123456789012", PoolId: "gcp-pool", ProviderId: "abc",
		ServiceAccountId: "pull@acme-mirror.iam.gserviceaccount.com", TokenFile: "token",
	}
	graphtest.RequireRefused(t, args.Validate(nil), []string{
		"projectNumber", "issuer", "subject", "audience", "condition", "projectId", "poolId", "providerId", "serviceAccountId",
		"repository.project", "repository", "tokenFile",
	}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := gcp.NewGcpFederation(ctx, "x", args, on)
		return err
	})
	require.Empty(t, federationArgs().Validate(nil))
}

func TestGcpFederationLongSubject(t *testing.T) {
	t.Parallel()
	args := federationArgs()
	args.Subject = pulumi.String("system:serviceaccount:bifrost:" + strings.Repeat("x", 81))
	g := &graphtest.Graph{}
	err := g.Run(graphtest.Build(func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := gcp.NewGcpFederation(ctx, "x", args, on)
		return err
	}))
	require.ErrorContains(t, err, "has 111 bytes, and google.subject has room for 110 beside its issuer")
	require.Empty(t, g.Of(userType))
}

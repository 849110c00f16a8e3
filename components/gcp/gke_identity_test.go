package gcp_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/gcp"
	"bifrost/internal/graphtest"
)

const projectRoleType = "gcp:projects/iAMMember:IAMMember"

func pullIdentityArgs() *gcp.GkePullIdentityArgs {
	return &gcp.GkePullIdentityArgs{
		ProjectId: "acme-dev", WorkloadPool: "acme-dev.svc.id.goog", Namespace: "bifrost", ServiceAccount: "bifrost-pull",
	}
}

func recordPullIdentity(t *testing.T, args *gcp.GkePullIdentityArgs) *graphtest.Graph {
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := gcp.NewGkePullIdentity(ctx, "x", args, on)
		return err
	})
}

func TestGkePullIdentity(t *testing.T) {
	t.Parallel()
	args := pullIdentityArgs()
	args.Protect = true
	g := recordPullIdentity(t, args)
	account, user := g.One(t, accountType), g.One(t, userType)
	require.Equal(t, map[string]any{
		"project": "acme-dev", "accountId": "bifrost-pull-sa", "displayName": "Pulls Bifrost images on GKE",
	}, graphtest.Plain(account.Inputs).Mappable())
	require.True(t, account.Request.GetProtect(), "the vendor allowlists it")
	require.False(t, user.Request.GetProtect())
	require.Equal(t, map[string]any{
		"serviceAccountId": "name-of-x-account", "role": "roles/iam.workloadIdentityUser",
		"member": "serviceAccount:acme-dev.svc.id.goog[bifrost/bifrost-pull]",
	}, graphtest.Plain(user.Inputs).Mappable())
	require.Equal(t, g.One(t, gcp.GkePullIdentityType).URN, user.Parent())

	args = pullIdentityArgs()
	args.ServiceAccountEmail = "puller@acme-dev.iam.gserviceaccount.com"
	g = recordPullIdentity(t, args)
	require.Empty(t, g.Of(accountType))
	require.Equal(t, "projects/acme-dev/serviceAccounts/puller@acme-dev.iam.gserviceaccount.com", g.One(t, userType).Input(t, "serviceAccountId"))
}

// TestGkePullIdentityReady: whoever waits for it waits for the right to act as the service account.
func TestGkePullIdentityReady(t *testing.T) {
	t.Parallel()
	var ready int
	graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		identity, err := gcp.NewGkePullIdentity(ctx, "x", pullIdentityArgs(), on)
		if err == nil {
			ready = len(identity.Ready())
		}
		return err
	})
	require.Equal(t, 1, ready)
}

func TestGkePullIdentityRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args  *gcp.GkePullIdentityArgs
		paths []string
	}{
		"nothing": {&gcp.GkePullIdentityArgs{}, []string{"projectId", "workloadPool", "namespace", "serviceAccount"}},
		"texts": {&gcp.GkePullIdentityArgs{
			ProjectId: "123", WorkloadPool: "acme", Namespace: "-", ServiceAccount: "A", ServiceAccountId: "a", DisplayName: "\n",
		}, []string{"projectId", "workloadPool", "namespace", "serviceAccount", "serviceAccountId", "displayName"}},
		"two accounts": {&gcp.GkePullIdentityArgs{
			ProjectId: "acme-dev", WorkloadPool: "acme-dev.svc.id.goog", Namespace: "n", ServiceAccount: "s",
			ServiceAccountId: "bifrost", ServiceAccountEmail: "puller@acme-other.iam.gserviceaccount.com",
		}, []string{"serviceAccountId", "serviceAccountEmail"}},
		"no email": {&gcp.GkePullIdentityArgs{
			ProjectId: "acme-dev", WorkloadPool: "acme-dev.svc.id.goog", Namespace: "n", ServiceAccount: "s", ServiceAccountEmail: "puller",
		}, []string{"serviceAccountEmail"}},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.RequireRefused(t, c.args.Validate(nil), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := gcp.NewGkePullIdentity(ctx, "x", c.args, on)
				return err
			})
		})
	}
}

func TestGkeGatewayIdentity(t *testing.T) {
	t.Parallel()
	args := &gcp.GkeGatewayIdentityArgs{
		ProjectId: "acme-dev", WorkloadPool: "acme-dev.svc.id.goog", Namespace: "bifrost", ServiceAccount: "bifrost-sa",
		Roles: []string{"roles/aiplatform.user", "projects/acme-dev/roles/logs"},
	}
	record := func() *graphtest.Graph {
		return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := gcp.NewGkeGatewayIdentity(ctx, "x", args, on)
			return err
		})
	}
	g := record()
	require.Equal(t, "bifrost-gateway-sa", g.One(t, accountType).Input(t, "accountId"))
	require.Equal(t, "serviceAccount:acme-dev.svc.id.goog[bifrost/bifrost-sa]", g.One(t, userType).Input(t, "member"))
	names := map[any]string{}
	for _, role := range g.Of(projectRoleType) {
		require.Equal(t, "acme-dev", role.Input(t, "project"))
		require.Equal(t, "serviceAccount:x-account@test.iam.gserviceaccount.com", role.Input(t, "member"))
		names[role.Input(t, "role")] = role.Name
	}
	require.Len(t, names, 2)

	args.Roles = []string{"projects/acme-dev/roles/logs", "roles/viewer"}
	for _, role := range record().Of(projectRoleType) {
		if before, known := names[role.Input(t, "role")]; known {
			require.Equal(t, before, role.Name, "a role keeps its name when others come and go")
		}
	}

	bad := &gcp.GkeGatewayIdentityArgs{ServiceAccountId: "a", DisplayName: "\n", Roles: []string{"viewer", "roles/a", "roles/a"}}
	graphtest.RequireRefused(t, bad.Validate(nil),
		[]string{"projectId", "workloadPool", "namespace", "serviceAccount", "serviceAccountId", "displayName", "roles[0]", "roles[2]"},
		func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := gcp.NewGkeGatewayIdentity(ctx, "x", bad, on)
			return err
		})
}

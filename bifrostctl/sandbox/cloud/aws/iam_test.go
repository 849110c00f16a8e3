package aws_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/world"
	"bifrost/internal/awsec2"
)

// The same documents as document and trust, written otherwise.
const (
	documentOtherwise = `{"Statement": {"Resource": ["*"], "Action": ["ecr:GetAuthorizationToken"], "Effect": "Allow"}, "Version": "2012-10-17"}`
	trustOtherwise    = `{"Statement":[{"Principal":{"Service":["ecs-tasks.amazonaws.com"]},"Action":["sts:AssumeRole"],"Effect":"Allow"}],"Version":"2012-10-17"}`
	bounding          = "arn:aws:iam::aws:policy/PowerUserAccess"
)

// TestIAMChanges: what the provider takes for a change, and what goes first.
func TestIAMChanges(t *testing.T) {
	named := func(more pulumi.Map) enginetest.Resource { return res(roleType, "role", merge(role.Props, more)) }
	madeUp := func(more pulumi.Map) enginetest.Resource {
		return res(roleType, "role", merge(pulumi.Map{"assumeRolePolicy": s(trust)}, more))
	}
	policy := func(text string) enginetest.Resource {
		return res(policyType, "policy", pulumi.Map{"name": s("pull"), "policy": s(text)})
	}
	inline := func(text string) enginetest.Resource {
		return res(rolePolicyType, "inline", pulumi.Map{"role": s("app"), "policy": s(text)})
	}
	attached := func(policy string) enginetest.Resource {
		return res(attachmentType, "attached", pulumi.Map{"role": s("app"), "policyArn": s(policy)})
	}
	issuer := func(url string, prints pulumi.Map, clients ...string) enginetest.Resource {
		return res(oidcType, "issuer", merge(pulumi.Map{"url": s(url), "clientIdLists": pulumi.ToStringArray(clients)}, prints))
	}
	prints := pulumi.Map{"thumbprintLists": pulumi.StringArray{s("0123456789abcdef0123456789abcdef01234567")}}
	for name, c := range map[string]struct {
		before, after enginetest.Resource
		want          []string
	}{
		"a policy's document, written otherwise":         {policy(document), policy(documentOtherwise), nil},
		"a trust, written otherwise":                     {named(nil), named(pulumi.Map{"assumeRolePolicy": s(trustOtherwise)}), nil},
		"an inline policy's document, written otherwise": {inline(document), inline(documentOtherwise), nil},
		"an inline policy's document":                    {inline(document), inline(other), []string{"update RolePolicy inline [policy]"}},
		"a boundary":                                     {named(nil), named(pulumi.Map{"permissionsBoundary": s(bounding)}), []string{"update Role role [permissionsBoundary]"}},
		"a boundary, taken away":                         {named(pulumi.Map{"permissionsBoundary": s(bounding)}), named(nil), []string{"update Role role [permissionsBoundary]"}},
		"the default path, given":                        {named(nil), named(pulumi.Map{"path": s("/")}), nil},
		"the path of a role whose name was given": {named(nil), named(pulumi.Map{"path": s("/team/")}), []string{
			"delete-replaced Role role", "replace Role role [path]", "create-replacement Role role [path]"}},
		"the path of a role whose name was made up": {madeUp(nil), madeUp(pulumi.Map{"path": s("/team/")}), []string{
			"create-replacement Role role [path]", "replace Role role [path]", "delete-replaced Role role"}},
		"an attachment's policy": {attached(readOnly), attached(bounding), []string{
			"delete-replaced RolePolicyAttachment attached", "replace RolePolicyAttachment attached [policyArn]",
			"create-replacement RolePolicyAttachment attached [policyArn]"}},
		"thumbprints, taken away": {issuer("https://a", prints, "a"), issuer("https://a", nil, "a"), nil},
		"client ids, reordered":   {issuer("https://a", nil, "a", "b"), issuer("https://a", nil, "b", "a"), nil},
		"another issuer": {issuer("https://a", nil, "a"), issuer("https://b", nil, "a"), []string{
			"create-replacement OpenIdConnectProvider issuer [url]", "replace OpenIdConnectProvider issuer [url]",
			"delete-replaced OpenIdConnectProvider issuer"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if c.before.Type == attachmentType || c.before.Type == rolePolicyType {
				enginetest.New(t, w, program(role), nil).MustUp()
			}
			e := enginetest.New(t, w, program(c.before), nil)
			e.MustUp()
			require.Empty(t, e.MustUp().Plan(), "its input is its own fixed point")
			e.SetProgram(program(c.after))
			require.Equal(t, c.want, e.MustUp().Plan())
			require.NoError(t, e.Refresh().Err)
			require.Empty(t, e.MustUp().Plan())
		})
	}
}

// TestRoleMadeAgain: a role that is made again under its name is another principal.
func TestRoleMadeAgain(t *testing.T) {
	e := enginetest.New(t, newWorld(), program(role), nil)
	id := func(up *enginetest.Result) string { return up.Resource("role").Outputs["uniqueId"].StringValue() }
	before := id(e.MustUp())
	e.SetProgram(program(res(roleType, "role", merge(role.Props, pulumi.Map{"path": s("/team/")}))))
	require.NotEqual(t, before, id(e.MustUp()))
}

// TestRoleWithOthersPolicies: a role goes with the policies that its state lists, and not with those that it does not.
func TestRoleWithOthersPolicies(t *testing.T) {
	w := newWorld()
	e := enginetest.New(t, w, program(role), nil)
	e.MustUp()
	theirs := enginetest.New(t, w, program(res(attachmentType, "theirs", pulumi.Map{"role": s("app"), "policyArn": s(readOnly)})), nil)
	theirs.MustUp()
	refused := e.Destroy()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), "deleting IAM Role (app): DeleteConflict: Cannot delete entity, must detach all policies first")

	read := e.Refresh()
	require.NoError(t, read.Err)
	require.Equal(t, readOnly, read.Resource("role").Outputs["managedPolicyArns"].ArrayValue()[0].StringValue())
	require.Empty(t, e.MustUp().Plan(), "others' policies are no difference")
	require.NoError(t, e.Destroy().Err)
	require.Empty(t, w.List(attachmentType, account))
}

// TestPodIdentityAssociation: the role changes in place, another ServiceAccount has another association, and one that has one already is
// refused.
func TestPodIdentityAssociation(t *testing.T) {
	w := newWorld()
	enginetest.New(t, w, program(role, res(roleType, "other", merge(role.Props, pulumi.Map{"name": s("other")}))), nil).MustUp()
	association := func(name, account, role string) enginetest.Resource {
		return res("aws:eks/podIdentityAssociation:PodIdentityAssociation", name, pulumi.Map{
			"clusterName": s("dev"), "namespace": s("bifrost"), "serviceAccount": s(account), "roleArn": s("arn:aws:iam::111122223333:role/" + role),
		})
	}
	e := enginetest.New(t, w, program(association("pod", "bifrost", "app")), nil)
	e.MustUp()
	e.SetProgram(program(association("pod", "bifrost", "other")))
	require.Equal(t, []string{"update PodIdentityAssociation pod [roleArn]"}, e.MustUp().Plan())
	e.SetProgram(program(association("pod", "another", "other")))
	require.Equal(t, []string{
		"create-replacement PodIdentityAssociation pod [serviceAccount]", "replace PodIdentityAssociation pod [serviceAccount]",
		"delete-replaced PodIdentityAssociation pod",
	}, e.MustUp().Plan())
	e.SetProgram(program(association("renamed", "another", "other")))
	refused := e.Up()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), "ResourceInUseException: Association already exists")
}

// TestPropagatedRoutes: the look-up of a route table leaves out what a VPN gateway propagates.
func TestPropagatedRoutes(t *testing.T) {
	w := newWorld()
	scope := account + "/" + region
	for _, table := range w.List("aws:ec2/routeTable:RouteTable", scope) {
		table.State["routes"] = []any{
			map[string]any{"cidrBlock": "0.0.0.0/0", "gatewayId": "vgw-1", "origin": "EnableVgwRoutePropagation"},
			map[string]any{"cidrBlock": "192.168.0.0/16", "gatewayId": "vgw-1"},
		}
	}
	w.Put(&world.Resource{Type: "aws:ec2/vpnGateway:VpnGateway", Scope: scope, ID: "vgw-1", State: map[string]any{"vpcId": "vpc-0"}})
	up := look(t, w, region, func(ctx *pulumi.Context, o pulumi.InvokeOption) error {
		table, err := awsec2.LookUpRouteTable(ctx, "subnet-0a", o)
		require.NoError(t, err)
		require.Equal(t, []awsec2.Route{{CidrBlock: "192.168.0.0/16", GatewayId: "vgw-1"}}, table.Routes)
		gateway, err := awsec2.LookUpVpnGateway(ctx, "vpc-0", o)
		require.NoError(t, err)
		require.Equal(t, "vgw-1", gateway.Id)
		_, err = awsec2.LookUpVpnGateway(ctx, "vpc-1", o)
		require.ErrorContains(t, err, "no matching EC2 VPN Gateway found")
		return nil
	})
	require.NoError(t, up.Err)
}

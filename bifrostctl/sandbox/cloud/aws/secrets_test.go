package aws_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// ownKey is AWS's own key of Secrets Manager.
const ownKey = "alias/aws/secretsmanager"

// TestSecretKeepsItsName: a deleted secret's name is free when its recovery window ends, or would within the two minutes for which the
// provider asks again.
func TestSecretKeepsItsName(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		days  int
		later time.Duration
		taken bool
	}{
		"in the recovery window":        {7, 0, true},
		"three minutes before its end":  {7, 7*day - 3*time.Minute, true},
		"one minute before its end":     {7, 7*day - time.Minute, false},
		"after it":                      {7, 8 * day, false},
		"without a recovery window":     {0, 0, false},
		"in the provider's own default": {-1, 29 * day, true},
	} {
		t.Run(name, func(t *testing.T) {
			props := pulumi.Map{"name": s("key")}
			if c.days >= 0 {
				props["recoveryWindowInDays"] = pulumi.Int(c.days)
			}
			w := newWorld()
			e := enginetest.New(t, w, program(res(secretType, "secret", props)), nil)
			e.MustUp()
			require.NoError(t, e.Destroy().Err)
			w.Later = c.later
			again := e.Up()
			if c.taken {
				require.Contains(t, again.Messages(), "already scheduled for deletion")
				return
			}
			require.NoError(t, again.Err, again.Messages())
		})
	}
}

// TestSecretKeepsItsKey: the provider sends a key only where there is one, and the alias of AWS's own is one.
func TestSecretKeepsItsKey(t *testing.T) {
	w := ecsWorld()
	under := func(key pulumi.Map) pulumi.RunFunc {
		return program(res(secretType, "secret", merge(pulumi.Map{"name": s("key"), "description": s("of the app")}, key)))
	}
	key := func(r *enginetest.Result) any { return r.Resource("secret").Outputs.Mappable()["kmsKeyId"] }
	e := enginetest.New(t, w, under(pulumi.Map{"kmsKeyId": s(kmsKey)}), nil)
	e.MustUp()
	e.SetProgram(under(pulumi.Map{"description": nil}))
	require.Equal(t, kmsKey, key(e.MustUp()), "it is taken away from the program alone")
	require.Equal(t, []string{"update Secret secret [kmsKeyId]"}, e.Preview().Plan(), "at each preview")
	e.SetProgram(under(pulumi.Map{"kmsKeyId": s(ownKey)}))
	require.Equal(t, ownKey, key(e.MustUp()))
	require.Empty(t, e.MustUp().Plan())
}

// TestVersionStaysUnderItsKey: what a task needs to read is the key under which the version was put, until it is put again.
func TestVersionStaysUnderItsKey(t *testing.T) {
	w := ecsWorld()
	first := without(withSecret(), "service", "scalable", "cpu", "memory", "requests")
	e := enginetest.New(t, w, stack(first...), nil)
	e.MustUp()
	noKey := with(with(withSecret(), "secret", props{"kmsKeyId": ownKey}),
		"rights", props{"policy": strings.ReplaceAll(rights, `"kms:Decrypt"`, `"s3:GetObject"`)})
	e.SetProgram(stack(without(noKey, "service", "scalable", "cpu", "memory", "requests")...))
	e.MustUp()
	e.SetProgram(stack(noKey...))
	failed := e.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "kms:Decrypt on "+kmsKey)
	e.SetProgram(stack(with(noKey, "version", props{"secretString": "another"})...))
	e.MustUp()
}

// TestVersionsStay: a version that another replaces is the previous one, and stays until its secret goes for good.
func TestVersionsStay(t *testing.T) {
	w := newWorld()
	e := enginetest.New(t, w, program(res(secretType, "secret", pulumi.Map{"recoveryWindowInDays": pulumi.Int(0)})), nil)
	secret := string(e.MustUp().Resource("secret").ID)
	for _, value := range []string{"first", "second", "third"} {
		e.SetProgram(program(res(secretType, "secret", pulumi.Map{"recoveryWindowInDays": pulumi.Int(0)}),
			res(secretVersionType, "version", pulumi.Map{"secretId": s(secret), "secretString": s(value)})))
		e.MustUp()
	}
	require.Equal(t, map[string][]any{"first": {}, "second": {"AWSPREVIOUS"}, "third": {"AWSCURRENT"}}, stages(w))
	require.Len(t, w.List(secretVersionType, account+"/"+region), 1, "one is the program's")
	require.NoError(t, e.Destroy().Err)
	require.Empty(t, stages(w))
	require.Empty(t, w.EncryptedUnder)
}

// stages are those of all versions in the world, by their values.
func stages(w *cloud.World) map[string][]any {
	all := map[string][]any{}
	for _, r := range w.Resources {
		if r.Type == secretVersionType {
			all[r.State["secretString"].(string)] = r.State["versionStages"].([]any)
		}
	}
	return all
}

// TestLogGroup: what is taken away is taken away; what exists is found, and cannot be made again.
func TestLogGroup(t *testing.T) {
	w := ecsWorld()
	group := res(logGroupType, "logs", pulumi.Map{"name": s("/ecs/app"), "retentionInDays": pulumi.Int(30), "kmsKeyId": s(kmsKey), "tags": pulumi.StringMap{"team": s("a")}})
	e := enginetest.New(t, w, program(group), nil)
	e.MustUp()
	e.SetProgram(program(res(logGroupType, "logs", pulumi.Map{"name": s("/ecs/app")})))
	state := e.MustUp().Resource("logs").Outputs.Mappable()
	require.Equal(t, 0.0, state["retentionInDays"])
	require.NotContains(t, state, "kmsKeyId")
	require.Empty(t, e.MustUp().Plan())

	e.SetProgram(program(group))
	e.MustUp()
	found := look(t, w, region, func(ctx *pulumi.Context, through pulumi.InvokeOption) error {
		group, err := cloudwatch.LookupLogGroup(ctx, &cloudwatch.LookupLogGroupArgs{Name: "/ecs/app"}, through)
		require.NoError(t, err)
		require.Equal(t, "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/app", group.Arn)
		require.Equal(t, []any{30, kmsKey, "a"}, []any{group.RetentionInDays, group.KmsKeyId, group.Tags["team"]})
		_, err = cloudwatch.LookupLogGroup(ctx, &cloudwatch.LookupLogGroupArgs{Name: "/ecs/other"}, through)
		require.ErrorContains(t, err, "reading CloudWatch Logs Log Group (/ecs/other): couldn't find resource")
		return nil
	})
	require.NoError(t, found.Err, found.Messages())

	again := enginetest.New(t, w, program(group), nil).Up()
	require.Contains(t, again.Messages(), "ResourceAlreadyExistsException")
	adopted := group
	adopted.Options = []pulumi.ResourceOption{pulumi.Import(pulumi.ID("/ecs/app")), pulumi.RetainOnDelete(true)}
	e = enginetest.New(t, w, program(adopted), nil)
	e.MustUp()
	require.NoError(t, e.Destroy().Err)
	require.True(t, slices.ContainsFunc(w.List(pulumitype.AwsLogGroup, account+"/"+region), func(r *cloud.Resource) bool { return r.ID == "/ecs/app" }), "it is kept")
}

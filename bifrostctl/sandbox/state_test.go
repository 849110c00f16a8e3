package sandbox

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// TestState: what an up made and what was there before are shown, and no secret is.
func TestState(t *testing.T) {
	for _, name := range devStacks {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, name)
			s.engine.MustUp()
			request := Request{Stack: name, Dir: "../..", State: t.TempDir(), Self: "bin/x"}
			require.NoError(t, os.MkdirAll(filepath.Join(request.State, name), 0o700))
			require.NoError(t, s.world.Save(filepath.Join(request.State, name, "world.json")))

			table := state(t, request)
			require.Regexp(t, `^TYPE +SCOPE +ID\n`, table)
			require.Contains(t, table, " (before the first up)\n")
			require.Regexp(t, `kubernetes:core/v1:Namespace +https://\S+ +bifrost\n`, table)

			request.JSON = true
			document := state(t, request)
			var found Inventory
			require.NoError(t, json.Unmarshal([]byte(document), &found))
			require.Equal(t, name, found.Stack)
			require.Greater(t, len(found.Resources), len(s.world.Resources), "the clusters are more")
			for _, text := range []string{table, document} {
				require.NotContains(t, text, canary)
			}
			for _, e := range found.Resources {
				switch e.Type {
				case "kubernetes:core/v1:Secret":
					require.Equal(t, masked, e.State["data"])
				case "aws:secretsmanager/secretVersion:SecretVersion":
					require.Equal(t, masked, e.State["secretString"])
					require.Equal(t, masked, e.Inputs["secretString"])
				case "kubernetes:apps/v1:Deployment":
					require.NotEqual(t, masked, e.State["spec"])
				}
			}
			request.ShowSecrets = true
			require.NotContains(t, state(t, request), masked, "who asks for secrets gets them")
		})
	}
}

func TestStateOfAStackThatWasNeverUp(t *testing.T) {
	request := Request{Stack: "dev", Dir: writeProject(t, map[string]string{"dev": servedStack}), Self: "bin/x"}
	require.Equal(t, "Stack dev was never up in the sandbox: nothing exists. To deploy it:\n  bin/x sandbox up dev --dir "+request.Dir+"\n", state(t, request))
	request.JSON = true
	require.JSONEq(t, `{"stack": "dev", "resources": []}`, state(t, request))
	require.NoDirExists(t, filepath.Join(request.Dir, ".sandbox"), "it only reads")
}

// TestRemove: what somebody deletes by hand is gone, and nothing else.
func TestRemove(t *testing.T) {
	s := newStack(t, "aws-dev")
	request := Request{Stack: "aws-dev", Dir: "../..", State: t.TempDir(), Self: "bin/x"}
	var stdout bytes.Buffer
	remove := func(typ, id string) error { return Runner{Stdout: &stdout}.Remove(request, typ, id) }
	require.ErrorContains(t, remove(roleToken, "BifrostECRPullRole"), `there are 0 things of type "aws:iam/role:Role" with id "BifrostECRPullRole"; see bin/x sandbox state aws-dev`)

	s.engine.Fault("type=" + roleToken + ",name=eks-ecr-role,op=create,when=after,error=timeout")
	require.Error(t, s.engine.Up().Err)
	file := filepath.Join(request.State, "aws-dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, s.world.Save(file))
	before := countTypes(s.world)

	require.NoError(t, remove(roleToken, "BifrostECRPullRole"))
	require.Contains(t, stdout.String(), "Removed aws:iam/role:Role BifrostECRPullRole.")
	after, err := cloud.Load(file)
	require.NoError(t, err)
	before[roleToken]--
	if before[roleToken] == 0 {
		delete(before, roleToken)
	}
	require.Equal(t, before, countTypes(after))

	err = remove(roleToken, "BifrostECRPullRole")
	require.ErrorContains(t, err, `there are 0 things of type "aws:iam/role:Role" with id "BifrostECRPullRole"; see bin/x sandbox state aws-dev`)
	require.Equal(t, 2, ExitCode(err))

	// What others made stays away, too, though every command seeds the clouds.
	require.NoError(t, remove("aws:ecr/repository:Repository", "acme-hub"))
	require.ErrorContains(t, remove("aws:ecr/repository:Repository", "acme-hub"), "there are 0 things")
}

// TestChange: what somebody changes by hand is seen by later commands, and kept by their seeding.
func TestChange(t *testing.T) {
	s := newStack(t, "aws-dev").set(onlyECS, withScaling)
	s.engine.MustUp()
	request := Request{Stack: "aws-dev", Dir: "../..", State: t.TempDir()}
	file := filepath.Join(request.State, "aws-dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, s.world.Save(file))
	change := func(typ, id string, settings ...string) error {
		return Runner{Stdout: new(bytes.Buffer)}.Change(request, typ, id, settings)
	}
	const service = "arn:aws:ecs:us-east-1:111122223333:service/dev/bifrost"
	require.NoError(t, change(serviceType, service, "desiredCount=4"))
	require.NoError(t, change(pulumitype.AwsEcsCluster, "dev", "containerInsights=disabled"))
	require.NoError(t, change(pulumitype.AwsEksCluster, "dev", "credentialProvider=false"))
	require.ErrorContains(t, change(pulumitype.AwsEcsCluster, "prod", "containerInsights=disabled"), `there is no cluster "prod"`)
	require.ErrorContains(t, change(pulumitype.AwsEcsCluster, "dev", "insights=disabled"), `unknown field "insights"`)

	changed, err := cloud.Load(file)
	require.NoError(t, err)
	require.Equal(t, 4.0, changed.Get(serviceType, "111122223333/us-east-1", service).State["desiredCount"])
	account := changed.AWS["111122223333"]
	require.Equal(t, []cloud.ECSCluster{{Name: "dev", Region: "us-east-1", ContainerInsights: "disabled"}}, account.ECS)
	require.False(t, account.EKS[0].CredentialProvider)

	without := newStackIn(t, "aws-dev", changed).set(onlyECS, withAlarms)
	require.Contains(t, without.engine.Preview().Messages(), "aws ecs update-cluster-settings")
}

func TestStateThatIsDamaged(t *testing.T) {
	request := Request{Stack: "dev", Dir: writeProject(t, map[string]string{"dev": servedStack}), State: t.TempDir()}
	file := filepath.Join(request.State, "dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	err := Runner{Stdout: new(bytes.Buffer)}.State(request)
	require.ErrorContains(t, err, "is damaged")
	require.Equal(t, 1, ExitCode(err))
}

func TestHide(t *testing.T) {
	value := map[string]any{"data": map[string]any{"a": "x"}, "list": []any{map[string]any{"value": "x"}, "plain"}, "a.b": "x", "plain": 1.0}
	require.Equal(t, map[string]any{"data": masked, "list": []any{map[string]any{"value": masked}, "plain"}, "a.b": masked, "plain": 1.0},
		hide(value, nil, []string{"data", "list[0].value", `["a.b"]`}))
}

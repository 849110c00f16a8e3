package sandbox_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

const (
	withScaling = "ecs.autoscaling={minTasks: 2, maxTasks: 6, cpuPercent: 60, memoryPercent: 75}"
	withAlarms  = "ecs.alarms={topicArn: 'arn:aws:sns:us-east-1:111122223333:bifrost-alarms'}"
)

// TestState: what an up made and what was there before are shown, and no secret is.
func TestState(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.DevStacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, name)
			s.Engine.MustUp()
			request := sandbox.Request{Stack: name, Dir: "../..", State: t.TempDir(), Self: "bin/x"}
			require.NoError(t, os.MkdirAll(filepath.Join(request.State, name), 0o700))
			require.NoError(t, s.World.Save(filepath.Join(request.State, name, "world.json")))

			table := sandbox.StateText(t, request)
			require.Regexp(t, `^TYPE +SCOPE +ID\n`, table)
			require.Contains(t, table, " (before the first up)\n")
			require.Regexp(t, `kubernetes:core/v1:Namespace +cluster dev +bifrost\n`, table)

			request.JSON = true
			document := sandbox.StateText(t, request)
			var found sandbox.Inventory
			require.NoError(t, json.Unmarshal([]byte(document), &found))
			require.Equal(t, name, found.Stack)
			require.Greater(t, len(found.Resources), len(s.World.Resources), "the clusters are more")
			for _, text := range []string{table, document} {
				require.NotContains(t, text, stacktest.Secret)
			}
			for _, e := range found.Resources {
				switch e.Type {
				case "kubernetes:core/v1:Secret":
					require.Equal(t, changes.Masked, e.State["data"])
				case "aws:secretsmanager/secretVersion:SecretVersion":
					require.Equal(t, changes.Masked, e.State["secretString"])
					require.Equal(t, changes.Masked, e.Inputs["secretString"])
				case "kubernetes:apps/v1:Deployment":
					require.NotEqual(t, changes.Masked, e.State["spec"])
				}
			}
			request.ShowSecrets = true
			require.NotContains(t, sandbox.StateText(t, request), changes.Masked, "who asks for secrets gets them")
		})
	}
}

func TestStateOfAStackThatWasNeverUp(t *testing.T) {
	request := sandbox.Request{Stack: "dev", Dir: sandbox.WriteProject(t, map[string]string{"dev": sandbox.ServedStack}), Self: "bin/x"}
	require.Equal(t, "Stack dev was never up in the sandbox: nothing exists. To deploy it:\n  bin/x sandbox up dev --dir "+request.Dir+"\n", sandbox.StateText(t, request))
	request.JSON = true
	require.JSONEq(t, `{"stack": "dev", "resources": []}`, sandbox.StateText(t, request))
	require.NoDirExists(t, filepath.Join(request.Dir, ".sandbox"), "it only reads")
}

// TestRemove: what somebody deletes by hand is gone, and nothing else.
func TestRemove(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev")
	request := sandbox.Request{Stack: "aws-dev", Dir: "../..", State: t.TempDir(), Self: "bin/x"}
	var stdout bytes.Buffer
	remove := func(typ, id string) error { return sandbox.Runner{Stdout: &stdout}.Remove(request, typ, id) }
	require.ErrorContains(t, remove(edits.RoleType, "BifrostECRPullRole"), `there are 0 things of type "aws:iam/role:Role" with id "BifrostECRPullRole"; see bin/x sandbox state aws-dev`)

	s.Engine.Fault("type=" + edits.RoleType + ",name=eks-ecr-role,op=create,when=after,error=timeout")
	require.Error(t, s.Engine.Up().Err)
	file := filepath.Join(request.State, "aws-dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, s.World.Save(file))
	before := countTypes(s.World)

	require.NoError(t, remove(edits.RoleType, "BifrostECRPullRole"))
	require.Contains(t, stdout.String(), "Removed aws:iam/role:Role BifrostECRPullRole.")
	after, err := cloud.Load(file)
	require.NoError(t, err)
	before[edits.RoleType]--
	if before[edits.RoleType] == 0 {
		delete(before, edits.RoleType)
	}
	require.Equal(t, before, countTypes(after))

	err = remove(edits.RoleType, "BifrostECRPullRole")
	require.ErrorContains(t, err, `there are 0 things of type "aws:iam/role:Role" with id "BifrostECRPullRole"; see bin/x sandbox state aws-dev`)
	require.Equal(t, 2, cli.ExitCode(err))

	// What others made stays away, too, though every command seeds the clouds.
	require.NoError(t, remove("aws:ecr/repository:Repository", "acme-hub"))
	require.ErrorContains(t, remove("aws:ecr/repository:Repository", "acme-hub"), "there are 0 things")
	require.Contains(t, stdout.String(), "bin/x sandbox restore aws-dev aws:ecr/repository:Repository acme-hub --dir ../.. --state "+request.State+
		" brings it back.")

	// It comes back by the type as up shows it; what the stack made does not.
	restore := func(typ, id string) error { return sandbox.Runner{Stdout: &stdout}.Restore(request, typ, id) }
	require.ErrorContains(t, restore(edits.RoleType, "BifrostECRPullRole"), "what the stack made comes back with bin/x sandbox up aws-dev")
	require.NoError(t, restore("aws:ecr:Repository", "acme-hub"))
	restored, err := cloud.Load(file)
	require.NoError(t, err)
	require.Equal(t, before, countTypes(restored))
	require.NoError(t, remove("aws:ecr:Repository", "acme-hub"), "it is there again")
}

// TestChange: what somebody changes by hand is seen by later commands, and kept by their seeding.
func TestChange(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, withScaling)
	s.Engine.MustUp()
	request := sandbox.Request{Stack: "aws-dev", Dir: "../..", State: t.TempDir()}
	file := filepath.Join(request.State, "aws-dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, s.World.Save(file))
	change := func(typ, id string, settings ...string) error {
		return sandbox.Runner{Stdout: new(bytes.Buffer)}.Change(request, typ, id, settings)
	}
	const service = "arn:aws:ecs:us-east-1:111122223333:service/dev/bifrost"
	require.NoError(t, change(edits.ServiceType, service, "desiredCount=4"))
	require.NoError(t, change(pulumitype.AwsEcsCluster, "dev", "containerInsights=disabled"))
	require.NoError(t, change(pulumitype.AwsEksCluster, "dev", "credentialProvider=false"))
	require.ErrorContains(t, change(pulumitype.AwsEcsCluster, "prod", "containerInsights=disabled"), `there is no cluster "prod"`)
	require.ErrorContains(t, change(pulumitype.AwsEcsCluster, "dev", "insights=disabled"), `unknown field "insights"`)

	changed, err := cloud.Load(file)
	require.NoError(t, err)
	require.Equal(t, 4.0, changed.Get(edits.ServiceType, "111122223333/us-east-1", service).State["desiredCount"])
	account := changed.AWS["111122223333"]
	require.Equal(t, []cloud.ECSCluster{{Name: "dev", Region: "us-east-1", ContainerInsights: "disabled"}}, account.ECS)
	require.False(t, account.EKS[0].CredentialProvider)

	without := stacktest.Way{Stack: "aws-dev"}.StartIn(t, changed).Set(stacktest.OnlyECS, withAlarms)
	require.Contains(t, without.Engine.Preview().Messages(), "aws ecs update-cluster-settings")
}

// TestChangeAKS: a cluster of AKS changes by its name, with or without its resource group.
func TestChangeAKS(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	request := sandbox.Request{Stack: "azure-dev", Dir: "../..", State: t.TempDir()}
	file := filepath.Join(request.State, "azure-dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, s.World.Save(file))
	for id, engine := range map[string]world.PolicyEngine{"dev": world.NoEngine, "bifrost-dev/dev": world.Calico} {
		setting := "networkPolicies=" + string(engine)
		require.NoError(t, sandbox.Runner{Stdout: new(bytes.Buffer)}.Change(request, pulumitype.AzureManagedCluster, id, []string{setting}))
		changed, err := cloud.Load(file)
		require.NoError(t, err)
		require.Equal(t, engine, changed.Azure["00000000-0000-4000-8000-000000000001"].AKS[0].NetworkPolicies)
	}
}

func TestStateThatIsDamaged(t *testing.T) {
	request := sandbox.Request{Stack: "dev", Dir: sandbox.WriteProject(t, map[string]string{"dev": sandbox.ServedStack}), State: t.TempDir()}
	file := filepath.Join(request.State, "dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	err := sandbox.Runner{Stdout: new(bytes.Buffer)}.State(request)
	require.ErrorContains(t, err, "is damaged")
	require.Equal(t, 1, cli.ExitCode(err))
}

func countTypes(w *cloud.World) map[string]int {
	counts := map[string]int{}
	for _, r := range w.Resources {
		counts[r.Type]++
	}
	return counts
}

// TestRemoveTakesAlong: with a namespace, the definition of a kind, a policy and a role goes what its cloud deletes with it, and what
// others made of it comes back with it.
func TestRemoveTakesAlong(t *testing.T) {
	t.Parallel()
	const own = "arn:aws:iam::111122223333:policy/bifrost-bedrock-invoke"
	for name, c := range map[string]struct {
		typ, id string
		gone    []string
		back    bool
	}{
		"namespace":  {edits.NamespaceKind, "bifrost", []string{edits.DeploymentKind, edits.SecretKind, edits.JobKind, edits.AccountKind}, false},
		"definition": {pulumitype.KubernetesDefinition, "servicemonitors.monitoring.coreos.com", []string{pulumitype.KubernetesServiceMonitor}, true},
		"policy":     {edits.PolicyType, own, nil, true},
		"role":       {edits.RoleType, "BifrostECRPullRole", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "examples/eks-production")
			s.Engine.MustUp()
			request := sandbox.Request{Stack: "../../examples/eks-production", State: t.TempDir()}
			file := filepath.Join(request.State, "eks-production", "world.json")
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
			require.NoError(t, s.World.Save(file))
			live := func() (types, attached []string) {
				w, err := cloud.Load(file)
				require.NoError(t, err)
				for _, r := range w.Resources {
					if !r.Deleted {
						types = append(types, r.Type)
					}
					if policy, _ := r.State["policyArn"].(string); r.Type == edits.AttachmentType && !r.Deleted {
						attached = append(attached, r.State["role"].(string)+" "+policy)
					}
				}
				return types, attached
			}
			_, attached := live()
			require.Len(t, attached, 2)
			var stdout bytes.Buffer
			require.NoError(t, sandbox.Runner{Stdout: &stdout}.Remove(request, c.typ, c.id), "%s %s", c.typ, c.id)
			require.Contains(t, stdout.String(), "that its cloud deletes with it")
			types, attached := live()
			for _, typ := range c.gone {
				require.NotContains(t, types, typ)
			}
			if c.typ == edits.PolicyType || c.typ == edits.RoleType {
				require.Len(t, attached, 1)
				require.NotContains(t, attached[0], c.id)
			}
			err := sandbox.Runner{Stdout: &stdout}.Restore(request, c.typ, c.id)
			require.Equal(t, c.back, err == nil, "%v", err)
		})
	}
}

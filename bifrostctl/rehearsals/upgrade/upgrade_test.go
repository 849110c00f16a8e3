package upgrade_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/world"
)

// replaced are the only resources that an up of today replaces in a stack that an earlier commit made, by type and name, and why. Nothing
// is deleted for good but what is in succeeded.
var replaced = map[string]string{
	"aws:secretsmanager/secretVersion:SecretVersion ecs-config-version":     "a version is a value, and today's config.json is another one; the secret itself stays",
	"aws:ecs/taskDefinition:TaskDefinition ecs-task-definition":             "a revision is never changed; the service goes over to the next one, task by task",
	"kubernetes:batch/v1:Job eks-pull-first-run":                            anotherPod,
	"kubernetes:batch/v1:Job aks-pull-first-run":                            anotherPod,
	"aws:cloudwatch/metricAlarm:MetricAlarm ecs-alarm-running-tasks":        ofTheCluster,
	"aws:cloudwatch/metricAlarm:MetricAlarm ecs-alarm-unhealthy-targets":    ofTheCluster,
	"aws:cloudwatch/metricAlarm:MetricAlarm ecs-alarm-server-errors":        ofTheCluster,
	"aws:cloudwatch/metricAlarm:MetricAlarm ecs-alarm-load-balancer-errors": ofTheCluster,
}

// ofTheCluster: an alarm of the new name is there before the former one goes.
const ofTheCluster = "its name begins with the cluster's, so that those of services in two clusters do not meet"

// anotherPod: a Job is made, which the provider names, and only then the one that has run goes.
const anotherPod = "its pod has a home for the cloud's CLI, labels, nodes of Linux and a mesh's absence, and a template is immutable; the token is " +
	"fetched once more"

// succeeded are the only resources that an up of today deletes, by type and name, and why: after what took their place, and what used them,
// went over to it.
var succeeded = map[string]string{
	"aws:iam/rolePolicy:RolePolicy ecs-logs-and-secrets":                                  "each revision has a policy of its own name, which goes last",
	"aws:lb/listener:Listener ecs-http":                                                   closed,
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule ecs-lb-from-10.0.0.0/8-80": closed,
	"kubernetes:networking.k8s.io/v1:Ingress aks-gateway-ingress":                         "the example goes over to the Gateway API, whose route is made first",
}

// closed: the listener for HTTPS stands, by which the target group stays in use.
const closed = "port 80 took the key of a client that came in clear before it redirected"

// never are the types that no upgrade replaces or deletes, whatever the reason: workloads, Services, volumes, and identities with what
// gives them their rights. Neither does it touch what is protected. A Job that has run is no workload.
var never = append([]string{
	edits.ClaimKind, edits.AccountKind, edits.NamespaceKind,
	edits.AttachmentType, edits.RolePolicyType, edits.AssociationType,
	pulumitype.AwsLoadBalancer, pulumitype.AwsTargetGroup, pulumitype.AwsListener,
	pulumitype.GcpRepositoryMember, pulumitype.GcpServiceAccountMember,
}, stacktest.Kept...)

// TestUpgrade: every stack that an earlier commit made goes up with the program of today, and what matters stands. docs/upgrade.md has the
// steps that it takes.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*/*.tar.gz")
	require.NoError(t, err)
	ups := make([]upgraded, len(archives))
	t.Run("stacks", func(t *testing.T) {
		for i, archive := range archives {
			commit, name := filepath.Base(filepath.Dir(archive)), strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
			t.Run(commit+"/"+name, func(t *testing.T) {
				t.Parallel()
				require.Contains(t, versions, commit)
				ups[i] = upgraded{commit, name, upgrade(t, archive)}
			})
		}
	})
	if t.Failed() {
		return
	}
	reasons := map[string]bool{}
	for _, u := range ups {
		for _, step := range u.up.Steps {
			reasons[step.Type+" "+step.Name] = true
		}
	}
	requirePage(t, ups)
	for key := range replaced {
		typ, _, _ := strings.Cut(key, " ")
		require.NotContains(t, never, typ)
		require.True(t, reasons[key], "%s is not replaced any more: take it out of the table", key)
	}
	for key := range succeeded {
		require.True(t, reasons[key], "%s is not deleted any more: take it out of the table", key)
	}
}

// restored is the stack of an archive, with further settings, before its first up of today.
func restored(t *testing.T, archive, dir string, settings ...string) *stacktest.Stack {
	name := unpack(t, archive, dir)
	way := stacktest.Way{Stack: name, Settings: settings}
	if _, err := os.Stat(filepath.Join(stacktest.Project(t), "Pulumi."+name+".yaml")); err != nil {
		way.Stack = "examples/" + name
	}
	s := way.StartIn(t, load(t, dir, name))
	var key struct{ Passphrase string }
	require.NoError(t, json.Unmarshal(read(t, filepath.Join(dir, name, "encryption.json")), &key))
	s.Engine.Restore(read(t, checkpoint(dir, name)), key.Passphrase)
	return s
}

func upgrade(t *testing.T, archive string) *enginetest.Result {
	s := restored(t, archive, t.TempDir())
	protected, goes := map[string]bool{}, map[string]bool{}
	for _, r := range s.Engine.State().Snapshot.Resources {
		protected[string(r.URN)] = r.Protect
		goes[string(r.Type)+" "+string(r.ID)] = succeeded[string(r.Type)+" "+r.URN.Name()] != ""
	}
	before := stacktest.Standing(s.World, never)
	require.NotEmpty(t, before)
	maps.DeleteFunc(before, func(_ string, r *world.Resource) bool { return goes[r.Type+" "+r.PulumiID()] })
	handoff := s.Engine.State().Outputs["vendorHandoff"]

	preview := s.Engine.Preview()
	require.NoError(t, preview.Err, preview.Diagnostics)
	up := s.Engine.MustUp()
	require.ElementsMatch(t, preview.Plan(), up.Plan())
	moved := false
	for _, step := range up.Steps {
		moved = moved || step.Type == pulumitype.AwsEcsService || strings.HasSuffix(step.Type, ":HTTPRoute")
		if step.Op == "create" || step.Op == "update" {
			continue
		}
		key := step.Type + " " + step.Name
		if step.Op == "delete" && succeeded[key] != "" {
			require.True(t, moved, "%s: it goes after what takes its place", key)
			continue
		}
		require.False(t, protected[string(step.URN)], "%s is protected", step)
		require.NotContains(t, never, step.Type, step.String())
		require.Contains(t, replaced, key, "%s: say in the table why, or keep it", step)
		require.NotEqual(t, "delete", step.Op, step.String())
	}
	stacktest.RequireStanding(t, s.World, before)
	require.Empty(t, s.World.Warnings)
	requireSameVendor(t, handoff.Mappable(), up)
	stacktest.OnlySame(t, s.Engine.MustUp(), "the stack is of today")
	require.NoError(t, s.Engine.Refresh().Err)
	stacktest.OnlySame(t, s.Engine.MustUp(), "what is read is what was asked for")
	return up
}

// TestUpgradeKeepsTheClaim: another size, class or claim in the very up of the upgrade is refused, as often as it is tried, and replaces
// nothing.
func TestUpgradeKeepsTheClaim(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		want     string
	}{
		"larger":        {[]string{"gateway.storage.size=20Gi"}, "gateway.storage.grownTo: 20Gi"},
		"smaller":       {[]string{"gateway.storage.size=5Gi"}, "claims never shrink"},
		"another class": {[]string{"gateway.storage.className=io2"}, `was "gp2" and is "io2"`},
		"another claim": {[]string{"gateway.storage={existingClaim: other}", "gateway.suppliedObjects=[persistentvolumeclaim/other]"},
			"run one `pulumi up` with the former storage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := restored(t, filepath.Join("testdata", first, "minimal.tar.gz"), t.TempDir())
			before := stacktest.Standing(s.World, []string{edits.StatefulKind, edits.ClaimKind})
			require.NotEmpty(t, before)
			s.Set(c.settings...)
			for _, stopped := range []*enginetest.Result{s.Engine.Preview(), s.Engine.UpAtOnce(), s.Engine.UpAtOnce()} {
				require.Error(t, stopped.Err)
				require.Contains(t, stopped.Messages(), c.want)
			}
			stacktest.RequireStanding(t, s.World, before)
			s.Set().Engine.MustUp()
			stacktest.RequireStanding(t, s.World, before)
			stacktest.OnlySame(t, s.Engine.MustUp(), "the stack is of today")
		})
	}
}

// TestUpgradeWritesTheFamilyOut: the family that is the default, written out in the very up of the upgrade, makes no Service anew; another
// one does.
func TestUpgradeWritesTheFamilyOut(t *testing.T) {
	t.Parallel()
	for family, steps := range map[string]int{"IPv4": 0, "IPv6": 1} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := restored(t, filepath.Join("testdata", first, "minimal.tar.gz"), dir, "gateway.ipFamily="+family)
			replaced := 0
			for _, step := range s.Engine.MustUp().Steps {
				if step.Type == edits.ServiceKind && step.Name == "eks-gateway-service" && step.Op == "create-replacement" {
					replaced++
				}
			}
			require.Equal(t, steps, replaced)
			stacktest.OnlySame(t, s.Engine.MustUp(), "the stack is of today")
		})
	}
}

// requireSameVendor: whom the vendor allowlisted pulls after the upgrade, too. Later programs may tell the vendor more.
func requireSameVendor(t *testing.T, before any, up *enginetest.Result) {
	t.Helper()
	old, _ := before.([]any)
	now, _ := up.Outputs["vendorHandoff"].Mappable().([]any)
	require.Len(t, now, len(old))
	for i, entry := range old {
		for key, value := range entry.(map[string]any) {
			require.Equal(t, value, now[i].(map[string]any)[key], "vendorHandoff[%d].%s", i, key)
		}
	}
}

// TestUpgradeByHand: a person's folder of the sandbox, of that commit, works with the bifrostctl of today and the real Pulumi CLI.
func TestUpgradeByHand(t *testing.T) {
	t.Parallel()
	stacktest.RequireCLI(t)
	for _, name := range stacktest.DevStacks {
		archive := filepath.Join("testdata", first, name+".tar.gz")
		if _, err := os.Stat(archive); err != nil {
			continue // the stack was not there at that commit
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			unpack(t, archive, dir)
			var printed, notes bytes.Buffer
			request := sandbox.Request{Operation: sandbox.Up, Stack: name, Dir: stacktest.Project(t), State: dir, JSON: true}
			err := sandbox.Runner{Program: sandbox.Bifrost, Stdout: &printed, Stderr: &notes}.Run(t.Context(), request)
			require.NoError(t, err, notes.String())
			var result sandbox.Result
			require.NoError(t, json.Unmarshal(printed.Bytes(), &result))
			require.Equal(t, map[string]int{"aws-dev": 1}[name], result.Changes.Delete)
			require.Equal(t, map[string]int{"aws-dev": 3, "azure-dev": 1}[name], result.Changes.Replace)
			require.Positive(t, result.Changes.Same)
		})
	}
}

package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/sandbox/cloud"
)

// previewed are stack files of every platform, with what a preview takes for granted beside what the up did.
var previewed = map[string]struct {
	// changed is the stack file with further things of others.
	file, changed string
	set           []string
}{
	"eks": {
		"bifrost:platform: aws\nbifrost:aws: {region: eu-west-1}\nbifrost:eks: {clusterName: a}",
		"bifrost:platform: aws\nbifrost:aws: {region: eu-west-1}\nbifrost:eks: {clusterName: b, gatewayPolicyArns: ['arn:aws:iam::111122223333:policy/Models']}\n" +
			"bifrost:gateway: {ingress: {className: own, hosts: [a.example.com], certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/1'}}",
		[]string{"gateway.existingNamespace=true", "gateway.httpRoute={gateway: shared, hosts: [a.example.com]}"},
	},
	"ecs": {
		"bifrost:platform: aws\nbifrost:aws: {region: eu-west-1}\nbifrost:ecs: {clusterName: a}",
		"bifrost:platform: aws\nbifrost:aws: {region: eu-west-1}\nbifrost:ecs: {clusterName: a, taskPolicyArns: ['arn:aws:iam::111122223333:policy/Models'], alarms: {topicArn: 'arn:aws:sns:eu-west-1:111122223333:own'}}",
		[]string{"ecs.secretKmsKeyArn=arn:aws:kms:eu-west-1:111122223333:key/1", "registry.tag=v9"},
	},
	"aks": {
		"bifrost:platform: azure\nbifrost:azure: {resourceGroup: rg}\nbifrost:aks: {clusterName: c}",
		"bifrost:platform: azure\nbifrost:azure: {resourceGroup: rg}\nbifrost:aks: {clusterName: d, resourceGroup: others}",
		[]string{"gateway.existingNamespace=true", "gateway.ingress={className: own}"},
	},
	"gke": {
		"bifrost:platform: google\nbifrost:google: {projectId: acme}\nbifrost:gke: {clusterName: c}",
		"bifrost:platform: google\nbifrost:google: {projectId: acme}\nbifrost:gke: {clusterName: d, projectId: others, nodeServiceAccounts: [nodes@others.iam.gserviceaccount.com]}",
		[]string{"gateway.existingNamespace=true", "gateway.scheduling={priorityClass: high}"},
	},
	"kubernetes": {
		"bifrost:platform: kubernetes\nbifrost:kubernetes: {clusterName: c}",
		"bifrost:platform: kubernetes\nbifrost:kubernetes: {clusterName: d}",
		[]string{"kubernetes.issuer=https://issuer.example.com", "gateway.existingNamespace=true"},
	},
}

// TestPreviewLeavesTheClouds: what a preview takes for granted, of an overlay or of a stack file that has changed, is not kept: the clouds
// stay byte for byte as they were. Before the first up there are none.
func TestPreviewLeavesTheClouds(t *testing.T) {
	t.Parallel()
	repository, err := filepath.Abs("../..")
	require.NoError(t, err)
	for name, c := range previewed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := func(config string) string {
				return "config:\n  " + strings.ReplaceAll(config, "\n", "\n  ") + "\n  bifrost:secrets: {license: " + canary + "}\n"
			}
			dir := writeProject(t, map[string]string{"dev": text(c.file)})
			require.NoError(t, os.Symlink(filepath.Join(repository, "bin"), filepath.Join(dir, "bin")))
			requireCLI(t, dir)
			run := func(operation Operation, settings ...string) {
				t.Helper()
				_, err := document(t, small, Request{Operation: operation, Stack: "dev", Dir: dir, Set: settings})
				require.NoError(t, err)
			}
			world := filepath.Join(dir, ".sandbox", "dev", "world.json")
			run(Preview, c.set...)
			require.NoFileExists(t, world)

			run(Up)
			before, err := os.ReadFile(world)
			require.NoError(t, err)
			run(Preview, c.set...)
			require.NoError(t, os.WriteFile(filepath.Join(dir, stackFile("dev")), []byte(text(c.changed)), 0o600))
			run(Preview)
			after, err := os.ReadFile(world)
			require.NoError(t, err)
			require.Equal(t, string(before), string(after))

			run(Up, c.set...)
			after, err = os.ReadFile(world)
			require.NoError(t, err)
			require.NotEqual(t, string(before), string(after), "an up keeps what was named: the previews had something to forget")
		})
	}
}

// TestRefusedIsGivenNothing: what a configuration takes for granted is told of once it is taken, and not with what refuses it.
func TestRefusedIsGivenNothing(t *testing.T) {
	t.Parallel()
	requireCLI(t, "../..")
	for settings, told := range map[string]bool{
		"gateway.postgres.caConfigMap={name: team-ca, key: ca.crt}": false,
		"rollout=identity": true,
	} {
		var stdout, stderr bytes.Buffer
		err := Runner{Program: Bifrost, Stdout: &stdout, Stderr: &stderr}.Run(t.Context(),
			Request{Operation: Preview, Stack: "aws-dev", Dir: "../..", State: t.TempDir(), Set: []string{settings}})
		require.Equal(t, told, err == nil, "%v", err)
		require.Equal(t, told, strings.Contains(stderr.String(), "as yours must have before the first up"), stderr.String())
		if !told {
			require.Equal(t, 2, cli.ExitCode(err))
			require.ErrorContains(t, err, "caConfigMap")
		}
	}
}

// TestSavedPlanKeepsItsKeys: an up that keeps to the plan of a first preview meets the keys that were made up for that, and nothing else of it.
func TestSavedPlanKeepsItsKeys(t *testing.T) {
	t.Parallel()
	requireCLI(t, "../..")
	request := Request{Operation: Preview, Stack: "local-dev", Dir: "../..", State: t.TempDir(), Plan: filepath.Join(t.TempDir(), "plan.json")}
	_, err := document(t, Bifrost, request)
	require.NoError(t, err)
	f := folders{filepath.Join(request.State, request.Stack)}
	require.False(t, f.exist())

	w := cloud.NewWorld()
	w.Keys["https://own.example.com"] = "own"
	before := cloud.NewWorld()
	before.Keys = map[string]string{"https://own.example.com": "other", "promised": "x"}
	require.NoError(t, f.promise(before))
	require.NoError(t, f.fulfil(w))
	require.Equal(t, map[string]string{"https://own.example.com": "own", "promised": "x"}, w.Keys)

	_, err = document(t, Bifrost, request)
	require.NoError(t, err)
	w = cloud.NewWorld()
	require.NoError(t, f.fulfil(w))
	require.Contains(t, w.Keys, "promised", "what was promised before, too")
	require.Greater(t, len(w.Keys), 2, "the vendor's key among them")
	require.NoError(t, f.redeem())
	require.NoError(t, f.redeem())
	require.NoFileExists(t, f.promised())
}

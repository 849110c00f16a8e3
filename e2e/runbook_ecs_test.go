package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/runbook"
)

const (
	taskFamily  = "arn:aws:ecs:us-east-1:111122223333:task-definition/bifrost"
	oldImage    = "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.0"
	newImage    = "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1"
	setImage    = "pulumi config set --path bifrost:registry.image "
	describeECS = "aws ecs describe-services --region us-east-1 --cluster dev --services bifrost"
)

// ecsService is what ECS says of the service.
type ecsService struct {
	TaskDefinition             string
	RunningCount, DesiredCount int
	Deployments                []struct{ ID string }
}

func (d *desk) service(t *testing.T) ecsService {
	t.Helper()
	var answer struct{ Services []ecsService }
	require.NoError(t, json.Unmarshal([]byte(d.shell(t, "", describeECS)), &answer))
	require.Len(t, answer.Services, 1)
	require.Equal(t, answer.Services[0].DesiredCount, answer.Services[0].RunningCount)
	return answer.Services[0]
}

func (d *desk) revisions(t *testing.T, command string) []string {
	t.Helper()
	var arns []string
	require.NoError(t, json.Unmarshal([]byte(d.page(t, command)), &arns))
	for i := range arns {
		arns[i] = strings.TrimPrefix(arns[i], taskFamily+":")
	}
	return arns
}

// testOnECS: an upgrade, back to the revision before it and there for good, another start of the tasks, and old revisions away.
func testOnECS(t *testing.T, ran map[string]bool) {
	d := newDesk(t, ran, "Pulumi.aws-dev.yaml", nil, "pulumi config rm bifrost:eks",
		"pulumi config set --path 'sandbox:tags[0]' 2.1.0", "pulumi config set --path 'sandbox:tags[1]' 2.1.1")
	d.serve(t)
	d.Stop()
	d.edit(t, func(clouds map[string]any) { clouds["revisions"] = map[string]any{taskFamily: 40} })

	require.Contains(t, d.page(t, runbook.Preview), "to create")
	require.Zero(t, d.exists(t, "aws:ecs/service:Service"), "a preview makes nothing")
	d.page(t, runbook.Up)
	d.shell(t, "", setImage+newImage)
	d.page(t, runbook.Up)
	require.Equal(t, []string{"42", "41"}, d.revisions(t, runbook.ListRevisions), "the newest first")
	require.Equal(t, taskFamily+":42", d.service(t).TaskDefinition)

	d.page(t, runbook.GoBack)
	require.Empty(t, d.page(t, runbook.AwaitStable))
	require.Equal(t, taskFamily+":41", d.service(t).TaskDefinition)
	require.Contains(t, d.fails(t, runbook.Up), "task-definition/bifrost:41", "another revision runs than the stack says")
	d.shell(t, "", setImage+oldImage)
	d.page(t, runbook.UpRefresh)
	require.Equal(t, taskFamily+":43", d.service(t).TaskDefinition, "the same as 41, and the stack's")
	same(t, d.page(t, runbook.Up))

	before := d.service(t)
	d.page(t, runbook.DeployAnew)
	require.Empty(t, d.page(t, runbook.AwaitStable))
	after := d.service(t)
	require.Equal(t, before.TaskDefinition, after.TaskDefinition)
	require.NotEqual(t, before.Deployments, after.Deployments, "another deployment of the same revision")
	same(t, d.page(t, runbook.Up))
	d.page(t, runbook.SetRestart)
	d.page(t, runbook.Up)
	require.Equal(t, taskFamily+":44", d.service(t).TaskDefinition, "the tasks were started anew")

	d.stoppedOnECS(t)

	d.Stop()
	d.edit(t, olderRevisions)
	d.page(t, runbook.DeregisterOldOnes)
	kept := d.revisions(t, strings.Replace(runbook.ListRevisions, "[:5]", "", 1))
	require.Equal(t, strings.Fields("45 44 43 42 41 40 39 38 37 36"), kept, "the newest ten")
	same(t, d.page(t, runbook.Up))
	d.page(t, runbook.DestroyBut)
	require.Zero(t, d.exists(t, "aws:ecs/service:Service"))
	require.Empty(t, d.resources(t), "nothing is protected in this stack")
	d.page(t, runbook.StackRemove)
	require.NotContains(t, d.shell(t, "", "pulumi stack ls"), "aws-dev")
}

// stoppedOnECS: the number of tasks comes back with a refresh and, where autoscaling decides about it, by hand.
func (d *desk) stoppedOnECS(t *testing.T) {
	t.Helper()
	d.page(t, runbook.StopOnECS)
	require.Zero(t, d.service(t).RunningCount)
	d.page(t, runbook.UpForcedRefresh)
	require.Equal(t, 2, d.service(t).RunningCount)

	d.shell(t, "", "pulumi config set-all --path --plaintext bifrost:ecs.autoscaling.minTasks=2 --plaintext bifrost:ecs.autoscaling.maxTasks=4 "+
		"--plaintext bifrost:ecs.autoscaling.cpuPercent=60")
	d.page(t, runbook.Up)
	d.page(t, runbook.StopOnECS)
	d.shell(t, "", "pulumi config set --path bifrost:gateway.env.PG_HOST another.example.com")
	before := d.service(t)
	require.Contains(t, d.fails(t, runbook.Up), "no task runs", "Application Auto Scaling scales out from zero on no metric")
	require.NotEqual(t, before.TaskDefinition, d.service(t).TaskDefinition, "the new revision is in place")
	d.shell(t, "", placeholders.Replace(strings.Replace(runbook.StopOnECS, "count 0", "count 2", 1)))
	require.Equal(t, 2, d.service(t).RunningCount)
	same(t, d.page(t, runbook.Up))
}

// olderRevisions are copies of revision 41, as the stack would have made over the years.
func olderRevisions(clouds map[string]any) {
	resources := clouds["resources"].(map[string]any)
	for key, resource := range maps.Clone(resources) {
		if !strings.HasSuffix(key, "task-definition/bifrost:41") {
			continue
		}
		for revision := 34; revision < 41; revision++ {
			older := maps.Clone(resource.(map[string]any))
			state := maps.Clone(older["state"].(map[string]any))
			id := fmt.Sprintf("%s:%d", taskFamily, revision)
			older["id"], older["state"], state["arn"], state["revision"] = id, state, id, revision
			resources[strings.TrimSuffix(key, taskFamily+":41")+id] = older
		}
	}
}

// edit changes what there is in the clouds, while nobody serves them.
func (d *desk) edit(t *testing.T, change func(map[string]any)) {
	t.Helper()
	file := filepath.Join(d.Clouds(), d.Stack, "world.json")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var clouds map[string]any
	require.NoError(t, json.Unmarshal(text, &clouds))
	change(clouds)
	text, err = json.Marshal(clouds)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
}

package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes"
)

// TestNodes: pods run where their cluster's nodes let them, and wait in the scheduler's own words where none does.
func TestNodes(t *testing.T) {
	t.Parallel()
	const (
		tainted  = "sandbox:nodes=[{count: 2, taints: [{key: dedicated, value: llm, effect: NoSchedule}]}]"
		tolerate = "gateway.scheduling.tolerations=[{key: dedicated, operator: Exists}]"
		zones    = "sandbox:nodes=[{zone: a, cpu: '8'}, {zone: b, cpu: '8'}, {zone: c, taints: [{key: full, effect: NoSchedule}]}]"
		spread   = "gateway.scheduling.topologySpread={zone: DoNotSchedule}"
		arm      = "sandbox:nodes=[{count: 2, architecture: arm64}]"
		amdImage = "sandbox:architectures=[amd64]"
	)
	for name, c := range map[string]struct {
		file, set []string
		want      string // of the error; empty where the stack goes up
	}{
		"none described":              {nil, []string{tolerate, spread}, ""},
		"plain ones":                  {[]string{"sandbox:nodes=[{count: 2}]"}, nil, ""},
		"taints":                      {[]string{tainted}, nil, "0/2 nodes are available: 2 node(s) had untolerated taint {dedicated: llm}. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling. In the stack file gateway.scheduling.tolerations lets pods onto tainted nodes"},
		"tolerated":                   {[]string{tainted}, []string{tolerate}, ""},
		"a taint that only dissuades": {[]string{"sandbox:nodes=[{taints: [{key: a, effect: PreferNoSchedule}]}]"}, nil, ""},
		"no such label":               {[]string{"sandbox:nodes=[{labels: {pool: other}}]"}, []string{"gateway.scheduling.nodeSelector={pool: llm}"}, "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."},
		"a selector's key":            {[]string{"sandbox:nodes=[{labels: {pool: other}}]"}, []string{"gateway.scheduling.nodeSelector={pool: llm}"}, "In the stack file gateway.scheduling.nodeSelector, affinity and architectures say on which nodes pods may run"},
		"a spread's key":              {[]string{"sandbox:nodes=[{zone: a, cpu: '8'}, {zone: b, cpu: 400m}]"}, []string{spread, "gateway.replicas=4"}, "; gateway.scheduling.topologySpread says how strictly"},
		"a label":                     {[]string{"sandbox:nodes=[{labels: {pool: llm}}]"}, []string{"gateway.scheduling.nodeSelector={pool: llm}"}, ""},
		"too little memory":           {[]string{"sandbox:nodes=[{count: 2, memory: 256Mi}, {cpu: 200m}]"}, nil, "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."},
		"room for one of two":         {[]string{"sandbox:nodes=[{cpu: 400m}]"}, nil, "0/1 nodes are available: 1 Insufficient cpu."},
		"a request's key":             {[]string{"sandbox:nodes=[{cpu: 400m}]"}, nil, "In the stack file gateway.cpuRequest and gateway.memoryRequest say"},
		"zones":                       {[]string{zones}, []string{spread}, ""},
		"a zone that nobody can use":  {[]string{zones}, []string{spread, "gateway.replicas=3"}, ""},
		"a zone that is full":         {[]string{"sandbox:nodes=[{zone: a, cpu: '8'}, {zone: b, cpu: 400m}]"}, []string{spread, "gateway.replicas=4"}, "1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints."},
		"another processor":           {[]string{arm, amdImage}, nil, "no match for platform in manifest: not found"},
		"one that the stack avoids":   {[]string{arm, amdImage}, []string{"gateway.scheduling.architectures=[amd64]"}, "2 node(s) didn't match Pod's node affinity/selector"},
		"an image for any":            {[]string{arm}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.Way{Stack: "azure-dev", InFile: append([]string{"tags.made=for"}, c.file...), Settings: c.set}.Start(t)
			err := s.Engine.Up().Err
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestRefresherWaits: the first-run Job needs a node as the gateway does.
func TestRefresherWaits(t *testing.T) {
	t.Parallel()
	s := stacktest.Way{Stack: "azure-dev", InFile: []string{"sandbox:nodes=[{taints: [{key: a, effect: NoExecute}]}]"},
		Settings: []string{"gateway.scheduling.tolerations=[{operator: Exists}]", "refresher.scheduling.tolerations=[{key: b, operator: Exists}]"}}.Start(t)
	require.ErrorContains(t, s.Engine.Up().Err, "FailedScheduling: 0/1 nodes are available: 1 node(s) had untolerated taint {a: }.")
}

// TestNodesOfTheFile: nodes that the stack file describes no more are gone; one that somebody changed by hand stays.
func TestNodesOfTheFile(t *testing.T) {
	t.Parallel()
	require.EqualError(t, kubernetes.Node{CPU: "many"}.Check(), `cpu: "many" is no quantity of Kubernetes, such as 4 or 16Gi`)
	require.NoError(t, kubernetes.Node{}.Check())
	s := stacktest.Way{Stack: "azure-dev", InFile: []string{"sandbox:nodes=[{count: 3}]"}}.Start(t)
	require.Len(t, s.World.List(pulumitype.KubernetesNode, s.Look.Server), 3)
	s.World.List(pulumitype.KubernetesNode, s.Look.Server)[2].Edited = true
	less := stacktest.Way{Stack: "azure-dev", InFile: []string{"sandbox:nodes=[{}]"}}.StartIn(t, s.World)
	var names []string
	for _, node := range s.World.List(pulumitype.KubernetesNode, less.Look.Server) {
		names = append(names, node.ID)
	}
	require.Equal(t, "node-1-1 node-1-3", strings.Join(names, " "))
}

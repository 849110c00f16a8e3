package effects_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/effects"
)

// TestReadLines: what the hooks of a preview say is known again, whatever else is said.
func TestReadLines(t *testing.T) {
	t.Parallel()
	effectsSaid := []string{
		"no pod is touched", "no task is touched; the next run is made from the new template", "scales from 2 to 3: 1 new pod",
		"rolls 2 pods, one by one (image)", "rolls all tasks, new ones first", "may roll its pods: not all of the template is known before the up",
		"may replace its pods, which are down meanwhile: not all of it is known before the up", "replaces: the pods are down until the new ones are ready",
		"starts 2 pods", "starts no pod any more", "starts pods at 0 * * * *", "made anew: new pods start, and the former ones go", "2 pods go", "1 task goes",
		"runs once, and the up waits for it", "runs anew, and the up waits for it", "goes with its pods, which have ended", "does not run again",
		"no pod is made anew; the autoscaler counts them", "may start 2 tasks at once, where no more than the former least run: keeps 4 to 5 now, before 2 to 5",
		"may end 1 pod at once, where the former most run: keeps 2 to 5 now, before 2 to 6", "counts the pods from now on, 3 to 6: starts what the least lacks",
		"counts no task by this measure any more",
	}
	values := []string{
		"client.enforce_auth: true → false", `providers["a.b"].keys[0]: added`, `x: removed: "y"`, "x: another one, [secret]", "x: not known before the up",
		"3 more values of config.json change",
	}
	others := []string{"reading the cluster", "provider: a warning: of another kind", "two: lines\nof text: a → b", "mesh: pods start after the proxy"}
	var messages []string
	for _, text := range append(append([]string{}, effectsSaid...), values...) {
		messages = append(messages, "eks-gateway-x: "+text)
	}
	lines, rest := effects.ReadLines(append(messages, others...))
	require.Equal(t, others, rest)
	var said, changed []string
	for _, line := range lines.Workloads {
		require.Equal(t, "eks-gateway-x", line.Name)
		said = append(said, line.Says)
	}
	for _, line := range lines.Values {
		changed = append(changed, line.Says)
	}
	require.Equal(t, effectsSaid, said)
	require.Equal(t, values, changed)
}

package effects_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/internal/effects"
)

// TestBounds: what other bounds of an autoscaler come to, of pods and of tasks alike.
func TestBounds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op            effects.Op
		before, after [2]int
		pods          string
	}{
		"a greater least":   {effects.Update, [2]int{3, 6}, [2]int{5, 6}, "may start 2 pods at once, where no more than the former least run: keeps 5 to 6 now, before 3 to 6"},
		"both greater":      {effects.Update, [2]int{3, 6}, [2]int{4, 9}, "may start 1 pod at once, where no more than the former least run: keeps 4 to 9 now, before 3 to 6"},
		"a smaller most":    {effects.Update, [2]int{2, 6}, [2]int{2, 5}, "may end 1 pod at once, where the former most run: keeps 2 to 5 now, before 2 to 6"},
		"a greater most":    {effects.Update, [2]int{2, 6}, [2]int{2, 9}, "may start 3 more pods, where the load asks for them: keeps 2 to 9 now, before 2 to 6"},
		"a smaller least":   {effects.Update, [2]int{4, 6}, [2]int{2, 6}, "may end 2 more pods, where the load lets it: keeps 2 to 6 now, before 4 to 6"},
		"the same":          {effects.Update, [2]int{4, 6}, [2]int{4, 6}, ""},
		"not touched":       {effects.Same, [2]int{}, [2]int{}, ""},
		"a first one":       {effects.Create, [2]int{}, [2]int{3, 6}, "counts the pods from now on, 3 to 6: starts what the least lacks"},
		"the last one goes": {effects.Delete, [2]int{3, 6}, [2]int{}, "counts no pod any more, before 3 to 6"},
	} {
		autoscaler := func(b [2]int) resource.PropertyMap {
			return resource.NewPropertyMapFromMap(object{"spec": object{"minReplicas": b[0], "maxReplicas": b[1]}})
		}
		target := func(b [2]int) resource.PropertyMap {
			return resource.NewPropertyMapFromMap(object{"minCapacity": b[0], "maxCapacity": b[1]})
		}
		require.Equal(t, c.pods, effects.Of(effects.Change{Type: effects.Autoscaler, Op: c.op, Before: autoscaler(c.before), After: autoscaler(c.after)}), name)
		require.Equal(t, strings.ReplaceAll(c.pods, "pod", "task"),
			effects.Of(effects.Change{Type: effects.ScalableTarget, Op: c.op, Before: target(c.before), After: target(c.after)}), name)
	}
}

// TestMeasures: another measure may want another number, and labels want none.
func TestMeasures(t *testing.T) {
	t.Parallel()
	autoscaler := func(percent int, label string) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(object{"metadata": object{"labels": object{"a": label}},
			"spec": object{"minReplicas": 2, "maxReplicas": 4, "metrics": []any{object{"percent": percent}}}})
	}
	policy := func(target int, name string) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(object{"name": name, "targetTrackingScalingPolicyConfiguration": object{"targetValue": target}})
	}
	for _, c := range []struct {
		typ           string
		before, after resource.PropertyMap
		want          string
	}{
		{effects.Autoscaler, autoscaler(70, "x"), autoscaler(50, "x"), "may start pods or end some: the autoscaler counts them by other measures"},
		{effects.Autoscaler, autoscaler(70, "x"), autoscaler(70, "y"), ""},
		{effects.ScalingPolicy, policy(70, "x"), policy(50, "x"), "may start tasks or end some: the autoscaler counts them by other measures"},
		{effects.ScalingPolicy, policy(70, "x"), policy(70, "y"), ""},
	} {
		require.Equal(t, c.want, effects.Of(effects.Change{Type: c.typ, Op: effects.Update, Before: c.before, After: c.after}))
	}
}

// TestCounted: of pods that an autoscaler counts no change of another object says that none is touched.
func TestCounted(t *testing.T) {
	t.Parallel()
	for _, op := range []effects.Op{effects.Same, effects.Update} {
		change := effects.Change{Type: effects.Deployment, Op: op, Before: pods(3, "a", nil), After: pods(3, "a", nil), Autoscaled: true}
		require.Equal(t, "no pod is made anew; the autoscaler counts them", effects.Of(change))
		change.Type = effects.EcsService
		require.Equal(t, "no task is made anew; the autoscaler counts them", effects.Of(change))
	}
}

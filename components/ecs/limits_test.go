package ecs_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/ecs"
)

func TestFargateSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cpu, memory int
		nearest     string
	}{
		{256, 512, ""}, {256, 1024, ""}, {256, 2048, ""}, {256, 1536, "cpu 256 with memory 2048"},
		{256, 600, "cpu 256 with memory 1024"}, {256, 3072, "cpu 512 with memory 3072"},
		{512, 1024, ""}, {512, 4096, ""}, {512, 512, "cpu 512 with memory 1024"}, {512, 5120, "cpu 1024 with memory 5120"},
		{1024, 2048, ""}, {1024, 8192, ""}, {1024, 1024, "cpu 1024 with memory 2048"}, {1024, 16000, "cpu 2048 with memory 16384"},
		{2048, 4096, ""}, {2048, 16384, ""}, {2048, 17408, "cpu 4096 with memory 17408"},
		{4096, 8192, ""}, {4096, 30720, ""}, {4096, 31744, "cpu 8192 with memory 32768"},
		{8192, 16384, ""}, {8192, 20480, ""}, {8192, 61440, ""}, {8192, 18432, "cpu 8192 with memory 20480"},
		{16384, 32768, ""}, {16384, 122880, ""}, {16384, 36864, "cpu 16384 with memory 40960"},
		{16384, 200000, "largest pair is cpu 16384 with memory 122880"},
		{500, 1024, "cpu 512 with memory 1024"}, {0, 0, "cpu 256 with memory 512"}, {32768, 1024, "largest pair is cpu 16384"},
	} {
		errs := ecs.ValidateFargateSize(field.NewPath("cpu"), field.NewPath("memory"), c.cpu, c.memory)
		if c.nearest == "" {
			require.Empty(t, errs, "%d/%d", c.cpu, c.memory)
			continue
		}
		require.ErrorContains(t, errs.ToAggregate(), c.nearest, "%d/%d", c.cpu, c.memory)
	}
}

// TestRollout: what ECS rounds, minimum up and maximum down, must leave room for a deployment.
func TestRollout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		least, most, count int
		fits               bool
	}{
		{100, 200, 1, true}, {0, 100, 1, true}, {50, 100, 2, true}, {100, 150, 2, true}, {100, 125, 4, true},
		{100, 100, 3, false}, {100, 150, 1, false}, {50, 100, 1, false}, {100, 125, 3, false},
		{101, 200, 1, false}, {-1, 200, 1, false}, {100, 99, 1, false},
	} {
		errs := ecs.ValidateRollout(field.NewPath("min"), field.NewPath("max"), c.least, c.most, c.count)
		require.Equal(t, c.fits, len(errs) == 0, "%+v: %v", c, errs)
	}
}

// TestRolloutOfTheLeastTasks: a percentage leaves fewer tasks room the fewer there are, and autoscaling decides how few.
func TestRolloutOfTheLeastTasks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		desired int
		scaling *ecs.EcsAutoscalingArgs
		fits    bool
	}{
		"as many as are wanted":         {4, nil, true},
		"fewer than are wanted":         {4, &ecs.EcsAutoscalingArgs{MinTasks: 2, MaxTasks: 8, CpuPercent: 60}, false},
		"never fewer than are wanted":   {4, &ecs.EcsAutoscalingArgs{MaxTasks: 8, CpuPercent: 60}, true},
		"bounds that are refused first": {2, &ecs.EcsAutoscalingArgs{MinTasks: 8, MaxTasks: 8, CpuPercent: 60}, false},
	} {
		args := ecsArgs()
		args.DesiredCount, args.Autoscaling, args.MaxHealthyPercent = c.desired, c.scaling, 125
		errs := args.Validate(nil).ToAggregate()
		if c.fits {
			require.NoError(t, errs, name)
			continue
		}
		require.ErrorContains(t, errs, "maxHealthyPercent: Invalid value: 125: with 2 of 2 tasks kept and 2 allowed", name)
	}
}

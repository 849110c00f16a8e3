package aws_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// Tests of what stands around a service of ECS: in front of it, and what scales it.

// TestServiceFront: a living service gets or loses its load balancers, or a grace period, but not both in one update.
func TestServiceFront(t *testing.T) {
	t.Parallel()
	const refused = "Health check grace period is only valid for services configured to use load balancers"
	none := props{"loadBalancers": nil, "healthCheckGracePeriodSeconds": nil}
	unperiodic := props{"healthCheckGracePeriodSeconds": nil}
	for name, c := range map[string]struct {
		before, after props
		want          string
	}{
		"both come":                         {none, nil, refused},
		"both go":                           {nil, none, refused},
		"the load balancer comes, alone":    {none, unperiodic, ""},
		"the load balancer goes, alone":     {unperiodic, none, ""},
		"the period comes to what is there": {unperiodic, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := without(production(), "requests")
			e := enginetest.New(t, ecsWorld(), stack(with(steps, "service", c.before)...), nil)
			e.MustUp()
			e.SetProgram(stack(with(steps, "service", c.after)...))
			up := e.Up()
			if c.want == "" {
				require.NoError(t, up.Err, up.Diagnostics)
				return
			}
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), c.want)
		})
	}
}

// unordered registers all steps but the last ones as a stack does, and the last ones dependent on those alone.
func unordered(last int, steps []step) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		p, err := provider(aws.ProviderArgs{})(ctx)
		if err != nil {
			return err
		}
		known := map[string]*made{}
		var before []pulumi.Resource
		for i, s := range steps {
			r := &made{}
			options := append([]pulumi.ResourceOption{pulumi.Provider(p), pulumi.DependsOn(before)}, s.options...)
			if err := ctx.RegisterResource(s.typ, s.name, inputs(known, s.props).(pulumi.Map), r, options...); err != nil {
				return err
			}
			known[s.name] = r
			if i < len(steps)-last {
				before = []pulumi.Resource{r}
			}
		}
		return nil
	}
}

// TestScalingWrites: Application Auto Scaling takes one write at a time about a scalable target.
func TestScalingWrites(t *testing.T) {
	t.Parallel()
	steps := without(production(), "unhealthy", "below-desired")
	w := ecsWorld()
	e := enginetest.New(t, w, unordered(3, steps), nil)
	up := e.Up()
	require.Error(t, up.Err)
	require.Contains(t, up.Messages(), "ConcurrentUpdateException")
	require.Contains(t, up.Messages(), scaledResource)

	e.SetProgram(stack(steps...))
	e.MustUp()
	e.SetProgram(stack(steps[:len(steps)-3]...))
	e.MustUp()
	require.Empty(t, policies(w))
}

func policies(w *cloud.World) []string {
	var names []string
	for _, r := range w.List(scalingType, scope) {
		names = append(names, r.ID)
	}
	return names
}

package stacks_test

import (
	"strings"
	"testing"

	enginestate "github.com/pulumi/pulumi/pkg/v3/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/internal/graphtest"
)

// BenchmarkPreview measures the preview of a first up on the engine, in process: of each stack, of a program that registers
// nothing, and of one that registers the stack's resources bare, with the same inputs and nothing around them. The last two
// tell what of the time is the engine's and the doubles', and what is ours.
func BenchmarkPreview(b *testing.B) {
	times := measured{}
	b.Run("empty", func(b *testing.B) {
		times.previews(b, "empty", enginetest.New(b, cloud.NewWorld(), func(*pulumi.Context) error { return nil }, nil))
	})
	for _, name := range stacktest.DevStacks {
		b.Run(name+"-bare", func(b *testing.B) {
			made := stacktest.New(b, name).Engine.MustUp()
			stack := stacktest.New(b, name)
			stack.Engine.SetProgram(bare(made.Snapshot.Resources))
			times.previews(b, name+"-bare", stack.Engine, "empty")
		})
		b.Run(name, func(b *testing.B) {
			times.previews(b, name, stacktest.New(b, name).Engine, "empty", name+"-bare")
		})
	}
}

// measured holds the nanoseconds of an operation by benchmark.
type measured map[string]float64

// previews measures, and reports the ratios to others that were measured before in the same run.
func (m measured) previews(b *testing.B, name string, engine *enginetest.Engine, others ...string) {
	b.Helper()
	for b.Loop() {
		require.NoError(b, engine.Preview().Err)
	}
	m[name] = float64(b.Elapsed()) / float64(b.N)
	for _, other := range others {
		if base, ok := m[other]; ok {
			b.ReportMetric(m[name]/base, "x-"+other)
		}
	}
}

// bareProvider is a provider without the typed settings of its SDK.
type bareProvider struct{ pulumi.ProviderResourceState }

// bare registers recorded resources one by one, from their inputs.
func bare(recorded []*enginestate.State) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		providers := map[string]pulumi.ProviderResource{}
		for _, r := range recorded {
			if !r.Custom {
				continue
			}
			props := pulumi.Map{}
			for key, v := range graphtest.Plain(r.Inputs) {
				props[string(key)] = pulumi.Any(v.Mappable())
			}
			if pkg, isProvider := strings.CutPrefix(string(r.Type), "pulumi:providers:"); isProvider {
				made := &bareProvider{}
				if err := ctx.RegisterResource(string(r.Type), r.URN.Name(), props, made); err != nil {
					return err
				}
				providers[pkg] = made
				continue
			}
			through := pulumi.Provider(providers[string(r.Type.Package())])
			if err := ctx.RegisterResource(string(r.Type), r.URN.Name(), props, &pulumi.CustomResourceState{}, through); err != nil {
				return err
			}
		}
		return nil
	}
}

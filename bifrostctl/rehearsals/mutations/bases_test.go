package mutations_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/stacks"
)

// base is a stack that is right.
type base struct {
	way    stacktest.Way
	raw    stacks.Raw
	values map[string]any
}

// bases are the dev stacks, the examples, and every way to pull that the rehearsals know.
func bases(t testing.TB) []base {
	t.Helper()
	ways := []stacktest.Way{}
	for _, name := range append([]string{"local-dev"}, stacktest.DevStacks...) {
		ways = append(ways, stacktest.Way{Name: name, Stack: name})
	}
	ways = append(ways, stacktest.Examples(t)...)
	for _, way := range stacktest.Pulls {
		if len(way.Settings)+len(way.InFile) > 0 {
			ways = append(ways, way)
		}
	}
	var all []base
	for _, way := range ways {
		raw := way.Raw(t)
		_, err := stacks.Parse(stack, raw)
		require.NoError(t, err, way.Name)
		all = append(all, base{way, raw, valuesOf(raw)})
	}
	return all
}

// stack is the name of every stack here.
const stack = "test"

// mutation is a stack with one mistake.
type mutation struct {
	base  *base
	kind  string
	place place
	value any
}

// String names it for people.
func (m mutation) String() string {
	return fmt.Sprintf("%s, %s: %s", m.base.way.Name, m.place.name, m.kind)
}

// mistakes are all single mistakes of the table in a stack.
func (b *base) mistakes() []mutation {
	var all []mutation
	for _, at := range places(b.values) {
		for _, k := range kinds {
			for _, value := range k.of(at) {
				all = append(all, mutation{b, k.name, at, value})
			}
		}
	}
	return all
}

// raw is the stack's configuration with the mistake.
func (m mutation) raw() stacks.Raw {
	return rawOf(m.base.raw, put(m.base.values, m.place.path, m.value).(map[string]any))
}

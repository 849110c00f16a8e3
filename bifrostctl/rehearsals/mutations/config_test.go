package mutations_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/stacks"
)

// all is the run of `make mutations`: every mistake in every stack. Without it each is made at each key once, and none in config.json, of
// which internal/gateway/configjson has tests of its own.
var all = flag.Bool("all", false, "make every mistake in every stack")

// parse is the stage of the configuration; a panic is an error of its own.
func parse(raw stacks.Raw) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	_, err = stacks.Parse(stack, raw)
	return err
}

// chosen are the mistakes of this run.
func chosen(t testing.TB) []mutation {
	t.Helper()
	var found []mutation
	made := map[string]bool{}
	for _, b := range bases(t) {
		for _, m := range b.mistakes() {
			if id := m.kind + " at " + m.place.name; *all || !made[id] && !m.place.under("gateway.config") {
				made[id] = true
				found = append(found, m)
			}
		}
	}
	return found
}

// TestConfiguration: a single mistake in a stack that is right is refused before anything is registered, at its key and without a secret;
// what is taken stands in testdata/accepted.yaml, with the reason.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	known, counts := readList(t), table{}
	wrong := map[string]string{}
	blame := func(m mutation, why string) {
		if id := m.kind + " at " + m.place.name; wrong[id] == "" {
			wrong[id] = m.String() + ": " + why
		}
	}
	total := 0
	for _, m := range chosen(t) {
		total++
		err := parse(m.raw())
		var refused *stacks.ConfigError
		switch {
		case err == nil:
			counts.add(m.kind, "taken")
			if known.find(m.kind, m.place.name) == nil {
				blame(m, "taken, and testdata/accepted.yaml has no reason")
			}
			continue
		case !errors.As(err, &refused):
			blame(m, err.Error())
			continue
		case strings.Contains(err.Error(), stacktest.Secret):
			blame(m, "the error has a secret")
		case !names(refused, m):
			blame(m, "the error does not name the key: "+err.Error())
		}
		counts.add(m.kind, stageOf(refused))
	}
	require.Greater(t, total, 500)
	for _, id := range slices.Sorted(maps.Keys(wrong)) {
		t.Error(wrong[id])
	}
	if *all {
		require.Empty(t, known.idle(), "nothing needs these any more")
		fmt.Printf("%d single mistakes in %d stacks, by the stage of the configuration that refuses them:\n", total, len(bases(t)))
		counts.print(os.Stdout, "mistake", "keys", "rules", "taken")
	}
}

// stageOf tells whether keys and kinds of values are refused, or what they say.
func stageOf(refused *stacks.ConfigError) string {
	if slices.ContainsFunc(refused.Problems, func(p *field.Error) bool {
		return p.Type == field.ErrorTypeTypeInvalid || strings.HasPrefix(p.Detail, "unknown key") || strings.HasPrefix(p.Detail, "is ") ||
			strings.HasPrefix(p.Detail, "nothing stands there")
	}) {
		return "keys"
	}
	return "rules"
}

// gone are mistakes after which another key must be there: that one is named.
var gone = []string{"missing", "nothing behind the colon", "empty", "empty object", "empty list", "last character missing"}

// names tells whether a refusal names the key of a mistake, an object that it is in, or a key that must stand beside it.
func names(refused *stacks.ConfigError, m mutation) bool {
	if slices.Contains(gone, m.kind) {
		return true
	}
	return slices.ContainsFunc(append(slices.Clone(refused.Problems), refused.Foreign...), func(p *field.Error) bool {
		object := p.Field[:max(0, strings.LastIndex(p.Field, "."))]
		beside := object != "" && p.Type == field.ErrorTypeRequired && strings.HasPrefix(m.place.name, object+".")
		return beside || strings.Contains(p.Error(), m.place.key()) || strings.HasPrefix(m.place.name, p.Field+".")
	})
}

// TestTogether: of several mistakes at once each is told.
func TestTogether(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) // the same ones each time
	for _, b := range bases(t) {
		mistakes := slices.DeleteFunc(b.mistakes(), func(m mutation) bool {
			_, is := m.place.value.(string)
			return !is || len(m.place.path) != 2 || strings.ContainsAny(m.place.name, "[{") || m.kind != "list for one value" || m.place.under("gateway.config") || m.place.under("secrets")
		})
		if len(mistakes) < 2 {
			continue
		}
		random.Shuffle(len(mistakes), func(i, j int) { mistakes[i], mistakes[j] = mistakes[j], mistakes[i] })
		values := b.values
		for _, m := range mistakes {
			values = put(values, m.place.path, m.value).(map[string]any)
		}
		err := parse(rawOf(b.raw, values))
		require.Error(t, err, b.way.Name)
		for _, m := range mistakes {
			require.ErrorContains(t, err, "bifrost:"+m.place.name+":", b.way.Name)
		}
	}
}

package effects_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/effects"
)

// FuzzReadPreview: of every preview that is read the effects are told, one line a workload.
func FuzzReadPreview(f *testing.F) {
	for _, seed := range []string{
		preview, "{}", `{"steps": null}`, `{"steps": [{"op": "update"}]}`, "[]",
		`{"steps": [{"op": "update", "urn": "x", "newState": {"type": "kubernetes:apps/v1:Deployment", "inputs": {"spec": 1}}, "oldState": {"inputs": {"spec": []}}}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := effects.ReadPreview(strings.NewReader(text))
		if err != nil {
			return
		}
		said := map[string]bool{}
		for _, line := range effects.OfSteps(steps) {
			require.NotEmpty(t, line.Effect)
			require.False(t, said[string(line.URN)], "two lines of one workload")
			said[string(line.URN)] = true
		}
	})
}

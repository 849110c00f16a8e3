package checks

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRead: a state and outputs are read or refused, and no secret of a state is among what is read.
func FuzzRead(f *testing.F) {
	const secret = "canary-5f0c"
	masked := `{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "` + secret + `"}`
	for _, seed := range []string{
		`{"deployment": {"resources": [{"custom": true, "type": "aws:iam/role:Role", "id": "x", "inputs": {"a": [` + masked + `], "b": {"c": ` + masked + `}}}]}}`,
		`{"deployment": null}`, `{"rollout": "full", "eks": {"namespace": "bifrost"}, "vendorHandoff": []}`, "[]", "{}", "null", `{"ecs": [], "vendorHandoff": {}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if o, err := ReadOutputs(text); err == nil {
			_, err := json.Marshal(o)
			require.NoError(t, err)
		}
		things, err := ReadState(text)
		if err != nil {
			return
		}
		for _, thing := range things {
			told, err := json.Marshal([]any{thing.Inputs, thing.Outputs})
			require.NoError(t, err)
			require.NotContains(t, string(told), "1b47061264138c4ac30d75fd1eb44270", "a secret")
		}
	})
}

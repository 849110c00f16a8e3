package enginetest

import (
	"context"
	"encoding/json"

	"github.com/pulumi/pulumi/pkg/v3/resource/stack"
	"github.com/pulumi/pulumi/pkg/v3/secrets"
	"github.com/pulumi/pulumi/pkg/v3/secrets/b64"
	"github.com/pulumi/pulumi/pkg/v3/secrets/passphrase"
	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/stretchr/testify/require"
)

// Restore gives the engine the state of a stack that the Pulumi CLI saved, and the stack's name. A passphrase
// opens its secrets.
func (e *Engine) Restore(checkpoint []byte, phrase string) {
	e.t.Helper()
	saved, _, _, err := stack.UnmarshalVersionedCheckpointToLatestCheckpoint(encoding.JSON, checkpoint)
	require.NoError(e.t, err)
	state, err := stack.DeserializeCheckpoint(e.ctx, opener(phrase), saved)
	require.NoError(e.t, err)
	require.NotNil(e.t, state, "the stack was never up")
	state.SecretsManager = b64.NewBase64SecretsManager()
	e.stack, e.state = saved.Stack.Name().String(), state
}

// State is what the engine keeps of the stack; nil before the first up.
func (e *Engine) State() *Result { return &Result{Outputs: outputs(e.state), Snapshot: e.state} }

// opener opens the secrets of a state with a passphrase.
type opener string

// OfType implements secrets.Provider.
func (o opener) OfType(_ context.Context, _ string, state json.RawMessage) (secrets.Manager, error) {
	var kept struct {
		Salt string `json:"salt"`
	}
	if err := json.Unmarshal(state, &kept); err != nil {
		return nil, err
	}
	return passphrase.GetPassphraseSecretsManager(string(o), kept.Salt)
}

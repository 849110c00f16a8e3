package enginetest

import (
	"encoding/json"

	"github.com/pulumi/pulumi/pkg/v3/resource/stack"
	"github.com/pulumi/pulumi/pkg/v3/secrets/b64"
	"github.com/stretchr/testify/require"
)

// Export is the state as `pulumi stack export` prints it, its secrets in base64.
func (e *Engine) Export() []byte {
	e.t.Helper()
	snapshot := *e.state
	snapshot.SecretsManager = b64.NewBase64SecretsManager()
	deployment, err := stack.SerializeUntypedDeployment(e.ctx, &snapshot, nil)
	require.NoError(e.t, err)
	text, err := json.Marshal(deployment)
	require.NoError(e.t, err)
	return text
}

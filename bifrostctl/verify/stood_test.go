package verify_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/service"
)

// up is what an up left: the clouds, as they are saved, and the stack's outputs.
type up struct {
	once    sync.Once
	clouds  []byte
	outputs checks.Outputs
	things  []service.Thing
}

// ups holds an up by way: most tests of a way begin where its up ended.
var ups sync.Map

// stand is a way's stack after its up, in clouds of its own. Its engine knows nothing of that up.
func stand(t *testing.T, w way) *rehearsed {
	t.Helper()
	known, _ := ups.LoadOrStore(fmt.Sprint(w.Stack, w.InFile, w.Settings), new(up))
	up := known.(*up)
	up.once.Do(func() {
		r := rehearse(t, w).up()
		file := filepath.Join(t.TempDir(), "world.json")
		require.NoError(t, r.World.Save(file))
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		up.clouds, up.outputs, up.things = text, r.stack.Outputs, r.stack.Things
	})
	require.NotNil(t, up.clouds, "the up of %s failed in another test", w.Name)
	file := filepath.Join(t.TempDir(), "world.json")
	require.NoError(t, os.WriteFile(file, up.clouds, 0o600))
	clouds, err := cloud.Load(file)
	require.NoError(t, err)
	r := &rehearsed{Stack: w.StartIn(t, clouds)}
	r.parse()
	r.stack.Outputs, r.stack.Things = up.outputs, up.things
	return r
}

// TestNoOutputs: an up that failed has made things and left no outputs: verify says that the stack is not up, and leaves out what it cannot
// ask for yet.
func TestNoOutputs(t *testing.T) {
	t.Parallel()
	for _, w := range []way{refreshIRSA, minimal, onECS, trustAKS, onGKE, anyFederation, airGapped} {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			r := stand(t, w)
			r.stack.Outputs = checks.Outputs{}
			document := r.document(verify.Options{})
			found := bad(document)
			require.NotEmpty(t, found)
			require.Equal(t, "stack-outputs", found[0].Code)
			for _, category := range document.Categories {
				for _, c := range category.Checks {
					if category.Name == "what the stack made" {
						require.NotEqual(t, check.Failed, c.Result, "%+v", c)
					}
				}
			}
		})
	}
}

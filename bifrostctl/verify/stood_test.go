package verify_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud"
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

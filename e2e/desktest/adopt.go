package desktest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// Adoption is what `bifrostctl adopt --json` says, as the tests look at it.
type Adoption struct {
	Things []struct{ Resource, Type, ID string }
	// Settings are without the project's prefix.
	Settings []struct {
		Path  string
		Value any
	}
	Owned []struct {
		Object string
		By     []string
	}
	Left, Cannot, Unseen []struct{ What, Why, Mend string }
	Changes              []string
}

// ReadAdoption reads what bifrostctl printed.
func ReadAdoption(t *testing.T, printed string) Adoption {
	t.Helper()
	var found Adoption
	require.NoError(t, json.Unmarshal([]byte(printed), &found), printed)
	return found
}

// Edit reads the stack file, and writes what is changed in its configuration.
func (d *Desk) Edit(t *testing.T, change func(config map[string]any)) {
	t.Helper()
	file := filepath.Join(d.Dir, "Pulumi."+d.Stack+".yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var written map[string]any
	require.NoError(t, yaml.Unmarshal(text, &written))
	config, is := written["config"].(map[string]any)
	require.True(t, is)
	change(config)
	text, err = yaml.Marshal(written)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
}

// Adopt writes what adopt says into the stack file.
func (d *Desk) Adopt(t *testing.T, found Adoption) {
	t.Helper()
	d.Edit(t, func(config map[string]any) {
		for _, s := range found.Settings {
			Put(config, strings.Split("bifrost:"+s.Path, "."), s.Value)
		}
		for _, thing := range found.Things {
			Put(config, []string{"bifrost:adopt", thing.Resource}, thing.ID)
		}
	})
}

// Put writes a value at a path below an object.
func Put(object map[string]any, path []string, value any) {
	if len(path) == 1 {
		object[path[0]] = value
		return
	}
	below, is := object[path[0]].(map[string]any)
	if !is {
		below = map[string]any{}
		object[path[0]] = below
	}
	Put(below, path[1:], value)
}

package effects

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

func secret(data map[string]string) resource.PropertyMap {
	encoded := resource.PropertyMap{}
	for key, text := range data {
		encoded[resource.PropertyKey(key)] = resource.MakeSecret(resource.NewProperty(base64.StdEncoding.EncodeToString([]byte(text))))
	}
	return resource.PropertyMap{"data": resource.NewProperty(encoded)}
}

// TestReadChanges: of config.json each value is told, of a secret its key, and what is a secret in config.json, where none should be, is
// not shown.
func TestReadChanges(t *testing.T) {
	t.Parallel()
	keys, lines := readChanges(
		secret(map[string]string{"config.json": `{"client": {"on": true}, "password": "hunter2"}`, "PG_PASSWORD": "hunter3"}),
		secret(map[string]string{"config.json": `{"client": {"on": false}, "password": "env.PG_PASSWORD"}`, "PG_PASSWORD": "hunter4"}))
	require.Equal(t, []string{"PG_PASSWORD", "config.json"}, keys)
	require.Equal(t, []string{"client.on: true → false", `password: [secret] → "env.PG_PASSWORD"`}, lines)

	keys, lines = readChanges(secret(map[string]string{"config.json": "no JSON"}), secret(map[string]string{"config.json": `{}`}))
	require.Equal(t, []string{"config.json"}, keys)
	require.Empty(t, lines)
}

// TestManyChanges: a preview is not flooded.
func TestManyChanges(t *testing.T) {
	t.Parallel()
	many := "{"
	for i := range mostShown + 3 {
		many += fmt.Sprintf(`"key%d": %d, `, i, i)
	}
	_, lines := readChanges(secret(map[string]string{"config.json": "{}"}), secret(map[string]string{"config.json": many + `"z": 1}`}))
	require.Len(t, lines, mostShown+1)
	require.Equal(t, "4 more values of config.json change", lines[mostShown])
}

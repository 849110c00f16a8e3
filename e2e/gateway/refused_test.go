package gateway

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestRefused puts what this program refuses in a config.json, and what it lets pass, to a real gateway: it exits on what the refusal says
// that it exits on, and starts with everything else. The stand-in knows fewer of the gateway's rules, and is not asked. Documents with a
// PostgreSQL of somebody else would exit for want of it.
func TestRefused(t *testing.T) {
	program := os.Getenv(realVariable)
	if program == "" {
		t.Skip("no real gateway")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "gateway", "configjson", "testdata", "cases.yaml"))
	require.NoError(t, err)
	var cases []struct {
		Name, Gateway, Refused string
		Document               document
		Env                    map[string]string
	}
	require.NoError(t, yaml.UnmarshalStrict(text, &cases))
	on, tried := newBench(t, "gateway", program), 0
	for _, c := range cases {
		written, err := json.Marshal(c.Document)
		require.NoError(t, err)
		if strings.Contains(string(written), `"postgres"`) || strings.HasPrefix(c.Gateway, "exits ") {
			continue
		}
		tried++
		t.Run(c.Name, func(t *testing.T) {
			config := merged(document{
				"encryption_key": "env.BIFROST_ENCRYPTION_KEY",
				"config_store":   document{"enabled": true, "type": "sqlite", "config": document{"path": dataDir + "/config.db"}},
			}, c.Document)
			if _, own := c.Document["config_store"]; own {
				config["config_store"] = c.Document["config_store"]
			}
			replacePriceLists(config, on.provider.URL)
			text, err := json.Marshal(config)
			require.NoError(t, err)
			s := on.site(t)
			env := map[string]string{"BIFROST_ENCRYPTION_KEY": encryptionKey, "VK": appKey, "VK2": appKey + "2"}
			maps.Copy(env, c.Env)
			p := s.launchText(t, strings.ReplaceAll(string(text), dataDir, s.dir), env)
			err = p.ready(t.Context())
			if c.Gateway == "exits" {
				require.ErrorIs(t, err, errExited)
				return
			}
			require.NoError(t, err)
		})
	}
	require.Greater(t, tried, len(cases)/2)
}

package overlay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/overlay"
)

func stackValues() map[string]any {
	return map[string]any{
		"rollout": "full",
		"aws":     map[string]any{"accountId": "111122223333"},
		"ecs":     map[string]any{"subnets": []any{"subnet-1", "subnet-2"}},
		"gateway": map[string]any{"replicas": 2},
		"secrets": map[string]any{"license": map[string]any{"secure": "v1:abc"}},
	}
}

func TestOverlay(t *testing.T) {
	tests := map[string]struct {
		settings []string
		key      string
		want     any
	}{
		"a key":                     {[]string{"rollout=identity"}, "rollout", "identity"},
		"a new key":                 {[]string{"labels.team=x"}, "labels", map[string]any{"team": "x"}},
		"a number":                  {[]string{"gateway.replicas=5"}, "gateway", map[string]any{"replicas": 5}},
		"a truth value":             {[]string{"protectIdentities=true"}, "protectIdentities", true},
		"a list":                    {[]string{"ecs.subnets=[a, b]"}, "ecs", map[string]any{"subnets": []any{"a", "b"}}},
		"an entry":                  {[]string{"ecs.subnets[0]=x"}, "ecs", map[string]any{"subnets": []any{"x", "subnet-2"}}},
		"an entry appended":         {[]string{"ecs.subnets[2]=x"}, "ecs", map[string]any{"subnets": []any{"subnet-1", "subnet-2", "x"}}},
		"an entry removed":          {[]string{"ecs.subnets[0]=null"}, "ecs", map[string]any{"subnets": []any{"subnet-2"}}},
		"a new list":                {[]string{"eks.x[0].y=z"}, "eks", map[string]any{"x": []any{map[string]any{"y": "z"}}}},
		"a quoted key":              {[]string{`gateway.config["a.b"]=c`}, "gateway", map[string]any{"replicas": 2, "config": map[string]any{"a.b": "c"}}},
		"a key removed":             {[]string{"gateway=null"}, "gateway", nil},
		"an equals sign":            {[]string{"rollout=a=b"}, "rollout", "a=b"},
		"an empty text":             {[]string{"rollout="}, "rollout", ""},
		"text that is no YAML":      {[]string{"x=@a"}, "x", "@a"},
		"a date is text":            {[]string{"x=2026-01-02"}, "x", "2026-01-02"},
		"digits for a text":         {[]string{"aws.accountId=012345678901"}, "aws", map[string]any{"accountId": "012345678901"}},
		"digits for a new text":     {[]string{"eks.clusterName=012"}, "eks", map[string]any{"clusterName": "012"}},
		"an exponent for a text":    {[]string{"ecs.env.A=1e3"}, "ecs", map[string]any{"subnets": []any{"subnet-1", "subnet-2"}, "env": map[string]any{"A": "1e3"}}},
		"digits in a list of texts": {[]string{"ecs.subnets[2]=0x1"}, "ecs", map[string]any{"subnets": []any{"subnet-1", "subnet-2", "0x1"}}},
		"digits within an object":   {[]string{"tags={cost-center: 0471, version: 1.10, team: ai}"}, "tags", map[string]any{"cost-center": "0471", "version": "1.10", "team": "ai"}},
		"digits within a list":      {[]string{"ecs={subnets: [0x1, 1_0], containerInsights: true}"}, "ecs", map[string]any{"subnets": []any{"0x1", "1_0"}, "containerInsights": true}},
		"digits within free JSON":   {[]string{"gateway={replicas: 3, config: {port: 010}}"}, "gateway", map[string]any{"replicas": 3, "config": map[string]any{"port": 8}}},
		"digits in free JSON":       {[]string{"gateway.config.port=5432"}, "gateway", map[string]any{"replicas": 2, "config": map[string]any{"port": 5432}}},
		"a password":                {[]string{`secrets.env.PIN=[0"`}, "secrets", map[string]any{"license": map[string]any{"secure": "v1:abc"}, "env": map[string]any{"PIN": `[0"`}}},
		"a secret is text":          {[]string{"secrets.env.PIN=0123"}, "secrets", map[string]any{"license": map[string]any{"secure": "v1:abc"}, "env": map[string]any{"PIN": "0123"}}},
		"in place of a secret":      {[]string{"secrets.license=x"}, "secrets", map[string]any{"license": "x"}},
		"the last of two wins":      {[]string{"rollout=a", "rollout=b"}, "rollout", "b"},
		"a later one builds on one": {[]string{"a.b=1", "a.c=2"}, "a", map[string]any{"b": 1, "c": 2}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inFile := stackValues()
			overlaid, err := overlay.Apply(inFile, test.settings)
			require.NoError(t, err)
			require.Equal(t, test.want, overlaid[test.key])
			require.Equal(t, stackValues(), inFile, "the file's values must stay as they are")
		})
	}
}

func TestOverlayRefuses(t *testing.T) {
	tests := map[string]string{
		"rollout":                  "--set rollout: has no value; write path=value",
		"=x":                       "has no path",
		"a[=x":                     "--set a[: is no path",
		"[0]=x":                    "must begin with a configuration key",
		"sandbox:nodes=[{}]":       "--set sandbox:nodes: is read from the stack file alone: write it there, below config",
		"bifrost:rollout=x":        "write the key without a prefix: rollout",
		"rollout.x=y":              `"x" is a key, but stands below a plain value`,
		"gateway[0]=y":             "[0] is an index, but stands below an object",
		"ecs.subnets.x=y":          `"x" is a key, but stands below a list`,
		"ecs.subnets[3]=y":         "[3] is beyond the list, which has 2 entries",
		"ecs.subnets[-1]=y":        "[-1] is beyond the list",
		"secrets.license.x=canary": `"x" lies in an encrypted value`,
	}
	for setting, want := range tests {
		t.Run(setting, func(t *testing.T) {
			_, err := overlay.Apply(stackValues(), []string{setting})
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}

// TestMalformed: a value that begins as a list, an object or a text in quotes does, and is none, is not taken for a text; the message has
// nothing of it.
func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`[*]`, `["a`, `{a: [b}`, `"a`, `'a`, `[{cidr: 10.0.0.0/8}`, `[@CANARY]`} {
		_, err := overlay.Apply(stackValues(), []string{"gateway.config.models=" + value})
		require.ErrorContains(t, err, "--set gateway.config.models: ", value)
		require.ErrorContains(t, err, `--set 'KEY=["*"]'`, value)
		require.NotContains(t, err.Error(), "CANARY")
		whole, err := overlay.Apply(stackValues(), []string{"eks.clusterName=" + value})
		require.NoError(t, err, "a text may be any")
		require.Equal(t, map[string]any{"clusterName": value}, whole["eks"])
	}
	_, err := overlay.Apply(stackValues(), []string{`gateway.config.models=["*"]`})
	require.NoError(t, err)
}

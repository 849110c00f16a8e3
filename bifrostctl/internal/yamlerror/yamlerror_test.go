package yamlerror_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/yamlerror"
)

const file = `config:
  bifrost:platform: azure
  bifrost:azure:
    subscriptionId: a
    tenantId: b
    location: westeurope
    resourceGroup: bifrost-dev
  bifrost:gateway:
    log:
      level: info
      style: json
    env:
      HOST: x
`

// TestExplain: the line is the one that is wrong, wherever the parser of the Pulumi CLI stops.
func TestExplain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		was, is string
		want    string
	}{
		"too little indent": {"    location", "   location", "line 6, column 4: its indent fits no line above it (look at lines 4 to 6), or the line above has no colon\n" +
			"  4 |     subscriptionId: a\n  5 |     tenantId: b\n> 6 |    location: westeurope\n  7 |     resourceGroup: bifrost-dev"},
		"no blank, as the last key": {"style: json", "style:json", "line 11, column 7: a colon and a blank are missing"},
		"no blank, before others":   {"level: info", "level:info", "line 10, column 7: a colon and a blank are missing"},
		"no colon":                  {"style: json", "style json", "line 11, column 7: a colon and a blank are missing"},
		"a tab":                     {"      HOST", "\tHOST", "line 13, column 1: a tab: YAML is indented with blanks alone"},
		"a key twice":               {"style: json", "level: warn", `line 11, column 7: mapping key "level" already defined at [10:7]`},
		"a reserved character":      {"HOST: x", "HOST: @x", "line 13, column 13: '@' is a reserved character"},
		"two colons":                {"HOST: x", "HOST: a: b", "line 13, column 13: the next line is indented deeper than its key, or a value with a colon needs quotes"},
		"too much indent before":    {"    subscriptionId: a", "      subscriptionId: a", "line 5, column 5: its indent fits no line above it (look at lines 4 to 5), or the line above has no colon\n  4 |       subscriptionId: a\n> 5 |     tenantId: b\n"},
		"too much, lines before":    {"    subscriptionId: a\n    tenantId: b", "      subscriptionId: a\n      tenantId: b", "line 6, column 5: its indent fits no line above it (look at lines 4 to 6), or the line above has no colon\n  4 |       subscriptionId: a\n"},
		"below the secrets":         {"  bifrost:gateway:\n    log:\n      level: info", "  bifrost:secrets:\n    log:\n      level:canary", "\n> 10 | (secrets are not shown)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, file, c.was)
			text := strings.Replace(file, c.was, c.is, 1)
			var into map[string]any
			err := yaml.Unmarshal([]byte(text), &into)
			require.Error(t, err)
			explained := yamlerror.Explain([]byte(text), err).Error()
			require.Contains(t, explained, c.want)
			require.NotContains(t, explained, "canary")
		})
	}
	unknown := errors.New("of another kind")
	require.Equal(t, unknown, yamlerror.Explain([]byte(file), unknown))
}

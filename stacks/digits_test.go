package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// TestDigits: what the file has as a number, and a text is wanted, must not change its digits on the way. YAML reads 0471 as 313.
func TestDigits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, key, handed string
		want              string
	}{
		"octal":                     {"config:\n  bifrost:tags:\n    cost center: 0471\n", "tags", `{"cost center":313}`, `bifrost:tags[cost center]: Invalid value: "313": the stack file has 0471, which is a number, and 313 as one: write the digits in quotes, "0471"`},
		"leading zero":              {"config:\n  bifrost:tags: {cc: 0815}\n", "tags", `{"cc":815}`, `the stack file has 0815`},
		"without the prefix":        {"config:\n  tags: {cc: 0815}\n", "tags", `{"cc":815}`, `write the digits in quotes, "0815"`},
		"hexadecimal, in a list":    {"config:\n  bifrost:gateway:\n    ingress:\n      hosts: [0x10]\n", "gateway", `{"ingress":{"hosts":[16]}}`, `the stack file has 0x10`},
		"a version":                 {"config:\n  bifrost:labels:\n    version: 1.10\n", "labels", `{"version":1.1}`, `"1.10"`},
		"an account":                {"config:\n  bifrost:aws: {accountId: 012345670123}\n", "aws", `{"accountId":1402433619}`, `bifrost:aws.accountId: Invalid value: "1402433619": the stack file has 012345670123`},
		"an anchor":                 {"config:\n  x:y: &a 0471\n  bifrost:tags: {cc: *a}\n", "tags", `{"cc":313}`, `"0471"`},
		"the same digits":           {"config:\n  bifrost:tags:\n    cc: 4711\n    v: 1.5\n", "tags", `{"cc":4711,"v":1.5}`, ""},
		"in quotes":                 {"config:\n  bifrost:tags:\n    cc: \"0471\"\n", "tags", `{"cc":"0471"}`, ""},
		"a quantity":                {"config:\n  bifrost:gateway: {cpuRequest: 0.50}\n", "gateway", `{"cpuRequest":0.5}`, ""},
		"a setting in its place":    {"config:\n  bifrost:tags: {cc: 0471}\n", "tags", `{"cc":5}`, ""},
		"another file":              {"config:\n  bifrost:labels: {cc: 0471}\n", "tags", `{"cc":313}`, ""},
		"an empty file":             {"", "tags", `{"cc":313}`, ""},
		"no YAML":                   {"config: [", "tags", `{"cc":313}`, ""},
		"a list where a map is":     {"config: [0471]\n", "tags", `{"cc":313}`, ""},
		"a longer list is asked of": {"config:\n  bifrost:gateway: {ingress: {hosts: []}}\n", "gateway", `{"ingress":{"hosts":[16]}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stacks.Parse("prod", stacks.Raw{Values: map[string]string{c.key: c.handed}, File: []byte(c.file)})
			require.Error(t, err, "much is missing")
			if c.want == "" {
				require.NotContains(t, err.Error(), "the stack file has 0")
				require.NotContains(t, err.Error(), "the stack file has 1")
				return
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "loses its leading zeros", "it is said once")
		})
	}
}

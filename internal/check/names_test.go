package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TestNames: names of each kind that its far end takes, and such as it refuses.
func TestNames(t *testing.T) {
	t.Parallel()
	p := field.NewPath("x")
	for kind, c := range map[string]struct {
		rule      func(*field.Path, string) field.ErrorList
		good, bad []string
	}{
		"log group": {LogGroupName, []string{"", "/ecs/bifrost", "/aws/ecs/x", "awsome/x"}, []string{"aws/x", "a b", strings.Repeat("a", 513)}},
		"bucket": {BucketName, []string{"", "logs-1", "a.b.c", "abc-s3"}, []string{"ab", "A-b", "a..b", "10.0.0.1", "xn--abc", "sthree-x", "amzn-s3-demo-x",
			"logs-s3alias", "x--ol-s3", "x.mrap", "x--x-s3", "x--table-s3", "-ab"}},
		"certificate": {CertificateName, []string{"llm.example.com", "*.example.com", "a.xn--p1ai"}, []string{"localhost", "llm.x", "*"}},
	} {
		for _, name := range c.good {
			require.Empty(t, c.rule(p, name), "%s %s", kind, name)
		}
		for _, name := range c.bad {
			require.Len(t, c.rule(p, name), 1, "%s %s", kind, name)
		}
	}
	require.Empty(t, DnsName(p, "a", strings.Repeat("a", 253), ""))
	require.Len(t, DnsName(p, "a", strings.Repeat("a", 254), ""), 1)
	require.Empty(t, Derived(p, "aaa", "b", "c", "it", 5))
	require.ErrorContains(t, Derived(p, "aaaa", "b", "c", "it", 5).ToAggregate(), "it is called baaaac, and has 5 characters at most; write a name of 3 at most")
	require.Len(t, Hosts(p, []string{"10.0.0.1"}), 1)
	require.Len(t, Annotations(p, map[string]string{"a": strings.Repeat("x", 256<<10)}), 1)
	require.Empty(t, Annotations(p, map[string]string{"a": strings.Repeat("x", 256<<10-1)}))
}

package review

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzRead: whatever a backend lists, a stack that is none of a pull request is never among those that go.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`[{"name": "acme/bifrost/review-pr12", "lastUpdate": "2026-11-24T21:00:00.000Z"}, {"name": "prod"}]`, `[{"name": "review-x", "updateInProgress": true}]`,
		`[{"name": "review-pr1", "lastUpdate": "yesterday"}]`, "{}", "null", "[null]", `[{"name": "my-review-pr12", "lastUpdate": "2020-01-01T00:00:00.000Z"}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := Read(bytes.NewReader(text), Limits{TTL: 72 * time.Hour, Known: true}, now)
		if err != nil {
			return
		}
		for _, s := range found {
			require.True(t, strings.HasPrefix(s.Name[strings.LastIndex(s.Name, "/")+1:], Prefix), s.Name)
			require.False(t, s.Running && s.Expired, "an operation runs on it")
			require.NotEmpty(t, s.Why+s.Updated.String())
		}
	})
}

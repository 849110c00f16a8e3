package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/report"
)

// FuzzReport: of every preview that is read there is a report, within its limit, the same each time, and no secret of the preview is in it.
func FuzzReport(f *testing.F) {
	const secret = "canary-5f0c"
	for _, file := range []string{"digest.json", "plan.json", "events.json"} {
		text, err := os.ReadFile(filepath.Join("..", "changes", "testdata", file))
		require.NoError(f, err)
		f.Add(text, 0)
	}
	masked := `{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "\"` + secret + `\""}`
	f.Add([]byte(`{"steps": [{"op": "update", "urn": "`+base+`a:b:C::x", "newState": {"type": "a:b:C", "inputs": {"a": `+masked+`}}, "oldState": {"type": "a:b:C", `+
		`"inputs": {"a": `+masked+`}}, "detailedDiff": {"a": {"kind": "update"}}}]}`), 500)
	f.Add([]byte(`{"steps": [{"op": "create", "urn": "`+base+`aws:iam/policy:Policy::x", "newState": {"type": "aws:iam/policy:Policy", "inputs": {"policy": "{}"}}}]}`), 1)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		set, err := changes.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		made := report.New(set, "").Markdown(0, "")
		require.NotEmpty(t, made)
		require.NotContains(t, made, "\x1b")
		require.NotContains(t, made, "\x00")
		// Only what the preview itself has in clear is shown.
		if strings.Contains(string(text), `plaintext": "\"`+secret) && strings.Count(string(text), secret) == 2 {
			require.NotContains(t, made, secret)
		}
		again, err := changes.Read(bytes.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, made, report.New(again, "").Markdown(0, ""), "two reports of one preview")
		if limit > 2000 {
			require.LessOrEqual(t, len(report.New(set, "").Markdown(limit, "elsewhere")), limit)
		}
	})
}

package fold_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/fold"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ line, want string }{
		"short":              {"  short", "  short"},
		"a sentence":         {"    one two three four five six seven eight nine ten", "    one two three four five six seven\n      eight nine ten"},
		"a long word":        {"  at arn:aws:iam::111122223333:role/BifrostECRPullRole it ends", "  at\n    arn:aws:iam::111122223333:role/BifrostECRPullRole\n    it ends"},
		"a command":          {"  bin/bifrostctl sandbox up aws-dev --set gateway.replicas=5", "  bin/bifrostctl sandbox up aws-dev --set gateway.replicas=5"},
		"in backticks":       {"  to mend it run `pulumi up --stack aws-dev --yes`, and wait", "  to mend it run\n    `pulumi up --stack aws-dev --yes`,\n    and wait"},
		"a pipe of commands": {"  openssl rand -base64 32 | pulumi config set --secret x", "  openssl rand -base64 32 | pulumi config set --secret x"},
		"behind a colon":     {"to have them later: bin/bifrostctl init production --rds-ca; or by hand", "to have them later:\n  bin/bifrostctl init production --rds-ca;\n  or by hand"},
		"a path behind it":   {"Edit Pulumi.prod.yaml, or: pulumi config set 'bifrost:gateway.x' 1", "Edit Pulumi.prod.yaml, or:\n  pulumi config set 'bifrost:gateway.x' 1"},
		"hyphens":            {"one two three four five six seven us-east-1-and-more", "one two three four five six seven\n  us-east-1-and-more"},
		"one backtick":       {"one two three four five six seven eight ` nine ten", "one two three four five six seven\n  eight ` nine ten"},
		"colours":            {"\x1b[1mone two three four five six seven eight\x1b[0m", "\x1b[1mone two three four five six seven eight\x1b[0m"},
		"nothing to say":     {strings.Repeat(" ", 60), strings.Repeat(" ", 60)},
	} {
		require.Equal(t, c.want, fold.Line(c.line, 40), name)
		for line := range strings.Lines(fold.Line(c.line, 40)) {
			if strings.Contains(strings.TrimSpace(line), " ") && !slices.Contains([]string{"a command", "a pipe of commands"}, name) {
				require.LessOrEqual(t, ansi.StringWidth(strings.TrimSpace(line)), 40, name)
			}
		}
	}
}

// TestWriter: a line waits for its end, and what is no terminal gets it as it is.
func TestWriter(t *testing.T) {
	t.Parallel()
	var shown bytes.Buffer
	w := fold.At(&shown, 40)
	for _, part := range []string{"one two three four five ", "six seven eight nine\nten", "\n"} {
		n, err := w.Write([]byte(part))
		require.NoError(t, err)
		require.Equal(t, len(part), n)
	}
	require.Equal(t, "one two three four five six seven\n  eight nine\nten\n", shown.String())

	require.Same(t, &shown, fold.Terminal(&shown))
	require.Same(t, &shown, fold.At(&shown, 10))
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	require.Same(t, file, fold.Terminal(file))
}

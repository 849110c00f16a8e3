package providers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// row is what the providers did in a move, each as lines.
type row struct {
	move move
	did  map[string][]string
}

// TestProviders compares the providers move by move, and the page with what they did. With -short it asks for the moves alone that can
// delete or replace what runs, and leaves the page as it is.
func TestProviders(t *testing.T) {
	var rows []row
	for _, suite := range []struct {
		name, file string
		moves      []move
		setup      []string
	}{
		{"made", "Pulumi.aws-dev.yaml", moves, []string{"pulumi config rm bifrost:ecs"}},
		{"adopted", "Pulumi.aws-dev.yaml", adopted, []string{"pulumi config rm bifrost:ecs"}},
		{"storage", "examples/minimal/Pulumi.minimal.yaml", storage, nil},
	} {
		if testing.Short() {
			suite.moves = briefOf(suite.moves)
		}
		if len(suite.moves) == 0 {
			continue
		}
		rows = append(rows, play(t, suite.name, suite.file, suite.setup, suite.moves)...)
	}
	fmt.Println(table(rows))
	for _, d := range unexplained(rows) {
		t.Errorf("%s: the %s %s", d.move, d.provider, d.line)
	}
	if testing.Short() {
		return
	}
	file := filepath.Join(repository, "docs", "provider.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	written := withTable(string(text), rows)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(written), 0o600))
	}
	for _, r := range unused(rows) {
		t.Errorf("nothing differs any more for this reason: %s", r.why)
	}
	if !*update {
		require.Equal(t, written, string(text), "docs/provider.md: make provider UPDATE=1 writes it anew")
	}
}

// play runs the moves with each of the providers, side by side.
func play(t *testing.T, name, file string, setup []string, moves []move) []row {
	rows := make([]row, len(moves))
	for i, m := range moves {
		rows[i] = row{m, map[string][]string{double: nil, live: nil, real: nil}}
	}
	results := map[string][][]string{}
	t.Run(name, func(t *testing.T) {
		for _, provider := range []string{double, live, real} {
			did := make([][]string, len(moves))
			results[provider] = did
			t.Run(provider, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, provider, file)
				for _, line := range setup {
					b.shell(t, line)
				}
				b.serve(t)
				for i, m := range moves {
					did[i] = b.play(t, m)
				}
				b.gone(t)
			})
		}
	})
	for i := range rows {
		for provider, did := range results {
			rows[i].did[provider] = did[i]
		}
	}
	return rows
}

// play makes one move, and returns what was done; nothing where the double cannot be asked.
func (b *bench) play(t *testing.T, m move) []string {
	t.Helper()
	t.Logf("%s: == %s", b.provider, m.name)
	for _, line := range m.changes {
		b.shell(t, line)
	}
	if m.notDouble != "" && b.provider == double {
		return nil
	}
	if b.provider == double {
		b.faulty(t, b.faults...) // what stands in a cluster beforehand is there from a serving's beginning
	}
	if m.byHand != nil {
		m.byHand(t, b)
	}
	if m.settles {
		return b.settle(t, m)
	}
	operations := m.operations
	if operations == nil {
		operations = []string{"preview", "up"}
	}
	before := b.workload(t)
	var lines []string
	for i, operation := range operations {
		var meanwhile func(*testing.T, func())
		if i == len(operations)-1 && m.meanwhile != nil {
			meanwhile = func(t *testing.T, interrupt func()) { m.meanwhile(t, b, interrupt) }
		}
		done := b.operation(t, operation, meanwhile).lines()
		done = slices.DeleteFunc(done, m.chance)
		lines = append(lines, told(operation, done)...)
	}
	if after := b.workload(t); before != "" && after != "" && before != after && b.plane != nil {
		t.Logf("%s: %s: the workload is another one", b.provider, m.name)
	}
	b.keeps(t, m)
	return lines
}

// chance tells of a line that is another one each time, because something else fails beside it.
func (m move) chance(line string) bool {
	if m.besides != "" && strings.Contains(line, m.besides+" ") {
		return true
	}
	return m.only != "" && line != failing && !strings.Contains(line, m.only) && !strings.Contains(line, ": the stack: ")
}

// settle repeats an up, as a person does, and returns what the preview after it would do.
func (b *bench) settle(t *testing.T, m move) []string {
	t.Helper()
	before := b.workload(t)
	done := b.operation(t, "up", func(t *testing.T, interrupt func()) { m.meanwhile(t, b, interrupt) }).lines()
	for tries := 3; tries > 0 && slices.Contains(done, failing); tries-- {
		done = b.operation(t, "up", nil).lines()
	}
	require.NotContains(t, done, failing, b.provider)
	require.Equal(t, before, b.workload(t), "%s: the gateway is another one", b.provider)
	return told("preview", b.operation(t, "preview", nil).lines())
}

// told are the lines of an operation, each behind its name.
func told(operation string, done []string) []string {
	if len(done) == 0 {
		done = []string{"nothing"}
	}
	var lines []string
	for _, line := range done {
		lines = append(lines, operation+": "+line)
	}
	return lines
}

// difference is a line that only one of two providers has.
type difference struct{ move, provider, line string }

// differences between the real provider and ours.
func (r row) differences() []difference {
	var found []difference
	for _, ours := range []string{double, live} {
		if ours == double && r.move.notDouble != "" {
			continue
		}
		for _, line := range r.did[real] {
			if !slices.Contains(r.did[ours], line) {
				found = append(found, difference{r.move.name, ours, "lacks " + line})
			}
		}
		for _, line := range r.did[ours] {
			if !slices.Contains(r.did[real], line) {
				found = append(found, difference{r.move.name, ours, "has " + line})
			}
		}
	}
	return found
}

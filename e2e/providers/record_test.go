package providers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// event is what the tests look at of an event of the engine (pulumi, sdk/go/common/apitype/events.go).
type event struct {
	DiagnosticEvent *struct {
		URN, Message, Severity string
		Ephemeral              bool
	}
	ResourcePreEvent, ResOutputsEvent, ResOpFailedEvent *struct{ Metadata step }
}

// step is one of the engine's.
type step struct {
	Op, URN, Type string
	DetailedDiff  map[string]struct{ DiffKind string }
	New           *struct {
		Inputs struct{ Metadata any }
	}
}

// record is what the engine told of an operation, about Kubernetes alone: the steps of each resource in their order, and what was said.
type record struct {
	failed bool
	// steps are by resource; said are warnings and errors.
	steps map[string][]string
	said  []string
	// open are the resources whose step began and did not end.
	open map[string]bool
	// reading are those whose last step is a refresh.
	reading map[string]bool
}

func readRecord(t *testing.T, file string) record {
	t.Helper()
	r := record{steps: map[string][]string{}, open: map[string]bool{}, reading: map[string]bool{}}
	f, err := os.Open(file)
	if err != nil {
		return r // it failed before it began
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e))
		r.add(e)
	}
	slices.Sort(r.said)
	r.said = slices.Compact(r.said)
	return r
}

func (r *record) add(e event) {
	switch {
	case e.ResourcePreEvent != nil && watched(e.ResourcePreEvent.Metadata):
		s := e.ResourcePreEvent.Metadata
		r.open[s.name()] = true
		r.reading[s.name()] = s.Op == refresh
		if s.Op != refresh { // what came of it, its end says
			r.steps[s.name()] = append(r.steps[s.name()], s.Op+s.named()+s.diff())
		}
	case e.ResOutputsEvent != nil:
		r.end(e.ResOutputsEvent.Metadata)
	case e.ResOpFailedEvent != nil && watched(e.ResOpFailedEvent.Metadata):
		s := e.ResOpFailedEvent.Metadata
		delete(r.open, s.name())
		r.steps[s.name()] = append(r.steps[s.name()], s.Op+" fails")
	case e.DiagnosticEvent != nil && !e.DiagnosticEvent.Ephemeral && (e.DiagnosticEvent.Severity == "warning" || e.DiagnosticEvent.Severity == "error"):
		d := e.DiagnosticEvent
		if text := masked(d.Message); text != "" && !strings.Contains(text, "from $PATH at") {
			r.said = append(r.said, fmt.Sprintf("%s: %s: %s", d.Severity, shortName(d.URN), text))
		}
	}
}

// refresh is the step of a resource that is read anew.
const refresh = "refresh"

// end of a step. That of a refresh tells whether the read has found something else.
func (r *record) end(s step) {
	began := r.open[s.name()]
	delete(r.open, s.name())
	if !began || !r.reading[s.name()] || !watched(s) || s.Op == refresh && len(s.DetailedDiff) == 0 {
		return
	}
	if found := "is found changed" + s.diff(); !slices.Contains(r.steps[s.name()], found) {
		r.steps[s.name()] = append(r.steps[s.name()], found)
	}
}

// named tells whether a name is not known yet.
func (s step) named() string {
	if s.New == nil || !strings.HasPrefix(s.Op, "create") {
		return ""
	}
	metadata, _ := s.New.Inputs.Metadata.(map[string]any)
	if metadata == nil || metadata["name"] == unknown {
		return " (name unknown)"
	}
	return ""
}

// unknown is how the engine writes what is not known (pulumi, sdk/go/common/resource/plugin/rpc.go, UnknownStringValue).
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// watched: what happens to Kubernetes objects and to their provider. What stays as it is, and what is read, is no step.
func watched(s step) bool {
	return (strings.HasPrefix(s.Type, "kubernetes:") || s.Type == "pulumi:providers:kubernetes") && s.Op != "same" && s.Op != "read"
}

func (s step) name() string { return shortName(s.URN) }

// shortName is the kind of a URN's resource, with its name where a stack has several of the kind.
func shortName(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return "the stack"
	}
	types := strings.Split(parts[2], "$")
	kind := types[len(types)-1]
	return kind[strings.LastIndex(kind, ":")+1:] + " " + strings.TrimPrefix(parts[3], "eks-")
}

// diff tells which properties differ; an exclamation mark those that need a new object.
func (s step) diff() string {
	var paths []string
	for path, d := range s.DetailedDiff {
		mark := map[string]string{"add": "+", "delete": "-"}[strings.TrimSuffix(d.DiffKind, "-replace")]
		if strings.HasSuffix(d.DiffKind, "-replace") {
			mark += "!"
		}
		paths = append(paths, mark+path)
	}
	if len(paths) == 0 {
		return ""
	}
	slices.Sort(paths)
	return " {" + strings.Join(paths, ", ") + "}"
}

// failing says that an operation fails.
const failing = "it fails"

// lines is the record as text, one line a resource and one for each thing said.
func (r record) lines() []string {
	var lines []string
	if r.failed {
		lines = append(lines, failing)
	}
	for _, name := range slices.Sorted(maps.Keys(r.steps)) {
		lines = append(lines, name+": "+strings.Join(r.steps[name], ", then "))
	}
	for _, name := range slices.Sorted(maps.Keys(r.open)) {
		lines = append(lines, name+": was not done")
	}
	return append(lines, r.said...)
}

func (r record) empty() bool { return len(r.steps)+len(r.said) == 0 }

// masks hide what differs between two runs of one provider.
var masks = []struct {
	of *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`urn:pulumi:\S+::([^:\s"]+)`), "$1"},
	{regexp.MustCompile(`https?://127\.0\.0\.1:\d+`), "SERVER"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`pulumi-kubernetes-[0-9a-f]+`), "MANAGER"},
	{regexp.MustCompile(`-first-[0-9a-f]+(-[a-z0-9]{5})?`), "-first"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}`), "UID"},
	{regexp.MustCompile(`\?timeout=[^" ]+`), ""},
	{regexp.MustCompile(`(?i)server-side apply field conflict detected[.,] see \S+ for troubleshooting help\.?`), "CONFLICT"},
	{regexp.MustCompile(`\s+`), " "},
}

func masked(text string) string {
	for _, m := range masks {
		text = m.of.ReplaceAllString(text, m.by)
	}
	return strings.TrimSpace(text)
}

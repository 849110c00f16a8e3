package changes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// advice ends every error about what is no preview.
const advice = "give the output of `pulumi preview --json --show-sames`, a plan of `pulumi preview --save-plan=FILE`, or the output of " +
	"`bifrostctl sandbox preview STACK --json`"

// form is one of the forms of a preview, known by the keys of its first object.
type form struct {
	keys []string
	read func([]byte) (*Set, error)
}

// forms are in the order in which they are tried: what a former one needs, a later one does not have.
var forms = []form{
	{[]string{"resourcePlans"}, readPlan},
	{[]string{"manifest", "config"}, readPlan}, // of a stack without a resource
	{[]string{"stack", "result", "changes"}, readSandbox},
	{[]string{"sequence", "timestamp"}, readEvents},
	{[]string{"steps"}, readDigest},
	{[]string{"changeSummary"}, readDigest},
	{[]string{"diagnostics"}, readDigest},
	{[]string{"duration"}, readDigest},
}

// Read reads a preview in any of its forms. Lines around the document, which a shell may have mixed into it, are passed over; fields that
// are not known, too. An error says what the input is instead.
func Read(r io.Reader) (*Set, error) {
	// A shell on Windows writes UTF-16 with a mark at the beginning.
	text, err := io.ReadAll(transform.NewReader(r, unicode.BOMOverride(unicode.UTF8.NewDecoder())))
	if err != nil {
		return nil, fmt.Errorf("read the preview: %w", err)
	}
	document := fromFirstObject(text)
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("the preview is empty; did the command before the pipe fail? Else " + advice)
	}
	if document == nil {
		return nil, fmt.Errorf("this is no JSON of a preview, it begins with %q; %s", beginning(text), advice)
	}
	set, err := readForm(document)
	if err != nil {
		return nil, err
	}
	set.settle()
	return set, nil
}

func readForm(document []byte) (*Set, error) {
	var keys map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(document)).Decode(&keys); err != nil {
		return nil, broken(err, document)
	}
	for _, f := range forms {
		if !slices.ContainsFunc(f.keys, func(key string) bool { _, has := keys[key]; return !has }) {
			set, err := f.read(firstObjects(document, f))
			if err != nil {
				return nil, broken(err, document)
			}
			return set, nil
		}
	}
	if plan, has := keys["plan"]; has { // a plan with its version around it
		return readForm(plan)
	}
	return nil, misplaced(keys)
}

// firstObjects is the document without what comes behind it: events are many.
func firstObjects(document []byte, f form) []byte {
	if slices.Contains(f.keys, "sequence") {
		return withoutOtherLines(document)
	}
	var whole json.RawMessage
	if json.NewDecoder(bytes.NewReader(document)).Decode(&whole) != nil {
		return document
	}
	return whole
}

// withoutOtherLines leaves the lines that are objects: a last one may be cut off where an operation was killed.
func withoutOtherLines(text []byte) []byte {
	var kept bytes.Buffer
	for line := range bytes.Lines(text) {
		if json.Valid(line) {
			kept.Write(line)
		}
	}
	return kept.Bytes()
}

// fromFirstObject is the text from the first line on that begins an object; nil where none does.
func fromFirstObject(text []byte) []byte {
	rest := text
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
			return rest
		}
		rest = rest[len(line):]
	}
	return nil
}

func broken(err error, document []byte) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "unexpected end of JSON input") {
		return fmt.Errorf("the preview is cut off after %d bytes; run the command again, and look at what it says on its error output",
			len(document))
	}
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) {
		return fmt.Errorf("the preview has a %s at %q, at byte %d, where no version of Pulumi writes one; %s", mistyped.Value,
			strings.NewReplacer("Planned.", "", "PreviewStep.", "").Replace(mistyped.Field), mistyped.Offset, advice)
	}
	return fmt.Errorf("the preview is no well-formed JSON: %w; %s", err, advice)
}

// misplaced says what a document is that is none of a preview.
func misplaced(keys map[string]json.RawMessage) error {
	_, deployment := keys["deployment"]
	_, checkpoint := keys["checkpoint"]
	switch {
	case deployment, checkpoint:
		return errors.New("this is a stack's state, which does not say what changes; " + advice)
	case len(keys) == 0:
		return errors.New("this JSON object is empty; " + advice)
	}
	names := slices.Sorted(maps.Keys(keys))
	more := ""
	if most := 6; len(names) > most {
		names, more = names[:most], ", ..."
	}
	return fmt.Errorf("this JSON is no preview: it has the keys %s%s; %s", strings.Join(quoted(names), ", "), more, advice)
}

func quoted(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = fmt.Sprintf("%q", shorten(name))
	}
	return all
}

func beginning(text []byte) string {
	return shorten(strings.TrimSpace(string(text)))
}

// shorten is a text, or its first characters.
func shorten(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

package effects

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A longer text is shown by its beginning and its end, in characters.
const (
	longestValue = 200
	shownEnd     = 40
)

// Shown says a difference's change in one line, as "true → false", "added", "removed". hide has texts of secrets left out.
func (d Difference) Shown(hide func(Path, string) bool) string {
	before, after := d.shown(d.Before, hide), d.shown(d.After, hide)
	switch {
	case d.After.IsComputed() || d.After.IsOutput():
		return "not known before the up"
	case d.Before.IsNull() && !scalar(d.After):
		return "added"
	case d.After.IsNull() && !scalar(d.Before):
		return "removed"
	case d.Before.IsNull():
		return "added: " + after
	case d.After.IsNull():
		return "removed: " + before
	case before == after:
		return "another one, " + after
	}
	return before + " → " + after
}

func scalar(v resource.PropertyValue) bool { return !v.IsObject() && !v.IsArray() }

func (d Difference) shown(v resource.PropertyValue, hide func(Path, string) bool) string {
	switch {
	case v.IsComputed() || v.IsOutput():
		return "[unknown]"
	case v.IsNull():
		return "nothing"
	case v.IsObject():
		return fmt.Sprintf("{%d keys}", len(v.ObjectValue()))
	case v.IsArray():
		return fmt.Sprintf("[%d members]", len(v.ArrayValue()))
	case !v.IsString():
		text, _ := json.Marshal(v.Mappable()) // a number or a bool
		return string(text)
	}
	text := v.StringValue()
	if hide(d.Path, text) {
		return "[secret]"
	}
	if runes := []rune(text); len(runes) > longestValue {
		text = string(runes[:longestValue-shownEnd]) + "…" + string(runes[len(runes)-shownEnd:])
	}
	return fmt.Sprintf("%q", text)
}

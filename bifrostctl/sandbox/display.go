package sandbox

import (
	"bytes"
	"io"
	"sync"
)

// unwanted are lines of the CLI's that would send the reader to a stack of their own backend.
var unwanted = []string{
	"The resources in the stack have been deleted, but the history",
	"If you want to remove the stack completely, run `pulumi stack rm",
}

// display passes on what the CLI prints, line by line. It holds the lines back until it is opened: where the program
// refuses the configuration, the reasons alone are shown.
type display struct {
	w io.Writer

	// rows judges the lines.
	rows rows

	mu   sync.Mutex
	open bool
	// held is complete lines not passed on yet, partial the beginning of a line.
	held, partial bytes.Buffer
}

// Write implements io.Writer. It never fails: progress that cannot be shown must not end a deployment.
func (d *display) Write(text []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for line := range bytes.Lines(text) {
		d.partial.Write(line)
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		whole := d.partial.String()
		d.partial.Reset()
		d.held.WriteString(d.rows.of(whole))
	}
	if d.open {
		_, _ = d.held.WriteTo(d.w)
	}
	return len(text), nil
}

// show passes on what was held back, and from now on every line as it comes.
func (d *display) show() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = true
	_, _ = d.held.WriteTo(d.w)
}

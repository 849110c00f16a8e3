// Package fold breaks lines between words where a terminal would break them within, and indents what follows as the line was.
package fold

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// Terminal folds what a terminal shows. What goes elsewhere, such as into a file or a pipe, stays as it is.
func Terminal(w io.Writer) io.Writer {
	file, is := w.(*os.File)
	if !is || !term.IsTerminal(int(file.Fd())) {
		return w
	}
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil {
		width, _, _ = term.GetSize(int(file.Fd()))
	}
	return At(w, width)
}

// least is the least width at which folding makes a text easier to read.
const least = 40

// At folds at a width; not at one that no sentence fits.
func At(w io.Writer, width int) io.Writer {
	if width < least {
		return w
	}
	return &writer{w: w, width: width}
}

type writer struct {
	w     io.Writer
	width int

	mu      sync.Mutex
	partial bytes.Buffer
}

// Write implements io.Writer. A line that has not ended waits for its end.
func (f *writer) Write(text []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for line := range bytes.Lines(text) {
		f.partial.Write(line)
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		whole := strings.TrimSuffix(f.partial.String(), "\n")
		f.partial.Reset()
		if _, err := io.WriteString(f.w, Line(whole, f.width)+"\n"); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}

// commands begin lines that people copy into a shell: these, what stands in backticks, and a command behind a colon are not broken.
var commands = []string{"bifrostctl", "pulumi", "kubectl", "aws", "az", "gcloud", "export", "unset", "openssl", "curl", "--set"}

// behind is a command behind a colon, up to the end of its sentence or of the line.
var behind = regexp.MustCompile(`: (?:\S*/)?(?:bifrostctl|pulumi|kubectl|aws|az|gcloud|openssl|curl) (?:[^;,.]|[;,.]\S)+`)

// Wordwrap breaks at blanks and hyphens. For the time being those that it must leave alone are others: the blanks of commands, and all
// hyphens, since names and ARNs have them.
var (
	unbroken = strings.NewReplacer(" ", "\u00a0")
	broken   = strings.NewReplacer("\u00a0", " ", "\u2011", "-")
)

// Line is one line without its end, folded. Colours do not count.
func Line(line string, width int) string {
	plain := ansi.Strip(line)
	words := strings.Fields(plain)
	if ansi.StringWidth(line) <= width || len(words) == 0 || slices.Contains(commands, filepath.Base(words[0])) {
		return line
	}
	indent := plain[:len(plain)-len(strings.TrimLeft(plain, " \t"))] + "  "
	if ansi.StringWidth(indent) > width/2 {
		indent = "  "
	}
	parts := strings.Split(line, "`")
	for i := 1; i < len(parts)-1; i += 2 {
		parts[i] = unbroken.Replace(parts[i])
	}
	copied := behind.ReplaceAllStringFunc(strings.Join(parts, "`"), func(found string) string {
		return found[:2] + unbroken.Replace(found[2:])
	})
	text := strings.ReplaceAll(strings.TrimLeft(copied, " \t"), "-", "\u2011")
	// The first line may be as long as the others are without their indentation.
	folded := strings.ReplaceAll(ansi.Wordwrap(text, width-len(indent), " "), "\n", "\n"+indent)
	return indent[:len(indent)-2] + broken.Replace(folded)
}

// Words folds a text at blanks alone.
func Words(text string, width int) string {
	return broken.Replace(ansi.Wordwrap(strings.ReplaceAll(text, "-", "\u2011"), width, ""))
}

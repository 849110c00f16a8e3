package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/wholefile"
)

// Pictures draw what a preview changes.
type Pictures struct {
	// Touched is the touched part as a Mermaid diagram; empty where nothing is touched.
	Touched func(*changes.Set) string
	// Page writes a page with the whole graph; nil where there is none, and --html is refused.
	Page func(io.Writer, *changes.Set, *Report) error
}

// request is one command of a user.
type request struct {
	Pictures
	file, html, whole, failOn string
	limit                     int
}

// document is what --json prints beside the envelope.
type document struct {
	*Report
	Markdown string `json:"markdown"`
}

// Values of --fail-on.
const (
	onNothing = "nothing"
	onWarning = "warning"
	onVendor  = "vendor"
)

// Command returns the command "report [FILE|-]", with somebody's pictures.
func Command(pictures Pictures) *cobra.Command {
	r := request{Pictures: pictures}
	cmd := &cobra.Command{
		Use:   "report [FILE|-]",
		Short: "Say in Markdown what a preview would change, for a pull request",
		Long: `Reads a preview and says what a reviewer must know of it: who may now do what,
what becomes of pods and tasks, what hurts, and what the vendor must be told.

FILE, or the input where there is none or -, is what "pulumi preview --json
--show-sames" prints, a plan of "pulumi preview --save-plan=FILE", or what
"bifrostctl sandbox preview STACK --json" prints. No secret is in the report.`,
		Example: `  bifrostctl sandbox preview aws-dev --json | bifrostctl report -
  bifrostctl report preview.json --html report.html
  bifrostctl report preview.json --fail-on warning`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("report takes one file, or - for its input, not %d; see bifrostctl report --help", len(args))
			}
			return nil
		},
	}
	cli.Answers(cmd, func(cmd *cobra.Command, args []string, out io.Writer) (any, error) {
		r.file = cli.Stdin
		if len(args) == 1 {
			r.file = args[0]
		}
		return r.run(cmd, out)
	})
	flags := cmd.Flags()
	flags.StringVar(&r.html, "html", "", "write a page with the whole graph into this `file`, too")
	flags.IntVar(&r.limit, "limit", CommentLimit, "cut the report to so many `bytes`; 0 cuts nothing")
	flags.StringVar(&r.whole, "whole", "", "say with this `text`, in Markdown, where the whole report is if it is cut")
	flags.StringVar(&r.failOn, "fail-on", onNothing, "`what` makes the command fail: nothing, warning, or vendor (something that the "+
		"vendor must be told, or a warning)")
	cli.Values(cmd, "fail-on", onNothing, onWarning, onVendor)
	return cmd
}

func (r request) run(cmd *cobra.Command, out io.Writer) (any, error) {
	if !slices.Contains([]string{onNothing, onWarning, onVendor}, r.failOn) {
		return nil, fmt.Errorf("--fail-on %s: give nothing, warning or vendor", r.failOn)
	}
	if r.html != "" && r.Page == nil {
		return nil, errors.New("--html: this build draws no pages")
	}
	set, err := r.read(cmd)
	if err != nil {
		return nil, err
	}
	report := New(set, r.Touched(set))
	answer := document{report, report.Markdown(r.limit, r.whole)}
	if _, err := io.WriteString(out, answer.Markdown); err != nil {
		return answer, err
	}
	if err := r.page(set, report); err != nil {
		return answer, err
	}
	return answer, r.verdict(report)
}

func (r request) read(cmd *cobra.Command) (*changes.Set, error) {
	input, err := cli.Input(cmd, r.file)
	if err != nil {
		return nil, err
	}
	defer input.Close()
	set, err := changes.Read(input)
	if err != nil && r.file != cli.Stdin {
		return nil, fmt.Errorf("%s: %w", r.file, err)
	}
	return set, err
}

// page writes the page whole, or leaves what was there.
func (r request) page(set *changes.Set, report *Report) error {
	if r.html == "" {
		return nil
	}
	var text bytes.Buffer
	err := r.Page(&text, set, report)
	if err == nil {
		err = wholefile.Write(r.html, text.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("--html %s: %w", r.html, err)
	}
	return nil
}

// verdict is the error that the report itself comes to.
func (r request) verdict(report *Report) error {
	switch {
	case report.Failed:
		return &cli.FailedError{Err: fmt.Errorf("the preview of %s failed: the report has the reasons", cmp.Or(report.Stack, "the stack"))}
	case r.failOn != onNothing && len(report.Warnings) > 0:
		return &cli.FailedError{Err: fmt.Errorf("--fail-on %s: the report has %s", r.failOn, plural(len(report.Warnings), "warning"))}
	case r.failOn == onVendor && len(report.Vendor.Tell) > 0:
		return &cli.FailedError{Err: errors.New("--fail-on vendor: the vendor must be told")}
	}
	return nil
}

package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/cli"
	"bifrost/stacks"
)

// Result is the document that --json prints. Secrets are "[secret]" in it, and what a preview cannot know is "[unknown]".
type Result struct {
	cli.Envelope

	Stack string `json:"stack"`
	// Changes counts what the operation did, or would do.
	Changes Changes `json:"changes"`
	// Resources are the stack's resources after the operation; after a preview those that up would leave.
	Resources []Resource     `json:"resources"`
	Outputs   map[string]any `json:"outputs"`
	// Warnings are what the clouds report though nothing failed.
	Warnings []string `json:"warnings,omitempty"`
	// Planned is what the engine planned or did, as Pulumi's own digest of a preview has it.
	changes.Planned
	// Seconds is how long the command took.
	Seconds float64 `json:"seconds"`

	// events are what the engine told.
	events []apitype.EngineEvent
	// rollout is the stack's setting of that name.
	rollout stacks.Rollout
	// tag is that of the gateway's image, or its digest.
	tag string
	// unpublished is what unpublished returned.
	unpublished string
	// applied is the overlay of the last up, for an operation that is not one.
	applied []string
	// errorsShown says that the engine told of errors while it ran.
	errorsShown bool
}

// Changes counts resources as Pulumi's summary does: the stack itself, components and providers count too, what others made and
// the program reads does not, and a replaced resource counts once, as a replacement (neither its creation nor its deletion is counted).
type Changes struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Replace int `json:"replace"`
	Delete  int `json:"delete"`
	Same    int `json:"same"`
}

func countChanges(counts map[apitype.OpType]int) Changes {
	return Changes{
		Create: counts[apitype.OpCreate], Update: counts[apitype.OpUpdate], Replace: counts[apitype.OpReplace],
		Delete: counts[apitype.OpDelete], Same: counts[apitype.OpSame],
	}
}

// Resource is a resource of a stack. ID and Provider are empty for components, Parent for the stack itself.
type Resource struct {
	URN      string         `json:"urn"`
	Type     string         `json:"type"`
	Parent   string         `json:"parent"`
	Provider string         `json:"provider"`
	ID       string         `json:"id"`
	Inputs   map[string]any `json:"inputs"`

	protected bool
	// external is what the stack reads and others have.
	external bool
}

// isStack tells whether a resource is the stack itself, which holds the outputs.
func isStack(typ string) bool { return typ == string(resource.RootStackType) }

// plan fills the resources and outputs that the engine foresees.
func (r *Result) plan(report *recording) {
	for _, state := range report.left {
		r.Resources = append(r.Resources, Resource{
			URN: state.URN, Type: state.Type, Parent: state.Parent, Provider: state.Provider, ID: changes.Known(state.ID),
			Inputs: changes.Mask(state.Inputs).(map[string]any), protected: state.Protect,
		})
		if isStack(state.Type) {
			r.Outputs = changes.Mask(state.Outputs).(map[string]any)
		}
	}
}

// read fills the resources and outputs of an exported stack.
func (r *Result) read(exported apitype.UntypedDeployment) error {
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		return fmt.Errorf("read the stack's resources: %w", err)
	}
	for _, state := range deployment.Resources {
		if state.Delete {
			continue // replaced already; only its deletion is missing
		}
		r.Resources = append(r.Resources, Resource{
			URN: string(state.URN), Type: string(state.Type), Parent: string(state.Parent), Provider: state.Provider,
			ID: string(state.ID), Inputs: changes.Mask(state.Inputs).(map[string]any), protected: state.Protect,
			external: state.External,
		})
		if isStack(string(state.Type)) {
			r.Outputs = changes.Mask(state.Outputs).(map[string]any)
		}
	}
	return nil
}

// protected tells whether the stack has a resource that destroy may not delete.
func (r *Result) protected() bool {
	return slices.ContainsFunc(r.Resources, func(each Resource) bool { return each.protected })
}

// plain removes the engine's colour marks.
func plain(text string) string { return strings.TrimSpace(colors.Never.Colorize(text)) }

// shortestMasked is the length below which a secret is not looked for in other texts: it would blacken half of them.
const shortestMasked = 4

// maskText replaces secrets in a text that the engine did not mask, longer ones first: one may hold another. They may stand there
// as they are, quoted, or as a Kubernetes Secret has them.
func maskText(text string, secrets []string) string {
	var forms []string
	for _, secret := range secrets {
		quoted := strconv.Quote(secret)
		forms = append(forms, secret, quoted[1:len(quoted)-1])
		if len(secret) >= shortestMasked {
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(secret)))
		}
	}
	longest := slices.SortedFunc(slices.Values(forms), func(a, b string) int { return len(b) - len(a) })
	for _, secret := range longest {
		if len(secret) >= shortestMasked {
			text = strings.ReplaceAll(text, secret, changes.Masked)
		}
	}
	return text
}

// How the engine says, of the stack, that the program failed, and that something failed which it has told of already.
const (
	unhandled    = "an unhandled error occurred: "
	unhandledOne = unhandled + "1 error occurred:"
)

var echoes = []string{"update failed", "preview failed"}

// failure is the error that tells why an operation failed: what the program and the engine said, each reason once, or err
// itself where they said nothing.
func failure(err, programErr error, said []string) error {
	var reasons []error
	if programErr != nil {
		reasons = append(reasons, programErr)
	}
	for _, text := range said {
		repeated := programErr != nil && strings.HasPrefix(text, unhandledOne)
		if !repeated && !slices.Contains(echoes, text) {
			reasons = append(reasons, errors.New(strings.TrimPrefix(text, unhandled)))
		}
	}
	if len(reasons) == 0 {
		return err
	}
	return errors.Join(reasons...)
}

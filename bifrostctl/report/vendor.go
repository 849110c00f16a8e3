package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/handoff"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/checks"
)

// Vendor is what must be told.
type Vendor struct {
	// Tell are sentences in Markdown; none where nothing must be told.
	Tell []string `json:"tell"`
	// Known says that the preview has the stack's output vendorHandoff. Where it has not, Tell is judged by the identities that go.
	Known bool `json:"known"`
}

const handoffOutput = "vendorHandoff"

// pullers are the components whose identities pull from the vendor's registry.
var pullers = []string{
	"bifrost:index:EcrPullRole", "bifrost:index:EcrNodePull", "bifrost:index:AksWorkloadIdentity", "bifrost:index:GkePullIdentity",
	"bifrost:index:GcpFederation", "bifrost:index:EcsService",
}

// identities are types of what a vendor's allowlist may name.
var identities = []string{pulumitype.AwsRole, pulumitype.AzureManagedIdentity, pulumitype.GcpServiceAccount, pulumitype.GcpPool,
	pulumitype.GcpPoolProvider, pulumitype.AzureFederatedCredential}

func vendor(set *changes.Set) Vendor {
	v := Vendor{Tell: []string{}}
	before, after := set.Outputs()
	was, _ := principals(before)
	now, known := principals(after)
	known = known && set.Source != changes.Plan // which has no former outputs
	v.Known = known
	switch {
	case known && was == nil && len(now) > 0:
		v.Tell = append(v.Tell, fmt.Sprintf("New to the vendor: %s.", plural(len(now), "principal")))
	case known:
		for _, c := range handoff.Changes(was, now) {
			v.Tell = append(v.Tell, sentenceOf(c))
		}
	default:
		for _, step := range set.Steps {
			if step.Changes() && isPuller(step) && (goes(step) || step.Op == changes.Create) {
				v.Tell = append(v.Tell, fmt.Sprintf("%s is %s.", of(step), done[step.Op]))
			}
		}
	}
	return v
}

// done is what has been done to a resource after the up.
var done = map[changes.Op]string{
	changes.Create: "new", changes.Replace: "replaced", changes.Delete: "deleted", changes.Update: "updated",
}

func isPuller(step changes.Step) bool {
	_, types := componentOf(step)
	return slices.Contains(identities, step.Type) && slices.ContainsFunc(types, func(typ string) bool {
		return slices.Contains(pullers,
			typ)
	})
}

func sentenceOf(c handoff.Change) string {
	says := strings.Join(strings.Fields(c.Says), " ")
	if c.About == changes.Unknown {
		return "A principal whose name is not known before the up " + says
	}
	if c.Before == "" && c.Now == "" {
		return code(c.About) + " " + says
	}
	return fmt.Sprintf("%s %s (%s → %s)", code(c.About), says, code(c.Before), code(c.Now))
}

// principals are those of the output; false where it is not there, or not known before the up.
func principals(outputs map[string]any) ([]checks.Principal, bool) {
	entries, isList := outputs[handoffOutput].([]any)
	if !isList {
		return nil, false
	}
	text, err := json.Marshal(entries)
	if err != nil {
		return nil, false
	}
	all := []checks.Principal{}
	return all, json.Unmarshal(text, &all) == nil
}

// principalsOf are the texts by which the vendor may know somebody who pulls: each value of the former output.
func principalsOf(set *changes.Set) map[string]bool {
	before, _ := set.Outputs()
	all := map[string]bool{}
	entries, _ := before[handoffOutput].([]any)
	for _, entry := range entries {
		fields, _ := entry.(map[string]any)
		for name, value := range fields {
			if slices.Contains([]string{"principalArn", "principalId", "clientId", "serviceAccountEmail", "principal"}, name) &&
				text(value) != "" {
				all[strings.TrimPrefix(text(value), "serviceAccount:")] = true
			}
		}
	}
	return all
}

// known tells whether the vendor may know what a step does away with: by a name or id that was handed off or, where the preview has no such
// output, by the component that it belongs to.
func (f facts) known(step changes.Step) bool {
	if len(f.principals) == 0 {
		return isPuller(step)
	}
	if !slices.Contains(identities, step.Type) || step.Old == nil {
		return false
	}
	if f.principals[step.Old.ID] {
		return true
	}
	for _, value := range step.Old.Outputs {
		if f.principals[text(value)] {
			return true
		}
	}
	return len(step.Old.Outputs) == 0 && isPuller(step)
}

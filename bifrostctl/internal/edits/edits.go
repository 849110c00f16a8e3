// Package edits changes the sandbox's clouds as somebody with access to a cloud's console could, for tests.
package edits

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Edit is a change of the clouds that Pulumi does not learn of.
type Edit func(t testing.TB, w *served.World)

// The returns the live things of a type whose id holds a text: at least one, and the one alone whose id is the text.
func The(t testing.TB, w *served.World, typ, id string) []*world.Resource {
	t.Helper()
	var found []*world.Resource
	for _, r := range w.Resources {
		switch {
		case r.Type != typ || r.Deleted:
		case r.ID == id:
			return []*world.Resource{r}
		case strings.Contains(r.ID, id):
			found = append(found, r)
		}
	}
	require.NotEmpty(t, found, "no %s with %q in its id", typ, id)
	return found
}

// All makes several changes.
func All(edits ...Edit) Edit {
	return func(t testing.TB, w *served.World) {
		for _, edit := range edits {
			edit(t, w)
		}
	}
}

// Removed deletes things.
func Removed(typ, id string) Edit {
	return func(t testing.TB, w *served.World) {
		for _, r := range The(t, w, typ, id) {
			r.Deleted, r.Edited = true, true
		}
	}
}

// With sets properties of things, path=value, as `sandbox change` does.
func With(typ, id string, settings ...string) Edit {
	return func(t testing.TB, w *served.World) {
		for _, r := range The(t, w, typ, id) {
			state, err := overlay.Edit(r.State, settings)
			require.NoError(t, err)
			// What a cloud holds is JSON: a number is a float64.
			text, err := json.Marshal(state)
			require.NoError(t, err)
			r.State, r.Edited = nil, true
			require.NoError(t, json.Unmarshal(text, &r.State))
		}
	}
}

// Replacing changes a text in a property that is a text.
func Replacing(typ, id, property, old, new string) Edit {
	return func(t testing.TB, w *served.World) {
		for _, r := range The(t, w, typ, id) {
			before, _ := r.State[property].(string)
			require.Contains(t, before, old, "%s of %s", property, r.ID)
			r.State[property], r.Edited = strings.ReplaceAll(before, old, new), true
		}
	}
}

// WithoutAction takes an action out of the policy document that a property holds, and a statement that is left without any.
func WithoutAction(typ, id, property, action string) Edit {
	return func(t testing.TB, w *served.World) {
		for _, r := range The(t, w, typ, id) {
			text, _ := r.State[property].(string)
			var document map[string]any
			require.NoError(t, json.Unmarshal([]byte(text), &document))
			var statements []any
			taken := false
			for _, s := range document["Statement"].([]any) {
				statement := s.(map[string]any)
				actions, _ := statement["Action"].([]any)
				kept := slices.DeleteFunc(slices.Clone(actions), func(a any) bool { return a == action })
				taken = taken || len(kept) < len(actions)
				statement["Action"] = kept
				if len(kept) > 0 {
					statements = append(statements, statement)
				}
			}
			require.True(t, taken, "%s is not in %s", action, text)
			document["Statement"] = statements
			b, err := json.Marshal(document)
			require.NoError(t, err)
			r.State[property], r.Edited = string(b), true
		}
	}
}

// NotAllowlisted takes a role off the vendor's allowlist.
func NotAllowlisted(role string) Edit {
	return func(t testing.TB, w *served.World) {
		for _, policy := range The(t, w, pulumitype.AwsEcrRepositoryPolicy, "") {
			principals, err := w.Allowlist(policy)
			require.NoError(t, err)
			kept := slices.DeleteFunc(slices.Clone(principals), func(p string) bool { return strings.HasSuffix(p, "/"+role) })
			require.Less(t, len(kept), len(principals))
			w.SetAllowlist(policy, kept)
		}
	}
}

// AlsoAllowlisted is the vendor's answer to a new hand-off.
func AlsoAllowlisted(principals ...string) Edit {
	return func(_ testing.TB, w *served.World) {
		for _, policy := range w.Resources {
			if policy.Type == pulumitype.AwsEcrRepositoryPolicy {
				before, _ := w.Allowlist(policy)
				w.SetAllowlist(policy, append(before, principals...))
			}
		}
	}
}

// Later lets time go by in which nothing is refreshed.
func Later(d time.Duration) Edit { return func(_ testing.TB, w *served.World) { w.Later += d } }

// EKS changes the EKS clusters.
func EKS(change func(*world.EKSCluster)) Edit {
	return func(_ testing.TB, w *served.World) {
		for _, account := range w.AWS {
			for i := range account.EKS {
				change(&account.EKS[i])
			}
		}
	}
}

// AKS changes the AKS clusters.
func AKS(change func(*world.AKSCluster)) Edit {
	return func(_ testing.TB, w *served.World) {
		for _, subscription := range w.Azure {
			for i := range subscription.AKS {
				change(&subscription.AKS[i])
			}
		}
	}
}

// GKE changes the GKE clusters.
func GKE(change func(*world.GKECluster)) Edit {
	return func(_ testing.TB, w *served.World) {
		for _, project := range w.GCP {
			for i := range project.GKE {
				change(&project.GKE[i])
			}
		}
	}
}

// Kubernetes changes the clusters that a kubeconfig leads to.
func Kubernetes(change func(*world.KubernetesCluster)) Edit {
	return func(_ testing.TB, w *served.World) {
		for _, cluster := range w.Kubernetes {
			change(cluster)
		}
	}
}

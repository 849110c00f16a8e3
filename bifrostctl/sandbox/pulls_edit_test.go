package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// The edits of the pull cases: what somebody with access to a cloud's console could do.

const (
	policyType      = "aws:iam/policy:Policy"
	rolePolicyType  = "aws:iam/rolePolicy:RolePolicy"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	credentialType  = "azure-native:managedidentity:FederatedIdentityCredential"
	roleKind        = "kubernetes:rbac.authorization.k8s.io/v1:Role"
	bindingKind     = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	secretKind      = "kubernetes:core/v1:Secret"

	pullRole      = "BifrostECRPullRole"
	executionRole = "BifrostECSExecutionRole"
)

// edit is a change of the clouds that Pulumi does not learn of.
type edit = edits.Edit

func all(edits ...edit) edit {
	return func(t testing.TB, w *cloud.World) {
		for _, e := range edits {
			e(t, w)
		}
	}
}

func with(typ, id string, settings ...string) edit {
	return func(t testing.TB, w *cloud.World) {
		for _, r := range edits.The(t, w, typ, id) {
			state, err := edited(r.State, settings)
			require.NoError(t, err)
			r.State, r.Edited = state, true
		}
	}
}

// withoutAction takes an action out of a policy document, and a statement that is left without any.
func withoutAction(typ, id, property, action string) edit {
	return func(t testing.TB, w *cloud.World) {
		for _, r := range edits.The(t, w, typ, id) {
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

func notAllowlisted(principal string) edit {
	return func(t testing.TB, w *cloud.World) {
		for _, policy := range edits.The(t, w, world.ECRRepositoryPolicyType, "") {
			principals, err := w.Allowlist(policy)
			require.NoError(t, err)
			kept := slices.DeleteFunc(slices.Clone(principals), func(p string) bool { return strings.HasSuffix(p, "/"+principal) })
			require.Less(t, len(kept), len(principals))
			w.SetAllowlist(policy, kept)
		}
	}
}

// alsoAllowlisted is the vendor's answer to a new hand-off.
func alsoAllowlisted(principals ...string) edit {
	return func(_ testing.TB, w *cloud.World) {
		for _, policy := range w.Resources {
			if policy.Type == world.ECRRepositoryPolicyType {
				before, _ := w.Allowlist(policy)
				w.SetAllowlist(policy, append(before, principals...))
			}
		}
	}
}

func later(d time.Duration) edit { return func(_ testing.TB, w *cloud.World) { w.Later += d } }

func nodes(change func(*world.EKSCluster)) edit {
	return func(_ testing.TB, w *cloud.World) {
		for _, account := range w.AWS {
			for i := range account.EKS {
				change(&account.EKS[i])
			}
		}
	}
}

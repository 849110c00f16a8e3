package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/docs/reference"
)

// emptied is a value behind a key that has none.
var emptied any = map[string]any(nil)

// at is what stands at a path; false where nothing does.
func (s settings) at(path string) bool {
	var node any = map[string]any(s)
	for step := range strings.SplitSeq(path, ".") {
		object, _ := node.(map[string]any)
		if node = object[step]; node == nil {
			return false
		}
	}
	return true
}

// TestNothingStandsThere: a required key that is left empty is one problem, which says what is wanted and never that the key may go; and so is
// a place with nothing or something wrong in it. What follows from it, such as that nothing reads the ingress, would have a reader delete it.
func TestNothingStandsThere(t *testing.T) {
	t.Parallel()
	var required []string
	for _, row := range reference.Rows() {
		if row.Required == "**required**" && !strings.Contains(row.Path, "[]") {
			required = append(required, row.Path)
		}
	}
	require.Contains(t, required, "eks.clusterName")
	places := []string{"eks", "ecs", "aks", "gke", "kubernetes"}
	tried := 0
	for name, s := range everyStack(t) {
		for _, key := range slices.Concat(required, places, []string{"aws", "azure", "google"}) {
			if !s.at(key) {
				continue
			}
			values := map[string]any{"nothing": emptied}
			if slices.Contains(places, key) {
				values["a text"], values["a list"] = "production", []any{"a", "b"}
			}
			for what, value := range values {
				tried++
				t.Run(name+"/"+key+"/"+what, func(t *testing.T) {
					t.Parallel()
					problem := only(t, s.copied(t).set(key, value))
					require.Equal(t, key, problem.Field)
					require.NotContains(t, problem.Detail, "remove it")
				})
			}
		}
	}
	require.Greater(t, tried, 100)
}

// TestNothingSays: an empty key is told in the words of its reference.
func TestNothingSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack, key, want string
	}{
		"account":                     {"aws-dev", "aws.accountId", "nothing stands there; write the only account that the stack may change: 12 digits, in quotes where they begin with 0"},
		"cluster":                     {"aws-dev", "eks.clusterName", "nothing stands there; write an existing cluster: Kubernetes 1.27 or newer"},
		"EKS":                         {"aws-dev", "eks", "nothing stands there; write clusterName below it: an existing cluster: Kubernetes 1.27 or newer"},
		"AKS":                         {"azure-dev", "aks", "nothing stands there; write clusterName below it: an existing cluster with OIDC issuer"},
		"Azure":                       {"azure-dev", "azure", "nothing stands there; write subscriptionId, tenantId, location and resourceGroup below it"},
		"platform":                    {"azure-dev", "platform", "where the gateway runs: aws (EKS, ECS or both)"},
		"rollout":                     {"azure-dev", "rollout", "or remove it"},
		"log level":                   {"azure-dev", "gateway.log", "or remove it"},
		"a place of another platform": {"azure-dev", "eks", "or remove it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, only(t, stackFile(t, c.stack).set(c.key, emptied)).Detail, c.want)
		})
	}
}

// TestNoPlace: where no place is given at all, nothing says that a key of Kubernetes has no reader.
func TestNoPlace(t *testing.T) {
	t.Parallel()
	for name, s := range everyStack(t) {
		for _, place := range []string{"eks", "ecs", "aks", "gke", "kubernetes"} {
			s.set(place, nil)
		}
		for _, p := range refusedIn(t, s).Problems {
			require.NotContains(t, p.Detail, "no cluster of it", name)
		}
	}
}

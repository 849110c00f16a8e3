// Package rules_test holds docs/rules.md: which of the usual rules for Kubernetes and AWS hold of everything that a stack makes, whatever
// its stack file says.
package rules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/world"
)

// made are the objects of one stack.
type made struct {
	stack     string
	resources []*world.Resource
}

// everything is what the examples, the dev stacks and each way to pull make, once for all tests.
var everything = sync.OnceValue(func() func(t *testing.T) []made {
	var once sync.Once
	var all []made
	return func(t *testing.T) []made {
		t.Helper()
		once.Do(func() {
			ways := append(stacktest.Examples(t), stacktest.Pulls...)
			for _, stack := range append([]string{"local-dev"}, stacktest.DevStacks...) {
				ways = append(ways, stacktest.Way{Name: stack, Stack: stack})
			}
			for _, way := range ways {
				s := way.Start(t)
				s.Engine.MustUp()
				m := made{stack: way.Name}
				for _, r := range s.World.Resources {
					if !r.Seeded && !r.Deleted {
						m.resources = append(m.resources, r)
					}
				}
				all = append(all, m)
			}
		})
		require.Greater(t, len(all), 15)
		return all
	}
})()

// text is what a resource is asked to be, or a part of it.
func text(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	return string(encoded)
}

// workload is a pod template with where it comes from.
type workload struct {
	stack, kind, name string
	template          corev1.PodTemplateSpec
}

// workloads are all pod templates of all stacks.
func workloads(t *testing.T) []workload {
	t.Helper()
	var all []workload
	for _, m := range everything(t) {
		for _, r := range m.resources {
			var spec struct {
				Spec struct {
					Template    *corev1.PodTemplateSpec
					JobTemplate struct {
						Spec struct{ Template *corev1.PodTemplateSpec }
					}
				}
			}
			switch r.Type {
			case pulumitype.KubernetesDeployment, pulumitype.KubernetesStatefulSet, pulumitype.KubernetesJob, pulumitype.KubernetesCronJob:
			default:
				continue
			}
			require.NoError(t, json.Unmarshal([]byte(text(t, r.Inputs)), &spec))
			template := spec.Spec.Template
			if template == nil {
				template = spec.Spec.JobTemplate.Spec.Template
			}
			require.NotNil(t, template, r.ID)
			all = append(all, workload{m.stack, r.Type, r.ID, *template})
		}
	}
	require.Greater(t, len(all), 30)
	return all
}

// each asks a question of every container of every workload.
func each(t *testing.T, ask func(w workload, c corev1.Container)) {
	t.Helper()
	for _, w := range workloads(t) {
		for _, c := range append(w.template.Spec.InitContainers, w.template.Spec.Containers...) {
			ask(w, c)
		}
	}
}

// TestRestricted: Kubernetes' own judge of the Pod Security Standards finds nothing in any pod, by the newest rules that it knows. On
// OpenShift the namespace's constraint fills the user in.
func TestRestricted(t *testing.T) {
	judge, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	for _, w := range workloads(t) {
		verdict := policy.AggregateCheckResults(judge.EvaluatePod(level, &w.template.ObjectMeta, &w.template.Spec))
		require.True(t, verdict.Allowed, "%s: %s: %s", w.stack, w.name, verdict.ForbiddenDetail())
	}
}

// TestReadOnlyRoot: no container of ours can write into its image. The gateway's own may where the stack file says so.
func TestReadOnlyRoot(t *testing.T) {
	each(t, func(w workload, c corev1.Container) {
		require.NotNil(t, c.SecurityContext, "%s: %s: %s", w.stack, w.name, c.Name)
		require.NotNil(t, c.SecurityContext.ReadOnlyRootFilesystem, "%s: %s: %s says nothing", w.stack, w.name, c.Name)
		require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, "%s: %s: %s", w.stack, w.name, c.Name)
	})
}

// TestImagesAreNamed: no image is the newest of its name.
func TestImagesAreNamed(t *testing.T) {
	each(t, func(w workload, c corev1.Container) {
		_, tag, _ := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":")
		require.NotEmpty(t, tag, "%s: %s: %s", w.stack, w.name, c.Image)
		require.NotEqual(t, "latest", tag, "%s: %s: %s", w.stack, w.name, c.Image)
	})
}

// TestResources: every container asks for processor and memory, and has a limit of memory.
func TestResources(t *testing.T) {
	each(t, func(w workload, c corev1.Container) {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			require.Contains(t, c.Resources.Requests, name, "%s: %s: %s", w.stack, w.name, c.Name)
		}
		require.Contains(t, c.Resources.Limits, corev1.ResourceMemory, "%s: %s: %s", w.stack, w.name, c.Name)
	})
}

// TestNoToken: no pod has a token of the API server but those that write the pull Secret and those that find each other with it.
func TestNoToken(t *testing.T) {
	for _, w := range workloads(t) {
		require.NotEmpty(t, w.template.Spec.ServiceAccountName, "%s: %s", w.stack, w.name)
		require.NotEqual(t, "default", w.template.Spec.ServiceAccountName, "%s: %s", w.stack, w.name)
		require.NotNil(t, w.template.Spec.AutomountServiceAccountToken, "%s: %s", w.stack, w.name)
		require.False(t, *w.template.Spec.AutomountServiceAccountToken, "%s: %s", w.stack, w.name)
	}
}

// TestProbes: what serves is asked whether it is ready and alive.
func TestServersAreProbed(t *testing.T) {
	for _, w := range workloads(t) {
		if w.kind != pulumitype.KubernetesDeployment && w.kind != pulumitype.KubernetesStatefulSet {
			continue
		}
		c := w.template.Spec.Containers[0]
		require.NotNil(t, c.ReadinessProbe, "%s: %s", w.stack, w.name)
		require.NotNil(t, c.LivenessProbe, "%s: %s", w.stack, w.name)
	}
}

// TestNamespaced: nothing of a stack reaches beyond its namespace: no cluster role, and in a Role no wildcard, no shell, nobody else's
// Secret.
func TestNamespaced(t *testing.T) {
	roles := 0
	for _, m := range everything(t) {
		for _, r := range m.resources {
			require.NotContains(t, r.Type, ":ClusterRole", "%s: %s", m.stack, r.ID)
			if r.Type != pulumitype.KubernetesRole {
				continue
			}
			roles++
			var role struct {
				Rules []struct{ APIGroups, Resources, ResourceNames, Verbs []string }
			}
			require.NoError(t, json.Unmarshal([]byte(text(t, r.Inputs)), &role))
			for _, rule := range role.Rules {
				for _, words := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs} {
					require.NotContains(t, words, "*", "%s: %s", m.stack, r.ID)
				}
				for _, resource := range rule.Resources {
					require.NotContains(t, []string{"pods/exec", "pods/attach", "serviceaccounts/token", "roles", "rolebindings"}, resource, r.ID)
					if resource == "secrets" && !onlyCreates(rule.Verbs) {
						require.NotEmpty(t, rule.ResourceNames, "%s: %s reaches every Secret", m.stack, r.ID)
					}
				}
			}
		}
	}
	require.Greater(t, roles, 10)
}

// onlyCreates: who creates names nothing in the request's path, and so no name can be held to it.
func onlyCreates(verbs []string) bool { return len(verbs) == 1 && verbs[0] == "create" }

// TestPage: every test that is named in docs/rules.md is there; tools/doclinks looks for that of all pages. This one sees to the other way
// round: a test of this package is on the page.
func TestPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(stacktest.Project(t), "docs", "rules.md"))
	require.NoError(t, err)
	for _, name := range []string{"TestRestricted", "TestReadOnlyRoot", "TestImagesAreNamed", "TestResources", "TestNoToken", "TestServersAreProbed",
		"TestNamespaced", "TestAwsDocuments", "TestAwsTasks", "TestAwsBalancers"} {
		require.Contains(t, string(page), "`"+name+"`")
	}
}

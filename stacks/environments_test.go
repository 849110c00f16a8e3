package stacks_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// environment is a column of docs/environments.md: a place on its own, in the stack that a newcomer copies.
type environment struct {
	title, key, stack string
	// without are keys of that stack that belong to another place.
	without []string
	// choices are the keys that say who pulls, and how that one signs in, with their values.
	choices map[string][]string
	// handed is a stack with which the vendor is told something, where the stack to copy tells nothing.
	handed func(testing.TB) settings
}

var environments = []environment{
	{"EKS", "eks", "aws-dev", []string{"ecs"}, map[string][]string{
		"eks.pull": stacks.PullMode("").Values(), "eks.auth": stacks.SignIn("").Values(),
	}, nil},
	{"ECS", "ecs", "aws-dev", []string{"eks"}, nil, nil},
	{"AKS", "aks", "azure-dev", nil, map[string][]string{"aks.trust": stacks.Trust("").Values()}, nil},
	{"GKE", "gke", "google-dev", nil, map[string][]string{
		"gke.pull": stacks.GkePull("").Values(), "gke.auth": stacks.GkeSignIn("").Values(),
	}, nil},
	{"any Kubernetes", "kubernetes", "local-dev", nil, map[string][]string{"kubernetes.pull": stacks.ClusterPull("").Values()},
		federatedStack},
}

// TestEnvironments holds the table of docs/environments.md against the stacks: go test ./stacks -update writes it.
func TestEnvironments(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- written by go test ./stacks -update -->\n", "<!-- end -->\n"
	file := filepath.Join("..", "docs", "environments.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := before + begin + environmentsTable(t) + end + after
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "run go test ./stacks -update, and review the difference")
}

func environmentsTable(t *testing.T) string {
	t.Helper()
	rows := []struct {
		what string
		cell func(environment, *testing.T) string
	}{
		{"`platform`, object", func(e environment, t *testing.T) string {
			return code(fmt.Sprint(e.settings(t)["platform"])) + ", " + code(e.key)
		}},
		{"Stack to copy", func(e environment, _ *testing.T) string {
			return fmt.Sprintf("[%[1]s](../Pulumi.%[1]s.yaml)", e.stack)
		}},
		{"Examples", environment.examples},
		{"Image from", environment.registry},
		{"Who pulls", environment.pulls},
		{"Made for the pull", environment.identities},
		{"The vendor is told", environment.told},
		{"Login in the pull Secret", environment.login},
		{"kubectl signs in with", func(e environment, t *testing.T) string {
			cluster, ok := e.config(t).Cluster()
			if !ok {
				return "–"
			}
			return code(cluster.SignIn)
		}},
	}
	var b strings.Builder
	b.WriteString("| |")
	for _, e := range environments {
		b.WriteString(" " + e.title + " |")
	}
	b.WriteString("\n|" + strings.Repeat("---|", len(environments)+1) + "\n")
	for _, row := range rows {
		b.WriteString("| " + row.what + " |")
		for _, e := range environments {
			b.WriteString(" " + row.cell(e, t) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func code(text string) string { return "`" + text + "`" }

func (e environment) settings(t *testing.T) settings {
	t.Helper()
	s := stackFile(t, e.stack)
	for _, key := range e.without {
		s.set(key, nil)
	}
	return s
}

func (e environment) config(t *testing.T) *stacks.Config {
	t.Helper()
	return parsed(t, e.stack, e.settings(t))
}

func (e environment) graph(t *testing.T) *graphtest.Graph {
	t.Helper()
	return record(t, e.stack, e.settings(t))
}

// examples are those that run there.
func (e environment) examples(t *testing.T) string {
	t.Helper()
	var all []string
	files, err := filepath.Glob("../examples/*/Pulumi.*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		if filepath.Base(file) == "Pulumi."+name+".yaml" && example(t, name)[e.key] != nil {
			all = append(all, fmt.Sprintf("[%[1]s](../examples/%[1]s)", name))
		}
	}
	return strings.Join(all, ", ")
}

func (e environment) registry(t *testing.T) string {
	t.Helper()
	image := e.config(t).Image()
	if image.ArtifactRegistry() {
		return "Artifact Registry"
	}
	_, ours := image.Ecr()
	require.True(t, ours)
	return "Amazon ECR"
}

func (e environment) pulls(*testing.T) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(e.choices)) {
		all = append(all, code(key)+": "+strings.Join(e.choices[key], ", "))
	}
	if len(all) == 0 {
		return "the task's execution role"
	}
	return strings.Join(all, "; ")
}

// ourComponent is the type of a parent that is one of the program's components.
var ourComponent = regexp.MustCompile(`bifrost:index:(\w+)::`)

// identities are the components whose resources are a cloud's and let the image be pulled: those of rollout identity.
func (e environment) identities(t *testing.T) string {
	t.Helper()
	s := e.settings(t)
	if !slices.Contains(rollouts(e.stack), stacks.RolloutIdentity) {
		return "–"
	}
	var all []string
	for _, r := range record(t, e.stack, s.set("rollout", stacks.RolloutIdentity)).Resources {
		if parent := ourComponent.FindStringSubmatch(r.Request.GetParent()); r.Request.GetCustom() && parent != nil {
			all = append(all, code(parent[1]))
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// told are the keys of an entry of vendorHandoff.
func (e environment) told(t *testing.T) string {
	t.Helper()
	s, nothing := e.settings(t), ""
	if e.handed != nil {
		require.Empty(t, outputOf(t, s.graph(t, e.stack), "vendorHandoff"))
		s, nothing = e.handed(t), "nothing with its key; else "
	}
	var keys []string
	for _, entry := range outputOf(t, s.graph(t, e.stack), "vendorHandoff").([]any) {
		for key := range entry.(map[string]any) {
			if key != "platform" && key != "purpose" {
				keys = append(keys, code(key))
			}
		}
	}
	slices.Sort(keys)
	return nothing + strings.Join(slices.Compact(keys), ", ")
}

func (e environment) login(t *testing.T) string {
	t.Helper()
	cluster, ok := e.config(t).Cluster()
	if !ok {
		return "–"
	}
	lives := "until the vendor revokes it"
	if cluster.TokenLife > 0 {
		lives = fmt.Sprintf("%d hours", cluster.TokenLife/time.Hour)
		if cluster.TokenLife == time.Hour {
			lives = "one hour"
		}
	}
	text := fmt.Sprintf("%s, user `%s`, lives %s", cluster.Token, cluster.RegistryUser, lives)
	if jobs := e.graph(t).Of("kubernetes:batch/v1:CronJob"); len(jobs) > 0 {
		text += fmt.Sprintf("; fetched `%v`", jobs[0].Input(t, "spec.schedule"))
	}
	return text
}

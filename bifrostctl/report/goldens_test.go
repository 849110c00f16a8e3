package report_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/report"
)

var update = flag.Bool("update", false, "write the reports of the changes anew")

// kinds are changes of stacks that are up, each made by the engine itself.
var kinds = map[string]struct {
	way             stacktest.Way
	before, changes []string
	// rules are the warnings that the report must have, and no others.
	rules []string
	// first: nothing is up yet.
	first bool
	fault string
	fails bool
}{
	"first-up":     {way: stacktest.Way{Stack: "azure-dev"}, first: true},
	"nothing":      {way: stacktest.Way{Stack: "aws-dev"}},
	"replicas":     {way: stacktest.Way{Stack: "aws-dev"}, changes: []string{"gateway.replicas=5"}},
	"fewer-pods":   {way: stacktest.Way{Stack: "google-dev"}, changes: []string{"gateway.replicas=1"}, rules: []string{"availability"}},
	"image":        {way: stacktest.Way{Stack: "google-dev"}, changes: []string{"registry.image=europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.2.0"}},
	"config":       {way: stacktest.Way{Stack: "azure-dev"}, changes: []string{"gateway.config.client.enforce_auth_on_inference=false"}},
	"secret-value": {way: stacktest.Way{Stack: "aws-dev"}, changes: []string{"secrets.env.PG_PASSWORD=" + stacktest.Secret + "another"}},
	"policy-widened": {
		way:     stacktest.Way{Stack: "aws-dev"},
		changes: []string{"ecs.taskPolicyArns=[arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess]", "eks.gatewayPolicyArns=[arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess]"},
	},
	"trust-changed": {
		way: stacktest.Way{Stack: "azure-dev"}, changes: []string{"gateway.namespace=gateways"},
	},
	"principal-replaced": {way: stacktest.Way{Stack: "aws-dev"}, changes: []string{"eks.roleName=Other"}},
	"pull-moved":         {way: stacktest.RefreshIRSA, changes: []string{"eks.auth=podIdentity"}},
	"storage-changed":    {way: stacktest.Way{Stack: "local-dev"}, changes: []string{"registry.image=europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.2.0"}},
	"workload-replaced":  {way: stacktest.Way{Stack: "aws-dev", Settings: []string{stacktest.OnlyEKS}}, changes: []string{"gateway.namespace=gateways"}},
	"exposed":            {way: stacktest.Way{Stack: "azure-dev"}, changes: []string{"gateway.service={type: LoadBalancer, sourceRanges: [0.0.0.0/0], allowHttp: true}", "gateway.networkPolicy.fromAnywhere=true"}},
	"protection-removed": {way: stacktest.Way{Stack: "aws-dev"}, before: []string{"protectIdentities=true"}, changes: []string{"protectIdentities=false"}},
	"budget-shrunk":      {way: stacktest.Way{Stack: "azure-dev"}, before: []string{"gateway.replicas=3", "gateway.disruptionBudget.minAvailable=2"}, changes: []string{"gateway.replicas=3", "gateway.disruptionBudget.minAvailable=1"}},
	"encryption-key":     {way: stacktest.Way{Stack: "google-dev"}, changes: []string{"secrets.encryptionKey=" + stacktest.Secret + "another-key-of-some-length", "gateway.changeEncryptionKey=true"}},
	"component-deleted":  {way: stacktest.Way{Stack: "aws-dev"}, changes: []string{stacktest.OnlyEKS}},
	"preview-failed":     {way: stacktest.Way{Stack: "google-dev"}, changes: []string{"gke.clusterName=nope"}, fails: true},
	"key-is-another":     {way: stacktest.Way{Stack: "azure-dev"}, changes: []string{"secrets.encryptionKey=" + stacktest.Secret + "another-key-of-some-length"}, fails: true},
}

// TestKinds: the report of each kind of change is the one that is kept beside this test, on the platforms that have it.
func TestKinds(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := kind.way.Start(t)
			if !kind.first {
				s.Set(kind.before...).Engine.MustUp()
			}
			result := agreed(t, s, kind.changes)
			set := setOf(result)
			made := report.New(set, "")
			if !kind.fails {
				require.NoError(t, result.Err, result.Messages())
			}
			require.Equal(t, kind.fails, made.Failed)
			text := made.Markdown(report.CommentLimit, "")
			compare(t, name+".md", text)
			document, err := json.Marshal(made)
			require.NoError(t, err)
			for _, each := range []string{text, string(document)} {
				require.NotContains(t, each, stacktest.Secret)
			}
			if kind.rules != nil {
				require.Equal(t, kind.rules, rulesOf(made))
			}
		})
	}
}

// agreed previews a change, and agrees to what it asks to be agreed to.
func agreed(t *testing.T, s *stacktest.Stack, settings []string) *enginetest.Result {
	t.Helper()
	preview := s.Set(settings...).Engine.Preview()
	more := stacktest.Agreements(preview.Messages())
	if preview.Err == nil || len(more) == 0 {
		return preview
	}
	return s.Set(append(more, settings...)...).Engine.Preview()
}

// setOf reads the digest of a result in the way in which a document is read.
func setOf(result *enginetest.Result) *changes.Set {
	planned := result.Planned
	set := changes.OfPlanned(planned)
	set.Failed = set.Failed || result.Err != nil
	return set
}

func rulesOf(made *report.Report) []string {
	var rules []string
	for _, w := range made.Warnings {
		rules = append(rules, w.Rule)
	}
	return slices.Compact(rules)
}

// changing are parts of names that are other ones each time: fingerprints of what Jobs read, fakes among it, and what ARNs of secrets end in.
var changing = regexp.MustCompile(`(first-run|inputs|:secret:[A-Za-z0-9_./]+)-[0-9a-f]{6,10}`)

func compare(t *testing.T, file, text string) {
	t.Helper()
	text = changing.ReplaceAllString(text, "$1-FINGERPRINT")
	path := filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./report -run TestKinds -update")
	require.Equal(t, strings.Split(string(want), "\n"), strings.Split(text, "\n"))
}

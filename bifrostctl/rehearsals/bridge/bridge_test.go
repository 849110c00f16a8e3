// Package bridge_test holds what the doubles of the AWS and Google Cloud providers answer to Check and Diff against the real component
// that answers there: the Terraform bridge, of which e2e/bridge makes a provider with the doubles' own tables. `make bridge` runs it.
package bridge_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud/aws"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/gcp"
)

// ways make a resource of every type that the doubles of bridged providers model, with most of what the program can give it.
func ways(t testing.TB) []stacktest.Way {
	all := append(stacktest.Examples(t), stacktest.Pulls...)
	return append(all, stacktest.Way{
		Name: "ECS, names and a certificate", Stack: "aws-dev", Settings: []string{
			stacktest.OnlyECS, "ecs.securityGroups=null", stacktest.WithDns,
		},
	}, stacktest.Way{
		Name: "GKE, gateway's own account", Stack: "google-dev", Settings: []string{"gke.gatewayServiceAccount={roles: [roles/aiplatform.user]}"},
	}, stacktest.Way{
		Name: "EKS, OIDC provider made", Stack: "aws-dev", Settings: []string{stacktest.OnlyEKS, "eks.oidcProvider=create"},
		First: edits.Removed(pulumitype.AwsOidcProvider, ""),
	})
}

func bridgedProviders() []*double.Provider { return []*double.Provider{aws.Provider(), gcp.Provider()} }

// TestBridge asks both the same about each resource of the stacks: as it is, with each property given, taken away, changed, turned round,
// unknown and ignored, and with each property of its state changed by others.
func TestBridge(t *testing.T) {
	if os.Getenv(binary) == "" {
		t.Skip(binary + " names no program: `make bridge` builds it")
	}
	j := &judge{t: t, shapes: map[string]bool{}, types: map[string]bool{}, met: make([]bool, len(known)), told: map[string]bool{}}
	for _, way := range ways(t) {
		s := way.Start(t)
		samples := samplesOf(t, s, "aws", "gcp")
		for _, p := range bridgedProviders() {
			j.judge(s, p, samples)
		}
	}
	for _, p := range bridgedProviders() {
		for token := range p.Types {
			require.True(t, j.types[token] || framework[token], "no stack makes a %s", token)
		}
	}
	for i, row := range known {
		require.True(t, j.met[i], "both answer the same now, take the row out: %+v", row)
	}
	t.Logf("%d questions about %d types", j.asked, len(j.types))
}

// framework are the types that pulumi-aws serves with the bridge's other half, that for Terraform's plugin framework: it has no defaults in
// Check, does not look at names, and tells nothing from zero (pkg/pf/tfbridge).
var framework = map[string]bool{
	pulumitype.AwsPodIdentityAssociation: true, pulumitype.AwsIngressRule: true, pulumitype.AwsEgressRule: true,
}

type judge struct {
	t testing.TB
	// shapes and types are those that have been asked about.
	shapes, types map[string]bool
	asked         int
	// met are the rows of known that differ, told what was reported.
	met  []bool
	told map[string]bool
}

func (j *judge) judge(s *stacktest.Stack, p *double.Provider, samples []*sample) {
	t := j.t
	samples = slices.DeleteFunc(slices.Clone(samples), func(s *sample) bool {
		return p.Types[s.token] == nil || framework[s.token] ||
			j.shapes[s.shape()]
	})
	if len(samples) == 0 {
		return
	}
	of := tableOf(p, samples)
	real := bridged(t, of)
	servers, err := double.Serve(s.World, p)
	require.NoError(t, err)
	defer servers.Stop()
	for _, sample := range samples {
		if j.shapes[sample.shape()] {
			continue
		}
		j.shapes[sample.shape()], j.types[sample.token] = true, true
		row := of.Types[sample.token]
		fake := connect(t, servers.Addr(p.Package)).configure(sample.provider)
		for _, named := range sample.names(row) {
			j.ask(fake, real, p.Types[sample.token], row, named)
		}
	}
}

// names are the sample with a name that the program gives and with one that the provider makes up.
func (s *sample) names(row typeRow) []*sample {
	if row.Name == nil {
		return []*sample{s}
	}
	given, madeUp := *s, *s
	name := resource.PropertyPath{row.Name.Property}
	given.given = with(s.given, name, s.state[row.Name.Property])
	madeUp.given = with(s.given, name, nil)
	return []*sample{&given, &madeUp}
}

func (j *judge) ask(fake, real provider, typ *double.Type, row typeRow, s *sample) {
	fakeOlds, _ := fake.check(s, nil, s.given)
	realOlds, _ := real.check(s, nil, s.given)
	j.compare(s, question{what: "new"}, row.name(fakeOlds)+fake.plan(s, fakeOlds), row.name(realOlds)+real.plan(s, realOlds))
	if row.Name != nil && fakeOlds[row.Name.Property] != nil {
		fakeOlds[row.Name.Property], realOlds[row.Name.Property] = s.state[row.Name.Property], s.state[row.Name.Property]
	}
	for _, q := range questions(s, row.Properties) {
		news, refused := fake.check(s, fakeOlds, q.given)
		given := q.given
		if tags, ok := news["tags"]; ok {
			// pulumi-aws puts its default tags among the given ones before the bridge sees them (provider/tags.go).
			given = with(given, resource.PropertyPath{"tags"}, tags)
		}
		realNews, realRefused := real.check(s, realOlds, given)
		if realRefused {
			j.compare(s, q, fmt.Sprint("refused ", refused), "refused true")
			continue
		}
		j.compare(s, q,
			row.name(news)+fake.diff(s, q.state, fakeOlds, news, q.ignore),
			row.name(realNews)+real.diff(s, row.complete(suppressed(typ, q.state, realNews), q.gone()), realOlds, realNews, q.ignore))
	}
}

// name tells how a provider named what it was asked for.
func (r typeRow) name(inputs object) string {
	if r.Name == nil {
		return ""
	}
	name, _ := inputs[r.Name.Property].(string)
	listed, _ := inputs[defaults].([]any)
	if !slices.Contains(listed, any(r.Name.Property)) {
		return "named " + name + ": "
	}
	if end := len(name) - r.Name.Digits; end > 0 {
		name = name[:end] + strings.Repeat("0", r.Name.Digits)
	}
	return "named by the provider " + name + ": "
}

func (j *judge) compare(s *sample, q question, fake, real string) {
	j.asked++
	if fake == real {
		return
	}
	if i := slices.IndexFunc(known, func(d difference) bool { return d.meets(s, q) }); i >= 0 {
		j.met[i] = true
		return
	}
	text := fmt.Sprintf("%s, %s %s:\n\tdouble: %s\n\tbridge: %s", s.token, q.what, q.path.String(), fake, real)
	if !j.told[text] {
		j.told[text] = true
		j.t.Error(text)
	}
}

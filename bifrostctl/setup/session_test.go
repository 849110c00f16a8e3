package setup

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/verify/real"
	"bifrost/stacks"
)

// knowing is a finder that knows what a test says; an error is the answer of a cloud that cannot be asked.
type knowing map[string]any

func (k knowing) Knows(string) bool { return true }

func (k knowing) Find(_ context.Context, key string, _ *stacks.Config) ([]real.Choice, error) {
	err, _ := k[key].(error)
	found, _ := k[key].([]real.Choice)
	return found, err
}

// scripted is an asker with the answers of a test, by key; what it is offered it writes down.
type scripted struct {
	answers map[string]string
	// entered is what was left to be written by hand.
	entered map[string]string
	offered map[string][]string
	refused []string
	// explained is what stands above each question, and prefilled what can be edited, by its title.
	explained, prefilled map[string]string
}

func (s *scripted) answer(title, now string) string {
	for key, answer := range s.answers {
		if strings.Contains(title, key) {
			return answer
		}
	}
	return now
}

func (s *scripted) choose(title, _ string, from []option, now string) (string, error) {
	for _, o := range from {
		s.offered[title] = append(s.offered[title], o.value)
	}
	return s.answer(title, now), nil
}

func (s *scripted) several(title, _ string, from []option, now []string) ([]string, error) {
	for _, o := range from {
		s.offered[title] = append(s.offered[title], o.value)
	}
	answer := s.answer(title, strings.Join(now, ", "))
	if answer == "" {
		return nil, nil
	}
	return strings.Split(answer, ", "), nil
}

func (s *scripted) enter(title, about, now, _ string, valid func(string) error) (string, error) {
	s.explained[title], s.prefilled[title] = about, now
	answer := s.answer(title, now)
	for key, entered := range s.entered {
		if strings.Contains(title, key) {
			answer = entered
		}
	}
	if err := valid(answer); err != nil {
		s.refused = append(s.refused, title+": "+err.Error())
	}
	return answer, nil
}

func (s *scripted) agree(string, string, bool) (bool, error) { return false, nil }

// agreeing says yes to all that is asked for yes or no.
type agreeing struct{ asker }

func (agreeing) agree(string, string, bool) (bool, error) { return true, nil }

// asked is a session that asks for a new stack on a place.
func asked(t *testing.T, on string, finder knowing, ask *scripted) (*session, *bytes.Buffer) {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	var notes bytes.Buffer
	ask.offered, ask.explained, ask.prefilled = map[string][]string{}, map[string]string{}, map[string]string{}
	s := &session{request: request{name: "prod", on: on}, draft: &draft{dir: dir + "/../..", name: "prod"}, ask: ask, interactive: true,
		finder: finder, notes: &notes, ctx: t.Context()}
	require.NoError(t, s.begin(dir+"/none.yaml"))
	require.NoError(t, s.fill())
	return s, &notes
}

// TestLookedUp: what the clouds know is offered, and what goes with a choice is written along.
func TestLookedUp(t *testing.T) {
	s, notes := asked(t, "eks", knowing{
		"aws.region":                     []real.Choice{{Value: "eu-central-1"}},
		"aws.accountId":                  []real.Choice{{Value: "012345678901", About: "signed in as x"}},
		"eks.clusterName":                []real.Choice{{Value: "one"}, {Value: "two"}},
		"gateway.ingress.certificateArn": []real.Choice{{Value: "arn:aws:acm:eu-central-1:012345678901:certificate/0a1b2c3d-0000-4000-8000-000000000009", About: "llm.acme.com"}},
		"gateway.networkPolicy.from":     []real.Choice{{Value: "10.1.0.0/20"}, {Value: "10.1.16.0/20"}},
		"eks.gatewayPolicyArns":          []real.Choice{},
		"gateway.env.PG_HOST":            errors.New("AccessDenied: not you\nmore"),
	}, &scripted{answers: map[string]string{
		"aws.region": "eu-central-1", "aws.accountId": "012345678901", "eks.clusterName": "two",
		"registry.image":        "444455556666.dkr.ecr.eu-central-1.amazonaws.com/acme:2.1.0",
		"gateway.ingress.hosts": "llm.acme.com, chat.acme.com", "certificateArn": "arn:aws:acm:eu-central-1:012345678901:certificate/0a1b2c3d-0000-4000-8000-000000000009",
		"networkPolicy.from":  "10.1.0.0/20, 10.1.16.0/20",
		"What do you have?":   "ingress, bedrock, autoscaling, zones",
		"gatewayPolicyArns":   "arn:aws:iam::012345678901:policy/bedrock",
		"gateway.env.PG_HOST": "db.acme.com",
	}})
	require.Empty(t, s.ask.(*scripted).refused)
	require.NoError(t, finish(s.draft))
	require.Equal(t, []string{"one", "two", byHand}, s.ask.(*scripted).offered["The cluster (eks.clusterName)"])
	values := s.draft.values()
	require.Equal(t, map[string]any{"region": "eu-central-1", "accountId": "012345678901"}, values["aws"])
	gateway := values["gateway"].(map[string]any)
	require.Equal(t, map[string]any{"from": []any{map[string]any{"cidr": "10.1.0.0/20"}, map[string]any{"cidr": "10.1.16.0/20"}}}, gateway["networkPolicy"])
	require.NotContains(t, gateway, "monitoring")
	require.NotContains(t, gateway, "otel")
	require.Equal(t, "eu-central-1", s.draft.value("gateway.config.providers.bedrock.keys[0].bedrock_key_config.region"), "what follows from an answer is written, too")
	require.Equal(t, []any{"llm.acme.com", "chat.acme.com"}, s.draft.value("gateway.ingress.hosts"))
	require.Contains(t, notes.String(), "AccessDenied: not you\n")
	require.NotContains(t, notes.String(), "more\n")
}

// TestByHand: of a cloud without credentials it is told once, and then all is asked by hand.
func TestByHand(t *testing.T) {
	denied := errors.New("no credentials")
	_, notes := asked(t, "aks", knowing{"azure.subscriptionId": denied, "azure.tenantId": denied, "aks.clusterName": denied}, &scripted{answers: map[string]string{}})
	require.Equal(t, "No credentials of Azure are at hand (az login): what it knows is asked for by hand.\n", notes.String())
}

// TestGoesWith: a cluster brings its resource group and its location along.
func TestGoesWith(t *testing.T) {
	s, _ := asked(t, "aks", knowing{"aks.clusterName": []real.Choice{
		{Value: "mine", And: map[string]string{"aks.resourceGroup": "clusters", "azure.location": "swedencentral"}}}},
		&scripted{answers: map[string]string{"aks.clusterName": "mine"}})
	require.Equal(t, "clusters", s.draft.value("aks.resourceGroup"))
	require.Equal(t, "swedencentral", s.draft.value("azure.location"))
}

// TestRefusedAtOnce: the program's own words stand below a question, whatever the key is like.
func TestRefusedAtOnce(t *testing.T) {
	for _, c := range []struct{ on, key, entered, says string }{
		{"eks", "aws.accountId", "12", "12"},
		{"eks", "gateway.env.PG_HOST", "postgres://db.acme.com:5432", "host"},
		{"eks", "gateway.ingress.hosts", "llm_acme", "a DNS name"},
		{"aks", "gateway.config.providers.azure.keys[0].azure_key_config.endpoint", "acme.openai.azure.com", "begin with https://"},
		{"aks", "gateway.httpRoute.gateway", "My Gateway", "lowercase"},
	} {
		s, _ := asked(t, c.on, knowing{}, &scripted{answers: map[string]string{}, entered: map[string]string{c.key: c.entered}})
		require.True(t, slices.ContainsFunc(s.ask.(*scripted).refused, func(text string) bool {
			return strings.Contains(text, "("+c.key+"): ") && strings.Contains(text, c.says)
		}), "%s: %s", c.key, s.ask.(*scripted).refused)
	}
}

// TestKept: an example's value cannot be taken for one that is typed already; Enter alone keeps it where it may stay.
func TestKept(t *testing.T) {
	for _, p := range places {
		s, _ := asked(t, p.name, knowing{}, &scripted{answers: map[string]string{}})
		ask := s.ask.(*scripted)
		for title, now := range ask.prefilled {
			require.Empty(t, now, "%s: %s", p.name, title)
		}
		require.Contains(t, strings.ReplaceAll(ask.explained["Its login, which owns both databases (gateway.env.PG_USER)"], "\n", " "), "Enter alone keeps bifrost.", p.name)
		require.Equal(t, "bifrost", s.draft.value("gateway.env.PG_USER"), p.name)
		for _, refused := range ask.refused {
			require.NotContains(t, refused, "gateway.env.PG_USER")
		}
		require.True(t, slices.ContainsFunc(ask.refused, func(text string) bool {
			return strings.Contains(text, "(gateway.env.PG_HOST): a value of your own is needed")
		}), ask.refused)
	}
}

// TestAnswersOutlive: who answered what is refused as a whole need not answer again.
func TestAnswersOutlive(t *testing.T) {
	s, _ := asked(t, "eks", knowing{}, &scripted{answers: map[string]string{"What do you have?": "ingress, monitoring", "aws.region": "eu-central-1"},
		entered: map[string]string{"gateway.env.PG_HOST": "it's one", "gateway.ingress.hosts": "a.example.com, b.example.com"}})
	s.self = "bifrostctl"
	require.NoError(t, finish(s.draft))
	err := s.notWritten(sandbox.Judge(s.draft.dir, "prod", s.draft.file.Text()))
	_, command, is := strings.Cut(err.Error(), "change in it what is refused:\n")
	require.True(t, is, err)
	file, parseErr := syntax.NewParser().Parse(strings.NewReader(command), "")
	require.NoError(t, parseErr)
	words, parseErr := expand.Fields(nil, file.Stmts[0].Cmd.(*syntax.CallExpr).Args...)
	require.NoError(t, parseErr)
	require.Equal(t, []string{"bifrostctl", "init", "prod", "--on", "eks", "--yes", "--without"}, words[:7])
	require.Contains(t, words[7], "autoscaling")
	for _, setting := range []string{`aws.region="eu-central-1"`, `gateway.env.PG_HOST="it's one"`, `gateway.ingress.hosts=["a.example.com","b.example.com"]`} {
		require.Contains(t, words, setting)
	}
}

// TestExplained: each question that is written by hand says what its key is, and those about the database what a host is.
func TestExplained(t *testing.T) {
	for _, p := range places {
		s, _ := asked(t, p.name, knowing{}, &scripted{answers: map[string]string{}})
		explained := s.ask.(*scripted).explained
		for title, about := range explained {
			require.NotEmpty(t, about, "%s: %s", p.name, title)
		}
		require.Contains(t, strings.ReplaceAll(explained["The host of PostgreSQL 16 or newer, without scheme and port (gateway.env.PG_HOST)"], "\n", " "), "A host name or an IP address", p.name)
		require.Contains(t, explained["Its login, which owns both databases (gateway.env.PG_USER)"], "env.PG_PASSWORD", p.name)
	}
}

// TestAuthoritiesByHand: where the authorities cannot be fetched, such as behind a proxy, the error says from where they are, and how they
// are given by hand.
func TestAuthoritiesByHand(t *testing.T) {
	s, _ := asked(t, "eks", knowing{}, &scripted{answers: map[string]string{"aws.region": "eu-central-1"}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is fetched
	err := takeAuthorities(ctx, s.draft)
	for _, text := range []string{"HTTPS_PROXY", "save https://truststore.pki.rds.amazonaws.com/eu-central-1/eu-central-1-bundle.pem as rds-ca.pem",
		"--set gateway.postgres.caFile=rds-ca.pem"} {
		require.ErrorContains(t, err, text)
	}
	require.Equal(t, "examples/eks-production/rds-ca.pem", s.draft.value(caKey))

	var notes strings.Builder
	s.ctx, s.notes, s.self, s.ask = ctx, &notes, "bifrostctl", agreeing{s.ask}
	require.NoError(t, s.askAuthorities(), "whoever answers a question goes on without")
	require.True(t, strings.HasPrefix(notes.String(), "The certificate authorities of Amazon RDS were not fetched: "), notes.String())
	for _, text := range []string{"gateway.postgres.caFile stays examples/eks-production/rds-ca.pem, the example's placeholder", "a PEM file of your own",
		"Later: bifrostctl init prod --rds-ca\n", "\n  bifrostctl init prod --set gateway.postgres.caFile=rds-ca.pem\n"} {
		require.Contains(t, notes.String(), text)
	}
	require.NotContains(t, notes.String(), "in place of --rds-ca", "nobody has given it")
	require.Equal(t, "examples/eks-production/rds-ca.pem", s.draft.value(caKey))
}

// TestPlaces: the questions and parts of each place name keys that its example has, or may have.
func TestPlaces(t *testing.T) {
	for _, p := range places {
		d := &draft{dir: "../..", name: "x"}
		file, err := sourceFile("../..", p.example)
		require.NoError(t, err)
		_, err = copyOf(d, file)
		require.NoError(t, err)
		require.Equal(t, p.name, placeOf(d.config()).name)
		for _, q := range p.questions {
			require.True(t, q.free || d.there(q.key), "%s: the example has no %s", p.name, q.key)
			for _, also := range q.also {
				require.True(t, d.there(also), "%s: the example has no %s", p.name, also)
			}
			if q.part != "" {
				require.True(t, slices.ContainsFunc(p.parts, func(each part) bool { return each.name == q.part }), "%s: %s", p.name, q.part)
			}
		}
		for _, each := range p.parts {
			for _, key := range each.without {
				require.True(t, d.there(key), "%s, %s: the example has no %s", p.name, each.name, key)
			}
		}
	}
}

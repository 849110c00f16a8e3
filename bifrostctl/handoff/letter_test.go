package handoff_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/handoff"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

const (
	pullRole   = "arn:aws:iam::111122223333:role/BifrostECRPullRole"
	repository = "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub"
)

func onAWS(arn, id string) checks.Principal {
	return checks.Principal{Platform: "eks", Purpose: "refreshes", AccountID: "111122223333", PrincipalArn: arn, PrincipalID: id,
		Repositories: []string{repository}}
}

func onAKS(change func(*checks.Principal)) checks.Principal {
	p := checks.Principal{Platform: "aks", Trust: "aks", Issuer: "https://issuer/", Subject: "system:serviceaccount:bifrost:bifrost-pull",
		Audience: "api://AzureADTokenExchange", ClientID: "client", PrincipalID: "principal", TenantID: "tenant"}
	change(&p)
	return p
}

func asIs(*checks.Principal) {}

func onGKE(change func(*checks.Principal)) checks.Principal {
	p := checks.Principal{Platform: "gke", Purpose: "refreshes the pull Secret on GKE", ProjectID: "acme", ProjectNumber: "1",
		ServiceAccountEmail: "a@acme.iam.gserviceaccount.com"}
	change(&p)
	return p
}

func nodes(accounts ...string) func(*checks.Principal) {
	return func(p *checks.Principal) { p.ServiceAccountEmail, p.NodeServiceAccounts = "", accounts }
}

func onAny(jwks string) checks.Principal {
	return checks.Principal{Platform: "kubernetes", Issuer: "https://issuer", Subject: "system:serviceaccount:bifrost:bifrost-pull",
		Audience: "sts.googleapis.com", AttributeCondition: "assertion.sub == 'x'", Jwks: jwks}
}

// TestWhoPullsAtGoogle: the letter names each principal as IAM writes it, with the repository, and the keys of an issuer in one line.
func TestWhoPullsAtGoogle(t *testing.T) {
	t.Parallel()
	const principal = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/acme.svc.id.goog/subject/ns/bifrost/sa/bifrost-pull"
	for name, c := range map[string]struct {
		entry checks.Principal
		has   []string
		lacks string
	}{
		"a service account": {onGKE(asIs), []string{"From Google Cloud project acme, number 1,\nwhat refreshes the pull Secret on GKE:\n\n  serviceAccount:a@acme.iam.gserviceaccount.com\n",
			"      --member=serviceAccount:a@acme.iam.gserviceaccount.com\n", "REPOSITORY=projects/PROJECT/"}, "tokenCreator"},
		"a principal": {onGKE(func(p *checks.Principal) { p.ServiceAccountEmail, p.GooglePrincipal = "", principal }), []string{"      --member=" + principal + "\n"}, "serviceAccount:a@"},
		"nodes":       {onGKE(nodes("a@x", "b@x")), []string{"--member=serviceAccount:a@x\n", "--member=serviceAccount:b@x\n"}, "tokenCreator"},
		"the vendor's account": {onGKE(func(p *checks.Principal) { p.Impersonates = "hub@dist.iam.gserviceaccount.com" }), []string{
			"ACCOUNT=hub@dist.iam.gserviceaccount.com\n    PROJECT=dist\n", "--role=roles/iam.serviceAccountTokenCreator", `--member="serviceAccount:$ACCOUNT"`}, "configuration.json"},
		"an issuer":          {onAny(""), []string{"A workload on a Kubernetes cluster of our own.", "TOKEN_FILE=/var/run/service-account/token"}, "managed"},
		"keys of the issuer": {onAny(`{"keys": [ {"kid": "a"} ]}`), []string{"Google cannot reach the issuer", `    JWKS='{"keys":[{"kid":"a"}]}'` + "\n", "--jwk-json-path=jwks.json"}, "managed"},
	} {
		letter := written(t, handoff.Input{Principals: []checks.Principal{c.entry}})
		for _, has := range c.has {
			require.Contains(t, letter, has, name)
		}
		require.NotContains(t, letter, c.lacks, name)
		requireMailable(t, letter)
	}
}

func written(t *testing.T, in handoff.Input) string {
	t.Helper()
	letter, err := handoff.New(in)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, letter.Write(&text))
	return text.String()
}

// TestNothingAsked: a letter that asks for nothing is none.
func TestNothingAsked(t *testing.T) {
	t.Parallel()
	own := onAWS(pullRole, "AROA1")
	own.Repositories = []string{"arn:aws:ecr:us-east-1:111122223333:repository/cache/acme-hub"}
	for name, principals := range map[string][]checks.Principal{
		"a mirror":                  {},
		"a registry of one's own":   {own},
		"a federation of one's own": {onAKS(func(p *checks.Principal) { p.ServiceAccountEmail = "pull@acme.iam.gserviceaccount.com" })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := handoff.New(handoff.Input{Stack: "prod", Principals: principals})
			require.ErrorContains(t, err, "there is nothing to hand off")
		})
	}
}

// TestChanges: a renewal says what is other than in the last letter.
func TestChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, now []checks.Principal
		says        string
	}{
		"a role made again": {
			[]checks.Principal{onAWS(pullRole, "AROA1")}, []checks.Principal{onAWS(pullRole, "AROA2")},
			pullRole + "\n  was made again under its name: the policy means the former one until it is\n  saved anew.\n  before: AROA1\n  now: AROA2\n",
		},
		"another role": {
			[]checks.Principal{onAWS(pullRole+"Old", "AROA1")}, []checks.Principal{onAWS(pullRole, "AROA2")},
			pullRole + "\n  is new.\n- " + pullRole + "Old\n  pulls no more: please take its access away.\n",
		},
		"another cluster": {
			[]checks.Principal{onAKS(asIs)}, []checks.Principal{onAKS(func(p *checks.Principal) { p.Issuer = "https://other/" })},
			"- AKS: issuer\n  is another one.\n  before: https://issuer/\n  now: https://other/\n",
		},
		"another service account on GKE": {
			[]checks.Principal{onGKE(asIs)}, []checks.Principal{onGKE(func(p *checks.Principal) { p.ServiceAccountEmail = "b@acme.iam.gserviceaccount.com" })},
			"- serviceAccount:b@acme.iam.gserviceaccount.com\n  is new.\n- serviceAccount:a@acme.iam.gserviceaccount.com\n  pulls no more: please take its access away.\n",
		},
		"another node pool on GKE": {
			[]checks.Principal{onGKE(nodes("a@x"))}, []checks.Principal{onGKE(nodes("a@x", "b@x"))}, "- serviceAccount:b@x\n  is new.\n",
		},
		"other keys of an issuer": {
			[]checks.Principal{onAny(`{"keys": [1]}`)}, []checks.Principal{onAny(`{"keys": [2]}`)},
			"- A Kubernetes cluster of our own: keys of the issuer\n  is another one.\n  before: {\"keys\":[1]}\n  now: {\"keys\":[2]}\n",
		},
		"another identity": {
			[]checks.Principal{onAKS(asIs)},
			[]checks.Principal{onAKS(func(p *checks.Principal) { p.ClientID, p.PrincipalID = "client2", "principal2" })},
			"- AKS: client id\n  is another one.\n  before: client\n  now: client2\n- AKS: principal id\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, written(t, handoff.Input{Principals: c.now, Before: c.before}), c.says)
			require.NotContains(t, written(t, handoff.Input{Principals: c.now, Before: c.now}), "What has changed")
			require.NotContains(t, written(t, handoff.Input{Principals: c.now}), "What has changed")
		})
	}
}

// TestFromInput: what the Pulumi CLI prints becomes a letter, with an earlier one beside it; what it is not is an error.
func TestFromInput(t *testing.T) {
	t.Parallel()
	before := filepath.Join(t.TempDir(), "handoff.json")
	require.NoError(t, os.WriteFile(before, []byte(entries("AROA1")), 0o600))
	for name, c := range map[string]struct {
		args        []string
		stdin, want string
		fails       string
	}{
		"first":            {args: []string{"-"}, stdin: entries("AROA2"), want: "unique id AROA2"},
		"renewal":          {args: []string{"-", "--before", before}, stdin: entries("AROA2"), want: "before: AROA1"},
		"empty":            {args: []string{"-"}, stdin: "[]", fails: "there is nothing to hand off"},
		"no output":        {args: []string{"-"}, stdin: "", fails: "not what `pulumi stack output vendorHandoff --json` prints"},
		"all the outputs":  {args: []string{"-"}, stdin: `{"rollout": "full"}`, fails: "not what `pulumi stack output vendorHandoff --json` prints"},
		"no earlier file":  {args: []string{"-", "--before", before + "2"}, stdin: entries("AROA2"), fails: "--before: open"},
		"no repository":    {args: []string{"-"}, stdin: strings.ReplaceAll(entries("AROA2"), repository, "acme"), fails: `repository "acme" of vendorHandoff`},
		"sandbox of input": {args: []string{"-", "--sandbox"}, fails: "--sandbox: - reads the input"},
		"state alone":      {args: []string{"prod", "--state", "x"}, fails: "give --sandbox, too"},
		"no stack":         {fails: "handoff takes one stack, not 0 words"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := handoff.Command(nil)
			var out bytes.Buffer
			cmd.SetArgs(append([]string{}, c.args...))
			cmd.SetIn(strings.NewReader(c.stdin))
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			err := cmd.ExecuteContext(t.Context())
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				return
			}
			require.NoError(t, err)
			require.Contains(t, out.String(), c.want)
		})
	}
}

// TestOfStack: a stack without identities is told to make them, in the sandbox with the sandbox's command; one that lacks secrets, or is
// half edited, has its letter.
func TestOfStack(t *testing.T) {
	t.Parallel()
	whole := stacktest.New(t, "aws-dev").Look.Config
	edited := stacks.Raw{Values: map[string]string{"platform": "aws", "aws": `{"region": 7}`}}
	for name, c := range map[string]struct {
		config        stacks.Raw
		outputs       string
		prints, fails string
	}{
		"never up":    {whole, `{}`, "", "run `bifrostctl sandbox up aws-dev --set rollout=identity`"},
		"up":          {whole, `{"vendorHandoff": ` + entries("AROA1") + `}`, "We have now:\n  444455556666.dkr.ecr", ""},
		"half edited": {edited, `{"vendorHandoff": ` + entries("AROA1") + `}`, "unique id AROA1", ""},
		"odd outputs": {whole, `[]`, "", "read the outputs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := handoff.Command(func(_ context.Context, r service.RehearsalRequest) (*service.Rehearsal, error) {
				require.Equal(t, service.RehearsalRequest{Stack: "aws-dev", State: "kept"}, r)
				return &service.Rehearsal{Config: c.config, Outputs: []byte(c.outputs), Close: func() error { return nil }}, nil
			})
			var out bytes.Buffer
			cmd.SetArgs([]string{"aws-dev", "--sandbox", "--state", "kept"})
			cmd.SetOut(&out)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err := cmd.ExecuteContext(t.Context())
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				return
			}
			require.NoError(t, err)
			require.Contains(t, out.String(), c.prints)
			require.True(t, strings.HasPrefix(out.String(), "REHEARSAL, NOT TO BE SENT."), "it looks like a letter to be sent")
			require.NotContains(t, out.String(), stacktest.Secret)
		})
	}
}

// TestUnknownNames: where the vendor has not answered yet, its names stand in capitals.
func TestUnknownNames(t *testing.T) {
	t.Parallel()
	copied := configOf(t, stacktest.New(t, "azure-dev"))
	for _, config := range []*stacks.Config{nil, stacks.Lenient("prod", "", nil), copied} {
		letter := written(t, handoff.Input{Config: config, Principals: []checks.Principal{onAKS(asIs)}})
		require.Contains(t, letter, "    POOL=POOL\n")
		require.Contains(t, letter, "    ACCOUNT=NAME@PROJECT.iam.gserviceaccount.com\n")
		require.Contains(t, letter, "- The file credential-configuration.json")
		require.Equal(t, config == copied, strings.Contains(letter, "We have now"))
	}
}

func entries(id string) string {
	return `[{"platform": "eks", "purpose": "refreshes", "accountId": "111122223333", "principalArn": "` + pullRole + `",
		"principalId": "` + id + `", "repositories": ["` + repository + `"]}]`
}

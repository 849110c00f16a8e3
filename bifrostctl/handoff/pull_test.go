package handoff_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"bifrost/bifrostctl/handoff"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/world"
	"bifrost/stacks"
)

// TestLetterIsEnough: with a vendor who has done nothing the pull is refused; a vendor who does what the letter says, and nothing else,
// lets it in.
func TestLetterIsEnough(t *testing.T) {
	t.Parallel()
	for _, way := range stacktest.Pulls {
		t.Run(way.Name, func(t *testing.T) {
			t.Parallel()
			if way.KeyGiven {
				return // nobody is there to be let in before the key is given
			}
			s, letter := identities(t, way)
			if strings.Contains(way.Name, "own federation") {
				require.Empty(t, letter)
				return
			}
			requireMailable(t, letter)
			vendorHasNothing(s.World)
			vendorFollows(t, s.World, letter)
			s.Set().Engine.MustUp()

			refused, _ := identities(t, way)
			vendorHasNothing(refused.World)
			up := refused.Set().Engine.Up()
			require.Error(t, up.Err)
			require.Regexp(t, regexp.QuoteMeta(string(hop.NotAllowlisted))+"|"+regexp.QuoteMeta(string(hop.GoogleSTS))+
				"|"+regexp.QuoteMeta(string(hop.NoPullPermission))+"|"+regexp.QuoteMeta(string(hop.NoImpersonation)), up.Messages())
		})
	}
}

// identities are a stack with its identities alone, and its letter; no letter where nothing is asked.
func identities(t *testing.T, way stacktest.Way) (*stacktest.Stack, string) {
	t.Helper()
	s := way.Start(t).Set("rollout=identity")
	letter, err := handoff.New(inputOf(t, s, s.Engine.MustUp()))
	if err != nil {
		require.ErrorContains(t, err, "nothing to hand off")
		return s, ""
	}
	var text strings.Builder
	require.NoError(t, letter.Write(&text))
	return s, text.String()
}

func configOf(t *testing.T, s *stacktest.Stack) *stacks.Config {
	t.Helper()
	config, err := stacks.Parse(s.Way.Stack, s.Look.Config)
	require.NoError(t, err)
	return config
}

func inputOf(t *testing.T, s *stacktest.Stack, up *enginetest.Result) handoff.Input {
	t.Helper()
	text, err := json.Marshal(up.Outputs.Mappable())
	require.NoError(t, err)
	outputs, err := checks.ReadOutputs(text)
	require.NoError(t, err)
	// The names of the vendor's are those of the credential configuration, as if it had been sent already.
	return handoff.Input{Stack: filepath.Base(s.Way.Stack), Config: configOf(t, s), Answered: true, Principals: outputs.Handoff}
}

// requireMailable: a mail program wraps at white space, and may not know letters beyond ASCII. No secret of the stack is there.
func requireMailable(t *testing.T, letter string) {
	t.Helper()
	require.NotContains(t, letter, stacktest.Secret)
	for _, line := range strings.Split(letter, "\n") {
		require.True(t, len(line) <= 80 || len(strings.Fields(line)) == 1, "%d columns: %s", len(line), line)
		require.Equal(t, strings.TrimRight(line, " "), line)
		require.Equal(t, -1, strings.IndexFunc(line, func(r rune) bool { return r > unicode.MaxASCII || r == '\t' }), line)
	}
}

// ofVendor are the types that the vendor has made for the customer; the repository itself is there.
var ofVendor = []string{
	pulumitype.AwsEcrRepositoryPolicy, pulumitype.GcpPool, pulumitype.GcpPoolProvider, pulumitype.GcpServiceAccount,
	pulumitype.GcpServiceAccountMember, pulumitype.GcpRepositoryMember,
}

// vendorProject is the vendor's at Google Cloud; service accounts of other projects are the customer's.
const vendorProject = "bifrost-dist"

func vendorHasNothing(w *cloud.World) {
	for _, r := range w.Resources {
		theirs := r.Type == pulumitype.GcpServiceAccount && r.State["email"] == stacktest.GoogleVendor
		for _, typ := range ofVendor {
			if r.Type == typ && (typ == pulumitype.AwsEcrRepositoryPolicy || r.Scope == vendorProject && !theirs) {
				r.Deleted, r.Edited = true, true
			}
		}
	}
}

var codeLines = regexp.MustCompile(`(?m)^    (.*)$`)

// vendorFollows does what the code of a letter says.
func vendorFollows(t *testing.T, w *cloud.World, letter string) {
	t.Helper()
	var code []string
	for _, line := range codeLines.FindAllStringSubmatch(letter, -1) {
		code = append(code, line[1])
	}
	script := strings.Join(code, "\n")
	var statement json.RawMessage
	if strings.HasPrefix(script, "{") {
		decoder := json.NewDecoder(strings.NewReader(script))
		require.NoError(t, decoder.Decode(&statement))
		script = script[decoder.InputOffset():]
	}
	v := vendor{t, w, string(statement), t.TempDir()}
	file, err := syntax.NewParser().Parse(strings.NewReader(script), "letter")
	require.NoError(t, err)
	shell, err := interp.New(interp.Dir(v.dir), interp.StdIO(nil, io.Discard, io.Discard), interp.ExecHandlers(
		func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return v.exec }))
	require.NoError(t, err)
	require.NoError(t, shell.Run(t.Context(), file))
}

// vendor runs the letter's commands in the sandbox's clouds.
type vendor struct {
	t         *testing.T
	w         *cloud.World
	statement string
	// dir is where the commands write files.
	dir string
}

func (v vendor) exec(_ context.Context, args []string) error {
	var words []string
	flags := map[string]string{}
	for _, arg := range args {
		name, value, isFlag := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if strings.HasPrefix(arg, "--") && isFlag {
			flags[name] = value
			continue
		}
		words = append(words, arg)
	}
	run, known := commands[strings.Join(words[:min(4, len(words))], " ")]
	if !known {
		run, known = commands[strings.Join(words[:3], " ")]
	}
	require.True(v.t, known, "%v", args)
	run(v, words[len(words)-1], flags)
	return nil
}

func (v vendor) put(typ, scope, id string, state map[string]any) {
	v.w.Put(&world.Resource{Type: typ, Scope: scope, ID: id, Edited: true, Seeded: true, State: state})
}

func nothing(vendor, string, map[string]string) {}

// commands are what the letter may ask for, with what each does; the last word of a command is its object.
var commands = map[string]func(v vendor, object string, flags map[string]string){
	"aws ecr get-repository-policy":                         nothing,
	"gcloud services enable iam.googleapis.com":             nothing,
	"gcloud iam service-accounts get-iam-policy":            nothing,
	"gcloud artifacts repositories get-iam-policy":          nothing,
	"gcloud iam workload-identity-pools create-cred-config": nothing,

	"aws ecr set-repository-policy": func(v vendor, _ string, f map[string]string) {
		require.Equal(v.t, "file://policy.json", f["policy-text"])
		v.put(pulumitype.AwsEcrRepositoryPolicy, f["registry-id"]+"/"+f["region"], f["repository-name"], map[string]any{
			"repository": f["repository-name"], "policy": `{"Version": "2012-10-17", "Statement": [` + v.statement + `]}`,
		})
	},
	"gcloud iam workload-identity-pools create": func(v vendor, pool string, f map[string]string) {
		v.put(pulumitype.GcpPool, f["project"], poolID(f["project"], pool), map[string]any{
			"project": f["project"], "workloadIdentityPoolId": pool, "state": "ACTIVE", "disabled": false,
		})
	},
	"gcloud iam workload-identity-pools providers": func(v vendor, provider string, f map[string]string) {
		if f["issuer-uri"] == "" {
			return // describe
		}
		oidc := map[string]any{"issuerUri": f["issuer-uri"], "allowedAudiences": []any{f["allowed-audiences"]}}
		if file := f["jwk-json-path"]; file != "" {
			keys, err := os.ReadFile(filepath.Join(v.dir, file))
			require.NoError(v.t, err)
			oidc["jwksJson"] = string(keys)
		}
		key, value, _ := strings.Cut(f["attribute-mapping"], "=")
		pool := f["workload-identity-pool"]
		v.put(pulumitype.GcpPoolProvider, f["project"], poolID(f["project"], pool)+"/providers/"+provider, map[string]any{
			"project": f["project"], "workloadIdentityPoolId": pool, "workloadIdentityPoolProviderId": provider, "state": "ACTIVE",
			"disabled": false, "attributeCondition": f["attribute-condition"], "attributeMapping": map[string]any{key: value},
			"oidc": oidc,
		})
	},
	"gcloud iam service-accounts create": func(v vendor, name string, f map[string]string) {
		email := fmt.Sprintf("%s@%s.iam.gserviceaccount.com", name, f["project"])
		v.put(pulumitype.GcpServiceAccount, f["project"], "projects/"+f["project"]+"/serviceAccounts/"+email, map[string]any{
			"accountId": name, "email": email, "project": f["project"], "uniqueId": "1", "disabled": false,
		})
	},
	"gcloud iam service-accounts add-iam-policy-binding": func(v vendor, email string, f map[string]string) {
		account := "projects/" + f["project"] + "/serviceAccounts/" + email
		v.put(pulumitype.GcpServiceAccountMember, f["project"], account+"/"+f["role"]+"/"+f["member"], map[string]any{
			"serviceAccountId": account, "role": f["role"], "member": f["member"],
		})
	},
	"gcloud artifacts repositories add-iam-policy-binding": func(v vendor, repository string, f map[string]string) {
		parts := strings.Split(repository, "/")
		v.put(pulumitype.GcpRepositoryMember, parts[1], repository+"/"+f["role"]+"/"+f["member"], map[string]any{
			"project": parts[1], "location": parts[3], "repository": parts[5], "role": f["role"], "member": f["member"],
		})
	},
}

func poolID(project, pool string) string {
	return "projects/" + project + "/locations/global/workloadIdentityPools/" + pool
}

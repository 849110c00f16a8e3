package stacks_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/stretchr/testify/require"
	clientcmd "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/tools/clientcmd/api/latest"
	"sigs.k8s.io/yaml"

	"bifrost/stacks"
)

// FuzzConfiguration: whatever stands in a stack file, it is taken, or refused with problems that each have a key; never with a secret, and
// in the same way each time.
func FuzzConfiguration(f *testing.F) {
	found, err := filepath.Glob("../examples/*/Pulumi.*.yaml")
	require.NoError(f, err)
	for _, name := range append(found, "../Pulumi.aws-dev.yaml", "../Pulumi.azure-dev.yaml", "../Pulumi.google-dev.yaml", "../Pulumi.local-dev.yaml") {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var file struct {
			Config map[string]any `json:"config"`
		}
		if yaml.Unmarshal(text, &file) != nil || file.Config == nil {
			return
		}
		raw := stacks.Raw{Values: map[string]string{}, Secret: map[string]bool{"secrets": true}, Dir: "..", File: text}
		for key, value := range file.Config {
			key, own := strings.CutPrefix(key, stacks.Project+":")
			if !own && strings.Contains(key, ":") {
				raw.Foreign = append(raw.Foreign, key)
				continue
			}
			handed, isText := value.(string)
			if !isText {
				b, err := json.Marshal(value)
				require.NoError(t, err)
				handed = string(b)
			}
			raw.Values[key] = handed
		}
		raw.Values["secrets"] = `{"license": "` + canary + `", "adminPassword": "` + canary + `", "env": {"PG_PASSWORD": "` + canary + `"}}`
		stacks.Lenient("test", "", file.Config)
		requireExplained(t, raw)
	})
}

// requireExplained: a configuration is taken, or refused as it should be.
func requireExplained(t *testing.T, raw stacks.Raw) {
	t.Helper()
	_, err := stacks.Parse("test", raw)
	if err == nil {
		return
	}
	var refused *stacks.ConfigError
	require.ErrorAs(t, err, &refused)
	require.NotContains(t, err.Error(), canary)
	for _, p := range refused.Problems {
		require.NotEmpty(t, p.Field, "%v", p)
		require.NotEmpty(t, p.Error())
	}
	_, again := stacks.Parse("test", raw)
	require.EqualError(t, again, err.Error())
}

// FuzzCredentialConfig: the vendor's document is taken or refused at its keys, whatever it is.
func FuzzCredentialConfig(f *testing.F) {
	sent := stackFile(f, "azure-dev")["gcp"].(map[string]any)["credentialConfig"]
	text, err := json.Marshal(sent)
	require.NoError(f, err)
	f.Add(string(text))
	for _, seed := range []string{
		"{}", "[]", `"x"`, `{"type": "external_account"}`, `{"type": 1}`, `{"type": "external_account", "credential_source": []}`,
		`{"type": "service_account", "private_key": "` + canary + `"}`, `{"type": "external_account", "credential_source": {"file": 1, "format": {"type": []}}}`,
	} {
		f.Add(seed)
	}
	values := rawOf(f, stackFile(f, "azure-dev"))
	f.Fuzz(func(t *testing.T, document string) {
		if !json.Valid([]byte(document)) {
			return
		}
		raw := values
		raw.Values = map[string]string{}
		for key, value := range values.Values {
			raw.Values[key] = value
		}
		raw.Values["gcp"] = `{"credentialConfig": ` + document + `}`
		requireExplained(t, raw)
	})
}

// FuzzArnKeys: what a key takes for an ARN is one to AWS's own reader, of the stack's partition.
func FuzzArnKeys(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:iam::111122223333:role/x", "arn:aws:iam::aws:policy/AmazonBedrockFullAccess", "arn:aws-cn:iam::111122223333:role/x",
		"arn:aws:kms:us-east-1:111122223333:key/0a1b", "arn:aws:sns:us-east-1:111122223333:ops", "arn:aws:ecr:us-east-1:444455556666:repository/a/b",
	} {
		f.Add(seed)
	}
	keys := []string{"aws.assumeRoleArn", "aws.permissionsBoundary", "ecs.logKmsKeyArn", "ecs.secretKmsKeyArn", "eks.gatewayRoleArn"}
	f.Fuzz(func(t *testing.T, text string) {
		s := stackFile(t, "aws-dev")
		for _, key := range keys {
			s.set(key, text)
		}
		refused := map[string]bool{}
		_, err := stacks.Parse("test", rawOf(t, s))
		var problems *stacks.ConfigError
		if errors.As(err, &problems) {
			for _, p := range problems.Problems {
				refused[p.Field] = true
			}
		}
		for _, key := range keys {
			if refused[key] || text == "" {
				continue
			}
			parsed, err := arn.Parse(text)
			require.NoError(t, err, key)
			require.Equal(t, "aws", parsed.Partition, key)
			require.Regexp(t, `^[\x21-\x7e]+$`, text, key)
		}
	})
}

// FuzzKubeconfig: of a kubeconfig that client-go reads, the same cluster is found; what is none is refused without a word of it.
func FuzzKubeconfig(f *testing.F) {
	for _, seed := range []string{
		aksUserKubeconfig, strings.Replace(aksUserKubeconfig, "current-context: dev", "", 1), "a: b: c", "[]", "x", "{}",
		"contexts: [{name: a, context: {cluster: b}}]\ncurrent-context: a\n", "users: [{name: a, user: {token: " + canary + "}}]\nclusters: 7\n",
	} {
		f.Add(seed, "")
	}
	f.Add(aksUserKubeconfig, "nope")
	f.Fuzz(func(t *testing.T, text, context string) {
		server, err := stacks.FindServer(text, context)
		if err != nil {
			require.NotContains(t, err.Error(), canary)
			return
		}
		config := clientcmd.NewConfig()
		if _, _, err := latest.Codec.Decode([]byte(text), nil, config); err != nil {
			return // client-go is stricter, and says so when it signs in
		}
		if context == "" {
			context = config.CurrentContext
		}
		require.Contains(t, config.Contexts, context)
		require.Equal(t, config.Clusters[config.Contexts[context].Cluster].Server, server)
	})
}

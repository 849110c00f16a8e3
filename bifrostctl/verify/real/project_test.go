package real

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// recordedCLI answers commands of the Pulumi CLI with what 3.259 printed.
type recordedCLI map[string]string

// Version implements auto.PulumiCommand.
func (recordedCLI) Version() semver.Version { return semver.MustParse("3.259.0") }

// Run implements auto.PulumiCommand.
func (c recordedCLI) Run(_ context.Context, _ string, _ io.Reader, _, _ []io.Writer, _ []string, args ...string) (string, string, int, error) {
	command := strings.Join(args, " ")
	if out, ok := c[command]; ok {
		return out, "", 0, nil
	}
	return "", "SDK 2026/01/02 03:04:05 WARN Response has no supported checksum. Not validating response payload.\nerror: no stack named 'prod' found\n", 255, errors.New("exit status 255")
}

const printedConfig = `{
  "bifrost:aks": {"value": "{}", "objectValue": {}, "secret": false},
  "bifrost:aws": {"value": "{\"accountId\":\"111122223333\",\"region\":\"us-east-1\"}", "objectValue": {"accountId": "111122223333"}, "secret": false},
  "bifrost:eks": {"value": "{\"clusterName\":\"dev\"}", "objectValue": {"clusterName": "dev"}, "secret": false},
  "bifrost:gateway": {"value": "{\"replicas\":2,\"config\":{\"config_store\":{\"enabled\":true,\"type\":\"postgres\",\"config\":{\"host\":\"db\",\"port\":\"5432\",\"user\":\"u\",\"password\":\"env.OPENAI_KEY\",\"db_name\":\"b\",\"ssl_mode\":\"require\"}},\"logs_store\":{\"enabled\":false},\"encryption_key\":\"env.BIFROST_ENCRYPTION_KEY\",\"k\":\"env.OPENAI_KEY\"}}", "secret": false},
  "bifrost:platform": {"value": "aws", "secret": false},
  "bifrost:protectIdentities": {"value": "false", "secret": false},
  "bifrost:registry": {"value": "{\"image\":\"444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.0\"}", "secret": false},
  "bifrost:secrets": {"secret": true},
  "pulumi:disable-default-providers": {"value": "[\"*\"]", "objectValue": ["*"], "secret": false}
}`

func TestProject(t *testing.T) {
	const tail = " --stack prod --non-interactive"
	cli := recordedCLI{
		"config --json" + tail:                                printedConfig,
		"stack output --json --show-secrets=false" + tail:     `{"rollout":"full"}`,
		"stack export" + tail:                                 `{"version":3,"deployment":{"resources":[]}}` + "\n",
		"config get --path bifrost:secrets.kubeconfig" + tail: "apiVersion: v1\n",
	}
	p, err := open(t.Context(), runner{cli, ".", "prod"})
	require.NoError(t, err)
	require.Equal(t, `{"rollout":"full"}`, string(p.Outputs))
	require.Equal(t, `{"version":3,"deployment":{"resources":[]}}`, string(p.State))
	require.JSONEq(t, strings.ReplaceAll(`{"encryptionKey":"*","adminPassword":"*","license":"*","env":{"OPENAI_KEY":"*"}}`, "*", masked), p.Config.Values["secrets"], "no secret is asked for")
	require.Equal(t, []string{"pulumi:disable-default-providers"}, p.Config.Foreign)
	c, err := stacks.Parse("prod", p.Config)
	require.NoError(t, err)
	require.Equal(t, "dev", c.Eks.ClusterName)
	require.Nil(t, c.Aks)
	require.Equal(t, 2, c.Replicas())
	kubeconfig, err := p.Kubeconfig(t.Context())
	require.NoError(t, err)
	require.Equal(t, "apiVersion: v1", kubeconfig)
}

func TestProjectNeverUp(t *testing.T) {
	const tail = " --stack prod --non-interactive"
	p, err := open(t.Context(), runner{recordedCLI{"config --json" + tail: printedConfig, "stack output --json --show-secrets=false" + tail: "\n", "stack export" + tail: "\n"}, ".", "prod"})
	require.NoError(t, err)
	require.Equal(t, "{}", string(p.Outputs))
	require.Equal(t, "{}", string(p.State))
}

func TestProjectWithoutStack(t *testing.T) {
	_, err := open(t.Context(), runner{recordedCLI{}, ".", "prod"})
	require.EqualError(t, err, "pulumi config --json --stack prod: error: no stack named 'prod' found")
}

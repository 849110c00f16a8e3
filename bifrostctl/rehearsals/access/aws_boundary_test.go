package access_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
)

// TestBoundary: it holds all that the program's own policies and that for Bedrock give, and none of what makes more of it.
func TestBoundary(t *testing.T) {
	t.Parallel()
	bound := policies(t, "boundary")
	asks := 0
	for _, way := range awsWays {
		for _, r := range upIn(t, "aws-dev", way) {
			text := objectOf(r).text("policy")
			if r.Type != pulumitype.AwsPolicy && r.Type != pulumitype.AwsRolePolicy {
				continue
			}
			for _, q := range given(t, text) {
				require.True(t, may(t, bound, q), "%s: %s gives %s on %s", way.Name, r.URN.Name(), q.action, q.resource)
				asks++
			}
		}
	}
	require.Greater(t, asks, 20)
	bedrock := given(t, string(file(t, "aws/bedrock.json")))
	require.Len(t, bedrock, 5)
	for _, q := range bedrock {
		require.True(t, may(t, bound, q), "bedrock.json gives %s on %s", q.action, q.resource)
	}
	for _, q := range []asked{
		{"iam:CreateRole", account + "role/x", nil}, {"sts:AssumeRole", account + "role/x", nil},
		{"s3:GetObject", "arn:aws:s3:::payments/x", nil},
		{"secretsmanager:GetSecretValue", in("secretsmanager", "secret:payments/x"), nil},
		{"ecr:PutImage", "arn:aws:ecr:us-east-1:444455556666:repository/acme-hub", nil},
		{"kms:Decrypt", in("kms", "key/0a1b2c3d-0000-4000-8000-00000000000a"), nil},
		{"kms:Decrypt", in("kms", "key/x"), map[string]string{
			"kms:ViaService":                  "secretsmanager.us-east-1.amazonaws.com",
			"kms:EncryptionContext:SecretARN": in("secretsmanager", "secret:payments/x"),
		}},
	} {
		require.False(t, may(t, bound, q), "%s on %s", q.action, q.resource)
	}
}

// given are what a policy of the program gives, on one thing that each of its resources means.
func given(t *testing.T, text string) []asked {
	t.Helper()
	var document struct {
		Statement []struct {
			Action, Resource []string
			Condition        struct{ StringEquals, StringLike map[string]string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	var all []asked
	for _, s := range document.Statement {
		context := maps.Clone(s.Condition.StringEquals)
		for key, pattern := range s.Condition.StringLike {
			context[key] = strings.ReplaceAll(pattern, "*", "x")
		}
		for _, action := range s.Action {
			for _, arn := range s.Resource {
				all = append(all, asked{action, strings.ReplaceAll(arn, "*", "x"), context})
			}
		}
	}
	return all
}

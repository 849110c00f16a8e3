package stacks_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// quotedAccount is the account id of a stack file.
var quotedAccount = regexp.MustCompile(`accountId: "\d+"`)

// TestUnquotedAccount: an account id without quotes is the account's in the file's clouds, in what the engine hands to the program and in
// what it makes.
func TestUnquotedAccount(t *testing.T) {
	t.Parallel()
	const account = "123456789012"
	for _, stack := range []string{"Pulumi.aws-dev.yaml", "examples/eks-production/Pulumi.eks-production.yaml",
		"examples/ecs-production/Pulumi.ecs-production.yaml"} {
		t.Run(filepath.Base(stack), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(stacktest.Project(t), stack))
			require.NoError(t, err)
			require.Regexp(t, quotedAccount, string(text))
			unquoted := quotedAccount.ReplaceAllString(string(text), "accountId: "+account)
			unquoted = strings.ReplaceAll(unquoted, "111122223333", account)
			folder := filepath.Join(t.TempDir(), "unquoted")
			require.NoError(t, os.Mkdir(folder, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(folder, filepath.Base(stack)), []byte(unquoted), 0o600))

			inProject, err := filepath.Rel(stacktest.Project(t), folder)
			require.NoError(t, err)
			s := stacktest.New(t, inProject)
			require.Equal(t, account, s.World.SignedIn.AWSAccount)
			handoff := s.Engine.MustUp().Outputs["vendorHandoff"].ArrayValue()
			require.Equal(t, account, handoff[0].ObjectValue()["accountId"].StringValue())
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed")
		})
	}
}

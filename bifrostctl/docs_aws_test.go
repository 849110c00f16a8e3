package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/expand"
)

// given are the variables of the commands for AWS: those that the blocks themselves set, or the arguments of their functions.
var given = expand.ListEnviron("account=111122223333", "role=deploy", "1=deploy", "2=deploy-eks", "key=0a1b2c3d", "arn=arn:aws:x",
	"cluster=dev", "region=us-east-1")

// newer are operations that Debian 12's AWS CLI (2.9.19) does not know yet.
var newer = []string{"eks create-access-entry"}

// TestAWSCommandsOfTheDocuments: the real AWS CLI takes every command for it that a document has. It knows services, operations, options and
// files by the service models of AWS, and refuses what they do not have before it asks anybody; here a server that refuses everything is
// asked. What stands in the text, and not in a block, may lack options.
func TestAWSCommandsOfTheDocuments(t *testing.T) {
	cli, err := exec.LookPath("aws")
	if err != nil {
		require.Empty(t, os.Getenv("CI"), "CI installs the AWS CLI")
		t.Skip("there is no AWS CLI")
	}
	project, err := filepath.Abs("..")
	require.NoError(t, err)
	seen := map[string]bool{}
	for page, text := range documents(t) {
		inBlocks := fenced.FindAllStringSubmatch(text, -1)
		for i, code := range codeOf(text) {
			for _, words := range invocations(code, "aws", given) {
				command := strings.Join(words, " ")
				if seen[command] || slices.Contains([]string{"sso", "configure"}, words[0]) { // these two ask no service of AWS for a thing
					continue
				}
				seen[command] = true
				t.Run(filepath.Base(page)+" aws "+command, func(t *testing.T) {
					t.Parallel()
					asked, said := askAWS(t.Context(), cli, project, words)
					inText := i >= len(inBlocks) && (strings.Contains(said, "arguments are required") || strings.Contains(said, "must be specified"))
					tooOld := slices.Contains(newer, strings.Join(words[:2], " ")) && strings.Contains(said, "argument operation: Invalid choice")
					require.True(t, asked || inText || tooOld, said)
				})
			}
		}
	}
	require.Greater(t, len(seen), 25, "the commands were not found")
}

// askAWS runs the CLI against a server that refuses everything, and says whether it came so far, or needed nobody.
func askAWS(ctx context.Context, cli, dir string, words []string) (asked bool, said string) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		http.Error(w, `{"__type": "AccessDenied"}`, http.StatusForbidden)
	}))
	defer server.Close()
	run := exec.CommandContext(ctx, cli, append(words, "--endpoint-url", server.URL)...)
	run.Dir = dir
	run.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir + "/none", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=none",
		"AWS_DEFAULT_REGION=us-east-1", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
	}
	output, err := run.CombinedOutput()
	return err == nil || requests.Load() > 0, string(output)
}

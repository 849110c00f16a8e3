package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// terminal is the program on a pseudo-terminal.
type terminal struct {
	t    *testing.T
	file *os.File
	cmd  *exec.Cmd

	mu   sync.Mutex
	seen strings.Builder
	read int // what expect has passed of what was seen, without escapes
	// ended: nothing more comes.
	ended bool
	more  chan struct{}
}

// most is how long a terminal may take for all that is expected of it, on a machine that has much else to do.
const most = 10 * time.Minute

// onTerminal starts the program on a terminal of a width, in a copy of the project's files.
func onTerminal(t *testing.T, dir string, columns uint16, environment []string, args ...string) *terminal {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), most)
	t.Cleanup(cancel)
	term := &terminal{t: t, cmd: exec.CommandContext(ctx, self, args...), more: make(chan struct{}, 1)}
	term.cmd.Dir = dir
	term.cmd.Env = append([]string{asProgram + "=1", "TERM=xterm-256color", "HOME=" + dir, "PATH=/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true",
		"KUBECONFIG=" + filepath.Join(dir, "none")}, environment...)
	if term.file, err = pty.StartWithSize(term.cmd, &pty.Winsize{Rows: 40, Cols: columns}); err != nil {
		stacktest.Lacks(t, "there are no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { _ = term.file.Close() })
	go func() {
		defer close(term.more)
		buffer := make([]byte, 4096)
		for {
			n, err := term.file.Read(buffer)
			term.mu.Lock()
			term.seen.Write(buffer[:n])
			term.mu.Unlock()
			if err != nil {
				return
			}
			select {
			case term.more <- struct{}{}:
			default:
			}
		}
	}()
	return term
}

// expect waits until the terminal shows a text that it has not passed yet.
func (term *terminal) expect(text string) {
	term.t.Helper()
	for {
		term.mu.Lock()
		shown := ansi.Strip(term.seen.String())
		term.mu.Unlock()
		if before, _, found := strings.Cut(shown[min(term.read, len(shown)):], text); found {
			term.read += len(before) + len(text)
			return
		}
		require.False(term.t, term.ended, "the program has ended without %q:\n%s", text, shown)
		_, open := <-term.more
		term.ended = !open
	}
}

// enter types keys.
func (term *terminal) enter(keys string) {
	term.t.Helper()
	_, err := term.file.WriteString(keys)
	require.NoError(term.t, err)
}

// end waits for the end of the program, and returns its exit status and all that was shown.
func (term *terminal) end() (int, string) {
	term.t.Helper()
	for range term.more {
	}
	_ = term.cmd.Wait()
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.cmd.ProcessState.ExitCode(), term.seen.String()
}

// ownProject is a copy of the project's stack files and examples.
func ownProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, pattern := range []string{"Pulumi*.yaml", "examples/*/Pulumi.*.yaml", "examples/*/*.pem", "examples/*/config.json"} {
		files, err := filepath.Glob(filepath.Join("..", pattern))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			to := filepath.Join(dir, strings.TrimPrefix(file, "../"))
			require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
			require.NoError(t, os.WriteFile(to, text, 0o644))
		}
	}
	return dir
}

// TestAsked: init asks on a terminal, refuses a wrong answer at once, and writes the file.
func TestAsked(t *testing.T) {
	t.Parallel()
	dir := ownProject(t)
	term := onTerminal(t, dir, 80, nil, "init", "prod")
	term.expect("Where does the gateway run?")
	term.enter("\r") // EKS, the first
	term.expect("What do you have?")
	term.enter("\r") // all
	term.expect("The region (aws.region)")
	term.enter("eu-central-1\r")
	term.expect("No credentials of AWS are at hand")
	term.expect("The account (aws.accountId)")
	term.enter("12\r")
	term.expect("12 digits")
	term.enter("\x7f\x7f012345678901\r")
	term.expect("The cluster (eks.clusterName)")
	term.enter("mine\r")
	term.expect("The image, as the vendor names it")
	term.enter("444455556666.dkr.ecr.eu-central-1.amazonaws.com/acme:2.1.0\r")
	term.expect("Your host names")
	term.enter("llm.acme.com\r")
	term.expect("Their certificate")
	term.enter("arn:aws:acm:eu-central-1:012345678901:certificate/0a1b2c3d-0000-4000-8000-000000000009\r")
	term.expect("load balancer's subnets")
	term.enter("10.1.0.0/20, 10.1.16.0/20\r")
	term.expect("Policies that let the gateway call Amazon Bedrock")
	term.enter("arn:aws:iam::012345678901:policy/bedrock\r")
	term.expect("The host of PostgreSQL")
	term.enter("db.acme.com\r")
	term.expect("Its login")
	term.enter("\r")
	term.expect("Fetch the certificate authorities of Amazon RDS")
	term.enter("n\r")
	term.expect("Pulumi.prod.yaml is written")
	code, shown := term.end()
	require.Zero(t, code, shown)
	for _, said := range []string{"gateway run? Amazon EKS", "OpenTelemetry collector", "Their certificate (gateway.ingress.certificateArn):"} {
		require.Contains(t, shown, said+"\r\n", "what follows begins at the left edge")
	}
	text, err := os.ReadFile(filepath.Join(dir, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	for _, part := range []string{`accountId: "012345678901"`, "clusterName: mine", "- cidr: 10.1.16.0/20", "PG_HOST: db.acme.com", "region: eu-central-1"} {
		require.Contains(t, string(text), part)
	}
	require.NotContains(t, string(text), "111122223333")
}

// TestTypedAhead: what is typed before a question is asked answers that question, and no other; and the Enter behind an n ends that answer.
func TestTypedAhead(t *testing.T) {
	t.Parallel()
	dir := ownProject(t)
	term := onTerminal(t, dir, 80, nil, "init", "prod")
	term.expect("Where does the gateway run?")
	term.enter("\r\reu-central-1\r12\r\x7f\x7f012345678901\rmine\r444455556666.dkr.ecr.eu-central-1.amazonaws.com/acme:2.1.0\r" +
		"llm.acme.com\rarn:aws:acm:eu-central-1:012345678901:certificate/0a1b2c3d-0000-4000-8000-000000000009\r10.1.0.0/20\r" +
		"arn:aws:iam::012345678901:policy/bedrock\rdb.acme.com\r\rn\r")
	term.expect("Pulumi.prod.yaml is written")
	code, shown := term.end()
	require.Zero(t, code, shown)
	text, err := os.ReadFile(filepath.Join(dir, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	for _, part := range []string{"region: eu-central-1\n", `accountId: "012345678901"`, "clusterName: mine\n", "PG_HOST: db.acme.com\n", "PG_USER: bifrost\n"} {
		require.Contains(t, string(text), part)
	}

	again := onTerminal(t, dir, 80, nil, "init", "prod", "--set", "gateway.cpuLimit='3'")
	again.expect("Write it?")
	again.enter("n\r")
	code, shown = again.end()
	require.Equal(t, 2, code, shown)
	after, err := os.ReadFile(filepath.Join(dir, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	require.Equal(t, string(text), string(after))
}

// TestLeft: who leaves the questions has changed nothing.
func TestLeft(t *testing.T) {
	t.Parallel()
	dir := ownProject(t)
	term := onTerminal(t, dir, 80, []string{"NO_COLOR=1"}, "init", "prod")
	term.expect("Where does the gateway run?")
	term.enter("\x03")
	code, shown := term.end()
	require.Equal(t, 2, code)
	require.NotRegexp(t, `\x1b\[([0-9;]*;)?[3-9][0-9]`, shown, "questions have no colours with NO_COLOR")
	require.Contains(t, shown, "nothing was written")
	require.NoFileExists(t, filepath.Join(dir, "Pulumi.prod.yaml"))
}

// TestAgreed: a change of a file is shown before it is written.
func TestAgreed(t *testing.T) {
	t.Parallel()
	dir := ownProject(t)
	file := filepath.Join(dir, "Pulumi.aws-dev.yaml")
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, answer := range []string{"n", "y"} {
		term := onTerminal(t, dir, 80, nil, "init", "aws-dev", "--set", "gateway.replicas=4")
		term.expect("+    replicas: 4")
		term.expect("Write it?")
		term.enter(answer + "\r")
		code, shown := term.end()
		after, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, answer == "y", code == 0, shown)
		require.Equal(t, answer == "y", string(before) != string(after))
	}
}

// TestLineByLine: for screen readers, and terminals that cannot move the cursor, questions are lines.
func TestLineByLine(t *testing.T) {
	t.Parallel()
	term := onTerminal(t, ownProject(t), 80, []string{"ACCESSIBLE=1"}, "init", "prod")
	term.expect("Where does the gateway run?")
	term.enter("5\n")
	term.expect("What do you have?")
	term.enter("0\n")
	term.expect("The context of your kubeconfig")
	term.enter("\x03")
	code, shown := term.end()
	require.Equal(t, 2, code, shown)
	require.Contains(t, shown, "nothing was written")
	require.NotContains(t, shown, "\x1b[2K", "nothing is drawn over")
}

var escape = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// TestTerminalWidth: what commands print on a terminal is no wider than that, but for commands; and with NO_COLOR there is no colour.
func TestTerminalWidth(t *testing.T) {
	t.Parallel()
	dir := ownProject(t)
	for _, args := range [][]string{
		{"init", "demo", "--from", "aws-dev", "--yes"},
		{"init", "other", "--on", "gke", "--yes"},
		{"init", "aws-dev", "--yes", "--set", "eks.pull=push", "--set", "aws.accountId=12"},
		{"sandbox", "state", "aws-dev"},
		{"sandbox", "up", "nope"},
		{"verify", "nope", "--sandbox"},
		{"--help"},
		{"sandbox", "up", "--help"},
	} {
		_, shown := onTerminal(t, dir, 70, []string{"NO_COLOR=1", "GCE_METADATA_HOST=127.0.0.1:1"}, args...).end()
		require.NotRegexp(t, escape, shown, args)
		for line := range strings.SplitSeq(strings.ReplaceAll(shown, "\r\n", "\n"), "\n") {
			line = ansi.Strip(line[strings.LastIndex(line, "\r")+1:]) // what is drawn over is gone
			first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			isCommand := regexp.MustCompile(`bifrostctl|^pulumi$|^openssl$|main\.test$|^--set$|^[+-]|^diff`).MatchString(first)
			if len(strings.Fields(line)) > 1 && !isCommand {
				require.LessOrEqual(t, ansi.StringWidth(line), 70, "%v: %s", args, line)
			}
		}
	}
}

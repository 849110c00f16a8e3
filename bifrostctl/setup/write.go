package setup

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/internal/keys"
	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/stackfile"
	"bifrost/stacks"
)

// secretsMark begins the comment that tells how the secrets are set.
const secretsMark = "# Secrets do not stand here in clear. These commands write them, encrypted, and ask for what they lack:"

// untyped are the commands of secrets that nobody types.
var untyped = map[string]string{"encryptionKey": "openssl rand -base64 32 | %s", "registryKey": "%s < key.json"}

// secretCommands set the secrets that a stack needs and its file lacks.
func secretCommands(d *draft) []string {
	var commands []string
	whole := overlay.IsEncrypted(d.value(overlay.Secrets))
	for _, name := range d.config().MissingSecrets() {
		if whole || d.there(overlay.Secrets+"."+name) {
			continue // encrypted
		}
		command := fmt.Sprintf("pulumi config set --stack %s --secret --path '%s:secrets.%s'", d.name, stacks.Project, name)
		commands = append(commands, fmt.Sprintf(cmp.Or(untyped[name], "%s"), command))
	}
	return commands
}

// finish writes the comments: of each key that has none and is new, and of the secrets.
func finish(d *draft) error {
	about := keys.Remark
	if d.before != "" {
		was, err := stackfile.Parse(d.before)
		if err != nil {
			return err
		}
		values, err := was.Values()
		if err != nil {
			return err
		}
		about = func(path string) string {
			if parsed, err := resource.ParsePropertyPath(path); err != nil || at(values, parsed) != nil {
				return "" // whoever wrote it may have taken the comment away
			}
			return keys.Remark(path)
		}
	}
	var err error
	if d.file, err = d.file.Commented(about); err != nil {
		return err
	}
	hadMark := strings.Contains(d.file.Text(), secretsMark)
	if d.before != "" && !hadMark {
		return nil
	}
	if d.file, err = d.file.WithoutComment(secretsMark); err != nil {
		return err
	}
	commands := secretCommands(d)
	if len(commands) == 0 {
		return nil
	}
	lines := []string{secretsMark}
	for _, command := range commands {
		lines = append(lines, "#   "+command)
	}
	d.file, err = d.file.Foot(lines...)
	return err
}

// difference is a unified diff of the stack file; empty where nothing changes.
func difference(d *draft, name string) string {
	diff, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: difflib.SplitLines(strings.TrimSuffix(d.before, "\n")), B: difflib.SplitLines(strings.TrimSuffix(d.file.Text(), "\n")),
		FromFile: name, ToFile: name, Context: 2,
	})
	if err != nil {
		return err.Error()
	}
	return diff
}

// step is a command that follows, and what it does.
type step struct {
	Command string `json:"command"`
	About   string `json:"about"`
}

// next are the commands that follow; self is how the user calls this program.
func next(d *draft, self string) []step {
	config := d.config()
	if d.before != "" {
		return []step{
			{self + " sandbox preview " + d.name + " --diff", "what the change does, on this machine alone"},
			{"pulumi preview --diff --stack " + d.name, "what it does in the real account"},
			{"pulumi up --stack " + d.name, "a stack that is not there yet: docs/production.md, step 5"},
		}
	}
	steps := []step{
		{self + " sandbox preview " + d.name, "what it makes, on this machine alone"},
		{self + " sandbox up " + d.name, "try it there"},
		{"pulumi login", "the real account begins here; for a bucket of your own: docs/production.md, step 5"},
		{"pulumi stack init " + d.name, "with a bucket: with --secrets-provider, see there"},
		{"pulumi config set bifrost:rollout identity --stack " + d.name, ""},
		{self + " verify " + d.name + " --pre", "credentials, account, cluster"},
		{"pulumi up --stack " + d.name, "identities alone"},
		{self + " handoff " + d.name, "mail it to the vendor, and take the answer"},
	}
	for _, command := range secretCommands(d) {
		steps = append(steps, step{Command: command})
	}
	steps = append(steps,
		step{"pulumi config set bifrost:rollout full --stack " + d.name, ""},
		step{"pulumi up --stack " + d.name, "the gateway"},
		step{self + " verify " + d.name + " --wait 10m", "which link is broken, if one is"})
	if config.Registry.Mirror {
		steps = slices.DeleteFunc(steps, func(s step) bool { return strings.Contains(s.Command, "handoff") })
	}
	return steps
}

// Package real answers what verify asks with the services themselves: the clouds' SDKs, client-go, and the installed Pulumi CLI.
package real

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"bifrost/bifrostctl/internal/projectdir"
	"bifrost/bifrostctl/internal/pulumicli"
	"bifrost/stacks"
)

// Project is a stack as the Pulumi CLI knows it.
type Project struct {
	// Config is the configuration, in which a mask stands for every secret: verify needs none of them.
	Config stacks.Raw
	// Outputs is the JSON text of the outputs, secrets masked.
	Outputs []byte
	// State is the JSON text of the resources, secrets encrypted.
	State []byte
	// Kubeconfig returns secrets.kubeconfig, or "" where the stack has none. It is decrypted when it is asked for, and not before.
	Kubeconfig func(ctx context.Context) (string, error)
}

// runner runs the Pulumi CLI in a project's folder.
type runner struct {
	cli        auto.PulumiCommand
	dir, stack string
}

// Open asks the Pulumi CLI on PATH, or the one that the project built, for a stack. It selects no stack and decrypts nothing.
func Open(ctx context.Context, dir, stack string) (*Project, error) {
	dir, err := projectdir.Find(dir)
	if err != nil {
		return nil, err
	}
	cli, err := pulumicli.Find(dir)
	if err != nil {
		return nil, err
	}
	return open(ctx, runner{cli, dir, stack})
}

func open(ctx context.Context, r runner) (*Project, error) {
	config, err := r.run(ctx, "config", "--json")
	if err != nil {
		return nil, err
	}
	p := &Project{Kubeconfig: r.kubeconfig}
	if p.Config, err = readConfig(r.dir, []byte(config)); err != nil {
		return nil, err
	}
	p.Config.File = stacks.StackFile(r.dir, r.stack)
	outputs, err := r.run(ctx, "stack", "output", "--json", "--show-secrets=false")
	if err != nil {
		return nil, err
	}
	p.Outputs = []byte(cmp.Or(strings.TrimSpace(outputs), "{}"))
	state, err := r.run(ctx, "stack", "export")
	p.State = []byte(cmp.Or(strings.TrimSpace(state), "{}"))
	return p, err
}

// run returns what the CLI printed. Its own words are the error.
func (r runner) run(ctx context.Context, args ...string) (string, error) {
	stdout, stderr, _, err := r.cli.Run(ctx, r.dir, nil, nil, nil, []string{"PULUMI_SKIP_UPDATE_CHECK=true"},
		append(args, "--stack", r.stack, "--non-interactive")...)
	if err != nil {
		return "", fmt.Errorf("pulumi %s --stack %s: %s", strings.Join(args, " "), r.stack, cmp.Or(ofPulumi(stderr), err.Error()))
	}
	return stdout, nil
}

// sdkLine is what the AWS SDK within the CLI writes of a state in a bucket, beside what the CLI says itself.
var sdkLine = regexp.MustCompile(`(?m)^SDK \d{4}/\d\d/\d\d \d\d:\d\d:\d\d (WARN|DEBUG) .*\n?`)

// ofPulumi is what the CLI itself said.
func ofPulumi(stderr string) string { return strings.TrimSpace(sdkLine.ReplaceAllString(stderr, "")) }

func (r runner) kubeconfig(ctx context.Context) (string, error) {
	const key = stacks.Project + ":secrets.kubeconfig"
	text, err := r.run(ctx, "config", "get", "--path", key)
	if err != nil && strings.Contains(err.Error(), "not found") {
		return "", nil
	}
	return strings.TrimSuffix(text, "\n"), err
}

// readConfig reads what `pulumi config --json` prints in dir. It leaves out what holds a secret.
func readConfig(dir string, text []byte) (stacks.Raw, error) {
	var printed map[string]struct {
		Value  *string `json:"value"`
		Secret bool    `json:"secret"`
	}
	raw := stacks.Raw{Values: map[string]string{}, Secret: map[string]bool{}, Dir: dir}
	if err := json.Unmarshal(text, &printed); err != nil {
		return raw, fmt.Errorf("read what pulumi config --json printed: %w", err)
	}
	for key, entry := range printed {
		name, ours := strings.CutPrefix(key, stacks.Project+":")
		if !ours {
			raw.Foreign = append(raw.Foreign, key)
			continue
		}
		raw.Secret[name] = entry.Secret
		if entry.Value == nil {
			continue
		}
		raw.Values[name] = *entry.Value
	}
	return raw, withSecrets(&raw, Objects(raw))
}

// Objects are the values of a configuration as what their JSON says; what is none is text.
func Objects(raw stacks.Raw) map[string]any {
	values := map[string]any{}
	for name, text := range raw.Values {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		}
		values[name] = value
	}
	return values
}

const (
	secretsKey = "secrets"
	// masked passes every rule that the configuration has for a secret, such as the strength of an encryption key.
	masked = "[a secret that verify does not read]"
)

// withSecrets puts a mask in the place of every secret that the configuration needs, where the CLI left the secrets out.
func withSecrets(raw *stacks.Raw, values map[string]any) error {
	if !raw.Secret[secretsKey] {
		return nil
	}
	delete(values, secretsKey)
	secrets := map[string]any{}
	for _, path := range stacks.Lenient("", raw.Dir, values).MissingSecrets() {
		key, below, nested := strings.Cut(path, ".")
		if !nested {
			secrets[key] = masked
			continue
		}
		object, _ := secrets[key].(map[string]any)
		if object == nil {
			object = map[string]any{}
			secrets[key] = object
		}
		object[below] = masked
	}
	text, err := json.Marshal(secrets)
	raw.Values[secretsKey] = string(text)
	return err
}

package kubelet

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mvdan.cc/sh/v3/interp"

	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/services/aws"
)

// call is one call of a command.
type call struct {
	args           []string
	env            map[string]string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// fail ends a command with a message and a status.
func (c call) fail(status uint8, format string, args ...any) error {
	fmt.Fprintf(c.stderr, format+"\n", args...)
	return interp.ExitStatus(status)
}

// flag returns the value of --name VALUE or --name=VALUE.
func (c call) flag(names ...string) string {
	for i, arg := range c.args {
		for _, name := range names {
			if value, found := strings.CutPrefix(arg, name+"="); found {
				return value
			}
			if arg == name && i+1 < len(c.args) {
				return c.args[i+1]
			}
		}
	}
	return ""
}

func (c call) has(name string) bool {
	for _, arg := range c.args {
		if arg == name || strings.HasPrefix(arg, name+"=") {
			return true
		}
	}
	return false
}

func (c *container) run(ctx context.Context, call call) error {
	switch call.args[0] {
	case "aws":
		return c.aws(ctx, call)
	case "gcloud":
		return c.gcloud(ctx, call)
	case "kubectl":
		return c.kubectl(ctx, call)
	case "curl":
		return c.curl(ctx, call)
	case "base64":
		return encode(call)
	case "date":
		_, err := fmt.Fprintln(call.stdout, c.node.World.Now().UTC().Format(time.UnixDate))
		return err
	case "cat":
		return c.cat(call)
	case "sleep": // time does not go by here
		return nil
	}
	return call.fail(127, "%s: command not found", call.args[0])
}

func (c *container) cat(call call) error {
	for _, name := range call.args[1:] {
		content, err := c.tree.Read(name)
		if err != nil {
			return call.fail(1, "cat: %s: No such file or directory", name)
		}
		if _, err := call.stdout.Write(content); err != nil {
			return err
		}
	}
	return nil
}

// encode is base64, whose output is one line here whatever -w says.
func encode(call call) error {
	text, err := io.ReadAll(call.stdin)
	if err != nil {
		return err
	}
	if call.has("-d") || call.has("--decode") {
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			return call.fail(1, "base64: invalid input")
		}
		_, err = call.stdout.Write(decoded)
		return err
	}
	_, err = io.WriteString(call.stdout, base64.StdEncoding.EncodeToString(text))
	return err
}

// aws is `aws ecr get-login-password`.
func (c *container) aws(ctx context.Context, call call) error {
	if !strings.HasPrefix(strings.Join(call.args, " "), "aws ecr get-login-password") {
		c.refuse(hop.Unsupported, "the sandbox runs `aws ecr get-login-password` only, not %q", strings.Join(call.args, " "))
		return call.fail(252, "aws: not modelled")
	}
	if region := call.flag("--region"); region != "" {
		call.env["AWS_REGION"] = region
	}
	password, err := aws.LoginPassword(ctx, c.node.World, call.env, c.tree.Read)
	if errors.Is(err, aws.ErrNoCredentials) {
		c.refuse(hop.NoCredentials, "the pod has no web identity and no Pod Identity; the node's own role must not be used")
	}
	if err != nil {
		return call.fail(253, "%v", err)
	}
	_, err = fmt.Fprintln(call.stdout, password)
	return err
}

// curl speaks HTTP over the sandbox's network, with the options that the refresher uses.
func (c *container) curl(ctx context.Context, call call) error {
	form, target := []string{}, ""
	header := http.Header{}
	failWithBody := call.has("--fail-with-body") || call.has("--fail") || call.has("-f")
	for i := 1; i < len(call.args); i++ {
		arg := call.args[i]
		switch arg {
		case "--silent", "-s", "--show-error", "-S", "--fail", "-f", "--fail-with-body", "-sS", "-fsS", "-sf":
			continue
		case "--max-time", "--connect-timeout", "--request", "-X", "--header", "-H", "--data", "-d", "--data-urlencode", "--noproxy":
		default:
			if strings.HasPrefix(arg, "-") {
				c.refuse(hop.Unsupported, "curl's option %s", arg)
				return call.fail(2, "curl: option %s: not modelled", arg)
			}
			target = arg
			continue
		}
		if i++; i == len(call.args) {
			return call.fail(2, "curl: option %s: requires parameter", arg)
		}
		value := call.args[i]
		switch arg {
		case "--header", "-H":
			name, text, _ := strings.Cut(value, ":")
			header.Set(name, strings.TrimSpace(text))
		case "--data", "-d":
			form = append(form, value)
		case "--data-urlencode":
			field, err := c.field(value)
			if err != nil {
				return call.fail(26, "curl: (26) Failed to open %s", value)
			}
			form = append(form, field)
		}
	}
	method := http.MethodGet
	if len(form) > 0 {
		method = http.MethodPost
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(strings.Join(form, "&")))
	if err != nil {
		return call.fail(3, "curl: (3) URL rejected: %s", target)
	}
	request.Header = header
	answer, err := c.node.client(c.pod).Do(request)
	var unknown *net.DNSError
	switch {
	case errors.As(err, &unknown):
		c.refuse(hop.Missing, "the host %s", unknown.Name)
		return call.fail(6, "curl: (6) Could not resolve host: %s", unknown.Name)
	case err != nil:
		return call.fail(7, "curl: (7) %v", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(call.stdout, answer.Body); err != nil {
		return err
	}
	if failWithBody && answer.StatusCode >= http.StatusBadRequest {
		return call.fail(22, "curl: (22) The requested URL returned error: %d", answer.StatusCode)
	}
	return nil
}

// field is one of --data-urlencode: name=content, or name@file.
func (c *container) field(value string) (string, error) {
	i := strings.IndexAny(value, "=@")
	if i < 0 {
		return url.QueryEscape(value), nil
	}
	content := value[i+1:]
	if value[i] == '@' {
		text, err := c.tree.Read(content)
		if err != nil {
			return "", err
		}
		content = string(text)
	}
	return value[:i] + "=" + url.QueryEscape(content), nil
}

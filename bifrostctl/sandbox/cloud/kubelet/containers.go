package kubelet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"bifrost/bifrostctl/sandbox/cloud/hop"
)

// image is what the sandbox knows of an image: which shells and commands are in it.
type image struct {
	name       *regexp.Regexp
	shells     []string
	commands   []string
	entrypoint []string
}

// images are those of the refreshers. aws-cli has no kubectl, the Google Cloud images have none either, kubectl's has no shell.
var images = []image{
	{regexp.MustCompile(`(^|/)aws-cli(:|@|$)`), []string{"sh", "bash"}, []string{"aws", "base64", "cat", "date", "sleep"}, []string{"aws"}},
	{regexp.MustCompile(`(^|/)(google-cloud-cli|cloud-sdk)(:|@|$)`), []string{"sh", "bash"},
		[]string{"gcloud", "curl", "base64", "cat", "date", "sleep"}, nil},
	{regexp.MustCompile(`(^|/)kubectl(:|@|$)`), nil, []string{"kubectl"}, []string{"kubectl"}},
}

// imageOf is what is known of an image.
func imageOf(reference string) (image, bool) {
	i := slices.IndexFunc(images, func(i image) bool { return i.name.MatchString(reference) })
	if i < 0 {
		return image{}, false
	}
	return images[i], true
}

// Anonymous tells whether an image is known to name no user by a number: none of the refreshers' images does.
func Anonymous(reference string) bool {
	_, known := imageOf(reference)
	return known
}

// RunsKubectl tells whether a container of the pod runs kubectl, and so asks the API server.
func RunsKubectl(spec corev1.PodSpec) bool {
	return slices.ContainsFunc(spec.Containers, func(c corev1.Container) bool {
		known, found := imageOf(c.Image)
		return found && slices.Contains(known.commands, "kubectl")
	})
}

// container is one that runs.
type container struct {
	node   *Node
	pod    Pod
	tree   *tree
	image  image
	env    map[string]string
	stderr bytes.Buffer
	// loggedIn is the credential configuration that gcloud auth login took.
	loggedIn []byte
}

// runContainer runs a container to its end and returns why it failed, or "". What an image does that the sandbox does not know is
// taken to succeed without effect.
func (n *Node) runContainer(p Pod, volumes map[string]*volume, spec corev1.Container) string {
	known, found := imageOf(spec.Image)
	if !found {
		return ""
	}
	injected := n.injections(p)
	c := &container{node: n, pod: p, image: known, tree: newTree(p, volumes, spec, injected), env: map[string]string{}}
	for _, each := range injected {
		maps.Copy(c.env, each.env)
	}
	for _, e := range spec.Env {
		c.env[e.Name] = n.value(p, e)
	}
	command := append(slices.Clone(spec.Command), spec.Args...)
	if len(spec.Command) == 0 {
		command = append(slices.Clone(c.image.entrypoint), spec.Args...)
	}
	if len(command) == 0 {
		return ""
	}
	err := c.start(context.Background(), command)
	if err == nil {
		return ""
	}
	status := 1
	var code interp.ExitStatus
	if errors.As(err, &code) {
		status = int(code)
	} else {
		fmt.Fprintln(&c.stderr, err)
	}
	return fmt.Sprintf("container %s ended with exit code %d: %s", spec.Name, status, lastWords(c.stderr.String()))
}

func (n *Node) value(p Pod, e corev1.EnvVar) string {
	if e.ValueFrom == nil {
		return e.Value
	}
	switch from := e.ValueFrom; {
	case from.SecretKeyRef != nil:
		return string(n.API.Data(Secret, p.Namespace, from.SecretKeyRef.Name)[from.SecretKeyRef.Key])
	case from.ConfigMapKeyRef != nil:
		return string(n.API.Data(ConfigMap, p.Namespace, from.ConfigMapKeyRef.Name)[from.ConfigMapKeyRef.Key])
	case from.FieldRef != nil:
		return fieldOf(p, from.FieldRef.FieldPath)
	}
	return ""
}

// start runs the container's command: a shell with a script, or a command itself.
func (c *container) start(ctx context.Context, command []string) error {
	program := command[0][strings.LastIndex(command[0], "/")+1:]
	if slices.Contains(c.image.shells, program) {
		if len(command) < 3 || !strings.HasPrefix(command[1], "-") || !strings.HasSuffix(command[1], "c") {
			return fmt.Errorf("the sandbox runs shells with -c SCRIPT only, not %q", command[1:])
		}
		return c.script(ctx, command[2])
	}
	if !slices.Contains(c.image.commands, program) {
		c.refuse(hop.CommandNotFound, "the image has no %s", program)
		fmt.Fprintf(&c.stderr, "exec: %q: executable file not found in $PATH\n", command[0])
		return interp.ExitStatus(127)
	}
	return c.run(ctx, call{args: append([]string{program}, command[1:]...), env: c.env, stdin: strings.NewReader(""), stdout: io.Discard,
		stderr: &c.stderr})
}

func (c *container) refuse(reason hop.Reason, format string, args ...any) {
	c.node.World.Network.Refusals.Add(hop.Refuse(hop.Container, reason, format, args...))
}

// script interprets a shell script. Every command goes through run, every file through the pod's.
func (c *container) script(ctx context.Context, text string) error {
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "script")
	if err != nil {
		return err
	}
	var environment []string
	for name, value := range c.env {
		environment = append(environment, name+"="+value)
	}
	runner, err := interp.New(
		interp.Env(expand.ListEnviron(environment...)),
		interp.StdIO(strings.NewReader(""), io.Discard, &c.stderr),
		interp.Dir(os.TempDir()), // the interpreter wants one that exists; no command sees it
		interp.CallHandler(func(_ context.Context, args []string) ([]string, error) {
			if args[0] == "umask" { // files here have no mode
				return []string{"true"}, nil
			}
			return args, nil
		}),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return c.exec }),
		interp.OpenHandler(c.open),
		interp.ReadDirHandler2(func(_ context.Context, name string) ([]fs.DirEntry, error) { return nil, fs.ErrNotExist }),
		interp.StatHandler(func(_ context.Context, name string, _ bool) (fs.FileInfo, error) {
			content, err := c.tree.Read(name)
			return fileInfo{name: name, size: int64(len(content))}, err
		}),
	)
	if err != nil {
		return err
	}
	return runner.Run(ctx, parsed)
}

// exec runs a command of a script.
func (c *container) exec(ctx context.Context, args []string) error {
	shell := interp.HandlerCtx(ctx)
	if !slices.Contains(c.image.commands, args[0]) {
		c.refuse(hop.CommandNotFound, "the image has no %s", args[0])
		fmt.Fprintf(shell.Stderr, "/bin/sh: %s: command not found\n", args[0])
		return interp.ExitStatus(127)
	}
	env := map[string]string{}
	shell.Env.Each(func(name string, v expand.Variable) bool {
		if v.Exported {
			env[name] = v.String()
		}
		return true
	})
	stdin := io.Reader(strings.NewReader(""))
	if shell.Stdin != nil {
		stdin = shell.Stdin
	}
	return c.run(ctx, call{args: args, env: env, stdin: stdin, stdout: shell.Stdout, stderr: shell.Stderr})
}

// open opens a file of the pod for a redirection.
func (c *container) open(_ context.Context, name string, flag int, _ os.FileMode) (io.ReadWriteCloser, error) {
	if name == "/dev/null" {
		return &file{}, nil
	}
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		content, err := c.tree.Read(name)
		return &file{Buffer: *bytes.NewBuffer(content)}, err
	}
	if !c.tree.isWritable(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errReadOnly}
	}
	f := &file{save: func(content []byte) error { return c.tree.write(name, content) }}
	if flag&os.O_APPEND != 0 {
		before, _ := c.tree.Read(name)
		f.Write(before)
	}
	return f, nil
}

// file is an open file: what was written is saved when it is closed.
type file struct {
	bytes.Buffer
	save func([]byte) error
}

// Close saves the file.
func (f *file) Close() error {
	if f.save == nil {
		return nil
	}
	return f.save(bytes.Clone(f.Bytes()))
}

type fileInfo struct {
	fs.FileInfo
	name string
	size int64
}

func (i fileInfo) Name() string      { return i.name }
func (i fileInfo) Size() int64       { return i.size }
func (i fileInfo) Mode() fs.FileMode { return 0o444 }
func (i fileInfo) IsDir() bool       { return false }

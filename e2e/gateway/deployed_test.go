package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

const (
	dataDir    = "/app/data"
	configFile = dataDir + "/config.json"
)

// deployed is the gateway as one platform of a stack starts it.
type deployed struct {
	// Target is kubernetes or ecs.
	Target string
	Env    map[string]string
	// Files are what is mounted or written before it starts, by path.
	Files map[string]string
}

// existing is a thing of `bifrostctl sandbox state --json`.
type existing struct {
	Type, Scope, ID string
	// Seeded is a thing that the sandbox made up, since the stack expects it to exist. Its content is nobody's.
	Seeded bool
	State  json.RawMessage
}

// into reads its state.
func (e existing) into(t testing.TB, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(e.State, v), "%s %s", e.Type, e.ID)
}

// deploy brings a stack up in a sandbox of its own, and returns the gateways that it starts there.
func deploy(t testing.TB, bifrostctl, dir, stack string) ([]deployed, error) {
	t.Helper()
	state := t.TempDir()
	run := func(args ...string) ([]byte, error) {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(bifrostctl, append([]string{"sandbox"}, args...)...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("bifrostctl sandbox %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
		}
		return stdout.Bytes(), nil
	}
	if _, err := run("up", stack, "--state", state); err != nil {
		return nil, err
	}
	text, err := run("state", stack, "--state", state, "--json", "--show-secrets")
	if err != nil {
		return nil, err
	}
	var found struct{ Resources []existing }
	require.NoError(t, json.Unmarshal(text, &found))
	var all []deployed
	for _, r := range found.Resources {
		var one *deployed
		switch r.Type {
		case "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet":
			one = inPods(t, r, found.Resources)
		case "aws:ecs/taskDefinition:TaskDefinition":
			one = inTasks(t, r, found.Resources)
		}
		// A broker relays, and is no gateway.
		if one != nil && one.Env["BIFROST_MODE"] != "broker" {
			all = append(all, *one)
		}
	}
	return all, nil
}

// fake is the value of a secret that exists outside of the stack.
func fake(name string) string { return "fake-" + name }

// objectData are the keys of a Secret or ConfigMap; known is false for one that exists outside of the stack.
func objectData(t testing.TB, all []existing, kind, namespace, name string) (data map[string]string, known bool) {
	t.Helper()
	i := slices.IndexFunc(all, func(r existing) bool { return r.Type == "kubernetes:core/v1:"+kind && r.ID == namespace+"/"+name })
	if i < 0 || all[i].Seeded {
		return nil, false
	}
	var object struct{ Data, StringData map[string]string }
	all[i].into(t, &object)
	data = object.StringData
	if data == nil {
		data = map[string]string{}
	}
	for key, value := range object.Data {
		if kind == "Secret" {
			clear, err := base64.StdEncoding.DecodeString(value)
			require.NoError(t, err)
			value = string(clear)
		}
		data[key] = value
	}
	return data, true
}

// inPods reads a workload of Kubernetes; nil is one that mounts no config.json.
func inPods(t testing.TB, r existing, all []existing) *deployed {
	t.Helper()
	var workload struct {
		Metadata struct{ Namespace string }
		Spec     struct{ Template struct{ Spec corev1.PodSpec } }
	}
	r.into(t, &workload)
	namespace, pod := workload.Metadata.Namespace, workload.Spec.Template.Spec
	i := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == configFile })
	})
	if i < 0 {
		return nil
	}
	c := pod.Containers[i]
	d := &deployed{Target: "kubernetes", Env: map[string]string{}, Files: map[string]string{}}
	for _, from := range c.EnvFrom {
		if from.SecretRef != nil {
			data, _ := objectData(t, all, "Secret", namespace, from.SecretRef.Name)
			maps.Copy(d.Env, data)
		}
	}
	for _, e := range c.Env {
		d.Env[e.Name] = e.Value
		if e.ValueFrom == nil {
			continue
		}
		d.Env[e.Name] = fake(e.Name)
		if ref := e.ValueFrom.SecretKeyRef; ref != nil {
			if data, known := objectData(t, all, "Secret", namespace, ref.Name); known {
				d.Env[e.Name] = data[ref.Key]
			}
		}
	}
	for _, m := range c.VolumeMounts {
		v := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		if v < 0 {
			continue // a claim of a StatefulSet
		}
		kind, name, items := "", "", []corev1.KeyToPath(nil)
		switch volume := pod.Volumes[v]; {
		case volume.Secret != nil:
			kind, name, items = "Secret", volume.Secret.SecretName, volume.Secret.Items
		case volume.ConfigMap != nil:
			kind, name, items = "ConfigMap", volume.ConfigMap.Name, volume.ConfigMap.Items
		default:
			continue
		}
		d.mount(t, m, kind, name, namespace, items, all)
	}
	return d
}

// theirs is the text of a mounted file that exists outside of the stack. What stacks expect there are authorities: all are replaced by the
// test's own.
const theirs = "-----BEGIN CERTIFICATE-----"

// mount adds the files of a volume.
func (d *deployed) mount(t testing.TB, m corev1.VolumeMount, kind, name, namespace string, items []corev1.KeyToPath, all []existing) {
	t.Helper()
	data, known := objectData(t, all, kind, namespace, name)
	if m.SubPath != "" {
		d.Files[m.MountPath] = data[m.SubPath]
		return
	}
	picked := data
	if len(items) > 0 {
		picked = map[string]string{}
		for _, item := range items {
			picked[item.Path] = data[item.Key]
			if !known {
				picked[item.Path] = theirs
			}
		}
	} else if !known {
		picked = map[string]string{"ca.crt": theirs}
	}
	for key, text := range picked {
		d.Files[filepath.Join(m.MountPath, key)] = text
	}
}

// container is one of a task definition, as ECS reads it.
type container struct {
	Name                string
	EntryPoint, Command []string
	DependsOn           []struct{ ContainerName string }
	Environment         []struct{ Name, Value string }
	Secrets             []struct{ Name, ValueFrom string }
}

// inTasks reads a task definition: the container that another one's end starts, and what that one writes.
func inTasks(t testing.TB, r existing, all []existing) *deployed {
	t.Helper()
	var definition struct{ ContainerDefinitions string }
	r.into(t, &definition)
	var containers []container
	require.NoError(t, json.Unmarshal([]byte(definition.ContainerDefinitions), &containers))
	main := slices.IndexFunc(containers, func(c container) bool { return len(c.DependsOn) > 0 })
	if main < 0 {
		return nil
	}
	d := &deployed{Target: "ecs", Env: containers[main].env(t, all), Files: map[string]string{}}
	for _, c := range containers {
		if c.Name == containers[main].DependsOn[0].ContainerName {
			c.write(t, c.env(t, all), d.Files)
		}
	}
	return d
}

// env are a container's variables. A secret that exists outside of the stack is a fake.
func (c container) env(t testing.TB, all []existing) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, e := range c.Environment {
		env[e.Name] = e.Value
	}
	for _, s := range c.Secrets {
		env[s.Name] = fake(s.Name)
		for _, r := range all {
			var version struct{ SecretID, SecretString, VersionID string }
			if r.Type != "aws:secretsmanager/secretVersion:SecretVersion" {
				continue
			}
			r.into(t, &version)
			if s.ValueFrom == version.SecretID || s.ValueFrom == version.SecretID+":::"+version.VersionID {
				env[s.Name] = version.SecretString
			}
		}
	}
	return env
}

// write runs the container's own command, with a folder in the place of /app/data, and adds what it wrote.
func (c container) write(t testing.TB, env map[string]string, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	words := append(slices.Clone(c.EntryPoint), c.Command...)
	require.NotEmpty(t, words)
	for i, word := range words {
		words[i] = strings.ReplaceAll(word, dataDir, dir)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[dataDir+strings.TrimPrefix(path, dir)] = string(text)
		return err
	}))
}

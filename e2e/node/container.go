package node

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"

	"bifrost/e2e/node/jail"
)

// podRun is a pod that runs: its volumes, and what its containers need.
type podRun struct {
	agent   *Agent
	client  kubernetes.Interface // for files, values and tokens
	pod     *corev1.Pod          // with what webhooks add
	dir, ip string
	options RunOptions
}

func (a *Agent) newRun(client kubernetes.Interface, pod *corev1.Pod, options RunOptions) (*podRun, error) {
	dir, err := os.MkdirTemp(a.dir, "pod-")
	if err != nil {
		return nil, err
	}
	pod = pod.DeepCopy()
	if a.config.PodIdentity != nil && a.config.PodIdentity(pod.Namespace, serviceAccountOf(pod)) {
		injectPodIdentity(pod)
	}
	return &podRun{agent: a, client: client, pod: pod, dir: dir, ip: a.nextIP(), options: options}, nil
}

func (p *podRun) clean() { _ = os.RemoveAll(p.dir) }

func (p *podRun) volume(name string) string { return filepath.Join(p.dir, "volumes", name) }

// outcome is how a container ended.
type outcome struct {
	code            int
	reason, message string // of a container status
	log             string
	notStarted      bool
}

// prepared is a container about to start. idle says that it is a server that does nothing.
type prepared struct {
	spec        jail.Spec
	idle        bool
	termination string // the host's file of its termination message
}

// prepare finds everything that a container needs, or why it cannot be made (CreateContainerConfigError).
func (p *podRun) prepare(ctx context.Context, c *corev1.Container) (*prepared, error) {
	env, network, err := p.environment(ctx, c)
	if err != nil {
		return nil, err
	}
	content, known := imageOf(c.Image)
	user, err := p.user(c, known)
	if err != nil || !known {
		return &prepared{idle: true}, err
	}
	made := &prepared{spec: jail.Spec{
		Root: filepath.Join(p.dir, "root-"+c.Name), User: user, Group: p.group(c), Groups: p.groups(), Dir: c.WorkingDir,
		ReadOnlyRoot: c.SecurityContext != nil && c.SecurityContext.ReadOnlyRootFilesystem != nil &&
			*c.SecurityContext.ReadOnlyRootFilesystem,
	}, termination: filepath.Join(p.dir, "termination-"+c.Name)}
	s := &made.spec
	for name, value := range env {
		s.Env = append(s.Env, name+"="+value)
	}
	mapping := expansion.MappingFuncFor(env)
	command := c.Command
	if len(command) == 0 {
		command = content.entrypoint
	}
	for _, arg := range append(slices.Clone(command), c.Args...) {
		s.Args = append(s.Args, expansion.Expand(arg, mapping))
	}
	if len(s.Args) == 0 {
		return nil, errors.New("no command specified")
	}
	if err := errors.Join(os.MkdirAll(s.Root, 0o755), os.WriteFile(made.termination, nil, 0o600),
		os.Chmod(made.termination, 0o666)); err != nil {
		return nil, err
	}
	if err := content.fill(s, p.agent.config.Commands, p.options.VendorCLI); err != nil {
		return nil, err
	}
	if network.CAFile != "" {
		// A copy that every user of a container may read.
		authority, err := os.ReadFile(network.CAFile)
		if err != nil {
			return nil, fmt.Errorf("the clouds' certificate authority: %w", err)
		}
		readable := filepath.Join(p.dir, "ca-"+c.Name)
		if err := errors.Join(os.WriteFile(readable, authority, 0o600), os.Chmod(readable, 0o644)); err != nil {
			return nil, err
		}
		s.Mounts = append(s.Mounts, jail.Mount{Source: readable, Target: caFile, ReadOnly: true})
	}
	s.Mounts = append(s.Mounts, jail.Mount{Source: made.termination,
		Target: cmp.Or(c.TerminationMessagePath, corev1.TerminationMessagePathDefault)})
	return made, p.addVolumes(s, c)
}

// addVolumes mounts a container's volumes, outer ones first.
func (p *podRun) addVolumes(s *jail.Spec, c *corev1.Container) error {
	mounts := slices.SortedStableFunc(slices.Values(c.VolumeMounts),
		func(a, b corev1.VolumeMount) int { return strings.Compare(a.MountPath, b.MountPath) })
	for _, m := range mounts {
		i := slices.IndexFunc(p.pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		if i < 0 {
			return fmt.Errorf("volume %q of container %s is not in the pod", m.Name, c.Name)
		}
		// Whatever a container's mount says, the kubelet writes the other volumes and nobody else does.
		v := p.pod.Spec.Volumes[i]
		readOnly := m.ReadOnly || v.EmptyDir == nil && v.PersistentVolumeClaim == nil
		s.Mounts = append(s.Mounts, jail.Mount{Source: filepath.Join(p.volume(m.Name), m.SubPath), Target: m.MountPath, ReadOnly: readOnly})
	}
	return nil
}

// user is the container's, with the kubelet's refusals of root. What an image says of its user is known of those in the table only.
func (p *podRun) user(c *corev1.Container, known bool) (int, error) {
	pod, own := p.pod.Spec.SecurityContext, c.SecurityContext
	var user *int64
	var nonRoot *bool
	if pod != nil {
		user, nonRoot = pod.RunAsUser, pod.RunAsNonRoot
	}
	if own != nil && own.RunAsUser != nil {
		user = own.RunAsUser
	}
	if own != nil && own.RunAsNonRoot != nil {
		nonRoot = own.RunAsNonRoot
	}
	refused := nonRoot != nil && *nonRoot
	switch {
	case user != nil && *user == 0 && refused:
		return 0, fmt.Errorf("container's runAsUser breaks non-root policy (pod: %q, container: %s)", p.pod.Name, c.Name)
	case user != nil:
		return int(*user), nil
	case known && refused:
		return 0, fmt.Errorf("container has runAsNonRoot and image will run as root (pod: %q, container: %s)", p.pod.Name, c.Name)
	}
	return 0, nil
}

func (p *podRun) group(c *corev1.Container) int {
	if s := c.SecurityContext; s != nil && s.RunAsGroup != nil {
		return int(*s.RunAsGroup)
	}
	if s := p.pod.Spec.SecurityContext; s != nil && s.RunAsGroup != nil {
		return int(*s.RunAsGroup)
	}
	return 0
}

func (p *podRun) groups() []int {
	s := p.pod.Spec.SecurityContext
	if s == nil {
		return nil
	}
	var groups []int
	for _, group := range s.SupplementalGroups {
		groups = append(groups, int(group))
	}
	if s.FSGroup != nil {
		groups = append(groups, int(*s.FSGroup))
	}
	return groups
}

// execute runs a container to its end.
func (p *podRun) execute(ctx context.Context, c *corev1.Container, made *prepared) outcome {
	if made.idle {
		<-ctx.Done()
		return outcome{reason: "Completed"} // what a server does when it is told to end
	}
	log := &tail{}
	code, err := jail.Run(ctx, &made.spec, log)
	o := outcome{code: code, log: log.String()}
	if err != nil {
		// containerd's words and code.
		return outcome{code: 128, reason: "StartError", message: err.Error(), log: o.log, notStarted: true}
	}
	o.reason = "Completed"
	if code != 0 {
		o.reason = "Error"
	}
	message, err := os.ReadFile(made.termination)
	if err != nil {
		p.agent.config.Logf("termination message of %s: %v", c.Name, err)
	}
	o.message = string(message[:min(len(message), terminationMessageLimit)])
	if o.message == "" && code != 0 && c.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError {
		o.message = lastLines(o.log)
	}
	return o
}

// The kubelet's limits of termination messages (Kubernetes documentation, "Determine the Reason for Pod Failure").
const (
	terminationMessageLimit = 4096
	fallbackBytes           = 2048
	fallbackLines           = 80
)

// lastLines is what FallbackToLogsOnError takes of a log.
func lastLines(log string) string {
	lines := strings.SplitAfter(log, "\n")
	log = strings.Join(lines[max(0, len(lines)-fallbackLines-1):], "")
	return log[max(0, len(log)-fallbackBytes):]
}

// tail keeps the end of what is written to it.
type tail struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

const tailLimit = 256 << 10

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buffer.Write(p)
	t.buffer.Next(max(0, t.buffer.Len()-tailLimit))
	return len(p), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buffer.String()
}

const podIdentityVolume = "eks-pod-identity-token"

// injectPodIdentity adds what EKS's webhook adds for a ServiceAccount with a Pod Identity association (EKS user guide, "How EKS Pod
// Identity works").
func injectPodIdentity(pod *corev1.Pod) {
	const dir, name = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount", "eks-pod-identity-token"
	lifetime := int64(24 * time.Hour / time.Second)
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: podIdentityVolume, VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{
			ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
				Audience: "pods.eks.amazonaws.com", ExpirationSeconds: &lifetime, Path: name,
			},
		}}},
	}})
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			c := &containers[i]
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: podIdentityVolume, MountPath: dir, ReadOnly: true})
			c.Env = append(c.Env,
				corev1.EnvVar{Name: "AWS_CONTAINER_CREDENTIALS_FULL_URI", Value: "http://169.254.170.23/v1/credentials"},
				corev1.EnvVar{Name: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Value: dir + "/" + name},
			)
		}
	}
}

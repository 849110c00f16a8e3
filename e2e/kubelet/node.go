package kubelet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
	"bifrost/e2e/machine"
)

// Config says what a node is.
type Config struct {
	Cluster *controlplane.Cluster
	Network *machine.Network
	// Number is N in the node's addresses, 172.20.C.(10+N) and 10.(100+C).N.0/24 for its pods, from 1 on.
	Number int
	// Name is the node's; empty: node-N.
	Name string
	// Zone and Region are its labels; empty: region-a, and zone-a for odd numbers, zone-b for even ones.
	Zone, Region string
	// Labels are more of them.
	Labels map[string]string
	// OutsideCA is the file with the authority of every server outside of the cluster; containerd and the credential providers trust it
	// alone. Empty: what the machine trusts.
	OutsideCA string
	// Pause is the image of pods' sandboxes, pulled like any other; empty: images.Pause.
	Pause string
	// CredentialProviders is the folder of the kubelet's credential providers, CredentialProviderConfig the file that names them
	// (CredentialProviderConfig, kubelet.config.k8s.io/v1). Empty: none.
	CredentialProviders, CredentialProviderConfig string
	// Env are more variables, as NAME=value, of the kubelet and its credential providers.
	Env []string
}

// Node is a running node.
type Node struct {
	Name string
	// Host is the node's on the network: programs that are started there, and sockets that are opened there, are the node's.
	Host *machine.Namespace

	config   Config
	bin, dir string
	group    *machine.Group
	identity controlplane.Node
	resolver *resolver
	running  map[string]*machine.Process
}

// The node's programs.
const (
	Containerd = "containerd"
	Kubelet    = "kubelet"
	KubeProxy  = "kube-proxy"
)

// startLimit is how long a node may take to be ready on a busy machine; two to five seconds are usual.
const startLimit = 3 * time.Minute

// Start starts a node and waits until it is ready for pods. Stop it with Stop.
func Start(ctx context.Context, c Config) (*Node, error) {
	n, err := newNode(c)
	if err == nil {
		err = n.start(ctx)
	}
	if err != nil {
		n.Stop()
		return nil, fmt.Errorf("node %s: %w", n.Name, err)
	}
	return n, nil
}

func newNode(c Config) (*Node, error) {
	c.defaults()
	n := &Node{Name: c.Name, config: c, running: map[string]*machine.Process{}}
	name := fmt.Sprintf("%d-%s", c.Network.Index, c.Name)
	n.dir = filepath.Join(machine.Folder(), name)
	var err error
	if n.bin, err = controlplane.Binaries(); err != nil {
		return n, err
	}
	if n.group, err = machine.NewGroup(name); err != nil {
		return n, err
	}
	address := c.Network.Host(10 + c.Number)
	if n.Host, err = c.Network.Namespace(c.Name, address); err != nil {
		return n, err
	}
	if err := c.Network.Route(c.Network.PodsOf(c.Number), address); err != nil {
		return n, err
	}
	if n.resolver, err = resolve(n.Host, c.Network.Outside); err != nil {
		return n, err
	}
	if n.identity, err = c.Cluster.NewNode(c.Name, address); err != nil {
		return n, err
	}
	return n, n.writeFiles()
}

func (c *Config) defaults() {
	for value, otherwise := range map[*string]string{
		&c.Name: fmt.Sprintf("node-%d", c.Number), &c.Region: "region-a", &c.Zone: "zone-" + string(rune('b'-c.Number%2)),
		&c.Pause: images.Pause,
	} {
		if *value == "" {
			*value = otherwise
		}
	}
}

func (n *Node) start(ctx context.Context) error {
	if err := n.Launch(Containerd); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(n.config.Cluster.As(controlplane.AdminUser))
	if err != nil {
		return err
	}
	if err := n.register(ctx, client); err != nil {
		return err
	}
	if err := errors.Join(n.Launch(KubeProxy), n.Launch(Kubelet)); err != nil {
		return err
	}
	return n.await(ctx, Kubelet, func(ctx context.Context) error { return n.ready(ctx, client) })
}

// register makes the Node before the kubelet finds it: its pods' addresses and its zone are the administrator's to say.
func (n *Node) register(ctx context.Context, client kubernetes.Interface) error {
	pods := n.config.Network.PodsOf(n.config.Number).String()
	labels := map[string]string{
		corev1.LabelTopologyZone: n.config.Zone, corev1.LabelTopologyRegion: n.config.Region, corev1.LabelInstanceTypeStable: "test",
	}
	for name, value := range n.config.Labels {
		labels[name] = value
	}
	_, err := client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: labels}, Spec: corev1.NodeSpec{PodCIDR: pods, PodCIDRs: []string{pods}},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// ready says what the node still lacks to get pods.
func (n *Node) ready(ctx context.Context, client kubernetes.Interface) error {
	node, err := client.CoreV1().Nodes().Get(ctx, n.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, taint := range node.Spec.Taints {
		return fmt.Errorf("the node has the taint %s", taint.Key)
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return errors.New("the node is not ready")
}

// await polls until check passes, as long as the program runs.
func (n *Node) await(ctx context.Context, program string, check func(context.Context) error) error {
	last := errors.New("never asked")
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startLimit, true, func(ctx context.Context) (bool, error) {
		if n.running[program].Ended() {
			return false, errors.New("it has ended")
		}
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		p := n.running[program]
		return fmt.Errorf("%s is not ready: %w (%w); the end of %s:\n%s", program, err, last, p.Log, p.Tail())
	}
	return nil
}

// Launch starts one of the node's programs, again after Kill. Containerd answers when it returns: the kubelet ends where it does not.
func (n *Node) Launch(program string) error {
	cmd := exec.Command(filepath.Join(n.bin, program), n.arguments(program)...)
	cmd.Env = append(os.Environ(), "PATH="+n.bin+":"+machine.Path)
	if n.config.OutsideCA != "" {
		cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+n.config.OutsideCA)
	}
	if program == Kubelet {
		cmd.Env = append(cmd.Env, n.config.Env...)
	}
	p, err := machine.Launch(n.Host, cmd, n.Log(program))
	if err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	n.running[program] = p
	if err := n.group.Add(p.PID()); err != nil || program != Containerd {
		return err
	}
	return n.await(context.Background(), Containerd, func(ctx context.Context) error {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", n.socket())
		if err == nil {
			err = connection.Close()
		}
		return err
	})
}

// Kill ends one of the node's programs, as a crash does. Containers go on without them.
func (n *Node) Kill(program string) {
	if p := n.running[program]; p != nil {
		p.Kill()
		delete(n.running, program)
	}
}

// Log is the file of what one of the node's programs writes.
func (n *Node) Log(program string) string { return filepath.Join(n.dir, program+".log") }

// Stop ends all that runs on the node at once, containers too, as when a machine loses power. The API server learns of it by the
// node's silence.
func (n *Node) Stop() {
	if n.group != nil {
		_ = n.group.Kill()
	}
	if n.resolver != nil {
		n.resolver.close()
	}
	if n.Host != nil {
		_ = n.Host.Close()
	}
}

// Package controlplane runs a real Kubernetes control plane for tests: etcd, kube-apiserver with RBAC, kube-controller-manager
// and kube-scheduler. The API server listens on the cluster's network, the others on free ports of 127.0.0.1. They are built from their
// modules by make e2e, and end with the process that started them. Nodes are package kubelet's.
package controlplane

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"bifrost/e2e/machine"
	"bifrost/e2e/pki"
)

// Cluster is a running control plane.
type Cluster struct {
	// Address is the API server's host and port.
	Address string

	dir, bin, issuer string
	etcd             string // the address of etcd
	network          *machine.Network
	authority        tls.Certificate
	tokens           map[string]string
	running          map[string]*machine.Process
}

const (
	etcdProgram              = "etcd"
	apiServerProgram         = "kube-apiserver"
	controllerManagerProgram = "kube-controller-manager"
	schedulerProgram         = "kube-scheduler"
)

// programs in the order in which they start.
func programs() []string {
	return []string{etcdProgram, apiServerProgram, controllerManagerProgram, schedulerProgram}
}

// startLimit is how long a program may take to be ready on a busy machine; two to four seconds are usual.
const startLimit = 3 * time.Minute

// StartOn starts a control plane that keeps everything in dir, a new folder. Its API server is at the network's gateway, port 443. The
// issuer is that of its ServiceAccounts' tokens, an https URL. Stop it with Stop.
func StartOn(ctx context.Context, network *machine.Network, dir, issuer string) (*Cluster, error) {
	return start(ctx, &Cluster{Address: network.Gateway.String() + ":443", dir: dir, issuer: issuer, network: network})
}

// Start starts a control plane without a network: its API server is at a free port of 127.0.0.1, where no pod reaches it.
func Start(ctx context.Context, dir, issuer string) (*Cluster, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	return start(ctx, &Cluster{Address: ports[0], dir: dir, issuer: issuer})
}

func start(ctx context.Context, c *Cluster) (*Cluster, error) {
	ports, err := freePorts(4)
	if err != nil {
		return nil, err
	}
	if c.bin, err = Binaries(); err != nil {
		return nil, err
	}
	c.etcd, c.running = "http://"+ports[0], map[string]*machine.Process{}
	if err := errors.Join(c.writePKI(), c.writeUsers(), os.WriteFile(c.file("audit-policy.yaml"), []byte(auditPolicy), 0o600)); err != nil {
		return nil, fmt.Errorf("control plane in %s: %w", c.dir, err)
	}
	if err := c.start(ctx, ports[1:]); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, ports []string) error {
	if err := c.launch(etcdProgram,
		"--data-dir="+c.file("etcd"), "--listen-client-urls="+c.etcd, "--advertise-client-urls="+c.etcd,
		"--listen-peer-urls=http://"+ports[0], "--initial-advertise-peer-urls=http://"+ports[0], "--initial-cluster=default=http://"+
			ports[0],
		"--unsafe-no-fsync", "--log-level=warn"); err != nil {
		return err
	}
	if err := c.StartAPIServer(ctx); err != nil {
		return err
	}
	if err := c.launch(controllerManagerProgram,
		"--kubeconfig="+c.KubeconfigOf(controllerManagerUser), "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port="+
			port(ports[1]),
		"--service-account-private-key-file="+c.file("sa.key"), "--root-ca-file="+c.file("ca.crt"),
		"--use-service-account-credentials=true",
		// Tests do not wait for minutes until a new pod's load counts.
		"--horizontal-pod-autoscaler-sync-period=1s", "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
		"--horizontal-pod-autoscaler-cpu-initialization-period=1s"); err != nil {
		return err
	}
	if err := c.launch(schedulerProgram,
		"--kubeconfig="+c.KubeconfigOf(schedulerUser), "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port="+
			port(ports[2])); err != nil {
		return err
	}
	// What the controllers make in every namespace is there: pods can be made.
	return c.await(ctx, controllerManagerProgram, func(ctx context.Context, client kubernetes.Interface) error {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		if err != nil {
			return err
		}
		_, err = client.CoreV1().ConfigMaps("default").Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		return err
	})
}

// StartAPIServer starts the API server, where it always was, and waits until it is ready.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	if err := c.launch(apiServerProgram, append(c.onNetwork(),
		"--etcd-servers="+c.etcd,
		"--bind-address="+host(c.Address), "--advertise-address="+host(c.Address), "--secure-port="+port(c.Address),
		"--tls-cert-file="+c.file("api.crt"), "--tls-private-key-file="+c.file("api.key"), "--client-ca-file="+c.file("ca.crt"),
		"--token-auth-file="+c.file("tokens.csv"), "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer="+c.issuer, "--api-audiences=https://kubernetes.default.svc",
		"--service-account-key-file="+c.file("sa.pub"), "--service-account-signing-key-file="+c.file("sa.key"),
		"--service-cluster-ip-range="+machine.Services, "--profiling=false",
		"--audit-policy-file="+c.file("audit-policy.yaml"), "--audit-log-path="+c.file("audit.jsonl"))...); err != nil {
		return err
	}
	return c.await(ctx, apiServerProgram, func(ctx context.Context, client kubernetes.Interface) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// onNetwork are the API server's flags that depend on whether nodes can reach it.
func (c *Cluster) onNetwork() []string {
	if c.network == nil {
		return []string{"--endpoint-reconciler-type=none"}
	}
	return []string{
		"--allow-privileged",
		"--kubelet-certificate-authority=" + c.file("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--kubelet-client-certificate=" + c.certificate(kubeletClient), "--kubelet-client-key=" + c.key(kubeletClient),
		// Aggregated APIs and webhooks are called at their pods' addresses: nothing balances Services beside the control plane.
		"--enable-aggregator-routing",
		"--proxy-client-cert-file=" + c.certificate(frontProxy), "--proxy-client-key-file=" + c.key(frontProxy),
		"--requestheader-client-ca-file=" + c.file("front-ca.crt"), "--requestheader-allowed-names=" + frontProxy,
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
	}
}

// KillAPIServer ends the API server at once, as a crash does: connections break, nothing is finished.
func (c *Cluster) KillAPIServer() {
	c.running[apiServerProgram].Kill()
	delete(c.running, apiServerProgram)
}

// Stop ends all programs at once, the last started first.
func (c *Cluster) Stop() {
	for _, program := range slices.Backward(programs()) {
		if p := c.running[program]; p != nil {
			p.Kill()
			delete(c.running, program)
		}
	}
}

// As returns a client's configuration for one of the users above.
func (c *Cluster) As(user string) *rest.Config {
	return c.WithToken(c.tokens[user])
}

// WithToken returns a client's configuration with a bearer token, such as a ServiceAccount's. The client is not throttled.
func (c *Cluster) WithToken(token string) *rest.Config {
	return &rest.Config{
		Host: "https://" + c.Address, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: pki.PEM(c.authority)}, QPS: -1,
	}
}

// KubeconfigOf returns the file with a user's kubeconfig.
func (c *Cluster) KubeconfigOf(user string) string {
	return c.file(strings.TrimPrefix(user, "system:") + ".kubeconfig")
}

// ServerCertificate is the API server's own, for tests that put a proxy in front of it.
func (c *Cluster) ServerCertificate() (tls.Certificate, error) {
	return tls.LoadX509KeyPair(c.file("api.crt"), c.file("api.key"))
}

// await polls until check passes, as long as the program runs.
func (c *Cluster) await(ctx context.Context, program string, check func(context.Context, kubernetes.Interface) error) error {
	client, err := kubernetes.NewForConfig(c.As(AdminUser))
	if err != nil {
		return err
	}
	last := errors.New("never asked")
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startLimit, true, func(ctx context.Context) (bool, error) {
		if c.running[program].Ended() {
			return false, errors.New("it has ended")
		}
		last = check(ctx, client)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s is not ready: %w (%w); the end of %s:\n%s", program, err, last, c.running[program].Log,
			c.running[program].Tail())
	}
	return nil
}

// freePorts finds addresses on 127.0.0.1 that nobody listens on. They are all held until all are found.
func freePorts(n int) ([]string, error) {
	var addresses []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}

func host(address string) string {
	host, _, _ := strings.Cut(address, ":")
	return host
}

func port(address string) string {
	_, port, _ := strings.Cut(address, ":")
	return port
}

// launch starts a program with a log of its own.
func (c *Cluster) launch(program string, args ...string) error {
	p, err := machine.Launch(nil, exec.Command(filepath.Join(c.bin, program), args...), c.file(program+".log"))
	if err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	c.running[program] = p
	return nil
}

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"bifrost/e2e/node/jail"
)

// Network is how processes and pulls reach the clouds: an HTTP proxy's URL, and the PEM file of the authority that signs what is behind it.
type Network struct{ Proxy, CAFile string }

// Config says which node an agent is.
type Config struct {
	// REST is how the agent speaks with the API server: the identity system:node:NAME in the group system:nodes is enough.
	REST *rest.Config
	// Admin is for what a node may not do: the tokens and files of Run, whose pods do not exist, and the tokens that PodIdentity adds
	// (admission plug-in NodeRestriction). Nil: REST.
	Admin *rest.Config
	// Name of the node.
	Name string
	// Commands is the folder with the programs kubectl, aws and gcloud.
	Commands string
	// Network is asked at every start of a container and at every pull. While it fails, processes find nobody at their proxy.
	Network func() (Network, error)
	// PodIdentity tells whether EKS injects Pod Identity for a ServiceAccount; nil: for none.
	PodIdentity func(namespace, serviceAccount string) bool
	// NodePull tells whether the node's own credentials may pull an image, after the pod's pull Secrets did not; nil: nothing private.
	NodePull func(image string) error
	// Starting is called right before a container of a pod starts; nil: nobody wants to know.
	Starting func(pod *corev1.Pod, container string)
	// Logf gets what the agent has to say; nil: nothing is said.
	Logf func(format string, args ...any)
}

// Agent is a running node.
type Agent struct {
	config        Config
	client, admin kubernetes.Interface
	events        record.EventRecorder
	dir           string // of all volumes and roots
	since         metav1.Time
	pulled        pulled

	ctx   context.Context
	stop  context.CancelFunc
	group sync.WaitGroup

	mu      sync.Mutex
	workers map[types.UID]*worker
	lastIP  int
}

// Available says in one line why containers cannot run on this machine; nil where they can.
func Available() error { return jail.Available() }

// Start registers the node and works until Stop, or until ctx ends. It fails where containers cannot run or the node cannot be registered.
func Start(ctx context.Context, c Config) (*Agent, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	a, err := newAgent(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", c.Name, err)
	}
	if err := a.register(ctx); err != nil {
		a.Stop()
		return nil, fmt.Errorf("register node %s: %w", c.Name, err)
	}
	broadcaster := record.NewBroadcaster(record.WithContext(a.ctx))
	broadcaster.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: a.client.CoreV1().Events("")})
	a.events = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: c.Name})
	a.group.Go(a.beat)
	if err := a.watch(); err != nil {
		a.Stop()
		return nil, fmt.Errorf("watch the pods of node %s: %w", c.Name, err)
	}
	return a, nil
}

func newAgent(ctx context.Context, c Config) (*Agent, error) {
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	if c.Network == nil {
		c.Network = func() (Network, error) { return Network{}, errors.New("the node has no network") }
	}
	if c.Admin == nil {
		c.Admin = c.REST
	}
	a := &Agent{config: c, since: metav1.Now(), events: &record.FakeRecorder{}, workers: map[types.UID]*worker{},
		pulled: pulled{seen: map[string]bool{}}}
	var err error
	for client, identity := range map[*kubernetes.Interface]*rest.Config{&a.client: c.REST, &a.admin: c.Admin} {
		identity = rest.CopyConfig(identity)
		identity.QPS = -1 // the default of 5 requests a second is too few for a node
		if *client, err = kubernetes.NewForConfig(identity); err != nil {
			return nil, err
		}
	}
	if a.dir, err = os.MkdirTemp("", "bifrost-node-"); err != nil {
		return nil, err
	}
	a.ctx, a.stop = context.WithCancel(ctx)
	return a, nil
}

// Stop kills all processes and waits until everything has ended. Pods keep their last status, as when a machine loses power.
func (a *Agent) Stop() {
	a.stop()
	a.mu.Lock()
	a.workers = nil // no new ones
	a.mu.Unlock()
	a.group.Wait()
	_ = os.RemoveAll(a.dir)
}

// watch hands pods to their workers. The informer connects again by itself.
func (a *Agent) watch() error {
	factory := informers.NewSharedInformerFactoryWithOptions(a.client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", a.config.Name).String()
	}))
	informer := factory.Core().V1().Pods().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(pod any) { a.see(pod.(*corev1.Pod)) },
		UpdateFunc: func(_, pod any) { a.see(pod.(*corev1.Pod)) },
		DeleteFunc: func(last any) {
			if unknown, missed := last.(cache.DeletedFinalStateUnknown); missed {
				last = unknown.Obj
			}
			if pod, ok := last.(*corev1.Pod); ok {
				a.forget(pod.UID)
			}
		},
	})
	if err != nil {
		return err
	}
	factory.Start(a.ctx.Done())
	a.group.Go(func() {
		<-a.ctx.Done()
		factory.Shutdown()
	})
	return nil
}

// see gives a pod a worker, and tells it when the pod is to be deleted.
func (a *Agent) see(pod *corev1.Pod) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.workers == nil {
		return
	}
	w := a.workers[pod.UID]
	if w == nil {
		w = newWorker(a, pod)
		a.workers[pod.UID] = w
		a.group.Go(w.run)
	}
	if pod.DeletionTimestamp != nil {
		w.delete()
	}
}

func (a *Agent) forget(uid types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.workers[uid]; w != nil {
		w.stop()
		delete(a.workers, uid)
	}
}

// nextIP is an address that no other pod has. Nobody listens there.
func (a *Agent) nextIP() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastIP++
	return fmt.Sprintf("10.88.%d.%d", a.lastIP/250%250, a.lastIP%250+2)
}

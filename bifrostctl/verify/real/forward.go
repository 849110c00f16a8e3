package real

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/gateway"
)

// forwarded is a gateway in a pod, reached through a port-forward for each request.
type forwarded struct {
	config         *rest.Config
	client         kubernetes.Interface
	namespace, pod string
}

// podOf reaches a pod by its name.
func podOf(l login) func(ctx context.Context, namespace, pod string) (service.Pod, error) {
	return func(ctx context.Context, namespace, pod string) (service.Pod, error) {
		config, err := l(ctx)
		if err != nil {
			return nil, err
		}
		client, err := l.client(ctx)
		return forwarded{config, client, namespace, pod}, err
	}
}

// forward finds a ready pod behind a Service.
func forward(l login) func(ctx context.Context, namespace, name string) (service.Gateway, error) {
	return func(ctx context.Context, namespace, name string) (service.Gateway, error) {
		config, err := l(ctx)
		if err != nil {
			return nil, err
		}
		client, err := l.client(ctx)
		if err != nil {
			return nil, err
		}
		slices, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx,
			metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + name})
		if err != nil {
			return nil, err
		}
		for _, slice := range slices.Items {
			for _, e := range slice.Endpoints {
				if e.TargetRef != nil && e.TargetRef.Kind == "Pod" && (e.Conditions.Ready == nil || *e.Conditions.Ready) {
					return forwarded{config, client, namespace, e.TargetRef.Name}, nil
				}
			}
		}
		return nil, fmt.Errorf("no ready pod is behind Service %s", name)
	}
}

// Ask implements service.Gateway.
func (f forwarded) Ask(ctx context.Context, r service.Request) (service.Answer, error) {
	port, stop, err := f.open(ctx)
	if err != nil {
		return service.Answer{}, fmt.Errorf("port-forward to pod %s: %w", f.pod, err)
	}
	defer stop()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: ownHost}
	return atURL{base: fmt.Sprintf("http://127.0.0.1:%d", port), client: client}.Ask(ctx, r)
}

// dialer opens the pod's port-forward.
func (f forwarded) dialer() (httpstream.Dialer, error) {
	transport, upgrader, err := spdy.RoundTripperFor(f.config)
	if err != nil {
		return nil, err
	}
	target, err := f.target("portforward")
	if err != nil {
		return nil, err
	}
	return spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, target), nil
}

// target is the URL of what the API server does with the pod.
func (f forwarded) target(does string) (*url.URL, error) {
	host, _, err := rest.DefaultServerUrlFor(f.config)
	if err != nil {
		return nil, err
	}
	return host.JoinPath("api", "v1", "namespaces", f.namespace, "pods", f.pod, does), nil
}

// open starts a port-forward on a free local port. stop ends it.
func (f forwarded) open(ctx context.Context) (port uint16, stop func(), err error) {
	dialer, err := f.dialer()
	if err != nil {
		return 0, nil, err
	}
	stopped, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddressesForStreaming(dialer,
		[]string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", gateway.Port)}, stopped, ready, io.Discard, io.Discard)
	if err != nil {
		return 0, nil, err
	}
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case err := <-ended:
		if err == nil {
			err = errors.New("it ended at once")
		}
		return 0, nil, err
	case <-ctx.Done():
		close(stopped)
		return 0, nil, ctx.Err()
	case <-ready:
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		close(stopped)
		return 0, nil, err
	}
	return ports[0].Local, func() { close(stopped); <-ended }, nil
}

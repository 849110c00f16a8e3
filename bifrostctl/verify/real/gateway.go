package real

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"

	"bifrost/bifrostctl/verify/service"
	"bifrost/components"
)

const (
	// answerTime is how long the gateway may take to answer; maxAnswer is how much of an answer is read.
	answerTime = 10 * time.Second
	maxAnswer  = 4 << 20
)

// atURL is a gateway behind a URL.
type atURL struct {
	base   string
	client *http.Client
}

// Get implements service.Gateway.
func (g atURL) Get(ctx context.Context, path string) (service.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(g.base, "/")+path, nil)
	if err != nil {
		return service.Answer{}, err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return service.Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return service.Answer{Status: response.StatusCode, Body: body}, err
}

// behind reaches the gateway behind a load balancer, by the load balancer's own name.
func behind(url string) (service.Gateway, error) {
	if url == "" {
		return nil, fmt.Errorf("load balancer: %w", service.ErrNotFound)
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		// The certificate is for a name of the customer's: all but the name is verified below. Nothing secret is sent.
		InsecureSkipVerify: true,
		VerifyConnection:   verifyButName(nil),
	}}
	return atURL{url, &http.Client{Transport: transport}}, nil
}

// verifyButName verifies a server's certificate, for whatever name it is. Nil roots are the system's.
func verifyButName(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, certificate := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}

// forwarded is a gateway in a pod, reached through a port-forward for each request.
type forwarded struct {
	config         *rest.Config
	namespace, pod string
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
		slices, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + name})
		if err != nil {
			return nil, err
		}
		for _, slice := range slices.Items {
			for _, e := range slice.Endpoints {
				if e.TargetRef != nil && e.TargetRef.Kind == "Pod" && (e.Conditions.Ready == nil || *e.Conditions.Ready) {
					return forwarded{config, namespace, e.TargetRef.Name}, nil
				}
			}
		}
		return nil, fmt.Errorf("no ready pod is behind Service %s", name)
	}
}

// Get implements service.Gateway.
func (f forwarded) Get(ctx context.Context, path string) (service.Answer, error) {
	port, stop, err := f.open(ctx)
	if err != nil {
		return service.Answer{}, fmt.Errorf("port-forward to pod %s: %w", f.pod, err)
	}
	defer stop()
	return atURL{fmt.Sprintf("http://127.0.0.1:%d", port), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}.Get(ctx, path)
}

// open starts a port-forward on a free local port. stop ends it.
func (f forwarded) open(ctx context.Context) (port uint16, stop func(), err error) {
	transport, upgrader, err := spdy.RoundTripperFor(f.config)
	if err != nil {
		return 0, nil, err
	}
	client, err := rest.HTTPClientFor(f.config)
	if err != nil {
		return 0, nil, err
	}
	host, _, err := rest.DefaultServerUrlFor(f.config)
	if err != nil {
		return 0, nil, err
	}
	client.Transport = transport
	target := host.JoinPath("api", "v1", "namespaces", f.namespace, "pods", f.pod, "portforward")
	stopped, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddresses(spdy.NewDialer(upgrader, client, http.MethodPost, target),
		[]string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", components.GatewayPort)}, stopped, ready, io.Discard, io.Discard)
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

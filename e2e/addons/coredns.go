package addons

import (
	"context"
	_ "embed" // of CoreDNS's objects
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"text/template"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"bifrost/e2e/images"
	"bifrost/e2e/machine"
)

// DNS is the names' server of a cluster.
type DNS struct {
	// Address is its Service's, which the kubelets tell their pods.
	Address netip.Addr
	// Outside is what every name outside cluster.local stands for, but for that of Google's metadata server.
	Outside netip.Addr
}

//go:embed coredns.yaml
var coreDNS string

var coreDNSObjects = template.Must(template.New("coredns").Parse(coreDNS))

// text is its objects.
func (d DNS) text() (string, error) {
	var b strings.Builder
	err := coreDNSObjects.Execute(&b, struct {
		DNS
		Image, Metadata string
	}{d, images.CoreDNS, machine.InstanceMetadata})
	return b.String(), err
}

// Apply makes CoreDNS's objects.
func (d DNS) Apply(ctx context.Context, config *rest.Config) error {
	text, err := d.text()
	if err != nil {
		return err
	}
	return Apply(ctx, config, text)
}

// The first queries after a start may be lost: so one question waits no longer than this.
const questionTimeout = 500 * time.Millisecond

// Await waits until the Service answers for a name of the cluster and for one outside. dial connects from where the Service is reached, as
// a node's network namespace.
func (d DNS) Await(ctx context.Context, dial func(ctx context.Context, network, address string) (net.Conn, error)) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, netip.AddrPortFrom(d.Address, 53).String())
	}}
	var last error
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, questionTimeout)
		defer cancel()
		_, last = resolver.LookupNetIP(ctx, "ip4", "kubernetes.default.svc.cluster.local.")
		if last != nil {
			return false, nil
		}
		var found []netip.Addr
		found, last = resolver.LookupNetIP(ctx, "ip4", "outside.test.")
		if last == nil && !slices.Contains(found, d.Outside) {
			return false, fmt.Errorf("a name outside is at %v", found)
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("DNS at %v: %w", d.Address, errors.Join(err, last))
	}
	return nil
}

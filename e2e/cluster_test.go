package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/addons"
	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
	"bifrost/e2e/kubelet"
	"bifrost/e2e/machine"
	"bifrost/e2e/outside"
	"bifrost/e2e/postgres"
)

// start starts the cluster from nothing.
func (s *site) start() error {
	var err error
	if s.dir, err = os.MkdirTemp("", ""); err != nil { // a short name: sockets lie below it
		return err
	}
	// Longer than any test: TestMain stops what runs.
	ctx := context.Background()
	if s.network, err = machine.NewNetwork(s.index); err != nil {
		return err
	}
	starting, ctx := errgroup.WithContext(ctx)
	starting.Go(s.startDatabase)
	starting.Go(func() error { return s.startCluster(ctx) })
	return starting.Wait()
}

func (s *site) startCluster(ctx context.Context) error {
	world, err := theWorld()
	if err != nil {
		return err
	}
	if s.plane, err = controlplane.StartOn(ctx, s.network, s.dir, s.issuer); err != nil {
		return err
	}
	if s.client, err = kubernetes.NewForConfig(s.plane.As(controlplane.AdminUser)); err != nil {
		return err
	}
	if s.internet, err = outside.Start(outside.Config{
		Address: netip.AddrPortFrom(s.network.Outside, 443).String(), Authority: world.authority, Images: world.catalog, Network: s.clouds,
		Pulled: s.pulled, PodIdentity: s.isInjected,
	}); err != nil {
		return err
	}
	s.serveUpstreams()
	world.agent.Serve(s.internet, s.network.Pods)
	s.serveMetadata(world)
	if err := s.internet.InstallWebhook(ctx, s.client, s.tenant); err != nil {
		return err
	}
	if err := os.WriteFile(s.authority(), world.authority.PEM(), 0o644); err != nil {
		return err
	}
	if err := s.startNodes(ctx); err != nil {
		return err
	}
	return s.redirectMetadata()
}

// world is what all clusters share: the authority of all hosts, the content of all registries, EKS Pod Identity's agent and the metadata service.
type world struct {
	authority *outside.Authority
	catalog   *images.Catalog
	agent     *outside.Agent
	metadata  *outside.Agent
}

var theWorld = sync.OnceValues(func() (*world, error) {
	programs, err := controlplane.Binaries()
	if err != nil {
		return nil, err
	}
	authority, err := outside.NewAuthority()
	if err != nil {
		return nil, err
	}
	w := &world{authority: authority, catalog: images.New(images.Config{Programs: programs, CA: authority.PEM()})}
	// Any app is one that waits.
	w.catalog.Add("/my-repo$", images.Spec{Busybox: []string{"sleep"}, Entrypoint: []string{"/bin/sleep", "86400"}}.Build)
	if w.agent, err = outside.StartAgent(outside.AgentAddress); err != nil {
		return nil, err
	}
	w.metadata, err = outside.StartAgent(outside.MetadataAddress, outside.PodMetadataAddress)
	return w, err
})

// stop ends the cluster; it may have been stopped, or never started.
func (s *site) stop() {
	var errs error
	defer func() { s.nodes, s.internet, s.plane, s.database, s.network = nil, nil, nil, nil, nil }()
	for _, node := range s.nodes {
		if node != nil {
			node.Stop()
		}
	}
	if s.internet != nil {
		s.internet.Stop()
	}
	if s.plane != nil {
		s.plane.Stop()
	}
	if s.database != nil {
		errs = errors.Join(errs, s.database.Close())
	}
	if s.network != nil {
		errs = errors.Join(errs, s.network.Close())
	}
	if err := errors.Join(errs, os.RemoveAll(s.dir)); err != nil {
		fmt.Println("stop a cluster:", err)
	}
}

// databaseHosts are the names by which the stacks know their databases.
var databaseHosts = []string{
	"bifrost.cluster-c0ffee.us-east-1.rds.amazonaws.com", "bifrost-dev.postgres.database.azure.com", "bifrost-production.postgres.database.azure.com",
	"postgres.internal.example.com", "another.example.com", "yet-another.example.com",
}

// databasePassword is the sandbox's own value for a password that the stack file does not have.
const databasePassword = "sandbox-fake-env.PG_PASSWORD"

// startDatabase starts what the stacks take for the cloud's PostgreSQL.
func (s *site) startDatabase() error {
	bin, err := postgres.Find(cache)
	if err != nil {
		return err
	}
	s.database, err = postgres.New(postgres.Config{Bin: bin, Address: s.network.Outside.String(), Port: 5432, Names: databaseHosts})
	return err
}

// emptyDatabases throws away what an earlier stack kept there.
func (s *site) emptyDatabases(t *testing.T) {
	t.Helper()
	require.NoError(t, s.database.Provide(t.Context(), "bifrost", databasePassword, "bifrost", "bifrost_logs"))
}

// nodes of each cluster.
const nodes = 2

// startNodes starts the nodes at the same time, and what answers their pods for names.
func (s *site) startNodes(ctx context.Context) error {
	folder, config, err := s.providerFiles()
	if err != nil {
		return err
	}
	s.nodes = make([]*kubelet.Node, nodes)
	starting, onNodes := errgroup.WithContext(ctx)
	for i := range s.nodes {
		starting.Go(func() (err error) {
			s.nodes[i], err = kubelet.Start(onNodes, kubelet.Config{
				Cluster: s.plane, Network: s.network, Number: i + 1, OutsideCA: s.authority(), CredentialProviders: folder, CredentialProviderConfig: config,
				// AWS's own libraries would take the authorities of whoever runs the tests.
				Env: []string{"AWS_CA_BUNDLE=" + s.authority()},
			})
			return err
		})
	}
	dns := addons.DNS{Address: netip.MustParseAddr(machine.DNSService), Outside: s.network.Outside}
	if err := errors.Join(starting.Wait(), dns.Apply(ctx, s.plane.As(controlplane.AdminUser))); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, pollLimit)
	defer cancel()
	if err := s.reportVersions(ctx); err != nil {
		return err
	}
	if err := dns.Await(waiting, func(ctx context.Context, network, address string) (connection net.Conn, err error) {
		err = s.nodes[0].Host.Do(func() error {
			connection, err = (&net.Dialer{}).DialContext(ctx, network, address)
			return err
		})
		return connection, err
	}); err != nil {
		return err
	}
	return addons.StartKubeRouter(waiting, s.plane.As(controlplane.AdminUser))
}

// authority is the file of the authority of all hosts outside.
func (s *site) authority() string { return filepath.Join(s.dir, "outside.crt") }

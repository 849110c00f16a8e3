// Package clustertest starts a cluster for the tests of a package, on the machine that package machine makes for them.
package clustertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
	"bifrost/e2e/kubelet"
	"bifrost/e2e/machine"
	"bifrost/e2e/outside"
)

// Cluster is a control plane with nodes, and what they see of the internet.
type Cluster struct {
	// Bin is the folder of controlplane.Binaries, CA the file of the authority of all hosts outside.
	Bin, CA string
	Images  *images.Catalog
	Network *machine.Network

	// What Start makes.
	Plane   *controlplane.Cluster
	Client  kubernetes.Interface
	Outside *outside.Server
	Nodes   []*kubelet.Node

	authority *outside.Authority
}

// New makes what a cluster is started with: images can be added.
func New() (*Cluster, error) {
	c := &Cluster{CA: filepath.Join(machine.Folder(), "outside.crt")}
	var err error
	if c.Bin, err = controlplane.Binaries(); err != nil {
		return nil, err
	}
	if c.authority, err = outside.NewAuthority(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.CA, c.authority.PEM(), 0o644); err != nil {
		return nil, err
	}
	c.Images = images.New(images.Config{Programs: c.Bin, CA: c.authority.PEM()})
	c.Network, err = machine.NewNetwork(1)
	return c, err
}

// Start starts the internet with the cluster's images, the control plane and so many nodes. What was started before an error, Stop ends.
func (c *Cluster) Start(ctx context.Context, internet outside.Config, nodes int) error {
	internet.Address, internet.Authority, internet.Images = c.Network.Outside.String()+":443", c.authority, c.Images
	var err error
	if c.Outside, err = outside.Start(internet); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "plane") // a short name: sockets lie below it
	if err != nil {
		return err
	}
	began := time.Now()
	if c.Plane, err = controlplane.StartOn(ctx, c.Network, dir, "https://issuer.e2e.example/cluster"); err != nil {
		return err
	}
	fmt.Printf("control plane after %.1f s\n", time.Since(began).Seconds())
	if c.Client, err = kubernetes.NewForConfig(c.Plane.As(controlplane.AdminUser)); err != nil {
		return err
	}
	for number := range nodes {
		began := time.Now()
		node, err := kubelet.Start(ctx, kubelet.Config{Cluster: c.Plane, Network: c.Network, Number: number + 1, OutsideCA: c.CA})
		if err != nil {
			return err
		}
		fmt.Printf("%s ready after %.1f s\n", node.Name, time.Since(began).Seconds())
		c.Nodes = append(c.Nodes, node)
	}
	return nil
}

// Stop ends what was started.
func (c *Cluster) Stop() {
	for _, node := range c.Nodes {
		node.Stop()
	}
	if c.Plane != nil {
		c.Plane.Stop()
	}
	if c.Outside != nil {
		c.Outside.Stop()
	}
}

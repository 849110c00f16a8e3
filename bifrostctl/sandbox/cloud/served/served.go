// Package served is a world with what answers for it while a command runs on it: the network of its clouds' services and, where the user
// has one, a real API server. Neither is saved.
package served

import (
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/live"
	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/world"
)

// World is a saved world with what answers for it.
type World struct {
	*world.World
	// Network reaches the services of the clouds while the world is served. Requests are made by who holds the world's lock, so the
	// services behind it read the world without locking it again.
	Network *loopback.Network
	// Live is the real API server in which the stack's Kubernetes objects are; nil where the sandbox stands for it.
	Live *live.Cluster
	// Entered says that other processes reach the network, through its proxy. They do in any case with a real API server.
	Entered bool
}

// New returns a world in which nothing exists, and for which nothing answers.
func New() *World { return &World{World: world.New()} }

// Load reads a saved world; see world.Load.
func Load(file string) (*World, error) {
	loaded, err := world.Load(file)
	if err != nil {
		return nil, err
	}
	return &World{World: loaded}, nil
}

// API returns the real API server of the world's cluster: the one it is served with, or was the last time; nil where the cluster is
// of the sandbox's own.
func (w *World) API() *world.APIServer {
	if w.Live != nil {
		return &world.APIServer{Server: w.Live.Server, CA: w.Live.CA, Version: w.Live.Version, Issuer: w.Live.Issuer}
	}
	return w.World.API()
}

// Package cloud is the sandbox's clouds: the doubles of the Pulumi providers, served on loopback, over one saved state.
package cloud

import (
	"bifrost/bifrostctl/sandbox/cloud/aws"
	"bifrost/bifrostctl/sandbox/cloud/azure"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

// The state of the clouds and what may stand there already; see package world.
type (
	World             = world.World
	AWSAccount        = world.AWSAccount
	EKSCluster        = world.EKSCluster
	ECSCluster        = world.ECSCluster
	AzureSubscription = world.AzureSubscription
	AKSCluster        = world.AKSCluster
)

// NewWorld returns a world in which nothing exists.
func NewWorld() *World { return world.New() }

// Load reads a saved world; see world.Load.
func Load(file string) (*World, error) { return world.Load(file) }

// Servers are the running doubles.
type Servers = double.Servers

// Providers returns the doubles of all provider packages that the sandbox models.
func Providers() []*double.Provider {
	return []*double.Provider{aws.Provider(), azure.Provider(), kubernetes.Provider()}
}

// Serve starts a double of each provider package on a loopback port of its own. They change w until Stop is called; after
// World.AutoSave each change is saved at once, so that an interrupted deployment forgets nothing.
func Serve(w *World) (*Servers, error) {
	return double.Serve(w, Providers()...)
}

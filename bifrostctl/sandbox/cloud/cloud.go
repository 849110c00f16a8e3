// Package cloud is the sandbox's clouds: the doubles of the Pulumi providers, served on loopback, over one saved state.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud/aws"
	"bifrost/bifrostctl/sandbox/cloud/azure"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/gcp"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/live"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services"
	"bifrost/bifrostctl/world"
)

// The state of the clouds and what may stand there already; see packages served and world.
type (
	World             = served.World
	Resource          = world.Resource
	AWSAccount        = world.AWSAccount
	EKSCluster        = world.EKSCluster
	ECSCluster        = world.ECSCluster
	AzureSubscription = world.AzureSubscription
	AKSCluster        = world.AKSCluster
	GCPProject        = world.GCPProject
	GKECluster        = world.GKECluster
	Given             = world.Given
	APIServer         = world.APIServer
)

// Cluster is a real API server for the Kubernetes objects of a world (served.World.Live).
type Cluster = live.Cluster

// Connect signs in to a real API server; see live.Connect.
func Connect(ctx context.Context, kubeconfig string) (*Cluster, error) {
	return live.Connect(ctx, kubeconfig)
}

// NewWorld returns a world in which nothing exists.
func NewWorld() *World { return served.New() }

// Load reads a saved world; see world.Load.
func Load(file string) (*World, error) { return served.Load(file) }

// Servers are the running doubles.
type Servers = double.Servers

// Fault is something that goes wrong; see double.Fault and, for its written form, double.FaultGrammar.
type Fault = double.Fault

// ParseFault reads a fault and makes sure that the sandbox models its type; see double.ParseFault.
func ParseFault(text string) (Fault, error) {
	fault, err := double.ParseFault(text)
	if err != nil || fault.Type == "*" {
		return fault, err
	}
	var modelled []string
	for _, p := range Providers() {
		types := slices.Sorted(maps.Keys(p.Types))
		if fault.Op == "invoke" {
			types = slices.Sorted(maps.Keys(p.Functions))
		}
		modelled = append(modelled, types...)
	}
	if !slices.Contains(modelled, fault.Type) {
		return fault, fmt.Errorf("fault %q: the sandbox has no type %q for op=%s, but %s", text, fault.Type, fault.Op,
			strings.Join(modelled, ", "))
	}
	return fault, nil
}

// SecretProperties returns the top-level properties of a resource type that the provider itself holds secret.
func SecretProperties(typ string) []string {
	for _, p := range Providers() {
		if t := p.Types[typ]; t != nil {
			return t.Secrets
		}
	}
	return nil
}

// Providers returns the doubles of all provider packages that the sandbox models.
func Providers() []*double.Provider {
	return providers(kubernetes.Provider())
}

// CheckPackage refuses the name of a provider package that the sandbox does not model.
func CheckPackage(name string) error {
	var packages []string
	for _, p := range Providers() {
		packages = append(packages, p.Package)
	}
	if !slices.Contains(packages, name) {
		return fmt.Errorf("the sandbox has no provider %q, but %s", name, strings.Join(packages, ", "))
	}
	return nil
}

func providers(kubernetes *double.Provider) []*double.Provider {
	return []*double.Provider{aws.Provider(), azure.Provider(), kubernetes, gcp.Provider()}
}

func kubernetesOf(w *World) *double.Provider {
	if w.Live != nil {
		return kubernetes.Live()
	}
	return kubernetes.Provider()
}

// Serve starts the network of the clouds' services, and a double of each of the provider packages, or of all where none is named, on a
// loopback port of its own. They change w until Stop is called; after World.AutoSave each change is saved at once, so that an interrupted
// deployment forgets nothing.
func Serve(w *World, packages ...string) (*Servers, error) {
	for _, name := range packages {
		if err := CheckPackage(name); err != nil {
			return nil, err
		}
	}
	left := slices.DeleteFunc(providers(kubernetesOf(w)), func(p *double.Provider) bool {
		return len(packages) > 0 && !slices.Contains(packages, p.Package)
	})
	if err := services.Start(w); err != nil {
		return nil, err
	}
	aws.RegisterECS(w.Network, w)
	servers, err := double.Serve(w, left...)
	if err != nil {
		return nil, errors.Join(err, services.Stop(w))
	}
	servers.OnStop(func() { _ = services.Stop(w) })
	return servers, nil
}

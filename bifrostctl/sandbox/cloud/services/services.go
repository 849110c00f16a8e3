// Package services starts the network of the sandbox's clouds: the services that a workload's tokens pass through on their way to
// a private image, in their real protocols, on loopback.
package services

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services/aws"
	"bifrost/bifrostctl/sandbox/cloud/services/azure"
	"bifrost/bifrostctl/sandbox/cloud/services/gcp"
)

// issuerHosts are the hosts of the OIDC issuers of the clouds' clusters.
var issuerHosts = []string{"oidc.eks.*", "*.oic.prod-aks.azure.com", "container.googleapis.com"}

// Start starts the network and lets the world's clients reach it, with a real API server, or where the world is entered, other processes
// too: they come in through the network's proxy, one at a time. Stop it with Stop.
func Start(w *served.World) error {
	network, err := loopback.New()
	if err != nil {
		return err
	}
	hosts := issuerHosts
	if w.Live != nil {
		hosts = append([]string{w.Live.Host()}, issuerHosts...)
	}
	for _, pattern := range hosts {
		network.Handle(pattern, discovery(w))
	}
	network.HandleHosts(w.IsIssuerHost, discovery(w))
	for _, register := range []func(*loopback.Network, *served.World) error{aws.Register, azure.Register, gcp.Register} {
		if err := register(network, w); err != nil {
			return errors.Join(fmt.Errorf("services of the sandbox's clouds: %w", err), network.Close())
		}
	}
	if w.Live != nil || w.Entered {
		if err := network.Open(entrance(w)); err != nil {
			return errors.Join(err, network.Close())
		}
	}
	w.Network = network
	return nil
}

// entrance lets a handler run as a call of its own, for a process that does not hold the world's lock.
func entrance(w *served.World) func(handle func()) {
	return func(handle func()) {
		w.Lock()
		defer w.Unlock()
		w.Begin("")
		handle()
		if err := w.Commit(); err != nil {
			w.Warn(err.Error())
		}
	}
}

// Stop stops the world's network, where it has one.
func Stop(w *served.World) error {
	if w.Network == nil {
		return nil
	}
	network := w.Network
	w.Network = nil
	return network.Close()
}

// discovery serves the OIDC discovery of every cluster's issuer: a verifier reaches it as it reaches the cloud's.
func discovery(w *served.World) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked := "https://" + r.Host + r.URL.Path
		for _, cluster := range w.Clusters {
			if cluster.Issuer == "" || !strings.HasPrefix(asked, strings.TrimSuffix(cluster.Issuer, "/")+"/") {
				continue
			}
			if w.Live != nil && w.Live.Server == cluster.Server {
				w.Live.ServeHTTP(rw, r)
				return
			}
			handler, err := mint.Discovery(w.World, cluster.Issuer)
			if err != nil {
				http.Error(rw, err.Error(), http.StatusInternalServerError)
				return
			}
			handler.ServeHTTP(rw, r)
			return
		}
		http.NotFound(rw, r)
	})
}

// Package services starts the network of the sandbox's clouds: the services that a workload's tokens pass through on their way to
// a private image, in their real protocols, on loopback.
package services

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/sandbox/cloud/services/amazon"
	"bifrost/bifrostctl/sandbox/cloud/services/entra"
	"bifrost/bifrostctl/sandbox/cloud/services/google"
	"bifrost/bifrostctl/sandbox/cloud/token"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

// issuerHosts are the hosts of the clusters' OIDC issuers.
var issuerHosts = []string{"oidc.eks.*", "*.oic.prod-aks.azure.com"}

// Start starts the network and lets the world's clients reach it. Stop it with Stop.
func Start(w *world.World) error {
	network, err := loopback.New()
	if err != nil {
		return err
	}
	for _, pattern := range issuerHosts {
		network.Handle(pattern, discovery(w))
	}
	for _, register := range []func(*loopback.Network, *world.World) error{amazon.Register, entra.Register, google.Register} {
		if err := register(network, w); err != nil {
			return errors.Join(fmt.Errorf("services of the sandbox's clouds: %w", err), network.Close())
		}
	}
	w.Network = network
	return nil
}

// Stop stops the world's network, where it has one.
func Stop(w *world.World) error {
	if w.Network == nil {
		return nil
	}
	network := w.Network
	w.Network = nil
	return network.Close()
}

// discovery serves the OIDC discovery of every cluster's issuer: a verifier reaches it as it reaches the cloud's.
func discovery(w *world.World) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked := "https://" + r.Host + r.URL.Path
		for _, cluster := range w.Clusters {
			if cluster.Issuer == "" || !strings.HasPrefix(asked, strings.TrimSuffix(cluster.Issuer, "/")+"/") {
				continue
			}
			handler, err := token.Discovery(w, cluster.Issuer)
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

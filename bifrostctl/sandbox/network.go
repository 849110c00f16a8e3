package sandbox

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"bifrost/bifrostctl/internal/ownfile"
	"bifrost/bifrostctl/sandbox/cloud"
)

// network is what network.json holds: how processes outside the sandbox reach the clouds' services.
type network struct {
	// Proxy is the URL of an HTTP proxy, with its password, for HTTPS_PROXY and HTTP_PROXY.
	Proxy string `json:"proxy"`
	// CA is the path of the PEM file of the authority behind the services' certificates.
	CA string `json:"ca"`
}

// publish writes how the clouds' services are reached, where other processes may come in. The function it returns takes the files away.
func (f folders) publish(world *cloud.World) (withdraw func() error, err error) {
	if world.Network.Proxy() == "" {
		return func() error { return nil }, nil
	}
	text, err := json.Marshal(network{Proxy: world.Network.Proxy(), CA: f.networkCA()})
	if err != nil {
		return nil, err
	}
	// The certificate first: who finds the one file finds the other.
	err = ownfile.Write(f.networkCA(), world.Network.CA())
	if err == nil {
		err = ownfile.Write(f.network(), append(text, '\n'))
	}
	return f.withdraw, err
}

func (f folders) withdraw() error {
	var errs error
	for _, file := range []string{f.network(), f.networkCA()} {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			errs = errors.Join(errs, err)
		}
	}
	return errs
}

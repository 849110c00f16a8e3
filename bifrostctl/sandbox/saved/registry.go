package saved

import (
	"context"

	"bifrost/bifrostctl/sandbox/cloud"
	client "bifrost/bifrostctl/verify/registry"
)

type registry struct{ w *cloud.World }

// Digest implements service.Registry: the request goes to the sandbox's registry on loopback, which follows the login's principal.
func (r registry) Digest(ctx context.Context, image, user, password string) (string, error) {
	r.w.Lock()
	defer r.w.Unlock()
	defer r.w.Network.Refusals.Take()
	return client.Client{Transport: r.w.Network.Client().Transport}.Digest(ctx, image, user, password)
}

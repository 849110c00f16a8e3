// Package registry asks container registries for manifests.
package registry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Client is a registry client. It implements service.Registry.
type Client struct{ Transport http.RoundTripper }

// Digest asks with HEAD, which transfers nothing. The answer to a HEAD has no body: where it is a refusal, a GET fetches the words.
func (c Client) Digest(ctx context.Context, image, user, password string) (string, error) {
	reference, err := name.ParseReference(image)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", image, err)
	}
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(c.Transport), remote.WithAuth(&authn.Basic{Username: user, Password: password}),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), // --wait is who tries again
	}
	found, err := remote.Head(reference, options...)
	if err == nil {
		return found.Digest.String(), nil
	}
	if _, told := remote.Get(reference, options...); told != nil {
		err = told
	}
	return "", err
}

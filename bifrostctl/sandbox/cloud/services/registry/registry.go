// Package registry is what the sandbox's two container registries have in common: the part of the OCI distribution protocol that a
// pull begins with, and a client of it.
package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Request is one request for a manifest.
type Request struct {
	Host, Repository, Reference string
	User, Password              string
}

// Answer is a refusal in the registry's words; nil lets the request pass.
type Answer struct {
	Status  int
	Code    string // of the distribution protocol, as DENIED
	Message string
	Refusal *hop.Refusal
}

var manifests = regexp.MustCompile(`^/v2/(.+)/manifests/([^/]+)$`)

// emptyManifest is what every image is here: nobody runs it.
const emptyManifest = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",` +
	`"config":{"mediaType":"application/vnd.oci.empty.v1+json",` +
	`"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}`

// Handler serves manifests to those whom check lets pass, with the digest that it tells.
func Handler(n *loopback.Network, check func(context.Context, Request) (digest string, refusal *Answer)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, given := r.BasicAuth()
		if !given {
			w.Header().Set("WWW-Authenticate", `Basic realm="https://`+r.Host+`/"`)
			refuse(w, &Answer{Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Message: "Not Authorized"})
			return
		}
		if r.URL.Path == "/v2/" {
			w.WriteHeader(http.StatusOK)
			return
		}
		asked := manifests.FindStringSubmatch(r.URL.Path)
		if asked == nil {
			http.NotFound(w, r)
			return
		}
		digest, answer := check(r.Context(), Request{r.Host, asked[1], asked[2], user, password})
		if answer != nil {
			if answer.Refusal != nil {
				n.Refusals.Add(answer.Refusal)
			}
			refuse(w, answer)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		w.Header().Set("Docker-Content-Digest", digest)
		w.Header().Set("Content-Length", fmt.Sprint(len(emptyManifest)))
		if r.Method != http.MethodHead {
			_, _ = w.Write([]byte(emptyManifest))
		}
	})
}

func refuse(w http.ResponseWriter, a *Answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"code": a.Code, "message": a.Message}}})
}

// Has tells whether a repository holds a tag, or the digest of one, former digests included; one without a list of tags holds all.
func Has(repository *world.Resource, reference string) bool {
	tags, _ := repository.State["tags"].([]any)
	if len(tags) == 0 || slices.Contains(tags, any(reference)) {
		return true
	}
	return slices.ContainsFunc(tags, func(tag any) bool {
		return slices.Contains(world.Digests(repository, fmt.Sprint(tag)), reference)
	})
}

// Digest is what a tag means now; a digest is its own.
func Digest(repository *world.Resource, reference string) string {
	all := world.Digests(repository, reference)
	return all[len(all)-1]
}

// Pull asks the image's registry for its manifest, as a kubelet does, with a login.
func Pull(ctx context.Context, w *served.World, image, user, password string) error {
	reference, err := name.ParseReference(image)
	if err != nil {
		return err
	}
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(w.Network.Client().Transport),
		remote.WithAuth(&authn.Basic{Username: user, Password: password}),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), // what is refused here stays so
	}
	// The manifest is a stand-in, whose digest is not the one asked for.
	if _, isDigest := reference.(name.Digest); isDigest {
		_, err = remote.Head(reference, options...)
		return err
	}
	_, err = remote.Get(reference, options...)
	return err
}

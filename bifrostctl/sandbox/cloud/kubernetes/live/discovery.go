package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

const (
	configurationPath = "/.well-known/openid-configuration"
	keysPath          = "/openid/v1/jwks"
)

// ServeHTTP answers for the issuer's host with what the API server itself publishes (OpenID Connect Discovery 1.0). The keys'
// URL is moved to the issuer's host: a verifier of the clouds' reaches nothing else. While the API server is away the last answer stays.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	base := strings.TrimSuffix(c.Issuer, "/")
	path, ours := strings.CutPrefix("https://"+r.Host+r.URL.Path, base)
	if !ours || path != configurationPath && path != keysPath {
		http.NotFound(w, r)
		return
	}
	text, err := c.publishes(r.Context(), path)
	if err == nil && path == configurationPath {
		text, err = moved(text, base+keysPath)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

func (c *Cluster) publishes(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, greetingTime)
	defer cancel()
	text, err := c.raw.Get().AbsPath(path).Do(ctx).Raw()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.documents[path] = text
	}
	if c.documents[path] == nil {
		return nil, fmt.Errorf("discovery of issuer %s: %w", c.Issuer, err)
	}
	return c.documents[path], nil
}

func moved(document []byte, keys string) ([]byte, error) {
	var fields map[string]any
	if err := json.Unmarshal(document, &fields); err != nil {
		return nil, fmt.Errorf("the issuer's configuration: %w", err)
	}
	fields["jwks_uri"] = keys
	return json.Marshal(fields)
}

// Package schema fetches the vendor's JSON schema of config.json into the project, for gateway.schemaFile.
package schema

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"bifrost/bifrostctl/internal/wholefile"
	"bifrost/internal/gateway/configjson"
)

// VendorURL is where the vendor publishes the schema of the newest version.
const VendorURL = "https://www.getbifrost.ai/schema"

const (
	// mostBytes is far above the vendor's schema, which has some 200 kB.
	mostBytes = 8 << 20
	// patience is how long a fetch may take, redirects included.
	patience = 30 * time.Second
)

// Fetched is a schema that compiles.
type Fetched struct {
	Text []byte
	// SHA256 of the text, in hexadecimal digits.
	SHA256 string
	// Version is what the schema says of its own version; empty where it says none, as the vendor's.
	Version string
}

// Fetch reads the schema at a URL, through the proxy that the environment names, and checks that it is one. A wanted checksum that it
// does not have is an error; empty is any.
func Fetch(ctx context.Context, address, wanted string) (*Fetched, error) {
	text, err := download(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	sum := sha256.Sum256(text)
	f := &Fetched{Text: text, SHA256: hex.EncodeToString(sum[:])}
	if wanted != "" && !strings.EqualFold(wanted, f.SHA256) {
		return nil, fmt.Errorf("%s has the checksum %s, and --sha256 wants %s; look at what has changed, then pin the new one", address,
			f.SHA256,
			wanted)
	}
	if _, err := configjson.CompileSchema(text); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	var content struct {
		Version    any                        `json:"version"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(text, &content); err != nil || content.Properties["config_store"] == nil {
		return nil, fmt.Errorf("%s is a JSON schema, but not that of config.json: it has no property config_store", address)
	}
	if content.Version != nil {
		f.Version = fmt.Sprint(content.Version)
	}
	return f, nil
}

func download(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("not a URL that begins with https:// or http://")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := client().Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // the URL stands before it already
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %s", response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, mostBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > mostBytes:
		return nil, fmt.Errorf("answered more than %d bytes", mostBytes)
	}
	return text, nil
}

// client honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY as they are now, and follows no redirect from TLS to clear text.
func client() *http.Client {
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
	return &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		switch {
		case len(via) >= 10:
			return errors.New("redirects ten times")
		case r.URL.Scheme != "https" && via[0].URL.Scheme == "https":
			return fmt.Errorf("redirects to %s, without TLS", r.URL.Redacted())
		}
		return nil
	}}
}

// Save replaces a file at once: whoever reads it sees the former schema or the new one. It tells whether the content changed.
func Save(file string, text []byte) (changed bool, err error) {
	if former, err := os.ReadFile(file); err == nil && string(former) == string(text) {
		return false, nil
	}
	if err := wholefile.Write(file, text, 0o644); err != nil {
		return false, err
	}
	return true, nil
}
